/**
 * The purchase: from a price that was shown to gas on the card, or the money back.
 *
 *   quoted ─confirm─▶ paying ─paid─▶ paid ─script out─▶ issued ─read back─▶ delivered
 *     │                 │             │                  │  ▲
 *     ▼                 ▼             ▼                  ▼  │ issued again
 *    void ◀─ closing ◀──┘         refunding ◀─ proof ─ unknown ─▶ manual
 *                                     └─▶ refunded
 *
 * - `quoted` holds nothing. Confirming holds the balance offset and the tier volume in the same commit.
 * - `paying` waits for money; `closing` can deliver no more and waits until every attempt is final.
 * - `paid`: money in and **no script was ever issued**, so cancelling needs no card proof; issuing and cancelling are
 *   two guarded transitions from one version, exactly one wins.
 * - `issued`: a script left the centre. From here a refund needs the card's own proof, never a timer (I3).
 * - `unknown`: the card was not read since. The next reading at any reader settles it.
 * - `manual`: a person decides with evidence, a second one confirms.
 * - A card may be replaced under any of them: the claim goes on with the new one, and remembers. So may the meter, whose
 *   last word settles what was out for it.
 * - Over a link no card is written: a recharge is sent to the meter itself, and its record is read back (onLink.ts).
 * - `delivered`, `refunded`, `void` are final.
 *
 * Every state that is not final has a due time (I12); what happens then is `due` in the table. Effects on the balance,
 * the tier volume, card and meter, the books and the task list are values; `compose.ts` turns them into one commit.
 * (purchase-protocol, "Purchase".)
 */
import type { TaskRequest } from "../aggregates.ts";
import type { RefundProof } from "../card/types.ts";
import type { Counted, MeterRecord, SentRecharge } from "../meter/recharge.ts";
import type { LastWord, MeterChange } from "../meter/replacement.ts";
import type { PayOut } from "../payment/types.ts";
import type { Breakdown } from "../tariff/types.ts";
import type { Fen, Id, Instant, Result } from "../units.ts";
import { err, ok } from "../units.ts";
import { meterUnderUnwritten, meterUnderWritten } from "./meterReplaced.ts";
import {
  cardSettled,
  deliver,
  issue,
  proven,
  refundStands,
  remind,
  replacedUnwritten,
  replacedWritten,
  toManual,
  twoPeople,
  unknown,
} from "./onCard.ts";
import { disagrees, disagreesUnsent, mayStillBeTaken, meterGone, send, taken } from "./onLink.ts";
import { refund, refunded, refundFailed, refundSent, refundStuck } from "./refunding.ts";
import { dueAt, isOverLink, settled, withTask } from "./steps.ts";
import type { IssuedScript, Purchase, PurchaseState } from "./types.ts";

export const purchaseTimers = {
  quoteMs: 5 * 60_000,
  /** To present a code; anew after an attempt is confirmed closed unpaid. */
  codeMs: 60_000,
  prepayMs: 15 * 60_000,
  /** While an attempt runs its own timers decide; this only catches a purchase whose attempt was lost sight of. */
  attemptCatchMs: 10 * 60_000,
  /** Bought at a reader: may be finished at any reader this long, then the money goes back. A setting. */
  finishMs: 30 * 60_000,
  remindDays: [1, 7, 30],
  staffAlarmMs: 86_400_000,
  /** While a refund runs its own task repeats it; this only catches one that was lost sight of. */
  refundCatchMs: 60 * 60_000,
} as const;

export interface PurchaseSettings {
  finishMs: number;
}

export type QuoteFacts = Pick<
  Purchase,
  | "id"
  | "number"
  | "token"
  | "accountId"
  | "unitId"
  | "meterId"
  | "cardId"
  | "tierId"
  | "channel"
  | "terminalId"
  | "later"
> & { breakdown: Breakdown };

export type PurchaseEvent =
  | { type: "quoted"; facts: QuoteFacts }
  | { type: "confirmed" }
  /** The amounts moved between quote and confirmation: the same purchase, priced again, to be asked again. */
  | { type: "requoted"; breakdown: Breakdown }
  /** `until`: when the attempt itself gives up. */
  | { type: "attemptStarted"; attemptId: Id; until: Instant }
  | { type: "attemptPaid"; attemptId: Id }
  /** Final without money: failed or reversed (a late success is refunded by the attempt itself). */
  | { type: "attemptEnded"; attemptId: Id }
  | { type: "gaveUp"; reason: NonNullable<Purchase["reason"]> }
  /** A reader holds the card and wins over what is still unpaid elsewhere. */
  | { type: "yielded" }
  | {
      type: "scriptIssued";
      script: IssuedScript;
      countBefore: number;
      totalBefore: number;
      toPhone: boolean;
      /** What a refund would need from here on; left out: the image. */
      needs?: RefundProof;
      approvedBy?: [Id, Id];
    }
  /** Its recharge leaves for its meter, over a link; `record`: what the meter says it has taken until now. */
  | { type: "rechargeSent"; command: SentRecharge; record: MeterRecord }
  /** The meter's record shows it. */
  | { type: "rechargeTaken"; record: MeterRecord }
  /** The meter's record is neither from before it nor from after it: people decide. */
  | { type: "recordDisagrees"; record: MeterRecord }
  /** The script's power-up ended or its deadline passed without a result. */
  | { type: "scriptEnded"; scriptId: Id }
  /** The card holds the purchase (written), or the meter has taken it (consumed). */
  | { type: "cardSettled"; as: "written" | "consumed"; scriptId: Id }
  /** The refund image stands on the card; with `by`, the meter has taken it for nothing and said so. */
  | { type: "refundProven"; scriptId: Id; by?: "returnArea" }
  /** The refund image was read back, and the meter's word is needed beside it. */
  | { type: "refundStands"; scriptId: Id }
  /** 补卡. `script`: what the issuing desk writes on the new card, where one was out; `needs`: what a refund needs now. */
  | { type: "cardReplaced"; script: IssuedScript | null; needs: RefundProof; approvedBy?: [Id, Id] }
  /**
   * 换表, with the card that goes with it. `script`: what the issuing desk writes on the new card, where one was out and the
   * old meter has not taken it.
   */
  | { type: "meterReplaced"; change: MeterChange; script: IssuedScript | null; needs: RefundProof }
  /** It is off the wall and says nothing of this purchase, or nothing that can be: people decide. */
  | { type: "meterDisagrees"; word: LastWord | null }
  /** Reported lost, and nothing but the card could tell (class C): people decide. */
  | { type: "cardLost" }
  /** The image is nothing we know: people decide. */
  | { type: "cardDisagrees"; scriptId: Id; image: string }
  | { type: "refundSent" }
  /** Its channel refused; it is tried again a few times, then people take it up. */
  | { type: "refundFailed"; why: string }
  /** Its channel will never do it, or must not be asked to. */
  | { type: "refundStuck"; why: string }
  | { type: "refundDone" }
  /** Its channel can't: two people paid it out another way. */
  | { type: "refundPaidOut"; payOut: PayOut }
  /** A person and a second one, with evidence. */
  | { type: "decided"; to: "delivered" | "refunding"; by: [Id, Id]; evidence: string }
  | { type: "due" }
  | { type: "seen" };

export type PurchaseEffect =
  | { effect: "holdBalance"; amountFen: Fen }
  | { effect: "releaseBalance"; amountFen: Fen }
  | { effect: "spendBalance"; amountFen: Fen }
  | { effect: "holdTier" }
  | { effect: "releaseTier" }
  | { effect: "useTier" }
  | { effect: "openOnCard" }
  /** Paid, it waits for its turn at a meter on a link. */
  | { effect: "queueForMeter" }
  /** First in that queue, it is sent; the meter stands at `counted`. */
  | { effect: "sendToMeter"; counted: Counted }
  /** Nothing is sent to that meter any more. */
  | { effect: "meterGone" }
  | { effect: "closeOnCard" }
  /** A script was issued: older images of the card count for nothing. `changesTo`: the secret it is to leave there. */
  | { effect: "countScript"; turn: number | null; toPhone: boolean; changesTo: number | null }
  /** The card opens to this secret. */
  | { effect: "secretKnown"; version: number }
  | { effect: "replaceCard" }
  /** With its card. */
  | { effect: "replaceMeter"; change: MeterChange }
  /** Of what was left in replaced meters, this much is promised to the purchase. */
  | { effect: "takeCarried" }
  /** The books believe that the card holds purchase number `count`; or that its meter, over a link, has taken it. */
  | { effect: "countOnCard"; count: number; amount: number }
  | { effect: "payIn"; attemptId: Id }
  | { effect: "deliver" }
  | { effect: "payBack" }
  | { effect: "cancelAttempts"; attemptIds: Id[] }
  | { effect: "closeAttempts"; attemptIds: Id[] }
  | { effect: "task"; task: TaskRequest }
  | { effect: "dropTask"; kind: TaskRequest["kind"] };

export interface PurchaseStep {
  purchase: Purchase;
  effects: PurchaseEffect[];
}
export type PurchaseRefusal = { code: "wrongState"; state: PurchaseState | "none"; event: PurchaseEvent["type"] };

type Handler<T extends PurchaseEvent["type"]> = (
  p: Purchase,
  event: Extract<PurchaseEvent, { type: T }>,
  now: Instant,
  settings: PurchaseSettings,
) => PurchaseStep | null;
type Row = { [T in Exclude<PurchaseEvent["type"], "quoted">]?: Handler<T> };

/** State × event. A pair that is absent, or whose handler gives null, is refused and changes nothing. */
export const purchaseTable: { readonly [S in PurchaseState]: Row } = {
  quoted: {
    confirmed: (p, _e, now, s) => confirm(p, now, s),
    requoted: (p, e, now) => dueAt({ ...p, breakdown: e.breakdown }, now + purchaseTimers.quoteMs),
    gaveUp: (p, e, now) => voided(p, e.reason, now, []),
    due: (p, _e, now) => voided(p, "quoteExpired", now, []),
  },
  paying: {
    attemptStarted: (p, e, now) =>
      p.liveAttemptIds.length > 0
        ? null
        : dueAt({ ...p, liveAttemptIds: [e.attemptId] }, Math.max(now, e.until) + purchaseTimers.attemptCatchMs),
    attemptPaid: (p, e, now, s) => (p.liveAttemptIds.includes(e.attemptId) ? paid(p, e.attemptId, now, s) : null),
    attemptEnded: (p, e, now) => {
      if (!p.liveAttemptIds.includes(e.attemptId)) return null;
      const left = withoutAttempt(p, e.attemptId);
      return left.yielding ? close(left, "readerWins", now) : dueAt(left, now + waitForMoneyMs(p));
    },
    yielded: (p, _e, now) => {
      if (p.liveAttemptIds.length === 0) return close(p, "readerWins", now);
      return {
        purchase: { ...p, yielding: true },
        effects: p.yielding ? [] : [{ effect: "closeAttempts", attemptIds: p.liveAttemptIds }],
      };
    },
    gaveUp: (p, e, now) => close(p, e.reason, now),
    cardReplaced: (p, e) => replacedUnwritten(p, e),
    meterReplaced: (p, e) => meterUnderUnwritten(p, e),
    due: (p, _e, now) => close(p, "timeout", now),
  },
  closing: {
    attemptEnded: (p, e, now) => {
      if (!p.liveAttemptIds.includes(e.attemptId)) return null;
      const left = withoutAttempt(p, e.attemptId);
      return left.liveAttemptIds.length > 0
        ? { purchase: left, effects: [] }
        : voided(left, p.reason, now, releases(p));
    },
    // The attempts' own timers end this; if one was lost sight of, a person must look.
    due: (p, _e, now) =>
      withTask(dueAt(p, now + purchaseTimers.staffAlarmMs), { kind: "staff", ref: p.id, dueAt: now }),
    gaveUp: (p) => ({ purchase: p, effects: [] }),
  },
  paid: {
    scriptIssued: (p, e) => issue(p, e),
    rechargeSent: (p, e) => send(p, e),
    recordDisagrees: (p, e, now) => disagreesUnsent(p, e, now),
    gaveUp: (p, e, now) => refund(p, e.reason, now),
    cardReplaced: (p, e) => replacedUnwritten(p, e),
    meterReplaced: (p, e) => meterUnderUnwritten(p, e),
    due: (p, _e, now) => (p.later ? remind(p, now) : refund(p, "windowOver", now)),
  },
  issued: {
    scriptIssued: (p, e) => issue(p, e),
    scriptEnded: (p, e, now) => (p.script?.id === e.scriptId ? unknown(p, now) : null),
    cardSettled: (p, e, now) => cardSettled(p, e, now),
    cardDisagrees: (p, e, now) => (p.script?.id === e.scriptId ? toManual(p, now) : null),
    cardReplaced: (p, e, now) => replacedWritten(p, e, now),
    cardLost: (p, _e, now) => toManual(p, now),
    rechargeTaken: (p, e, now) => taken(p, e, now),
    recordDisagrees: (p, e, now) => disagrees(p, e, now),
    due: (p, _e, now) => unknown(p, now),
  },
  unknown: {
    scriptIssued: (p, e) => issue(p, e),
    scriptEnded: (p) => ({ purchase: p, effects: [] }),
    cardSettled: (p, e, now) => cardSettled(p, e, now),
    refundProven: (p, e, now) => proven(p, e, now),
    refundStands: (p, e) => refundStands(p, e),
    cardDisagrees: (p, e, now) => (p.script?.id === e.scriptId ? toManual(p, now) : null),
    cardReplaced: (p, e, now) => replacedWritten(p, e, now),
    meterReplaced: (p, e, now) => meterUnderWritten(p, e, now),
    meterDisagrees: (p, _e, now) => (isOverLink(p) ? meterGone(p, now) : toManual(p, now)),
    cardLost: (p, _e, now) => toManual(p, now),
    rechargeSent: (p, e) => send(p, e),
    rechargeTaken: (p, e, now) => taken(p, e, now),
    recordDisagrees: (p, e, now) => disagrees(p, e, now),
    due: (p, _e, now) => remind(p, now),
  },
  manual: {
    // Only two people send a card here back to a reader.
    scriptIssued: (p, e) => (twoPeople(e.approvedBy) ? issue(p, e) : null),
    cardReplaced: (p, e, now) => replacedWritten(p, e, now),
    meterReplaced: (p, e, now) => meterUnderWritten(p, e, now),
    meterDisagrees: (p, _e, now) => (isOverLink(p) ? meterGone(p, now) : null),
    decided: (p, e, now) => {
      if (!twoPeople(e.by)) return null;
      if (e.to === "delivered") return deliver(p, now, "staff");
      // Where the meter has to say it, or nothing can, no two people can either.
      const never = p.refundNeeds === "returnArea" || p.refundNeeds === "none" || mayStillBeTaken(p);
      return never ? null : refundDecided(p, now);
    },
    due: (p, _e, now) =>
      withTask(dueAt(p, now + purchaseTimers.staffAlarmMs), { kind: "staff", ref: p.id, dueAt: now }),
  },
  refunding: {
    refundSent: (p, _e, now) => refundSent(p, now),
    refundFailed: (p, e, now) => refundFailed(p, e.why, now),
    refundStuck: (p, e, now) => refundStuck(p, e.why, now),
    refundDone: (p, _e, now) => refunded(p, now),
    refundPaidOut: (p, e, now) =>
      p.refund === null || !p.refund.stuck || e.payOut.by[0] === e.payOut.by[1]
        ? null
        : refunded({ ...p, refund: { ...p.refund, paidOut: e.payOut } }, now),
    // Stuck, its channel is asked no more: people may be paying it out at this very moment.
    due: (p, _e, now) =>
      p.refund?.stuck === true
        ? withTask(dueAt(p, now + purchaseTimers.staffAlarmMs), { kind: "staff", ref: p.id, dueAt: now })
        : withTask(dueAt(p, now + purchaseTimers.refundCatchMs), { kind: "refund", ref: p.id, dueAt: now }),
  },
  delivered: { seen: (p) => seen(p), due: (p) => stay(p), scriptEnded: (p) => stay(p) },
  refunded: { seen: (p) => seen(p), due: (p) => stay(p) },
  void: { seen: (p) => seen(p), due: (p) => stay(p), gaveUp: (p) => stay(p) },
};

/**
 * The purchase after `event` at `now`, with its effects; or `wrongState`, which changes nothing.
 * Folding a purchase's log with this function gives exactly its stored state (I8).
 */
export function purchaseStep(
  purchase: Purchase | null,
  event: PurchaseEvent,
  now: Instant,
  settings: PurchaseSettings = { finishMs: purchaseTimers.finishMs },
): Result<PurchaseStep, PurchaseRefusal> {
  if (purchase === null) {
    if (event.type === "quoted") return ok(quoted(event.facts, now));
    return err({ code: "wrongState", state: "none", event: event.type });
  }
  const step = event.type === "quoted" ? null : handle(purchase, event, now, settings);
  return step === null ? err({ code: "wrongState", state: purchase.state, event: event.type }) : ok(step);
}

function handle(
  p: Purchase,
  event: Exclude<PurchaseEvent, { type: "quoted" }>,
  now: Instant,
  settings: PurchaseSettings,
): PurchaseStep | null {
  // The row is indexed by the event's own type, so the handler is the one for this event; TypeScript loses that link.
  const handler = purchaseTable[p.state][event.type] as
    | ((p: Purchase, e: typeof event, now: Instant, s: PurchaseSettings) => PurchaseStep | null)
    | undefined;
  return handler === undefined ? null : handler(p, event, now, settings);
}

/** Once a refund script was out, the meter may have taken the number for nothing: the books never give it out again. */
function refundDecided(p: Purchase, now: Instant): PurchaseStep {
  const step = refund(p, "staff", now);
  if (!p.refundTried || p.countBefore === null) return step;
  return {
    purchase: step.purchase,
    effects: [{ effect: "countOnCard", count: p.countBefore + 1, amount: 0 }, ...step.effects],
  };
}

/** The value of what the customer pays with, gateway money and balance together: what `open` holds until delivery. */
export const takenInFen = (b: Breakdown): Fen => b.payableFen + b.balanceOffsetFen;

function quoted(facts: QuoteFacts, now: Instant): PurchaseStep {
  // Spread last: twenty names take Node 20 some 44 µs after a spread, and less than one before it.
  const purchase: Purchase = {
    state: "quoted",
    quotedAt: now,
    confirmedAt: null,
    paidAt: null,
    settledAt: null,
    dueAt: null,
    countBefore: null,
    totalBefore: null,
    liveAttemptIds: [],
    paidAttemptId: null,
    script: null,
    yielding: false,
    issuedToPhone: false,
    replaced: false,
    refundTried: false,
    refundNeeds: "image",
    awaitsMeter: false,
    reason: null,
    refund: null,
    outcomeSeen: false,
    ...facts,
  };
  return dueAt(purchase, now + purchaseTimers.quoteMs);
}

function confirm(p: Purchase, now: Instant, settings: PurchaseSettings): PurchaseStep {
  const b = p.breakdown;
  const holds: PurchaseEffect[] = [{ effect: "openOnCard" }];
  if (b.balanceOffsetFen > 0) holds.push({ effect: "holdBalance", amountFen: b.balanceOffsetFen });
  if (b.tier !== null) holds.push({ effect: "holdTier" });
  if (b.fromCarried === true) holds.push({ effect: "takeCarried" });
  const confirmed: Purchase = { ...p, confirmedAt: now };
  if (b.payableFen === 0) {
    const done = paid(confirmed, null, now, settings);
    return { purchase: done.purchase, effects: [...holds, ...done.effects] };
  }
  const step = dueAt({ ...confirmed, state: "paying" }, now + waitForMoneyMs(p));
  return { purchase: step.purchase, effects: [...holds, ...step.effects] };
}

/** At a kiosk a code is presented within a minute; on a phone, and with a cashier counting notes, it takes longer. */
const waitForMoneyMs = (p: Purchase): number =>
  p.channel === "kiosk" ? purchaseTimers.codeMs : purchaseTimers.prepayMs;

function paid(p: Purchase, attemptId: Id | null, now: Instant, settings: PurchaseSettings): PurchaseStep {
  const money: PurchaseEffect[] = attemptId === null ? [] : [{ effect: "payIn", attemptId }];
  if (p.breakdown.balanceOffsetFen > 0) money.push({ effect: "spendBalance", amountFen: p.breakdown.balanceOffsetFen });
  if (isOverLink(p)) money.push({ effect: "queueForMeter" });
  const due = p.later ? now + (purchaseTimers.remindDays[0] ?? 1) * 86_400_000 : now + settings.finishMs;
  const step = dueAt(
    { ...p, state: "paid", paidAt: now, paidAttemptId: attemptId, liveAttemptIds: [], yielding: false },
    due,
  );
  return { purchase: step.purchase, effects: [...money, ...step.effects] };
}

function close(p: Purchase, reason: NonNullable<Purchase["reason"]>, now: Instant): PurchaseStep {
  if (p.liveAttemptIds.length === 0) return voided(p, reason, now, [{ effect: "closeOnCard" }, ...releases(p)]);
  const step = dueAt({ ...p, state: "closing", reason }, now + purchaseTimers.staffAlarmMs);
  return {
    purchase: step.purchase,
    effects: [{ effect: "closeOnCard" }, { effect: "cancelAttempts", attemptIds: p.liveAttemptIds }, ...step.effects],
  };
}

function voided(p: Purchase, reason: Purchase["reason"], now: Instant, effects: PurchaseEffect[]): PurchaseStep {
  return settled({ ...p, state: "void", reason }, now, effects);
}

const releases = (p: Purchase): PurchaseEffect[] => [
  ...(p.breakdown.balanceOffsetFen > 0
    ? [{ effect: "releaseBalance" as const, amountFen: p.breakdown.balanceOffsetFen }]
    : []),
  ...(p.breakdown.tier !== null ? [{ effect: "releaseTier" as const }] : []),
];

const withoutAttempt = (p: Purchase, attemptId: Id): Purchase => ({
  ...p,
  liveAttemptIds: p.liveAttemptIds.filter((id) => id !== attemptId),
});
const seen = (p: Purchase): PurchaseStep => ({ purchase: { ...p, outcomeSeen: true }, effects: [] });
const stay = (p: Purchase): PurchaseStep => ({ purchase: p, effects: [] });

/**
 * From an event to one commit: `advance` says what changes, this turns it into guarded writes on the purchase, its
 * attempts, the account, the tier position, card and meter, with postings and tasks. Pure.
 *
 * The log is the purchase's: attempt events stand in it too, and every change of either raises the purchase's version,
 * which is what waiting screens watch.
 */
import type {
  AccountState,
  AggregateKind,
  AggregateStates,
  CardState,
  MeterState,
  Posting,
  TaskKind,
  TaskRequest,
  TierState,
  Transition,
  Write,
} from "../aggregates.ts";
import { replacedCard } from "../card/replacement.ts";
import { postingSums, postings } from "../ledger/postings.ts";
import { type Counted, type LinkState, numberAfter, rechargeQueueMax } from "../meter/recharge.ts";
import { carriedOf, type MeterChange, replaceMeter, withCarried } from "../meter/replacement.ts";
import type { AttemptJob, AttemptRefusal } from "../payment/events.ts";
import { attemptIsFinal } from "../payment/machine.ts";
import type { Attempt } from "../payment/types.ts";
import type { Id, Instant, Result } from "../units.ts";
import { err, never, ok } from "../units.ts";
import { type Advanced, advance, type Change, type LoggedEvent } from "./advance.ts";
import type { PurchaseEffect, PurchaseRefusal, PurchaseSettings } from "./machine.ts";
import { deliveredAmount } from "./steps.ts";
import type { Purchase } from "./types.ts";

export interface Versioned<T> {
  version: number;
  state: T;
}

/** What the transition may touch, as loaded. `attempts`: at least the live ones, the paid one, and the event's own. */
export interface PurchaseBundle {
  purchase: Versioned<Purchase> | null;
  attempts: readonly Versioned<Attempt>[];
  account: Versioned<AccountState>;
  tier: Versioned<TierState> | null;
  card: Versioned<CardState> | null;
  meter: Versioned<MeterState> | null;
}

export type ComposeRefusal =
  | PurchaseRefusal
  | AttemptRefusal
  /** I4: the card or meter already has an open purchase. */
  | { code: "alreadyOpen"; purchaseId: Id }
  /** The free balance no longer covers the offset that was shown, or what is carried its volume: quote anew. */
  | { code: "balanceMoved" }
  /** Too many recharges wait for this meter already. */
  | { code: "queueFull" }
  /** Another recharge of this meter is before it, or its record is none that the books know. */
  | { code: "notNext" }
  /** The meter is off the wall. */
  | { code: "meterRetired" }
  /** What the old meter is said to have said can't be. */
  | { code: "wordDisagrees" };

export interface ComposeInput {
  bundle: PurchaseBundle;
  event: LoggedEvent;
  eventId: Id;
  now: Instant;
  settings?: PurchaseSettings;
  idempotency?: { key: string; fingerprint: string };
}

/** One commit for one event, or why it can't be. Throws only on a broken invariant (postings that don't balance). */
export function compose(input: ComposeInput): Result<{ transition: Transition; purchase: Purchase }, ComposeRefusal> {
  const { bundle, event, now } = input;
  const attempts = new Map(bundle.attempts.map((a) => [a.state.id, a.state]));
  const advanced = advance({ purchase: bundle.purchase?.state ?? null, attempts }, event, now, input.settings);
  if (!advanced.ok) return advanced;
  const draft: Draft = {
    account: bundle.account.state,
    tier: bundle.tier?.state ?? null,
    card: bundle.card?.state ?? null,
    meter: bundle.meter?.state ?? null,
    fresh: null,
    attempts: advanced.value.attempts,
    postings: [],
    tasks: new Map(),
    drops: new Map(),
  };
  for (const change of advanced.value.changes) {
    const refused =
      change.of === "purchase"
        ? applyEffect(draft, change.effect, change.purchase, now)
        : applyAttempt(draft, change, advanced.value.purchase);
    if (refused !== null) return err(refused);
  }
  return ok({ transition: toTransition(input, advanced.value, draft), purchase: advanced.value.purchase });
}

/** The side aggregates while effects are applied to them; lives for one call of `compose`. */
interface Draft {
  account: AccountState;
  tier: TierState | null;
  card: CardState | null;
  meter: MeterState | null;
  /** The one that comes in its place. */
  fresh: MeterState | null;
  readonly attempts: ReadonlyMap<Id, Attempt>;
  readonly postings: Posting[];
  readonly tasks: Map<string, TaskRequest>;
  readonly drops: Map<string, { kind: TaskKind; ref: Id }>;
}

const jobTask: Record<AttemptJob["job"], TaskKind> = {
  submit: "attemptSubmit",
  query: "attemptQuery",
  close: "attemptClose",
  reverse: "attemptReverse",
  lateCheck: "attemptLateCheck",
  lateRefund: "lateRefund",
  staff: "staff",
};

function applyAttempt(draft: Draft, { before, after, jobs }: Extract<Change, { of: "attempt" }>, p: Purchase): null {
  if (after.state !== "created") drop(draft, "attemptSubmit", after.id);
  if (attemptIsFinal(after))
    for (const kind of ["attemptQuery", "attemptClose", "attemptReverse"] as const) drop(draft, kind, after.id);
  if (after.lateSuccess?.refunded === true || after.lateSuccess?.stuck === true) drop(draft, "lateRefund", after.id);
  for (const job of jobs) addTask(draft, { kind: jobTask[job.job], ref: after.id, dueAt: job.at });
  if (after.lateSuccess !== null && (before?.lateSuccess ?? null) === null)
    draft.postings.push(...postings.lateSuccess(after));
  if (after.lateSuccess?.refunded === true && before?.lateSuccess?.refunded !== true) {
    const { paidOut } = after.lateSuccess;
    if (paidOut?.way === "balance") moveBalance(draft, after.amountFen, 0);
    draft.postings.push(...postings.lateRefunded(p, after, paidOut));
  }
  return null;
}

function applyEffect(draft: Draft, effect: PurchaseEffect, p: Purchase, now: Instant): ComposeRefusal | null {
  switch (effect.effect) {
    case "holdBalance":
      if (draft.account.balanceFen < effect.amountFen) return { code: "balanceMoved" };
      moveBalance(draft, -effect.amountFen, effect.amountFen);
      draft.postings.push(...postings.holdBalance(p, effect.amountFen));
      return null;
    case "releaseBalance":
      moveBalance(draft, effect.amountFen, -effect.amountFen);
      draft.postings.push(...postings.releaseBalance(p, effect.amountFen));
      return null;
    case "spendBalance":
      moveBalance(draft, 0, -effect.amountFen);
      draft.postings.push(...postings.spendBalance(p, effect.amountFen));
      return null;
    case "holdTier":
    case "releaseTier":
    case "useTier":
      applyTier(draft, effect.effect, p);
      return null;
    case "openOnCard":
      return openOnCard(draft, p);
    case "closeOnCard":
      if (draft.card?.openPurchaseId === p.id) draft.card = { ...draft.card, openPurchaseId: null };
      if (draft.meter?.openPurchaseId === p.id) draft.meter = { ...draft.meter, openPurchaseId: null };
      if (draft.meter?.link?.queue.includes(p.id)) leaveQueue(draft, draft.meter, draft.meter.link, p.id, now);
      return null;
    case "queueForMeter": {
      const { meter, link } = linked(draft, p);
      draft.meter = { ...meter, openPurchaseId: null, link: { ...link, queue: [...link.queue, p.id] } };
      addTask(draft, { kind: "meterAsk", ref: meter.id, dueAt: now });
      return null;
    }
    case "meterGone": {
      const { meter, link } = linked(draft, p);
      draft.meter = { ...meter, link: { ...link, gone: true } };
      return null;
    }
    case "sendToMeter":
      return sendToMeter(draft, p, effect.counted);
    case "countScript":
      if (draft.card !== null) draft.card = withScript(draft.card, effect);
      return null;
    case "secretKnown":
      if (draft.card !== null) draft.card = withSecret(draft.card, effect.version);
      return null;
    case "replaceCard":
      if (draft.card === null) throw new Error(`purchase ${p.id} has no card to replace`);
      draft.card = replacedCard(draft.card);
      return null;
    case "replaceMeter":
      return changeMeter(draft, effect.change, p, now);
    case "takeCarried":
      return takeCarried(draft, p);
    case "countOnCard":
      if (draft.card !== null) draft.card = withCount(draft.card, effect, p);
      else if (draft.meter?.link !== undefined)
        draft.meter = withCounted(draft.meter, draft.meter.link, effect.amount, p);
      return null;
    case "payIn":
      draft.postings.push(...postings.payIn(p, attemptOf(draft, effect.attemptId)));
      return null;
    case "deliver":
      draft.postings.push(...postings.deliver(p));
      return null;
    case "payBack":
      moveBalance(draft, p.breakdown.balanceOffsetFen, 0);
      if (p.refund?.paidOut?.way === "balance") moveBalance(draft, p.refund.amountFen, 0);
      if (p.breakdown.fromCarried === true) draft.account = withCarried(draft.account, ...delivered(p));
      draft.postings.push(...postings.payBack(p, p.paidAttemptId === null ? null : attemptOf(draft, p.paidAttemptId)));
      return null;
    case "cancelAttempts":
    case "closeAttempts":
      return null; // `advance` told them already; their own changes stand in the list
    case "task":
      addTask(draft, effect.task);
      return null;
    case "dropTask":
      drop(draft, effect.kind, p.id);
      return null;
    default:
      return never(effect, "effect");
  }
}

function moveBalance(draft: Draft, freeFen: number, heldFen: number): void {
  if (freeFen === 0 && heldFen === 0) return;
  draft.account = {
    ...draft.account,
    balanceFen: draft.account.balanceFen + freeFen,
    heldFen: draft.account.heldFen + heldFen,
  };
}

/** A change that is not known to have happened stays in question, whatever is issued after it. */
function withScript(card: CardState, { turn, toPhone, changesTo }: Extract<PurchaseEffect, { effect: "countScript" }>) {
  const { secret } = card;
  return {
    ...card,
    scriptSeq: card.scriptSeq + 1,
    ...(turn === null ? {} : { scriptTurn: turn }),
    secret: { ...secret, pending: changesTo ?? secret.pending, onPhone: secret.onPhone || toPhone },
  };
}

/** A secret that came after the last one a phone had is one that it does not have. */
const withSecret = (card: CardState, version: number): CardState => ({
  ...card,
  secret: { version, pending: null, onPhone: card.secret.onPhone && version <= card.secret.version },
});

/** Whatever was lost on the way: the meter had what this purchase came on top of. */
const withCount = (
  card: CardState,
  { count, amount: lastAmount }: Extract<PurchaseEffect, { effect: "countOnCard" }>,
  { totalBefore }: Purchase,
): CardState => ({ ...card, count, lastAmount, totalCredited: Math.max(card.totalCredited, totalBefore ?? 0) });

function changeMeter(draft: Draft, change: MeterChange, p: Purchase, now: Instant): ComposeRefusal | null {
  const { account, card, meter } = draft;
  if (meter === null) throw new Error(`purchase ${p.id} has no meter to replace`);
  const replaced = replaceMeter({ account, card, meter }, change, now);
  if (!replaced.ok) return replaced.error;
  const { postings: moved, ...parts } = replaced.value;
  Object.assign(draft, parts);
  draft.postings.push(...moved);
  return null;
}

const delivered = (p: Purchase): ["volume" | "money", number] => [
  p.breakdown.delivers.kind === "volume" ? "volume" : "money",
  deliveredAmount(p),
];

function takeCarried(draft: Draft, p: Purchase): ComposeRefusal | null {
  const [counts, amount] = delivered(p);
  draft.account = withCarried(draft.account, counts, -amount);
  const { volumeL, meterCreditFen } = carriedOf(draft.account);
  return volumeL < 0 || meterCreditFen < 0 ? { code: "balanceMoved" } : null;
}

/** @throws where a purchase without a card is for a meter that no link leads to. */
function linked({ meter }: Draft, p: Purchase): { meter: MeterState; link: LinkState } {
  if (meter?.link === undefined) throw new Error(`purchase ${p.id} has no card, and its meter no link`);
  return { meter, link: meter.link };
}

/** Whoever comes after it need not wait until the meter is asked again by itself. */
function leaveQueue(draft: Draft, meter: MeterState, link: LinkState, id: Id, now: Instant): void {
  const queue = link.queue.filter((each) => each !== id);
  draft.meter = { ...meter, link: { ...link, queue } };
  if (queue.length > 0) addTask(draft, { kind: "meterAsk", ref: meter.id, dueAt: now });
}

function withCounted(meter: MeterState, link: LinkState, amount: number, p: Purchase): MeterState {
  if (p.countBefore === null || p.totalBefore === null) return meter;
  const counted = { purchaseNo: numberAfter(p.countBefore), totalCredited: p.totalBefore + amount };
  return { ...meter, link: { ...link, counted } };
}

const isGone = ({ retired, link }: MeterState): boolean => retired !== undefined || link?.gone === true;

function sendToMeter(draft: Draft, p: Purchase, counted: Counted): ComposeRefusal | null {
  const { meter, link } = linked(draft, p);
  // A record from before may still be heard, and what waited is being given back.
  if (isGone(meter)) return { code: "meterRetired" };
  const { purchaseNo, totalCredited } = link.counted ?? counted;
  if (link.queue[0] !== p.id || purchaseNo !== counted.purchaseNo || totalCredited !== counted.totalCredited)
    return { code: "notNext" };
  draft.meter = { ...meter, link: { ...link, counted } };
  return null;
}

function openOnCard(draft: Draft, p: Purchase): ComposeRefusal | null {
  if (draft.meter !== null && isGone(draft.meter)) return { code: "meterRetired" };
  for (const thing of [draft.card, draft.meter]) {
    if (thing !== null && thing.openPurchaseId !== null && thing.openPurchaseId !== p.id)
      return { code: "alreadyOpen", purchaseId: thing.openPurchaseId };
  }
  if (draft.card === null && linked(draft, p).link.queue.length >= rechargeQueueMax) return { code: "queueFull" };
  if (draft.card !== null) draft.card = { ...draft.card, openPurchaseId: p.id };
  if (draft.meter !== null) draft.meter = { ...draft.meter, openPurchaseId: p.id };
  return null;
}

function applyTier(draft: Draft, what: "holdTier" | "releaseTier" | "useTier", p: Purchase): void {
  const use = p.breakdown.tier;
  if (use === null) return;
  if (draft.tier === null) throw new Error(`purchase ${p.id} counts tier volume but its tier position was not loaded`);
  const held = what === "holdTier" ? 1 : -1;
  const used = what === "useTier" ? 1 : 0;
  draft.tier = {
    ...draft.tier,
    heldL: draft.tier.heldL + held * use.volumeL,
    heatingHeldL: draft.tier.heatingHeldL + held * use.heatingL,
    usedL: draft.tier.usedL + used * use.volumeL,
    heatingUsedL: draft.tier.heatingUsedL + used * use.heatingL,
  };
}

function attemptOf(draft: Draft, id: Id): Attempt {
  const attempt = draft.attempts.get(id);
  if (attempt === undefined) throw new Error(`attempt ${id} was not loaded`);
  return attempt;
}

function addTask(draft: Draft, task: TaskRequest): void {
  draft.drops.delete(`${task.kind} ${task.ref}`);
  draft.tasks.set(`${task.kind} ${task.ref}`, task);
}

function drop(draft: Draft, kind: TaskKind, ref: Id): void {
  draft.tasks.delete(`${kind} ${ref}`);
  draft.drops.set(`${kind} ${ref}`, { kind, ref });
}

function toTransition(input: ComposeInput, { purchase, attempts, changes }: Advanced, draft: Draft): Transition {
  const { bundle, eventId, now, event, idempotency } = input;
  const sums = postingSums(draft.postings);
  if (sums.fen !== 0 || sums.litre !== 0 || sums.meterCredit !== 0)
    throw new Error(`postings of ${purchase.id} do not balance: ${JSON.stringify(sums)}`);
  if (draft.account.balanceFen < 0 || draft.account.heldFen < 0)
    throw new Error(`account ${draft.account.id} would go below zero`);
  const writes: Write[] = [
    { kind: "purchase", id: purchase.id, expected: bundle.purchase?.version ?? 0, state: purchase },
  ];
  for (const state of attempts.values()) {
    if (changes.some((c) => c.of === "attempt" && c.after.id === state.id))
      writes.push({
        kind: "attempt",
        id: state.id,
        expected: bundle.attempts.find((a) => a.state.id === state.id)?.version ?? 0,
        state,
      });
  }
  writes.push(...written("account", bundle.account, draft.account), ...written("tier", bundle.tier, draft.tier));
  writes.push(...written("card", bundle.card, draft.card), ...written("meter", bundle.meter, draft.meter));
  if (draft.fresh !== null) writes.push({ kind: "meter", id: draft.fresh.id, expected: 0, state: draft.fresh });
  return {
    eventId,
    at: now,
    subject: { kind: "purchase", id: purchase.id },
    event,
    writes,
    guards: [],
    postings: draft.postings,
    tasks: { add: [...draft.tasks.values()], drop: [...draft.drops.values()] },
    ...(idempotency === undefined ? {} : { idempotency }),
  };
}

/** A write for a side aggregate that changed, none for one that didn't. */
function written<K extends Exclude<AggregateKind, "purchase" | "attempt">>(
  kind: K,
  loaded: Versioned<AggregateStates[K]> | null,
  state: AggregateStates[K] | null,
): Write[] {
  if (loaded === null || state === null || state === loaded.state) return [];
  // K ties kind and state together; the union `Write` is what that pair is for each single K.
  return [{ kind, id: state.id, expected: loaded.version, state } as unknown as Write];
}

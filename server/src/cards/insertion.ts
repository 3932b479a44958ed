/**
 * From an image to an answer (purchase-protocol, "What each insertion does"): look at card and books, let core decide,
 * commit what the decision settles, and look again, until there is something to tell the terminal.
 */
import type { CardAnswer, PurchaseView } from "@citygas/api";
import {
  type AccountState,
  type CardDecision,
  type CardState,
  decideInsertion,
  type Id,
  never,
  ok,
  openWindow,
  type Purchase,
  type PurchaseEvent,
  type Result,
  type Versioned,
} from "@citygas/core";
import type { Customer, TerminalFacts } from "../context.ts";
import type { Grant } from "../decisions/proposalRows.ts";
import { yieldPrepay } from "../payments/yieldPrepay.ts";
import { applyEvent } from "../purchases/applyEvent.ts";
import { must } from "../purchases/bundle.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { settleDebtsOf } from "../purchases/settleDebts.ts";
import { viewOf } from "../purchases/view.ts";
import { fileStaffTask } from "../tasks/staff.ts";
import { accountAnswer, gasAnswer } from "./answers.ts";
import { adopt, recordReading } from "./cardBooks.ts";
import type { CardSession, Probed } from "./cardRows.ts";
import { openCarried } from "./carried.ts";
import { issueScript, leavesOneShort, sameScriptAgain } from "./issueScript.ts";
import { imageClassOf, isOurs, type Reading, readingOf, triesLeft } from "./reading.ts";

/** Settling an image takes one round, adopting a count another; more means that card and books chase each other. */
const roundsMax = 5;

/** One look: what was read, what the books say, what it leads to. */
export interface Situation {
  reading: Reading;
  card: Versioned<CardState> | null;
  account: Versioned<AccountState> | null;
  customer: Customer | null;
  open: Versioned<Purchase> | null;
  /** The session's probe with the sequence for which it is fresh. */
  probed: Probed;
  /** What two people allow for the open purchase. */
  grant: Grant | null;
  decision: CardDecision;
}

/** Reads books and image together. The card is loaded before its last script is asked for: a race then shows as stale. */
export async function look(
  sale: SaleContext,
  session: CardSession,
  probed: Probed,
  terminal: TerminalFacts,
): Promise<Situation> {
  const reading = readingOf(probed);
  const number = reading.read.identity?.cardNumber;
  const cardId = number === undefined ? undefined : await sale.registry.cardIdByNumber(number);
  const now = sale.now();
  const reader = terminal.kind;
  if (cardId === undefined) {
    const read = { fresh: true, ...reading.read };
    const decision = decideInsertion({ now, read, card: null, account: null, open: null, reader, adoption: null });
    return { reading, card: null, account: null, customer: null, open: null, probed, grant: null, decision };
  }
  const card = must(await sale.store.load([{ kind: "card", id: cardId }]), "card", cardId);
  const { accountId, meterId, openPurchaseId } = card.state;
  const loaded = await sale.store.load([
    { kind: "account", id: accountId },
    { kind: "meter", id: meterId },
    ...(openPurchaseId === null ? [] : [{ kind: "purchase" as const, id: openPurchaseId }]),
  ]);
  const account = must(loaded, "account", accountId);
  const open = openPurchaseId === null ? null : must(loaded, "purchase", openPurchaseId);
  const fresh = isFresh(session, probed, card.state);
  const customer = await sale.registry.customer(accountId);
  const ours = isOurs(reading, card.state, open?.state ?? null, customer?.areaCode);
  const read: Reading["read"] = ours ? reading.read : { ...reading.read, problem: "foreign", facts: null };
  const grant = (open && (await sale.grantOf?.(open.state))) ?? null;
  const decision = decideInsertion({
    now,
    read: { fresh, oneShortIsOurs: await oneShortIsOurs(sale, read, open?.state ?? null, card.state.layout), ...read },
    card: card.state,
    account: account.state,
    began: loaded.get("meter", meterId)?.state.began ?? null,
    open: open && { purchase: open.state, image: ours ? imageClassOf(open.state, reading) : null },
    reader,
    adoption: openWindow(customer?.adoption ?? [], card.state.layout, now),
    approved: grant?.what ?? null,
  });
  return {
    reading,
    card,
    account,
    customer: customer ?? null,
    open,
    probed: { ...probed, seq: fresh ? card.state.scriptSeq : null },
    grant,
    decision,
  };
}

const oneShortIsOurs = async (sale: SaleContext, read: Reading["read"], open: Purchase | null, layout: string) =>
  read.secretCounter !== "oneShort" || (await leavesOneShort(sale, open?.script ?? null, layout));

/**
 * An image counts only if no script for the card was issued after it was taken. It was taken after its session opened, so
 * a session that opened after the last script has a fresh one; whether another has is not known, and costs an insertion.
 */
function isFresh({ turn }: CardSession, { seq }: Probed, { scriptSeq, scriptTurn = 0 }: CardState): boolean {
  return seq === null ? turn !== null && turn > scriptTurn : seq === scriptSeq;
}

/**
 * What this image leads to, carried out. `wanted`: the purchase whose script the terminal asks for; another one is
 * refused. Saves the session's probe with the sequence for which it counts.
 */
export async function answerImage(
  sale: SaleContext,
  session: CardSession,
  probed: Probed,
  terminal: TerminalFacts,
  wanted: Id | null = null,
): Promise<Result<CardAnswer, Refused>> {
  for (let round = 1; round <= roundsMax; round++) {
    // The first image that could be read stays: what it led to hangs on it.
    const taken = session.probed?.image == null ? probed : session.probed;
    const seen = await look(sale, session, taken, terminal);
    // What the image was fresh for stays known: this session's own script makes it no older.
    session.probed = seen.probed.seq === null ? taken : seen.probed;
    session.cardId = seen.card?.state.id ?? null;
    session.accountId = seen.account?.state.id ?? null;
    const again = await sameScriptAgain(sale, session, seen, terminal);
    const answer = again ?? (await carryOut(sale, session, seen, terminal, wanted));
    if (answer === "again") continue;
    await sale.cardRows.saveSession(session);
    return answer;
  }
  sale.log.warn({ sessionId: session.id }, "card changed under every look");
  return refused("server.unavailable");
}

type Step = Result<CardAnswer, Refused> | "again";

async function carryOut(
  sale: SaleContext,
  session: CardSession,
  seen: Situation,
  terminal: TerminalFacts,
  wanted: Id | null,
): Promise<Step> {
  const { decision, open } = seen;
  if (seen.card !== null && seen.probed.seq === null) {
    sale.log.info({ sessionId: session.id }, "image older than the card's last script");
    return wanted === null
      ? ok({ kind: "refused", code: "card.stale", value: null, number: null })
      : refused("card.stale");
  }
  switch (decision.kind) {
    case "settle":
      return await settle(sale, seen, decision.as);
    case "write":
    case "writeRefund":
      if (wanted !== null && open?.state.id !== wanted) return refused("purchase.wrongState");
      return await issueScript(sale, session, seen, terminal, wanted === null);
    case "refundProven":
      return await settleRefund(sale, seen, decision.by);
    case "toManual":
      return await toManual(sale, seen);
    case "adopt":
      await adopt(sale, seen);
      return "again";
    case "refuse":
      return await refuse(sale, seen, decision, terminal, wanted);
    case "gasOnCard":
    case "sell":
      if (wanted !== null) return refused("purchase.wrongState");
      await recordReading(sale, seen);
      if (decision.kind === "sell" && (await openCarried(sale, seen, terminal))) return "again";
      return ok(decision.kind === "sell" ? await accountAnswer(sale, seen) : await gasAnswer(sale, seen));
    default:
      return never(decision, "decision");
  }
}

/** Applies an event of the open purchase; "again" when it no longer fits, because another reading settled it first. */
async function settleBy(
  sale: SaleContext,
  { open }: Situation,
  event: (scriptId: Id) => PurchaseEvent,
): Promise<PurchaseView | "again"> {
  const scriptId = open?.state.script?.id;
  if (open === null || scriptId === undefined) throw new Error("nothing to settle");
  const applied = await applyEvent(sale, open.state.id, () => ({
    do: "commit",
    event: { type: "purchase", event: event(scriptId) },
  }));
  if (!applied.ok) return "again";
  await settleDebtsOf(sale, applied.value.purchase);
  return await viewOf(sale, applied.value);
}

/** Written: the customer is told, as if this reader had written it. Consumed: old news, told beside what comes next. */
async function settle(sale: SaleContext, seen: Situation, as: "written" | "consumed"): Promise<Step> {
  const view = await settleBy(sale, seen, (scriptId) => ({ type: "cardSettled", as, scriptId }));
  if (view === "again" || as === "consumed") return "again";
  await markSeen(sale, view.id);
  return ok({ kind: "delivered", purchase: view, resumed: true });
}

async function settleRefund(sale: SaleContext, seen: Situation, by: "image" | "returnArea"): Promise<Step> {
  const view = await settleBy(sale, seen, (scriptId) => ({
    type: "refundProven",
    scriptId,
    ...(by === "image" ? {} : { by }),
  }));
  return view === "again" ? view : ok({ kind: "refunding", purchase: view });
}

async function toManual(sale: SaleContext, seen: Situation): Promise<Step> {
  const image = seen.probed.image ?? "";
  const view = await settleBy(sale, seen, (scriptId) => ({ type: "cardDisagrees", scriptId, image }));
  return view === "again" ? view : ok({ kind: "writeFailed", purchase: view, hall: true });
}

/** The outcome stands on a screen: it needn't be shown at the next insertion. Never in the way of the answer. */
export async function markSeen(sale: SaleContext, purchaseId: Id): Promise<void> {
  const applied = await applyEvent(sale, purchaseId, ({ purchase: { state } }) =>
    state.outcomeSeen || !["delivered", "refunded", "void"].includes(state.state)
      ? { do: "nothing" }
      : { do: "commit", event: { type: "purchase", event: { type: "seen" } } },
  );
  if (!applied.ok) sale.log.info({ purchaseId, code: applied.error.code }, "outcome not marked as seen");
}

async function refuse(
  sale: SaleContext,
  seen: Situation,
  { code, staffTask }: Extract<CardDecision, { kind: "refuse" }>,
  terminal: TerminalFacts,
  wanted: Id | null,
): Promise<Step> {
  const { open, card, reading } = seen;
  if (code === "purchase.open" && wanted === null && open !== null) {
    if (await giveWay(sale, open.state)) return "again";
    if (await yieldPrepay(sale, open.state, terminal)) {
      return ok({ kind: "refused", code: "purchase.onPhone", value: null, number: open.state.number });
    }
  }
  if (staffTask && card !== null) {
    const doc = { image: seen.probed.image, booksCount: card.state.count, read: reading.read };
    await fileStaffTask(sale, code, card.state.id, doc, String(reading.read.facts?.count ?? ""));
  }
  if (wanted !== null) return refused(code, open === null ? {} : { number: open.state.number });
  const value = code === "card.secretCounter" ? triesLeft(seen.probed) : null;
  return ok({ kind: "refused", code, value, number: open?.state.number ?? null });
}

/**
 * A reader that holds the card wins over an unpaid purchase elsewhere. Only while no money was asked for: with an
 * attempt out, the answer of the gateway decides.
 */
async function giveWay(sale: SaleContext, open: Purchase): Promise<boolean> {
  if (open.state !== "paying" || open.liveAttemptIds.length > 0) return false;
  const applied = await applyEvent(sale, open.id, ({ purchase: { state } }) =>
    state.state === "paying" && state.liveAttemptIds.length === 0
      ? { do: "commit", event: { type: "purchase", event: { type: "gaveUp", reason: "cardGone" } } }
      : { do: "nothing" },
  );
  return applied.ok;
}

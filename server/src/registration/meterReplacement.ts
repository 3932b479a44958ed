/**
 * 换表: the old meter ends, the new one begins, and the card is replaced, in one commit. What is open goes by the old
 * meter's own word: delivered there, on with the new card for the new meter, or, where that word is its proof, refunded.
 * Two people state it. (core/src/meter/replacement.ts; docs/decisions/0004.)
 *
 * `replaceMeter(ctx, cardId, stated, by)` needs the store and the registry's `customer` alone. The desk then writes
 * `issueImage` on a new chip, and that card goes into the new meter first.
 */
import {
  type CardState,
  type Heard,
  heardOfCard,
  heardOfOpen,
  type Id,
  isRefundProof,
  type LastWord,
  type MeterChange,
  type MeterState,
  ok,
  type Purchase,
  type PurchaseEvent,
  replaceMeter as replaced,
  type Transition,
  type Versioned,
  wordOnRecharge,
} from "@citygas/core";
import { applyEvent } from "../purchases/applyEvent.ts";
import { must } from "../purchases/bundle.ts";
import { derivedId } from "../purchases/derivedId.ts";
import type { SaleContext } from "../purchases/sale.ts";
import type { KeyedBy } from "./guarded.ts";
import type { Refusal, Registered } from "./outcome.ts";
import { cardWithPurchase, driverOf, placeOf, replacedEvent, withScript } from "./replacement.ts";

export interface Stated {
  /** The card's own meter: its controller was replaced. */
  newMeterId: Id;
  newIndexL: number;
  /** Most that the new one takes, litres or fen; 0: no limit. */
  ceiling: number;
  /** Read when the old meter was off the wall; null: it says nothing, or nothing that can be. */
  word: LastWord | null;
  /** The card's `scriptSeq` when that was read: what was issued since may have gone into the old meter after it. */
  cardSeq: number;
  /** The old card is in the hall. */
  handedIn: boolean;
  /** What an overdraft costs. */
  owedFen: number;
  approvedBy: [maker: Id, checker: Id];
}

type Context = Pick<SaleContext, "store" | "registry" | "db" | "now" | "newId" | "settings" | "log">;

const triesMax = 5;
const refuse = (code: Refusal["code"]): { ok: false; error: Refusal } => ({ ok: false, error: { code } });

/** The same request again replaces nothing more. */
export async function replaceMeter(
  ctx: Context,
  cardId: Id,
  stated: Stated,
  by: KeyedBy,
): Promise<Registered<CardState>> {
  const eventId = derivedId("meterReplaced", cardId, by.key, by.fingerprint);
  for (let tries = 1; tries <= triesMax; tries++) {
    const found = await cardWithPurchase(ctx, cardId);
    if (found === undefined) return refuse("notFound");
    const { open } = found;
    const done =
      open === null
        ? await withNothingOpen(ctx, cardId, stated, { ...by, eventId })
        : await underPurchase(ctx, open.id, stated, { ...by, eventId });
    if (done === "again") continue;
    if (!done.ok) return (await wasDone(ctx, found.card, eventId)) ? ok(found.card) : done;
    const after = await cardWithPurchase(ctx, cardId);
    return after === undefined ? refuse("notFound") : ok(after.card);
  }
  return refuse("server.unavailable");
}

/** A request that was carried out before is no refusal, whatever has become of the card since. */
async function wasDone({ store }: Pick<Context, "store">, { meterId }: CardState, changeId: Id): Promise<boolean> {
  return must(await store.load([{ kind: "meter", id: meterId }]), "meter", meterId).state.began?.changeId === changeId;
}

/** As the books stand; `open`: the purchase on the card. The class decides what may be stated of the old card. */
export function mayReplaceMeter(card: CardState, open: Purchase | null, stated: Stated): Registered<Heard | null> {
  const { word, handedIn } = stated;
  if (stated.cardSeq !== card.scriptSeq || open?.state === "issued") return refuse("card.scriptRunning");
  if (open === null || !withScript(open)) {
    if (word === null) return ok(null);
    const heard = heardOfCard(card, word);
    if (heard !== "took" && heard !== "notTaken") return refuse("meter.wordDisagrees");
    return cFails(card, heard, handedIn) ? refuse("meter.cardNeeded") : ok(heard);
  }
  const heard = word === null ? null : heardOfOpen(open, word);
  const says = heard === "took" || heard === "notTaken" || (heard === "tookNumber" && isRefundProof(open));
  if (!says) return refuse("meter.wordDisagrees");
  // Both of its cards would bring the amount to a meter that takes it whatever the number.
  return card.cardClass === "C" && heard !== "took" ? refuse("purchase.open") : ok(heard);
}

const cFails = (card: CardState, heard: Heard, handedIn: boolean): boolean =>
  card.cardClass === "C" && heard === "notTaken" && card.lastAmount > 0 && !handedIn;

interface Request extends KeyedBy {
  eventId: Id;
}

async function underPurchase(
  ctx: Context,
  purchaseId: Id,
  stated: Stated,
  request: Request,
): Promise<Registered<null> | "again"> {
  let silent = false;
  let moved = false;
  const first = (await ctx.store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
  const card = first?.state.cardId == null ? undefined : await cardWithPurchase(ctx, first.state.cardId);
  if (card === undefined) return "again";
  const place = await placeOf(ctx, card.card, stated.ceiling);
  const applied = await applyEvent(
    ctx,
    purchaseId,
    ({ purchase: { state: p }, card: found }, now) => {
      moved = found === null || found.state.openPurchaseId !== p.id;
      if (found === null || moved) return { do: "refuse", refused: { code: "server.unavailable" } };
      const may = mayReplaceMeter(found.state, p, stated);
      if (!may.ok) {
        silent = may.error.code === "meter.wordDisagrees" && withScript(p);
        return { do: "refuse", refused: { code: may.error.code } };
      }
      const carries = replacedEvent(found.state, p, { carries: "carry", approvedBy: stated.approvedBy }, place, now);
      const event: PurchaseEvent = {
        type: "meterReplaced",
        change: changeOf(found.state, stated, request),
        script: may.value === "notTaken" ? carries.script : null,
        needs: carries.needs,
      };
      return { do: "commit", event: { type: "purchase", event } };
    },
    { request },
  );
  if (applied.ok) return ok(null);
  if (moved) return "again";
  if (silent) await toPeople(ctx, purchaseId, stated.word);
  return refuse(applied.error.code);
}

/** Nothing but the meter could tell, and nothing is guessed. */
async function toPeople(ctx: Context, purchaseId: Id, word: LastWord | null): Promise<void> {
  const told = await applyEvent(ctx, purchaseId, ({ purchase: { state } }) =>
    state.state === "unknown" || (state.state === "manual" && state.command !== undefined && state.meterGone !== true)
      ? { do: "commit", event: { type: "purchase", event: { type: "meterDisagrees", word } } }
      : { do: "nothing" },
  );
  if (!told.ok) ctx.log.warn({ purchaseId, code: told.error.code }, "purchase of a silent meter not given to people");
}

const changeOf = (
  card: CardState,
  { newMeterId, newIndexL, word, owedFen, approvedBy }: Stated,
  { eventId: id }: Pick<Request, "eventId">,
): MeterChange => ({ id, newMeterId, newIndexL, counts: driverOf(card).unit, word, owedFen, approvedBy });

async function withNothingOpen(
  ctx: Context,
  cardId: Id,
  stated: Stated,
  request: Request,
): Promise<Registered<null> | "again"> {
  const card = must(await ctx.store.load([{ kind: "card", id: cardId }]), "card", cardId);
  if (card.state.openPurchaseId !== null) return "again";
  const may = mayReplaceMeter(card.state, null, stated);
  if (!may.ok) return may;
  return await commitChange(ctx, card, card.state.meterId, changeOf(card.state, stated, request), request);
}

/** One that no card goes into: nothing can be open on it, and its word is only what is left. */
export async function replaceBareMeter(
  ctx: Context,
  meterId: Id,
  counts: "volume" | "money",
  stated: Stated,
  by: KeyedBy,
): Promise<Registered<null>> {
  const { newMeterId, newIndexL, word, owedFen, approvedBy } = stated;
  const eventId = derivedId("meterReplaced", meterId, by.key, by.fingerprint);
  for (let tries = 1; tries <= triesMax; tries++) {
    const meter = must(await ctx.store.load([{ kind: "meter", id: meterId }]), "meter", meterId).state;
    if (meter.retired?.replacedBy === newMeterId) return ok(null);
    if (meter.openPurchaseId !== null) return refuse("purchase.open");
    const change: MeterChange = { id: eventId, newMeterId, newIndexL, counts, word, owedFen, approvedBy };
    const sent = await sentOver(ctx, meter);
    const done =
      sent === null
        ? await commitChange(ctx, null, meterId, change, { ...by, eventId })
        : await underRecharge(ctx, sent.id, change, { ...by, eventId });
    if (done !== "again") return done;
  }
  return refuse("server.unavailable");
}

/** The recharge that was sent to this meter and is not over; null: none was. */
async function sentOver({ store }: Context, { link }: MeterState): Promise<Purchase | null> {
  const [id] = link?.queue ?? [];
  if (id === undefined) return null;
  const p = must(await store.load([{ kind: "purchase", id }]), "purchase", id).state;
  return p.command === undefined ? null : p;
}

/** As the books stand: may this meter be replaced, with what waits for it? */
export async function mayReplaceLinked(ctx: Context, meterId: Id, word: LastWord | null): Promise<Registered> {
  const meter = must(await ctx.store.load([{ kind: "meter", id: meterId }]), "meter", meterId).state;
  if (meter.openPurchaseId !== null) return refuse("purchase.open");
  const sent = await sentOver(ctx, meter);
  return sent === null ? ok(null) : mayReplaceUnder(sent, word);
}

function mayReplaceUnder(p: Purchase, word: LastWord | null): Registered {
  // Its meter may be taking it at this moment.
  if (p.state === "issued") return refuse("recharge.mayArrive");
  const says = wordOnRecharge(p, word);
  return says === "took" || says === "notTaken" ? ok(null) : refuse("meter.wordDisagrees");
}

/** What was sent goes by the old meter's word; what only waits is given back when the meter is gone. */
async function underRecharge(
  ctx: Context,
  purchaseId: Id,
  change: MeterChange,
  request: Request,
): Promise<Registered<null> | "again"> {
  let moved = false;
  const applied = await applyEvent(
    ctx,
    purchaseId,
    ({ purchase: { state: p }, meter }) => {
      moved = meter?.state.link?.queue[0] !== p.id || meter.state.openPurchaseId !== null;
      if (moved) return { do: "refuse", refused: { code: "server.unavailable" } };
      const may = mayReplaceUnder(p, change.word);
      if (!may.ok) return { do: "refuse", refused: { code: may.error.code } };
      const event = { type: "meterReplaced", change, script: null, needs: p.refundNeeds } as const;
      return { do: "commit", event: { type: "purchase", event } };
    },
    { request },
  );
  if (applied.ok) return ok(null);
  if (moved) return "again";
  if (applied.error.code === "meter.wordDisagrees") await toPeople(ctx, purchaseId, change.word);
  return refuse(applied.error.code);
}

async function commitChange(
  { store, now }: Context,
  card: Versioned<CardState> | null,
  meterId: Id,
  change: MeterChange,
  { eventId, key, fingerprint }: Request,
): Promise<Registered<null> | "again"> {
  const found = must(await store.load([{ kind: "meter", id: meterId }]), "meter", meterId);
  const { accountId } = found.state;
  const account = must(await store.load([{ kind: "account", id: accountId }]), "account", accountId);
  const at = now();
  const next = replaced({ account: account.state, card: card?.state ?? null, meter: found.state }, change, at);
  if (!next.ok) return refuse(next.error.code === "meterRetired" ? "meter.retired" : "meter.wordDisagrees");
  const { account: left, card: fresh, meter, fresh: begun, postings } = next.value;
  const writes: Transition["writes"] = [
    { kind: "account", id: accountId, expected: account.version, state: left },
    { kind: "meter", id: meterId, expected: found.version, state: meter },
  ];
  if (card !== null && fresh !== null)
    writes.push({ kind: "card", id: card.state.id, expected: card.version, state: fresh });
  if (begun !== null) writes.push({ kind: "meter", id: begun.id, expected: 0, state: begun });
  const event: LoggedChange = { type: "meterReplaced", change };
  const committed = await store.commit({
    eventId,
    at,
    subject: card === null ? { kind: "account", id: accountId } : { kind: "card", id: card.state.id },
    event,
    writes,
    guards: [],
    postings,
    tasks: { add: [], drop: [] },
    idempotency: { key, fingerprint },
  });
  switch (committed.kind) {
    case "done":
      return ok(null);
    case "replay":
      return committed.sameRequest ? ok(null) : refuse("request.keyReused");
    case "stale":
      return "again";
  }
}

/** In the card's log, or the account's where there is none. */
interface LoggedChange {
  type: "meterReplaced";
  change: MeterChange;
}

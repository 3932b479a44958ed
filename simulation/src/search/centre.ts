/** The centre in the small world: production's decisions and commits, put together as the card services do. */
import {
  type CardDecision,
  compose,
  decideInsertion,
  type ImageClass,
  type Purchase,
  type PurchaseEvent,
  type QuoteFacts,
  replacedCard,
  strongerProof,
  withMeterWord,
} from "@citygas/core";
import { classify, fromHex, type PurchaseOnCard, planSteps, refundProof, resumeImages } from "@citygas/gascard";
import { issuedImage, mayReplace, replacedEvent } from "@citygas/server";
import { amounts, areaCode, type Books, bytesOf, hexOf, type Parts, type Script } from "./state.ts";

type Driver = Parts["driver"];
const place = { areaCode, meterCeiling: 0 };

const isOpen = (p: Purchase): boolean => ["paying", "paid", "issued", "unknown", "manual"].includes(p.state);
export const openOf = ({ purchases }: Books): Purchase | null => purchases.find((p) => p !== null && isOpen(p)) ?? null;

/**
 * What of a purchase can still matter. Which reader a script went to is forgotten, because a script that another one has
 * followed is known by its reader; and once nothing can lead to a write, only how it ended is of interest.
 */
function whatMatters(p: Purchase): Purchase {
  const script = p.script && { ...p.script, terminalId: "", powerUpId: "" };
  if (isOpen(p)) return { ...p, script, outcomeSeen: false };
  return { ...p, script: null, countBefore: null, totalBefore: null, reason: null, outcomeSeen: false, dueAt: null };
}

/** The books after one event of a purchase; null where the machines refuse it. */
function applied(books: Books, index: number, event: PurchaseEvent): Books | null {
  const purchase = books.purchases[index] ?? null;
  const composed = compose({
    bundle: {
      purchase: purchase && { version: 1, state: purchase },
      attempts: [],
      account: { version: 1, state: books.account },
      tier: null,
      card: { version: 1, state: books.card },
      meter: { version: 1, state: books.meter },
    },
    event: { type: "purchase", event },
    eventId: "e",
    now: 0,
  });
  if (!composed.ok) return null;
  const next: Books = { ...books, purchases: [...books.purchases] };
  next.purchases[index] = whatMatters(composed.value.purchase);
  for (const write of composed.value.transition.writes) {
    if (write.kind === "account") next.account = write.state;
    // Only whether a script was issued since matters, and that stands in the readers.
    if (write.kind === "card") next.card = { ...write.state, scriptSeq: 0 };
    if (write.kind === "meter") next.meter = write.state;
  }
  return next;
}

/** The number of the books after an event of this purchase; null where the machines refuse it. */
export function apply(parts: Parts, books: number, index: number, event: PurchaseEvent): number | null {
  return parts.once(`apply ${books} ${index} ${JSON.stringify(event)}`, () => {
    const next = applied(parts.books.at(books), index, event);
    return next && parts.books.of(next);
  });
}

/** The same for the purchase that is open. */
export function applyToOpen(parts: Parts, books: number, event: PurchaseEvent): number | null {
  const { purchases } = parts.books.at(books);
  const index = purchases.findIndex((p) => p !== null && isOpen(p));
  return index < 0 ? null : apply(parts, books, index, event);
}

export function onCard(p: Purchase, before: { count: number; total: number }): PurchaseOnCard {
  const { delivers } = p.breakdown;
  return {
    countBefore: p.countBefore ?? before.count,
    totalBefore: p.totalBefore ?? before.total,
    amount: { kind: "money", amountFen: delivers.kind === "amount" ? delivers.meterCreditFen : 0 },
    boughtOn: "1970-01-01",
  };
}

function classOf(driver: Driver, p: Purchase, image: Uint8Array): ImageClass | null {
  const { script } = p;
  const [before, after] = [fromHex(script?.before ?? ""), fromHex(script?.after ?? "")];
  if (script === null || before === null || after === null || p.countBefore === null) return null;
  const purchase = onCard(p, { count: 0, total: 0 });
  if (script.kind === "sale") return classify(driver, image, before, after, null, purchase);
  return classify(driver, image, before, driver.purchaseImage(before, purchase), after, purchase);
}

/** What an image of a card leads to at this reader (1 kiosk, 2 desk). It is fresh: a stale one counts for nothing. */
export function decisionFor(
  parts: Parts,
  books: number,
  image: number,
  reader: 1 | 2,
  approved: null | "sale" | "refund",
): CardDecision {
  return parts.once(`decide ${books} ${image} ${reader} ${approved}`, () => {
    const { driver } = parts;
    const { card, account } = parts.books.at(books);
    const bytes = bytesOf(parts.images.at(image));
    const found = driver.read(bytes);
    const identity = driver.identify(bytes);
    const open = openOf(parts.books.at(books));
    return decideInsertion({
      now: 0,
      read: {
        identity: identity && {
          cardNumber: identity.cardNumber,
          role: identity.role,
          replacement: identity.replacement,
        },
        problem: found.ok ? null : found.problem === "upsideDown" ? "unreadable" : found.problem,
        facts: found.ok
          ? {
              count: found.facts.count,
              amount: found.facts.gas.kind === "money" ? found.facts.gas.amountFen : 0,
              acceptedCount: found.facts.returned?.count ?? null,
              totalCredited: found.facts.returned?.totalCredited ?? null,
            }
          : null,
        secretCounter: "full",
        fresh: true,
      },
      card,
      account,
      open: open && { purchase: open, image: classOf(driver, open, bytes) },
      reader: reader === 1 ? "kiosk" : "desk",
      adoption: null,
      approved,
    });
  });
}

/** The books after a sound reading: the meter's own word, as `recordReading` stores it. */
export function recorded(parts: Parts, books: number, image: number): number {
  return parts.once(`record ${books} ${image}`, () => {
    const known = parts.books.at(books);
    const found = parts.driver.read(bytesOf(parts.images.at(image)));
    const returned = found.ok ? found.facts.returned : null;
    if (returned === null) return books;
    const word = { acceptedCount: returned.count, totalCredited: returned.totalCredited };
    const next = { ...withMeterWord(known.card, word), lastReading: null };
    return parts.books.of({ ...known, card: next });
  });
}

/** The open purchase's script by this image: the books with it, and what the reader has to do. null: refused. */
export function issued(
  parts: Parts,
  books: number,
  image: number,
  kind: "sale" | "refund",
  approved: boolean,
): { books: number; script: number } | null {
  return parts.once(`issue ${books} ${image} ${kind} ${approved}`, () => {
    const { driver } = parts;
    const known = parts.books.at(books);
    const p = openOf(known);
    const bytes = bytesOf(parts.images.at(image));
    if (p === null) return null;
    const found = driver.read(bytes);
    const facts = found.ok ? found.facts : null;
    const before = {
      count: facts?.count ?? known.card.count,
      total: facts?.returned?.totalCredited ?? known.card.totalCredited,
    };
    const purchase = onCard(p, before);
    const needs = strongerProof(p.refundNeeds, refundProof(driver, { phoneScript: false, replaced: p.replaced }));
    const after = afterOf(
      driver,
      p,
      bytes,
      purchase,
      kind === "refund" ? { blankReturn: needs === "returnArea" } : null,
    );
    // Two people sent it here to be written, and it holds all of it: that is for them to decide.
    if (kind === "sale" && hexOf(after) === parts.images.at(image)) return null;
    const next = applyToOpen(parts, books, {
      type: "scriptIssued",
      script: {
        id: "s",
        kind,
        terminalId: "",
        powerUpId: "",
        seq: 0,
        before: hexOf(bytes),
        after: hexOf(after),
        issuedAt: 0,
        deadlineAt: 0,
      },
      countBefore: purchase.countBefore,
      totalBefore: purchase.totalBefore,
      toPhone: false,
      needs,
      ...(approved ? { approvedBy: ["x", "y"] } : {}),
    });
    if (next === null) return null;
    return { books: next, script: parts.scripts.of({ kind, steps: stepsOf(driver, bytes, after, kind) }) };
  });
}

function afterOf(
  driver: Driver,
  p: Purchase,
  image: Uint8Array,
  purchase: PurchaseOnCard,
  refund: { blankReturn: boolean } | null,
): Uint8Array {
  if (refund !== null) {
    if (driver.refundImage === null) throw new Error(`${driver.name} has no refund image`);
    return driver.refundImage(image, purchase, refund);
  }
  const earlier = p.script?.kind === "sale" ? fromHex(p.script.after) : null;
  return earlier === null ? driver.purchaseImage(image, purchase) : resumeImages(driver, image, earlier).after;
}

function stepsOf(driver: Driver, before: Uint8Array, after: Uint8Array, kind: Script["kind"]): Script["steps"] {
  return planSteps(driver, before, after, "000000", null, kind === "refund").flatMap((step, index): Script["steps"] => {
    if (step.op === "write") return [{ op: "write", offset: step.offset, data: step.data }];
    if (step.op !== "read" || step.expect === undefined) return [];
    return [{ op: index <= 1 ? "expect" : "last", offset: 0, data: step.expect }];
  });
}

/** So much credit for the meter, paid from the balance. */
export const quoteOf = (index: number, amountFen: number): QuoteFacts => ({
  id: `p${index}`,
  number: `P${index}`,
  token: `t${index}`,
  accountId: "a",
  unitId: "u",
  meterId: "m",
  cardId: "c",
  tierId: null,
  channel: "kiosk",
  terminalId: "",
  later: false,
  breakdown: {
    tariffVersionId: "v",
    lines: [],
    goodsFen: amountFen,
    debtFen: 0,
    deductions: [],
    balanceOffsetFen: amountFen,
    payableFen: 0,
    delivers: { kind: "amount", meterCreditFen: amountFen },
    tier: null,
  },
});

/** Priced, confirmed, and paid from the balance. */
export function sold(parts: Parts, books: number, index: 0 | 1): number | null {
  const quoted = apply(parts, books, index, { type: "quoted", facts: quoteOf(index, amounts[index]) });
  return quoted === null ? null : apply(parts, quoted, index, { type: "confirmed" });
}

/**
 * The card is lost and replaced: the books after it, and what the issuing desk writes on the new chip. `byTwo`: two people
 * take what is open back.
 */
export function replaced(
  parts: Parts,
  books: number,
  carries: "carry" | "refund",
): { books: number; image: number } | null {
  return parts.once(`replace ${books} ${carries}`, () => {
    const { driver } = parts;
    const known = parts.books.at(books);
    const open = openOf(known);
    const byTwo = carries === "refund";
    if (known.card.replacement > 0 || !mayReplace(known.card, open, carries, byTwo).ok) return null;
    if (open === null) {
      const card = { ...replacedCard(known.card), scriptSeq: 0 };
      const image = issuedImage(driver, card, place, "1970-01-01");
      return { books: parts.books.of({ ...known, card }), image: parts.images.of(hexOf(image)) };
    }
    const how = { carries, ...(byTwo ? { approvedBy: ["x", "y"] as [string, string] } : {}) };
    const event = replacedEvent(known.card, open, how, place, 0);
    // A script that no reader runs has the one name that all scripts have here.
    const named =
      event.type === "cardReplaced" && event.script ? { ...event, script: { ...event.script, id: "s" } } : event;
    const next = applyToOpen(parts, books, named);
    if (next === null) return null;
    const after = parts.books.at(next);
    const script = openOf(after)?.script ?? null;
    const image = script === null ? hexOf(issuedImage(driver, after.card, place, "1970-01-01")) : script.after;
    return { books: next, image: parts.images.of(image) };
  });
}

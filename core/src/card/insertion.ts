/**
 * What a card in a reader leads to, in the protocol's order ("What each insertion does"):
 *
 *   0 identify by the identity area        4 count or totals disagree with the books → counter; blocks refuse
 *   1 an open purchase with a script out:  5 a purchase that is paid → write it
 *     classify the image first, settle it  6 otherwise → sell
 *   2 not a card we can sell to → refuse
 *   3 gas (or a zero after a refund) the meter has not taken yet → meter first
 *
 * Step 1 stands before every refusal, even for a wrong checksum or a secret counter that is one short because our own
 * last step was `present`: that is what a torn write looks like, and the customer's money is in it.
 * Pure: what was read and what the books say come in, one decision goes out.
 */
import type { AccountState, CardState, MeterState } from "../aggregates.ts";
import type { Purchase } from "../purchase/types.ts";
import type { Instant } from "../units.ts";
import { never } from "../units.ts";
import { type AdoptionWindow, isPlausible } from "./adoption.ts";
import { isUnproven } from "./replacement.ts";

/** The image against the open purchase's script (protocols/gascard `classify`). */
export type ImageClass = "written" | "consumed" | "unwritten" | "torn" | "refundImage" | "refundUnread" | "other";

/** What was read, decoded by the layout driver; `facts` null when the application or return area can't be trusted. */
export interface CardRead {
  /** null: nothing that names a card of ours. */
  identity: { cardNumber: string; role: "user" | "opening" | "tool" | "blank"; replacement: number } | null;
  /** `undecided`: makers' DLLs claim it, and which of them is right, or what it says, can't be told. */
  problem: null | "blank" | "foreign" | "badIdentity" | "badChecksum" | "unreadable" | "undecided";
  facts: null | {
    count: number;
    amount: number;
    acceptedCount: number | null;
    totalCredited: number | null;
    /** Left in the meter; left out: not said. */
    remaining?: number | null;
  };
  /** Is the chip's secret error counter at its full value? `oneShort`: exactly one try was used. */
  secretCounter: "full" | "oneShort" | "low" | "locked";
  /** false: our last recorded step on the card was no `present`, so a counter one short is somebody else's guess. */
  oneShortIsOurs?: boolean;
  /** The image was taken after the last script for this card was issued (or none ever was). */
  fresh: boolean;
}

export interface Insertion {
  now: Instant;
  read: CardRead;
  /** By the identity's card number; null: not in the books. */
  card: CardState | null;
  account: AccountState | null;
  /** The purchase that is open on this card, whatever its state, with the image's class where a script was issued. */
  open: null | { purchase: Purchase; image: ImageClass | null };
  reader: "kiosk" | "phone" | "desk";
  /** What its meter began with, where that came in place of another. */
  began?: MeterState["began"] | null;
  /** Migration from an old system: the window that is open now for this card's maker. */
  adoption: AdoptionWindow | null;
  /** What two people of the staff allow for the open purchase: writing it again from `manual`, or taking it back. */
  approved?: null | "sale" | "refund";
}

export type CardRefusal =
  | "card.blank"
  | "card.foreign"
  | "card.tool"
  | "card.opening"
  | "card.unreadable"
  | "card.badChecksum"
  | "card.lost"
  | "card.replaced"
  | "card.blocked"
  | "card.secretCounter"
  | "card.countMismatch"
  | "card.unknown"
  | "card.stale"
  | "account.debt"
  | "account.safetyCheck"
  | "account.suspectedTampering"
  | "account.stopped"
  | "purchase.open"
  | "purchase.manual"
  | "refund.meterFirst";

export type CardDecision =
  | { kind: "refuse"; code: CardRefusal; staffTask: boolean }
  /** Settled by this very image; decide again afterwards, with the purchase final. */
  | { kind: "settle"; as: "written" | "consumed" }
  /** The open purchase's write begins or goes on at this reader. */
  | { kind: "write"; from: "paid" | "unwritten" | "torn" | "approved" }
  /** The refund image goes on the card, or on it again; read back, it proves that no gas stayed there. */
  | { kind: "writeRefund" }
  | { kind: "refundProven"; by: "image" | "returnArea" }
  | { kind: "toManual" }
  | { kind: "gasOnCard" }
  | { kind: "adopt" }
  | { kind: "sell" };

const refuse = (code: CardRefusal, staffTask = false): CardDecision => ({ kind: "refuse", code, staffTask });

export function decideInsertion(i: Insertion): CardDecision {
  const settled = openScript(i);
  if (settled !== null) return settled;
  const refused = notSaleable(i);
  if (refused !== null) return refused;
  const { card, account, read } = i;
  if (card === null || account === null || read.facts === null) return refuse("card.unknown");
  if (notYetInMeter(read.facts, card)) return { kind: "gasOnCard" };
  const books = againstBooks(card, read.facts, i);
  if (books !== null) return books;
  if (account.block !== null) return refuse(`account.${account.block.reason}`);
  if (i.open === null) return { kind: "sell" };
  return openWithoutScript(i.open.purchase);
}

/** Step 1: a script is out for this card. Decided before anything is refused. */
function openScript(i: Insertion): CardDecision | null {
  if (i.open === null || i.open.image === null) return null;
  // The identity must be this current card's: a replaced or lost one never speaks for the purchase.
  if (i.card === null || i.card.status !== "current" || i.read.identity?.replacement !== i.card.replacement)
    return null;
  const { purchase, image } = i.open;
  const script = purchase.script;
  if (script === null || !["issued", "unknown", "manual"].includes(purchase.state)) return null;
  if (purchase.state === "manual") return approvedAgain(i, image);
  if (!i.read.fresh) return refuse("card.stale");
  switch (image) {
    case "written":
    case "consumed":
      return { kind: "settle", as: image };
    case "unwritten":
    case "torn":
      return rewrite(i, image);
    case "refundImage":
      return takenBack(i, purchase);
    case "refundUnread":
      // The meter's own write was torn. It writes its word anew when the card goes in again: no reason to call people.
      return refuse("refund.meterFirst");
    case "other":
      return { kind: "toManual" };
    default:
      return never(image, "image class");
  }
}

/** One try was ours (present, then torn); fewer left means somebody else guesses, and our next try could lock the chip. */
const triesRunOut = ({ read: { secretCounter, oneShortIsOurs } }: Insertion): boolean =>
  secretCounter === "low" || secretCounter === "locked" || (secretCounter === "oneShort" && oneShortIsOurs === false);

function rewrite(i: Insertion, from: "unwritten" | "torn"): CardDecision {
  if (i.card?.cardClass === "C") return { kind: "toManual" };
  // A refund image was to stand here: what else the card shows is made that image again, never the purchase.
  const waits = i.open?.purchase.awaitsMeter === true;
  if (waits && i.reader === "phone") return refuse("purchase.open");
  if (triesRunOut(i)) return refuse("card.secretCounter", true);
  return waits || (from === "unwritten" && mayTakeBack(i)) ? { kind: "writeRefund" } : { kind: "write", from };
}

/**
 * Two people allowed the refund, and the card can prove it: in a paired kiosk or desk, of a purchase that an image or the
 * meter's word can prove, with a meter that was not seen to have moved on (protocol, "Refund").
 */
function mayTakeBack({ approved, open, reader, read }: Insertion): boolean {
  if (approved !== "refund" || open === null || reader === "phone") return false;
  const { refundNeeds, countBefore } = open.purchase;
  if (refundNeeds !== "image" && refundNeeds !== "returnArea") return false;
  const accepted = read.facts?.acceptedCount ?? null;
  return countBefore !== null && (accepted === null || accepted === countBefore);
}

/**
 * A card that shows neither the old image nor a return area that can be read may have had the gas on it, and its meter may
 * have taken it; so may the meter of one that holds this number, as an earlier script wrote it on another day or at another
 * price, and that was pulled before the meter said so. There no refund image proves anything: people decide at the meter.
 */
function mayTakeBackFrom(i: Insertion, image: ImageClass): boolean {
  if (!mayTakeBack(i)) return false;
  if (image === "unwritten") return true;
  const countBefore = i.open?.purchase.countBefore ?? null;
  const { facts } = i.read;
  if (countBefore === null || facts === null || facts.acceptedCount !== countBefore) return false;
  const holdsGas = facts.count === countBefore + 1 && facts.amount > 0;
  return !holdsGas;
}

/**
 * The refund image stands on the card. Where more is needed, it must have been read back by the script that put it there
 * (a phone may have put it there with the old secret, so until then it is written again), and then the meter has to
 * say that it took the number and credited nothing.
 */
function takenBack(i: Insertion, { script, refundNeeds, awaitsMeter, countBefore }: Purchase): CardDecision {
  if (script?.kind !== "refund" || countBefore === null) return { kind: "toManual" };
  // It proves nothing, and what it says is no reason to call people.
  if (i.reader === "phone") return refuse("purchase.open");
  switch (refundNeeds) {
    case "image":
      return { kind: "refundProven", by: "image" };
    case "returnArea":
      if (!awaitsMeter) return triesRunOut(i) ? refuse("card.secretCounter", true) : { kind: "writeRefund" };
      // The class of the image says that the total stands where it stood.
      return i.read.facts?.acceptedCount === countBefore + 1
        ? { kind: "refundProven", by: "returnArea" }
        : refuse("refund.meterFirst");
    case "index":
    case "none":
      return { kind: "toManual" };
    default:
      return never(refundNeeds, "refund proof");
  }
}

/**
 * In `manual` a card is written only where two people said so, and never over gas that is or was on it: the purchase once
 * more, or the refund image.
 */
function approvedAgain(i: Insertion, image: ImageClass): CardDecision {
  const { approved, open, read } = i;
  if (approved == null || i.reader === "phone") return refuse("purchase.manual");
  if (image === "written" || image === "consumed" || image === "refundImage" || image === "refundUnread")
    return refuse("purchase.manual");
  // Once a refund script was out, the meter may have taken the number for nothing: the purchase under it would be lost.
  const spent = open?.purchase.refundTried === true && i.card?.cardClass === "B";
  if (approved === "refund" ? !mayTakeBackFrom(i, image) : spent || open?.purchase.awaitsMeter === true)
    return refuse("purchase.manual");
  if (!read.fresh) return refuse("card.stale");
  if (triesRunOut(i)) return refuse("card.secretCounter", true);
  return approved === "refund" ? { kind: "writeRefund" } : { kind: "write", from: "approved" };
}

/** Step 2: cards we don't sell to. */
function notSaleable({ read, card }: Insertion): CardDecision | null {
  if (read.problem === "unreadable") return refuse("card.unreadable");
  if (read.problem === "blank") return refuse("card.blank");
  if (read.problem === "foreign" || read.problem === "badIdentity") return refuse("card.foreign");
  if (read.problem === "undecided") return refuse("card.unknown");
  if (read.identity === null) return refuse("card.foreign");
  if (read.identity.role === "tool") return refuse("card.tool");
  if (read.identity.role === "blank") return refuse("card.blank");
  if (card === null) return refuse("card.unknown");
  if (card.status === "lost") return refuse("card.lost");
  if (card.status === "replaced" || read.identity.replacement < card.replacement) return refuse("card.replaced");
  if (card.status === "blocked") return refuse("card.blocked");
  // A replacement that the books never made: they count it before its card is written.
  if (read.identity.replacement > card.replacement) return refuse("card.unknown", true);
  if (read.identity.role === "opening") return refuse("card.opening");
  if (read.secretCounter !== "full") return refuse("card.secretCounter", true);
  if (read.problem === "badChecksum" || read.facts === null) return refuse("card.badChecksum", true);
  return null;
}

/**
 * Step 3: the meter hasn't accepted the card's count: gas on it, or a zero after a refund. Of a card that was never in the
 * meter (a replacement) the books may have the meter's word by the card before it.
 */
function notYetInMeter(facts: NonNullable<CardRead["facts"]>, card: CardState): boolean {
  if (facts.amount > 0) return true;
  return facts.count > 0 && (facts.acceptedCount ?? card.acceptedCount) !== facts.count;
}

/** Step 4: the books and the card must agree. */
function againstBooks(card: CardState, facts: NonNullable<CardRead["facts"]>, i: Insertion): CardDecision | null {
  const total = facts.totalCredited ?? card.totalCredited;
  if (i.began != null && !sinceItBegan(i.began, card, facts)) return refuse("card.countMismatch", true);
  if (facts.count === card.count && total >= card.totalCredited) return null;
  const adoptable = i.adoption !== null && i.open === null && isPlausible(i.adoption, card, facts);
  return adoptable ? { kind: "adopt" } : refuse("card.countMismatch", true);
}

/**
 * A meter that came in place of another began empty, at a total that we gave it: its own word must be exactly what the
 * books make of that, and no more is left in it than it was credited with. Where it is not so, an old card or a copy of one
 * was put into it before it knew the new one. Never adopted.
 */
function sinceItBegan(
  began: NonNullable<MeterState["began"]>,
  card: CardState,
  { totalCredited, remaining }: NonNullable<CardRead["facts"]>,
): boolean {
  if (totalCredited === null) return true;
  const unproven = isUnproven(card) ? card.lastAmount : 0;
  const known = totalCredited === card.totalCredited || totalCredited === card.totalCredited + unproven;
  return known && (remaining ?? 0) <= totalCredited - began.totalCredited;
}

/** Steps 5 and 6 with a purchase open that has no script out. */
function openWithoutScript(p: Purchase): CardDecision {
  switch (p.state) {
    case "paid":
      return { kind: "write", from: "paid" };
    case "manual":
      return refuse("purchase.manual");
    case "paying":
      return refuse("purchase.open");
    case "issued":
    case "unknown":
      return { kind: "toManual" };
    case "quoted":
    case "closing":
    case "refunding":
    case "refunded":
    case "delivered":
    case "void":
      return { kind: "sell" };
    default:
      return never(p.state, "purchase state");
  }
}

/**
 * 换表. A meter that is replaced replaces its card too: a fresh meter is bound to nobody and takes number and total from
 * the first card's return area, so that card must be one that the desk made from the books. What of the purchases the old
 * meter took, it says itself, read when no card can go into it any more; what is left in it moves to the account, and is
 * put into the new one by a purchase that costs nothing. (docs/decisions/0004; docs/protocol.md, "A meter that is replaced".)
 *
 * The old meter's word against a purchase n → n+1 of amount x, its total before being T:
 *
 *   n+1, T+x   took        delivered, in the old meter
 *   n,   T     notTaken    goes on for the new meter, under the same number
 *   n+1, T     tookNumber  the number was taken for nothing: the proof of a refund whose image was out
 *   else       disagrees   never guessed: people
 */
import type { AccountState, CardState, Carried, MeterState, Posting } from "../aggregates.ts";
import { withMeterWord } from "../card/reading.ts";
import { isUnproven, replacedCard } from "../card/replacement.ts";
import { postings } from "../ledger/postings.ts";
import type { Fen, Id, Instant, Litre, Result } from "../units.ts";
import { err, ok } from "../units.ts";

/** What a meter said last, off the wall: on its display, or in the return area of the card that was in it last. */
export interface LastWord {
  acceptedCount: number;
  /** Litres or fen, as the meter counts; so is `remaining`, which is below zero in overdraft. */
  totalCredited: number;
  remaining: number;
  indexL: Litre;
}

export type Heard = "took" | "notTaken" | "tookNumber" | "disagrees";

export function heardOf(
  { acceptedCount, totalCredited }: Pick<LastWord, "acceptedCount" | "totalCredited">,
  purchase: { countBefore: number; totalBefore: number; amount: number },
): Heard {
  const { countBefore: n, totalBefore, amount } = purchase;
  if (acceptedCount === n + 1 && totalCredited === totalBefore + amount) return "took";
  if (totalCredited !== totalBefore) return "disagrees";
  if (acceptedCount === n + 1) return "tookNumber";
  return acceptedCount === n ? "notTaken" : "disagrees";
}

/** The same of the last purchase on the card, none being open: one that is proven must be what the meter says. */
export function heardOfCard(card: CardState, word: Pick<LastWord, "acceptedCount" | "totalCredited">): Heard {
  const { count, totalCredited } = card;
  if (isUnproven(card))
    return heardOf(word, { countBefore: count - 1, totalBefore: totalCredited, amount: card.lastAmount });
  return word.acceptedCount === count && word.totalCredited === totalCredited ? "took" : "disagrees";
}

/** A display may show whole cubic metres where the meter counts litres. */
const displayStepL = 1_000;

/**
 * Nothing is left that was never put in. Where its beginning is known, a meter that counts gas must have risen by what is
 * left and what its index moved.
 */
export function isPossible({ began }: MeterState, counts: "volume" | "money", word: LastWord): boolean {
  const credited = word.totalCredited - (began?.totalCredited ?? 0);
  if (word.remaining > credited) return false;
  if (began === undefined || counts === "money") return true;
  const burntL = word.indexL - began.indexL;
  return burntL >= 0 && Math.abs(credited - word.remaining - burntL) <= displayStepL;
}

/** As it happened; stands in the purchase's log, or in the card's where none is open. */
export interface MeterChange {
  id: Id;
  /** The same one: its controller was replaced, which is what holds number, total and remaining. */
  newMeterId: Id;
  newIndexL: Litre;
  counts: "volume" | "money";
  /** null: it says nothing, or nothing that can be; what it was last sent counts as taken, and nothing as left in it. */
  word: LastWord | null;
  /** What an overdraft costs. */
  owedFen: Fen;
  approvedBy: [maker: Id, checker: Id];
}

export const carriedOf = ({ carried }: AccountState): Carried => carried ?? { volumeL: 0, meterCreditFen: 0 };

export interface Replaced {
  account: AccountState;
  card: CardState | null;
  meter: MeterState;
  /** null: the same one. */
  fresh: MeterState | null;
  postings: Posting[];
}

/** The old meter ends, the new one begins where it ended, the card is replaced, and what is left moves to the account. */
export function replaceMeter(
  from: { account: AccountState; card: CardState | null; meter: MeterState },
  change: MeterChange,
  now: Instant,
): Result<Replaced, { code: "meterRetired" } | { code: "wordDisagrees" }> {
  const { account, card, meter } = from;
  const { newMeterId, counts } = change;
  if (meter.retired !== undefined) return err({ code: "meterRetired" });
  const { word } = change;
  if (word !== null && !isPossible(meter, counts, word)) return err({ code: "wordDisagrees" });
  const after = card === null ? null : cardAfter(card, change);
  if (card !== null && after === null) return err({ code: "wordDisagrees" });
  // On a link each meter counts for itself.
  const totalCredited = after?.totalCredited ?? (meter.link === undefined ? word?.totalCredited : 0) ?? 0;
  const began = { changeId: change.id, at: now, totalCredited, indexL: change.newIndexL };
  const same = newMeterId === meter.id;
  const remaining = word?.remaining ?? 0;
  return ok({
    account: remaining > 0 ? withCarried(account, counts, remaining) : account,
    card: after,
    meter: same
      ? { ...meter, began }
      : { ...meter, openPurchaseId: null, retired: { at: now, replacedBy: newMeterId, word } },
    fresh: same
      ? null
      : {
          id: newMeterId,
          accountId: meter.accountId,
          openPurchaseId: meter.openPurchaseId,
          began,
          ...begunLink(meter),
        },
    postings: [
      ...postings.leftInMeter(meter, account.unitId, { counts, remaining, owedFen: change.owedFen }),
      ...postings.onCardStill(meter.id, newMeterId, counts, after !== null && isUnproven(after) ? after.lastAmount : 0),
    ],
  });
}

/** What still waits for the old one is given back (server/src/recharges/askMeter.ts). */
const begunLink = ({ link }: MeterState): Pick<MeterState, "link"> =>
  link === undefined ? {} : { link: { counted: null, queue: [] } };

/** null: the meter's word on it can't be. */
function cardAfter(card: CardState, { newMeterId, word }: MeterChange): CardState | null {
  // What a reader saw last was the old meter's: nobody has told the new one a price yet.
  const next = { ...replacedCard(card), meterId: newMeterId, lastReading: null };
  if (word === null) {
    const totalCredited = card.totalCredited + (isUnproven(card) ? card.lastAmount : 0);
    return { ...next, acceptedCount: card.count, totalCredited };
  }
  const heard = heardOfCard(card, word);
  return heard === "took" || heard === "notTaken" ? withMeterWord(next, word) : null;
}

export function withCarried(account: AccountState, counts: "volume" | "money", amount: number): AccountState {
  const { volumeL, meterCreditFen } = carriedOf(account);
  const carried =
    counts === "volume"
      ? { volumeL: volumeL + amount, meterCreditFen }
      : { volumeL, meterCreditFen: meterCreditFen + amount };
  return { ...account, carried };
}

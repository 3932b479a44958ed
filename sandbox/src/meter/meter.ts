import type { MeterRow } from "../state/rows.ts";
import {
  amountTakenOut,
  type IdentityArea,
  readIdentity,
  readParameters,
  readPrice,
  readPurchase,
  readReturn,
  writeReturn,
} from "./areas.ts";
import { claims, type Page, pages } from "./pages.ts";

/**
 * A prepayment meter (or a controller) with a card slot: what it does with a card is "What a meter does with a card" of
 * its page in docs/cards, case by case. Pure: the state it has and the card's bytes in, its next state and the bytes it
 * would write out.
 *
 * Which comes first is the page's too. A meter of class A or B counts before it writes its first byte, so a card pulled
 * early loses nothing. One of class C takes the amount out of the card first, and counts when it has read that back: a
 * card pulled in between has lost its amount to nobody.
 */
export type MeterVerdict =
  /** Taken: `amount` added, which may be 0. */
  | { kind: "credited"; amount: number; count: number }
  /** Nothing on the card that was not taken before: the return area is written again. */
  | { kind: "alreadyTaken"; count: number }
  /** Refused, and the card is told so. */
  | { kind: "refused"; errorCode: 1 | 2 | 3; reason: "badPurchase" | "wrongCount" | "belowTotal" | "aboveCeiling" }
  /** Not a card of this meter: nothing is written. */
  | { kind: "notOurs"; reason: NotOurs };

export type NotOurs = "foreign" | "badIdentity" | "otherUnit" | "toolCard" | "otherAccount" | "oldCard";

export interface MeterOutcome {
  /** The meter with this card done. */
  meter: MeterRow;
  /** The meter that has known the card, and counted nothing of it yet. */
  uncredited: MeterRow;
  verdict: MeterVerdict;
  /** Class C, with an amount to take: the purchase area without it, to be on the card before the meter counts. */
  takenOut: Uint8Array | null;
  /** The return area for the card, the last that is written; null = the card is left alone. */
  returnArea: Uint8Array | null;
}

export const pageOfMeter = ({ layout = "open-b" }: MeterRow): Page => pages[layout];

function notOurs(meter: MeterRow, image: Uint8Array, page: Page, identity: IdentityArea | null): NotOurs | null {
  if (identity === null) return claims(image, page) ? "badIdentity" : "foreign";
  if (identity.unit !== meter.unit) return "otherUnit";
  if (identity.role === "tool") return "toolCard";
  const bound = meter.boundTo;
  if (bound === null) return null;
  if (bound.areaCode !== identity.areaCode || bound.cardNumber !== identity.cardNumber) return "otherAccount";
  return identity.replacement < meter.replacement ? "oldCard" : null;
}

/** A meter that is bound to nobody takes number and total over from the card's return area. */
function bind(meter: MeterRow, image: Uint8Array, page: Page, identity: IdentityArea): MeterRow {
  const { areaCode, cardNumber, replacement } = identity;
  if (meter.boundTo !== null) return replacement > meter.replacement ? { ...meter, replacement } : meter;
  const returned = readReturn(image, page);
  return {
    ...meter,
    boundTo: { areaCode, cardNumber },
    replacement,
    count: returned?.acceptedCount ?? 0,
    totalCredited: returned?.totalCredited ?? 0,
  };
}

/** What of the card the meter keeps for later: its price, where it prices by itself, and the limits. */
function settings(meter: MeterRow, image: Uint8Array, page: Page): MeterRow {
  const parameters = readParameters(image, page);
  const price = meter.unit === "money" ? readPrice(image, page) : null;
  return {
    ...meter,
    ...(parameters && { limits: { alarm: parameters.alarm, overdraft: parameters.overdraft } }),
    ...(price !== null && price !== "none" && { price }),
  };
}

function judge(meter: MeterRow, image: Uint8Array, page: Page): MeterVerdict {
  const parameters = readParameters(image, page);
  const purchase = readPurchase(image, page);
  if (parameters === null || purchase === null) return { kind: "refused", errorCode: 1, reason: "badPurchase" };
  const { count } = purchase;
  const ceiling = parameters.meterCeiling;
  const take = (amount: number): MeterVerdict =>
    amount > 0 && ceiling !== 0 && meter.remaining + amount > ceiling
      ? { kind: "refused", errorCode: 3, reason: "aboveCeiling" }
      : { kind: "credited", amount, count };
  switch (page.cardClass) {
    case "A": {
      const missing = (purchase.total ?? 0) - meter.totalCredited;
      if (missing === 0) return { kind: "alreadyTaken", count };
      return missing > 0 ? take(missing) : { kind: "refused", errorCode: 2, reason: "belowTotal" };
    }
    case "B":
      if (count === meter.count) return { kind: "alreadyTaken", count };
      return count === meter.count + 1
        ? take(purchase.amount)
        : { kind: "refused", errorCode: 2, reason: "wrongCount" };
    case "C":
      return purchase.amount === 0 ? { kind: "alreadyTaken", count } : take(purchase.amount);
  }
}

function counted(meter: MeterRow, verdict: MeterVerdict, { cardClass }: Page): MeterRow {
  if (verdict.kind === "credited") {
    const remaining = meter.remaining + verdict.amount;
    const totalCredited = meter.totalCredited + verdict.amount;
    return { ...meter, count: verdict.count, totalCredited, remaining };
  }
  // A cumulative meter repeats the card's number even where the total says that nothing is new (a refund).
  return verdict.kind === "alreadyTaken" && cardClass === "A" ? { ...meter, count: verdict.count } : meter;
}

/** Open as long as the meter may go further down. A meter that came closed stays so until there is something in it. */
export function withValve(meter: MeterRow): MeterRow {
  const overdraft = meter.limits?.overdraft ?? 0;
  if (meter.remaining <= -overdraft)
    return meter.valve === "closed" ? meter : { ...meter, valve: "closed", closedBy: "empty" };
  if (meter.valve === "open" && meter.closedBy === undefined) return meter;
  const { closedBy: _, ...rest } = meter;
  return { ...rest, valve: "open" };
}

/** The meter with a card of these bytes in it. */
export function takeCard(meter: MeterRow, image: Uint8Array): MeterOutcome {
  const page = pageOfMeter(meter);
  const identity = readIdentity(image, page);
  const stranger = notOurs(meter, image, page, identity);
  if (stranger !== null || identity === null) {
    const verdict = { kind: "notOurs", reason: stranger ?? "badIdentity" } as const;
    return { meter, uncredited: meter, verdict, takenOut: null, returnArea: null };
  }
  const uncredited = withValve(settings(bind(meter, image, page, identity), image, page));
  const verdict = judge(uncredited, image, page);
  const next = withValve(counted(uncredited, verdict, page));
  return {
    meter: next,
    uncredited,
    verdict,
    takenOut: page.cardClass === "C" && verdict.kind === "credited" ? amountTakenOut(image, page) : null,
    returnArea: writeReturn({
      valveClosed: next.valve === "closed",
      batteryLow: next.batteryLow,
      errorCode: verdict.kind === "refused" ? verdict.errorCode : 0,
      registerL: next.registerL,
      totalCredited: next.totalCredited,
      remaining: next.remaining,
      acceptedCount: next.count,
    }),
  };
}

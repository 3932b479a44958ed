/**
 * What a meter that prices by itself is to be told (I9: by the tariff in force at the write, whenever the purchase was
 * confirmed): one price, and the next with its day. A table of several steps can't stand on a card that has room for one
 * price: such a meter keeps the table it was set up with.
 */
import { addDays, dayAtStart, dayOf } from "../calendar.ts";
import type { Day, Instant, PriceE4 } from "../units.ts";
import type { TariffVersion } from "./types.ts";
import { versionInForce } from "./version.ts";

export interface MeterPrice {
  nowE4: PriceE4;
  /** From the beginning of that day on. */
  next: null | { priceE4: PriceE4; from: Day };
}

/** null: nothing that one price can say is in force. */
export function meterPriceAt(versions: readonly TariffVersion[], at: Instant): MeterPrice | null {
  const inForce = versionInForce(versions, at);
  const nowE4 = inForce === null ? null : singlePrice(inForce);
  if (nowE4 === null) return null;
  const later = versions.filter(({ effectiveFrom }) => effectiveFrom > at).map(({ effectiveFrom }) => effectiveFrom);
  if (later.length === 0) return { nowE4, next: null };
  const changesAt = Math.min(...later);
  const change = versionInForce(versions, changesAt);
  const priceE4 = change === null ? null : singlePrice(change);
  const next = priceE4 === null || priceE4 === nowE4 ? null : { priceE4, from: firstWholeDay(changesAt) };
  return { nowE4, next };
}

/** The price that a meter which was told this charges on that day. */
export const priceOn = ({ nowE4, next }: MeterPrice, day: Day): PriceE4 =>
  next !== null && next.from <= day ? next.priceE4 : nowE4;

function singlePrice({ pricing }: TariffVersion): PriceE4 | null {
  if (pricing.kind !== "meter" || pricing.tableE4.length !== 1) return null;
  return pricing.tableE4[0]?.priceE4 ?? null;
}

/** A meter knows days only: a price of an afternoon is charged from the next midnight on, never before it is in force. */
function firstWholeDay(at: Instant): Day {
  const day = dayOf(at);
  return dayAtStart(day) === at ? day : addDays(day, 1);
}

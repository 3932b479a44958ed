/**
 * Gas through a meter: litres onto the register, and off what remains litres or, where the meter prices by itself, fen at
 * the price it has. It never lets through what nobody paid for: at the end of credit and overdraft the valve closes.
 * Integer arithmetic throughout; what is not a whole litre or a whole fen yet is carried on.
 */
import type { MeterRow } from "../state/rows.ts";
import { withValve } from "./meter.ts";

/** What a meter that prices by itself charges before any card told it: 2.53 yuan per m³. */
const factoryPriceE4 = 25_300;
/** 1/100 000 fen in a fen: litres times 1/10 000 yuan per m³ comes to these. */
const e5PerFen = 100_000;
const msPerHour = 3_600_000;
/** Days of the price change begin at midnight in China, all year. */
const chinaAheadMs = 8 * msPerHour;

export interface Burnt {
  meter: MeterRow;
  /** What went through before the valve closed, if it did. */
  volumeL: number;
}

export const priceE4Of = ({ price }: MeterRow): number => price?.nowE4 ?? factoryPriceE4;

/** Up to `volumeL` at today's price. */
export function burn(meter: MeterRow, volumeL: number): Burnt {
  if (meter.valve === "closed" || volumeL === 0) return { meter, volumeL: 0 };
  const available = meter.remaining + (meter.limits?.overdraft ?? 0);
  const { most, taken, restE5 } =
    meter.unit === "volume" ? byVolume(available, volumeL) : byMoney(meter, available, volumeL);
  const burnt = Math.min(most, volumeL);
  const next = withValve({
    ...meter,
    registerL: meter.registerL + burnt,
    remaining: meter.remaining - taken,
    ...(restE5 === null ? {} : { unchargedE5: restE5 }),
  });
  // Money left that doesn't pay another litre ends it too.
  const closed = burnt < volumeL || next.valve === "closed";
  return { meter: closed ? { ...next, valve: "closed", closedBy: "empty" } : next, volumeL: burnt };
}

interface Charge {
  /** Litres that can be paid. */
  most: number;
  taken: number;
  restE5: number | null;
}

function byVolume(available: number, volumeL: number): Charge {
  const most = Math.max(0, available);
  return { most, taken: Math.min(most, volumeL), restE5: null };
}

function byMoney(meter: MeterRow, available: number, volumeL: number): Charge {
  const [price, rest] = [priceE4Of(meter), meter.unchargedE5 ?? 0];
  const payableE5 = Math.max(0, available + 1) * e5PerFen - 1 - rest;
  const most = price === 0 ? volumeL : Math.max(0, Math.floor(payableE5 / price));
  const owedE5 = rest + Math.min(most, volumeL) * price;
  const taken = Math.floor(owedE5 / e5PerFen);
  return { most, taken, restE5: owedE5 - taken * e5PerFen };
}

/** The first instant of a day, "YYYY-MM-DD". */
const midnight = (day: string): number => Date.parse(`${day}T00:00:00Z`) - chinaAheadMs;

/** The meter as it is at `nowMs`: burnt at its rate since it was last looked at, each day at that day's price. */
export function advance(meter: MeterRow, nowMs: number): MeterRow {
  const next = meter.price?.next ?? null;
  if (next !== null && nowMs >= midnight(next.from)) {
    const before = burnUntil(meter, Math.max(midnight(next.from), meter.burnt?.untilMs ?? 0));
    return advance({ ...before, price: { nowE4: next.priceE4, next: null } }, nowMs);
  }
  return burnUntil(meter, nowMs);
}

function burnUntil(meter: MeterRow, untilMs: number): MeterRow {
  const { rateLPerHour = 0, burnt } = meter;
  if (burnt === undefined || rateLPerHour === 0 || untilMs <= burnt.untilMs) return meter;
  const owed = burnt.restLMs + (untilMs - burnt.untilMs) * rateLPerHour;
  const volumeL = Math.floor(owed / msPerHour);
  const through = burn(meter, volumeL).meter;
  // What a closed valve kept back is not burnt later.
  const restLMs = through.valve === "closed" ? 0 : owed - volumeL * msPerHour;
  return { ...through, burnt: { untilMs, restLMs } };
}

/** The same meter with another rate from `nowMs` on; 0 turns everything off. */
export function withRate(meter: MeterRow, rateLPerHour: number, nowMs: number): MeterRow {
  return { ...advance(meter, nowMs), rateLPerHour, burnt: { untilMs: nowMs, restLMs: 0 } };
}

/** Warns when what remains is at or below the alarm of its card; 0 = never. */
export function isWarning({ limits, remaining }: MeterRow): boolean {
  const alarm = limits?.alarm ?? 0;
  return alarm > 0 && remaining <= alarm;
}

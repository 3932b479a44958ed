/**
 * The product's own share of what a customer waits for: from the card put in to the account screen, and from paid to
 * written, each without the time the card's own wire took. Kept small: the last samples only.
 */
import type { CardReader } from "@citygas/devices";
import type { StageName } from "./flow/types.ts";

export interface Summary {
  count: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}
export interface Metrics {
  /** Each over the newest samples, at most `keep`. */
  cardToAccount: Summary;
  paidToWritten: Summary;
}

const keep = 4_096;

export interface Stopwatch {
  /** The reader whose calls are counted as wire time. */
  reader(reader: CardReader): CardReader;
  inserted(): void;
  moved(from: StageName, to: StageName): void;
  metrics(): Metrics;
}

export function stopwatch(nowMs: () => number): Stopwatch {
  let wireMs = 0;
  let reading: { at: number; wireMs: number } | null = null;
  let writing: { at: number; wireMs: number } | null = null;
  const cardToAccount: number[] = [];
  const paidToWritten: number[] = [];
  const start = () => ({ at: nowMs(), wireMs });
  const record = (samples: number[], since: { at: number; wireMs: number } | null): null => {
    if (since !== null) samples.push(Math.max(0, nowMs() - since.at - (wireMs - since.wireMs)));
    if (samples.length > keep) samples.shift();
    return null;
  };
  const timed = async <T>(call: Promise<T>): Promise<T> => {
    const at = nowMs();
    try {
      return await call;
    } finally {
      wireMs += nowMs() - at;
    }
  };
  return {
    reader: ({ rekey, erase, transmit, ...reader }) => ({
      subscribe: (listener) => reader.subscribe(listener),
      select: (id, chip) => timed(reader.select(id, chip)),
      read: (id, offset, length) => timed(reader.read(id, offset, length)),
      counter: (id) => timed(reader.counter(id)),
      present: (id, secret) => timed(reader.present(id, secret)),
      write: (id, offset, data) => timed(reader.write(id, offset, data)),
      ...(rekey && { rekey: (id, secret) => timed(rekey(id, secret)) }),
      ...(erase && { erase: (id, offset, key) => timed(erase(id, offset, key)) }),
      ...(transmit && { transmit: (id, apdu) => timed(transmit(id, apdu)) }),
      close: () => reader.close(),
    }),
    inserted: () => {
      reading = start();
    },
    moved: (from, to) => {
      if (to === "account" && from === "reading") reading = record(cardToAccount, reading);
      else if (to === "writing") writing = from === "reading" ? null : start();
      else if (from === "writing" && to === "success") writing = record(paidToWritten, writing);
      else if (from === "writing") writing = null;
    },
    metrics: () => ({ cardToAccount: summary(cardToAccount), paidToWritten: summary(paidToWritten) }),
  };
}

function summary(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
    return Math.round(value * 100) / 100;
  };
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

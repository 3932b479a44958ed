/** What a reader counts while it reads: sums per kind, lines that stand twice, and batches that are handed on. */
import { shown } from "./readFields.ts";
import { type BillLine, type BillLineKind, type BillProblem, type BillSums, readLimits } from "./readTypes.ts";

export interface Tally {
  readonly lines: number;
  readonly feeFen: number;
  sums(): BillSums;
  /**
   * Takes the line that stands at `line` of the file; its kind, `key` and `more` name it. A problem: too many, or there
   * before.
   */
  add(line: number, billLine: BillLine, key: string, more?: string | null): BillProblem | null;
  /** Hands on what has been collected, when that is a batch's worth or `all` is asked for. */
  flush(all: boolean): Promise<void>;
}

export function newTally(take: (batch: BillLine[]) => Promise<void>): Tally {
  const counts: Record<BillLineKind, { count: number; amountFen: number }> = {
    payment: { count: 0, amountFen: 0 },
    refund: { count: 0, amountFen: 0 },
    reversed: { count: 0, amountFen: 0 },
    fee: { count: 0, amountFen: 0 },
    payout: { count: 0, amountFen: 0 },
    other: { count: 0, amountFen: 0 },
  };
  const seen = fingerprints();
  const orders = fingerprints();
  let batch: BillLine[] = [];
  let lines = 0;
  let feeFen = 0;
  return {
    get lines() {
      return lines;
    },
    get feeFen() {
      return feeFen;
    },
    sums: () => counts,
    add(line, billLine, key, more = null) {
      if (lines >= readLimits.lines) return { kind: "tooLarge", what: "lines" };
      if (!seen.add(billLine.kind, key, more)) return { kind: "lineTwice", line };
      lines += 1;
      feeFen += billLine.feeFen;
      const sum = counts[billLine.kind];
      sum.count += 1;
      sum.amountFen += billLine.amountFen;
      if (!Number.isSafeInteger(sum.amountFen)) return { kind: "value", line, column: "amount" };
      const { kind, outTradeNo, refundNo } = billLine;
      const repeated = outTradeNo !== null && !orders.add(kind, outTradeNo, refundNo);
      batch.push(repeated ? { ...billLine, repeated } : billLine);
      return null;
    },
    async flush(all) {
      while (batch.length >= readLimits.batchLines || (all && batch.length > 0)) {
        const full = batch.length > readLimits.batchLines ? batch.splice(0, readLimits.batchLines) : batch;
        if (full === batch) batch = [];
        await take(full);
      }
    },
  };
}

/**
 * A set of texts of which only 64-bit fingerprints are kept: 16 bytes per line instead of a hundred. Two different lines
 * of a file of a million share one once in forty million files.
 */
export function fingerprints(): { add(first: string, second?: string, third?: string | null): boolean } {
  let slots = 1 << 12;
  // The two halves of a fingerprint side by side; an empty slot is 0, 0.
  let table = new Int32Array(2 * slots);
  let used = 0;

  const put = (a: number, b: number): boolean => {
    let at = (a ^ Math.imul(b, 0x9e37_79b1)) & (slots - 1);
    while (table[2 * at] !== 0 || table[2 * at + 1] !== 0) {
      if (table[2 * at] === a && table[2 * at + 1] === b) return false;
      at = (at + 1) & (slots - 1);
    }
    table[2 * at] = a;
    table[2 * at + 1] = b;
    used += 1;
    return true;
  };
  const grow = (): void => {
    const old = table;
    slots *= 2;
    table = new Int32Array(2 * slots);
    used = 0;
    for (let i = 0; i < old.length; i += 2) {
      const a = old[i] ?? 0;
      const b = old[i + 1] ?? 0;
      if (a !== 0 || b !== 0) put(a, b);
    }
  };
  return {
    add(first, second = "", third = null) {
      if (used * 2 >= slots) grow();
      let a = 0x6a09_e667 | 0;
      let b = 0xbb67_ae85 | 0;
      // Apart, not joined: a million joined texts would be made only to be thrown away.
      for (let part = 0; part < 3; part++) {
        const text = part === 0 ? first : part === 1 ? second : (third ?? "");
        // Two of its 16-bit units at a time; at the end what is left over, and that it ends.
        for (let i = 0; i <= text.length; i += 2) {
          const units =
            i + 1 < text.length
              ? text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)
              : (i < text.length ? text.charCodeAt(i) : 0x2_0000) | 0x1_0000;
          a = Math.imul(a ^ units, 0x85eb_ca6b);
          b = Math.imul(b ^ units, 0xc2b2_ae35);
          a = (a << 13) | (a >>> 19);
          b = (b << 17) | (b >>> 15);
        }
      }
      a = Math.imul(a ^ (b >>> 16), 0x27d4_eb2f);
      b = Math.imul(b ^ (a >>> 13), 0x1656_67b1);
      a ^= b >>> 15;
      // Both zero would be an empty slot.
      return put(a, a === 0 && b === 0 ? 1 : b);
    },
  };
}

/** Compares what a file says of itself with what was read. */
export function sumProblem(of: string, said: number | null, counted: number, saidText: string): BillProblem | null {
  return said === counted ? null : { kind: "sum", of, said: shown(saidText), counted: String(counted) };
}

/** Damaged journals: what is read back is a true beginning of what was written, or the damage is said. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { encodeLine, type JournalEntry, parseJournal } from "./journal.ts";

const entries: JournalEntry[] = [
  { kind: "purchaseOpened", at: 1, purchaseId: "u1", number: "3K7-0192" },
  { kind: "codeSending", at: 2, purchaseId: "u1", key: "k1" },
  { kind: "scriptStarting", at: 2, scriptId: "w1", sessionId: "s1", powerUpId: "p1" },
  { kind: "report", at: 3, sessionId: "s1", report: { scriptId: "w1", powerUpId: "p1", results: [{ step: 0 }] } },
  { kind: "purchaseClosed", at: 5, purchaseId: "u1" },
];
const lines = entries.map(encodeLine);
const whole = Buffer.concat(lines);
const texts = entries.map((entry) => JSON.stringify(entry));
const ends = lines.map((_, i) => lines.slice(0, i + 1).reduce((sum, line) => sum + line.length, 0));

const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x0a, 0x20, 0x30));
const damage = fc.oneof(
  fc.record({ do: fc.constant("set"), at: fc.nat(whole.length), with: fc.array(byte, { minLength: 1, maxLength: 3 }) }),
  fc.record({ do: fc.constant("insert"), at: fc.nat(whole.length), with: fc.array(byte, { maxLength: 12 }) }),
  fc.record({ do: fc.constant("cut"), at: fc.nat(whole.length), with: fc.constant<number[]>([]) }),
);

test("a damaged journal gives a beginning of the true one, or throws; it never gives an entry nobody wrote", () => {
  const seen = { whole: 0, less: 0, threw: 0 };
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (list) => {
      let content = whole;
      for (const { do: what, at, with: bytes } of list) {
        const behind = what === "cut" ? content.length : what === "set" ? at + bytes.length : at;
        content = Buffer.concat([content.subarray(0, at), Buffer.from(bytes), content.subarray(behind)]);
      }
      let parsed: ReturnType<typeof parseJournal>;
      try {
        parsed = parseJournal(content);
      } catch (error) {
        seen.threw += 1;
        if (!(error instanceof Error) || !error.message.startsWith("journal: damaged line at byte ")) throw error;
        return;
      }
      const count = parsed.entries.length;
      seen[count === entries.length ? "whole" : "less"] += 1;
      for (const [i, entry] of parsed.entries.entries())
        if (JSON.stringify(entry) !== texts[i]) throw new Error(`entry ${i} is not the one written`);
      if (parsed.goodBytes !== (ends[count - 1] ?? 0)) throw new Error(`good bytes ${parsed.goodBytes}`);
      if (content.subarray(0, parsed.goodBytes).compare(whole, 0, parsed.goodBytes) !== 0)
        throw new Error("keeps bytes that nobody wrote");
    }),
    { numRuns: inject("long") ? 1_000_000 : 5_000 },
  );
  expect(Math.min(seen.whole, seen.less, seen.threw)).toBeGreaterThan(0);
});

/** Noise made of command beginnings: the printer never throws, and how the bytes are cut into packets never matters. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { EscPosPrinter } from "./escpos-printer.ts";

/** Beginnings of known commands, text in both widths, line ends; arguments are what happens to follow. */
const beginnings = [
  ...["\x1b@", "\x1b!", "\x1ba", "\x1bd", "\x1bE", "\x1bJ", "\x1b$", "\x1bD", "\x1bp", "\x1bt", "\x1c&", "\x1c."],
  ...["\x1d!", "\x1dV", "\x1dr\x01", "\x1dv0\x00\x01\x00", "\x1d(k", "\x1d(k\x03\x001Q0", "\x1dk", "\x1d8L", "\x1dW"],
  ...["\x10\x04\x01", "\x10\x04\x04", "\x1b\x7f", "\n", "\r\n", "\t", "abc", "\xb0\xa1", "\xb0", "\x80", "\xff"],
].map((text) => [...Buffer.from(text, "latin1")]);
const part = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...beginnings) },
  fc.array(fc.oneof(fc.nat(4), fc.nat(255)), { minLength: 1, maxLength: 4 }),
);
const job = fc.array(part, { maxLength: 14 }).map((parts) => Buffer.from(parts.flat()));

interface Seen {
  paper: string[];
  answers: number[];
}

function printed(paper: "full" | "out", packets: readonly Buffer[]): Seen {
  const seen: Seen = { paper: [], answers: [] };
  const printer = new EscPosPrinter(
    {
      answer: (bytes) => seen.answers.push(...bytes),
      line: (line) => seen.paper.push(JSON.stringify(line)),
      cut: () => seen.paper.push("cut"),
      ranOut: () => seen.paper.push("ranOut"),
      note: () => undefined,
    },
    paper,
  );
  for (const packet of packets) printer.receive(packet);
  return seen;
}

test("paper and answers are the same however the bytes are cut", () => {
  let lines = 0;
  fc.assert(
    fc.property(job, fc.nat(60), (bytes, cut) => {
      const whole = printed("full", [bytes]);
      const parts = printed("full", [bytes.subarray(0, cut), bytes.subarray(cut)]);
      lines += whole.paper.length;
      if (whole.paper.join() !== parts.paper.join()) throw new Error("another paper");
      if (whole.answers.join() !== parts.answers.join()) throw new Error("other answers");
      if (whole.answers.length > bytes.length) throw new Error("more answers than bytes");
    }),
    { numRuns: inject("long") ? 300_000 : 3_000 },
  );
  expect(lines).toBeGreaterThan(0);
});

test("without paper it prints nothing and answers one byte to each question at most", () => {
  fc.assert(
    fc.property(job, (bytes) => {
      const { paper, answers } = printed("out", [bytes]);
      if (paper.length > 0) throw new Error("printed on air");
      if (answers.length > bytes.filter((byte) => byte === 0x10).length) throw new Error("answers nobody asked for");
    }),
    { numRuns: inject("long") ? 300_000 : 3_000 },
  );
});

/** Whatever bytes a device sends: nothing throws, nothing grows without end, and nothing is made of nonsense. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { acsAnswers } from "./acsDialect.ts";
import { isOrderedAnswer, isRealTimeAnswer, paperState } from "./escposStatus.ts";
import { symbolReader } from "./symbolReader.ts";
import { parseLine } from "./virtualReader.ts";

const numRuns = inject("long") ? 1_000_000 : 5_000;
const byte = fc.nat(255);

test("scanner: the same symbols however noise is cut, none with a line end or a blank around it", () => {
  const noise = fc.array(fc.oneof(fc.constantFrom(0x0d, 0x0a, 0x20, 0x31, 0x32), byte), { maxLength: 40 });
  fc.assert(
    fc.property(noise, fc.nat(40), (bytes, cut) => {
      const [whole, parts] = [symbolReader(() => 0), symbolReader(() => 0)];
      const all = whole.push(Uint8Array.from(bytes));
      const cuts = [
        ...parts.push(Uint8Array.from(bytes.slice(0, cut))),
        ...parts.push(Uint8Array.from(bytes.slice(cut))),
      ];
      if (all.join("\r") !== cuts.join("\r")) throw new Error("a cut changed the symbols");
      for (const code of all) if (code === "" || /[\r]/.test(code)) throw new Error(`symbol ${JSON.stringify(code)}`);
      if (all.length > bytes.filter((each) => each === 0x0d).length) throw new Error("more symbols than line ends");
    }),
    { numRuns },
  );
});

test("reader: an answer counts only with its status word and its length", () => {
  const statusWord = fc.constantFrom([0x90, 0x00], [0x90, 0x07], [0x90, 0x03], [0x63, 0x00], [0x6d, 0x00]);
  const response = fc
    .tuple(fc.array(byte, { maxLength: 8 }), fc.oneof(statusWord, fc.array(byte, { maxLength: 2 })))
    .map(([data, end]) => Uint8Array.from([...data, ...end]));
  fc.assert(
    fc.property(response, fc.integer({ min: 1, max: 8 }), (bytes, length) => {
      const good = bytes.at(-2) === 0x90 && bytes.at(-1) === 0x00;
      if (acsAnswers.done(bytes).ok !== (good && bytes.length === 2)) throw new Error("done");
      const read = acsAnswers.read(bytes, length);
      if (read.ok !== (good && bytes.length === length + 2)) throw new Error("read");
      if (read.ok && read.value.some((each, i) => each !== bytes[i])) throw new Error("other bytes than were sent");
      if (acsAnswers.counter(bytes).ok && !(good && bytes.length === 6)) throw new Error("counter");
      const isFull = bytes.length === 2 && bytes[0] === 0x90 && bytes[1] === 0x07;
      if (acsAnswers.present(bytes).ok !== isFull) throw new Error("a secret was taken for right");
    }),
    { numRuns },
  );
});

test("reader: a line is a state, an answer, or nothing", () => {
  const odd = fc.oneof(
    fc.constantFrom(null, "removed", "9000", "90 00", "900", {}, [], true),
    fc.integer(),
    fc.string(),
  );
  const line = fc.oneof(
    fc.string(),
    fc
      .record(
        { event: fc.oneof(fc.constant("state"), odd), card: odd, id: odd, response: odd, error: odd },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
    fc
      .record({ insertion: odd, atr: odd }, { requiredKeys: [] })
      .map((card) => JSON.stringify({ event: "state", card })),
    fc
      .array(fc.constantFrom("{", "}", '"id"', ":", ",", "[", "1", "null", '"event"', '"state"'))
      .map((list) => list.join("")),
  );
  const kinds = new Set<string>();
  fc.assert(
    fc.property(line, (text) => {
      const message = parseLine(text);
      kinds.add(message?.kind ?? "nothing");
      if (message?.kind === "state" && message.card !== null) {
        const { insertion, atr } = message.card;
        if (typeof insertion !== "number" || (atr !== null && typeof atr !== "string")) throw new Error("no state");
      }
      if (message?.kind === "answer" && message.response.ok) {
        const hex = Buffer.from(message.response.value).toString("hex");
        if (!text.toLowerCase().includes(`"${hex}"`)) throw new Error("other bytes than were sent");
      }
    }),
    { numRuns },
  );
  expect([...kinds].sort()).toEqual(["answer", "nothing", "state"]);
});

test("printer: every answer byte has one meaning, and paper is never said to be there against a byte that denies it", () => {
  const heard = fc.option(byte);
  fc.assert(
    fc.property(heard, heard, heard, (printer, cause, paper) => {
      const state = paperState({ printer, cause, paper });
      const there = state === "full" || state === "low";
      if (there && (printer === null || paper === null)) throw new Error("from silence");
      if (there && (((paper ?? 0) & 0x60) !== 0 || ((printer ?? 0) & 0x08) !== 0)) throw new Error("against a byte");
    }),
    { numRuns },
  );
  for (let each = 0; each < 256; each++) expect(isRealTimeAnswer(each) && isOrderedAnswer(each)).toBe(false);
});

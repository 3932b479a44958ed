/** Whatever bytes a device sends: nothing throws, nothing grows without end, and nothing is made of nonsense. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { reversedByte } from "./dialect/bitReversed.ts";
import type { Conversation } from "./dialect/conversation.ts";
import { dialects } from "./dialect/dialects.ts";
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

test("reader: whatever it answers, nothing throws, and a secret is right only with all tries back", () => {
  const statusWord = fc.constantFrom(
    [0x90, 0x00],
    [0x90, 0x07],
    [0x90, 0xff],
    [0x63, 0xc1],
    [0x61, 0x02],
    [0x6d, 0x00],
  );
  const answer = fc
    .tuple(fc.oneof(fc.array(byte, { maxLength: 8 }), fc.constant([0xbd, 0x03, 0xa0, 0x01, 0x07])), statusWord)
    .map(([data, end]) => Uint8Array.from([...data, ...end]));
  const answers = fc.array(fc.oneof(answer, fc.uint8Array({ maxLength: 2 })), { minLength: 6, maxLength: 6 });
  const kinds = Object.entries(dialects).flatMap(([name, { chips }]) =>
    Object.entries(chips).map(([kind, chip]) => {
      const turned = name.endsWith("-reversed") && kind === "at88sc102";
      return { chip, asSent: turned ? reversedByte : (each: number) => each };
    }),
  );
  /** What it came to, and the last answer it was given. */
  const held = <T>(conversation: Conversation<T>, given: Uint8Array[]) => {
    let turn = conversation.next();
    let at = 0;
    for (; turn.done !== true; at++) turn = conversation.next(given[at] ?? new Uint8Array(0));
    return { outcome: turn.value, last: given[at - 1] ?? new Uint8Array(0), first: given[0] ?? new Uint8Array(0) };
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      answers,
      fc.integer({ min: 1, max: 8 }),
      ({ chip, asSent }, given, length) => {
        const read = held(chip.read(0, length), given);
        if (read.outcome.ok && read.outcome.value.some((each, i) => asSent(each) !== read.last[i]))
          throw new Error("other bytes");
        if (read.outcome.ok && read.outcome.value.length !== length) throw new Error("another length");
        const written = held(chip.write(0, new Uint8Array(length)), given);
        if (written.outcome.ok && Buffer.from(written.last).toString("hex") !== "9000") throw new Error("written");
        for (const bytes of [2, 3]) {
          const present = chip.present;
          if (present === undefined) continue;
          const conversation = attempt(() => present(new Uint8Array(bytes)));
          const shown = conversation === null ? null : attempt(() => held(conversation, given));
          if (shown?.outcome.ok !== true) continue;
          const full = bytes === 3 ? 0x07 : 0xff;
          if (shown.outcome.value !== full) throw new Error("a secret was taken for right");
          if (shown.first.at(-2) !== 0x90) throw new Error("refused, and taken for right");
        }
      },
    ),
    { numRuns },
  );
});

/** null: the secret is of another chip's length. */
function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

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

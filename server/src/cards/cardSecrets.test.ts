import type { CardSecret, IssuedScript } from "@citygas/core";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { type LastTry, type SecretUse, secretUse } from "./cardSecrets.ts";

const tried = (secret: SecretUse, over: Partial<LastTry> = {}): LastTry => {
  const script: IssuedScript = {
    id: "s",
    kind: "sale",
    terminalId: "t",
    powerUpId: "p",
    seq: 1,
    before: "aa",
    after: "bb",
    issuedAt: 1,
    deadlineAt: 2,
    secret,
  };
  return { script, wasWrong: false, stoppedBefore: false, ...over };
};
const known: CardSecret = { version: 4, pending: null, onPhone: false };
const torn: CardSecret = { ...known, pending: 5 };
const change = { presents: 4, changesTo: 5 };

test("nothing pending: the secret that is known, and the next one where one is wanted", () => {
  expect(secretUse(known, null, true, false)).toEqual({ presents: 4, changesTo: null });
  expect(secretUse(known, null, true, true)).toEqual(change);
  expect(secretUse(known, tried(change), true, true)).toEqual(change);
});

test("in question: the new one first, and no third one", () => {
  expect(secretUse(torn, tried(change), true, true)).toEqual({ presents: 5, changesTo: null });
  expect(secretUse(torn, null, true, false)).toEqual({ presents: 5, changesTo: null });
});

test("after a wrong one the other one, to and fro", () => {
  const first = secretUse(torn, tried({ presents: 5, changesTo: null }, { wasWrong: true }), false, true);
  expect(first).toEqual(change);
  expect(secretUse(torn, tried(first, { wasWrong: true }), false, true).presents).toBe(5);
});

test("a script that stopped before the change left the old one there", () => {
  expect(secretUse(torn, tried(change, { stoppedBefore: true }), true, true)).toEqual(change);
  // This one had nothing to change.
  expect(secretUse(torn, tried({ presents: 5, changesTo: null }, { stoppedBefore: true }), true, true).presents).toBe(
    5,
  );
});

test("a missing try that nobody reported: the same one again", () => {
  expect(secretUse(torn, tried({ presents: 5, changesTo: null }), false, true).presents).toBe(5);
  expect(secretUse(torn, tried(change), false, true).presents).toBe(4);
  expect(secretUse(torn, null, false, true).presents).toBe(4);
});

/** Where a script ends. `silent`: and its terminal never said so. */
type Cut = { at: "read" | "changeOld" | "changeNew" | "write" | "done"; silent: boolean };

test("wherever it is torn, over and over: no two wrong tries, and card, chip and books agree in the end", () => {
  const cut = fc.record({
    at: fc.constantFrom("read" as const, "changeOld" as const, "changeNew" as const, "write" as const, "done" as const),
    silent: fc.boolean(),
  });
  const calm: Cut = { at: "done", silent: false };
  fc.assert(
    fc.property(fc.array(cut, { maxLength: 12 }), (cuts) => {
      let chip = 0;
      let counterFull = true;
      let card: CardSecret = { version: 0, pending: null, onPhone: false };
      let last: LastTry | null = null;
      for (const { at, silent } of [...cuts, calm, calm]) {
        const use = secretUse(card, last, counterFull, true);
        card = { ...card, pending: use.changesTo ?? card.pending };
        if (at === "read") {
          last = tried(use, { stoppedBefore: !silent });
          continue;
        }
        if (use.presents !== chip) {
          if (!counterFull) throw new Error("two wrong tries");
          counterFull = false;
          // A wrong secret is told at once, with the card still in: terminals that die just then are not looked at here.
          last = tried(use, { wasWrong: true, stoppedBefore: true });
          continue;
        }
        counterFull = true;
        last = tried(use);
        if (at === "changeOld" && use.changesTo !== null) continue;
        chip = use.changesTo ?? chip;
        if (at !== "done") continue;
        card = { version: use.changesTo ?? use.presents, pending: null, onPhone: false };
        if (card.version !== chip) throw new Error("the books know another secret than the chip");
        last = null;
      }
      expect(last).toBeNull();
      expect(counterFull).toBe(true);
    }),
    { numRuns: inject("long") ? 200_000 : 2_000 },
  );
});

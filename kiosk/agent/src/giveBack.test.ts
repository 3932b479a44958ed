import type { CardReader, ReaderResult } from "@citygas/devices";
import { describe, expect, it } from "vitest";
import * as t from "./flow/testWorld.ts";
import { cardReturn } from "./giveBack.ts";

/** The states of a sale that ends in "take your card", and what a motorised reader is asked on the way. */
function watched(answers: ReaderResult<null>[]) {
  const asked: string[] = [];
  const logs: unknown[] = [];
  const release: CardReader["release"] = async (powerUpId, unproven = "keep") => {
    asked.push(`${powerUpId} ${unproven}`);
    return answers.shift() ?? { ok: true, value: null };
  };
  return { asked, logs, give: cardReturn({ release }, (_event, detail) => logs.push(detail)) };
}
const idle = { ...t.world().state(), config: t.config };
const inside = { powerUpId: "p1", atr: "3b04a2131091", fresh: false };
const take = { ...idle, card: inside, stage: { name: "takeCard", callAt: 0 } } as const;
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("cardReturn", () => {
  it("gives a card back once, when the customer is told to take it", async () => {
    const { give, asked } = watched([]);
    give({ ...idle, card: inside, stage: { name: "insertCard" } });
    expect(asked).toEqual([]);
    give(take);
    give(take);
    await settled();
    expect(asked).toEqual(["p1 keep"]);
    give({ ...take, card: { ...inside, powerUpId: "p2" } });
    expect(asked).toEqual(["p1 keep", "p2 keep"]);
  });

  it("never while a script is on the card", async () => {
    const { give, asked } = watched([]);
    give({ ...take, running: { sessionId: "s", scriptId: "w" } });
    expect(asked).toEqual([]);
    give(take);
    expect(asked).toEqual(["p1 keep"]);
  });

  it("what was not read back is given back all the same, and said", async () => {
    const { give, asked, logs } = watched([{ ok: false, reason: "verifyFailed" }]);
    give(take);
    await settled();
    expect(asked).toEqual(["p1 keep", "p1 giveBack"]);
    expect(logs).toEqual([{ unproven: true, failure: null }]);
  });

  it("a kiosk out of service keeps no card", () => {
    const { give, asked } = watched([]);
    const up = { reader: true, scanner: true, server: true, paired: true };
    give({ ...idle, card: inside, stage: { name: "home" }, up });
    expect(asked).toEqual([]);
    give({ ...idle, card: inside, stage: { name: "home" }, up: { ...up, server: false } });
    expect(asked).toEqual(["p1 keep"]);
  });
});

import { expect, it } from "vitest";
import { readOptions } from "./options.ts";
import { parseReplay, replayOf } from "./replay.ts";

it("reads its words", () => {
  const read = readOptions(["--purchases", "500", "--seed", "9", "--fault", "tornWrite", "--sabotage", "noReadBack"]);
  expect(read).toMatchObject({ ok: true, value: { purchases: 500, seed: 9, fault: "tornWrite", off: [] } });
  const without = readOptions(["--off", "tornWrite", "--off", "clocksSkewed"]);
  expect(without).toMatchObject({ ok: true, value: { fault: null, off: ["tornWrite", "clocksSkewed"] } });
});

it.each([
  [["--purchases", "many"]],
  [["--seed"]],
  [["--fault", "tornWrites"]],
  [["--off", "tornWrites"]],
  [["--fault", "tornWrite", "--off", "tornWrite"]],
  [["--sabotage", "beNice"]],
  [["--speed", "9"]],
])("refuses %s", (words) => {
  expect(readOptions(words).ok).toBe(false);
});

it("reads a replay back, and refuses what is none", () => {
  const replay = { ...replayOf("1/2"), off: ["tornWrite"], often: 4, faults: ["h1 visit 1 skipsMeter 1"] };
  expect(parseReplay(JSON.stringify(replay))).toEqual(replay);
  expect(() => parseReplay('{"seed":"1","off":"tornWrite"}')).toThrow();
  expect(() => parseReplay('{"visits":{}}')).toThrow();
  expect(() => parseReplay('{"seed":"1","fault":"none"}')).toThrow();
});

import { expect, it } from "vitest";
import { type ChunkResult, chunksLeft, nightTable, otherRevisions, parseResults } from "./chunks.ts";

const revision = { code: "0123456789ab", commit: "abc1234", node: "v20.20.2" };
const result = (seed: number): ChunkResult => ({
  seed,
  purchases: 100_000,
  worlds: 2_000,
  violations: 0,
  replay: null,
  faults: { tornWrite: 7 },
  cpuSeconds: 80,
  rssMb: [150, 200],
  ...revision,
});

it("goes on with the chunks that are not in the file, and does a torn line's chunk again", () => {
  const lines = [result(1_000), result(1_002)].map((each) => JSON.stringify(each));
  const done = parseResults(`${lines.join("\n")}\n${JSON.stringify(result(1_003)).slice(0, 40)}`);
  expect(done).toEqual([result(1_000), result(1_002)]);
  expect(chunksLeft(1_000, 4, done)).toEqual([1_001, 1_003]);
});

it("does not add up what other code or another Node has run", () => {
  const done = [result(1), { ...result(2), code: "ba9876543210" }, { ...result(3), node: "v24.1.0" }];
  expect(otherRevisions(done, revision).map(({ seed }) => seed)).toEqual([2, 3]);
  // The code says what ran; the same code under another commit's name is the same.
  expect(otherRevisions([{ ...result(4), commit: "def5678" }], revision)).toEqual([]);
});

it("adds the chunks up", () => {
  const table = nightTable([result(1), result(2), { ...result(3), rssMb: [160, 260] }]);
  expect(table).toContain("300000 purchases in 6000 worlds, seeds 1 to 3: 0 violations");
  expect(table).toContain("1250 purchases per CPU-second");
  expect(table).toContain("in the middle 150 MB, at most 160 MB; at its end: 200 MB, at most 260 MB");
  expect(table).toContain("| `tornWrite` | 21 |");
});

import { expect, it } from "vitest";
import { type ChunkResult, chunksLeft, nightTable, parseResults } from "./chunks.ts";

const result = (seed: number): ChunkResult => ({
  seed,
  purchases: 100_000,
  worlds: 2_000,
  violations: 0,
  faults: { tornWrite: 7 },
  cpuSeconds: 80,
  rssMb: 200,
  node: "v20.20.2",
});

it("goes on with the chunks that are not in the file, and does a torn line's chunk again", () => {
  const lines = [result(1_000), result(1_002)].map((each) => JSON.stringify(each));
  const done = parseResults(`${lines.join("\n")}\n${JSON.stringify(result(1_003)).slice(0, 40)}`);
  expect(done).toEqual([result(1_000), result(1_002)]);
  expect(chunksLeft(1_000, 4, done)).toEqual([1_001, 1_003]);
});

it("adds the chunks up", () => {
  const table = nightTable([result(1), result(2)]);
  expect(table).toContain("200000 purchases in 4000 worlds, seeds 1 to 2, 0 violations");
  expect(table).toContain("| `tornWrite` | 14 |");
});

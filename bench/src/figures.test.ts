import { describe, expect, it } from "vitest";
import { figureLine, rounded, spread } from "./figures.ts";

describe("a figure's line", () => {
  it("carries a ratio only as the headline", () => {
    const figure = { name: "purchase-http", value: 300, unit: "1/s", baseline: 1200, cost: { serverCpuMs: 2.34567 } };
    expect(JSON.parse(figureLine({ ...figure, headline: true }))).toEqual({
      name: "purchase-http",
      value: 300,
      unit: "1/s",
      baseline: 1200,
      ratio: 0.25,
      serverCpuMs: 2.346,
    });
    expect(JSON.parse(figureLine(figure))).not.toHaveProperty("ratio");
    expect(JSON.parse(figureLine({ ...figure, baseline: null, headline: true }))).not.toHaveProperty("ratio");
  });

  it("is not overwritten by a cost of the same name", () => {
    const line = figureLine({ name: "a", value: 1, unit: "ms", baseline: null, cost: { value: 9 } });
    expect(JSON.parse(line)).toMatchObject({ value: 1 });
  });
});

describe("rounding and percentiles", () => {
  it("keeps four digits, and whole numbers whole", () => {
    expect([0.123456, 12.3456, 123_456.7, 0].map(rounded)).toEqual([0.1235, 12.35, 123_457, 0]);
  });

  it("takes the nearest rank", () => {
    expect(spread([3, 1, 2])).toEqual({ count: 3, p50: 2, p99: 3, max: 3 });
    expect(spread(Array.from({ length: 200 }, (_, i) => i + 1))).toEqual({ count: 200, p50: 100, p99: 198, max: 200 });
    expect(spread([])).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
  });
});

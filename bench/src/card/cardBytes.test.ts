import { layouts, openAVolume, openBCpuVolume } from "@citygas/gascard";
import { describe, expect, it } from "vitest";
import { cardBytes } from "./cardBytes.ts";

describe("card-bytes", () => {
  it.each(layouts.map((layout) => [layout.name, layout] as const))(
    "%s writes no byte that stays, outside its commit field",
    (_name, layout) => {
      const { written, fewest, writes, purchases } = cardBytes(layout);
      expect(purchases).toBe(60);
      expect(writes).toBeGreaterThan(0);
      // A CPU card takes in one command all from the first changed byte to the last.
      if (layout.application === null) expect(written).toBeLessThanOrEqual(fewest);
    },
  );

  it("sees a layout that writes what it need not", () => {
    const wasteful = { ...openAVolume, areas: { ...openAVolume.areas, commit: { offset: 80, length: 1 } } };
    expect(cardBytes(wasteful).fewest).toBeLessThan(cardBytes(openAVolume).fewest);
    expect(cardBytes(openBCpuVolume).writes).toBe(60);
  });
});

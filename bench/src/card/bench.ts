import { layouts } from "@citygas/gascard";
import { printFigure } from "../figures.ts";
import { cardBytes } from "./cardBytes.ts";
import { cardOverPcsc } from "./overPcsc.ts";

/** `card-bytes` and its parts, then reads and writes over PC/SC. */
export async function cardBench(): Promise<void> {
  const all = layouts.map(cardBytes);
  for (const { layout, purchases, written, fewest, writes } of all) {
    printFigure({
      name: `card-bytes-${layout}`,
      value: written / purchases,
      unit: "bytes/purchase",
      baseline: fewest / purchases,
      cost: { writes: writes / purchases, purchases },
    });
  }
  const sum = (of: (bytes: (typeof all)[number]) => number): number => all.reduce((total, each) => total + of(each), 0);
  const purchases = sum((each) => each.purchases);
  printFigure({
    name: "card-bytes",
    value: sum(({ written }) => written) / purchases,
    unit: "bytes/purchase",
    baseline: sum(({ fewest }) => fewest) / purchases,
    headline: true,
    cost: { layouts: all.length, purchases },
  });
  await cardOverPcsc();
}

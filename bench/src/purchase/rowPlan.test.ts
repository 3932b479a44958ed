import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowsPerPurchase, spreadOver } from "./rowPlan.ts";

const row = (table: string, inserts: number, updates: number, deletes = 0) => ({ table, inserts, updates, deletes });

describe("rows of a purchase", () => {
  it("is what was added, per purchase, in whole rows", () => {
    const before = [row("card", 8, 4), row("unit", 1, 0)];
    const after = [row("card", 8, 39), row("unit", 1, 0), row("event", 79, 0, 21)];
    expect(rowsPerPurchase(before, after, 10)).toEqual([row("card", 0, 4), row("event", 8, 0, 2)]);
  });

  it("loses none when spread, and keeps inserts before updates before deletes", () => {
    const order = ["insert", "update", "delete"];
    const counts = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(counts, counts, counts, fc.integer({ min: 1, max: 12 }), (inserts, updates, deletes, transitions) => {
        const plan = spreadOver([row("t", inserts, updates, deletes)], transitions);
        const ops = plan.flat().map(({ op }) => order.indexOf(op));
        expect(plan).toHaveLength(transitions);
        expect(ops).toEqual([...ops].sort());
        expect([0, 1, 2].map((op) => ops.filter((each) => each === op).length)).toEqual([inserts, updates, deletes]);
      }),
    );
  });
});

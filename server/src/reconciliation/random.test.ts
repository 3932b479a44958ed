/** Days made at random: what is planted is found in its class, nothing else is, and the sums always explain themselves. */
import { addDays, billDueAt, dayAtStart } from "@citygas/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { dayRow } from "./days.ts";
import { type Books, channel, type Line, openBooks } from "./reconciliation.testkit.ts";

let books: Books;
beforeAll(async () => {
  books = await openBooks();
});
afterAll(async () => {
  await books.close();
  expect(books.errors).toEqual([]);
});

const fates = [
  "agrees",
  "refunded",
  "lateSuccess",
  "reversedBoth",
  "onlyTheirs",
  "endedHere",
  "onlyOurs",
  "otherAmount",
  "reversedThere",
  "paidTwice",
  "strangeRefund",
] as const;
type Fate = (typeof fates)[number];
/** null: nothing to be found. */
const expectedClass: Record<Fate, string | null> = {
  agrees: null,
  refunded: null,
  lateSuccess: null,
  reversedBoth: null,
  onlyTheirs: "long",
  endedHere: "long",
  onlyOurs: "short",
  otherAmount: "amount",
  reversedThere: "state",
  paidTwice: "duplicate",
  strangeRefund: "state",
};

interface Case {
  fate: Fate;
  amountFen: number;
  minute: number;
}

/** Makes both sides of one case. */
async function make(no: string, { fate, amountFen, minute }: Case, day: string): Promise<Line[]> {
  const at = dayAtStart(day) + minute * 60_000;
  const line = (type: Line["type"], more: Partial<Line> = {}): Line =>
    books.line(type, no, { amountFen, at, feeFen: type === "PAY" ? 1 : 0, ...more });
  const sell = (ended = false) =>
    books.sell({ no, amountFen, paidAt: at, ...(ended ? { attemptState: "failed" } : {}) });
  switch (fate) {
    case "agrees":
      await sell();
      return [line("PAY")];
    case "refunded":
      await books.refund(await sell(), at + 1);
      return [line("PAY"), line("REFUND")];
    case "lateSuccess":
      await books.late(await sell(true), at, true);
      return [line("PAY"), line("REFUND", { refundNo: `R${no}` })];
    case "reversedBoth":
      await sell(true);
      return [line("PAY"), line("REVERSED")];
    case "onlyTheirs":
      return [line("PAY")];
    case "endedHere":
      await sell(true);
      return [line("PAY")];
    case "onlyOurs":
      await sell();
      return [];
    case "otherAmount":
      await sell();
      return [line("PAY", { amountFen: amountFen + 1 })];
    case "reversedThere":
      await sell();
      return [line("PAY"), line("REVERSED")];
    case "paidTwice":
      await sell();
      return [line("PAY"), line("PAY", { transactionId: `again ${no}`.replace(" ", "") })];
    case "strangeRefund":
      await sell();
      return [line("PAY"), line("REFUND", { refundNo: `S${no}` })];
  }
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  fate: fc.constantFrom(...fates),
  amountFen: fc.integer({ min: 1, max: 1_000_000 }),
  minute: fc.integer({ min: 0, max: 1_438 }),
});

it("finds what is planted and invents nothing", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyCase, { maxLength: 14 }), async (cases) => {
      runs += 1;
      // Far enough apart that no day is another's neighbour.
      const day = addDays("2020-01-01", runs * 10);
      const lines: Line[] = [];
      for (const [i, each] of cases.entries()) lines.push(...(await make(`N${runs}_${i}`, each, day)));
      books.gateway.trades.set(day, lines);
      books.clock.now = billDueAt(day);
      await books.rc.db.query(
        "insert into reconciliation_day (channel, day, state, next_at) values ($1, $2, 'due', 0) on conflict do nothing",
        [channel, day],
      );
      // Days in between are not what this is about.
      await books.rc.db.query("update reconciliation_day set next_at = null where day <> $1", [day]);
      await books.reconciliation.scheduler.runDue();

      const found = await books.differences(`day = '${day}' and comparison <> 'payout'`);
      expect(found.filter(({ comparison }) => comparison === "ledger")).toEqual([]);
      const open = found.filter(({ comparison, state }) => comparison === "gateway" && state !== "resolved");
      const planted = cases.flatMap(({ fate }, i) => {
        const cls = expectedClass[fate];
        return cls === null ? [] : [`N${runs}_${i} ${cls}`];
      });
      expect(open.map((row) => `${row.out_trade_no} ${row.class}`).sort()).toEqual(planted.sort());
      const figures = (await dayRow(books.rc.db, channel, day))?.figures;
      const leftovers = found.filter(({ comparison, side }) => comparison === "gateway" && side !== "ours").length;
      expect(figures).toMatchObject({ billLines: lines.length, matched: lines.length - leftovers });
      expect((figures?.oursNetFen ?? 0) + (figures?.explainedFen ?? 0)).toBe(figures?.billNetFen);
    }),
    { numRuns: inject("long") ? 400 : 12 },
  );
});

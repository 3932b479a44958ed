import { expect, it } from "vitest";
import { type Money, moneyAstray } from "../money.ts";
import type { World } from "../world.ts";
import { moneySince, toldWrongly } from "./figures.ts";
import { reportOf, summaryOf } from "./report.ts";
import type { ChaosOutcome } from "./run.ts";

const money: Money = {
  gatewayNetFen: 900,
  cashFen: 100,
  deliveredFen: 700,
  balancesFen: -50,
  openFen: 350,
  byPeopleFen: 0,
};

it("finds one fen that is nowhere", () => {
  expect(moneyAstray(money)).toEqual([]);
  for (const where of Object.keys(money) as (keyof Money)[])
    expect(moneyAstray({ ...money, [where]: money[where] + 1 }), where).toHaveLength(1);
  expect(Object.values(moneySince(money, money))).toEqual(Object.keys(money).map(() => 0));
});

const books = (rows: { number: string; status: string }[]): Pick<World, "query"> => ({
  // The one question that is asked here.
  query: async <Row>() => rows as unknown as Row[],
});

it("finds what a terminal said and the books don't, once", async () => {
  const city = books([
    { number: "A", status: "delivered" },
    { number: "B", status: "void" },
    { number: "C", status: "unknown" },
  ]);
  const told = await toldWrongly(city, [
    { number: "A", said: "delivered" },
    { number: "B", said: "cancelled" },
  ]);
  expect(told).toEqual([]);
  const lost = { number: "D", said: "delivered" } as const;
  const wrong = await toldWrongly(city, [
    { number: "A", said: "cancelled" },
    { number: "B", said: "delivered" },
    { number: "C", said: "refunded" },
    lost,
    lost,
  ]);
  expect(wrong).toHaveLength(4);
});

const outcome: ChaosOutcome = {
  seed: 7,
  kills: {
    server: { count: 2, longestMs: 3_210 },
    "server-2": { count: 1, longestMs: 900 },
    "kiosk-1": { count: 0, longestMs: 0 },
    "kiosk-2": { count: 0, longestMs: 0 },
    sandbox: { count: 0, longestMs: 0 },
    postgres: { count: 1, longestMs: 500 },
  },
  harms: { cut: 2, blackHole: 1, delay: 0 },
  visits: 30,
  states: { delivered: 20, void: 3 },
  longestMs: 61_000,
  calmMs: 90_000,
  money,
  gas: [
    {
      layout: "open-a-volume",
      unit: "L",
      purchases: 20,
      onCardsAndMeters: 40_000,
      delivered: 40_000,
      forPeople: 0,
    },
  ],
  violations: ["a", "b"],
  unfinished: ["c"],
  seconds: 120,
  logs: "/somewhere",
};

it("tells all of it in one table, and ends with one line for programs", () => {
  const table = reportOf(outcome);
  for (const row of [
    "| kill -9 of server | 2, serving again after at most 3.2 s |",
    "| kill -9 of kiosk-1 | 0 |",
    "| purchases: void | 3 |",
    "| violations | 2 |",
    "| not finished in time | 1 |",
    "| gateway net + cash | 900 + 100 = 1000 fen |",
    "| delivered + balances + open | 700 + -50 + 350 = 1000 fen |",
    "| cards of open-a-volume and their meters got | 40000 L; by the books 40000 L in 20 purchases |",
  ])
    expect(table).toContain(row);
  expect(JSON.parse(summaryOf(outcome))).toEqual({
    kills: 4,
    purchases: 23,
    violations: 2,
    unfinished: 1,
    seed: 7,
    seconds: 120,
  });
});

/** A card and its meter against the books, with a card that may be torn. */
import { expect, it } from "vitest";
import type { Asked } from "./agreement.ts";
import { type Oracle, oracleOf } from "./oracle.ts";

interface Table {
  /** null: torn. */
  onCard: number | null;
  credited: number;
  open: { number: string; status: string }[];
  delivered: { count: number; value: number };
}

/** One account; the database answers the oracle's questions, each by a word that only it holds. */
function asked(table: Table): Asked {
  const answers: [word: string, rows: () => unknown[]][] = [
    ["as sums", () => [{ purchases: [], attempts: [], sums: [], balancesFen: 0 }]],
    ["as events", () => [{ purchases: [], attempts: [], events: [] }]],
    ["meter_registration", () => [{ serial: "m" }]],
    ["'issued', 'unknown'", () => table.open],
    ["count(*)", () => [table.delivered]],
  ];
  const call = async (_method: string, path: string): Promise<unknown> => {
    if (path === "/cards") return { cards: [{ id: "c", accountNumber: "1" }] };
    if (path === "/meters") return { meters: [{ id: "m" }] };
    return { content: { purchase: { count: 3 + table.delivered.count }, onCard: table.onCard } };
  };
  return {
    finishMs: 1,
    query: async <Row>(sql: string) => {
      const found = answers.find(([word]) => sql.includes(word));
      if (found === undefined) throw new Error(`not foreseen: ${sql}`);
      return found[1]() as Row[];
    },
    // The few of its moves that the oracle makes.
    sandbox: {
      call,
      meter: async () => ({ totalCredited: table.credited }),
      ledger: async () => ({ rows: [], netFen: 0, payCalls: [] }),
    } as unknown as Asked["sandbox"],
  };
}

async function looking(): Promise<{ table: Table; oracle: Oracle }> {
  const table: Table = { onCard: 0, credited: 9_000, open: [], delivered: { count: 0, value: 0 } };
  return { table, oracle: await oracleOf(asked(table), ["1"]) };
}

it("finds gas that the books don't know, and says nothing of gas that they do", async () => {
  const { table, oracle } = await looking();
  table.onCard = 5_000;
  expect(await oracle.disagreements()).toEqual(["card and meter of 1 got 5000 in 0 purchases, the books say 0 in 0"]);
  table.delivered = { count: 1, value: 5_000 };
  expect(await oracle.disagreements()).toEqual([]);
  await oracle.holds();
});

it("calls a torn card unfinished while its purchase is open, and a disagreement when none is", async () => {
  const { table, oracle } = await looking();
  table.onCard = null;
  table.open = [{ number: "3K7-0192", status: "unknown" }];
  expect(await oracle.disagreements()).toEqual([]);
  expect(await oracle.unfinished()).toEqual(["the card of 1 is torn, its purchase 3K7-0192 is unknown"]);
  await expect(oracle.holds()).rejects.toThrow("torn");
  table.open = [];
  expect(await oracle.unfinished()).toEqual([]);
  expect(await oracle.disagreements()).toEqual(["the card of 1 is torn, and no purchase of it is open"]);
});

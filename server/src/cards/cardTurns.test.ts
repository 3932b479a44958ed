import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPool } from "../store/database.ts";
import { type FreshDatabase, freshDatabase } from "../store/testDatabase.ts";
import { cardTurns } from "./cardTurns.ts";

let database: FreshDatabase;
let db: Pool;
beforeAll(async () => {
  database = await freshDatabase();
  db = openPool(database.connection, { max: 4, name: "test" });
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

test("over two servers no turn is given twice, and one asked for when another is known comes after it", async () => {
  const servers = [cardTurns(db), cardTurns(db)] as const;
  const seen: number[] = [];
  let known = 0;
  const visit = async (index: number): Promise<void> => {
    for (let round = 0; round < 20; round++) {
      const before = known;
      const turn = await servers[(index + round) % 2]?.();
      if (turn === undefined) throw new Error("no server");
      expect(turn).toBeGreaterThan(before);
      known = Math.max(known, turn);
      seen.push(turn);
    }
  };
  await Promise.all(Array.from({ length: 25 }, (_, index) => visit(index)));
  expect(new Set(seen).size).toBe(500);
});

test("what comes while a server asks shares its next request, and a failed one fails those that waited for it only", async () => {
  const asked: unknown[] = [];
  const counting: Pick<Pool, "query"> = Object.assign(Object.create(db), {
    query: (sql: string, values: unknown[]) => {
      asked.push(values[0]);
      return asked.length === 2 ? Promise.reject(new Error("away")) : db.query(sql, values);
    },
  });
  const turn = cardTurns(counting);
  const first = turn();
  await Promise.resolve();
  await Promise.resolve();
  const shared = await Promise.allSettled([first, turn(), turn(), turn()]);
  expect(shared.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "rejected"]);
  expect(await turn()).toBeGreaterThan(await first);
  expect(asked).toEqual([1, 3, 1]);
});

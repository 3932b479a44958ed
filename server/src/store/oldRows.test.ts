/** Rows that were stored before a field was known have it after the migration, and keep what they had. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPool } from "./database.ts";
import { type FreshDatabase, freshDatabase } from "./testDatabase.ts";

let database: FreshDatabase;
let db: ReturnType<typeof openPool>;
beforeAll(async () => {
  database = await freshDatabase();
  db = openPool(database.connection, { max: 1, name: "test" });
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

test("0008: payers, odd sums and refused refunds", async () => {
  const refund = { no: "F1", amountFen: 5, stuck: true, why: "x", paidOut: null, refundedAt: null };
  await db.query(
    `insert into purchase (id, version, state, status, account_id, unit_id, meter_id, number, token, quoted_at)
     values ('p1', 1, $1, 'refunding', 'a', 'u', 'm', 'n1', 't1', 0), ('p2', 1, '{"refund": null}', 'paid', 'a', 'u', 'm', 'n2', 't2', 0)`,
    [{ refund }],
  );
  const late = { transactionId: "T", refundNo: "R1", refunded: false, paidOut: null };
  await db.query(
    `insert into attempt (id, version, state, status, purchase_id, channel, out_trade_no)
     values ('a1', 1, $1, 'reversed', 'p1', 'wechat', 'o1'), ('a2', 1, '{"lateSuccess": null}', 'paid', 'p2', 'wechat', 'o2')`,
    [{ lateSuccess: late }],
  );
  const text = readFileSync(new URL("../../migrations/0008_notifications.sql", import.meta.url), "utf8");
  for (const statement of text.split(";")) if (/^\s*(--[^\n]*\n\s*)*update /.test(statement)) await db.query(statement);
  const states = async (table: string) =>
    (await db.query<{ state: object }>(`select state from ${table} order by id`)).rows.map(({ state }) => state);
  expect(await states("purchase")).toEqual([{ refund: { ...refund, sentAt: null, failures: 0 } }, { refund: null }]);
  expect(await states("attempt")).toEqual([
    { payer: null, oddFen: null, lateSuccess: { ...late, failures: 0, stuck: false, why: null } },
    { payer: null, oddFen: null, lateSuccess: null },
  ]);
});

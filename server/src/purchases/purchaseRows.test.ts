import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPool } from "../store/database.ts";
import type { Store } from "../store/port.ts";
import { openSqlStore } from "../store/sql.ts";
import { type FreshDatabase, freshDatabase } from "../store/testDatabase.ts";
import { byVolume, kiosk1, makeEarth, newAccount } from "./earth.testkit.ts";
import { type PurchaseRows, sqlPurchaseRows } from "./purchaseRows.ts";
import { bought, insert, makeWorld, quoted, volume } from "./world.testkit.ts";

let database: FreshDatabase;
let db: Pool;
let store: Store;
let rows: PurchaseRows;
beforeAll(async () => {
  database = await freshDatabase();
  db = openPool(database.connection, { max: 2, name: "test" });
  store = openSqlStore(database.connection);
  rows = sqlPurchaseRows(db);
});
afterAll(async () => {
  await store.close();
  await db.end();
  await database.drop();
});

test("what is bought or promised counts towards the limit before a price change, a mere quote doesn't", async () => {
  const earth = makeEarth(store, db);
  const world = makeWorld(earth);
  const { card, accountId, cardId } = await newAccount(earth, "a", { tariff: byVolume });
  const visit = await insert(world, kiosk1, card);
  const first = await quoted(world, kiosk1, visit, volume(7));
  expect(await rows.boughtSinceL(accountId, 0)).toBe(0);
  earth.clock.now += 1_000;
  const { id } = await bought(world, kiosk1, card, volume(12));
  expect(await rows.boughtSinceL(accountId, 0)).toBe(12_000);
  expect(await rows.boughtSinceL(accountId, earth.clock.now + 1)).toBe(0);
  expect(await rows.purchasesOfCard(cardId, 10)).toEqual([id, first.id]);
  expect(await rows.purchasesOfCard(cardId, 1)).toEqual([id]);
});

test("a debt is settled once, by the first purchase that paid it", async () => {
  await db.query(
    "insert into debt (id, account_id, amount_fen, kind, created_at) values ('d1', 'a', 5, 'bill', 0), ('d2', 'a', 5, 'bill', 0)",
  );
  await rows.settleDebts([], "p0");
  await rows.settleDebts(["d1"], "p1");
  await rows.settleDebts(["d1", "d2"], "p2");
  const found = await db.query("select id, settled_by from debt order by id");
  expect(found.rows).toEqual([
    { id: "d1", settled_by: "p1" },
    { id: "d2", settled_by: "p2" },
  ]);
});

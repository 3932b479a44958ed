/** Work that nobody has is found again while servers run, and nothing is asked for that waits for people. */
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sqlNotificationRows } from "../callbacks/notificationRows.ts";
import { loggedEvent } from "../purchases/applyEvent.ts";
import { signedNotification } from "../purchases/bank.testkit.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { type Earth, kiosk1, makeEarth, newAccount, phone1 } from "../purchases/earth.testkit.ts";
import { openSales } from "../purchases/openSales.ts";
import {
  amount,
  confirmed,
  deliver,
  insert,
  keyed,
  makeWorld,
  pass,
  pay,
  prepaid,
  quoted,
  stateOf,
  value,
  type World,
} from "../purchases/world.testkit.ts";
import { onLink } from "../recharges/meter.testkit.ts";
import { quoteRecharge } from "../recharges/quoteRecharge.ts";
import { openPool } from "../store/database.ts";
import { openSqlStore } from "../store/sql.ts";
import { freshDatabase } from "../store/testDatabase.ts";
import { inTurn, janitor } from "./janitor.ts";
import { sweepTasks } from "./runner.ts";

let earth: Earth;
let world: World;
let db: ReturnType<typeof openPool>;
let end: () => Promise<void>;

beforeEach(async () => {
  const database = await freshDatabase();
  db = openPool(database.connection, { max: 2, name: "test" });
  const store = openSqlStore(database.connection);
  earth = makeEarth(store, db);
  world = makeWorld(earth);
  end = async () => {
    await store.close();
    await db.end();
    await database.drop();
  };
});
afterEach(() => end());

/** What the sweep puts back when all tasks are lost, by kind; then a second look finds nothing. */
async function restored(): Promise<string[]> {
  await db.query("delete from task");
  await sweepTasks(world.sale, 1);
  const { rows } = await db.query<{ kind: string }>("select kind from task order by kind");
  expect(await sweepTasks(world.sale, 1)).toBe(0);
  return rows.map(({ kind }) => kind);
}

test("a meter on a link, for which a recharge waits, is asked again", async () => {
  const { accountId } = await onLink(world, "link", 5_000);
  const entry = amount(500);
  const { id } = value(await quoteRecharge(world.sale, phone1, { accountId, entry }, keyed("recharge")));
  await confirmed(world, phone1, id);
  expect(await restored()).toEqual(["meterAsk", "purchaseDue"]);
});

async function ordered(): Promise<{ id: string; outTradeNo: string; card: Parameters<typeof insert>[2] }> {
  const { card, accountId } = await newAccount(earth, "a");
  const customer = earth.customers.get(accountId);
  if (customer) earth.customers.set(accountId, { ...customer, later: true });
  const { id } = await quoted(world, phone1, await insert(world, phone1, card), amount(500));
  await confirmed(world, phone1, id);
  value(await prepaid(world, phone1, id));
  return { id, outTradeNo: [...earth.bank.trades.keys()].at(-1) ?? "", card };
}

test("an order that waits to be closed is asked about; its close stands in the list as its task", async () => {
  const { card } = await ordered();
  await insert(world, kiosk1, card);
  expect(await restored()).toEqual(["attemptQuery", "purchaseDue"]);
  await db.query("delete from task where kind = 'attemptQuery'");
  await db.query(
    `insert into task (kind, ref, due_at, attempt, lease, lease_until)
     select 'attemptClose', id, $1, 0, null, null from attempt`,
    [earth.clock.now],
  );
  expect(await sweepTasks(world.sale, 1)).toBe(0);
});

test("a code that may still be sent waits for that; a payment that is being reversed is reversed", async () => {
  const { card } = await newAccount(earth, "a");
  const { id } = await quoted(world, kiosk1, await insert(world, kiosk1, card), amount(500));
  await confirmed(world, kiosk1, id);
  const { store } = world.sale;
  const { commit } = store;
  store.commit = async (transition) => {
    const { event } = loggedEvent(transition.event);
    return event.type === "submitted" ? await Promise.reject(new Error("killed")) : await commit(transition);
  };
  await expect(pay(world, kiosk1, id)).rejects.toThrow("killed");
  store.commit = commit;
  expect(await restored()).toEqual(["attemptSubmit", "purchaseDue"]);
  await pass(world, 15_000);
  earth.bank.fates.push("password");
  await pay(world, kiosk1, id);
  value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel")));
  earth.bank.down = true;
  await pass(world, 20_000);
  expect(await restored()).toEqual(["attemptReverse", "purchaseDue"]);
  earth.bank.down = false;
  await pass(world, 30_000);
  expect((await stateOf(world, id)).state).toBe("void");
});

test("late money on its way back has its refund, and no reverse; stuck, it waits for people only", async () => {
  const { id, outTradeNo } = await ordered();
  value(await cancelPurchase(world.sale, phone1, id, keyed("cancel")));
  earth.bank.payOrder(outTradeNo);
  await deliver(world);
  expect(await restored()).toEqual(["lateRefund", "purchaseDue"]);
  earth.bank.refundFates.push("never");
  await pass(world, 1_000, 1_000);
  expect(await restored()).toEqual(["purchaseDue"]);
});

test("it looks again after its time, whatever the last look came to, and stops when told", async () => {
  let looks = 0;
  const seen = new Promise<void>((resolve) => {
    const stopping = janitor(
      async () => {
        looks += 1;
        if (looks === 3) {
          resolve();
          void stopping.stop();
        }
        throw new Error("no database");
      },
      pino({ level: "silent" }),
      1,
    );
    stopping.start();
  });
  await seen;
  expect(looks).toBe(3);
});

test("one look finds lost tasks and notifications alike", async () => {
  const { card } = await newAccount(earth, "b");
  const { id } = await quoted(world, kiosk1, await insert(world, kiosk1, card), amount(500));
  await confirmed(world, kiosk1, id);
  earth.bank.fates.push("silent");
  await pay(world, kiosk1, id);
  const outTradeNo = [...earth.bank.trades.keys()].at(-1) ?? "";
  const outcome = { kind: "paid", verified: true, transactionId: "TX", amountFen: 500, paidAt: null } as const;
  const verdict = { kind: "payment", id: "EV-1", outTradeNo, outcome } as const;
  const message = signedNotification(verdict);
  await sqlNotificationRows(db).add({ id: "n-1", channel: "wechat", receivedAt: 0, message, verdict });
  await db.query("delete from task");
  await openSales({ ...world.sale, db }).clean();
  expect((await stateOf(world, id)).state).toBe("paid");
  expect((await db.query("select kind from task where ref = $1", [id])).rowCount).toBe(1);
});

test("what befalls one work of a round takes no other's turn, and is told at the end", async () => {
  const done: string[] = [];
  const work =
    (name: string, fails = false) =>
    async () => {
      done.push(name);
      if (fails) throw new Error(name);
    };
  await inTurn(work("a"), work("b"));
  await expect(inTurn(work("c", true), work("d"))).rejects.toThrow("c");
  const both = inTurn(work("e", true), work("f", true), work("g"));
  await expect(both).rejects.toMatchObject({ errors: [new Error("e"), new Error("f")] });
  expect(done.join("")).toBe("abcdefg");
});

/**
 * kill -9 of the server process while purchases stand in every state in which money may be on its way, and of terminals,
 * which never say anything again. The next process brings each to its end by itself: gas still owed, or money back.
 * Real PostgreSQL, real processes, the gateways' own wire; only the wait is short where the rules allow it.
 */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type DeathWorld, startDeathWorld } from "./death.testkit.ts";

const long = inject("long");
let world: DeathWorld;
beforeAll(async () => {
  world = await startDeathWorld(30);
}, 120_000);
afterAll(() => world.stop());

test("killed amid everything, and started again: each purchase ends as its row in docs/payments.md says", async () => {
  const { gateways, kiosk, phone } = world;
  // Waits for its password; the customer gives up, and pays while the server is dead all the same.
  const closing = await world.confirmed(kiosk, "canteen");
  await world.pay(closing, "wechat", "phone-2");
  await world.attemptReaches(closing, "pending", 10_000);
  await kiosk.post(`/purchases/${closing}/cancel`);
  // Waits for its password, which is typed while the server is dead.
  const pending = await world.confirmed(kiosk, "heating");
  await world.pay(pending, "alipay", "phone-2");
  await world.attemptReaches(pending, "pending", 10_000);
  // An order on a phone, paid while the server is dead: its callback finds nobody.
  const ordered = await world.confirmed(phone, "ic-controller");
  const params = await world.order(ordered);
  // An order on a phone that a kiosk with the card wants out of its way.
  const yielded = await world.confirmed(phone, "replacement");
  await world.order(yielded);
  // A refund whose answer is not there yet.
  const refunding = await world.confirmed(kiosk, "debt-rows");
  await world.pay(refunding, "alipay", "phone-1");
  await world.reaches(refunding, "paid", 10_000);
  gateways.faults.arm("refundDropped", { gateway: "alipay" });
  await kiosk.post(`/purchases/${refunding}/cancel`);
  // The pay call was carried out, its answer lost.
  const submitted = await world.confirmed(kiosk, "qinhuai");
  gateways.faults.arm("dropReply", { gateway: "wechat" });
  await world.pay(submitted, "wechat", "phone-1");
  await world.heardOf(submitted);

  // The network to the gateway is gone, and so nothing is known of anything.
  gateways.faults.arm("gatewayDown", { gateway: "wechat", times: "always" });
  expect((await world.insert(kiosk, "replacement")).answer).toMatchObject({ code: "purchase.onPhone" });

  await world.kill();
  expect(await world.stateOf(yielded)).toBe("paying");
  expect(await world.attemptOf(submitted)).toBe("submitted");
  expect(await world.stateOf(closing)).toBe("closing");
  // Its tasks are lost with the server, as they never should be.
  expect(await world.loseTasks(pending)).toBe(2);
  gateways.faults.disarmAll();
  // Both boxes that stand open on that phone, the one whose purchase was given up among them.
  for (let box = 0; box < 2; box++) expect(gateways.wallets.enterPassword("phone-2", true)).toBe("answered");
  world.payOrder(params);
  await world.start();

  await Promise.all([
    world.reaches(closing, "void", 40_000),
    world.reaches(yielded, "void", 40_000),
    world.reaches(submitted, "paid", 20_000),
    world.reaches(refunding, "refunded", 40_000),
    world.reaches(ordered, "paid", 60_000),
    world.reaches(pending, "paid", 20_000),
  ]);
  // Whoever had left while it was not known is told what became of it.
  await world.isTold(closing, "citygas.cancelled", 90_000);
  // The gateways hold exactly what purchases that are still owed have paid.
  const { rows } = await world.db.query<{ fen: number }>(
    `select coalesce(sum((state->'breakdown'->>'payableFen')::int), 0)::int as fen from purchase
     where status = 'paid' and state->>'paidAttemptId' is not null`,
  );
  expect(gateways.ledger.netFen()).toBe(rows[0]?.fen);
}, 240_000);

test("the gateway speaks to the server itself: paid by its notification, before any query is due", async () => {
  const id = await world.confirmed(world.phone, "ceiling");
  const params = await world.order(id);
  world.gateways.faults.arm("callbackDoubled", { gateway: "wechat" });
  world.payOrder(params);
  await world.reaches(id, "paid", 20_000);
  const { rows } = await world.db.query("select result from notification where verdict->>'kind' = 'payment'");
  expect(rows.length).toBeGreaterThan(0);
}, 60_000);

test("killed between announcing a code and sending it: it never was sent, and no money moves", async () => {
  const id = await world.confirmed(world.kiosk, "canteen");
  const goOn = await world.holdEvents("submitted");
  const asked = world.pay(id, "wechat", "phone-1").catch(() => undefined);
  await world.held();
  await world.kill();
  await asked;
  await goOn();
  expect(await world.attemptOf(id)).toBe("created");
  await world.start();
  await world.attemptReaches(id, "failed", 40_000);
  const { rows } = await world.db.query<{ no: string }>(
    "select out_trade_no as no from attempt where purchase_id = $1",
    [id],
  );
  const calls = world.gateways.ledger.payCalls("wechat").map(({ outTradeNo }) => outTradeNo);
  expect(rows).toHaveLength(1);
  expect(calls).not.toContain(rows[0]?.no);
}, 120_000);

test("killed over a notification that was answered: the next process carries it out", async () => {
  const id = await world.confirmed(world.phone, "replacement");
  const params = await world.order(id);
  const goOn = await world.holdEvents("answered");
  world.payOrder(params);
  await world.held();
  const { rows } = await world.db.query<{ id: string; result: string | null }>(
    "select id, result from notification order by received_at desc limit 1",
  );
  expect(rows[0]?.result).toBeNull();
  await world.kill();
  await goOn();
  expect(await world.stateOf(id)).toBe("paying");
  await world.start();
  await world.reaches(id, "paid", 40_000);
  await world.carriedOut(rows[0]?.id ?? "", 60_000);
}, 180_000);

// Each of these waits for a minute of the protocol.
test.runIf(long)("terminals that never come back: money xor gas (npm run test:long)", async () => {
  const world = await startDeathWorld(1);
  const { kiosk } = world;
  const noCode = await world.confirmed(kiosk, "canteen");
  const unpaid = await world.confirmed(kiosk, "heating");
  await world.pay(unpaid, "wechat", "phone-2");
  const paid = await world.confirmed(kiosk, "replacement");
  await world.pay(paid, "alipay", "phone-1");
  await world.reaches(paid, "paid", 20_000);
  const issuedAt = await world.insert(kiosk, "balance");
  const entry = { kind: "amount", amountFen: 3_000 };
  const bought = await kiosk.post("/purchases", { cardSessionId: issuedAt.sessionId, entry });
  const issued = String(bought.body.id);
  await kiosk.post(`/purchases/${issued}/confirm`);
  expect((await kiosk.post(`/purchases/${issued}/script`, { cardSessionId: issuedAt.sessionId })).body).toMatchObject({
    kind: "script",
  });
  await world.kill();
  await world.start();
  await Promise.all([
    world.reaches(noCode, "void", 100_000),
    world.reaches(unpaid, "void", 240_000),
    world.reaches(paid, "refunded", 150_000),
    world.reaches(issued, "unknown", 100_000),
  ]);
  expect(world.gateways.ledger.netFen()).toBe(0);
  await world.stop();
});

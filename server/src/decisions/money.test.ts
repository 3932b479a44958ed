/** Payments that only people can call known, late money, balances and prices: each by two. */
import type { Attempt } from "@citygas/core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { cancelPurchase } from "../purchases/cancel.ts";
import { kiosk1, newAccount } from "../purchases/earth.testkit.ts";
import {
  accountOf,
  amount,
  booksHold,
  confirmed,
  insert,
  keyed,
  ledger,
  pass,
  pay,
  quoted,
  stateOf,
  value,
  workOff,
} from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";

let hall: Hall;
let maker: Member;
let checker: Member;
beforeAll(async () => {
  hall = await openHall();
  maker = await hall.member("王芳", "finance", "operations");
  checker = await hall.member("李娜", "supervisor", "finance");
});
beforeEach(() => {
  hall.earth.clock.now += 10 * 60_000;
});
afterAll(async () => {
  await booksHold(hall.earth);
  await hall.close();
});

const propose = (kind: string, ref: string, doc: object) =>
  hall.ask(maker, "POST", "/decisions", { kind, ref, doc, evidence: "the gateway's bill, line 7" });
const confirm = (id: string) => hall.ask(checker, "POST", `/decisions/${id}/confirm`, {});

let names = 0;
async function paying(fen = 1_000) {
  names += 1;
  const { card, accountId } = await newAccount(hall.earth, `${names}`);
  const visit = await insert(hall.world, kiosk1, card);
  const { id } = await quoted(hall.world, kiosk1, visit, amount(fen));
  await confirmed(hall.world, kiosk1, id);
  return { id, accountId };
}
async function attemptOf(purchaseId: string): Promise<Attempt> {
  const { rows } = await hall.world.sale.db.query<{ state: Attempt }>(
    "select state from attempt where purchase_id = $1",
    [purchaseId],
  );
  const state = rows[0]?.state;
  if (state === undefined) throw new Error("no attempt");
  return state;
}
const trade = async (purchaseId: string) => {
  const found = hall.earth.bank.trades.get((await attemptOf(purchaseId)).outTradeNo);
  if (found === undefined) throw new Error("no trade");
  return found;
};

/** The gateway took another sum than was asked for: nobody but people can say what that means. */
async function odd(): Promise<{ id: string; attempt: Attempt }> {
  const { id } = await paying();
  hall.earth.bank.fates.push("password");
  await pay(hall.world, kiosk1, id);
  Object.assign(await trade(id), { state: "paid", paidFen: 999 });
  await pass(hall.world, 30_000);
  const attempt = await attemptOf(id);
  expect(attempt.state).toBe("manual");
  return { id, attempt };
}

test("a payment is settled as the gateway has it, never against its word", async () => {
  const { id, attempt } = await odd();
  expect((await propose("attempt.resolve", attempt.id, { to: "paid" })).body).toMatchObject({
    code: "payment.gatewayPaid",
  });
  // Mended at the gateway: it now says that the whole sum was paid, or that nothing was.
  Object.assign(await trade(id), { paidFen: null });
  expect((await propose("attempt.resolve", attempt.id, { to: "reversed" })).body).toMatchObject({
    code: "payment.gatewayPaid",
  });
  Object.assign(await trade(id), { state: "closed" });
  const wrong = await propose("attempt.resolve", attempt.id, { to: "paid" });
  expect(["payment.gatewayUnpaid", "decision.notApplicable"]).toContain(wrong.body.code);
  const made = await propose("attempt.resolve", attempt.id, { to: "reversed" });
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done" });
  expect((await attemptOf(id)).state).toBe("reversed");
  await pass(hall.world, 20 * 60_000, 60_000);
  expect((await stateOf(hall.world, id)).state).toBe("void");
});

test("paid is no end of a payment whose purchase waits for it no more, whatever the gateway says: not even proposed", async () => {
  const { id } = await paying();
  hall.earth.bank.fates.push("password");
  await pay(hall.world, kiosk1, id);
  value(await cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}`)));
  // Silent for longer than a reverse is possible: people decide.
  hall.earth.bank.down = true;
  await pass(hall.world, 8 * 86_400_000, 3_600_000);
  hall.earth.bank.down = false;
  const attempt = await attemptOf(id);
  expect(attempt.state).toBe("manual");
  expect((await stateOf(hall.world, id)).state).toBe("closing");
  Object.assign(await trade(id), { state: "paid", paidFen: null });
  const { body } = await propose("attempt.resolve", attempt.id, { to: "paid" });
  expect(body).toMatchObject({ status: 409, code: "decision.notApplicable" });
});

test("nothing to settle: no such payment, or one that is known", async () => {
  const { id } = await paying();
  await pay(hall.world, kiosk1, id);
  const { id: attemptId } = await attemptOf(id);
  expect((await propose("attempt.resolve", attemptId, { to: "reversed" })).body.code).toBe("decision.notApplicable");
  expect((await propose("attempt.resolve", id, { to: "reversed" })).body.code).toBe("notFound");
  expect((await propose("lateRefund.payOut", attemptId, { way: "balance" })).body.code).toBe("refund.notStuck");
});

test("money that came late, and that its reverse gave back after its refund was refused, is owed to nobody", async () => {
  const { id, accountId } = await paying();
  hall.earth.bank.fates.push("lost");
  await pay(hall.world, kiosk1, id);
  value(await cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}`)));
  await pass(hall.world, 3 * 60_000);
  const gone = await attemptOf(id);
  hall.earth.bank.arrive(gone.outTradeNo, gone.amountFen);
  hall.earth.bank.refundFates.push("never");
  const late = async () => (await attemptOf(id)).lateSuccess;
  for (let waited = 0; waited < 60 && (await late())?.stuck !== true; waited++) await pass(hall.world, 10_000);
  expect(await late()).toMatchObject({ stuck: true, refunded: false });
  // A reverse that had been under way reaches the gateway only now.
  Object.assign(await trade(id), { state: "closed" });
  const before = (await accountOf(hall.world, accountId)).balanceFen;
  expect((await propose("lateRefund.payOut", gone.id, { way: "balance" })).body.code).toBe("refund.notStuck");
  expect(await late()).toMatchObject({ refunded: true, paidOut: null });
  expect((await accountOf(hall.world, accountId)).balanceFen).toBe(before);
});

test("money that came late and can't go back by its channel goes to the balance, once", async () => {
  const { id, accountId } = await paying();
  hall.earth.bank.fates.push("lost");
  await pay(hall.world, kiosk1, id);
  value(await cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}`)));
  await pass(hall.world, 3 * 60_000);
  const gone = await attemptOf(id);
  expect(gone.state).toBe("reversed");
  hall.earth.bank.arrive(gone.outTradeNo, gone.amountFen);
  hall.earth.bank.refundFates.push("later", "never");
  const late = async () => (await attemptOf(id)).lateSuccess;
  for (let waited = 0; waited < 60 && (await late()) === null; waited++) await pass(hall.world, 10_000);
  expect(await late()).toMatchObject({ stuck: false, failures: 1 });
  // Its channel may still do it.
  expect((await propose("lateRefund.payOut", gone.id, { way: "balance" })).body.code).toBe("refund.notStuck");
  await pass(hall.world, 15 * 60_000, 30_000);
  expect((await attemptOf(id)).lateSuccess).toMatchObject({ stuck: true, refunded: false });
  const made = await propose("lateRefund.payOut", gone.id, { way: "balance" });
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done" });
  await hall.world.sale.db.query("update proposal set state = 'confirmed', next_at = 0 where id = $1", [made.body.id]);
  await hall.restarted().decisions.sweep();
  expect((await attemptOf(id)).lateSuccess).toMatchObject({ refunded: true, paidOut: { way: "balance" } });
  expect((await accountOf(hall.world, accountId)).balanceFen).toBe(1_000);
  expect(await ledger(hall.earth, "returns:wechat")).toBe(0);
  expect((await propose("lateRefund.payOut", gone.id, { way: "balance" })).body.code).toBe("refund.notStuck");
  await workOff(hall.world);
});

test("a balance is corrected once, and never below zero", async () => {
  const { db } = hall.world.sale;
  const accountId = "00000000-0000-8000-8000-0000000000aa";
  await hall.earth.store.commit({
    eventId: "open-adjusted",
    at: 0,
    subject: { kind: "account", id: accountId },
    event: { type: "opened" },
    writes: [
      {
        kind: "account",
        id: accountId,
        expected: 0,
        state: { id: accountId, unitId: kiosk1.unit.id, balanceFen: 0, heldFen: 0, block: null },
      },
    ],
    guards: [],
    postings: [],
    tasks: { add: [], drop: [] },
  });
  const doc = { amountFen: 500, reason: "换表补偿" };
  expect((await propose("account.adjust", accountId, doc)).body.code).toBe("notFound");
  await db.query(
    `insert into account_registration (id, number, unit_id, holder_id, address_id, customer_kind, household, opened_at)
     values ($1, '9', 'u', 'h', 'a', 'residential', '{}', 0)`,
    [accountId],
  );
  const made = await propose("account.adjust", accountId, doc);
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done" });
  await db.query("update proposal set state = 'confirmed', next_at = 0 where id = $1", [made.body.id]);
  await hall.restarted().decisions.sweep();
  expect((await accountOf(hall.world, accountId)).balanceFen).toBe(500);
  expect((await propose("account.adjust", accountId, { ...doc, amountFen: -501 })).body.code).toBe(
    "decision.notApplicable",
  );
});

test("a price is published once", async () => {
  const { db } = hall.world.sale;
  const tariffId = "00000000-0000-8000-8000-0000000000bb";
  await db.query("insert into tariff (id, unit_id, name, customer_kind) values ($1, $2, '居民', 'residential')", [
    tariffId,
    kiosk1.unit.id,
  ]);
  const doc = {
    effectiveFrom: "2027-01-01T00:00:00+08:00",
    name: "居民",
    pricing: { kind: "meter", tableE4: [{ uptoL: null, priceE4: 26_000 }] },
  };
  const made = await propose("tariff.publish", tariffId, doc);
  expect(made.status).toBe(201);
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done" });
  await db.query("update proposal set state = 'confirmed', next_at = 0 where id = $1", [made.body.id]);
  await hall.restarted().decisions.sweep();
  expect((await db.query("select 1 from tariff_version where tariff_id = $1", [tariffId])).rows).toHaveLength(1);
  expect((await hall.ask(maker, "GET", `/decisions/${made.body.id}`)).body.state).toBe("done");
});

/** Payments that don't go well: money is taken once or not at all, and the purchase knows which. */

import type { TaskKind } from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";
import { beforeEach, expect, test } from "vitest";
import { fakeBank } from "../purchases/bank.testkit.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { type Earth, kiosk1, kiosk2, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import { getPurchase } from "../purchases/watch.ts";
import {
  amount,
  booksHold,
  code,
  confirmed,
  insert,
  keyed,
  ledger,
  makeWorld,
  pass,
  pay,
  quoted,
  stateOf,
  value,
  type World,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { Store, Task } from "../store/port.ts";
import { attemptClose, attemptQuery, attemptReverse } from "./attemptTasks.ts";
import { drainPayments, inFlightMax, startAttempt } from "./payments.ts";

let earth: Earth;
let world: World;
let id: string;

beforeEach(async () => {
  earth = makeEarth(openMemoryStore());
  world = makeWorld(earth);
  const { card } = await newAccount(earth, "a", { balanceFen: 30 });
  const visit = await insert(world, kiosk1, card);
  ({ id } = await quoted(world, kiosk1, visit, amount(1_030)));
  await confirmed(world, kiosk1, id);
});

const view = async () => value(await getPurchase(world.sale, kiosk1, id));
const attempt = (text = code, key = keyed(world.sale.newId())) =>
  startAttempt(world.sale, world.payments, kiosk1, id, text, key);

/** Nothing was taken, nothing is held, the books hold. */
async function nothingHappened(): Promise<void> {
  expect(earth.bank.netFen()).toBe(0);
  expect(await ledger(earth, "gateway:wechat")).toBe(0);
  expect(await ledger(earth, "held:account-a")).toBe(0);
  expect(await ledger(earth, "customer:account-a")).toBe(-30);
  await booksHold(earth);
}

test("a code without money behind it: the purchase waits for another", async () => {
  earth.bank.fates.push("refused");
  await pay(world, kiosk1, id);
  await pass(world, 5_000, 1_000);
  expect(await view()).toMatchObject({
    state: "paying",
    acceptsCode: true,
    attempt: { state: "failed", refused: "balance" },
  });
  await pay(world, kiosk1, id);
  expect(await view()).toMatchObject({ state: "paid", attempt: { state: "paid" } });
  expect(earth.bank.netFen()).toBe(1_000);
});

test("the answer is lost, the money was taken: a query finds it", async () => {
  earth.bank.fates.push("silent");
  await pay(world, kiosk1, id);
  expect(await view()).toMatchObject({ state: "paying", acceptsCode: false, attempt: { state: "submitted" } });
  await pass(world, 5_000);
  expect((await view()).state).toBe("paid");
});

test("the gateway asks for the password; the customer types it", async () => {
  earth.bank.fates.push("password");
  await pay(world, kiosk1, id);
  expect(await view()).toMatchObject({ attempt: { state: "pending", needsPassword: true } });
  expect(await attempt()).toMatchObject({ error: { code: "payment.inProgress" } });
  earth.bank.payOpen();
  await pass(world, 5_000);
  expect((await view()).state).toBe("paid");
});

test("cancelled while the password is asked: void only when the gateway has closed it", async () => {
  earth.bank.fates.push("password");
  await pay(world, kiosk1, id);
  const closing = value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel-1")));
  expect(closing.state).toBe("closing");
  expect(await ledger(earth, "held:account-a")).toBe(-30);
  await pass(world, 10_000);
  expect((await view()).state).toBe("closing");
  await pass(world, 10_000);
  expect(await view()).toMatchObject({ state: "void", reason: "customer", attempt: { state: "reversed" } });
  await nothingHappened();
});

test("cancelled, and the customer pays all the same: the money goes back", async () => {
  earth.bank.fates.push("password");
  await pay(world, kiosk1, id);
  value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel-2")));
  earth.bank.payOpen();
  await pass(world, 60_000);
  expect((await view()).state).toBe("void");
  await nothingHappened();
});

test("the pay call never arrives: reversed after three agreeing answers, then a new code is asked for", async () => {
  earth.bank.fates.push("lost");
  await pay(world, kiosk1, id);
  await pass(world, 40_000);
  expect(await view()).toMatchObject({ state: "paying", acceptsCode: false });
  await pass(world, 300_000);
  expect((await stateOf(world, id)).liveAttemptIds).toEqual([]);
  await pass(world, 120_000);
  expect(await view()).toMatchObject({ state: "void", reason: "timeout" });
  await nothingHappened();
});

test("a success after the end is refunded by itself", async () => {
  earth.bank.fates.push("lost");
  await pay(world, kiosk1, id);
  const [live] = (await stateOf(world, id)).liveAttemptIds;
  for (let waited = 0; waited < 100 && (await stateOf(world, id)).liveAttemptIds.length > 0; waited++)
    await pass(world, 5_000);
  earth.bank.arrive((live ?? "").replaceAll("-", ""), 1_000);
  expect(earth.bank.netFen()).toBe(1_000);
  await pass(world, 11 * 60_000);
  expect((await view()).state).toBe("void");
  await nothingHappened();
  expect([...earth.staff.values()].map((task) => task.kind)).toContain("attempt.lateSuccess");
});

test("the gateway is away: nothing is believed until it answers; then the money is found", async () => {
  earth.bank.fates.push("silent");
  earth.bank.down = true;
  await pay(world, kiosk1, id);
  await pass(world, 30_000);
  expect((await view()).state).toBe("paying");
  expect(await ledger(earth, "gateway:wechat")).toBe(0);
  earth.bank.down = false;
  await pass(world, 10_000);
  expect((await view()).state).toBe("paid");
});

test("two unknown outcomes in a row spare the next customer the channel, for a while", async () => {
  earth.bank.fates.push("silent");
  earth.bank.down = true;
  await pay(world, kiosk1, id);
  await pass(world, 5_000);
  const { card } = await newAccount(earth, "b");
  const visit = await insert(world, kiosk2, card);
  const other = await quoted(world, kiosk2, visit, amount(500));
  await confirmed(world, kiosk2, other.id);
  const next = () => startAttempt(world.sale, world.payments, kiosk2, other.id, code, keyed(world.sale.newId()));
  expect(await next()).toMatchObject({ error: { code: "payment.channelDown" } });
  earth.bank.down = false;
  await pass(world, 5_000);
  expect((await next()).ok).toBe(true);
  await drainPayments(world.payments);
});

test("while as many pay calls wait as may, the next customer is asked to wait; every place is given back", async () => {
  world.payments.taken = inFlightMax;
  expect(await attempt()).toMatchObject({ error: { code: "payment.channelDown" } });
  expect(earth.bank.calls).toEqual([]);
  expect(world.payments.taken).toBe(inFlightMax);
  world.payments.taken = inFlightMax - 1;
  expect((await attempt()).ok).toBe(true);
  await drainPayments(world.payments);
  expect(world.payments.taken).toBe(inFlightMax - 1);
});

test("a refund whose gateway is away for a day is done when it is back, and fills no log meanwhile", async () => {
  await pay(world, kiosk1, id);
  earth.bank.down = true;
  await cancelPurchase(world.sale, kiosk1, id, keyed("cancel"));
  await pass(world, 24 * 3_600_000, 60_000);
  expect((await stateOf(world, id)).state).toBe("refunding");
  expect((await earth.store.events({ kind: "purchase", id })).length).toBeLessThan(100);
  earth.bank.down = false;
  await pass(world, 3_600_000, 60_000);
  expect((await stateOf(world, id)).state).toBe("refunded");
  await nothingHappened();
});

test("a setup of ours that is wrong stops the channel and tells people", async () => {
  earth.bank.fates.push("misconfigured");
  await pay(world, kiosk1, id);
  expect(world.payments.health.isDown("wechat", earth.clock.now)).toBe(true);
  await pass(world, 1_000, 1_000);
  expect([...earth.staff.values()].map((task) => task.kind)).toContain("attempt.submitted");
});

test.each([
  ["wxp://f2f0abc", "payment.collectionCode"],
  ["https://qr.alipay.com/fkx123", "payment.collectionCode"],
  ["6222021234567890123", "payment.walletOff"],
  ["281234567890123456", "payment.walletOff"],
  ["hello", "payment.notACode"],
])("%s is no code we take: %s", async (text, refusal) => {
  expect(await attempt(text)).toMatchObject({ error: { code: refusal } });
  expect((await stateOf(world, id)).liveAttemptIds).toEqual([]);
});

test("codes of other wallets go to the acquirer, where one takes them", async () => {
  const taken: string[] = [];
  const { channel } = fakeBank("acquirer", () => earth.clock.now);
  const acquirer: CodePayChannel = {
    ...channel,
    schemes: ["unionpay"],
    pay: async ({ authCode }) => {
      taken.push(authCode);
      return { kind: "inProgress", verified: true };
    },
  };
  const channels = new Map(world.sale.channels).set("acquirer", acquirer);
  const sale = { ...world.sale, channels };
  const present = (text: string) => startAttempt(sale, world.payments, kiosk1, id, text, keyed(sale.newId()));
  expect(await present("0121021234567890123")).toMatchObject({ error: { code: "payment.walletOff" } });
  expect(value(await present("6222021234567890123")).attempt?.channel).toBe("acquirer");
  await drainPayments(world.payments);
  expect(taken).toEqual(["6222021234567890123"]);
});

test("another terminal can't pay, confirm or cancel a purchase that isn't its own", async () => {
  const key = keyed("foreign");
  expect(await startAttempt(world.sale, world.payments, kiosk2, id, code, key)).toMatchObject({
    error: { code: "purchase.notFound" },
  });
  expect(await cancelPurchase(world.sale, kiosk2, id, keyed("foreign-2"))).toMatchObject({
    error: { code: "purchase.notFound" },
  });
});

test("the process dies before the code is sent: it never is, and after ten seconds a new one is asked for", async () => {
  let commits = 0;
  const dying: Store = {
    ...earth.store,
    async commit(transition) {
      commits += 1;
      if (commits > 1) throw new Error("killed");
      return await earth.store.commit(transition);
    },
  };
  const doomed = makeWorld(earth, dying);
  const key = keyed("doomed");
  await expect(startAttempt(doomed.sale, doomed.payments, kiosk1, id, code, key)).rejects.toThrow("killed");
  expect(value(await attempt(code, key))).toMatchObject({ attempt: { state: "created" } });
  await pass(world, 9_000);
  expect(await view()).toMatchObject({ acceptsCode: false, attempt: { state: "created" } });
  await pass(world, 2_000);
  expect(await view()).toMatchObject({ state: "paying", acceptsCode: true, attempt: { state: "failed" } });
  expect(earth.bank.trades.size).toBe(0);
});

test("cancelled between announcing and sending: the code is dropped, nothing is sent", async () => {
  let commits = 0;
  const racing: Store = {
    ...earth.store,
    async commit(transition) {
      const result = await earth.store.commit(transition);
      commits += 1;
      if (commits === 1) value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel-race")));
      return result;
    },
  };
  const raced = makeWorld(earth, racing);
  expect((await startAttempt(raced.sale, raced.payments, kiosk1, id, code, keyed("raced-1"))).ok).toBe(true);
  await drainPayments(raced.payments);
  expect(earth.bank.calls).toEqual([]);
  expect((await stateOf(world, id)).state).toBe("void");
  await nothingHappened();
});

test("no trace of the code is kept", async () => {
  await pay(world, kiosk1, id);
  const [paid] = [(await stateOf(world, id)).paidAttemptId ?? ""];
  const row = (await earth.store.load([{ kind: "attempt", id: paid }])).get("attempt", paid);
  const log = await earth.store.events({ kind: "purchase", id });
  expect(JSON.stringify([row, log])).not.toContain(code);
  expect(row?.state.codeMask).toBe("13****1234");
});

test("a payment whose channel is not set up for a while waits, and is found when it is there again", async () => {
  const channels = world.sale.channels as Map<"wechat", CodePayChannel>;
  earth.bank.fates.push("silent");
  await pay(world, kiosk1, id);
  channels.clear();
  await pass(world, 10_000);
  expect((await view()).state).toBe("paying");
  channels.set("wechat", earth.bank.channel);
  await pass(world, 70_000);
  expect((await view()).state).toBe("paid");
});

/** As a server would find it that took it before the payment moved on. */
const oldTask = (kind: TaskKind, ref: string): Task => ({ kind, ref, dueAt: 0, attempt: 1, lease: "old" });

test("an old task does nothing to a payment that has moved on: it reverses and closes only what is to be", async () => {
  await pay(world, kiosk1, id);
  const attemptId = (await stateOf(world, id)).paidAttemptId ?? "";
  const calls = earth.bank.calls.length;
  for (const [kind, run] of [
    ["attemptReverse", attemptReverse],
    ["attemptClose", attemptClose],
    ["attemptQuery", attemptQuery],
  ] as const)
    expect(await run(world.sale, world.payments, oldTask(kind, attemptId)), kind).toEqual({ done: true });
  expect(earth.bank.calls.slice(calls)).toEqual([]);
  expect((await view()).state).toBe("paid");
});

test("nobody answers a late check: asked again for hours; then it is over", async () => {
  earth.bank.fates.push("lost");
  await pay(world, kiosk1, id);
  const [live = ""] = (await stateOf(world, id)).liveAttemptIds;
  for (let waited = 0; waited < 100 && (await stateOf(world, id)).liveAttemptIds.length > 0; waited++)
    await pass(world, 5_000);
  earth.bank.arrive(live.replaceAll("-", ""), 1_000);
  earth.bank.down = true;
  const queries = () => earth.bank.calls.filter(({ call }) => call === "query").length;
  await pass(world, 3 * 60 * 60_000, 60_000);
  expect(earth.bank.netFen()).toBe(1_000);
  earth.bank.down = false;
  await pass(world, 60 * 60_000, 60_000);
  await nothingHappened();

  earth.bank.down = true;
  const other = (await newAccount(earth, "b")).card;
  const again = await quoted(world, kiosk2, await insert(world, kiosk2, other), amount(500));
  await confirmed(world, kiosk2, again.id);
  earth.bank.down = false;
  earth.bank.fates.push("refused");
  await pay(world, kiosk2, again.id);
  await pass(world, 10_000, 1_000);
  expect((await stateOf(world, again.id)).liveAttemptIds).toEqual([]);
  earth.bank.down = true;
  await pass(world, 8 * 60 * 60_000, 60_000);
  const asked = queries();
  await pass(world, 2 * 60 * 60_000, 60_000);
  expect(queries()).toBe(asked);
});

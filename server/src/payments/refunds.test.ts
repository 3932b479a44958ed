/** Money on its way back: one number, a bounded number of tries, people where the channel can't. */
import { refundTimers } from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";
import { beforeEach, expect, test } from "vitest";
import { loggedEvent } from "../purchases/applyEvent.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { type Earth, kiosk1, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  confirmed,
  insert,
  keyed,
  makeWorld,
  pass,
  pay,
  quoted,
  stateOf,
  value,
  type World,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { applyToAttempt, applyToPurchase } from "./refundOutcomes.ts";
import { lateRefund, refundPurchase } from "./refundTasks.ts";

const dayMs = 86_400_000;
let earth: Earth;
let world: World;
let id: string;

beforeEach(async () => {
  earth = makeEarth(openMemoryStore());
  world = makeWorld(earth);
  const { card } = await newAccount(earth, "a");
  ({ id } = await bought(world, kiosk1, card, amount(1_000)));
});
const cancel = async () => value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel")));
const refundCalls = () => earth.bank.calls.filter(({ call }) => call === "refund").length;

test("a refusal that may pass is tried again under the same number, on its schedule, and then done", async () => {
  earth.bank.refundFates.push("later", "later");
  await cancel();
  await pass(world, 1_000, 1_000);
  expect(await stateOf(world, id)).toMatchObject({ refund: { failures: 1, stuck: false, why: "NOT_ENOUGH" } });
  await pass(world, refundTimers.retryAfterMs[0] - 5_000, 1_000);
  expect(refundCalls()).toBe(1);
  await pass(world, 10_000, 1_000);
  expect(refundCalls()).toBe(2);
  await pass(world, refundTimers.retryAfterMs[1] + 5_000, 5_000);
  expect(await stateOf(world, id)).toMatchObject({ state: "refunded", refund: { failures: 2 } });
  expect([...(earth.bank.trades.values().next().value?.refunds.keys() ?? [])]).toEqual([`F${id.replaceAll("-", "")}`]);
  await booksHold(earth);
});

test("a claim that its channel can't pay never ends by itself: after ten years it is still to be paid out", async () => {
  earth.bank.refundFates.push("never");
  await cancel();
  await pass(world, 10 * 365 * dayMs, 30 * dayMs);
  expect(await stateOf(world, id)).toMatchObject({ state: "refunding", refund: { stuck: true, paidOut: null } });
  expect(earth.bank.netFen()).toBe(1_000);
  await booksHold(earth);
});

test("stuck, its channel is not even asked: people may be paying it out at this moment", async () => {
  earth.bank.refundFates.push("never");
  await cancel();
  await pass(world, 1_000, 1_000);
  expect((await stateOf(world, id)).refund).toMatchObject({ stuck: true });
  const calls = earth.bank.calls.length;
  // A task that was claimed before it got stuck, and comes back late.
  const task = { kind: "refund", ref: id, dueAt: earth.clock.now, attempt: 2, lease: "late" } as const;
  expect(await refundPurchase(world.sale, task)).toEqual({ done: true });
  expect(earth.bank.calls).toHaveLength(calls);
});

test("one that never passes goes to people after a day, with what the channel said, and rests", async () => {
  earth.bank.refundFates.push(...Array.from({ length: 50 }, () => "later" as const));
  await cancel();
  await pass(world, dayMs, 60_000);
  expect((await stateOf(world, id)).refund).toMatchObject({ stuck: true, why: "NOT_ENOUGH", failures: 8 });
  expect([...earth.staff.values()].map(({ kind }) => kind)).toContain("purchase.refundStuck");
  const calls = refundCalls();
  await pass(world, 3 * dayMs, 3_600_000);
  expect(refundCalls()).toBe(calls);
});

test("a year after the payment WeChat Pay isn't even asked: people pay it out", async () => {
  earth.clock.now += 365 * dayMs + 1;
  await cancel();
  await pass(world, 1_000, 1_000);
  expect((await stateOf(world, id)).refund).toMatchObject({ stuck: true, why: "windowOver" });
  expect(earth.bank.calls.some(({ call }) => call === "refund" || call === "queryRefund")).toBe(false);
});

test("one that was sent in time is asked about, however late", async () => {
  earth.bank.refundFates.push("silent");
  await cancel();
  await pass(world, 500, 500);
  expect((await stateOf(world, id)).state).toBe("refunding");
  earth.clock.now += 365 * dayMs + 1;
  await pass(world, 1_000, 1_000);
  expect((await stateOf(world, id)).state).toBe("refunded");
  expect(refundCalls()).toBe(1);
});

test("the channel takes its time: asked again later, never sent twice", async () => {
  earth.bank.refundFates.push("processing");
  await cancel();
  await pass(world, 1_000, 1_000);
  expect((await stateOf(world, id)).state).toBe("refunding");
  await pass(world, 20_000);
  expect((await stateOf(world, id)).state).toBe("refunded");
  expect(refundCalls()).toBe(1);
});

/** A payment of 700 fen that was given up. */
async function givenUp(name: string, fate: "lost" | "password"): Promise<string> {
  const { card } = await newAccount(earth, name);
  const sale = await quoted(world, kiosk1, await insert(world, kiosk1, card), amount(700));
  await confirmed(world, kiosk1, sale.id);
  earth.bank.fates.push(fate);
  await pay(world, kiosk1, sale.id);
  const [live = ""] = (await stateOf(world, sale.id)).liveAttemptIds;
  for (let waited = 0; waited < 100 && (await stateOf(world, sale.id)).liveAttemptIds.length > 0; waited++)
    await pass(world, 5_000);
  return live;
}
/** Money that came after the attempt was given up. */
async function lateMoney(): Promise<string> {
  const live = await givenUp("late", "lost");
  earth.bank.arrive(live.replaceAll("-", ""), 700);
  return live;
}
/** "Paid" is stored, whenever it was said. */
async function hearsPaid(attemptId: string): Promise<boolean> {
  const found = (await earth.store.load([{ kind: "attempt", id: attemptId }])).get("attempt", attemptId);
  if (found === undefined) throw new Error("no attempt");
  const outcome = { kind: "paid", verified: true, transactionId: "T", amountFen: 700, paidAt: null } as const;
  return await applyToAttempt(world.sale, found.state, { type: "answered", call: "query", outcome });
}
const lateOf = async (attemptId: string) =>
  (await earth.store.load([{ kind: "attempt", id: attemptId }])).get("attempt", attemptId)?.state.lateSuccess;

test("late money that its channel refuses for good waits for people, and is asked for no more", async () => {
  earth.bank.refundFates.push("never");
  const live = await lateMoney();
  await pass(world, 11 * 60_000);
  expect(await lateOf(live)).toMatchObject({ stuck: true, why: "USER_ACCOUNT_ABNORMAL", refunded: false });
  const asked = () => earth.bank.calls.filter(({ outTradeNo }) => outTradeNo === live.replaceAll("-", "")).length;
  const calls = asked();
  await pass(world, 2 * dayMs, 3_600_000);
  // Nor by a task of before: people may be paying it out at this moment.
  await lateRefund(world.sale, { kind: "lateRefund", ref: live, dueAt: 0, attempt: 1, lease: "old" });
  expect(asked()).toBe(calls);
  expect([...earth.staff.values()].map(({ kind }) => kind)).toContain("attempt.lateSuccess");
});

test("late money whose refund got no answer is asked about, and sent once", async () => {
  earth.bank.refundFates.push("silent");
  const live = await lateMoney();
  await pass(world, 11 * 60_000);
  expect(await lateOf(live)).toMatchObject({ refunded: true, failures: 0 });
  expect(refundCalls()).toBe(1);
});

test("decided otherwise just before it is sent: its channel is not asked to do it", async () => {
  const { store } = world.sale;
  const { commit } = store;
  let decided = false;
  store.commit = async (transition) => {
    if (loggedEvent(transition.event).event.type === "refundSent" && !decided) {
      decided = true;
      await applyToPurchase(world.sale, await stateOf(world, id), { type: "refundStuck", why: "byHand" });
    }
    return await commit(transition);
  };
  await cancel();
  await pass(world, 60_000);
  expect(decided).toBe(true);
  expect((await stateOf(world, id)).refund).toMatchObject({ stuck: true, why: "byHand" });
  expect(refundCalls()).toBe(0);
});

test("its channel is not set up for a while: it waits, and goes when the channel is there again", async () => {
  const channels = world.sale.channels as Map<"wechat", CodePayChannel>;
  const channel = earth.bank.channel;
  channels.clear();
  await cancel();
  await pass(world, 10_000);
  expect((await stateOf(world, id)).refund).toMatchObject({ stuck: false, failures: 1, why: "channel" });
  channels.set("wechat", channel);
  await pass(world, 2 * 60_000);
  expect((await stateOf(world, id)).state).toBe("refunded");
});

test("late money that its channel refuses for now is tried again", async () => {
  earth.bank.refundFates.push("later");
  const live = await lateMoney();
  await pass(world, 11 * 60_000);
  expect(await lateOf(live)).toMatchObject({ refunded: true, failures: 1 });
});

const silent = { kind: "unknown", why: "timeout" } as const;
test.each([
  ["at once", 0, silent],
  ["after hours without a word", 8 * 3_600_000, silent],
  ["after hours in which it did not find the order", 8 * 3_600_000, { kind: "notFound", verified: true } as const],
])(
  "money that went back by the reverse is not given back again for an older 'paid'; its channel says so %s",
  async (_, silentMs, saysFirst) => {
    const live = await givenUp("older", "password");
    expect(earth.bank.trades.get(live.replaceAll("-", ""))?.state).toBe("closed");
    expect(await hearsPaid(live)).toBe(true);
    earth.bank.refundFates.push(...Array.from({ length: 50 }, () => "later" as const));
    const { channel } = earth.bank;
    const { query } = channel;
    channel.query = async () => saysFirst;
    await pass(world, silentMs, 60_000);
    expect(await lateOf(live)).toMatchObject({ refunded: false, failures: 0, stuck: false });
    channel.query = query;
    await pass(world, 3_660_000, 60_000);
    expect(await lateOf(live)).toMatchObject({ refunded: true, failures: 0, stuck: false, paidOut: null });
    await booksHold(earth);
  },
);

test("late money that is refused by a channel which tells nothing of the order goes to people in the end", async () => {
  const live = await lateMoney();
  earth.bank.refundFates.push(...Array.from({ length: 300 }, () => "later" as const));
  earth.bank.channel.query = async () => silent;
  await pass(world, 11 * 60_000);
  await hearsPaid(live);
  await pass(world, 12 * dayMs, 600_000);
  expect(await lateOf(live)).toMatchObject({ refunded: false, stuck: true });
});

test("a payment of another sum, once people have taken it for paid, goes back by people only", async () => {
  const { card } = await newAccount(earth, "odd");
  const sale = await quoted(world, kiosk1, await insert(world, kiosk1, card), amount(700));
  await confirmed(world, kiosk1, sale.id);
  earth.bank.fates.push("password");
  await pay(world, kiosk1, sale.id);
  const [live = ""] = (await stateOf(world, sale.id)).liveAttemptIds;
  const trade = earth.bank.trades.get(live.replaceAll("-", ""));
  if (trade) trade.paidFen = 650;
  earth.bank.payOpen();
  await pass(world, 5_000);
  const { state: attempt } = (await earth.store.load([{ kind: "attempt", id: live }])).get("attempt", live) ?? {};
  if (attempt === undefined) throw new Error("no attempt");
  expect(attempt).toMatchObject({ state: "manual", oddFen: 650 });
  const by: [string, string] = ["u1", "u2"];
  expect(await applyToAttempt(world.sale, attempt, { type: "resolved", to: "paid", transactionId: null, by })).toBe(
    true,
  );
  value(await cancelPurchase(world.sale, kiosk1, sale.id, keyed("cancel-odd")));
  await pass(world, 1_000, 1_000);
  expect((await stateOf(world, sale.id)).refund).toMatchObject({ stuck: true, why: "amountMismatch" });
  expect(refundCalls()).toBe(0);
});

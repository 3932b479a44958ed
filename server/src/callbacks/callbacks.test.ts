/** What gateways send: doubled, late, forged, out of order, and processes that die over it. */
import { beforeEach, expect, test } from "vitest";
import { signedNotification } from "../purchases/bank.testkit.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { type Earth, kiosk1, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  confirmed,
  deliver,
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
import { callbackLimits } from "./callbacks.ts";

let earth: Earth;
let world: World;

beforeEach(() => {
  earth = makeEarth(openMemoryStore());
  world = makeWorld(earth);
});

/** A purchase whose pay call's answer was lost: only a query or a notification tells. */
async function waiting(): Promise<{ id: string; outTradeNo: string; paid: Record<string, unknown> }> {
  const { card } = await newAccount(earth, "a");
  const { id } = await quoted(world, kiosk1, await insert(world, kiosk1, card), amount(1_000));
  await confirmed(world, kiosk1, id);
  earth.bank.fates.push("silent");
  await pay(world, kiosk1, id);
  const outTradeNo = [...earth.bank.trades.keys()].at(-1) ?? "";
  const outcome = { kind: "paid", verified: true, transactionId: `TX${outTradeNo}`, amountFen: 1_000, paidAt: null };
  return { id, outTradeNo, paid: { kind: "payment", id: "EV-1", outTradeNo, outcome } };
}
const take = async (read: Record<string, unknown>, signature = "good") => {
  const reply = await world.callbacks.take("wechat", signedNotification(read, signature));
  await world.callbacks.drain();
  return reply;
};
const results = () => earth.notifications.kept.map(({ result }) => result);
const eventCount = async (id: string) => (await earth.store.events({ kind: "purchase", id })).length;

test("a payment that is told is paid, once, however often it is told", async () => {
  const { id, paid } = await waiting();
  expect(await take(paid)).toMatchObject({ status: 200, body: "success" });
  expect((await stateOf(world, id)).state).toBe("paid");
  const before = await eventCount(id);
  expect(await take(paid)).toMatchObject({ status: 200 });
  expect(await take({ ...paid, id: "EV-2" })).toMatchObject({ status: 200 });
  expect(await eventCount(id)).toBe(before);
  expect(results()).toEqual(["applied", "ignored"]);
  await booksHold(earth);
});

test("told under many ids at once it is written down once, and none of them is left to the sweep", async () => {
  const { id, outTradeNo, paid } = await waiting();
  const before = await eventCount(id);
  // All of them look before any of them is done.
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let looks = 0;
  const together = makeWorld(earth, {
    ...earth.store,
    async load(refs) {
      const seen = await earth.store.load(refs);
      looks += 1;
      if (looks === callbackLimits.inFlightMax) open();
      await gate;
      return seen;
    },
  });
  for (let n = 0; n < callbackLimits.inFlightMax; n++)
    await together.callbacks.take("wechat", signedNotification({ ...paid, id: `EV-${n}`, outTradeNo }));
  await together.callbacks.drain();
  expect((await stateOf(world, id)).state).toBe("paid");
  expect(await eventCount(id)).toBe(before + 1);
  expect(results().filter((result) => result === "applied")).toHaveLength(1);
  expect(results().filter((result) => result === "ignored")).toHaveLength(callbackLimits.inFlightMax - 1);
});

test("what proves nothing is refused, kept as it came, and moves nothing; most of a flood is only counted", async () => {
  const { id, paid } = await waiting();
  const before = await eventCount(id);
  for (let time = 0; time < callbackLimits.refusedKeptPerHour + 20; time++)
    expect(await take(paid, "forged")).toMatchObject({ status: 401, body: "fail" });
  expect(await eventCount(id)).toBe(before);
  expect(earth.notifications.kept).toHaveLength(callbackLimits.refusedKeptPerHour);
  expect(earth.notifications.refusedCount).toBe(callbackLimits.refusedKeptPerHour + 20);
  const [first] = earth.notifications.kept;
  expect(Buffer.from(first?.message.body ?? []).toString()).toBe(JSON.stringify(paid));
  expect(first?.message.headers).toEqual({ "wechatpay-signature": "forged" });
});

test("one that is told again is answered, and nothing is done for it", async () => {
  const { paid } = await waiting();
  let loads = 0;
  const counting = makeWorld(earth, {
    ...earth.store,
    load: (refs) => {
      loads += 1;
      return earth.store.load(refs);
    },
  });
  const told = async () => {
    expect(await counting.callbacks.take("wechat", signedNotification(paid))).toMatchObject({ status: 200 });
    await counting.callbacks.drain();
  };
  await told();
  const once = loads;
  expect(once).toBeGreaterThan(0);
  await told();
  expect(loads).toBe(once);
});

test("only so many are carried out at once: the next is kept and answered, and left to the sweep", async () => {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { finish } = earth.notifications;
  earth.notifications.finish = (...done) => gate.then(() => finish(...done));
  const told = (n: number) => signedNotification({ kind: "other", id: `EV-${n}`, type: "X" });
  for (let n = 0; n <= callbackLimits.inFlightMax; n++)
    expect(await world.callbacks.take("wechat", told(n))).toMatchObject({ status: 200 });
  open();
  await world.callbacks.drain();
  expect(results().filter((result) => result === null)).toHaveLength(1);
  earth.clock.now += callbackLimits.leaveMs;
  expect(await world.callbacks.sweep()).toBe(1);
  expect(results()).not.toContain(null);
});

test("a word that is not verified is no answer", async () => {
  const { id, outTradeNo } = await waiting();
  const before = await eventCount(id);
  for (const outcome of [
    { kind: "unknown", why: "x" },
    { kind: "inProgress", verified: false },
  ])
    await take({ kind: "payment", id: `EV-${outcome.kind}`, outTradeNo, outcome });
  expect(await eventCount(id)).toBe(before);
  expect(results()).toEqual(["ignored", "ignored"]);
});

test("another sum than was asked for goes to people", async () => {
  const { id, paid } = await waiting();
  await take({ ...paid, outcome: { ...(paid.outcome as object), amountFen: 999 } });
  const [attemptId = ""] = (await stateOf(world, id)).liveAttemptIds;
  const row = (await earth.store.load([{ kind: "attempt", id: attemptId }])).get("attempt", attemptId);
  expect(row?.state).toMatchObject({ state: "manual", oddFen: 999 });
});

test("the process dies between answer and work: the next one takes it up", async () => {
  const { id, paid } = await waiting();
  const dying = { ...earth.store, load: () => Promise.reject(new Error("killed")) };
  const doomed = makeWorld(earth, dying);
  expect(await doomed.callbacks.take("wechat", signedNotification(paid))).toMatchObject({ status: 200 });
  await doomed.callbacks.drain();
  expect(results()).toEqual([null]);
  // Whoever is still at it is left alone for a while.
  expect(await world.callbacks.sweep()).toBe(0);
  earth.clock.now += callbackLimits.leaveMs;
  expect(await world.callbacks.sweep()).toBe(1);
  expect((await stateOf(world, id)).state).toBe("paid");
  expect(await world.callbacks.sweep()).toBe(0);
});

test("one that can't be carried out for a day goes to people instead of round for ever", async () => {
  const { paid } = await waiting();
  const broken = makeWorld(earth, { ...earth.store, load: () => Promise.reject(new Error("broken")) });
  await broken.callbacks.take("wechat", signedNotification(paid));
  await broken.callbacks.drain();
  earth.clock.now += callbackLimits.giveUpMs + 1;
  await broken.callbacks.sweep();
  expect(results()).toEqual(["failed"]);
  expect([...earth.staff.values()].map(({ kind }) => kind)).toContain("payment.notification");
});

test("it can't be stored: the gateway is not told that it was taken", async () => {
  const { paid } = await waiting();
  earth.notifications.add = () => Promise.reject(new Error("no database"));
  await expect(take(paid)).rejects.toThrow("no database");
});

test("orders of others, refunds that we never ordered, and a channel that sends nothing", async () => {
  const { outTradeNo } = await waiting();
  const theirs = {
    kind: "payment",
    id: "EV-7",
    outTradeNo: "0".repeat(32),
    outcome: { kind: "closed", verified: true },
  };
  await take(theirs);
  const refund = { kind: "refund", outTradeNo, refundNo: "BY_HAND", amountFen: 1_000 };
  await take({ ...refund, id: "EV-8", outcome: { kind: "done", verified: true } });
  await take({ kind: "other", id: "EV-9", type: "COUPON.USE" });
  expect(results()).toEqual(["unknownOrder", "unknownRefund", "ignored"]);
  expect([...earth.staff.values()].map(({ kind }) => kind)).toContain("payment.unknownRefund");
  expect(await world.callbacks.take("alipay", signedNotification({}))).toBeUndefined();
});

test("a refund is done by its notification, even one that comes before the payment's own", async () => {
  const { card } = await newAccount(earth, "b");
  const { id } = await bought(world, kiosk1, card, amount(1_000));
  earth.bank.refundFates.push("silent");
  value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel")));
  await pass(world, 500, 500);
  expect((await stateOf(world, id)).state).toBe("refunding");
  await deliver(world, 3);
  expect((await stateOf(world, id)).state).toBe("refunded");
  const outTradeNo = [...earth.bank.trades.keys()].at(-1) ?? "";
  const outcome = { kind: "paid", verified: true, transactionId: "TX-other", amountFen: 1_000, paidAt: null };
  await take({ kind: "payment", id: "EV-late", outTradeNo, outcome });
  expect((await stateOf(world, id)).state).toBe("refunded");
  await booksHold(earth);
});

test("a refund that is told by the order's sum only is done when its own number says so", async () => {
  const { card } = await newAccount(earth, "b");
  const { id } = await bought(world, kiosk1, card, amount(1_000));
  earth.bank.refundFates.push("silent");
  value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel")));
  const outTradeNo = [...earth.bank.trades.keys()].at(-1) ?? "";
  const told = { kind: "refund", outTradeNo, amountFen: null, outcome: { kind: "processing" } };
  // Nothing was sent yet: somebody else's word about it is no refund.
  await take({ ...told, id: "EV-early", refundNo: (await stateOf(world, id)).refund?.no });
  expect((await stateOf(world, id)).state).toBe("refunding");
  await pass(world, 500, 500);
  expect((await stateOf(world, id)).state).toBe("refunding");
  await take({ ...told, id: "EV-hand", refundNo: "BY_HAND" });
  expect(results()).toEqual(["ignored", "unknownRefund"]);
  await take({ ...told, id: "EV-own", refundNo: (await stateOf(world, id)).refund?.no });
  expect((await stateOf(world, id)).state).toBe("refunded");
  await booksHold(earth);
});

test("late money's refund is believed for its own sum only", async () => {
  const { card } = await newAccount(earth, "b");
  const { id } = await quoted(world, kiosk1, await insert(world, kiosk1, card), amount(1_000));
  await confirmed(world, kiosk1, id);
  earth.bank.fates.push("lost");
  await pay(world, kiosk1, id);
  const [attemptId = ""] = (await stateOf(world, id)).liveAttemptIds;
  const outTradeNo = attemptId.replaceAll("-", "");
  const late = async () =>
    (await earth.store.load([{ kind: "attempt", id: attemptId }])).get("attempt", attemptId)?.state.lateSuccess;
  await pass(world, 300_000);
  earth.bank.arrive(outTradeNo, 1_000);
  earth.bank.refundFates.push("silent");
  for (let waited = 0; waited < 200 && (await late()) === null; waited++) await pass(world, 5_000);
  expect(await late()).toMatchObject({ refunded: false });
  const refundNo = (await late())?.refundNo;
  const told = { kind: "refund", outTradeNo, refundNo, outcome: { kind: "done", verified: true } };
  await take({ ...told, id: "EV-part", amountFen: 999 });
  expect(await late()).toMatchObject({ refunded: false });
  await take({ ...told, id: "EV-whole", amountFen: 1_000 });
  expect(await late()).toMatchObject({ refunded: true });
  expect(results()).toEqual(["unknownRefund", "applied"]);
});

test.each([
  ["ABNORMAL", true, { stuck: true, why: "ABNORMAL" }],
  ["NOT_ENOUGH", false, { stuck: false, failures: 1 }],
] as const)("a refund that is told to have failed (%s)", async (code, never, refund) => {
  const { card } = await newAccount(earth, "b");
  const { id } = await bought(world, kiosk1, card, amount(1_000));
  earth.bank.refundFates.push("processing");
  value(await cancelPurchase(world.sale, kiosk1, id, keyed("cancel")));
  await pass(world, 500, 500);
  const outTradeNo = [...earth.bank.trades.keys()].at(-1) ?? "";
  const refundNo = (await stateOf(world, id)).refund?.no;
  const told = { kind: "refund", outTradeNo, refundNo, outcome: { kind: "failed", code, never } };
  await take({ ...told, id: "EV-other-sum", amountFen: 1 });
  expect((await stateOf(world, id)).refund).toMatchObject({ stuck: false, failures: 0 });
  await take({ ...told, id: "EV-5", amountFen: 1_000 });
  expect((await stateOf(world, id)).refund).toMatchObject(refund);
});

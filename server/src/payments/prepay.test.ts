/** Orders that a customer pays on a phone: one live order, closed before another one, money never without its gas. */
import { beforeEach, describe, expect, test } from "vitest";
import { loggedEvent } from "../purchases/applyEvent.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { type Earth, kiosk1, kiosk2, makeEarth, newAccount, phone1 } from "../purchases/earth.testkit.ts";
import { getPurchase } from "../purchases/watch.ts";
import {
  amount,
  booksHold,
  confirmed,
  deliver,
  insert,
  keyed,
  ledger,
  makeWorld,
  pass,
  pay,
  prepaid,
  quoted,
  stateOf,
  value,
  type World,
  write,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { inFlightMax } from "./payments.ts";
import { startPrepay } from "./prepay.ts";

let earth: Earth;
let world: World;
let id: string;
let card: Awaited<ReturnType<typeof newAccount>>["card"];

beforeEach(async () => {
  earth = makeEarth(openMemoryStore());
  world = makeWorld(earth);
  const made = await newAccount(earth, "a", { balanceFen: 30 });
  card = made.card;
  later(made.accountId, true);
  const visit = await insert(world, phone1, card);
  ({ id } = await quoted(world, phone1, visit, amount(1_030)));
  await confirmed(world, phone1, id);
});

function later(accountId: string, on: boolean): void {
  const customer = earth.customers.get(accountId);
  if (customer) earth.customers.set(accountId, { ...customer, later: on });
}
const view = async () => value(await getPurchase(world.sale, phone1, id));
const attemptOf = async () => {
  const ids = [...earth.bank.trades.keys()];
  return ids.at(-1) ?? "";
};
const again = async () => (await insert(world, kiosk1, card)).answer;

test("paid on the phone, told by the gateway, written at a kiosk", async () => {
  const { params, purchase } = value(await prepaid(world, phone1, id));
  expect(params).toMatchObject({ package: `prepay_id=wx${await attemptOf()}`, appId: "mini", signType: "RSA" });
  expect(purchase).toMatchObject({ state: "paying", attempt: { state: "pending", channel: "wechat" } });
  expect(earth.bank.trades.get(await attemptOf())?.order?.expireAt).toBe(earth.clock.now + 15 * 60_000);
  expect(earth.bank.payOrder(await attemptOf())).toBe(true);
  await deliver(world);
  expect(await stateOf(world, id)).toMatchObject({ state: "paid", later: true });
  const visit = await insert(world, kiosk1, card);
  await write(world, kiosk1, card, visit, visit.answer);
  expect((await view()).state).toBe("delivered");
  await booksHold(earth);
});

test("the callback is lost: a query finds the money", async () => {
  value(await prepaid(world, phone1, id));
  earth.bank.payOrder(await attemptOf());
  await pass(world, 5_000);
  expect((await view()).state).toBe("paid");
});

test("asked again, the same order is signed anew; nothing new is made", async () => {
  const first = value(await prepaid(world, phone1, id)).params;
  const second = value(await prepaid(world, phone1, id)).params;
  expect(second.package).toBe(first.package);
  expect(second.nonceStr).not.toBe(first.nonceStr);
  expect(earth.bank.calls.filter(({ call }) => call === "prepare")).toHaveLength(1);
});

test.each(["lost", "silent"] as const)("its making was %s: made again with the same number", async (fate) => {
  earth.bank.prepareFates.push(fate);
  const key = keyed("prepay-1");
  const ask = () => startPrepay(world.sale, world.payments, phone1, id, { app: "mini", openid: "o1" }, key);
  expect(await ask()).toMatchObject({ error: { code: "payment.channelDown" } });
  expect(value(await ask()).params.package).toContain("prepay_id=wx");
  const made = earth.bank.calls.filter(({ call }) => call === "prepare");
  expect(new Set(made.map(({ outTradeNo }) => outTradeNo)).size).toBe(1);
  expect(made).toHaveLength(2);
});

test.each(["refused", "notSent"] as const)(
  "its making was %s: that order is over, a new one can be asked for",
  async (fate) => {
    earth.bank.prepareFates.push(fate);
    expect(await prepaid(world, phone1, id)).toMatchObject({ error: { code: "payment.channelDown" } });
    expect(await stateOf(world, id)).toMatchObject({ state: "paying", liveAttemptIds: [] });
    expect((await prepaid(world, phone1, id)).ok).toBe(true);
  },
);

test("nobody asks again after an unknown making: over after two answers that it is not there", async () => {
  earth.bank.prepareFates.push("lost");
  await prepaid(world, phone1, id);
  await pass(world, 15_000);
  expect((await stateOf(world, id)).liveAttemptIds).toEqual([]);
});

test("another payer: the first one's order is closed first, and known to be", async () => {
  value(await prepaid(world, phone1, id, "oFirst"));
  expect(await prepaid(world, phone1, id, "oSecond")).toMatchObject({ error: { code: "payment.inProgress" } });
  // Neither of them is given params while it is being closed.
  expect(await prepaid(world, phone1, id, "oFirst")).toMatchObject({ error: { code: "payment.inProgress" } });
  await pass(world, 1_000, 100);
  expect(value(await prepaid(world, phone1, id, "oSecond")).purchase.attempt?.state).toBe("pending");
  const open = [...earth.bank.trades.values()].filter(({ state }) => state === "open");
  expect(open.map(({ order }) => order?.openid)).toEqual(["oSecond"]);
});

test("nobody pays for 15 minutes: closed, void, nothing held", async () => {
  value(await prepaid(world, phone1, id));
  await pass(world, 16 * 60_000, 10_000);
  expect(await view()).toMatchObject({ state: "paying" });
  expect((await stateOf(world, id)).liveAttemptIds).toEqual([]);
  expect(earth.bank.payOrder(await attemptOf())).toBe(false);
  await pass(world, 16 * 60_000, 60_000);
  expect(await view()).toMatchObject({ state: "void", reason: "timeout" });
  expect(await ledger(earth, "held:account-a")).toBe(0);
  await booksHold(earth);
});

test("given up, and paid all the same: refunded by itself", async () => {
  value(await prepaid(world, phone1, id));
  value(await cancelPurchase(world.sale, phone1, id, keyed("cancel")));
  expect(earth.bank.payOrder(await attemptOf())).toBe(true);
  await deliver(world, 2);
  await pass(world, 60_000);
  await deliver(world, 2);
  expect((await view()).state).toBe("void");
  expect(earth.bank.netFen()).toBe(0);
  expect(await ledger(earth, "returns:wechat")).toBe(0);
  await booksHold(earth);
});

test("another terminal, a kiosk's purchase in payment, a key that was used: no params", async () => {
  expect(await prepaid(world, kiosk1, id)).toMatchObject({ error: { code: "purchase.notFound" } });
  const key = keyed("prepay-x");
  const ask = () => startPrepay(world.sale, world.payments, phone1, id, { app: "mini", openid: "o1" }, key);
  value(await ask());
  await pass(world, 16 * 60_000, 10_000);
  expect(await ask()).toMatchObject({ error: { code: "purchase.wrongState" } });
});

test("an order whose time is over is signed for nobody, though nobody has asked the gateway yet", async () => {
  value(await prepaid(world, phone1, id));
  earth.clock.now += 15 * 60_000;
  expect(await prepaid(world, phone1, id)).toMatchObject({ ok: false, error: { code: "payment.inProgress" } });
});

test("given up while it is announced: it is not made; while it is made: it is signed for nobody", async () => {
  const { store } = world.sale;
  const { commit } = store;
  let cancelled = 0;
  const cancel = async () => {
    cancelled += 1;
    value(await cancelPurchase(world.sale, phone1, id, keyed(`cancel-${cancelled}`)));
  };
  store.commit = async (transition) => {
    if (loggedEvent(transition.event).event.type === "submitted" && cancelled === 0) await cancel();
    return await commit(transition);
  };
  expect(await prepaid(world, phone1, id)).toMatchObject({ ok: false, error: { code: "payment.inProgress" } });
  expect(earth.bank.calls).toEqual([]);
  store.commit = commit;

  const made = await newAccount(earth, "b");
  later(made.accountId, true);
  ({ id } = await quoted(world, phone1, await insert(world, phone1, made.card), amount(500)));
  await confirmed(world, phone1, id);
  earth.bank.witness = async (call) => {
    if (call === "prepare") await cancel();
  };
  expect(await prepaid(world, phone1, id)).toMatchObject({ ok: false, error: { code: "payment.inProgress" } });
  expect(earth.bank.calls.map(({ call }) => call)).toEqual(["prepare"]);
});

test.each(["cancelled", "wanted gone by a reader"] as const)(
  "%s after its making was lost: the gateway is not asked to make it again",
  async (what) => {
    earth.bank.prepareFates.push("lost");
    expect(await prepaid(world, phone1, id)).toMatchObject({ error: { code: "payment.channelDown" } });
    if (what === "cancelled") value(await cancelPurchase(world.sale, phone1, id, keyed("cancel-lost")));
    else expect(await again()).toMatchObject({ code: "purchase.onPhone" });
    expect(await prepaid(world, phone1, id)).toMatchObject({ error: { code: "payment.inProgress" } });
    expect(earth.bank.calls.filter(({ call }) => call === "prepare")).toHaveLength(1);
  },
);

test("a scanned code in payment is neither signed for a phone nor closed for a reader", async () => {
  const made = await newAccount(earth, "b");
  const sale = await quoted(world, kiosk1, await insert(world, kiosk1, made.card), amount(500));
  await confirmed(world, kiosk1, sale.id);
  earth.bank.fates.push("password");
  await pay(world, kiosk1, sale.id);
  const before = await earth.store.events({ kind: "purchase", id: sale.id });
  expect(await prepaid(world, kiosk1, sale.id)).toMatchObject({ error: { code: "payment.inProgress" } });
  const elsewhere = await insert(world, kiosk2, made.card);
  expect(elsewhere.answer).toMatchObject({ kind: "refused", code: "purchase.open" });
  expect(await earth.store.events({ kind: "purchase", id: sale.id })).toEqual(before);
  expect(earth.bank.calls.map(({ call }) => call)).not.toContain("close");
});

test("while a channel is down nobody is sent to it, and no order is announced", async () => {
  for (let time = 0; time < 2; time++)
    world.payments.health.note("wechat", { kind: "unknown", why: "x" }, earth.clock.now);
  expect(await prepaid(world, phone1, id)).toMatchObject({ error: { code: "payment.channelDown" } });
  expect(earth.bank.calls).toEqual([]);
  expect((await stateOf(world, id)).liveAttemptIds).toEqual([]);
});

test("while as many calls wait for their gateway as may, no order is announced; every place is given back", async () => {
  world.payments.taken = inFlightMax;
  expect(await prepaid(world, phone1, id)).toMatchObject({ error: { code: "payment.channelDown" } });
  expect(earth.bank.calls).toEqual([]);
  expect((await stateOf(world, id)).liveAttemptIds).toEqual([]);
  world.payments.taken = inFlightMax - 1;
  value(await prepaid(world, phone1, id));
  expect(world.payments.taken).toBe(inFlightMax - 1);
});

test("a phone buys for later only where the company allows it, and never for a card it may write nowhere", async () => {
  const { card: other, accountId } = await newAccount(earth, "b");
  later(accountId, false);
  await expect(insert(world, phone1, other).then((visit) => quoted(world, phone1, visit, amount(100)))).rejects.toThrow(
    "auth.forbidden",
  );
});

test("another sum than was asked for is people's to look at", async () => {
  value(await prepaid(world, phone1, id));
  const outTradeNo = await attemptOf();
  earth.bank.payOrder(outTradeNo, 500);
  await deliver(world);
  const [attemptId = ""] = (await stateOf(world, id)).liveAttemptIds;
  const attempt = (await earth.store.load([{ kind: "attempt", id: attemptId }])).get("attempt", attemptId)?.state;
  expect(attempt).toMatchObject({ state: "manual", oddFen: 500 });
  // Nobody pays it a second time, and nobody else's order closes it under people's hands.
  const { length } = await earth.store.events({ kind: "purchase", id });
  for (const openid of ["oPayer1", "oOther"])
    expect(await prepaid(world, phone1, id, openid)).toMatchObject({ error: { code: "payment.inProgress" } });
  expect(await earth.store.events({ kind: "purchase", id })).toHaveLength(length);
  await pass(world, 1_000, 1_000);
  expect([...earth.staff.values()].map(({ kind }) => kind)).toContain("attempt.manual");
});

describe("a reader that holds the card", () => {
  beforeEach(async () => {
    value(await prepaid(world, phone1, id));
  });

  test("wins over an order on a phone: closed at the gateway first, then the sale goes on here", async () => {
    expect(await again()).toEqual({
      kind: "refused",
      code: "purchase.onPhone",
      value: null,
      number: (await stateOf(world, id)).number,
    });
    expect(await stateOf(world, id)).toMatchObject({ state: "paying", yielding: true });
    const { length } = await earth.store.events({ kind: "purchase", id });
    await again();
    expect(await earth.store.events({ kind: "purchase", id })).toHaveLength(length);
    await pass(world, 1_000, 100);
    expect(await stateOf(world, id)).toMatchObject({ state: "void", reason: "readerWins" });
    expect(earth.bank.payOrder(await attemptOf())).toBe(false);
    const visit = await insert(world, kiosk1, card);
    const sale = await quoted(world, kiosk1, visit, amount(500));
    await confirmed(world, kiosk1, sale.id);
    await pay(world, kiosk1, sale.id);
    expect((await stateOf(world, sale.id)).state).toBe("paid");
    await booksHold(earth);
  });

  test("and the order was paid first: the purchase goes on with that money, at this reader", async () => {
    earth.bank.payOrder(await attemptOf());
    expect(await again()).toMatchObject({ code: "purchase.onPhone" });
    await pass(world, 1_000, 100);
    const visit = await insert(world, kiosk1, card);
    expect(visit.answer).toMatchObject({ kind: "script", purchase: { id } });
    await write(world, kiosk1, card, visit, visit.answer);
    expect((await stateOf(world, id)).state).toBe("delivered");
    expect(earth.bank.netFen()).toBe(1_000);
  });

  test("asked again with the same image, it goes on without the card leaving: unpaid, the account", async () => {
    const visit = await insert(world, kiosk1, card);
    expect(visit.answer).toMatchObject({ code: "purchase.onPhone" });
    expect(await visit.ask()).toMatchObject({ code: "purchase.onPhone" });
    await pass(world, 1_000, 100);
    expect(await visit.ask()).toMatchObject({ kind: "account" });
    const sale = await quoted(world, kiosk1, visit, amount(500));
    await confirmed(world, kiosk1, sale.id);
    await pay(world, kiosk1, sale.id);
    expect((await stateOf(world, sale.id)).state).toBe("paid");
    await booksHold(earth);
  });

  test("asked again with the same image: paid, the script of that purchase", async () => {
    earth.bank.payOrder(await attemptOf());
    const visit = await insert(world, kiosk1, card);
    await pass(world, 1_000, 100);
    const answer = await visit.ask();
    expect(answer).toMatchObject({ kind: "script", purchase: { id }, resumed: true });
    await write(world, kiosk1, card, visit, answer);
    expect((await stateOf(world, id)).state).toBe("delivered");
    await booksHold(earth);
  });

  test("a close without effect is repeated until a query says that it is closed", async () => {
    earth.bank.closeFates.push("ignored", "silent");
    await again();
    await pass(world, 3_000, 100);
    expect((await stateOf(world, id)).state).toBe("paying");
    await pass(world, 10_000, 1_000);
    expect((await stateOf(world, id)).state).toBe("void");
  });

  test("while the gateway is away nothing is sold to the card", async () => {
    earth.bank.down = true;
    await again();
    await pass(world, 30_000);
    expect(await again()).toMatchObject({ code: "purchase.onPhone" });
  });

  const phone2 = { ...phone1, id: "phone-2" };
  const lookAt = async (terminal: typeof phone1) => {
    const { answer } = await insert(world, terminal, card);
    return { code: answer.kind === "refused" ? answer.code : answer.kind, ...(await stateOf(world, id)) };
  };
  /** As a maker's layout would be that phones may write; the open ones they may not. */
  async function writtenByPhones<T>(run: () => Promise<T>): Promise<T> {
    const { checksums } = card.driver;
    Object.assign(card.driver, { checksums: "keyed" });
    try {
      return await run();
    } finally {
      Object.assign(card.driver, { checksums });
    }
  }

  test("the phone's own look at the card closes nothing, whether it may write it or not", async () => {
    expect(await lookAt(phone1)).toMatchObject({ code: "purchase.open", yielding: false });
    await writtenByPhones(async () => {
      expect(await lookAt(phone1)).toMatchObject({ code: "purchase.open", yielding: false });
    });
  });

  test("a reader that may not write the card closes nothing; another phone that may, does", async () => {
    expect(await lookAt(phone2)).toMatchObject({ code: "purchase.open", yielding: false });
    await writtenByPhones(async () => {
      expect(await lookAt(phone2)).toMatchObject({ code: "purchase.onPhone", yielding: true });
    });
  });

  test("cancelled while the reader looks: it gives way no more", async () => {
    const { store } = world.sale;
    const { load } = store;
    let looks = 0;
    store.load = async (ids) => {
      const found = await load(ids);
      if (ids.length !== 1 || ids[0]?.kind !== "card") return found;
      looks += 1;
      // The second time to see whether this reader may write it, just before the order is asked to give way.
      if (looks === 2) value(await cancelPurchase(world.sale, phone1, id, keyed("cancel-now")));
      return found;
    };
    const { length } = await store.events({ kind: "purchase", id });
    const seen = await lookAt(kiosk1);
    store.load = load;
    expect(looks).toBe(2);
    expect(seen).toMatchObject({ code: "purchase.open", state: "closing", yielding: false });
    expect(await store.events({ kind: "purchase", id })).toHaveLength(length + 1);
  });
});

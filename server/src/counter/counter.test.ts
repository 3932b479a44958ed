/** Cash and the bank's terminal at a desk, drawers, and money that goes back another way than it came. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TerminalFacts } from "../context.ts";
import type { Role } from "../decisions/types.ts";
import { applyEvent } from "../purchases/applyEvent.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { kiosk1, newAccount } from "../purchases/earth.testkit.ts";
import {
  accountOf,
  amount,
  booksHold,
  bought,
  confirmed,
  insert,
  keyed,
  ledger,
  pass,
  quoted,
  stateOf,
  value,
  wanted,
  workOff,
  write,
} from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";
import { makeDrawer } from "./drawers.ts";
import { payAtCounter } from "./payments.ts";

const desk: TerminalFacts = { ...kiosk1, id: "desk-1", kind: "desk" };
let hall: Hall;
let cashier: Member;
let other: Member;
let supervisor: Member;
let drawer: string;
beforeAll(async () => {
  hall = await openHall();
  cashier = await hall.member("王芳", "cashier");
  other = await hall.member("陈晨", "cashier");
  supervisor = await hall.member("李娜", "supervisor", "finance");
  drawer = value(await makeDrawer(hall.world.sale, unitId, "一号钱箱", supervisor.id)).id;
});
const unitId = kiosk1.unit.id;
beforeEach(() => {
  hall.earth.clock.now += 10 * 60_000;
});
afterAll(async () => {
  await booksHold(hall.earth);
  await hall.close();
});

let names = 0;
/** A confirmed purchase at the desk. */
async function atDesk(fen: number, terminal = desk) {
  names += 1;
  const { card, accountId } = await newAccount(hall.earth, `${names}`);
  const visit = await insert(hall.world, terminal, card);
  const { id } = await quoted(hall.world, terminal, visit, amount(fen));
  await confirmed(hall.world, terminal, id);
  return { id, card, visit, accountId };
}

const pay = (id: string, body: object, who = cashier, key?: string) =>
  hall.ask(who, "POST", `/purchases/${id}/counter-payments`, body, key);
const cash = (receivedFen?: number) => ({
  method: "cash",
  drawerId: drawer,
  ...(receivedFen === undefined ? {} : { receivedFen }),
});
const openIt = (floatFen = 0, who = cashier) => hall.ask(who, "POST", `/drawers/${drawer}/open`, { floatFen });
const versionNow = async () => Number((await hall.ask(cashier, "GET", `/drawers/${drawer}`)).body.version);
const closeIt = async (countedFen: number, who = cashier, version?: number) =>
  hall.ask(who, "POST", `/drawers/${drawer}/close`, { countedFen, version: version ?? (await versionNow()) });
const inDrawer = async () => (await hall.ask(cashier, "GET", `/drawers/${drawer}`)).body.cashFen;

test("a drawer opens with its float, takes notes, is counted, and its cash goes to the bank by two", async () => {
  const { id, card, visit } = await atDesk(5_000);
  expect((await pay(id, cash(5_000))).body).toMatchObject({ code: "drawer.closed" });
  expect((await openIt(20_000)).body).toMatchObject({ open: true, openedBy: cashier.id, cashFen: 20_000 });
  expect((await openIt()).body).toMatchObject({ code: "drawer.open" });
  const taken = await pay(id, cash(6_000));
  expect(taken).toMatchObject({ status: 201, body: { changeFen: 1_000, purchase: { state: "paid" } } });
  expect(await inDrawer()).toBe(25_000);
  const script = await wanted(hall.world, desk, id, visit);
  expect(await write(hall.world, desk, card, visit, script)).toMatchObject({ kind: "delivered" });
  expect((await closeIt(24_900)).body).toMatchObject({ open: false, differenceFen: -100, cashFen: 24_900 });
  expect(await ledger(hall.earth, `drawerDifference:${unitId}`)).toBe(100);

  const doc = { amountFen: 24_000, reference: "ICBC 77" };
  const body = { kind: "drawer.deposit", ref: drawer, doc, evidence: "paying-in slip" };
  const tooMuch = { ...body, doc: { ...doc, amountFen: 24_901 } };
  expect((await hall.ask(cashier, "POST", "/decisions", tooMuch)).body).toMatchObject({ code: "drawer.tooLittle" });
  const made = await hall.ask(cashier, "POST", "/decisions", body);
  expect((await hall.ask(supervisor, "POST", `/decisions/${made.body.id}/confirm`, {})).body).toMatchObject({
    state: "done",
  });
  expect(await inDrawer()).toBe(900);
  expect(await ledger(hall.earth, `bank:${unitId}`)).toBe(24_000);
});

test("the same request again books nothing more, whether it was taken or only announced", async () => {
  await openIt();
  const before = Number(await inDrawer());
  const { id } = await atDesk(1_000);
  const announced = await pay(id, cash(), cashier, "announce-once");
  expect(announced.body).toMatchObject({
    changeFen: null,
    purchase: { state: "paying", attempt: { state: "created" } },
  });
  expect((await pay(id, cash(), cashier, "announce-once")).body).toEqual(announced.body);
  expect(await inDrawer()).toBe(before);
  for (let time = 0; time < 3; time++)
    expect((await pay(id, cash(1_000), cashier, "take-once")).body).toMatchObject({
      changeFen: 0,
      purchase: { state: "paid" },
    });
  expect(await inDrawer()).toBe(before + 1_000);
  expect((await pay(id, cash(1_000))).body).toMatchObject({ code: "purchase.wrongState" });
  await closeIt(before + 1_000);
});

test("a request that its own repetition overtook says that the notes were taken, whatever came after", async () => {
  await openIt();
  const before = Number(await inDrawer());
  const { id } = await atDesk(1_000);
  await pay(id, cash());
  const { sale } = hall.world;
  const payment = { method: "cash", drawerId: drawer, receivedFen: 1_200 } as const;
  const request = keyed("take-overtaken");
  let overtaken = false;
  const overtake = async (): Promise<void> => {
    overtaken = true;
    value(await payAtCounter(sale, cashier, id, payment, request));
    value(await cancelPurchase(sale, desk, id, keyed("cancel-overtaken")));
  };
  const events: typeof sale.store.events = async (subject) => {
    const log = await sale.store.events(subject);
    if (!overtaken) await overtake();
    return log;
  };
  const slow = { ...sale, store: { ...sale.store, events } };
  expect(value(await payAtCounter(slow, cashier, id, payment, request))).toMatchObject({
    changeFen: 200,
    purchase: { state: "refunding" },
  });
  expect(await inDrawer()).toBe(before + 1_000);
  await closeIt(before + 1_000);
});

test("dead between announcing and taking: the same request ends it; nobody comes: nothing was taken", async () => {
  await openIt();
  const before = Number(await inDrawer());
  const { id } = await atDesk(1_000);
  const { store } = hall.world.sale;
  const commit = store.commit;
  let commits = 0;
  store.commit = (transition) => {
    commits += 1;
    return commits === 2 ? Promise.reject(new Error("killed")) : commit(transition);
  };
  expect((await pay(id, cash(1_000), cashier, "take-and-die")).status).toBe(500);
  store.commit = commit;
  expect(await inDrawer()).toBe(before);
  expect((await pay(id, cash(1_000), cashier, "take-and-die")).body).toMatchObject({ purchase: { state: "paid" } });
  expect(await inDrawer()).toBe(before + 1_000);

  const left = await atDesk(700);
  await pay(left.id, cash());
  await pass(hall.world, 45 * 60_000, 60_000);
  expect((await stateOf(hall.world, left.id)).state).toBe("void");
  expect(await inDrawer()).toBe(before + 1_000);
  await closeIt(before + 1_000);
});

test("too little money, another's drawer, and a purchase of a kiosk are refused; nothing is booked", async () => {
  await openIt();
  const before = await inDrawer();
  const { id } = await atDesk(1_000);
  expect((await pay(id, cash(999))).body).toMatchObject({ code: "counter.tooLittle" });
  expect((await pay(id, cash(1_000), other)).body).toMatchObject({ status: 403, code: "drawer.notYours" });
  const atKiosk = await atDesk(1_000, kiosk1);
  expect((await pay(atKiosk.id, cash(1_000))).body).toMatchObject({ code: "counter.deskOnly" });
  expect((await pay(id, { ...cash(1_000), drawerId: id })).body).toMatchObject({ code: "notFound" });
  const operations = await hall.member("高峰", "operations");
  expect((await pay(id, cash(1_000), operations)).body).toMatchObject({ code: "staff.forbidden" });
  expect((await closeIt(0, other)).body).toMatchObject({ code: "drawer.notYours" });
  expect(await inDrawer()).toBe(before);
  await closeIt(Number(before));
});

test("notes and the count of the drawer never pass each other", async () => {
  await openIt();
  const before = Number(await inDrawer());
  const sales = [];
  for (let n = 0; n < 4; n++) sales.push(await atDesk(100));
  const counted = closeIt(before, cashier, await versionNow());
  const done = await Promise.all([...sales.map(({ id }) => pay(id, cash(100))), counted]);
  const taken = done.slice(0, 4).filter(({ status }) => status === 201).length;
  const closed = done[4];
  // Counted before anything came, and after it nothing came; or it is counted again.
  if (closed?.status === 200) expect([taken, closed.body.differenceFen]).toEqual([0, 0]);
  else expect((await closeIt(before + 100 * taken)).body).toMatchObject({ differenceFen: 0 });
  expect(await inDrawer()).toBe(closed?.status === 200 ? before : before + 100 * taken);
});

test("a note that comes in while the drawer is counted has it counted again; so does one before a late count", async () => {
  await openIt();
  const before = Number(await inDrawer());
  const { id } = await atDesk(100);
  const { store } = hall.world.sale;
  const commit = store.commit;
  let came = 0;
  store.commit = async (transition) => {
    if (transition.event.type === "drawerClosed" && came === 0) came = (await pay(id, cash(100))).status;
    return await commit(transition);
  };
  const version = await versionNow();
  const moved = await closeIt(before, cashier, version);
  store.commit = commit;
  expect(came).toBe(201);
  expect(moved.body).toMatchObject({ code: "drawer.moved" });
  expect((await closeIt(before, cashier, version)).body).toMatchObject({ code: "drawer.moved" });
  expect((await closeIt(before + 100)).body).toMatchObject({ open: false, differenceFen: 0, cashFen: before + 100 });
});

test("the bank's terminal: announced, then taken by its slip; the money is the channel's", async () => {
  const { id } = await atDesk(1_000);
  expect((await pay(id, { method: "pos" })).body).toMatchObject({
    purchase: { attempt: { state: "created", channel: "pos" } },
  });
  expect((await pay(id, cash(1_000))).body).toMatchObject({ code: "drawer.closed" });
  expect((await pay(id, { method: "pos", posReference: "SLIP-0042" })).body).toMatchObject({
    purchase: { state: "paid" },
  });
  expect(await ledger(hall.earth, "gateway:pos")).toBe(1_000);
});

const propose = (kind: string, ref: string, doc: object, who = cashier) =>
  hall.ask(who, "POST", "/decisions", { kind, ref, doc, evidence: "customer stands here, ID seen" });
const confirm = (id: string, who = supervisor) => hall.ask(who, "POST", `/decisions/${id}/confirm`, {});

test("a cash purchase's refund is stuck at once, and paid out of an open drawer against a signed receipt", async () => {
  await openIt(5_000);
  const { id } = await atDesk(1_000);
  await pay(id, cash(1_000));
  value(await cancelPurchase(hall.world.sale, desk, id, keyed("cancel-cash")));
  await workOff(hall.world);
  expect(await stateOf(hall.world, id)).toMatchObject({ state: "refunding", refund: { stuck: true } });
  const before = Number(await inDrawer());
  const doc = { way: "cash", drawerId: drawer, reference: "R-0007" };
  expect((await propose("refund.payOut", id, { way: "cash", drawerId: drawer })).body).toMatchObject({
    code: "request.invalid",
  });
  const made = await propose("refund.payOut", id, doc);
  await closeIt(before);
  expect((await confirm(made.body.id)).body).toMatchObject({ code: "drawer.closed" });
  await openIt();
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done" });
  expect(await stateOf(hall.world, id)).toMatchObject({
    state: "refunded",
    refund: { paidOut: { way: "cash", drawerId: drawer, by: [cashier.id, supervisor.id] } },
  });
  expect(await inDrawer()).toBe(before - 1_000);
  await closeIt(before - 1_000);
});

test("cash is for those whose work it is: all others are refused by their role, and nothing moves", async () => {
  await openIt(5_000);
  const before = Number(await inDrawer());
  const { id } = await atDesk(1_000);
  const deposit = { amountFen: 1, reference: "ICBC 78" };
  const made = await propose("drawer.deposit", drawer, deposit);
  const notAtTheDesk: Role[] = ["finance", "operations", "admin"];
  const acts: { what: string; refusedTo: Role[]; act: (who: Member) => ReturnType<typeof pay> }[] = [
    { what: "pay", refusedTo: notAtTheDesk, act: (who) => pay(id, cash(1_000), who) },
    { what: "open", refusedTo: notAtTheDesk, act: (who) => openIt(0, who) },
    { what: "close", refusedTo: notAtTheDesk, act: (who) => closeIt(0, who) },
    {
      what: "make a drawer",
      refusedTo: ["cashier", "finance", "operations"],
      act: (who) => hall.ask(who, "POST", "/drawers", { unitId, name: "二号钱箱" }),
    },
    {
      what: "propose a deposit",
      refusedTo: notAtTheDesk,
      act: (who) => propose("drawer.deposit", drawer, deposit, who),
    },
    {
      what: "confirm a deposit",
      refusedTo: ["cashier", "operations", "admin"],
      act: (who) => confirm(made.body.id, who),
    },
  ];
  for (const role of ["cashier", ...notAtTheDesk] as const) {
    const who = await hall.member(`only ${role}`, role);
    for (const { what, act } of acts.filter(({ refusedTo }) => refusedTo.includes(role)))
      expect((await act(who)).body, `${role}: ${what}`).toMatchObject({ status: 403, code: "staff.forbidden" });
  }
  expect(await inDrawer()).toBe(before);
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done" });
  await closeIt(before - 1);
});

test("without a sound Idempotency-Key no cash moves, and a used key opens no drawer for another sum", async () => {
  const { id } = await atDesk(1_000);
  const asked = (act: string, body: object, key: string) =>
    hall.ask(cashier, "POST", `/drawers/${drawer}/${act}`, body, key);
  const before = Number(await inDrawer());
  expect((await asked("open", { floatFen: 0 }, "short")).body).toMatchObject({ code: "request.keyMissing" });
  expect((await asked("open", { floatFen: 0 }, "open-once")).body).toMatchObject({ open: true });
  expect((await pay(id, cash(1_000), cashier, "short")).body).toMatchObject({ code: "request.keyMissing" });
  expect((await asked("close", { countedFen: 0 }, "short")).body).toMatchObject({ code: "request.keyMissing" });
  await closeIt(before);
  expect((await asked("open", { floatFen: 500 }, "open-once")).body).toMatchObject({ code: "request.keyReused" });
  expect((await asked("open", { floatFen: 0 }, "open-once")).body).toMatchObject({ open: false, cashFen: before });
});

test("a drawer takes cash for its own unit only", async () => {
  const { sale } = hall.world;
  await sale.db.query(
    "insert into company_unit (id, name, company_name, hotline, settings) values ('unit-far', '远郊', '洪通燃气', '0', '{}')",
  );
  const far = value(await makeDrawer(sale, "unit-far", "远郊钱箱", supervisor.id)).id;
  await hall.ask(cashier, "POST", `/drawers/${far}/open`, { floatFen: 0 });
  const { id } = await atDesk(1_000);
  expect((await pay(id, { ...cash(1_000), drawerId: far })).body).toMatchObject({ code: "decision.notApplicable" });
  expect((await hall.ask(cashier, "GET", `/drawers/${far}`)).body).toMatchObject({ open: true, cashFen: 0 });
  expect((await stateOf(hall.world, id)).liveAttemptIds).toEqual([]);
});

test("counted out of the drawer between the confirmation and the doing: no deposit", async () => {
  await openIt(2_000);
  const all = Number(await inDrawer());
  const banked = await ledger(hall.earth, `bank:${unitId}`);
  const made = await propose("drawer.deposit", drawer, { amountFen: all, reference: "ICBC 79" });
  await hall.world.sale.db.query(
    "update proposal set state = 'confirmed', checker_id = $2, decided_at = 1, next_at = $3 where id = $1",
    [made.body.id, supervisor.id, hall.earth.clock.now],
  );
  await closeIt(all - 1);
  await hall.restarted().decisions.sweep();
  expect((await hall.ask(cashier, "GET", `/decisions/${made.body.id}`)).body).toMatchObject({ state: "failed" });
  expect(await inDrawer()).toBe(all - 1);
  expect(await ledger(hall.earth, `bank:${unitId}`)).toBe(banked);
});

/** A refund that its gateway will never do. */
async function stuck(): Promise<{ id: string; accountId: string }> {
  names += 1;
  const { card, accountId } = await newAccount(hall.earth, `${names}`);
  const { id } = await bought(hall.world, kiosk1, card, amount(1_234));
  hall.earth.bank.refundFates.push("never");
  value(await cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}`)));
  await workOff(hall.world);
  expect(await stateOf(hall.world, id)).toMatchObject({ state: "refunding", refund: { stuck: true } });
  return { id, accountId };
}

test("a stuck refund goes to the balance, or by the bank, once", async () => {
  const first = await stuck();
  await confirm((await propose("refund.payOut", first.id, { way: "balance" })).body.id);
  expect((await accountOf(hall.world, first.accountId)).balanceFen).toBe(1_234);
  expect((await propose("refund.payOut", first.id, { way: "balance" })).body).toMatchObject({
    code: "refund.notStuck",
  });
  const second = await stuck();
  const made = await propose("refund.payOut", second.id, { way: "bank", reference: "ICBC-991" });
  await confirm(made.body.id);
  await hall.world.sale.db.query("update proposal set state = 'confirmed', next_at = 0 where id = $1", [made.body.id]);
  await hall.restarted().decisions.sweep();
  expect((await stateOf(hall.world, second.id)).state).toBe("refunded");
  expect((await hall.ask(cashier, "GET", `/decisions/${made.body.id}`)).body).toMatchObject({ state: "done" });
  expect((await accountOf(hall.world, second.accountId)).balanceFen).toBe(0);
});

test("never while the gateway may still do it: it did after all, it is about to, or it says nothing", async () => {
  const { bank } = hall.earth;
  const { id } = await stuck();
  const { paidAttemptId, refund } = await stateOf(hall.world, id);
  const attempt = (await hall.earth.store.load([{ kind: "attempt", id: paidAttemptId ?? "" }])).get(
    "attempt",
    paidAttemptId ?? "",
  );
  const trade = bank.trades.get(attempt?.state.outTradeNo ?? "");
  if (trade === undefined || refund === null) throw new Error("no trade");
  const asked = () => propose("refund.payOut", id, { way: "balance" });
  for (const state of ["done", "processing"] as const) {
    trade.refunds.set(refund.no, { amountFen: 1_234, state });
    // Asked, a refund in progress is done at the next question: both are the gateway's own.
    expect((await asked()).body).toMatchObject({ code: "refund.gatewayMay" });
  }
  bank.down = true;
  expect((await asked()).body).toMatchObject({ status: 503, code: "refund.gatewaySilent" });
  bank.down = false;
  trade.refunds.delete(refund.no);
  const made = await asked();
  trade.refunds.set(refund.no, { amountFen: 1_234, state: "done" });
  expect((await confirm(made.body.id)).body).toMatchObject({ code: "refund.gatewayMay" });
  trade.refunds.delete(refund.no);
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done" });
});

test("a purchase that moves while the gateway is asked is looked at again before anything is paid out", async () => {
  const { id, accountId } = await stuck();
  const made = await propose("refund.payOut", id, { way: "balance" });
  const channel = hall.world.sale.channels.get("wechat");
  if (channel === undefined) throw new Error("no channel");
  const { queryRefund } = channel;
  let asked = 0;
  channel.queryRefund = async (request) => {
    asked += 1;
    // The first is the confirmation's own question, the second the last one before the money goes.
    if (asked === 2)
      await applyEvent(hall.world.sale, id, () => ({
        do: "commit",
        event: { type: "purchase", event: { type: "due" } },
      }));
    return await queryRefund.call(channel, request);
  };
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "confirmed" });
  expect((await accountOf(hall.world, accountId)).balanceFen).toBe(0);
  hall.earth.clock.now += 600_000;
  await hall.restarted().decisions.sweep();
  channel.queryRefund = queryRefund;
  expect(asked).toBe(3);
  expect((await accountOf(hall.world, accountId)).balanceFen).toBe(1_234);
});

test("the gateway does it between the confirmation and the doing: nothing is paid out", async () => {
  const { bank } = hall.earth;
  const { id, accountId } = await stuck();
  const made = await propose("refund.payOut", id, { way: "balance" });
  bank.down = true;
  const { db } = hall.world.sale;
  await db.query(
    "update proposal set state = 'confirmed', checker_id = $2, decided_at = 1, next_at = $3 where id = $1",
    [made.body.id, supervisor.id, hall.earth.clock.now],
  );
  await hall.restarted().decisions.sweep();
  const seen = async () => (await hall.ask(cashier, "GET", `/decisions/${made.body.id}`)).body.state;
  expect(await seen()).toBe("confirmed");
  bank.down = false;
  const { paidAttemptId, refund } = await stateOf(hall.world, id);
  const attempt = (await hall.earth.store.load([{ kind: "attempt", id: paidAttemptId ?? "" }])).get(
    "attempt",
    paidAttemptId ?? "",
  );
  bank.trades.get(attempt?.state.outTradeNo ?? "")?.refunds.set(refund?.no ?? "", { amountFen: 1_234, state: "done" });
  hall.earth.clock.now += 600_000;
  await hall.restarted().decisions.sweep();
  expect(await seen()).toBe("failed");
  expect((await accountOf(hall.world, accountId)).balanceFen).toBe(0);
});

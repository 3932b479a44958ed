/** What a drawer refuses: it is opened and counted once, and pays out what lies in it, for its own unit. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TerminalFacts } from "../context.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { kiosk1, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  confirmed,
  insert,
  keyed,
  ledger,
  quoted,
  stateOf,
  value,
  workOff,
} from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";
import { makeDrawer } from "./drawers.ts";

const desk: TerminalFacts = { ...kiosk1, id: "desk-1", kind: "desk" };
const unitId = kiosk1.unit.id;
let hall: Hall;
let cashier: Member;
let supervisor: Member;
let drawer: string;
beforeAll(async () => {
  hall = await openHall();
  cashier = await hall.member("王芳", "cashier");
  supervisor = await hall.member("李娜", "supervisor", "finance");
  drawer = value(await makeDrawer(hall.world.sale, unitId, "一号钱箱", supervisor.id)).id;
});
beforeEach(() => {
  hall.earth.clock.now += 10 * 60_000;
});
afterAll(async () => {
  await booksHold(hall.earth);
  await hall.close();
});

const open = (floatFen: number, id = drawer) => hall.ask(cashier, "POST", `/drawers/${id}/open`, { floatFen });
const close = async (countedFen: number) => {
  const { version } = (await hall.ask(cashier, "GET", `/drawers/${drawer}`)).body;
  return await hall.ask(cashier, "POST", `/drawers/${drawer}/close`, { countedFen, version });
};
const inDrawer = async () => (await hall.ask(cashier, "GET", `/drawers/${drawer}`)).body.cashFen;
const propose = (ref: string, drawerId: string) =>
  hall.ask(cashier, "POST", "/decisions", {
    kind: "refund.payOut",
    ref,
    doc: { way: "cash", drawerId, reference: "R-0001" },
    evidence: "customer stands here, ID seen",
  });

let names = 0;
/** A refund of so much that its gateway will never do. */
async function stuck(fen: number): Promise<string> {
  names += 1;
  const { card } = await newAccount(hall.earth, `${names}`);
  const { id } = await bought(hall.world, kiosk1, card, amount(fen));
  hall.earth.bank.refundFates.push("never");
  value(await cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}`)));
  await workOff(hall.world);
  return id;
}

test("opened twice, and counted twice: the second one moves nothing", async () => {
  const floats = await ledger(hall.earth, `float:${unitId}`);
  expect((await open(10_000)).body).toMatchObject({ open: true, cashFen: 10_000 });
  expect((await open(10_000)).body).toMatchObject({ code: "drawer.open" });
  expect(await ledger(hall.earth, `float:${unitId}`)).toBe(floats - 10_000);
  expect((await close(9_950)).body).toMatchObject({ open: false, differenceFen: -50 });
  expect((await close(0)).body).toMatchObject({ code: "drawer.closed" });
  expect(await inDrawer()).toBe(9_950);
  expect(await ledger(hall.earth, `drawerDifference:${unitId}`)).toBe(50);
});

test("a key is its caller's own: two cashiers may use the same one", async () => {
  const other = await hall.member("陈晨", "cashier");
  const theirs = value(await makeDrawer(hall.world.sale, unitId, "二号钱箱", supervisor.id)).id;
  for (const [who, id] of [
    [cashier, drawer],
    [other, theirs],
  ] as const)
    expect((await hall.ask(who, "POST", `/drawers/${id}/open`, { floatFen: 0 }, "morning-1")).body).toMatchObject({
      open: true,
      openedBy: who.id,
    });
  await close(Number(await inDrawer()));
});

test("a refund is paid out of a drawer in which so much lies, and of its own unit's only", async () => {
  await open(0);
  const lies = Number(await inDrawer());
  const tooMuch = await stuck(lies + 1);
  expect((await propose(tooMuch, drawer)).body).toMatchObject({ code: "drawer.tooLittle" });
  await hall.world.sale.db.query(
    "insert into company_unit (id, name, company_name, hotline, settings) values ('unit-far', '远郊', '洪通燃气', '0', '{}')",
  );
  const far = value(await makeDrawer(hall.world.sale, "unit-far", "远郊钱箱", supervisor.id)).id;
  await open(lies + 1, far);
  expect((await propose(tooMuch, far)).body).toMatchObject({ code: "decision.notApplicable" });
  expect((await stateOf(hall.world, tooMuch)).state).toBe("refunding");
  const all = await stuck(lies);
  const made = await propose(all, drawer);
  expect((await hall.ask(supervisor, "POST", `/decisions/${made.body.id}/confirm`, {})).body).toMatchObject({
    state: "done",
  });
  expect(await inDrawer()).toBe(0);
  await close(0);
});

test("while its channel may still do it, a refund is not paid out by hand", async () => {
  const { card } = await newAccount(hall.earth, "not-stuck");
  const { id } = await bought(hall.world, kiosk1, card, amount(700));
  hall.earth.bank.refundFates.push("later");
  value(await cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}`)));
  await workOff(hall.world);
  expect(await stateOf(hall.world, id)).toMatchObject({ state: "refunding", refund: { stuck: false, failures: 1 } });
  await open(1_000);
  expect((await propose(id, drawer)).body).toMatchObject({ code: "refund.notStuck" });
  await close(Number(await inDrawer()));
});

test("one payment at a time: no note is taken while the bank's terminal is waited for", async () => {
  const { card } = await newAccount(hall.earth, "one-at-a-time");
  const { id } = await quoted(hall.world, desk, await insert(hall.world, desk, card), amount(1_000));
  await confirmed(hall.world, desk, id);
  const pay = (body: object) => hall.ask(cashier, "POST", `/purchases/${id}/counter-payments`, body);
  await open(0);
  const before = await inDrawer();
  expect((await pay({ method: "pos" })).body).toMatchObject({ purchase: { attempt: { channel: "pos" } } });
  const cash = { method: "cash", drawerId: drawer, receivedFen: 1_000 };
  expect((await pay(cash)).body).toMatchObject({ status: 409, code: "payment.inProgress" });
  expect(await inDrawer()).toBe(before);
  const { liveAttemptIds } = await stateOf(hall.world, id);
  expect(liveAttemptIds).toHaveLength(1);
  expect((await pay({ method: "pos", posReference: "SLIP-0001" })).body).toMatchObject({ purchase: { state: "paid" } });
  await close(Number(before));
});

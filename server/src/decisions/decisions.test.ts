/** What two people decide: who may, and that it happens once, whenever the process dies. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TestCard } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { kiosk1, kiosk2, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  insert,
  pass,
  stateOf,
  wanted,
  workOff,
  write,
} from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";
import { takeConfirmed } from "./proposalRows.ts";

let hall: Hall;
let cashier: Member;
let supervisor: Member;
beforeAll(async () => {
  hall = await openHall();
  cashier = await hall.member("王芳", "cashier", "supervisor");
  supervisor = await hall.member("李娜", "supervisor", "finance");
});
beforeEach(() => {
  hall.earth.clock.now += 10 * 60_000;
});
afterAll(async () => {
  await booksHold(hall.earth);
  await hall.close();
});

let names = 0;
/** A purchase whose card shows something that fits nothing. */
async function manual(): Promise<{ id: string; card: TestCard; sound: Uint8Array }> {
  names += 1;
  const { world, earth } = hall;
  const { card } = await newAccount(earth, `${names}`);
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  await wanted(world, kiosk1, id, visit);
  await endSession(world.sale, kiosk1, visit.sessionId);
  const sound = card.image;
  const odd = {
    countBefore: 6,
    totalBefore: 0,
    boughtOn: "2026-11-01",
    amount: { kind: "money", amountFen: 5 },
  } as const;
  card.image = card.driver.purchaseImage(card.image, odd);
  earth.clock.now += 1_000;
  const there = await insert(world, kiosk2, card);
  await endSession(world.sale, kiosk2, there.sessionId);
  expect((await stateOf(world, id)).state).toBe("manual");
  return { id, card, sound };
}

const propose = (ref: string, to: string, who = cashier, key?: string) =>
  hall.ask(
    who,
    "POST",
    "/decisions",
    { kind: "purchase.decide", ref, doc: { to }, evidence: "card read at the hall" },
    key,
  );
const confirm = (id: string, who = supervisor) => hall.ask(who, "POST", `/decisions/${id}/confirm`, {});

test("delivered by two people, with both names in the purchase's log", async () => {
  const { id } = await manual();
  const made = await propose(id, "delivered");
  expect(made).toMatchObject({ status: 201, body: { state: "proposed", makerId: cashier.id } });
  expect((await stateOf(hall.world, id)).state).toBe("manual");
  const done = await confirm(made.body.id);
  expect(done.body).toMatchObject({ state: "done", checkerId: supervisor.id, outcome: { done: "decided" } });
  expect(await stateOf(hall.world, id)).toMatchObject({ state: "delivered", reason: "staff" });
  const log = await hall.earth.store.events({ kind: "purchase", id });
  expect(JSON.stringify(log.at(-1)?.event)).toContain(`"by":["${cashier.id}","${supervisor.id}"]`);
  const { rows } = await hall.world.sale.db.query(
    "select actor, action from audit where subject = $1 order by at, seq",
    [made.body.id],
  );
  expect(rows).toEqual([
    { actor: cashier.id, action: "decision.proposed" },
    { actor: supervisor.id, action: "decision.confirmed" },
  ]);
});

test("refunded by two people, and by the card: it has to take the refund image", async () => {
  const { id, card } = await manual();
  const done = await confirm((await propose(id, "refunding")).body.id);
  expect(done.body).toMatchObject({ state: "done", outcome: { grants: "refund" } });
  expect((await stateOf(hall.world, id)).state).toBe("manual");
  hall.earth.clock.now += 1_000;
  const there = await insert(hall.world, kiosk1, card);
  expect(there.answer).toMatchObject({ kind: "script", script: { purpose: "refund" } });
  await write(hall.world, kiosk1, card, there, there.answer);
  await workOff(hall.world);
  expect((await stateOf(hall.world, id)).state).toBe("refunded");
});

test("nobody confirms what they proposed, nor without the role, nor twice", async () => {
  const { id } = await manual();
  const junior = await hall.member("陈晨", "cashier");
  const made = await propose(id, "delivered");
  expect((await confirm(made.body.id, cashier)).body).toMatchObject({ status: 409, code: "staff.samePerson" });
  expect((await confirm(made.body.id, junior)).body).toMatchObject({ status: 403, code: "staff.forbidden" });
  const operations = await hall.member("高峰", "operations");
  const other = await propose(id, "delivered", operations);
  expect(other.body).toMatchObject({ status: 409, code: "decision.open" });
  const said = await hall.ask(supervisor, "POST", `/decisions/${made.body.id}/reject`, { words: "look again" });
  expect(said.body).toMatchObject({ state: "rejected", words: "look again" });
  expect((await confirm(made.body.id)).body).toMatchObject({ code: "decision.closed" });
  expect((await stateOf(hall.world, id)).state).toBe("manual");
  // Rejected, it no longer stands in the way of another one.
  expect((await propose(id, "refunding", operations)).status).toBe(201);
});

test("withdrawn by its maker or a checker only, confirmed no more then, and never withdrawn once it was done", async () => {
  const { id } = await manual();
  const junior = await hall.member("陈晨", "cashier");
  const withdraw = (proposal: string, who: Member) =>
    hall.ask(who, "POST", `/decisions/${proposal}/withdraw`, { words: "a mistake" });
  const first = await propose(id, "delivered");
  expect((await withdraw(first.body.id, junior)).body).toMatchObject({ status: 403, code: "staff.forbidden" });
  expect((await withdraw(first.body.id, cashier)).body).toMatchObject({ state: "withdrawn" });
  expect((await confirm(first.body.id)).body).toMatchObject({ code: "decision.closed" });
  const { rows } = await hall.world.sale.db.query("select 1 from audit where subject = $1 and action = $2", [
    first.body.id,
    "decision.confirmed",
  ]);
  expect(rows).toEqual([]);
  const second = await propose(id, "delivered");
  expect((await confirm(second.body.id)).body).toMatchObject({ state: "done" });
  expect((await withdraw(second.body.id, cashier)).body).toMatchObject({ code: "decision.closed" });
  expect((await hall.ask(cashier, "GET", `/decisions/${second.body.id}`)).body).toMatchObject({ state: "done" });
});

test("what is confirmed is one server's until its lease lapses", async () => {
  const { sale } = hall.world;
  const { id } = await manual();
  const made = await propose(id, "delivered");
  const now = sale.now();
  await sale.db.query(
    "update proposal set state = 'confirmed', checker_id = $2, decided_at = $3, next_at = $3 where id = $1",
    [made.body.id, supervisor.id, now],
  );
  expect(await takeConfirmed(sale.db, made.body.id, now, 60_000)).toMatchObject({ tries: 1 });
  expect(await takeConfirmed(sale.db, made.body.id, now + 59_999, 60_000)).toBeUndefined();
  expect(await takeConfirmed(sale.db, made.body.id, now + 60_000, 60_000)).toMatchObject({ tries: 2 });
});

test("what was never confirmed is carried out by nobody, however long it lies", async () => {
  const { sale } = hall.world;
  const open = await manual();
  await propose(open.id, "delivered");
  const rejected = await manual();
  const first = await propose(rejected.id, "delivered");
  const words = { words: "the meter says otherwise" };
  await hall.ask(supervisor, "POST", `/decisions/${first.body.id}/reject`, words);
  const withdrawn = await manual();
  const second = await propose(withdrawn.id, "delivered");
  await hall.ask(cashier, "POST", `/decisions/${second.body.id}/withdraw`, words);
  hall.earth.clock.now += 3_600_000;
  await hall.restarted().decisions.sweep();
  for (const { body } of [first, second]) expect(await takeConfirmed(sale.db, body.id, sale.now(), 1)).toBeUndefined();
  for (const { id } of [open, rejected, withdrawn]) expect((await stateOf(hall.world, id)).state).toBe("manual");
});

test("the same request again is the same proposal; another one under its key is refused", async () => {
  const { id } = await manual();
  const first = await propose(id, "delivered", cashier, "one-proposal");
  expect((await propose(id, "delivered", cashier, "one-proposal")).body.id).toBe(first.body.id);
  expect((await propose(id, "refunding", cashier, "one-proposal")).body).toMatchObject({ code: "request.keyReused" });
});

test.each<[string, object]>([
  ["a kind that nobody knows", { kind: "purchase.delete", doc: {} }],
  ["a document of another shape", { kind: "purchase.decide", doc: { to: "void" } }],
  ["no document", { kind: "purchase.decide", doc: null }],
  ["an end that the protocol forbids", { kind: "purchase.decide", doc: { to: "refunded" } }],
])("%s is refused", async (_what, wrong) => {
  const body = { ref: "00000000-0000-4000-8000-000000000000", evidence: "none at all", ...wrong };
  expect((await hall.ask(cashier, "POST", "/decisions", body)).body).toMatchObject({ code: "request.invalid" });
});

test("only `manual` is decided, and not while its last script may still run", async () => {
  names += 1;
  const { world, earth } = hall;
  const { card } = await newAccount(earth, `${names}`);
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  await wanted(world, kiosk1, id, visit);
  for (const to of ["delivered", "refunding", "issuedAgain"])
    expect((await propose(id, to)).body).toMatchObject({ code: "decision.notApplicable" });
  // The card is in kiosk 1 still; what stands at kiosk 2 is a copy.
  const copy: TestCard = { ...card };
  const odd = {
    countBefore: 6,
    totalBefore: 0,
    boughtOn: "2026-11-01",
    amount: { kind: "money", amountFen: 5 },
  } as const;
  copy.image = copy.driver.purchaseImage(copy.image, odd);
  earth.clock.now += 1_000;
  await insert(world, kiosk2, copy);
  expect((await stateOf(world, id)).state).toBe("manual");
  expect((await propose(id, "refunding")).body).toMatchObject({ code: "card.scriptRunning" });
  await endSession(world.sale, kiosk1, visit.sessionId);
  expect((await propose(id, "refunding")).status).toBe(201);
});

test("dead between confirming and doing: another server does it; dead right after doing: it is not done twice", async () => {
  const { id } = await manual();
  const { db } = hall.world.sale;
  const made = await propose(id, "delivered");
  await db.query(
    "update proposal set state = 'confirmed', checker_id = $2, decided_at = 1, next_at = $3 where id = $1",
    [made.body.id, supervisor.id, hall.earth.clock.now],
  );
  await hall.restarted().decisions.sweep();
  expect((await stateOf(hall.world, id)).state).toBe("delivered");
  const before = (await hall.earth.store.events({ kind: "purchase", id })).length;
  await db.query("update proposal set state = 'confirmed', next_at = 0 where id = $1", [made.body.id]);
  await hall.restarted().decisions.sweep();
  expect((await hall.earth.store.events({ kind: "purchase", id })).length).toBe(before);
  expect((await hall.ask(supervisor, "GET", `/decisions/${made.body.id}`)).body).toMatchObject({ state: "done" });
});

test("two servers at once carry it out once", async () => {
  const { id } = await manual();
  const { db } = hall.world.sale;
  const made = await propose(id, "delivered");
  await db.query(
    "update proposal set state = 'confirmed', checker_id = $2, decided_at = 1, next_at = $3 where id = $1",
    [made.body.id, supervisor.id, hall.earth.clock.now],
  );
  await Promise.all([1, 2, 3].map(() => hall.restarted().decisions.sweep()));
  const decided = (await hall.earth.store.events({ kind: "purchase", id })).filter(({ event }) =>
    JSON.stringify(event).includes('"decided"'),
  );
  expect(decided).toHaveLength(1);
});

test("what moved since it was proposed is looked at again", async () => {
  const { id } = await manual();
  const made = await propose(id, "delivered");
  await confirm(made.body.id);
  const late = await manual();
  const open = await propose(late.id, "refunding");
  const other = await propose(late.id, "refunding");
  expect(other.body.code).toBe("decision.open");
  await hall.world.sale.db.query("update proposal set ref = $2 where id = $1", [open.body.id, id]);
  expect((await confirm(open.body.id)).body).toMatchObject({ code: "decision.notApplicable" });
  expect((await stateOf(hall.world, id)).state).toBe("delivered");
});

test("sent back to a reader, the card is written once, over what stands on it", async () => {
  const { id, card } = await manual();
  const { world } = hall;
  const made = await propose(id, "issuedAgain");
  expect((await insert(world, kiosk2, card)).answer).toMatchObject({ kind: "refused", code: "purchase.manual" });
  expect((await confirm(made.body.id)).body).toMatchObject({ state: "done", outcome: { grants: "sale" } });
  const there = await insert(world, kiosk2, card);
  expect(there.answer).toMatchObject({ kind: "script", script: { purpose: "write" } });
  expect((await stateOf(world, id)).state).toBe("issued");
  expect(await write(world, kiosk2, card, there, there.answer)).toMatchObject({ kind: "delivered" });
  expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 1_234 });
});

test.each([
  ["the same clock", 1_000],
  ["a clock that is ten seconds behind", -10_000],
])(
  "what was allowed is used up by the script it led to, by %s: back in manual, people decide anew",
  async (_, laterMs) => {
    const { id, card } = await manual();
    const { world, earth } = hall;
    await confirm((await propose(id, "issuedAgain")).body.id);
    earth.clock.now += laterMs;
    const odd = card.image;
    const there = await insert(world, kiosk2, card);
    expect(there.answer.kind).toBe("script");
    await endSession(world.sale, kiosk2, there.sessionId);
    earth.clock.now += 1_000;
    card.image = card.driver.purchaseImage(odd, {
      countBefore: 8,
      totalBefore: 0,
      boughtOn: "2026-11-01",
      amount: { kind: "money", amountFen: 6 },
    });
    await insert(world, kiosk1, card);
    expect((await stateOf(world, id)).state).toBe("manual");
    expect((await insert(world, kiosk1, card)).answer).toMatchObject({ kind: "refused", code: "purchase.manual" });
  },
);

test("a card that holds all of it already is not written again, whatever two people allow", async () => {
  const { id, card, sound } = await manual();
  const { after } = (await stateOf(hall.world, id)).script ?? { after: "" };
  card.image = Uint8Array.from(Buffer.from(after, "hex"));
  // The meter's own word fits neither before nor after: an image that only people can read.
  const word = { count: 2, totalCredited: 77, registerL: 1, remaining: 1, valve: "open", batteryLow: false } as const;
  card.image = card.driver.meterImage(card.image, word);
  expect(card.image).not.toEqual(sound);
  await confirm((await propose(id, "issuedAgain")).body.id);
  expect((await insert(hall.world, kiosk2, card)).answer).toMatchObject({ kind: "refused", code: "purchase.manual" });
  expect((await stateOf(hall.world, id)).state).toBe("manual");
});

test("withdrawn, or lapsed, it allows nothing", async () => {
  const [first, second] = [await manual(), await manual()];
  const { world } = hall;
  const withdrawn = await propose(first.id, "issuedAgain");
  await confirm(withdrawn.body.id);
  await hall.ask(cashier, "POST", `/decisions/${withdrawn.body.id}/withdraw`, { words: "changed their mind" });
  expect((await insert(world, kiosk2, first.card)).answer).toMatchObject({ code: "purchase.manual" });
  await confirm((await propose(second.id, "issuedAgain")).body.id);
  await pass(world, 8 * 86_400_000, 4 * 86_400_000);
  expect((await insert(world, kiosk2, second.card)).answer).toMatchObject({ code: "purchase.manual" });
});

test("what can be proposed is told, with the form of its document", async () => {
  const { body } = await hall.ask(cashier, "GET", "/decisions/kinds");
  const kinds = body.items as { kind: string; zh: string; makers: string[]; doc: { type?: string } }[];
  expect(kinds.map(({ kind }) => kind)).toContain("refund.payOut");
  expect(kinds.find(({ kind }) => kind === "purchase.decide")).toMatchObject({
    zh: "人工处理购气",
    makers: ["cashier", "supervisor", "operations"],
    doc: { type: "object" },
  });
});

test("the list is paged, newest first", async () => {
  const seen: string[] = [];
  let cursor = "";
  for (let pages = 0; pages < 50; pages++) {
    const page = await hall.ask(supervisor, "GET", `/decisions?limit=3${cursor}`);
    const items = page.body.items as { id: string; madeAt: string }[];
    seen.push(...items.map(({ madeAt }) => madeAt));
    if (page.body.next === null) break;
    cursor = `&cursor=${page.body.next}`;
  }
  const { rows } = await hall.world.sale.db.query("select 1 from proposal");
  expect(seen).toHaveLength(rows.length);
  expect(seen).toEqual([...seen].sort().reverse());
});

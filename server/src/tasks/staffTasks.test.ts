/** The staff's list: filed once, told with all that is known, closed when its cause is gone, loud when it waits. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { endSession } from "../cards/report.ts";
import { kiosk1, kiosk2, newAccount } from "../purchases/earth.testkit.ts";
import { amount, bought, insert, stateOf, wanted, workOff } from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";
import { fileStaffTask } from "./staff.ts";
import { staffTaskAge, staffTaskKeeper } from "./staffTaskKeeper.ts";

let hall: Hall;
let cashier: Member;
let supervisor: Member;
beforeAll(async () => {
  hall = await openHall();
  cashier = await hall.member("王芳", "cashier");
  supervisor = await hall.member("李娜", "supervisor");
});
afterAll(() => hall.close());

let names = 0;
/** A purchase in `manual`, with its task. */
async function manual(): Promise<{ id: string; taskId: string }> {
  names += 1;
  const { world, earth } = hall;
  const { card } = await newAccount(earth, `${names}`);
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  await wanted(world, kiosk1, id, visit);
  await endSession(world.sale, kiosk1, visit.sessionId);
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
  await workOff(world);
  const listed = await list(`kind=purchase.manual&ref=${id}`);
  return { id, taskId: String(listed[0]?.id) };
}
type Listed = { id: string; kind: string; overdue: boolean; closedAt: string | null; closedBy: string | null };
const list = async (query: string): Promise<Listed[]> =>
  (await hall.ask(cashier, "GET", `/staff-tasks?${query}`)).body.items as Listed[];

test("a case on one page: purchase, payment, gateway's word, images before and after, what the reader saw", async () => {
  const { id, taskId } = await manual();
  const { body } = await hall.ask(cashier, "GET", `/staff-tasks/${taskId}`);
  const purchase = await stateOf(hall.world, id);
  expect(body).toMatchObject({
    kind: "purchase.manual",
    ref: id,
    evidence: {
      purchase: { state: "manual", number: purchase.number },
      attempts: [{ state: "paid", amountFen: 1_234 }],
      gatewaySaid: [{ said: { type: "answered", outcome: { kind: "paid" } } }],
      writes: [{ kind: "sale", before: purchase.script?.before, after: purchase.script?.after }],
      readings: [{ looksLike: "other", terminalId: kiosk2.id }, {}],
    },
  });
  expect(JSON.stringify(body)).not.toContain(purchase.token);
  expect(JSON.stringify(body)).not.toContain("李小明");
});

test("closed by itself when its cause is gone, and never by hand before; opened again when it comes back", async () => {
  const { id, taskId } = await manual();
  const keeper = staffTaskKeeper(hall.world.sale);
  await keeper.round();
  const close = () => hall.ask(supervisor, "POST", `/staff-tasks/${taskId}/close`, { words: "looked at it" });
  expect((await close()).body).toMatchObject({ code: "task.causeRemains" });
  const made = await hall.ask(cashier, "POST", "/decisions", {
    kind: "purchase.decide",
    ref: id,
    doc: { to: "delivered" },
    evidence: "card read at the hall",
  });
  await hall.ask(supervisor, "POST", `/decisions/${made.body.id}/confirm`, {});
  await keeper.round();
  expect((await list(`ref=${id}&state=closed`))[0]).toMatchObject({ id: taskId, closedBy: null });
  await fileStaffTask(hall.world.sale, "purchase.manual", id, {});
  expect((await list(`ref=${id}&state=open`))[0]).toMatchObject({ id: taskId, closedAt: null });
});

test("what no machine can tell is closed by hand, by whom and why", async () => {
  const ref = "00000000-0000-8000-8000-00000000000a";
  await fileStaffTask(hall.world.sale, "card.adopted", ref, {});
  const [task] = await list(`ref=${ref}`);
  expect((await hall.ask(cashier, "POST", `/staff-tasks/${task?.id}/close`, { words: "looked at" })).status).toBe(403);
  const closed = await hall.ask(supervisor, "POST", `/staff-tasks/${task?.id}/close`, { words: "listed for finance" });
  expect(closed.body).toMatchObject({ closedBy: supervisor.id, words: "listed for finance" });
  const operations = await hall.member("高峰", "operations");
  const again = await hall.ask(operations, "POST", `/staff-tasks/${task?.id}/close`, { words: "closed again" });
  expect(again.body).toMatchObject({ closedBy: supervisor.id, words: "listed for finance" });
  await staffTaskKeeper(hall.world.sale).round();
  expect((await list(`ref=${ref}&state=open`)).length).toBe(0);
});

test("a case that waits too long raises its voice once a day, from one of all servers", async () => {
  const { sale } = hall.world;
  await sale.db.query("delete from staff_task");
  const ref = "00000000-0000-8000-8000-00000000000b";
  await fileStaffTask(sale, "card.adopted", ref, {});
  const alarms: unknown[] = [];
  const log = Object.assign(Object.create(sale.log), { error: (facts: unknown) => alarms.push(facts) });
  const keepers = [1, 2].map(() => staffTaskKeeper({ ...sale, log }));
  const rounds = () => Promise.all(keepers.map((keeper) => keeper.round()));
  hall.earth.clock.now += staffTaskAge.alarmMs - 1;
  await rounds();
  expect(alarms).toHaveLength(0);
  expect((await list(`ref=${ref}`))[0]?.overdue).toBe(false);
  hall.earth.clock.now += 1;
  await rounds();
  await rounds();
  expect(alarms).toMatchObject([{ kind: "card.adopted", ref }]);
  expect((await list(`ref=${ref}`))[0]?.overdue).toBe(true);
  hall.earth.clock.now += staffTaskAge.againMs;
  await rounds();
  expect(alarms).toHaveLength(2);
});

test("listed oldest first, by pages and by age", async () => {
  const { sale } = hall.world;
  await sale.db.query("delete from staff_task");
  for (let n = 0; n < 7; n++) {
    await fileStaffTask(sale, "card.adopted", `00000000-0000-8000-8000-0000000000${n}0`, {});
    hall.earth.clock.now += 1_000;
  }
  const seen: string[] = [];
  let cursor = "";
  for (let pages = 0; pages < 10; pages++) {
    const { body } = await hall.ask(cashier, "GET", `/staff-tasks?limit=3${cursor}`);
    seen.push(...(body.items as { ref: string }[]).map(({ ref }) => ref.slice(-2)));
    if (body.next === null) break;
    cursor = `&cursor=${body.next}`;
  }
  expect(seen).toEqual(["00", "10", "20", "30", "40", "50", "60"]);
  expect(await list("olderThanMs=5000")).toHaveLength(2);
  expect((await hall.ask(cashier, "GET", "/staff-tasks?cursor=%00x")).status).toBe(200);
});

/** Customers who have left learn what became of their purchase, each thing once. */
import type { NoticeChannel, NoticeMessage, NoticeOutcome } from "@citygas/gateways";
import { noticeKeys, noticeText } from "@citygas/texts";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runScript } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { kiosk1, kiosk2, newAccount, phone1 } from "../purchases/earth.testkit.ts";
import {
  amount,
  bought,
  confirmed,
  insert,
  keyed,
  pass,
  pay,
  quoted,
  stateOf,
  value,
  wanted,
  workOff,
  write,
} from "../purchases/world.testkit.ts";
import { linkMeterOf } from "../recharges/meter.testkit.ts";
import { quoteRecharge } from "../recharges/quoteRecharge.ts";
import { heardFromMeter } from "../recharges/recharges.ts";
import { type Hall, openHall } from "../staff/people.testkit.ts";
import { openPeople } from "../staff/people.ts";
import { cursorText, readCursor } from "../trail/cursor.ts";
import { followPurchases, settleMs } from "./follower.ts";
import { retryAfterMs, sendNotices } from "./sender.ts";

let hall: Hall;
let sent: NoticeMessage[];
let fates: NoticeOutcome[];
/** Where the first follower began. */
let began: number;
let filedAtFirst: number;
const sms: NoticeChannel = {
  name: "sms",
  async send(message) {
    sent.push(message);
    return fates.shift() ?? { kind: "sent", id: `m-${sent.length}` };
  },
};
beforeAll(async () => {
  hall = await openHall();
  await news();
  hall.earth.clock.now += settleMs + 1;
  await followPurchases(hall.world.sale);
  began = await cursorAt();
  filedAtFirst = (await hall.world.sale.db.query("select 1 from notice")).rows.length;
});
beforeEach(() => {
  sent = [];
  fates = [];
});
afterAll(() => hall.close());

const send = () => sendNotices(hall.world.sale, new Map([["sms", sms]]));
/** What the follower and the sender do, once what happened has settled. */
async function tell(): Promise<void> {
  hall.earth.clock.now += settleMs + 1;
  await followPurchases(hall.world.sale);
  await send();
}
const templates = () => sent.map(({ templateId }) => templateId);

let names = 0;
async function account(phone: string | null = "13800000000", balanceFen = 0) {
  names += 1;
  const made = await newAccount(hall.earth, `${names}`, { balanceFen });
  const { db } = hall.world.sale;
  const [id, holder] = [made.accountId, `holder-${names}`];
  await db.query("insert into holder (id, name, kind, phone, document) values ($1, '李小明', 'person', $2, '{}')", [
    holder,
    phone,
  ]);
  await db.query(
    `insert into account_registration (id, number, unit_id, holder_id, address_id, customer_kind, household, opened_at)
     values ($1, $1, $2, $3, 'a', 'residential', '{}', 0)`,
    [id, kiosk1.unit.id, holder],
  );
  return made;
}

test("what was before the first follower is no news", () => expect(filedAtFirst).toBe(0));

test("a sale that goes straight through is no news", async () => {
  const { card } = await account();
  const { visit, id } = await bought(hall.world, kiosk1, card, amount(1_234));
  await write(hall.world, kiosk1, card, visit, await wanted(hall.world, kiosk1, id, visit));
  expect((await stateOf(hall.world, id)).state).toBe("delivered");
  await tell();
  expect(sent).toEqual([]);
});

test("the result was lost: reminders after 1, 7 and 30 days, then word that it is done; without a name in any of them", async () => {
  const { card } = await account();
  const { visit, id } = await bought(hall.world, kiosk1, card, amount(1_234));
  const script = await wanted(hall.world, kiosk1, id, visit);
  if (script.kind !== "script") throw new Error("no script");
  runScript(card, script.script, visit.powerUpId);
  await endSession(hall.world.sale, kiosk1, visit.sessionId);
  const days: number[] = [];
  for (let day = 1; day <= 33; day++) {
    await pass(hall.world, 86_400_000, 86_400_000);
    const before = sent.length;
    await tell();
    if (sent.length > before) days.push(day);
  }
  expect(days).toEqual([1, 7, 30]);
  expect((await insert(hall.world, kiosk2, card)).answer).toMatchObject({ kind: "delivered" });
  await tell();
  expect(templates()).toEqual(["citygas.unknown", "citygas.unknown", "citygas.unknown", "citygas.delivered"]);
  const { number } = await stateOf(hall.world, id);
  expect(sent.at(-1)).toMatchObject({ to: "13800000000", params: { number, goods: "12.34元" } });
  for (const { text } of sent) expect(text).toContain(number);
  expect(JSON.stringify(sent)).not.toMatch(/李小明|明|501|秦淮/);
});

test("refunded, stuck, cancelled while the payment was unknown", async () => {
  const { card } = await account();
  const { id } = await bought(hall.world, kiosk1, card, amount(500));
  hall.earth.bank.refundFates.push("never");
  value(await cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}`)));
  await workOff(hall.world);
  // What was committed a moment ago may not be all there yet.
  await followPurchases(hall.world.sale);
  await send();
  expect(sent).toEqual([]);
  await tell();
  expect(templates()).toEqual(["citygas.refundStuck"]);

  const left = await account();
  const paid = await bought(hall.world, kiosk1, left.card, amount(700));
  await pass(hall.world, 35 * 60_000, 60_000);
  expect((await stateOf(hall.world, paid.id)).state).toBe("refunded");
  await tell();
  expect(templates()).toEqual(["citygas.refundStuck", "citygas.refunded"]);

  const open = await account();
  const visit = await insert(hall.world, kiosk1, open.card);
  const quote = await quoted(hall.world, kiosk1, visit, amount(900));
  await confirmed(hall.world, kiosk1, quote.id);
  hall.earth.bank.fates.push("password");
  await pay(hall.world, kiosk1, quote.id);
  value(await cancelPurchase(hall.world.sale, kiosk1, quote.id, keyed(`cancel-${quote.id}`)));
  await pass(hall.world, 3 * 60_000);
  expect((await stateOf(hall.world, quote.id)).state).toBe("void");
  await tell();
  expect(templates()).toEqual(["citygas.refundStuck", "citygas.refunded", "citygas.cancelled"]);
});

test("over a link: reminders while the meter sleeps, and word when it has taken the recharge; nothing of a card", async () => {
  const { accountId } = await account("13800000000", 10_000);
  const { meterId, talk } = await linkMeterOf(hall.world, accountId, `meter-${names}`);
  const entry = amount(1_234);
  const { id } = value(await quoteRecharge(hall.world.sale, phone1, { accountId, entry }, keyed(`recharge-${names}`)));
  await confirmed(hall.world, phone1, id);
  await pass(hall.world, 2 * 86_400_000, 3_600_000);
  await tell();
  await heardFromMeter(hall.world.sale, meterId, { kind: "awake" });
  await talk();
  await tell();
  expect((await stateOf(hall.world, id)).state).toBe("delivered");
  expect(templates()).toEqual(["citygas.rechargeWaits", "citygas.recharged"]);
  for (const { text } of sent) expect(text).not.toMatch(/卡/);
});

/** One notice, filed and not sent yet. */
async function filed(phone: string | null = "13800000000"): Promise<void> {
  const { card } = await account(phone);
  await bought(hall.world, kiosk1, card, amount(700));
  await pass(hall.world, 35 * 60_000, 60_000);
  hall.earth.clock.now += settleMs + 1;
  await followPurchases(hall.world.sale);
}

test("read again from the beginning, or by several at once, nothing is told twice", async () => {
  await filed();
  const { db } = hall.world.sale;
  const count = async () => (await db.query("select 1 from notice")).rows.length;
  const before = await count();
  await db.query("update server_value set value = $1 where name = 'notices.cursor'", [
    cursorText({ at: began, seq: 0, eventId: "" }),
  ]);
  await Promise.all([1, 2, 3].map(() => followPurchases(hall.world.sale)));
  expect(await count()).toBe(before);
  await Promise.all([1, 2, 3].map(() => send()));
  expect(sent).toHaveLength(1);
});

test("no answer: tried again under the same mark, later and later, and given up in the end", async () => {
  await filed();
  const silent = { kind: "unknown", why: "ETIMEDOUT" } as const;
  fates = Array.from({ length: 20 }, () => silent);
  await send();
  for (const wait of retryAfterMs) {
    hall.earth.clock.now += wait - 1;
    await send();
    const tries = sent.length;
    hall.earth.clock.now += 1;
    await send();
    expect(sent.length).toBe(tries + 1);
  }
  expect(sent).toHaveLength(retryAfterMs.length + 1);
  expect(new Set(sent.map(({ ref }) => ref)).size).toBe(1);
  hall.earth.clock.now += 30 * 86_400_000;
  await send();
  expect(sent).toHaveLength(retryAfterMs.length + 1);
  const { rows } = await hall.world.sale.db.query("select failed from notice where failed = 'ETIMEDOUT'");
  expect(rows).toHaveLength(1);
});

test("a process that dies while sending leaves the notice to another one", async () => {
  await filed();
  const dying: NoticeChannel = { name: "sms", send: () => Promise.reject(new Error("killed")) };
  await expect(sendNotices(hall.world.sale, new Map([["sms", dying]]))).rejects.toThrow("killed");
  await send();
  expect(sent).toEqual([]);
  hall.earth.clock.now += 120_000;
  await send();
  expect(sent).toHaveLength(1);
});

test("nobody to tell, or an address that takes none: said so, and not tried again", async () => {
  await filed(null);
  await send();
  await filed();
  fates = [{ kind: "refused", what: "address", code: "addressRefused" }];
  await send();
  const { rows } = await hall.world.sale.db.query<{ failed: string }>(
    "select failed from notice where failed is not null and due_at is null order by created_at desc limit 2",
  );
  expect(rows.map(({ failed }) => failed)).toEqual(["addressRefused", "noAddress"]);
});

const cursorAt = async () => {
  const { rows } = await hall.world.sale.db.query<{ value: string }>(
    "select value from server_value where name = 'notices.cursor'",
  );
  return readCursor(rows[0]?.value ?? "")?.at ?? 0;
};
const told = async (purchaseId: string) =>
  (await hall.world.sale.db.query("select 1 from notice where purchase_id = $1", [purchaseId])).rows.length;
/** A purchase that is refunded; of its events nothing has settled yet. */
async function news(): Promise<string> {
  const { card } = await account();
  const { id } = await bought(hall.world, kiosk1, card, amount(700));
  await pass(hall.world, 35 * 60_000, 60_000);
  return id;
}
/** Another process of ours, whose database does as `before` says just before each of its statements. */
function following(before: (sql: string) => Promise<void>) {
  const { db } = hall.world.sale;
  const query = async (sql: string, values: unknown[]) => {
    await before(sql);
    return await db.query(sql, values);
  };
  const other = new Proxy(db, { get: (of, name) => (name === "query" ? query : Reflect.get(of, name)) });
  return followPurchases({ ...hall.world.sale, db: other });
}

test("logs that do not fold, more of them than a page, hold up nobody's news, and are read once", async () => {
  const { db } = hall.world.sale;
  const at = hall.earth.clock.now;
  await db.query(
    `insert into event (event_id, subject_kind, subject_id, seq, at, event)
     select 'broken-' || n, 'purchase', 'broken', n, $1, '{"type": "purchase", "event": {"type": "cardSettled"}}'
     from generate_series(1, 1100) n`,
    [at],
  );
  const id = await news();
  await tell();
  expect(await told(id)).toBe(1);
  expect(sent).toHaveLength(1);
  expect(await cursorAt()).toBeGreaterThan(at);
  hall.earth.clock.now += settleMs + 1;
  const read: string[] = [];
  await following(async (sql) => void read.push(sql));
  expect(read.filter((sql) => sql.includes("from event"))).toHaveLength(1);
  await db.query("delete from event where subject_id = 'broken'");
});

test("the database is away while news is filed: the cursor stays, and it is told when it is back", async () => {
  const id = await news();
  const before = await cursorAt();
  hall.earth.clock.now += settleMs + 1;
  const away = following(async (sql) => {
    if (sql.includes("insert into notice")) throw new Error("connection terminated");
  });
  await expect(away).rejects.toThrow("connection terminated");
  expect(await cursorAt()).toBe(before);
  const lost = followPurchases({
    ...hall.world.sale,
    registry: { ...hall.world.sale.registry, customer: () => Promise.reject(new Error("connection terminated")) },
  });
  await expect(lost).rejects.toThrow("connection terminated");
  expect([await cursorAt(), await told(id)]).toEqual([before, 0]);
  await followPurchases(hall.world.sale);
  await send();
  expect(await told(id)).toBe(1);
  expect(sent).toHaveLength(1);
});

test("dead between filing and moving on: filed once, and the cursor goes on", async () => {
  const id = await news();
  const before = await cursorAt();
  hall.earth.clock.now += settleMs + 1;
  const dying = following(async (sql) => {
    if (sql.includes("update server_value")) throw new Error("killed");
  });
  await expect(dying).rejects.toThrow("killed");
  expect([await cursorAt(), await told(id)]).toEqual([before, 1]);
  await followPurchases(hall.world.sale);
  expect(await cursorAt()).toBeGreaterThan(before);
  await send();
  expect(sent).toHaveLength(1);
});

test("a server that was slow does not set the cursor back", async () => {
  await news();
  hall.earth.clock.now += settleMs + 1;
  let ahead = 0;
  await following(async (sql) => {
    if (!sql.includes("update server_value") || ahead > 0) return;
    const id = await news();
    hall.earth.clock.now += settleMs + 1;
    await followPurchases(hall.world.sale);
    expect(await told(id)).toBe(1);
    ahead = await cursorAt();
  });
  expect(ahead).toBeGreaterThan(0);
  expect(await cursorAt()).toBe(ahead);
  await send();
  expect(sent).toHaveLength(2);
});

test("one that can't be put into words holds up no other, and is given up in the end", async () => {
  await filed();
  const { db } = hall.world.sale;
  await db.query(
    `insert into notice (id, kind, account_id, purchase_id, doc, created_at, due_at)
     select 'odd', 'gone', account_id, purchase_id, doc, created_at, 0 from notice order by created_at desc limit 1`,
  );
  await filed();
  await expect(send()).rejects.toThrow();
  expect(sent).toHaveLength(2);
  for (let time = 0; time < retryAfterMs.length; time++) {
    hall.earth.clock.now += 120_000;
    await expect(send()).rejects.toThrow();
  }
  hall.earth.clock.now += 120_000;
  await send();
  const { rows } = await db.query("select failed, due_at, tries from notice where id = 'odd'");
  expect(rows).toEqual([{ failed: "broken", due_at: null, tries: retryAfterMs.length + 2 }]);
  expect(sent).toHaveLength(2);
});

test("what keeps the follower, or what comes before it in a round, keeps no notice back that is filed", async () => {
  await filed();
  const { sale } = hall.world;
  await sale.db.query("update server_value set value = 'no cursor' where name = 'notices.cursor'");
  let arrived = (_: unknown) => {};
  const telling = new Promise((resolve) => {
    arrived = resolve;
  });
  const prompt: NoticeChannel = {
    name: "sms",
    async send(message) {
      arrived(message);
      return await sms.send(message);
    },
  };
  const errors: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => void errors.push(line) });
  const { janitor } = openPeople({ ...sale, log }, [], new Map([["sms", prompt]]));
  janitor.start();
  await telling;
  await janitor.stop();
  expect(sent).toHaveLength(1);
  expect(errors.join()).toContain("notices.cursor is no cursor");
  await sale.db.query("update server_value set value = $1 where name = 'notices.cursor'", [
    cursorText({ at: hall.earth.clock.now, seq: 0, eventId: "" }),
  ]);
});

test.each(noticeKeys)("%s has its text, and fits into what a provider takes", (key) => {
  const values = {
    company: "洪通燃气",
    number: "3K7-0192",
    goods: "47.4 方",
    paid: "119.97元",
    hotline: "0996-2959627",
  };
  const text = noticeText(key, values);
  expect(text).toMatch(/^【洪通燃气】.*3K7-0192/);
  expect(text).not.toMatch(/[{}]/);
  expect(text.length).toBeLessThan(140);
});

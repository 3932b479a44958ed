/** 换表 through the staff's own routes, on a real database: by two people, once, whatever dies in between. */
import { randomUUID } from "node:crypto";
import { fromHex, openBVolume } from "@citygas/gascard";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Role } from "../decisions/types.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Reply, type TestServer, testServer } from "../server.testkit.ts";
import { addStaff } from "../staff/staffRows.ts";
import { issueStaffToken } from "../staff/tokens.ts";
import { type MeterSwapDoc, replaceMeterBy } from "./meterSwap.ts";

let city: TestServer;
let maker: string;
let checker: string;
beforeAll(async () => {
  city = await testServer();
  maker = await member("cashier");
  checker = await member("supervisor");
});
afterAll(() => city.stop());

async function member(role: Role): Promise<string> {
  const { ctx } = city.server;
  const id = derivedId("member", role);
  await addStaff(ctx.db, { id, name: role, roles: [role], createdAt: ctx.now(), disabledAt: null });
  return await issueStaffToken(ctx, id, { expiresAt: null, instead: true });
}
async function made(url: string, body: object): Promise<string> {
  const reply = await city.admin("POST", url, body);
  if (reply.status !== 201) throw new Error(`${url}: ${reply.status} ${reply.text}`);
  return String(reply.body.id);
}
const staff = (token: string, url: string, payload: object): Promise<Reply> =>
  city.call({
    method: "POST",
    url: `/api/v1${url}`,
    headers: { authorization: `Bearer ${token}`, "idempotency-key": randomUUID() },
    payload,
  });

let serial = 500;
const nextSerial = (): string => {
  serial += 1;
  return `SW${serial}`;
};
interface Home {
  accountId: string;
  meterId: string;
  cardId: string;
}
const meterOf = (accountId: string) => ({
  kind: "ic",
  settlement: "meter",
  counts: "volume",
  serial: nextSerial(),
  accountId,
  model: "样例表",
  ceiling: 500_000,
});

async function newAccount(): Promise<string> {
  const settings = { areaCode: "0996", quickAmountsFen: [5_000], quickVolumesL: [50_000], later: false };
  const unitId = await made("/units", { name: "样例营业部", company: "样例燃气", hotline: "0996-0000000", settings });
  const holderId = await made("/holders", { name: "样例甲", kind: "person" });
  const address = { district: "样例区", community: "样例小区", building: "1号楼", unit: "1单元", room: "101室" };
  const addressId = await made("/addresses", { ...address, fullText: "样例小区1号楼1单元101室" });
  const tariffId = await made("/tariffs", { unitId, name: "居民", customerKind: "residential" });
  const tiers = [{ uptoL: null, priceE4: 25_300 }];
  const pricing = { kind: "tiered", cycle: { kind: "calendarYear" }, tiers, heating: null };
  const from = new Date(city.clock.now - 86_400_000).toISOString();
  await made(`/tariffs/${tariffId}/versions`, { effectiveFrom: from, name: "居民", pricing });
  const body = { number: `03${nextSerial()}`, customerKind: "residential", unitId, holderId, addressId, tariffId };
  return await made("/accounts", body);
}

/** A card that has bought six times, 120 m³ in all, of which the meter holds 3.5 m³. */
async function home(): Promise<Home> {
  const accountId = await newAccount();
  const meterId = await made("/meters", meterOf(accountId));
  const card = { accountId, meterId, cardNumber: `88${serial}`, history: { count: 6, totalCredited: 120_000 } };
  return { accountId, meterId, cardId: await made("/cards", card) };
}

const doc = (over: Partial<MeterSwapDoc> = {}): MeterSwapDoc => ({
  serial: nextSerial(),
  model: "新样例表",
  ceiling: 800_000,
  newIndexL: 12,
  word: { acceptedCount: 6, totalCredited: 120_000, remaining: 3_500, indexL: 116_500 },
  cardSeq: 0,
  oldCard: "gone",
  ...over,
});

async function byTwo(meterId: string, stated: MeterSwapDoc): Promise<Reply> {
  const proposed = await staff(maker, `/meters/${meterId}/replacement`, { doc: stated, evidence: "seen on site" });
  if (proposed.status !== 201) return proposed;
  return await staff(checker, `/decisions/${String(proposed.body.id)}/confirm`, {});
}

const meter = async (id: string) => (await city.admin("GET", `/meters/${id}`)).body;
const customer = (id: string) => city.server.ctx.registry.customer(id);
const balance = async (account: string): Promise<number> =>
  (await city.server.ctx.store.trialBalance())
    .filter((line) => line.account === account)
    .reduce((sum, { amount }) => sum + amount, 0);

test("the account's meter is the new one, the old row says what followed it, and the new card is for it", async () => {
  const { accountId, meterId, cardId } = await home();
  const stated = doc();
  const done = await byTwo(meterId, stated);
  expect(done.body).toMatchObject({ state: "done", outcome: { cardId } });
  const newId = String((done.body.outcome as { meterId: string }).meterId);
  expect(await meter(meterId)).toMatchObject({ replacedBy: newId, accountId });
  expect(await meter(newId)).toMatchObject({
    serial: stated.serial,
    accountId,
    kind: "ic",
    counts: "volume",
    replacedBy: null,
  });
  expect((await customer(accountId))?.meter).toMatchObject({ id: newId, ceiling: 800_000, model: "新样例表" });
  const { rows } = await city.server.ctx.db.query<{ old_indexes: object[]; index_l: number }>(
    "select old_indexes, index_l from meter_registration where id = $1",
    [newId],
  );
  expect(rows[0]).toMatchObject({ index_l: 12, old_indexes: [{ meterId, indexL: 116_500 }] });
  const card = (await city.admin("GET", `/cards/${cardId}`)).body;
  expect(card).toMatchObject({ meterId: newId, replacement: 1, count: 6 });
  const issued = (await city.admin("GET", `/cards/${cardId}/image`)).body;
  const read = openBVolume.read(fromHex(String(issued.imageHex)) ?? new Uint8Array());
  expect(read).toMatchObject({ ok: true, facts: { replacement: 1, count: 6, meterCeiling: 800_000 } });
  const account = (await city.admin("GET", `/accounts/${accountId}`)).body;
  expect(account.carried).toEqual({ volumeL: 3_500, meterCreditFen: 0 });
  expect([await balance(`gas:${meterId}`), await balance(`carried:${accountId}`)]).toEqual([-3_500, 3_500]);
  expect((await byTwo(meterId, doc())).body.code).toBe("meter.retired");
});

test("takes staff, two of them, and a word that fits; a serial that is taken is refused before anything", async () => {
  const { meterId } = await home();
  const other = await home();
  const evidence = "seen on site";
  const stated = doc();
  const proposed = await staff(maker, `/meters/${meterId}/replacement`, { doc: stated, evidence });
  expect((await staff(maker, `/decisions/${String(proposed.body.id)}/confirm`, {})).status).toBe(403);
  await staff(maker, `/decisions/${String(proposed.body.id)}/withdraw`, { words: "another one" });
  expect((await city.admin("POST", `/meters/${meterId}/replacement`, { doc: stated, evidence })).status).toBe(401);
  const wrong = { ...stated, word: stated.word && { ...stated.word, totalCredited: 1 } };
  expect((await byTwo(meterId, wrong)).body.code).toBe("meter.wordDisagrees");
  expect((await byTwo(meterId, { ...stated, cardSeq: 3 })).body.code).toBe("card.scriptRunning");
  const { serial: taken } = await meter(other.meterId);
  expect((await byTwo(meterId, { ...stated, serial: String(taken) })).body.code).toBe("decision.notApplicable");
  expect((await byTwo(meterId, { ...stated, serial: "!" })).status).toBe(400);
  expect((await byTwo(meterId, stated)).body.state).toBe("done");
});

test.each([
  ["counts money, where the old one counted gas", { counts: "money" }],
  ["takes a card of another class", { layout: "open-a-volume" }],
  ["takes the same layout on another chip", { layout: "open-b-cpu-volume" }],
  ["takes no card at all", { kind: "iot" }],
] as const)("a meter that %s is not taken for the old one's successor, and nothing has happened", async (_, other) => {
  const { accountId, meterId, cardId } = await home();
  expect(await byTwo(meterId, doc(other))).toMatchObject({ status: 422, body: { code: "meter.otherKind" } });
  const by = { key: `other-${meterId}`, fingerprint: "f", approvedBy: ["m", "c"] as [string, string] };
  const carriedOut = await replaceMeterBy(city.server.ctx, meterId, doc(other), by);
  expect(carriedOut).toMatchObject({ ok: false, error: { code: "meter.otherKind" } });
  expect(await meter(meterId)).toMatchObject({ accountId, replacedBy: null });
  expect((await city.admin("GET", `/cards/${cardId}`)).body).toMatchObject({ meterId, replacement: 0 });
  expect((await customer(accountId))?.meter?.id).toBe(meterId);
});

test("what is said of the new meter and is as of the old one is no obstacle", async () => {
  const { meterId } = await home();
  const same = { kind: "ic", counts: "volume", layout: openBVolume.name } as const;
  expect((await byTwo(meterId, doc(same))).body.state).toBe("done");
});

test("a meter of another kind: the new account's balance has what was left, and the old account sells no more", async () => {
  const old = await home();
  const next = await home();
  const wanted = {
    kind: "account.adjust",
    ref: next.accountId,
    doc: { amountFen: 886, reason: "3.5 m³ left in the meter before" },
    evidence: "read off the wall by two",
  };
  const proposed = await staff(maker, "/decisions", wanted);
  const done = await staff(checker, `/decisions/${String(proposed.body.id)}/confirm`, {});
  expect(done.body.state).toBe("done");
  expect((await city.admin("GET", `/accounts/${next.accountId}`)).body.balanceFen).toBe(886);
  const by = { "idempotency-key": randomUUID() };
  await city.admin("PUT", `/accounts/${old.accountId}/block`, { reason: "stopped" }, by);
  expect((await city.admin("GET", `/accounts/${old.accountId}`)).body.block).toMatchObject({ reason: "stopped" });
});

test("killed at any write of its own it is finished by the same request, once", async () => {
  for (let dies = 0; dies < 4; dies++) {
    const { accountId, meterId, cardId } = await home();
    const { ctx } = city.server;
    const stated = doc({ word: { acceptedCount: 6, totalCredited: 120_000, remaining: -400, indexL: 120_400 } });
    const owed = { amountFen: 101, kind: "透支" };
    const by = { key: `k-${meterId}`, fingerprint: "f", approvedBy: ["m", "c"] as [string, string] };
    let calls = 0;
    const query = (...args: Parameters<typeof ctx.db.query>) => {
      const sql = String(args[0]);
      if (/^\s*(insert|with|update)/.test(sql) && calls++ === dies) return Promise.reject(new Error("killed"));
      return ctx.db.query(...args);
    };
    // Only what the service calls; the store has its own way to the database.
    const dying = { ...ctx, db: { query } as unknown as typeof ctx.db };
    const first = await replaceMeterBy(dying, meterId, { ...stated, owed }, by).catch(() => null);
    expect(first === null).toBe(dies < 3);
    const again = await replaceMeterBy(ctx, meterId, { ...stated, owed }, by);
    expect(again).toMatchObject({ ok: true, value: { cardId } });
    const found = await customer(accountId);
    expect(found?.meter?.model).toBe("新样例表");
    expect(found?.debts).toMatchObject([owed]);
    expect([await balance(`receivable:${accountId}`), await balance(`gas:${meterId}`)]).toEqual([101, 400]);
    expect((await city.admin("GET", `/cards/${cardId}`)).body.replacement).toBe(1);
  }
});

describe("what would leave card and books with the old meter", () => {
  test("a second meter for the account is refused: the first is replaced", async () => {
    const { accountId, meterId } = await home();
    const second = await city.admin("POST", "/meters", meterOf(accountId));
    expect(second).toMatchObject({ status: 409, body: { detail: "the account has a meter: replace it" } });
    expect((await customer(accountId))?.meter?.id).toBe(meterId);
  });

  test("of two first meters at once the account takes one", async () => {
    const accountId = await newAccount();
    const both = await Promise.all([0, 1].map(() => city.admin("POST", "/meters", meterOf(accountId))));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test("a controller that takes cards is replaced by two people: what it held is carried, the meter stays", async () => {
    const { accountId, meterId, cardId } = await home();
    const old = await made("/controllers", { kind: "ic", serial: nextSerial(), meterId, indexL: 0, meterIndexL: 0 });
    const change = { serial: nextSerial(), oldIndexL: 116_500, newIndexL: 0, meterIndexL: 9_000 };
    expect((await city.admin("POST", `/controllers/${old}/replacement`, change)).body.code).toBe("decision.required");
    const { model: _, ceiling: __, ...rest } = doc();
    const wanted = {
      kind: "controller.replace",
      ref: old,
      doc: { ...rest, meterIndexL: 9_000 },
      evidence: "seen on site",
    };
    const proposed = await staff(maker, "/decisions", wanted);
    const done = await staff(checker, `/decisions/${String(proposed.body.id)}/confirm`, {});
    const newId = String((done.body.outcome as { controllerId: string }).controllerId);
    expect((await city.admin("GET", `/controllers/${old}`)).body).toMatchObject({ replacedBy: newId, indexL: 116_500 });
    expect((await city.admin("GET", `/controllers/${newId}`)).body).toMatchObject({ meterId, accountId, indexL: 12 });
    expect((await city.admin("GET", `/cards/${cardId}`)).body).toMatchObject({ meterId, replacement: 1 });
    expect((await city.admin("GET", `/accounts/${accountId}`)).body.carried).toMatchObject({ volumeL: 3_500 });
  });
});

test("what no new meter can take becomes money, all of it, once", async () => {
  const { accountId, meterId } = await home();
  await byTwo(meterId, doc());
  const wanted = {
    kind: "carried.toBalance",
    ref: accountId,
    doc: { counts: "volume", amountFen: 886 },
    evidence: "moves out",
  };
  const proposed = await staff(maker, "/decisions", wanted);
  await staff(checker, `/decisions/${String(proposed.body.id)}/confirm`, {});
  const account = (await city.admin("GET", `/accounts/${accountId}`)).body;
  expect(account).toMatchObject({ balanceFen: 886, carried: { volumeL: 0, meterCreditFen: 0 } });
  expect([await balance(`carried:${accountId}`), await balance(`customer:${accountId}`)]).toEqual([0, -886]);
  expect((await staff(maker, "/decisions", wanted)).body.code).toBe("decision.notApplicable");
});

test("one without a card is replaced by the same two signatures", async () => {
  const accountId = await newAccount();
  const bare = await made("/meters", { ...meterOf(accountId), kind: "ordinary", settlement: "centre" });
  const { cardSeq: _, ...stated } = doc({ word: null });
  const done = await byTwo(bare, stated);
  expect(done.body).toMatchObject({ state: "done", outcome: { cardId: null } });
  expect((await customer(accountId))?.meter).toMatchObject({ model: "新样例表" });
});

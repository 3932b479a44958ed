/** What the office registers can be sold to at once, and what is wrong is refused. */
import { randomUUID } from "node:crypto";
import { fromHex, openBMoney, openBVolume } from "@citygas/gascard";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pairWith, type Reply, type TestServer, testServer, tokenFor } from "../server.testkit.ts";

let test: TestServer;
beforeAll(async () => {
  test = await testServer();
});
afterAll(() => test.stop());

const key = () => ({ "idempotency-key": randomUUID() });
async function made(url: string, body: object): Promise<string> {
  const reply = await test.admin("POST", url, body);
  if (reply.status !== 201) throw new Error(`${url}: ${reply.status} ${reply.text}`);
  return String(reply.body.id);
}
const noLimits = { perPurchaseFen: 150_000, perPurchaseL: null, beforeChange: null };
const tiers = [
  { uptoL: 300_000, priceE4: 25_300 },
  { uptoL: null, priceE4: 30_400 },
];
const yesterday = () => new Date(test.clock.now - 86_400_000).toISOString();
let serial = 100;

interface House {
  unitId: string;
  holderId: string;
  addressId: string;
  tariffId: string;
}
async function house(counts: "money" | "volume"): Promise<House> {
  const settings = { areaCode: "0996", quickAmountsFen: [5_000], quickVolumesL: [50_000], later: false };
  const unitId = await made("/units", { name: "样例营业部", company: "样例燃气", hotline: "0996-0000000", settings });
  const holderId = await made("/holders", { name: "样例甲", kind: "person" });
  const address = { district: "样例区", community: "样例小区", building: "1号楼", unit: "1单元", room: "101室" };
  const addressId = await made("/addresses", { ...address, fullText: "样例小区1号楼1单元101室" });
  const tariffId = await made("/tariffs", { unitId, name: "居民", customerKind: "residential" });
  const pricing =
    counts === "money"
      ? { kind: "meter", tableE4: tiers }
      : { kind: "tiered", cycle: { kind: "calendarYear" }, tiers, heating: null };
  await made(`/tariffs/${tariffId}/versions`, { effectiveFrom: yesterday(), name: "居民", pricing, limits: noLimits });
  return { unitId, holderId, addressId, tariffId };
}
async function account(h: House): Promise<string> {
  serial += 1;
  return made("/accounts", { number: `0311${serial}`, customerKind: "residential", ...h });
}
async function meterAndCard(
  accountId: string,
  counts: "money" | "volume",
): Promise<{ meterId: string; cardId: string; cardNumber: string }> {
  serial += 1;
  const meter = {
    kind: "ic",
    settlement: "meter",
    counts,
    serial: `IC${serial}`,
    accountId,
    model: "样例表",
    ceiling: 500_000,
  };
  const meterId = await made("/meters", meter);
  const cardNumber = `77${serial}`;
  return { meterId, cardId: await made("/cards", { accountId, meterId, cardNumber }), cardNumber };
}

describe("what was registered", () => {
  it.each([
    ["money", openBMoney, "amount"],
    ["volume", openBVolume, "volume"],
  ] as const)("gives a card by %s its first image and the sale its customer", async (counts, layout, unit) => {
    const h = await house(counts);
    const accountId = await account(h);
    const { meterId, cardId, cardNumber } = await meterAndCard(accountId, counts);
    const issued = await test.admin("GET", `/cards/${cardId}/image`);
    const read = layout.read(fromHex(String(issued.body.imageHex)) ?? new Uint8Array());
    expect(read).toMatchObject({
      ok: true,
      facts: { cardNumber, areaCode: "0996", role: "user", count: 0, returned: null, meterCeiling: 500_000 },
    });
    expect(issued.body.secretHex).toBe(await test.server.ctx.keys.cardSecret(cardNumber));
    const { registry, store } = test.server.ctx;
    expect(await registry.cardIdByNumber(cardNumber)).toBe(cardId);
    expect(await registry.customer(accountId)).toMatchObject({
      accountId,
      holderName: "样例甲",
      room: "101室",
      unit: { id: h.unitId, company: "样例燃气" },
      tariff: [{ tariffId: h.tariffId, effectiveFrom: Date.parse(yesterday()) }],
      meter: { id: meterId, unit, ceiling: 500_000, settlement: "meter" },
      debts: [],
      deductions: [],
    });
    const loaded = await store.load([
      { kind: "account", id: accountId },
      { kind: "card", id: cardId },
      { kind: "meter", id: meterId },
    ]);
    expect(loaded.get("card", cardId)?.state).toMatchObject({ status: "current", count: 0, openPurchaseId: null });
    expect(loaded.get("meter", meterId)?.state.accountId).toBe(accountId);
  });

  it("is sold to at once, through the terminal's own routes", async () => {
    const h = await house("money");
    const accountId = await account(h);
    const { cardId } = await meterAndCard(accountId, "money");
    const terminalId = await made("/terminals", { unitId: h.unitId, name: "1号机", kind: "kiosk" });
    const code = await test.admin("POST", `/terminals/${terminalId}/pairing-codes`);
    const token = await tokenFor(test, await pairWith(test, String(code.body.code)));
    const headers = { authorization: `Bearer ${token}`, ...key() };
    const session = await test.call({
      method: "POST",
      url: "/api/v1/card-sessions",
      headers,
      payload: { reader: "r", atr: "3b04a2131091", powerUpId: "p1" },
    });
    expect(session.status).toBe(201);
    const { script } = session.body as { script: { id: string } };
    const issued = await test.admin("GET", `/cards/${cardId}/image`);
    const results = [{ step: 0 }, { step: 1, data: issued.body.imageHex }, { step: 2, counter: 7 }];
    const answer = await test.call({
      method: "PUT",
      url: `/api/v1/card-sessions/${String(session.body.id)}/image`,
      headers,
      payload: { scriptId: script.id, powerUpId: "p1", results },
    });
    expect(answer).toMatchObject({ status: 200, body: { kind: "account", unit: "money", customer: { name: "**甲" } } });
    const purchase = await test.call({
      method: "POST",
      url: "/api/v1/purchases",
      headers,
      payload: { cardSessionId: session.body.id, entry: { kind: "amount", amountFen: 10_000 } },
    });
    expect(purchase).toMatchObject({ status: 201, body: { state: "quoted", breakdown: { payableFen: 10_000 } } });
    const page = await test.call({ method: "GET", url: new URL(String(purchase.body.url)).pathname });
    expect(page.status).toBe(200);
    expect(page.text).toContain("**甲");
    expect(page.text).not.toContain("样例甲");
    expect(page.text).not.toContain("101室");
  });

  it("gives only the rules in force now, and only those for this kind of customer", async () => {
    const h = await house("volume");
    const accountId = await account(h);
    const rule = { kind: "fixed", name: "样例优惠", amountFen: 100, minGoodsFen: 0 };
    const other = { ...rule, name: "别的优惠" };
    await made("/deduction-rules", { unitId: h.unitId, effectiveFrom: yesterday(), rule });
    await made("/deduction-rules", {
      unitId: h.unitId,
      effectiveFrom: yesterday(),
      effectiveUntil: yesterday(),
      rule: other,
    });
    await made("/deduction-rules", {
      unitId: h.unitId,
      effectiveFrom: yesterday(),
      customerKind: "nonResidential",
      rule: other,
    });
    const found = await test.server.ctx.registry.customer(accountId);
    expect(found?.deductions.map(({ name }) => name)).toEqual(["样例优惠"]);
  });
});

describe("an account", () => {
  it("is blocked and freed, once per key: a repetition that comes late changes nothing, with one entry in its log", async () => {
    const id = await account(await house("money"));
    const [block, free] = [key(), key()];
    const blocked = () => test.admin("PUT", `/accounts/${id}/block`, { reason: "safetyCheck" }, block);
    const freed = () => test.admin("DELETE", `/accounts/${id}/block`, undefined, free);
    expect((await blocked()).body.block).toMatchObject({ reason: "safetyCheck" });
    expect((await freed()).body.block).toBeNull();
    expect((await blocked()).body.block).toBeNull();
    expect((await freed()).body.block).toBeNull();
    expect((await test.admin("DELETE", `/accounts/${id}/block`)).body.code).toBe("request.keyMissing");
    const log = await test.server.ctx.store.events({ kind: "account", id });
    expect(log.map(({ event }) => event.type)).toEqual(["opened", "blocked", "unblocked"]);
  });

  it("has its balance corrected once per key, by double entry, and never below zero", async () => {
    const id = await account(await house("money"));
    const same = key();
    const url = `/accounts/${id}/adjustments`;
    const first = await test.admin("POST", url, { amountFen: 500, reason: "样例" }, same);
    const again = await test.admin("POST", url, { amountFen: 500, reason: "样例" }, same);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect((await test.admin("GET", `/accounts/${id}`)).body.balanceFen).toBe(500);
    const other = await test.admin("POST", url, { amountFen: 501, reason: "样例" }, same);
    expect(other).toMatchObject({ status: 422, body: { code: "request.keyReused" } });
    expect((await test.admin("POST", url, { amountFen: -501, reason: "样例" }, key())).status).toBe(422);
    const [spent, repeated] = [key(), { amountFen: -500, reason: "样例" }];
    expect((await test.admin("POST", url, repeated, spent)).status).toBe(201);
    expect((await test.admin("POST", url, repeated, spent)).status).toBe(201);
    await test.admin("POST", url, { amountFen: 500, reason: "样例" }, key());
    const booked = (await test.server.ctx.store.trialBalance()).find(({ account: name }) => name === `customer:${id}`);
    expect(booked?.amount).toBe(-500);
  });

  it("owes a debt once per key", async () => {
    const id = await account(await house("money"));
    const same = key();
    const [one, two] = [
      await test.admin("POST", `/accounts/${id}/debts`, { amountFen: 2_650, kind: "样例" }, same),
      await test.admin("POST", `/accounts/${id}/debts`, { amountFen: 2_650, kind: "样例" }, same),
    ];
    expect(two.body).toEqual(one.body);
    expect((await test.server.ctx.registry.customer(id))?.debts).toEqual([
      { id: one.body.id, amountFen: 2_650, kind: "样例" },
    ]);
  });
});

describe("a card", () => {
  it("is lost, found, and replaced under the same number", async () => {
    const accountId = await account(await house("money"));
    const { cardId } = await meterAndCard(accountId, "money");
    expect((await test.admin("PUT", `/cards/${cardId}/status`, { status: "lost" }, key())).body.status).toBe("lost");
    const once = key();
    const replaced = await test.admin("POST", `/cards/${cardId}/replacement`, undefined, once);
    expect(replaced.body).toMatchObject({ id: cardId, status: "current", replacement: 1 });
    // The answer was lost and the desk asks again: there is still one new card.
    expect((await test.admin("POST", `/cards/${cardId}/replacement`, undefined, once)).body).toEqual(replaced.body);
    expect((await test.admin("POST", `/cards/${cardId}/replacement`)).body.code).toBe("request.keyMissing");
    const issued = await test.admin("GET", `/cards/${cardId}/image`);
    expect(openBMoney.identify(fromHex(String(issued.body.imageHex)) ?? new Uint8Array())?.replacement).toBe(1);
  });

  it("can't have another card's number, another account's meter or a layout that counts otherwise", async () => {
    const h = await house("money");
    const [one, two] = [await account(h), await account(h)];
    const { meterId, cardNumber } = await meterAndCard(one, "money");
    const refused = async (body: object): Promise<Reply> => test.admin("POST", "/cards", body);
    expect((await refused({ accountId: one, meterId, cardNumber })).status).toBe(409);
    expect((await refused({ accountId: two, meterId, cardNumber: "5551" })).status).toBe(422);
    expect((await refused({ accountId: one, meterId, cardNumber: "5552", layout: "open-b-volume" })).status).toBe(422);
    expect((await refused({ accountId: one, meterId, cardNumber: "no" })).status).toBe(400);
  });
});

describe("a controller", () => {
  it("is replaced alone, and both indexes are kept", async () => {
    const accountId = await account(await house("volume"));
    const { meterId } = await meterAndCard(accountId, "volume");
    serial += 1;
    const body = { kind: "iot", serial: `KZ${serial}`, meterId, indexL: 0, meterIndexL: 1_000 };
    const old = await made("/controllers", body);
    expect((await test.admin("POST", "/controllers", { ...body, serial: `KZX${serial}` })).status).toBe(409);
    const change = { serial: `KZY${serial}`, oldIndexL: 4_000, newIndexL: 10, meterIndexL: 5_100 };
    const fresh = await test.admin("POST", `/controllers/${old}/replacement`, change);
    expect(fresh).toMatchObject({ status: 201, body: { meterId, accountId, indexL: 10, meterIndexL: 5_100 } });
    expect((await test.admin("GET", `/controllers/${old}`)).body).toMatchObject({
      indexL: 4_000,
      meterIndexL: 5_100,
      replacedBy: fresh.body.id,
    });
    expect((await test.admin("POST", `/controllers/${old}/replacement`, { ...change, serial: "KZ-9" })).status).toBe(
      404,
    );
  });
});

describe("a tariff", () => {
  it("takes versions that can be sold from, never two from one instant", async () => {
    const { tariffId } = await house("money");
    const version = (pricing: object) => ({ effectiveFrom: "2030-01-01T00:00:00+08:00", name: "新价", pricing });
    const url = `/tariffs/${tariffId}/versions`;
    const bounded = { kind: "meter", tableE4: [{ uptoL: 1, priceE4: 1 }] };
    expect(await test.admin("POST", url, version(bounded))).toMatchObject({
      status: 422,
      body: { detail: "lastTierBounded" },
    });
    const good = version({ kind: "meter", tableE4: tiers });
    expect((await test.admin("POST", url, good)).status).toBe(201);
    expect((await test.admin("POST", url, good)).status).toBe(409);
    const listed = await test.admin("GET", url);
    expect((listed.body.items as { effectiveFrom: string }[]).map((v) => v.effectiveFrom)).toEqual([
      yesterday(),
      "2029-12-31T16:00:00.000Z",
    ]);
  });

  it("must have a version in force before an account is opened on it", async () => {
    const h = await house("money");
    const tariffId = await made("/tariffs", { unitId: h.unitId, name: "空", customerKind: "residential" });
    const body = { number: "0399", customerKind: "residential", ...h, tariffId };
    expect((await test.admin("POST", "/accounts", body)).status).toBe(422);
    const gone = randomUUID();
    expect((await test.admin("POST", "/accounts", { ...body, holderId: gone })).status).toBe(404);
  });
});

describe("lists", () => {
  it("page through everything once, in order, and find by part of a name", async () => {
    const names = ["样例列表1", "样例列表2", "样例列表3", "百分号%"];
    for (const name of names) {
      // Ids grow with the clock.
      test.clock.now += 1;
      await made("/holders", { name, kind: "person" });
    }
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 0; pages < 10; pages++) {
      const page = await test.admin("GET", `/holders?q=${encodeURIComponent("列表")}&limit=2${cursor}`);
      seen.push(...(page.body.items as { name: string }[]).map(({ name }) => name));
      if (page.body.next === null) break;
      cursor = `&cursor=${String(page.body.next)}`;
    }
    expect(seen).toEqual(names.slice(0, 3));
    const percent = await test.admin("GET", `/holders?q=${encodeURIComponent("%")}`);
    expect(percent.body.items).toHaveLength(1);
    expect((await test.admin("GET", "/holders?limit=1000")).status).toBe(400);
  });
});

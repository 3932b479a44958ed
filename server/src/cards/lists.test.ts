/** The office's lists about cards, through the real routes: windows of adoption and what they took over; old prices. */
import { randomUUID } from "node:crypto";
import { dayAtStart } from "@citygas/core";
import { type CardScript, fromHex, openBMoney, toHex, withReturnArea } from "@citygas/gascard";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Role } from "../decisions/types.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { pairWith, type Reply, type TestServer, testServer, tokenFor } from "../server.testkit.ts";
import { addStaff } from "../staff/staffRows.ts";
import { issueStaffToken } from "../staff/tokens.ts";
import { intoMeter, runScript, type TestCard } from "./card.testkit.ts";

const day = 86_400_000;
const newYear = dayAtStart("2028-01-01");
let city: TestServer;
let kiosk: string;
let unitId: string;
let tariffId: string;
let finance: string;
let supervisor: string;

async function made(url: string, body: object): Promise<string> {
  const reply = await city.admin("POST", url, body);
  if (reply.status !== 201) throw new Error(`${url}: ${reply.status} ${reply.text}`);
  return String(reply.body.id);
}
async function ask(token: string, method: "GET" | "POST" | "PUT", url: string, payload?: object): Promise<Reply> {
  const headers = { authorization: `Bearer ${token}`, "idempotency-key": randomUUID() };
  return city.call({ method, url: `/api/v1${url}`, headers, ...(payload === undefined ? {} : { payload }) });
}
async function staff(name: string, ...roles: Role[]): Promise<string> {
  const { ctx } = city.server;
  const id = derivedId("member", name);
  await addStaff(ctx.db, { id, name, roles, createdAt: ctx.now(), disabledAt: null });
  return issueStaffToken(ctx, id, { expiresAt: null, instead: true });
}
const iso = (at: number) => new Date(at).toISOString();
const limits = { perPurchaseFen: null, perPurchaseL: null, beforeChange: null };
const pricing = (priceE4: number) => ({ kind: "meter", tableE4: [{ uptoL: null, priceE4 }] });

let serial = 0;
interface House {
  accountId: string;
  meterId: string;
  cardId: string;
  cardNumber: string;
}
async function house(): Promise<House> {
  serial += 1;
  const holderId = await made("/holders", { name: "样例甲", kind: "person" });
  const address = { district: "样例区", community: "样例小区", building: "1号楼", unit: "1单元", room: "101室" };
  const addressId = await made("/addresses", { ...address, fullText: "样例小区1号楼1单元101室" });
  const owner = { unitId, holderId, addressId, tariffId, customerKind: "residential" };
  const accountId = await made("/accounts", { number: `0311${serial}`, ...owner });
  const meter = { kind: "ic", settlement: "meter", counts: "money", model: "样例表", ceiling: null };
  const meterId = await made("/meters", { ...meter, serial: `IC${serial}`, accountId });
  const cardNumber = `88${String(serial).padStart(4, "0")}`;
  const history = { count: 6, totalCredited: 84_000 };
  return { accountId, meterId, cardId: await made("/cards", { accountId, meterId, cardNumber, history }), cardNumber };
}

/** A card as its meter left it. */
function image(
  { cardNumber }: House,
  count: number,
  totalCredited: number,
  price?: { nowE4: number; next: null | { priceE4: number; from: string } },
): string {
  const issued = openBMoney.format({
    cardNumber,
    areaCode: "0996",
    role: "user",
    replacement: 0,
    count,
    totalCredited,
    meterCeiling: 0,
    ...(price && { price }),
  });
  const word = { registerL: 500, remaining: 100, valve: "open", batteryLow: false } as const;
  return toHex(withReturnArea(issued, { ...word, count, totalCredited }));
}

async function insert(imageHex: string): Promise<Reply> {
  const powerUpId = randomUUID();
  const session = await ask(kiosk, "POST", "/card-sessions", { reader: "r", atr: "3b04a2131091", powerUpId });
  const { script } = session.body as { script: { id: string } };
  const results = [{ step: 0 }, { step: 1, data: imageHex }, { step: 2, counter: 7 }];
  const report = { scriptId: script.id, powerUpId, results };
  return ask(kiosk, "PUT", `/card-sessions/${String(session.body.id)}/image`, report);
}

beforeAll(async () => {
  city = await testServer({ now: newYear - 30 * day });
  const settings = { areaCode: "0996", quickAmountsFen: [5_000], quickVolumesL: [50_000], later: false };
  unitId = await made("/units", { name: "样例营业部", company: "样例燃气", hotline: "0996-0000000", settings });
  tariffId = await made("/tariffs", { unitId, name: "居民", customerKind: "residential" });
  const version = (at: number, priceE4: number) => ({
    effectiveFrom: iso(at),
    name: "居民",
    pricing: pricing(priceE4),
    limits,
  });
  await made(`/tariffs/${tariffId}/versions`, version(newYear - 90 * day, 20_000));
  await made(`/tariffs/${tariffId}/versions`, version(newYear, 30_000));
  const terminalId = await made("/terminals", { unitId, name: "1号机", kind: "kiosk" });
  const code = await city.admin("POST", `/terminals/${terminalId}/pairing-codes`);
  kiosk = await tokenFor(city, await pairWith(city, String(code.body.code)));
  finance = await staff("王芳", "finance");
  supervisor = await staff("李娜", "supervisor");
});
afterAll(() => city.stop());

const windowDoc = () => ({
  layout: "open-b-money",
  from: iso(city.clock.now - day),
  until: iso(city.clock.now + day),
  purchasesMost: 5,
  creditedMost: 100_000,
});

test("a window is opened by two people, and refused where it makes no sense", async () => {
  const proposal = { kind: "adoption.open", ref: unitId, evidence: "letter of the maker, 11-01" };
  const other = { ...windowDoc(), layout: "open-a-money" };
  const proposed = await ask(finance, "POST", "/decisions", { ...proposal, doc: other });
  expect(proposed.status).toBe(201);
  const id = String(proposed.body.id);
  expect((await ask(finance, "POST", `/decisions/${id}/confirm`, {})).body).toMatchObject({ code: "staff.samePerson" });
  expect((await ask(supervisor, "POST", `/decisions/${id}/confirm`, {})).body).toMatchObject({ state: "done" });
  const { body } = await city.admin("GET", `/adoption-windows?unitId=${unitId}`);
  expect(body.items).toMatchObject([
    { layout: "open-a-money", openedBy: [derivedId("member", "王芳"), derivedId("member", "李娜")] },
  ]);
  const bad = [
    { layout: "no-such" },
    { until: iso(city.clock.now - 2 * day) },
    { until: iso(city.clock.now + 400 * day) },
  ];
  for (const wrong of bad)
    expect((await city.admin("POST", "/adoption-windows", { unitId, ...windowDoc(), ...wrong })).status).toBe(422);
  expect((await city.admin("POST", "/adoption-windows", { unitId: randomUUID(), ...windowDoc() })).status).toBe(404);
});

test("in production the administrator alone opens no window, corrects no balance and publishes no tariff", async () => {
  const { accountId } = await house();
  const { settings } = city.server.ctx;
  const version = { effectiveFrom: iso(city.clock.now + 400 * day), name: "居民", pricing: pricing(40_000), limits };
  const alone = [
    ["/adoption-windows", { unitId, ...windowDoc(), layout: "open-c-money" }],
    [`/accounts/${accountId}/adjustments`, { amountFen: 100, reason: "goodwill" }],
    [`/tariffs/${tariffId}/versions`, version],
  ] as const;
  settings.production = true;
  try {
    for (const [url, body] of alone)
      expect([url, (await ask(city.server.adminToken, "POST", url, body)).body]).toMatchObject([
        url,
        { code: "decision.required" },
      ]);
  } finally {
    settings.production = false;
  }
  const { body } = await city.admin("GET", `/adoption-windows?unitId=${unitId}`);
  expect(body.items).not.toContainEqual(expect.objectContaining({ layout: "open-c-money" }));
  expect((await city.admin("GET", `/accounts/${accountId}`)).body.balanceFen).toBe(0);
});

test("outside a window a higher count goes to people; inside it is taken over once, posted, and listed for finance", async () => {
  const h = await house();
  // Another maker's window is open: not this card's.
  expect((await insert(image(h, 8, 90_500))).body).toMatchObject({ kind: "refused", code: "card.countMismatch" });
  await made("/adoption-windows", { unitId, ...windowDoc() });
  expect((await insert(image(h, 12, 90_500))).body).toMatchObject({ kind: "refused", code: "card.countMismatch" });
  city.clock.now += 1_000;
  for (let again = 0; again < 2; again++)
    expect((await insert(image(h, 8, 90_500))).body).toMatchObject({ kind: "account" });
  const list = await ask(finance, "GET", "/adoptions");
  expect(list.body).toMatchObject({
    items: [
      {
        cardId: h.cardId,
        accountNumber: `0311${serial}`,
        countBefore: 6,
        count: 8,
        totalBefore: 84_000,
        credited: 6_500,
      },
    ],
    next: null,
  });
  const [line] = list.body.items as { id: string; openingEntry: string; seen: boolean; windowId: string }[];
  expect(line?.seen).toBe(false);
  expect(line?.windowId).toHaveLength(36);
  const { rows } = await city.server.ctx.db.query<{ account: string; amount: number }>(
    "select account, amount from posting where event_id = $1 order by seq",
    [line?.openingEntry],
  );
  expect(rows).toEqual([
    { account: `meter:${h.meterId}`, amount: 6_500 },
    { account: `opening:${unitId}`, amount: -6_500 },
  ]);
  await ask(finance, "POST", `/staff-tasks/${line?.id}/close`, { words: "found in the old system's list" });
  expect((await ask(finance, "GET", `/adoptions?unitId=${unitId}`)).body).toMatchObject({ items: [{ seen: true }] });
  expect((await ask(finance, "GET", `/adoptions?unitId=${randomUUID()}`)).body).toMatchObject({ items: [] });
  expect((await ask(kiosk, "GET", "/adoptions")).status).toBe(401);
});

test("a price on its way is told once the write that carries it is delivered, and no sooner", async () => {
  const h = await house();
  const listed = async (): Promise<unknown[]> => {
    const { body } = await ask(finance, "GET", "/meters/old-price?limit=100");
    return (body.items as { meterId: string }[]).filter(({ meterId }) => meterId === h.meterId);
  };
  // What is bought is paid from the balance, so that no gateway is needed.
  const gift = { amountFen: 5_000, reason: "goodwill" };
  expect((await ask(city.server.adminToken, "POST", `/accounts/${h.accountId}/adjustments`, gift)).status).toBe(201);
  const card: TestCard = {
    number: h.cardNumber,
    driver: openBMoney,
    image: fromHex(image(h, 6, 84_000, { nowE4: 15_000, next: null })) ?? new Uint8Array(),
    counter: 7,
    secret: await city.server.ctx.keys.cardSecret(h.cardNumber),
    meter: { count: 6, total: 84_000 },
  };
  const powerUpId = randomUUID();
  const session = await ask(kiosk, "POST", "/card-sessions", { reader: "r", atr: "3b04a2131091", powerUpId });
  const cardSessionId = String(session.body.id);
  const probe = runScript(card, session.body.script as CardScript, powerUpId);
  await ask(kiosk, "PUT", `/card-sessions/${cardSessionId}/image`, probe);
  const entry = { kind: "amount", amountFen: 5_000 };
  const quote = await ask(kiosk, "POST", "/purchases", { cardSessionId, entry });
  const id = String(quote.body.id);
  expect((await ask(kiosk, "POST", `/purchases/${id}/confirm`)).body).toMatchObject({ state: "paid" });
  city.clock.now += 1_000;
  const wanted = await ask(kiosk, "POST", `/purchases/${id}/script`, { cardSessionId });
  const told = { nowE4: 20_000, next: { priceE4: 30_000, from: "2028-01-01" } };
  const was = { wantedE4: 20_000, chargesE4: 15_000 };
  expect(await listed()).toMatchObject([{ ...was, onTheWay: null }]);
  const report = runScript(card, wanted.body.script as CardScript, powerUpId);
  const written = await ask(kiosk, "POST", `/card-sessions/${cardSessionId}/reports`, report);
  expect(written.body).toMatchObject({ kind: "delivered" });
  expect(await listed()).toMatchObject([{ ...was, onTheWay: told }]);
  // Seen in its meter: it is told, and listed no more.
  intoMeter(card);
  city.clock.now += 1_000;
  await insert(toHex(card.image));
  expect(await listed()).toEqual([]);
});

test("meters still on the old price, on any day, page by page", async () => {
  const [told, behind, untold] = [await house(), await house(), await house()];
  await insert(image(told, 6, 84_000, { nowE4: 20_000, next: { priceE4: 30_000, from: "2028-01-01" } }));
  await insert(image(behind, 6, 84_000, { nowE4: 20_000, next: null }));
  const listed = async (query = ""): Promise<{ meterId: string; wantedE4: number; chargesE4: number | null }[]> => {
    const found: { meterId: string; wantedE4: number; chargesE4: number | null }[] = [];
    for (let cursor = ""; ; ) {
      const page = await ask(finance, "GET", `/meters/old-price?limit=1${query}${cursor}`);
      found.push(...(page.body.items as typeof found));
      if (page.body.next === null)
        return found.filter((item) => [told, behind, untold].some((h) => h.meterId === item.meterId));
      cursor = `&cursor=${String(page.body.next)}`;
    }
  };
  expect(await listed()).toMatchObject([
    { meterId: untold.meterId, wantedE4: 20_000, chargesE4: null, onTheWay: null },
  ]);
  // Its card is lost: the meter charges what it charged, until the card that comes after tells it.
  const { db } = city.server.ctx;
  await db.query("update card set status = 'lost' where card_number = $1", [untold.cardNumber]);
  expect(await listed()).toMatchObject([{ meterId: untold.meterId }]);
  await db.query("update card set status = 'current' where card_number = $1", [untold.cardNumber]);
  const later = await listed("&day=2028-01-01");
  expect(later.map(({ meterId, wantedE4, chargesE4 }) => [meterId, wantedE4, chargesE4]).sort()).toEqual(
    [
      [behind.meterId, 30_000, 20_000],
      [untold.meterId, 30_000, null],
    ].sort(),
  );
  city.clock.now = newYear + day;
  expect((await listed()).map(({ meterId }) => meterId).sort()).toEqual([behind.meterId, untold.meterId].sort());
  expect((await ask(finance, "GET", "/meters/old-price?day=2028-02-30")).status).toBe(400);
  expect((await ask(kiosk, "GET", "/meters/old-price")).status).toBe(401);
});

/** What the office registers through the API is enough: an account, a card, a meter and a price can be sold to at once. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { booksBalance } from "./books.ts";
import { launchChromium } from "./chromium.ts";
import { type KioskScreen, openKiosk, toAccount } from "./kiosk.ts";
import { startWorld, type World } from "./world.ts";

interface Registered {
  accountId: string;
  cardId: string;
}

interface TrailEvent {
  type: string;
  account: { number: string } | null;
  postings: { account: string; amount: number }[];
  card: { changes: unknown[] } | null;
}

const accountNumber = "0961200377";
const meterSerial = "IC2026110001";
const cardNumber = "20261101";
/** 30 m³ at 2.53, then 3.04 yuan. */
const tiers = [
  { uptoL: 30_000, priceE4: 25_300 },
  { uptoL: null, priceE4: 30_400 },
];

describe("registered a moment ago", () => {
  let world: World;
  let browser: Browser;
  let kiosk: KioskScreen;
  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld(), launchChromium()]);
    kiosk = await openKiosk(browser, world.url);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  it("an account, card, meter and price made through the API can be sold to at once", async () => {
    const office = officeOf(world);
    const { accountId, cardId } = await register(office);
    await ontoTheTable(world, office, cardId);

    await toAccount(kiosk, () => world.sandbox.insert("new-card"));
    await kiosk.sees("请输入购气量：");
    await kiosk.sees(accountNumber);
    await kiosk.key("50");
    await kiosk.tap("确定");
    await kiosk.sees("购气信息确认无误后，点击刷码支付");
    await kiosk.sees("136.70");
    await kiosk.tap("刷码支付");
    await kiosk.sees(/请在\s*\d+\s*秒内刷码支付/);
    await world.sandbox.present("wechat");
    await kiosk.sees("购气成功，请拔出IC卡。如需打印凭证，请点击打印收据", 30_000);
    await world.sandbox.remove("new-card");
    await kiosk.sees("IC卡购气", 60_000);

    await world.sandbox.load("new-meter", "new-card");
    expect(await world.sandbox.meter("new-meter")).toMatchObject({ count: 1, totalCredited: 50_000 });
    const [purchase] = await world.query(
      "select status, (state->'breakdown'->>'payableFen')::int as payable from purchase where account_id = $1",
      [accountId],
    );
    expect(purchase).toEqual({ status: "delivered", payable: 13_670 });
    expect((await world.sandbox.ledger("wechat")).netFen).toBe(13_670);
    await booksBalance(world);
  });

  it("is told on the workbench from quote to card, with what was booked", async () => {
    const response = await fetch(`${world.url}/workbench/trail`);
    const { items } = (await response.json()) as { items: TrailEvent[] };
    const story = items.filter(({ account }) => account?.number === accountNumber);
    const types = story.map(({ type }) => type);
    for (const type of ["purchase.quoted", "purchase.confirmed", "attempt.paid", "purchase.scriptIssued"])
      expect(types).toContain(type);
    expect(types.at(-1)).toBe("purchase.cardWritten");
    expect(story.find(({ type }) => type === "attempt.paid")?.postings).toContainEqual(
      expect.objectContaining({ account: "gateway:wechat", amount: 13_670 }),
    );
    expect(story.find(({ card }) => card !== null)?.card?.changes.length).toBeGreaterThan(0);
  });

  it("is found again by what stands on its face and paper", async () => {
    const office = officeOf(world);
    for (const [path, q] of [
      ["/accounts", accountNumber],
      ["/meters", meterSerial],
      ["/cards", cardNumber],
    ] as const) {
      const { items } = await office<{ items: unknown[] }>("GET", `${path}?q=${q}`);
      expect(items, path).toHaveLength(1);
    }
  });
});

type Office = ReturnType<typeof officeOf>;

/** The API as the administrator uses it. */
function officeOf(world: World) {
  const token = readFileSync(join(world.dataDir, "server", "secrets", "admin.token"), "utf8").trim();
  return async <T = { id: string }>(method: "GET" | "POST", path: string, body?: object): Promise<T> => {
    const response = await fetch(`${world.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T; // a wrong shape fails what the test expects of it
  };
}

/** In the order in which each thing needs the ones before it. */
async function register(office: Office): Promise<Registered> {
  const unit = await office("POST", "/units", {
    name: "新城营业部",
    company: "新城燃气",
    hotline: "0996-1111111",
    settings: { areaCode: "0961", quickAmountsFen: [], quickVolumesL: [50_000], later: false },
  });
  const holder = await office("POST", "/holders", { name: "新用户", kind: "person", persons: 3 });
  const address = await office("POST", "/addresses", {
    district: "新城区",
    community: "新城家园",
    building: "2号楼",
    unit: "1单元",
    room: "302室",
    fullText: "新城家园2号楼1单元302室",
  });
  const tariff = await office("POST", "/tariffs", { unitId: unit.id, name: "居民", customerKind: "residential" });
  await office("POST", `/tariffs/${tariff.id}/versions`, {
    effectiveFrom: "2026-01-01T00:00:00+08:00",
    name: "居民两档",
    pricing: { kind: "tiered", cycle: { kind: "calendarYear" }, tiers, heating: null },
  });
  const account = await office("POST", "/accounts", {
    number: accountNumber,
    unitId: unit.id,
    holderId: holder.id,
    addressId: address.id,
    customerKind: "residential",
    tariffId: tariff.id,
  });
  const meter = await office("POST", "/meters", {
    kind: "ic",
    settlement: "meter",
    counts: "volume",
    serial: meterSerial,
    accountId: account.id,
    model: "样例膜式表",
  });
  const card = await office("POST", "/cards", { accountId: account.id, meterId: meter.id, cardNumber });
  return { accountId: account.id, cardId: card.id };
}

/** The chip as the issuing desk writes it, and a meter nobody has put a card into. */
async function ontoTheTable({ sandbox }: World, office: Office, cardId: string): Promise<void> {
  const issued = await office<{ imageHex: string; secretHex: string }>("GET", `/cards/${cardId}/image`);
  await sandbox.call("POST", "/cards", {
    id: "new-card",
    label: "新用户的卡",
    accountNumber,
    imageHex: issued.imageHex,
    pscHex: issued.secretHex,
  });
  await sandbox.call("POST", "/meters", { id: "new-meter", label: "新用户的表", unit: "volume" });
}

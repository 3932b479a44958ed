/** What the office registers through the API is enough: an account, a card, a meter and a price can be sold to at once. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { booksBalance } from "./books.ts";
import { launchChromium } from "./chromium.ts";
import { type KioskScreen, openKiosk, toAccount } from "./kiosk.ts";
import { type Office, officeOf, register } from "./office.ts";
import { startWorld, type World } from "./world.ts";

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
    const { accountId, cardId } = await register(office, {
      accountNumber,
      meterSerial,
      card: { cardNumber },
      areaCode: "0961",
      tiers,
    });
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

/// <reference lib="dom" />
/**
 * 换表 as a newcomer plays it at the workbench: a card is pulled in mid-write, the fitter takes the meter down, two people
 * decide at the office, the desk writes a new card, and in the new meter the gas is there.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "./chromium.ts";
import { officeOf } from "./office.ts";
import { reaches, settled } from "./oracle.ts";
import { type Customer, customerAt, goTo } from "./steps.ts";
import { startWorld, type World } from "./world.ts";

interface MeterOnTable {
  count: number;
  totalCredited: number;
  remaining: number;
  valve: string;
  replacedBy: string | null;
}
interface CardInBooks {
  id: string;
  meterId: string;
  scriptSeq: number;
}

/** A card by amount, which buys for 10 yuan; and the size of a small laptop. */
const [account, boughtFen] = ["031140086", 1_000];
const viewport = { width: 1366, height: 768 };

describe("a meter replaced at the workbench", () => {
  let world: World;
  let browser: Browser;
  let bench: Page;
  let customer: Customer;
  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld(), launchChromium()]);
    customer = await customerAt(world, "kiosk-1", account, String(boughtFen / 100));
    const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: world.url });
    bench = await context.newPage();
    await bench.goto(`${world.url}/workbench/?kiosk=kiosk-1`);
  });
  afterAll(async () => {
    customer?.hand.close();
    await browser?.close();
    await world?.stop();
  });

  const station = () => bench.locator(".station.meter");
  const meter = (id: string) => world.sandbox.call<MeterOnTable>("GET", `/meters/${id}`);
  const press = (name: string | RegExp) => bench.getByRole("button", { name }).click();

  /** Nothing of the meter's place lies under the log, and it is all on the page. */
  async function fits(name: string): Promise<void> {
    const folder = process.env.E2E_SHOTS;
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      await bench.screenshot({ path: join(folder, `replacement-${name}.png`) });
    }
    const [own, foot] = [await station().boundingBox(), await bench.locator(".foot").boundingBox()];
    expect((own?.y ?? 0) + (own?.height ?? 0), name).toBeLessThanOrEqual(foot?.y ?? 0);
    const cut = await station().evaluate((one) => one.scrollHeight - one.clientHeight);
    expect(cut, name).toBeLessThanOrEqual(1);
  }

  it("is undone as long as the new one has known no card", async () => {
    await station().getByRole("combobox").selectOption(customer.meter);
    const before = await meter(customer.meter);
    await fits("on-the-wall");
    await press("换新表");
    await station().getByText("已拆下", { exact: true }).waitFor();
    await press("看新表");
    await station().getByText("新表：先插营业厅补写的新卡").waitFor();
    await fits("new");
    await press("看拆下的旧表");
    await press("撤销换表");
    await station().getByRole("button", { name: "换新表" }).waitFor();
    expect(await meter(customer.meter)).toMatchObject(before);
  });

  it("has the gas of a sale that was torn, from the card that the office wrote", { timeout: 240_000 }, async () => {
    const { card, hand, meter: oldMeter } = customer;
    await goTo(world, customer, "pay");
    await world.sandbox.tear(card, 2);
    await world.sandbox.present("wechat");
    await hand.sees("writeFailed");
    await reaches(world, account, "unknown");
    const before = await meter(oldMeter);

    await press("换新表");
    await station().getByText("已拆下", { exact: true }).waitFor();
    await fits("taken-down");
    await press("复制旧表读数 Copy its last word");
    const form = JSON.parse(await bench.evaluate(() => navigator.clipboard.readText())) as { serial: string };
    await decidedByTwo(form);

    const tray = bench.locator(".station.tray");
    await tray.locator(".card", { hasText: account }).first().click();
    await press("补写新卡 New card");
    await tray.getByRole("textbox").fill(JSON.stringify(await issued()));
    await fits("writing-the-new-card");
    await press("写卡 Write");
    await tray.locator(".card", { hasText: "（补）" }).click();
    await press("上表 To meter");
    await station().locator(".said:not(.bad)", { hasText: "10" }).waitFor();
    await fits("gas-is-there");
    const credited = { remaining: boughtFen, valve: "open", totalCredited: before.totalCredited + boughtFen };
    expect(await meter(form.serial)).toMatchObject({ ...credited, count: before.count + 1 });

    // What was left in the old meter comes at the next reader, for nothing; then the new one has all of it.
    const fresh = `${card}-2`;
    hand.blink();
    await world.sandbox.insert(fresh);
    await hand.sees("success");
    await world.sandbox.remove(fresh);
    await world.sandbox.load(form.serial, fresh);
    await settled(world);
    expect(await meter(form.serial)).toMatchObject({ remaining: boughtFen + before.remaining });
    const undo = world.sandbox.call("DELETE", `/meters/${oldMeter}/replacement`, {});
    await expect(undo).rejects.toThrow("newMeterInUse");
  });

  async function inBooks(): Promise<CardInBooks> {
    const { content } = await world.sandbox.call<{ content: { cardNumber: string } }>("GET", `/cards/${customer.card}`);
    const path = `/cards?cardNumber=${content.cardNumber}`;
    const { items } = await officeOf(world)<{ items: CardInBooks[] }>("GET", path);
    const [found] = items;
    if (found === undefined) throw new Error(`no card ${content.cardNumber} in the books`);
    return found;
  }

  /** What the page said of the old meter, with what the books say of its card. */
  async function decidedByTwo(form: object): Promise<void> {
    const { meterId, scriptSeq: cardSeq } = await inBooks();
    const doc = { ...form, cardSeq, oldCard: "handedIn" };
    const proposal = await officeOf(world, "cashier")("POST", `/meters/${meterId}/replacement`, {
      doc,
      evidence: "现场抄表",
    });
    const decided = officeOf(world, "supervisor")("POST", `/decisions/${proposal.id}/confirm`, {});
    expect(await decided).toMatchObject({ state: "done" });
  }

  const issued = async () => await officeOf(world)<object>("GET", `/cards/${(await inBooks()).id}/image`);
});

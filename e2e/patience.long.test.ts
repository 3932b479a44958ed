/**
 * What time does to a sale: 还需要时间吗 ten seconds before a screen would end by itself, and money that goes back when
 * nobody has come to have it written. The city is set to wait a short while only.
 */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { crashAt } from "./agentDeaths.ts";
import { type AuditedKiosk, audited } from "./audit.ts";
import { booksBalance, lastPurchase, purchasesOf } from "./books.ts";
import { launchChromium } from "./chromium.ts";
import { type KioskScreen, openKiosk, openPhone, toAccount } from "./kiosk.ts";
import { reaches } from "./oracle.ts";
import { clear, type Stand, takeCard, toConfirm, toPay } from "./stand.ts";
import { startWorld, type World } from "./world.ts";

const pictured = "031140086";
const returned = "031140103";
/** The refund follows a minute later; what asks for it again looks after ten and twenty seconds. */
const refundWithinMs = 120_000;

let world: World;
let browser: Browser;
let kiosk: AuditedKiosk;
let other: AuditedKiosk;
let stand: Stand;
let there: Stand;
beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld({ finishMinutes: 1, idleSeconds: 15 }), launchChromium()]);
  kiosk = audited(await openKiosk(browser, world.url), "patience");
  other = audited(await openKiosk(browser, world.url, "kiosk-2"), "refund");
  stand = { world, kiosk, at: "kiosk-1" };
  there = { world, kiosk: other, at: "kiosk-2" };
  await payAndLeave();
});
afterEach(() => clear(stand));
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** The money is in; the terminal dies, and the customer takes the card home before it is back. */
async function payAndLeave(): Promise<void> {
  await toPay(there, "replacement", "10");
  crashAt(world, "kiosk-2", "afterPaid");
  await world.sandbox.present("wechat", "kiosk-2");
  await reaches(world, returned, "paid");
  await world.sandbox.remove("replacement");
  await world.sandbox.faults({ faults: [{ name: "refundProcessing" }] });
}

const asks = (): Promise<void> => kiosk.sees("还需要时间吗？", 30_000);
const goesAway = (screen: KioskScreen): Promise<void> =>
  screen.page.locator(".cover").waitFor({ state: "detached", timeout: 20_000 });

describe("还需要时间吗", () => {
  it("whoever still needs time goes on where they were", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("qinhuai"));
    await kiosk.sees("确认用户信息");
    await kiosk.key("12");
    await asks();
    await kiosk.sees(/^([1-9]|10) 秒后自动结束。$/);
    // Said as well as shown; what lies under it can be reached by no finger and no key.
    expect(kiosk.told.join()).toContain('"prompt":"moreTime"');
    expect(await kiosk.page.locator(".content").getAttribute("inert")).not.toBeNull();
    await kiosk.page.keyboard.press("9");
    await kiosk.tap("还需要");
    await goesAway(kiosk);
    expect(await kiosk.page.locator("#entry").textContent()).toBe("12");
    await kiosk.key("0");
    await kiosk.tap("确定");
    await kiosk.sees("应付款：119.70元");
  });

  it("who is done is led to their card at once", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("qinhuai"));
    await kiosk.sees("确认用户信息");
    await asks();
    await kiosk.tap("不需要了");
    await kiosk.sees("请取走您的燃气卡");
    await world.sandbox.remove("qinhuai");
    await kiosk.sees("IC卡购气");
  });

  it("without an answer it ends: nothing confirmed, nothing charged, the card is called for", async () => {
    await toConfirm(stand, "qinhuai", "20");
    await asks();
    await kiosk.sees("请取走您的燃气卡", 30_000);
    expect(await kiosk.page.locator("body").textContent()).not.toContain(pictured);
    await takeCard(stand, "qinhuai");
    expect((await purchasesOf(world, pictured)).flatMap(({ attempts }) => attempts)).toEqual([]);
  });

  it("also asks before the notices close, and ends at home", async () => {
    await kiosk.tap("操作注意事项");
    await asks();
    await kiosk.sees("IC卡购气", 30_000);
  });
});

describe("money that was not written", () => {
  it("is on its way back, then back: told at the next insertion and behind the receipt's link", async () => {
    await reaches(world, returned, "refunding", refundWithinMs);
    const phone = await openPhone(browser, await linkOf(returned));
    await phone.sees("正在退款。");
    await phone.sees("10.00元 会按原路退回。");
    await toAccount(other, () => world.sandbox.insert("replacement", "kiosk-2"));
    await other.sees(/没有写上卡，￥10\.00正在退回您的付款账户。/);
    await takeCard(there, "replacement");

    await reaches(world, returned, "refunded", refundWithinMs);
    // The page looks again by itself, without being loaded anew, and stops when it is over.
    await phone.sees("已退款。", 30_000);
    await phone.sees("10.00元 已按原路退回。");
    expect(await phone.page.locator("main[data-again]").count()).toBe(0);
    expect(phone.loads).toBe(1);
    expect(phone.findings).toEqual([]);

    await toAccount(other, () => world.sandbox.insert("replacement", "kiosk-2"));
    await other.sees(/没有写上卡，￥10\.00已退回您的付款账户。/);
    await takeCard(there, "replacement");
    await toAccount(other, () => world.sandbox.insert("replacement", "kiosk-2"));
    await other.sees("确认用户信息");
    await other.seesNot("已退回您的付款账户");
    await takeCard(there, "replacement");
    expect(await lastPurchase(world, returned)).toMatchObject({ status: "refunded", attempts: ["paid"] });
    expect((await world.sandbox.ledger("wechat")).netFen).toBe(0);
    await booksBalance(world);
  });

  it("every screen fits, fingers can hit it, and axe finds nothing", () => {
    expect([...kiosk.findings, ...other.findings]).toEqual([]);
    for (const screen of ["account-covered", "confirm-covered", "notes-covered", "takeCard"])
      expect(kiosk.looked).toContain(screen);
  });
});

async function linkOf(account: string): Promise<string> {
  const [row] = await world.query<{ token: string }>(
    `select p.state->>'token' as token from purchase p join account_registration a on a.id = p.account_id
     where a.number = $1 order by p.quoted_at desc limit 1`,
    [account],
  );
  return `${world.url}/r/${row?.token}`;
}

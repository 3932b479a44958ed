/**
 * Chapter 1 of the operating manual, step by step, beside the pictured sale: the words on every screen, what stands on
 * the paper, and what becomes of cards that come with a story.
 */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AuditedKiosk, audited } from "./audit.ts";
import { booksBalance, lastPurchase, meterOf, purchasesOf } from "./books.ts";
import { launchChromium } from "./chromium.ts";
import { openKiosk, portrait, toAccount } from "./kiosk.ts";
import { clear, type Stand, takeCard, toConfirm, toPay } from "./stand.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
let browser: Browser;
let kiosk: AuditedKiosk;
let stand: Stand;
/** A customer who takes a minute over the amount: it passes at the other kiosk beside all else. */
let lingering: Promise<unknown>;
beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld(), launchChromium()]);
  kiosk = audited(await openKiosk(browser, world.url), "kiosk");
  stand = { world, kiosk, at: "kiosk-1" };
  lingering = linger().catch((error: unknown) => error);
});

/** Asked at ten seconds, says that more time is needed, and goes on where they were. */
async function linger(): Promise<void> {
  const slow = audited(await openKiosk(browser, world.url, "kiosk-2"), "slow");
  await toAccount(slow, () => world.sandbox.insert("replacement", "kiosk-2"));
  await slow.sees("确认用户信息");
  await slow.key("12");
  await slow.sees("还需要时间吗？", 70_000);
  await slow.sees(/^([1-9]|10) 秒后自动结束。$/);
  // Said as well as shown; what lies under it can be reached by no finger and no key.
  expect(slow.told.join()).toContain('"prompt":"moreTime"');
  expect(await slow.page.locator(".content").getAttribute("inert")).not.toBeNull();
  await slow.tap("还需要");
  await slow.page.locator(".cover").waitFor({ state: "detached" });
  expect(await slow.page.locator("#entry").textContent()).toBe("12");
  await slow.key("0");
  await slow.tap("确定");
  await slow.sees("应付款：120.00元");
  expect(slow.findings).toEqual([]);
  expect(slow.looked).toContain("account-covered");
  await takeCard({ world, kiosk: slow, at: "kiosk-2" }, "replacement");
  await slow.close();
}
afterEach(() => clear(stand));
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

interface Printer {
  kiosk: string;
  receipts: { text: string; lines: { kind: string }[] }[];
}

/** The newest receipt of kiosk-1: its words, and whether a picture (its QR code) stands on it. */
async function paper(): Promise<{ text: string; picture: boolean }> {
  const { printers } = await world.sandbox.call<{ printers: Printer[] }>("GET", "/printer/paper");
  const receipt = printers.find((one) => one.kiosk === "kiosk-1")?.receipts.at(-1);
  // Long sentences are broken over lines.
  return {
    text: receipt?.text.replaceAll("\n", "") ?? "",
    picture: receipt?.lines.some(({ kind }) => kind === "image") ?? false,
  };
}

describe("before a sale", () => {
  it("home says who, whom to call and when; the notices are all there", async () => {
    for (const words of [
      "洪通燃气",
      "客服热线：0996-2959627",
      /^\d\d:\d\d:\d\d$/,
      /^\d{4}-\d\d-\d\d 星期[一二三四五六日]$/,
    ])
      await kiosk.sees(words);
    const clock = await kiosk.page.locator("time").getAttribute("datetime");
    expect(Math.abs(Date.parse(clock ?? "") - Date.now())).toBeLessThan(5_000);
    await kiosk.tap("操作注意事项");
    for (const words of [
      "把卡插入本机就能看到",
      "不能在微信上直接缴费",
      "保持卡片洁净",
      "核对用户信息",
      "不要关闭微信或支付宝",
      "写卡过程中不要拔卡",
      "不要忘记拔卡",
      "不要二次购气",
    ])
      await kiosk.sees(words);
    await kiosk.tap("返回");
    await kiosk.sees("IC卡购气");
  });

  it("the step bar and 返回 stand on the way", async () => {
    await kiosk.tap("IC卡购气");
    for (const words of [
      "欢迎使用",
      "请芯片朝下插入您的燃气卡",
      "开始读卡",
      "充值输入",
      "确认金额",
      "手机支付",
      "开始写卡",
    ])
      await kiosk.sees(words);
    expect(await kiosk.hasButton("确定")).toBe(true);
    await kiosk.tap("返回");
    await kiosk.sees("IC卡购气");
  });
});

it("a sale by volume, by Alipay, with a password: from the card to the meter", async () => {
  const account = "031120300";
  const card = "canteen";

  // the account, the most, the quick amounts and every line of the price
  await toAccount(kiosk, () => world.sandbox.insert(card));
  await kiosk.sees("正在读卡，请勿拔出IC卡...");
  await kiosk.sees("确认用户信息");
  await kiosk.sees(account);
  await kiosk.sees("请输入购气量：");
  await kiosk.sees("本次最大购气量：9999999方");
  for (const quick of ["50方", "100方", "150方", "200方", "250方"]) expect(await kiosk.hasButton(quick)).toBe(true);
  await kiosk.tap("100方");
  await kiosk.tap("确定");
  await kiosk.sees("确认购气信息");
  const row = kiosk.page.getByRole("row", { name: /气费/ });
  expect(await row.getByRole("cell").or(row.getByRole("rowheader")).allTextContents()).toEqual([
    "气费",
    "2.53",
    "100",
    "253",
  ]);
  await kiosk.sees("优惠及账户余额抵扣：0.00元");
  await kiosk.seesNot("由表计价");

  // goes back to the amount and keeps it; a reload shows the same view
  await kiosk.tap("返回");
  await kiosk.sees("确认用户信息");
  await kiosk.page.reload();
  await kiosk.sees("确认用户信息");
  expect(await kiosk.page.locator("#entry").textContent()).toBe("100");
  await kiosk.tap("确定");
  await kiosk.sees("确认购气信息");
  await kiosk.page.reload();
  await kiosk.sees("应付款：253.00元");
  await kiosk.tap("刷码支付");
  await kiosk.sees("此处是您的付款码");

  // asks for the password; a refusal is said, and a new code works
  await world.sandbox.present("alipay", "kiosk-1", "phone-2");
  await kiosk.sees("请在手机上输入支付密码");
  expect(await kiosk.hasButton("返回")).toBe(false);
  await kiosk.page.reload();
  await kiosk.sees("请在手机上输入支付密码");
  await world.sandbox.password(false, "phone-2");
  await kiosk.sees(/没有扣款/);
  await kiosk.sees(/请在\s*\d+\s*秒内刷码支付/);
  await world.sandbox.present("alipay", "kiosk-1", "phone-2");
  await kiosk.sees("请在手机上输入支付密码");
  await world.sandbox.password(true, "phone-2");
  await kiosk.sees("钱已付，正在写卡，请不要拔卡");
  expect(kiosk.told.join()).toContain('"prompt":"paidWriting"');
  await kiosk.sees("购气成功，请拔出IC卡。如需打印凭证，请点击打印收据");
  await kiosk.sees(/将在 \d+ 秒后关闭/);

  // prints what the customer needs
  await kiosk.tap("打印收据");
  await kiosk.sees("正在打印收据，请稍后...");
  await kiosk.sees("收据打印成功，请取走您的收据，并拔出IC卡片，欢迎下次继续使用");
  const { number, attempts } = await lastPurchase(world, account);
  expect(attempts.sort()).toEqual(["failed", "paid"]);
  const [charge] = (await world.sandbox.call<{ rows: { tradeNo: string }[] }>("GET", "/gateways/alipay/ledger")).rows;
  const receipt = await paper();
  for (const words of [
    "洪通燃气",
    "巴州营业部",
    "kiosk-1",
    number,
    account,
    "*****",
    "尾号 0001",
    "气费",
    "2.53",
    "100",
    "253.00",
    "应付款",
    "支付宝",
    charge?.tradeNo ?? "no charge",
    "购气次数",
    "0996-2959627",
    "芯片朝下插入燃气表",
    "听到蜂鸣声后再拔卡",
  ])
    expect(receipt.text).toContain(words);
  expect(receipt.picture).toBe(true);
  expect(receipt.text).not.toContain("洪通食堂LNG项目部");
  await kiosk.tap("确定");
  await takeCard(stand, card);

  // is complete when the meter has it, and then the card may buy again
  await toAccount(kiosk, () => world.sandbox.insert(card));
  await kiosk.sees(/卡中有气：100 方，购于\d{4}-\d\d-\d\d/);
  await takeCard(stand, card);
  const meter = await meterOf(world, account);
  const before = await world.sandbox.meter(meter);
  await world.sandbox.load(meter, card);
  expect((await world.sandbox.meter(meter)).count).toBe(before.count + 1);
  await toAccount(kiosk, () => world.sandbox.insert(card));
  await kiosk.sees("确认用户信息");
  await takeCard(stand, card);
  await booksBalance(world);
});

describe("what the account brings along", () => {
  it("nothing to pay skips the phone", async () => {
    await toConfirm(stand, "balance", "100");
    await kiosk.sees("优惠及账户余额抵扣：100.00元");
    await kiosk.tap("确定写卡");
    await kiosk.sees("正在写卡，请勿拔出IC卡...");
    await kiosk.sees("购气成功，请拔出IC卡");
    await kiosk.tap("打印收据");
    await kiosk.sees(/收据打印成功/);
    expect((await paper()).text).toContain("无需付款");
    await takeCard(stand, "balance");
    expect(await lastPurchase(world, "031140108")).toMatchObject({ status: "delivered", payableFen: 0, attempts: [] });
    expect(kiosk.told.join()).not.toContain("钱已付");
    await booksBalance(world);
  });

  it("a debt is a line of the bill, tiers and discounts are explained", async () => {
    await toConfirm(stand, "debt-rows", "50");
    await kiosk.sees("欠费");
    await kiosk.sees("应付款：76.50元");
    await takeCard(stand, "debt-rows");
    await toConfirm(stand, "low-income", "500");
    await kiosk.sees("气费 第1档");
    await kiosk.sees("气费 第2档");
    await takeCard(stand, "low-income");
    for (const account of ["031140109", "031120105"])
      expect((await purchasesOf(world, account)).map(({ status }) => status)).toEqual(["quoted"]);
  });

  it("gas on the card is shown and not sold over", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("gas-on-card"));
    await kiosk.sees(/卡中有气：100.00元，购于/);
    await kiosk.tap("确定");
    await kiosk.sees("请取走您的燃气卡");
    await takeCard(stand, "gas-on-card");
  });

  it.each([
    ["torn", "031120101", "20 方"],
    ["open-purchase", "031120102", "30 方"],
    ["later", "032120103", "50 方"],
  ])("a card with a paid purchase (%s) is finished at once, without paying", async (card, account, gas) => {
    await toAccount(kiosk, () => world.sandbox.insert(card));
    await kiosk.sees("正在完成您上次的购气");
    await kiosk.sees(gas);
    await kiosk.sees("购气成功，请拔出IC卡");
    await takeCard(stand, card);
    const purchases = await purchasesOf(world, account);
    expect(purchases.map(({ status }) => status)).toEqual(["delivered"]);
    const meter = await meterOf(world, account);
    const before = await world.sandbox.meter(meter);
    await world.sandbox.load(meter, card);
    expect((await world.sandbox.meter(meter)).count).toBe(before.count + 1);
  });
});

const screensOfASale = ["home", "notes", "insertCard", "account", "confirm", "pay", "payWaiting", "success", "printed"];

describe("for everyone", () => {
  it("in English, in large type, and in Chinese again for the next one", async () => {
    await kiosk.tap("English");
    await kiosk.sees("Buy gas with IC card");
    await kiosk.tap("Large");
    await kiosk.tap("Buy gas with IC card");
    await kiosk.sees("Insert your gas card, chip facing down");
    await world.sandbox.insert("heating");
    await kiosk.sees("Check your details");
    await kiosk.page.getByRole("button", { name: "250 m³" }).click();
    await kiosk.tap("OK");
    await kiosk.sees("Confirm the purchase");
    await kiosk.tap("Pay with phone");
    await kiosk.sees(/Scan within\s*\d+\s*seconds/);
    await kiosk.tap("Back");
    await kiosk.sees("The purchase is cancelled");
    await kiosk.tap("OK");
    await kiosk.sees("Please take your gas card");
    await world.sandbox.remove("heating");
    await kiosk.sees("IC卡购气");
    expect((await lastPurchase(world, "031120104")).status).toBe("void");
  });

  it("in large type, Chinese, through a sale", async () => {
    await kiosk.tap("IC卡购气");
    await kiosk.tap("大字");
    await kiosk.sees("请芯片朝下插入您的燃气卡");
    await world.sandbox.insert("ic-controller");
    await kiosk.sees("确认用户信息");
    await kiosk.tap("50方");
    await kiosk.tap("确定");
    await kiosk.sees("确认购气信息");
    await kiosk.tap("刷码支付");
    await kiosk.sees("此处是您的付款码");
    await world.sandbox.scan("wxp://f2f0collect");
    await kiosk.sees("扫到的是收款码");
    await world.sandbox.present("wechat");
    await kiosk.sees("购气成功，请拔出IC卡");
    await kiosk.tap("打印收据");
    await kiosk.sees(/收据打印成功/);
    await takeCard(stand, "ic-controller");
    await booksBalance(world);
  });

  it("whoever takes long is asked 还需要时间吗 ten seconds before the end, and goes on", async () => {
    expect(await lingering).toBeUndefined();
  }, 90_000);

  it("the whole sale stands upright on a tall screen", async () => {
    const tall = audited(await openKiosk(browser, world.url, "kiosk-2", portrait), "tall");
    const there: Stand = { world, kiosk: tall, at: "kiosk-2" };
    await tall.sees("IC卡购气");
    await tall.tap("操作注意事项");
    await tall.sees("写卡过程中不要拔卡");
    await tall.tap("返回");
    await toPay(there, "replacement", "20");
    await world.sandbox.scan("https://qr.alipay.com/fkx0123", "kiosk-2");
    await tall.sees("扫到的是收款码");
    await world.sandbox.present("wechat", "kiosk-2", "phone-2");
    await tall.sees("请在手机上输入支付密码");
    await world.sandbox.password(true, "phone-2");
    await tall.sees("购气成功，请拔出IC卡");
    await tall.tap("打印收据");
    await tall.sees(/收据打印成功/);
    await takeCard(there, "replacement");
    expect(tall.findings).toEqual([]);
    for (const screen of screensOfASale) expect(tall.looked).toContain(screen);
    await tall.close();
  });
});

describe("all along", () => {
  it("no name, no address in full and no payment code ever came to the screen", async () => {
    const people = await world.query<{ name: string }>("select distinct name from holder");
    expect(people.length).toBeGreaterThan(10);
    const told = kiosk.told.join("\n");
    expect(told).toContain("031120300");
    for (const { name } of people) expect(told, name).not.toContain(name);
    for (const address of ["样例小区1号楼", "样例小区2号楼", "1单元101室", "秦淮人家6号楼"])
      expect(told).not.toContain(address);
    expect(told).not.toMatch(/\b(1[0-5]\d{16}|2[5-9]\d{14,22})\b/);
  });

  it("every screen fits, fingers can hit it, and axe finds nothing", async () => {
    expect(kiosk.findings).toEqual([]);
    for (const screen of screensOfASale) expect(kiosk.looked).toContain(screen);
  });
});

/** What people and machines do wrong: each has a screen that says it clearly, and books that are right afterwards. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AuditedKiosk, audited } from "./audit.ts";
import { booksBalance, cardOf, lastPurchase, meterOf, purchasesOf } from "./books.ts";
import { launchChromium } from "./chromium.ts";
import { openKiosk, toAccount } from "./kiosk.ts";
import { clear, type Stand, takeCard, toConfirm, toPay } from "./stand.ts";
import { startWorld, until, type World } from "./world.ts";

const pictured = "031140086";
const canteen = "031120300";

let world: World;
let browser: Browser;
let kiosk: AuditedKiosk;
let stand: Stand;
/**
 * What takes its minute passes at the other kiosk beside all else: one whose payment never reached the gateway has gone
 * away with the card, and the next one opens the payment page and shows no code.
 */
let other: AuditedKiosk;
let timedOut: Promise<unknown>;

beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld(), launchChromium()]);
  kiosk = audited(await openKiosk(browser, world.url), "odd");
  stand = { world, kiosk, at: "kiosk-1" };
  other = audited(await openKiosk(browser, world.url, "kiosk-2"), "other");
  await payIntoTheVoid({ world, kiosk: other, at: "kiosk-2" });
  await openPaymentPage();
  timedOut = runOutOfTime().catch((error: unknown) => error);
});

async function payIntoTheVoid(there: Stand): Promise<void> {
  await world.sandbox.faults({ faults: [{ name: "gatewayDown", times: "always" }] });
  await toPay(there, "replacement", "10");
  await world.sandbox.present("alipay", "kiosk-2");
  await other.sees("正在等待付款结果");
  await world.sandbox.remove("replacement");
  await other.sees("正在核实付款，请勿重复付款");
  await other.sees("扫码查看结果");
  await other.sees("也可以离开");
  await world.sandbox.faults({ faults: [] });
}

/** The kiosk is free for the next card while the centre goes on checking. */
async function openPaymentPage(): Promise<void> {
  await world.sandbox.insert("heating", "kiosk-2");
  await other.sees("确认用户信息");
  await other.key("10");
  await other.tap("确定");
  await other.sees("确认购气信息");
  await other.tap("刷码支付");
  await other.sees(/请在\s*\d+\s*秒内刷码支付/);
}

async function runOutOfTime(): Promise<void> {
  await other.sees("支付操作已超时，请取走您的IC卡片", 90_000);
  await other.sees("本次购气已取消，没有扣款。");
  await other.tap("确定");
  await other.sees("请取走您的燃气卡");
  await world.sandbox.remove("heating");
  await other.sees("IC卡购气");
}

afterEach(async () => {
  await world.sandbox.faults({ faults: [] });
  await clear(stand);
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

const charges = async (): Promise<number> => {
  const ledgers = await Promise.all([world.sandbox.ledger("wechat"), world.sandbox.ledger("alipay")]);
  return ledgers.reduce((sum, { rows }) => sum + rows.filter(({ kind }) => kind === "charge").length, 0);
};
const becomes = (account: string, status: string, withinMs = 30_000): Promise<void> =>
  until(
    async () => (await lastPurchase(world, account)).status === status,
    withinMs,
    () => `the purchase of ${account} did not become ${status}`,
  );

describe("cards that can't buy", () => {
  it.each([
    ["blank", "还没有开户"],
    ["tool", "工作人员用的工具卡"],
    ["foreign", "这不是本公司的燃气卡"],
    ["worn", "读不出这张卡"],
    ["unknown", "系统里查不到这张卡"],
    ["lost", "这张卡已经挂失"],
    ["replaced", "这张卡已经补换，旧卡不能再用"],
    ["blocked", "这张卡已停用"],
    ["secret-counter", "这张卡的密码只剩 2 次验证机会，为了不锁死卡，暂不写卡。"],
    ["bad-checksum", "卡里的数据不完整"],
    ["count-mismatch", "卡上的购气次数和系统记录不一致"],
    ["opening", "还没有上过表"],
    ["debt-block", "您的账户有欠费"],
    ["safety-check", "您家的安全检查已到期"],
    ["manual", "上一笔购气正在由工作人员核实"],
  ])("%s: %s", async (card, words) => {
    const before = await world.sandbox.image(card);
    await toAccount(kiosk, () => world.sandbox.insert(card));
    await kiosk.sees("本次不能购气");
    await kiosk.sees(words);
    await kiosk.sees(/没有扣款|已为您保留/);
    await kiosk.sees(/客服代码 [A-Z]\d\d/);
    expect(await world.sandbox.image(card)).toBe(before);
    await takeCard(stand, card);
  });

  it("the wrong way up, or without a chip that answers: turn it over", async () => {
    const card = await cardOf(world, pictured);
    await kiosk.tap("IC卡购气");
    await world.sandbox.insert(card, "kiosk-1", true);
    await kiosk.sees("没有读到芯片");
    await kiosk.sees("金色芯片朝下，再插一次");
    await world.sandbox.remove(card);
    await kiosk.sees("请芯片朝下插入您的燃气卡");
    await world.sandbox.insert("mute");
    await kiosk.sees("没有读到芯片");
    await world.sandbox.remove("mute");
    await kiosk.sees("请芯片朝下插入您的燃气卡");
    await world.sandbox.insert(card);
    await kiosk.sees("确认用户信息");
  });

  it("left no purchase behind", async () => {
    for (const account of ["031140102", "031140104", "031140105", "031140106", "031140114"])
      expect(await purchasesOf(world, account)).toEqual([]);
    await booksBalance(world);
  });
});

describe("amounts that can't be bought", () => {
  it("zero and over the limit, by amount", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("qinhuai"));
    await kiosk.sees("确认用户信息");
    await kiosk.tap("确定");
    await kiosk.sees("还没有输入数量。");
    await kiosk.key("1500.01");
    await kiosk.tap("确定");
    await kiosk.sees("超过了本次最多可购的 1500元。");
    await kiosk.tap("清空");
    await kiosk.key("1500");
    await kiosk.tap("确定");
    await kiosk.sees("应付款：1499.70元");
  });

  it("more than the meter holds", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("ceiling"));
    await kiosk.sees("本次最大购气金额：50元");
    await kiosk.key("60");
    await kiosk.tap("确定");
    await kiosk.sees("燃气表最多还能装 50元");
  });

  it("parts of a cubic metre: the keypad has no point, and a keyboard's is not heard", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("canteen"));
    await kiosk.sees("请输入购气量：");
    expect(await kiosk.hasButton("小数点")).toBe(false);
    await kiosk.page.keyboard.type("1.5");
    // A button pressed while keys are still on their way is impatience and does nothing.
    await kiosk.page.locator("output#entry", { hasText: /^15$/ }).waitFor();
    await kiosk.tap("确定");
    await kiosk.sees("确认购气信息");
    expect((await lastPurchase(world, canteen)).payableFen).toBe(15 * 253);
  });
});

describe("the card pulled", () => {
  it("at the account and at the confirmation: nothing was begun", async () => {
    const before = (await purchasesOf(world, pictured)).length;
    await toAccount(kiosk, () => world.sandbox.insert("qinhuai"));
    await kiosk.sees("确认用户信息");
    await world.sandbox.remove("qinhuai");
    await kiosk.sees("卡被拔出了");
    await kiosk.sees("本次购气已停止，没有扣款。");
    expect(await kiosk.page.locator("body").textContent()).not.toContain(pictured);
    await clear(stand);
    await toConfirm(stand, "qinhuai", "20");
    await world.sandbox.remove("qinhuai");
    await kiosk.sees("本次购气已停止，没有扣款。");
    const after = await purchasesOf(world, pictured);
    expect(after.length).toBe(before + 1);
    expect(after.at(-1)).toMatchObject({ attempts: [] });
  });

  it("at the payment page: cancelled, and a code shown now buys nothing", async () => {
    const chargedBefore = await charges();
    await toPay(stand, "qinhuai", "20");
    await world.sandbox.remove("qinhuai");
    await kiosk.sees("本次购气已取消");
    await kiosk.sees("没有扣款。");
    await world.sandbox.present("wechat");
    await becomes(pictured, "void");
    expect((await lastPurchase(world, pictured)).attempts).toEqual([]);
    expect(await charges()).toBe(chargedBefore);
  });

  it("while the wallet asks for the password: reversed, and said so only then", async () => {
    await toPay(stand, "qinhuai", "20");
    await world.sandbox.present("wechat", "kiosk-1", "phone-2");
    await kiosk.sees("请在手机上输入支付密码");
    await world.sandbox.remove("qinhuai");
    await kiosk.sees(/正在核实付款，请勿重复付款|本次购气已取消/);
    await kiosk.sees("本次购气已取消", 40_000);
    expect(await lastPurchase(world, pictured)).toMatchObject({ status: "void", attempts: ["reversed"] });
    await booksBalance(world);
  });

  it("in the middle of the write: said first, and finished when it is back", async () => {
    const account = "031140107";
    await toPay(stand, "ceiling", "20");
    await world.sandbox.tear("ceiling", 3);
    await world.sandbox.present("wechat");
    await kiosk.sees("写卡失败");
    await kiosk.sees("请勿二次购气");
    await kiosk.sees("写卡时卡被拔出了。");
    await kiosk.sees(/钱没有丢，已为您保留 20\.00元/);
    await kiosk.sees("扫码查看这笔购气");
    expect((await lastPurchase(world, account)).status).not.toBe("delivered");
    await world.sandbox.insert("ceiling");
    await kiosk.sees("正在完成您上次的购气");
    await kiosk.sees("购气成功，请拔出IC卡");
    expect(await lastPurchase(world, account)).toMatchObject({ status: "delivered", attempts: ["paid"] });
    await booksBalance(world);
  });
});

describe("codes and wallets", () => {
  it("what is no payment code is named, with the taps to the right one; then the right one works", async () => {
    const chargedBefore = await charges();
    await toPay(stand, "canteen", "2");
    for (const [code, words] of [
      ["wxp://f2f0xyz", "点“收付款”"],
      ["https://qr.alipay.com/fkx0xyz", "扫到的是收款码，不是付款码。没有扣款。"],
      ["6225880123456789012", "本机暂不支持云闪付"],
      ["3112030001", "扫到的不是付款码"],
      ["<script>alert(1)</script>", "扫到的不是付款码"],
    ] as const) {
      await world.sandbox.scan(code);
      await kiosk.sees(words);
    }
    expect((await lastPurchase(world, canteen)).attempts).toEqual([]);
    await world.sandbox.present("alipay");
    await kiosk.sees("购气成功，请拔出IC卡");
    expect(await charges()).toBe(chargedBefore + 1);
  });

  it("a wallet without balance is said; another one pays", async () => {
    await toPay(stand, "qinhuai", "20");
    await world.sandbox.present("alipay", "kiosk-1", "phone-3");
    await kiosk.sees("余额不够，没有扣款。");
    await kiosk.sees(/请在\s*\d+\s*秒内刷码支付/);
    await world.sandbox.present("wechat");
    await kiosk.sees("购气成功，请拔出IC卡");
    const { status, attempts } = await lastPurchase(world, pictured);
    expect([status, ...attempts.sort()]).toEqual(["delivered", "failed", "paid"]);
    await booksBalance(world);
  });

  it("a second code while one is in flight is never a second payment", async () => {
    const account = "031120106";
    const chargedBefore = await charges();
    await toPay(stand, "ic-controller", "5");
    await world.sandbox.present("wechat", "kiosk-1", "phone-2");
    await kiosk.sees("请在手机上输入支付密码");
    await world.sandbox.present("alipay");
    await world.sandbox.present("wechat");
    await world.sandbox.password(true, "phone-2");
    await kiosk.sees("购气成功，请拔出IC卡");
    await world.sandbox.present("alipay");
    expect(await lastPurchase(world, account)).toMatchObject({ status: "delivered", attempts: ["paid"] });
    expect(await charges()).toBe(chargedBefore + 1);
  });
});

describe("the gateway does not answer", () => {
  it("charged, and the answer lost: asked again, never paid twice", async () => {
    const account = "031140109";
    const chargedBefore = await charges();
    await world.sandbox.faults({ faults: [{ name: "dropReply" }] });
    await toPay(stand, "debt-rows", "10");
    await world.sandbox.present("wechat");
    await kiosk.sees("购气成功，请拔出IC卡", 40_000);
    expect(await lastPurchase(world, account)).toMatchObject({ status: "delivered", attempts: ["paid"] });
    expect(await charges()).toBe(chargedBefore + 1);
    await booksBalance(world);
  });
});

describe("the kiosk's own trouble", () => {
  it("a printer without paper: the sale works, no receipt is promised, and home says so", async () => {
    await world.sandbox.paper("out");
    await toConfirm(stand, "balance", "10");
    await kiosk.tap("确定写卡");
    await kiosk.sees("购气成功，请拔出IC卡");
    await kiosk.sees("暂时不能打印收据");
    expect(await kiosk.hasButton("打印收据")).toBe(false);
    await takeCard(stand, "balance");
    await kiosk.sees("收据纸已用完，可以购气，不能打印收据");
    await world.sandbox.paper("full");
    await world.sandbox.load(await meterOf(world, "031140108"), "balance");
  });

  it("paper that sticks, or ends, in the middle of a receipt: what is missing is a scan away, the gas is not touched", async () => {
    for (const { trouble, words, home } of [
      {
        trouble: () => world.sandbox.faults({ faults: [{ name: "printerJam" }] }),
        words: "打印机卡纸了。",
        home: "收据打印机卡纸，可以购气，不能打印收据",
      },
      {
        trouble: () => world.sandbox.paper("low", "kiosk-1", 4),
        words: "打印机没有纸了。",
        home: "收据纸已用完，可以购气，不能打印收据",
      },
    ]) {
      await toConfirm(stand, "balance", "10");
      await kiosk.tap("确定写卡");
      await kiosk.sees("购气成功，请拔出IC卡");
      await trouble();
      await kiosk.tap("打印收据");
      await kiosk.sees(words, 40_000);
      await kiosk.sees("收据没有打印出来");
      await kiosk.sees("购气不受影响：气已写到卡上。");
      await kiosk.sees("扫码看电子收据");
      await takeCard(stand, "balance");
      await kiosk.sees(home);
      await world.sandbox.load(await meterOf(world, "031140108"), "balance");
      await world.sandbox.paper("full");
    }
    // With paper in it, and nothing stuck, the next one prints.
    await toConfirm(stand, "balance", "10");
    await kiosk.tap("确定写卡");
    await kiosk.sees("购气成功，请拔出IC卡");
    await kiosk.tap("打印收据");
    await kiosk.sees(/收据打印成功/);
    await takeCard(stand, "balance");
    await world.sandbox.load(await meterOf(world, "031140108"), "balance");
  });

  it("a printer that stops answering: the purchase is fine, the receipt is a scan away", async () => {
    await toConfirm(stand, "balance", "10");
    await kiosk.tap("确定写卡");
    await kiosk.sees("购气成功，请拔出IC卡");
    await world.sandbox.faults({ faults: [{ name: "printerSilent", times: "always" }] });
    await kiosk.tap("打印收据");
    await kiosk.sees("收据没有打印出来", 40_000);
    await kiosk.sees("购气不受影响：气已写到卡上。");
    await kiosk.sees("扫码看电子收据");
  });

  it("the centre away: out of service, nothing can be begun; back by itself", async () => {
    // Stopped first, so that the city can't bring it back before anybody has noticed.
    const { server } = world.pids();
    if (server === undefined) throw new Error("there is no server");
    process.kill(server, "SIGSTOP");
    await kiosk.sees("暂停服务", 40_000);
    await kiosk.sees("暂时连不上服务中心。");
    world.kill("server");
    await kiosk.sees("IC卡购气", 60_000);
  });
});

describe("all along", () => {
  it("who shows no code for a minute: time is over, cancelled, nothing charged", async () => {
    expect(await timedOut).toBeUndefined();
    expect(await lastPurchase(world, "031120104")).toMatchObject({ status: "void", attempts: [] });
  });

  it("a payment that never reached its gateway is cancelled once that is certain, and the next insertion tells", async () => {
    await becomes("031140103", "void", 120_000);
    expect((await lastPurchase(world, "031140103")).attempts).toEqual(["reversed"]);
    await toAccount(other, () => world.sandbox.insert("replacement", "kiosk-2"));
    await other.sees("已取消，没有扣款。");
    await takeCard({ world, kiosk: other, at: "kiosk-2" }, "replacement");
    await booksBalance(world);
  });

  it("every screen fits, fingers can hit it, and axe finds nothing", () => {
    expect([...kiosk.findings, ...other.findings]).toEqual([]);
    expect(other.looked).toContain("unknownPayment");
    expect(other.looked).toContain("payTimeout");
    for (const screen of [
      "refused",
      "wrongWay",
      "cardPulled",
      "cancelled",
      "writeFailed",
      "printFailed",
      "outOfService",
    ])
      expect(kiosk.looked).toContain(screen);
  });
});

/**
 * What goes wrong, on a tall screen (1080×1920): each trouble of cards, amounts, network, gateway and printer stands
 * upright, fits, can be hit by fingers, and axe finds nothing on it.
 */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AuditedKiosk, audited } from "./audit.ts";
import { booksBalance, cardOf, lastPurchase } from "./books.ts";
import { launchChromium } from "./chromium.ts";
import { openKiosk, portrait, toAccount } from "./kiosk.ts";
import { clear, type Stand, takeCard, toConfirm, toPay } from "./stand.ts";
import { startWorld, type World } from "./world.ts";

const pictured = "031140086";
const unpaid = "031140103";

let world: World;
let browser: Browser;
let kiosk: AuditedKiosk;
let stand: Stand;
let other: AuditedKiosk;
let there: Stand;
beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld(), launchChromium()]);
  kiosk = audited(await openKiosk(browser, world.url, "kiosk-1", portrait), "upright");
  stand = { world, kiosk, at: "kiosk-1" };
  other = audited(await openKiosk(browser, world.url, "kiosk-2", portrait), "upright-other");
  there = { world, kiosk: other, at: "kiosk-2" };
});
afterEach(async () => {
  await world.sandbox.faults({ faults: [] });
  await clear(stand);
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

describe("upright", () => {
  it("a card the wrong way up", async () => {
    await kiosk.tap("IC卡购气");
    await world.sandbox.insert(await cardOf(world, pictured), "kiosk-1", true);
    await kiosk.sees("没有读到芯片");
    await kiosk.sees("金色芯片朝下，再插一次");
  });

  it("a card that can't be read", async () => {
    await kiosk.tap("IC卡购气");
    await world.sandbox.insert("worn");
    await kiosk.sees("读不出这张卡。");
    await kiosk.sees(/客服代码 K05/);
  });

  it("an amount over the limit", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("qinhuai"));
    await kiosk.sees("确认用户信息");
    await kiosk.key("1500.01");
    await kiosk.tap("确定");
    await kiosk.sees("超过了本次最多可购的 1500元。");
    // The message stands on the screen that is already known by its name.
    expect(await kiosk.axe()).toEqual([]);
    await shot("upright-account-over-limit");
  });

  it("paper that sticks in the middle of a receipt", async () => {
    await toConfirm(stand, "balance", "10");
    await kiosk.tap("确定写卡");
    await kiosk.sees("购气成功，请拔出IC卡");
    await world.sandbox.faults({ faults: [{ name: "printerJam" }] });
    await kiosk.tap("打印收据");
    await kiosk.sees("打印机卡纸了。", 40_000);
    await takeCard(stand, "balance");
    await kiosk.sees("收据打印机卡纸，可以购气，不能打印收据");
    await shot("upright-home-jammed");
    await world.sandbox.paper("full");
  });

  it("the gateway away: the wait says so, then the payment is unknown, with the card in or taken", {
    timeout: 200_000,
  }, async () => {
    await world.sandbox.faults({ faults: [{ name: "gatewayDown", times: "always" }] });
    await toPay(there, "replacement", "10");
    await world.sandbox.present("alipay", "kiosk-2");
    await other.sees("正在等待付款结果");
    await other.sees("比平时久一点，仍在等待。不会重复扣款，请不要再付一次。", 40_000);
    await shot("upright-waiting-long", other);
    await other.sees("正在核实付款，请勿重复付款", 100_000);
    await other.sees("也可以取卡离开");
    await world.sandbox.remove("replacement");
    await other.sees(/^也可以离开/);
    await other.sees("扫码查看结果");
    expect((await lastPurchase(world, unpaid)).attempts).not.toContain("paid");
    await world.sandbox.faults({ faults: [] });
  });

  it("the centre away, in the middle of an entry and at home", async () => {
    await toAccount(kiosk, () => world.sandbox.insert("qinhuai"));
    await kiosk.sees("确认用户信息");
    await kiosk.key("20");
    const { server } = world.pids();
    if (server === undefined) throw new Error("there is no server");
    process.kill(server, "SIGSTOP");
    await kiosk.tap("确定");
    await kiosk.sees(/客服代码 T09/, 40_000);
    await shot("upright-account-no-centre");
    expect(await kiosk.axe()).toEqual([]);
    await world.sandbox.remove("qinhuai");
    await kiosk.sees("卡被拔出了");
    await kiosk.tap("确定");
    await kiosk.sees("暂停服务", 40_000);
    await kiosk.sees("暂时连不上服务中心。");
    world.kill("server");
    await kiosk.sees("IC卡购气", 60_000);
    await booksBalance(world);
  });

  it("fits, can be hit, and axe finds nothing", () => {
    expect([...kiosk.findings, ...other.findings]).toEqual([]);
    for (const screen of ["wrongWay", "refused", "printFailed", "cardPulled", "outOfService"])
      expect(kiosk.looked).toContain(screen);
    for (const screen of ["payWaiting", "unknownPayment"]) expect(other.looked).toContain(screen);
  });
});

/** For people to look at, where E2E_SHOTS asks for it. */
async function shot(name: string, of: AuditedKiosk = kiosk): Promise<void> {
  if (process.env.E2E_SHOTS !== undefined) await of.shot(`${process.env.E2E_SHOTS}/${name}.png`);
}

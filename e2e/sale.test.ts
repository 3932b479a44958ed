/**
 * One sale as the manual pictures it (chapter 1, steps 1–11): 1200 元 on a by-amount card, 应付款 1199.70; in a city that
 * is started as people start it, by `npm start`, and ended as a service manager ends it.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { booksBalance, cardOf, meterOf } from "./books.ts";
import { launchChromium } from "./chromium.ts";
import { type KioskScreen, openKiosk, toAccount } from "./kiosk.ts";
import { startWorld, until, type World } from "./world.ts";

describe("the pictured sale", () => {
  let world: World;
  let browser: Browser;
  let kiosk: KioskScreen;
  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld({ npm: true }), launchChromium()]);
    kiosk = await openKiosk(browser, world.url);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.stop();
  });

  it("goes from the menu to gas on the meter", async () => {
    const card = await cardOf(world, "031140086");
    await kiosk.sees("客服热线：0996-2959627");
    await toAccount(kiosk, () => world.sandbox.insert(card));

    await kiosk.sees("确认用户信息");
    await kiosk.sees("031140086");
    await kiosk.sees("本次最大购气金额：1500元");
    await kiosk.sees("请输入购气金额：");
    await kiosk.sees("是您账户里的钱，不是卡里的气");
    await kiosk.seesNot("秦淮人家6-3-501");
    expect(await kiosk.axe()).toEqual([]);
    await kiosk.key("1200");
    await kiosk.tap("确定");

    await kiosk.sees("购气信息确认无误后，点击刷码支付");
    await kiosk.sees("优惠及账户余额抵扣：0.30元");
    await kiosk.sees("1199.70");
    await kiosk.sees("由表计价");
    await kiosk.tap("刷码支付");

    await kiosk.sees(/请在\s*\d+\s*秒内刷码支付/);
    await kiosk.sees("注意：请打开手机支付应用，将付款码置于扫描枪下，过程中请不要拔卡");
    await kiosk.sees("此处是您的付款码");
    await world.sandbox.present("wechat");

    await kiosk.sees("购气成功，请拔出IC卡。如需打印凭证，请点击打印收据", 30_000);
    await kiosk.tap("打印收据");
    await kiosk.sees("收据打印成功，请取走您的收据，并拔出IC卡片，欢迎下次继续使用", 30_000);
    const paper = JSON.stringify(await world.sandbox.call("GET", "/printer/paper"));
    for (const words of ["031140086", "1199.70", "1200", "0996-2959627"]) expect(paper).toContain(words);

    await world.sandbox.remove(card);
    await kiosk.sees("IC卡购气", 60_000);

    const meter = await meterOf(world, "031140086");
    const before = await world.sandbox.meter(meter);
    await world.sandbox.load(meter, card);
    expect((await world.sandbox.meter(meter)).count).toBe(before.count + 1);

    const [purchase] = await world.query<{ status: string; payable: number }>(
      "select p.status, (p.state->'breakdown'->>'payableFen')::int as payable from purchase p join account_registration a on a.id = p.account_id where a.number = '031140086' order by p.id desc limit 1",
    );
    expect(purchase).toEqual({ status: "delivered", payable: 119_970 });
    expect((await world.sandbox.ledger("wechat")).netFen).toBe(119_970);
    await booksBalance(world);
  });

  it("then shows that the card may buy again, and what is on a card that has not been in its meter", async () => {
    const card = await cardOf(world, "031140086");
    await toAccount(kiosk, () => world.sandbox.insert(card));
    await kiosk.sees("确认用户信息");
    await world.sandbox.remove(card);
    await kiosk.sees("IC卡购气", 60_000);
  });

  it("ends with all it started when npm is told to", async () => {
    expect(world.processes().length).toBeGreaterThan(Object.keys(world.pids()).length);
    world.starter().kill("SIGTERM");
    await until(
      async () => world.processes().length === 0,
      30_000,
      () => `still there: ${world.processes()}`,
    );
  });
});

import { refusalCodes } from "@citygas/api";
import { kioskTexts, languages, refusalKeys } from "@citygas/texts";
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { describe, expect, it } from "vitest";
import { fixtures } from "./fixtures.ts";
import { Frame } from "./frame.tsx";
import { firstSettings, type Settings } from "./kiosk.ts";

function html(name: string, settings: Partial<Settings> = {}): string {
  const fixture = fixtures.find((one) => one.name === name);
  if (fixture === undefined) throw new Error(`no fixture ${name}`);
  return renderToString(
    h(Frame, {
      view: fixture.view,
      disconnected: false,
      nowMs: fixture.view.now,
      settings: { ...firstSettings, ...settings },
      slow: false,
      act: () => undefined,
      change: () => undefined,
    }),
  );
}

/** What a reader sees, without tags. */
function words(name: string, settings: Partial<Settings> = {}): string {
  return html(name, settings)
    .replace(/<[^>]*>/g, "")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

describe("words of the operating manual stand on their screens", () => {
  it.each([
    ["home", "IC卡购气"],
    ["home", "操作注意事项"],
    ["insert-card", "欢迎使用"],
    ["insert-card", "请芯片朝下插入您的燃气卡"],
    ["insert-card", "确定"],
    ["insert-card", "返回"],
    ["reading", "正在读卡，请勿拔出IC卡..."],
    ["account-money", "确认用户信息"],
    ["account-money", "请输入购气量"],
    ["account-money", "本次最大购气金额：1500元"],
    ["account-money", "请输入购气金额："],
    ["account-money", "是您账户里的钱，不是卡里的气"],
    ["account-volume-error", "请输入购气量："],
    ["confirm-meter", "费用单价(元)气量(方)金额(元)气费001200合计1200"],
    ["confirm-meter", "优惠及账户余额抵扣：0.30元"],
    ["confirm-meter", "应付款：1199.70元"],
    ["confirm-meter", "由表计价"],
    ["confirm-meter", "购气信息确认无误后，点击刷码支付"],
    ["pay", "刷码支付"],
    ["pay", "请在 47 秒内刷码支付"],
    ["pay", "注意：请打开手机支付应用，将付款码置于扫描枪下，过程中请不要拔卡"],
    ["pay", "微信支付"],
    ["pay", "支付宝"],
    ["pay", "此处是您的付款码"],
    ["pay-timeout", "支付操作已超时，请取走您的IC卡片"],
    ["pay-timeout-unconfirmed", "正在核实付款，请勿重复付款"],
    ["writing", "钱已付，正在写卡，请不要拔卡"],
    ["writing", "正在写卡，请勿拔出IC卡..."],
    ["success", "购气成功，请拔出IC卡。如需打印凭证，请点击打印收据"],
    ["success-no-receipt", "购气成功，请拔出IC卡。"],
    ["success", "购气完成"],
    ["success", "打印收据"],
    ["success", "将在 28 秒后关闭"],
    ["printing", "正在打印收据，请稍后..."],
    ["printed", "收据打印成功，请取走您的收据，并拔出IC卡片，欢迎下次继续使用"],
    ["gas-on-card", "卡中有气：47.4 方，购于2026-11-20，请先将卡插入燃气表上表"],
    ["write-failed", "写卡失败"],
    ["write-failed", "请勿二次购气"],
    ["write-failed", "钱没有丢，已为您保留 47.4 方（订单 3K7-0192）。"],
    ["yielding", "正在核实手机上的付款"],
    ["yielding", "手机上请不要再付款。"],
    ["taking-back", "正在办理退款，请勿拔出IC卡..."],
    ["taking-back", "确认后退还 ￥1199.70。"],
    ["take-back-failed", "退款还没有办完"],
    ["take-back-failed", "请勿二次购气"],
    ["take-back-failed", "钱没有丢，这笔购气（订单 3K7-0192）仍为您保留。"],
    ["meter-first", "请先将卡插入燃气表"],
    ["refunding", "用余额抵扣的 ￥0.30退回您的账户余额。"],
    ["refunding", "再次购气前，请先将卡插入燃气表"],
    ["refunded", "￥1199.70已退回您的付款账户"],
    ["refunding", "￥1199.70正在退回您的付款账户"],
    ["account-more-time", "还需要时间吗？"],
    ["pay-collection-code", "点“收付款”"],
  ])("%s: %s", (name, text) => {
    expect(words(name)).toContain(text);
  });

  it("the step bar names all five, on every screen of a sale", () => {
    const bar = words("account-money");
    for (const step of ["开始读卡", "②充值输入", "③确认金额", "④手机支付", "⑤开始写卡"]) expect(bar).toContain(step);
  });

  it("the header says who, whom to call and when, in China's time", () => {
    for (const { name } of fixtures) {
      const text = words(name);
      for (const part of ["洪通燃气", "客服热线：0996-2959627", "14:30:05", "2026-11-23 星期一"])
        expect(text).toContain(part);
    }
  });
});

describe("every screen", () => {
  it.each(fixtures.map(({ name }) => name))("%s has one heading and speaks only English when asked", (name) => {
    const page = html(name, { language: "en" });
    expect(page.match(/<h1/g)?.length).toBe(name === "account-more-time" ? 2 : 1);
    const text = words(name, { language: "en" }).replace(/洪通燃气|新疆巴州洪通燃气|新用户优惠|室|中文/g, "");
    expect(text).not.toMatch(/[\u4e00-\u9fff]/);
    expect(text).not.toMatch(/[{}]|undefined|NaN|\[object/);
  });

  it("offers large type, voice and language unless the card is locked, and then nothing at all", () => {
    for (const { name, view } of fixtures) {
      const page = html(name);
      if (view.cardLocked) {
        expect(page, name).not.toContain("<button");
        expect(page, name).toContain(kioskTexts["zh-CN"].frame.locked);
      } else {
        for (const tool of ["大字", "语音", "English"]) expect(page, name).toContain(tool);
      }
    }
  });

  it("between the scan and the verified card there is no way back", () => {
    for (const name of ["pay-waiting", "pay-password", "writing", "resuming", "taking-back"])
      expect(words(name)).not.toContain("返回");
    for (const name of ["insert-card", "yielding", "account-money", "confirm-meter", "pay"])
      expect(words(name)).toContain("返回");
  });
});

it("a refund at the card is never said to be gas that is written", () => {
  for (const name of ["taking-back", "take-back-failed", "meter-first"])
    expect(words(name)).not.toMatch(/正在写卡|写卡失败|写好|卡中有气/);
});

it("nobody is told to touch a button that is not there", () => {
  expect(words("success-no-receipt")).not.toContain("点击打印收据");
});

it("money that is on its way is not said to be back", () => {
  expect(words("refunding")).not.toContain("已退回");
});

describe("screens that leave by themselves", () => {
  it("offer no button that does nothing", () => {
    for (const name of ["unknown-payment", "wrong-way", "take-card", "out-of-service"]) {
      expect(html(name), name).not.toContain("data-do");
    }
  });
});

describe("refusals", () => {
  it("have exactly one text each for the codes of the contract", () => {
    expect([...refusalKeys].sort()).toEqual([...refusalCodes].sort());
    expect(languages).toEqual(["zh-CN", "en"]);
  });

  it("name the number in the unit of the card", () => {
    expect(words("account-volume-error")).toContain("燃气表最多还能装 500方。");
    expect(words("refused")).toContain("您的账户有欠费 125.50元。");
    expect(words("refused")).toContain("客服代码 H01");
  });
});

import { expect, test } from "vitest";
import { FAULTS, type GatewayFault } from "./faultList.ts";
import type { Gateway } from "./names.ts";
import { AMOUNT_FEN, type Heard, useWire, wordOf } from "./wire.testkit.ts";
import { billWords, fenOf } from "./wireBills.testkit.ts";

/** Every switch, at every gateway it names, as a merchant meets it: the table below must hold them all to compile. */
const wire = useWire();
type Words = Readonly<Partial<Record<Gateway, string>>>;
const PAID: Words = { wechat: "SUCCESS", alipay: "TRADE_SUCCESS", acquirer: "SUCCESS" };
const OPEN: Words = { wechat: "USERPAYING", alipay: "WAIT_BUYER_PAY", acquirer: "PAYING" };
const ENDED: Words = { wechat: "CLOSED", alipay: "TRADE_CLOSED", acquirer: "CLOSED" };
const REVERSED: Words = { wechat: "REVOKED", alipay: "TRADE_CLOSED", acquirer: "REVERSED" };
const NOT_THERE: Words = { wechat: "ORDER_NOT_EXIST", alipay: "ACQ.TRADE_NOT_EXIST", acquirer: "NOT_FOUND" };
const SYSTEM: Words = { wechat: "SYSTEM_ERROR", alipay: "ACQ.SYSTEM_ERROR", acquirer: "SYSTEM" };
const REFUNDED: Words = { wechat: "SUCCESS", alipay: "REFUND_SUCCESS", acquirer: "SUCCESS" };
const CUT: Words = { wechat: "cut", alipay: "cut", acquirer: "cut" };

interface Try {
  order: string;
  word: string;
  heard: Heard;
}
async function pay(gateway: Gateway): Promise<Try> {
  const order = wire.order();
  const heard = await wire.pay(gateway, order, wire.code(gateway));
  return { order, heard, word: wordOf(gateway, heard) };
}
const state = async (gateway: Gateway, order: string): Promise<string> =>
  wordOf(gateway, await wire.query(gateway, order));

/** The pay call says `said`; a query afterwards says `then`; so much was taken. */
function paySays(said: Words, then: Words, netFen: number) {
  return async (gateway: Gateway): Promise<void> => {
    const { order, word } = await pay(gateway);
    // Alipay's reply of a payment names no state: it is its code that counts.
    expect(word).toBe(said[gateway] === "TRADE_SUCCESS" ? "10000" : said[gateway]);
    expect(await state(gateway, order)).toBe(then[gateway]);
    expect(wire.netFen(gateway, order)).toBe(netFen);
  };
}

/** A reply that must not be believed, though the call was carried out. */
function unbelievable(check: (heard: Heard) => void) {
  return async (gateway: Gateway): Promise<void> => {
    const { order, heard } = await pay(gateway);
    expect(heard.verified).toBe(false);
    check(heard);
    expect(wire.netFen(gateway, order)).toBe(AMOUNT_FEN);
    expect((await wire.query(gateway, order)).verified).toBe(true);
  };
}

/** A refund of a paid order says `said`, its query `then`; so much is gone back. */
function refundSays(said: Words, then: Words, refundedFen: number) {
  return async (gateway: Gateway): Promise<void> => {
    const order = await wire.paid(gateway);
    expect(wordOf(gateway, await wire.refund(gateway, order, `R-${order}`))).toBe(said[gateway]);
    expect(wordOf(gateway, await wire.queryRefund(gateway, order, `R-${order}`))).toBe(then[gateway]);
    expect(AMOUNT_FEN - wire.netFen(gateway, order)).toBe(refundedFen);
  };
}

/** A reverse of a paid order says `said`; the order is then as `then` says, and so much is kept. */
function reverseSays(said: Words, then: Words, netFen: number) {
  return async (gateway: Gateway): Promise<void> => {
    const order = await wire.paid(gateway);
    expect(wordOf(gateway, await wire.reverse(gateway, order))).toBe(said[gateway]);
    expect(await state(gateway, order)).toBe(then[gateway]);
    expect(wire.netFen(gateway, order)).toBe(netFen);
  };
}

async function tellsOne(gateway: Gateway): Promise<string> {
  if (gateway === "alipay") return wire.paid(gateway);
  const order = wire.order();
  const { body } = await wire.prepay(order);
  wire.gateways.cashier.answer({ prepayId: String(body.prepay_id) }, "p1", true);
  return order;
}
/** How many messages come for one payment, and how its row ends. */
function messages(count: number, ends: string) {
  return async (gateway: Gateway): Promise<void> => {
    const order = await tellsOne(gateway);
    expect((await wire.letters()).length).toBe(count);
    expect(wire.gateways.callbacks.list().find((row) => row.outTradeNo === order)).toMatchObject({ state: ends });
  };
}
/** The next bill of a day with two payments, a refund and a reversal, in words. */
function bill(
  check: (spoilt: Awaited<ReturnType<typeof billWords>>, sound: Awaited<ReturnType<typeof billWords>>) => void,
) {
  return async (gateway: Gateway, fault: GatewayFault): Promise<void> => {
    wire.gateways.faults.disarmAll();
    await wire.paid(gateway);
    const second = await wire.paid(gateway);
    await wire.refund(gateway, second, `R-${second}`, 1_000);
    await wire.reverse(gateway, await wire.paid(gateway));
    const sound = await billWords(wire, gateway);
    wire.gateways.faults.arm(fault, { gateway });
    check(await billWords(wire, gateway), sound);
    expect(await billWords(wire, gateway)).toEqual(sound);
  };
}
/** The next fund bill of a day, as it comes over the line. */
function fund(check: (spoilt: Buffer, sound: Buffer) => void) {
  return async (gateway: Gateway, fault: GatewayFault): Promise<void> => {
    wire.gateways.faults.disarmAll();
    const file = async (): Promise<Buffer> => {
      if (gateway === "wechat") {
        const { body } = await wire.wechat("GET", `/v3/bill/fundflowbill?bill_date=${wire.day}`);
        return await wire.download(String(body.download_url));
      }
      const query = { bill_type: "signcustomer", bill_date: wire.day };
      const { body } = await wire.alipay("alipay.data.dataservice.bill.downloadurl.query", query);
      return Buffer.from(await (await fetch(String(body.bill_download_url))).arrayBuffer());
    };
    await wire.paid(gateway);
    const sound = await file();
    wire.gateways.faults.arm(fault, { gateway });
    check(await file(), sound);
    expect(await file()).toEqual(sound);
  };
}
/** The next statement of the bank on a day with payouts, as text. */
function statement(check: (spoilt: string, sound: string) => void) {
  return async (_gateway: Gateway, fault: GatewayFault): Promise<void> => {
    wire.gateways.faults.disarmAll();
    for (const gateway of ["wechat", "alipay"] as const) await wire.paid(gateway);
    wire.clock.now += 86_400_000;
    const file = (): string => wire.gateways.bankStatementFile(wire.day).toString("utf8");
    const sound = file();
    expect(sound).toBe(wire.gateways.bankStatement(wire.day));
    wire.gateways.faults.arm(fault);
    check(file(), sound);
    expect(file()).toBe(sound);
  };
}
const sums = (rows: readonly { amountFen: number }[]): number =>
  rows.reduce((sum, { amountFen }) => sum + amountFen, 0);

const SHOWS: Record<GatewayFault, (gateway: Gateway, fault: GatewayFault) => Promise<void>> = {
  async paidAtOnce(gateway) {
    wire.gateways.wallets.setPhone("p1", { askPassword: true });
    await paySays(PAID, PAID, AMOUNT_FEN)(gateway);
  },
  async paidAfter(gateway) {
    const { order, heard } = await pay(gateway);
    if (gateway === "wechat") expect(heard.status).toBe(202);
    wire.clock.now += 9_999;
    expect(await state(gateway, order)).toBe(OPEN[gateway]);
    wire.clock.now += 1;
    expect(await state(gateway, order)).toBe(PAID[gateway]);
    expect(wire.netFen(gateway, order)).toBe(AMOUNT_FEN);
    // A payer slower than the gateway pays nothing.
    wire.gateways.faults.arm("paidAfter", { gateway, seconds: 600 });
    const { order: slow } = await pay(gateway);
    wire.clock.now += 600_000;
    expect(await state(gateway, slow)).toBe(ENDED[gateway]);
  },
  async userPayingForever(gateway) {
    const { order } = await pay(gateway);
    wire.clock.now += 4 * 3600_000;
    expect(wire.gateways.wallets.enterPassword("p1", true)).toBe("ignored");
    expect(await state(gateway, order)).toBe(OPEN[gateway]);
    await wire.reverse(gateway, order);
    expect(await state(gateway, order)).toBe(REVERSED[gateway]);
  },
  async autoReverse(gateway) {
    const { order } = await pay(gateway);
    wire.clock.now += 44_999;
    expect(await state(gateway, order)).toBe(OPEN[gateway]);
    wire.clock.now += 1;
    expect(await state(gateway, order)).toBe(ENDED[gateway]);
  },
  notEnough: paySays(
    { wechat: "NOT_ENOUGH", alipay: "ACQ.BUYER_BALANCE_NOT_ENOUGH", acquirer: "BALANCE" },
    { ...NOT_THERE, wechat: "NOTPAY" },
    0,
  ),
  authCodeInvalid: paySays(
    { wechat: "AUTH_CODE_INVALID", alipay: "ACQ.PAYMENT_AUTH_CODE_INVALID", acquirer: "CODE" },
    NOT_THERE,
    0,
  ),
  riskRefused: paySays(
    { wechat: "TRADE_ERROR", alipay: "ACQ.PAYMENT_REQUEST_HAS_RISK", acquirer: "RISK" },
    { ...NOT_THERE, wechat: "NOTPAY" },
    0,
  ),
  outTradeNoUsed: paySays(
    { wechat: "OUT_TRADE_NO_USED", alipay: "ACQ.CONTEXT_INCONSISTENT", acquirer: "ORDER_USED" },
    NOT_THERE,
    0,
  ),
  systemError: paySays(SYSTEM, PAID, AMOUNT_FEN),
  systemErrorUncharged: paySays(SYSTEM, NOT_THERE, 0),
  serviceUnknown: paySays({ alipay: "isp.unknow-error" }, PAID, AMOUNT_FEN),
  rolledBack: paySays(PAID, ENDED, 0),
  dropReply: paySays(CUT, PAID, AMOUNT_FEN),
  async lateArrival(gateway) {
    const { order, word } = await pay(gateway);
    expect(word).toBe("cut");
    expect(await state(gateway, order)).toBe(NOT_THERE[gateway]);
    expect(await state(gateway, order)).toBe(PAID[gateway]);
  },
  async lateAfterReverse(gateway) {
    const { order } = await pay(gateway);
    for (const _ of [1, 2]) expect(await state(gateway, order)).toBe(NOT_THERE[gateway]);
    await wire.reverse(gateway, order);
    expect(await state(gateway, order)).toBe(PAID[gateway]);
  },
  async paidBeforeClose() {
    const order = wire.order();
    await wire.prepay(order);
    expect(wordOf("wechat", await wire.close(order))).toBe("ORDERPAID");
    expect(wire.netFen("wechat", order)).toBe(AMOUNT_FEN);
  },
  async reverseUserPaying(gateway) {
    await reverseSays({ wechat: "USERPAYING", acquirer: "PAYING" }, PAID, AMOUNT_FEN)(gateway);
  },
  reverseNoEffect: reverseSays({ wechat: "nothing", alipay: "close", acquirer: "OK" }, PAID, AMOUNT_FEN),
  reverseDropped: reverseSays(CUT, REVERSED, 0),
  async cancelRetry(gateway) {
    const order = await wire.paid(gateway);
    expect((await wire.reverse(gateway, order)).body).toMatchObject({ code: "40004", retry_flag: "Y" });
    expect(wire.netFen(gateway, order)).toBe(AMOUNT_FEN);
    expect((await wire.reverse(gateway, order)).body).toMatchObject({ retry_flag: "N", action: "refund" });
  },
  async slow(gateway) {
    wire.gateways.faults.arm("slow", { gateway, seconds: 600 });
    const order = wire.order();
    let answered = false;
    void wire.pay(gateway, order, wire.code(gateway)).then(() => {
      answered = true;
    });
    await expect.poll(() => wire.netFen(gateway, order)).toBe(AMOUNT_FEN);
    expect(await state(gateway, order)).toBe(PAID[gateway]);
    expect(answered).toBe(false);
  },
  badSignature: unbelievable(({ status }) => expect(status).toBe(200)),
  unsigned: unbelievable(({ text, headers }) => {
    expect(text).not.toContain('"sign"');
    expect(headers?.get("wechatpay-signature") ?? headers?.get("acq-signature") ?? null).toBeNull();
  }),
  garbage: unbelievable(({ text }) => expect(text).toContain("502 Bad Gateway")),
  staleTimestamp: unbelievable(({ headers }) => {
    const at = Number(headers?.get("acq-timestamp") ?? `${headers?.get("wechatpay-timestamp")}000`);
    expect(wire.clock.now - at).toBe(400_000);
  }),
  wrongSerial: unbelievable(({ headers }) => {
    const known = Object.keys(wire.gateways.merchant.wechat.platformCerts);
    expect(known).not.toContain(headers?.get("wechatpay-serial"));
  }),
  async errorResponse(gateway) {
    const { order, heard } = await pay(gateway);
    expect(heard.text).toMatch(/^\{"error_response":\{"code":"20000"/);
    expect(wire.netFen(gateway, order)).toBe(AMOUNT_FEN);
  },
  gatewayDown: paySays(CUT, NOT_THERE, 0),
  async connectionRefused(gateway) {
    await wire.gateways.faultsApplied();
    for (const _ of [1, 2]) expect(await pay(gateway)).toMatchObject({ word: "cut" });
    wire.gateways.faults.disarm("connectionRefused");
    await wire.gateways.faultsApplied();
    await paySays(PAID, PAID, AMOUNT_FEN)(gateway);
  },
  async refundProcessing(gateway) {
    const order = await wire.paid(gateway);
    await wire.refund(gateway, order, `R-${order}`);
    expect(wire.netFen(gateway, order)).toBe(AMOUNT_FEN);
    wire.clock.now += 20_000;
    expect(wordOf(gateway, await wire.queryRefund(gateway, order, `R-${order}`))).toBe(REFUNDED[gateway]);
    expect(wire.netFen(gateway, order)).toBe(0);
  },
  async refundForever(gateway) {
    const order = await wire.paid(gateway);
    await wire.refund(gateway, order, `R-${order}`);
    for (const _ of [1, 2, 3]) {
      wire.clock.now += 24 * 3600_000;
      const asked = await wire.queryRefund(gateway, order, `R-${order}`);
      expect(wordOf(gateway, asked)).toBe({ wechat: "PROCESSING", alipay: "10000", acquirer: "PROCESSING" }[gateway]);
    }
    expect(wire.netFen(gateway, order)).toBe(AMOUNT_FEN);
  },
  refundAbnormal: refundSays(
    { wechat: "ABNORMAL", alipay: "ACQ.SELLER_BALANCE_NOT_ENOUGH", acquirer: "PAYER" },
    { wechat: "ABNORMAL", alipay: "10000", acquirer: "PAYER" },
    0,
  ),
  refundClosed: refundSays({ wechat: "CLOSED", acquirer: "CLOSED" }, { wechat: "CLOSED", acquirer: "CLOSED" }, 0),
  refundDropped: refundSays(CUT, REFUNDED, AMOUNT_FEN),
  refundWindowOver: refundSays(
    { wechat: "TRADE_OVERDUE", alipay: "ACQ.TRADE_HAS_FINISHED", acquirer: "EXPIRED" },
    { wechat: "RESOURCE_NOT_EXISTS", alipay: "10000", acquirer: "NOT_FOUND" },
    0,
  ),
  payerAccountClosed: refundSays(
    { wechat: "USER_ACCOUNT_ABNORMAL", alipay: "ACQ.BUYER_NOT_EXIST", acquirer: "PAYER" },
    { wechat: "RESOURCE_NOT_EXISTS", alipay: "10000", acquirer: "NOT_FOUND" },
    0,
  ),
  callbackLost: messages(0, "lost"),
  callbackDoubled: messages(2, "taken"),
  callbackForged: messages(2, "taken"),
  callbackProbe: messages(2, "taken"),
  callbackStale: messages(1, "taken"),
  callbackUndecryptable: messages(1, "taken"),
  async callbackLate(gateway) {
    await tellsOne(gateway);
    wire.clock.now += 59_999;
    expect(await wire.letters()).toEqual([]);
    wire.clock.now += 1;
    expect((await wire.letters()).length).toBe(1);
  },
  async callbackReordered(gateway) {
    const first = await tellsOne(gateway);
    expect(await wire.letters()).toEqual([]);
    const second = await tellsOne(gateway);
    await wire.letters();
    await wire.letters();
    const rows = wire.gateways.callbacks.list().filter(({ state: end }) => end === "taken");
    expect(rows.map(({ outTradeNo }) => outTradeNo)).toEqual(expect.arrayContaining([first, second]));
    expect((await wire.letters()).length).toBe(2);
  },
  billNotReady: bill((spoilt) => expect(spoilt.kind).toBe("notReady")),
  billDamaged: bill((spoilt) => expect(spoilt.kind).toBe("damaged")),
  billTruncated: bill((spoilt) => expect(spoilt.kind).toBe("damaged")),
  billLineMissing: bill((spoilt, sound) => expect(spoilt.rows).toEqual(sound.rows.slice(1))),
  billLineDoubled: bill((spoilt, sound) => expect(spoilt.rows).toEqual([sound.rows[0], ...sound.rows])),
  billAmountOff: bill((spoilt, sound) => {
    expect(sums(spoilt.rows) - sums(sound.rows)).toBe(1);
    expect(spoilt.rows.map(({ outTradeNo }) => outTradeNo)).toEqual(sound.rows.map(({ outTradeNo }) => outTradeNo));
  }),
  billForeignLine: bill((spoilt, sound) => {
    expect(spoilt.rows.slice(0, -1)).toEqual(sound.rows);
    expect(spoilt.rows.at(-1)?.outTradeNo).toMatch(/^OTHER_SHOP/);
  }),
  billRefundMissing: bill((spoilt, sound) => {
    const gone = sound.rows.find(({ kind }) => kind !== "pay");
    expect(spoilt.rows).toEqual(sound.rows.filter((row) => row !== gone));
  }),
  billReordered: bill((spoilt, sound) => expect(spoilt.rows).toEqual(sound.rows.toReversed())),
  billWrongEncoding: bill((spoilt) => expect(spoilt.kind).toBe("wrongEncoding")),
  billWrongSums: bill((spoilt, sound) => {
    expect(spoilt.rows).toEqual(sound.rows);
    expect(spoilt.payFen).toBe(sound.payFen + 1);
  }),
  fundTruncated: fund((spoilt, sound) => expect(spoilt).toEqual(sound.subarray(0, spoilt.length))),
  fundReordered: fund((spoilt, sound) => expect(spoilt).not.toEqual(sound)),
  fundLineDoubled: fund((spoilt, sound) => expect(spoilt.length).toBeGreaterThan(sound.length)),
  fundWrongEncoding: fund((spoilt, sound) => expect(spoilt.length).not.toBe(sound.length)),
  fundWrongSums: fund((spoilt, sound) => expect(spoilt).not.toEqual(sound)),
  bankTruncated: statement((spoilt, sound) => expect(sound.startsWith(spoilt) && spoilt !== sound).toBe(true)),
  bankReordered: statement((spoilt, sound) => {
    const lines = (text: string) => text.trimEnd().split("\r\n").slice(1);
    expect(lines(spoilt)).toEqual(lines(sound).toReversed());
  }),
  bankLineDoubled: statement((spoilt, sound) =>
    expect(spoilt.split("\r\n").length).toBe(sound.split("\r\n").length + 1),
  ),
  bankWrongEncoding: statement((spoilt) => expect(spoilt).toContain("\ufffd")),
  bankWrongSums: statement((spoilt, sound) => {
    const balance = (text: string) => fenOf(text.trimEnd().split(",").at(-1) ?? "");
    expect(balance(spoilt)).toBe(balance(sound) + 1);
  }),
};

// What no gateway does, the bank does.
const cases = FAULTS.flatMap(({ name, gateways }) =>
  (gateways.length === 0 ? (["wechat"] as const) : gateways).map((gateway) => [name, gateway] as const),
);
test.each(cases)("%s at %s", async (name, gateway) => {
  wire.gateways.faults.arm(name, { gateway });
  await SHOWS[name](gateway, name);
  expect(wire.gateways.faults.list().filter(({ armed }) => armed !== null)).toEqual([]);
});

test.each(["wechat", "alipay", "acquirer"] as const)(
  "%s: an order number serves once, whatever became of it",
  async (gateway) => {
    const order = await wire.paid(gateway);
    const again = await wire.pay(gateway, order, wire.code(gateway));
    expect(["ORDERPAID", "ACQ.TRADE_HAS_SUCCESS", "ORDER_USED"]).toContain(wordOf(gateway, again));
    await wire.reverse(gateway, order);
    const third = await wire.pay(gateway, order, wire.code(gateway));
    expect(["OUT_TRADE_NO_USED", "ACQ.TRADE_HAS_CLOSE", "ORDER_USED"]).toContain(wordOf(gateway, third));
    expect(wire.netFen(gateway, order)).toBe(0);
  },
);

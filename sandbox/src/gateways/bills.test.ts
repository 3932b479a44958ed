import { unzipSync } from "fflate";
import iconv from "iconv-lite";
import { expect, test } from "vitest";
import { GATEWAYS, type Gateway } from "./names.ts";
import { AMOUNT_FEN, FEE_FEN, useWire } from "./wire.testkit.ts";
import { billWords, fenOf } from "./wireBills.testkit.ts";

/** Bills and payouts against the ledger they are made of. */
const wire = useWire();
const DAY_MS = 24 * 3600_000;

/** One payment kept, one given back in parts, one reversed: what is left is one payment. */
async function tradeADay(gateway: Gateway): Promise<{ kept: string; refunded: string; reversed: string }> {
  const [kept, refunded, reversed] = [await wire.paid(gateway), await wire.paid(gateway), await wire.paid(gateway)];
  // Two parts whose own fees, each rounded, would be one fen more than the fee that was taken.
  await wire.refund(gateway, refunded, `${refunded}-1`, 250);
  await wire.refund(gateway, refunded, `${refunded}-2`, AMOUNT_FEN - 250);
  await wire.reverse(gateway, reversed);
  return { kept, refunded, reversed };
}

test.each(GATEWAYS)(
  "%s: a day's bill holds every movement once, fees and all, and nothing of other days",
  async (gateway) => {
    expect((await billWords(wire, gateway)).kind).toBe("empty");
    const { kept, refunded, reversed } = await tradeADay(gateway);
    const { day } = wire;
    const { rows, payFen } = await billWords(wire, gateway, day);
    const of = { refundNo: "", amountFen: AMOUNT_FEN, feeFen: FEE_FEN };
    expect(rows).toEqual([
      { kind: "pay", outTradeNo: kept, ...of },
      { kind: "pay", outTradeNo: refunded, ...of },
      { kind: "pay", outTradeNo: reversed, ...of },
      { kind: "refund", outTradeNo: refunded, refundNo: `${refunded}-1`, amountFen: 250, feeFen: -1 },
      {
        kind: "refund",
        outTradeNo: refunded,
        refundNo: `${refunded}-2`,
        amountFen: AMOUNT_FEN - 250,
        feeFen: 1 - FEE_FEN,
      },
      { ...of, kind: "reversed", outTradeNo: reversed, feeFen: -FEE_FEN },
    ]);
    expect(payFen).toBe(3 * AMOUNT_FEN);
    wire.clock.now += DAY_MS;
    expect((await billWords(wire, gateway)).kind).toBe("empty");
    expect((await billWords(wire, gateway, day)).rows).toEqual(rows);
  },
);

test("the cut between two days is midnight in Beijing", async () => {
  wire.clock.now = Date.parse(`${wire.day}T23:59:59.999+08:00`);
  const [today, before] = [wire.day, await wire.paid("wechat")];
  wire.clock.now += 1;
  const after = await wire.paid("wechat");
  expect((await billWords(wire, "wechat", today)).rows.map(({ outTradeNo }) => outTradeNo)).toEqual([before]);
  expect((await billWords(wire, "wechat")).rows.map(({ outTradeNo }) => outTradeNo)).toEqual([after]);
});

test("WeChat Pay's file: byte order mark, backticks, sums; packed it has the hash of what is inside", async () => {
  await tradeADay("wechat");
  const { text, rows } = await billWords(wire, "wechat");
  const lines = text.trimEnd().split("\r\n");
  expect(text.charCodeAt(0)).toBe(0xfeff);
  expect(lines.slice(1, -2).every((line) => line.startsWith("`") && !line.includes(",,"))).toBe(true);
  expect(lines.at(-2)).toBe(
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
  );
  expect(lines.at(-1)).toBe("`6,`360.00,`240.00,`0.00,`0.72,`360.00,`240.00");
  expect((await billWords(wire, "wechat", wire.day, true)).rows).toEqual(rows);
});

test("links end: five minutes at WeChat Pay, thirty seconds at Alipay", async () => {
  await wire.paid("wechat");
  await wire.paid("alipay");
  const { day } = wire;
  const link = String((await wire.wechat("GET", `/v3/bill/tradebill?bill_date=${day}`)).body.download_url);
  const query = { bill_type: "trade", bill_date: day };
  const { body } = await wire.alipay("alipay.data.dataservice.bill.downloadurl.query", query);
  const status = async () => (await fetch(String(body.bill_download_url))).status;
  wire.clock.now += 30_000;
  expect(await status()).toBe(200);
  wire.clock.now += 1;
  expect(await status()).toBe(404);
  wire.clock.now += 269_999;
  expect((await wire.download(link)).length).toBeGreaterThan(0);
  wire.clock.now += 1;
  await expect(wire.download(link)).rejects.toThrow("400");
  const unsigned = await fetch(link);
  expect(unsigned.status).toBe(401);
});

/** Moves of the account: amount signed, and the balance after each, as both fund bills tell them. */
async function funds(gateway: "wechat" | "alipay"): Promise<{ fen: number; balance: number }[]> {
  if (gateway === "wechat") {
    const { body } = await wire.wechat("GET", `/v3/bill/fundflowbill?bill_date=${wire.day}`);
    const text = (await wire.download(String(body.download_url))).toString("utf8");
    const rows = text.trimEnd().split("\r\n").slice(1, -2);
    return rows.map((row) => {
      const values = row.slice(1).split(",`");
      const fen = fenOf(values[6] ?? "");
      return { fen: values[5] === "收入" ? fen : -fen, balance: fenOf(values[7] ?? "") };
    });
  }
  const query = { bill_type: "signcustomer", bill_date: wire.day };
  const { body } = await wire.alipay("alipay.data.dataservice.bill.downloadurl.query", query);
  const files = unzipSync(new Uint8Array(await (await fetch(String(body.bill_download_url))).arrayBuffer()));
  const name = Object.keys(files).find((each) => each.endsWith("账务明细.csv")) ?? "";
  const text = iconv.decode(Buffer.from(files[name] ?? []), "gbk");
  const rows = text.split("\r\n").filter((line) => /^\d/.test(line));
  return rows.map((row) => {
    const values = row.split(",").map((value) => value.trim());
    return { fen: fenOf(values[6] || values[7] || ""), balance: fenOf(values[8] ?? "") };
  });
}

test.each(["wechat", "alipay"] as const)(
  "%s: the fund bill's balance is the sum of its moves, emptied by the payout",
  async (gateway) => {
    const { feesFen } = wire.gateways.ledger.totals(gateway);
    await tradeADay(gateway);
    const today = await funds(gateway);
    // What is left of earlier days is paid out first.
    const moves = today.map(({ fen }) => fen).slice((today[0]?.fen ?? 0) < 0 ? 1 : 0);
    expect(moves).toEqual([12_000, -72, 12_000, -72, 12_000, -72, -250, 1, -11_750, 71, -12_000, 72]);
    for (const [index, { fen, balance }] of today.entries()) {
      if (index > 0) expect(balance).toBe((today[index - 1]?.balance ?? 0) + fen);
    }
    expect(wire.gateways.ledger.totals(gateway).feesFen - feesFen).toBe(FEE_FEN);
    wire.clock.now += DAY_MS;
    expect(await funds(gateway)).toEqual([{ fen: -(today.at(-1)?.balance ?? 0), balance: 0 }]);
  },
);

test("the bank: each gateway pays out yesterday's net minus fees, and the balances add up", async () => {
  wire.clock.now += DAY_MS;
  for (const gateway of GATEWAYS) await tradeADay(gateway);
  wire.clock.now += DAY_MS;
  const [head, ...lines] = wire.gateways.bankStatement(wire.day).trimEnd().split("\r\n");
  expect(head).toBe("date,reference,counterparty,amount,balance");
  const rows = lines.map((line) => line.split(","));
  expect(rows.map(([date, , , amount]) => [date, fenOf(amount ?? "")])).toEqual(
    GATEWAYS.map(() => [wire.day, AMOUNT_FEN - FEE_FEN]),
  );
  const balances = rows.map((row) => fenOf(row[4] ?? ""));
  expect(balances.slice(1)).toEqual(balances.slice(0, -1).map((balance) => balance + AMOUNT_FEN - FEE_FEN));
});

test.each(GATEWAYS)("%s: all that was ever paid out is the ledger's net minus its fees", async (gateway) => {
  await tradeADay(gateway);
  wire.clock.now += DAY_MS;
  const { ledger, bankStatement } = wire.gateways;
  const reference = { wechat: "TENPAY", alipay: "ALIPAY", acquirer: "ACQ" }[gateway];
  let paidOutFen = 0;
  for (let at = Date.UTC(2026, 10, 20); at <= wire.clock.now + DAY_MS; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    for (const line of bankStatement(day).split("\r\n")) {
      const [, mark = "", , amount = ""] = line.split(",");
      if (mark.startsWith(reference)) paidOutFen += fenOf(amount);
    }
  }
  const { netFen, feesFen, payoutFen } = ledger.totals(gateway);
  expect(netFen - feesFen).toBe(payoutFen);
  expect(paidOutFen).toBe(payoutFen);
});

import { strToU8, zipSync } from "fflate";
import iconv from "iconv-lite";
import { beijingClock, yuan } from "../http.ts";
import type { FundContent, FundLine, FundMove } from "./funds.ts";
import type { BillContent, BillLine } from "./lines.ts";

/**
 * Alipay's bills: a zip of two GBK files, the details and their summary (facts/payments.md §2.5). `#` lines come first
 * and last, values end in a tab, refunds are negative rows. The summary's columns and the wording of the `#` lines are
 * from memory, as is the whole fund bill.
 */
const TRADE_COLUMNS =
  "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const SUMMARY_COLUMNS =
  "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";
const FUND_COLUMNS =
  "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
const ZERO = "0.00";

export interface AlipayBillMerchant {
  sellerId: string;
}

const row = (values: readonly (string | number)[]): string => values.map((value) => `${value}\t`).join(",");

function head(what: string, day: string, { sellerId }: AlipayBillMerchant): string[] {
  const [year, month, date] = day.split("-");
  const named = `${year}年${month}月${date}日`;
  return [
    `#支付宝${what}查询`,
    `#账号：[${sellerId}]`,
    `#起始日期：[${named} 00:00:00]   终止日期：[${named} 23:59:59]`,
  ];
}

function tradeRow(line: BillLine): string {
  const sign = line.kind === "pay" ? 1 : -1;
  const amount = yuan(sign * line.amountFen);
  return row([
    line.tradeNo,
    line.outTradeNo,
    line.kind === "pay" ? "交易" : "退款",
    line.description,
    beijingClock(line.createdAt),
    beijingClock(line.at),
    "",
    "",
    "",
    line.terminalId,
    "138****0000",
    amount,
    amount,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    "",
    ZERO,
    ZERO,
    line.refundNo ?? "",
    yuan(-line.feeFen),
    ZERO,
    "",
  ]);
}

/** GBK, or the fault. */
function encoded(lines: readonly string[], wrongEncoding: boolean): Uint8Array {
  const text = `${lines.join("\r\n")}\r\n`;
  return wrongEncoding ? strToU8(text) : new Uint8Array(iconv.encode(text, "gbk"));
}

/** Names inside the zip say day and merchant. */
function zipped(base: string, what: string, details: Uint8Array, summary: Uint8Array): Buffer {
  const files = { [`${base}_${what}.csv`]: details, [`${base}_${what}(汇总).csv`]: summary };
  return Buffer.from(zipSync(files, { mtime: new Date(Date.UTC(2026, 0, 1)) }));
}

export function alipayTradeZip(bill: BillContent, day: string, now: number, merchant: AlipayBillMerchant): Buffer {
  const { sums, lines, wrongEncoding } = bill;
  const [payFen, refundFen] = [yuan(sums.payFen), yuan(-sums.refundFen)];
  const made = `#导出时间：[${beijingClock(now)}]`;
  const details = [
    ...head("业务明细", day, merchant),
    "#-----------------------------------------业务明细列表----------------------------------------",
    TRADE_COLUMNS,
    ...lines.map(tradeRow),
    "#-----------------------------------------业务明细列表结束------------------------------------",
    `#交易合计：${sums.pays}笔，商家实收共${payFen}元，商家优惠共${ZERO}元`,
    `#退款合计：${sums.refunds}笔，商家实收退款共${refundFen}元，商家优惠退款共${ZERO}元`,
    made,
  ];
  const netFen = sums.payFen - sums.refundFen - sums.feeFen;
  const total = [
    sums.pays,
    sums.refunds,
    yuan(sums.payFen - sums.refundFen),
    yuan(sums.payFen - sums.refundFen),
    ZERO,
    ZERO,
    ZERO,
    yuan(-sums.feeFen),
    ZERO,
    yuan(netFen),
  ];
  const summary = [
    ...head("业务汇总", day, merchant),
    "#-----------------------------------------业务汇总列表----------------------------------------",
    SUMMARY_COLUMNS,
    row(["合计", "", ...total]),
    "#-----------------------------------------业务汇总列表结束------------------------------------",
    made,
  ];
  const base = `${merchant.sellerId}_${day.replaceAll("-", "")}`;
  return zipped(base, "业务明细", encoded(details, wrongEncoding), encoded(summary, wrongEncoding));
}

const MOVES: Readonly<Record<FundMove["kind"], string>> = {
  pay: "在线支付",
  fee: "收费",
  refund: "交易退款",
  feeBack: "收费",
  payout: "提现",
};

function fundRow(move: FundLine): string {
  const stamp = beijingClock(move.at).replace(/\D/g, "");
  const [incoming, outgoing] = move.amountFen >= 0 ? [yuan(move.amountFen), ""] : ["", yuan(move.amountFen)];
  return row([
    `${stamp}${String(move.seq).padStart(8, "0")}`,
    move.tradeNo ?? `PAYOUT${stamp}`,
    move.outTradeNo ?? "",
    move.kind === "payout" ? "自动提现" : "燃气费",
    beijingClock(move.at),
    "138****0000",
    incoming,
    outgoing,
    yuan(move.balanceFen),
    "支付宝",
    MOVES[move.kind],
    move.refundNo ?? "",
  ]);
}

export function alipayFundZip(bill: FundContent, day: string, merchant: AlipayBillMerchant): Buffer {
  const { moves, offFen, wrongEncoding } = bill;
  const incoming = moves.filter(({ amountFen }) => amountFen >= 0);
  const outgoing = moves.filter(({ amountFen }) => amountFen < 0);
  const total = (list: readonly FundMove[], off = 0): string =>
    yuan(list.reduce((sum, { amountFen }) => sum + amountFen, off));
  const sums = [
    `#支出合计：${outgoing.length}笔，共${total(outgoing)}元`,
    `#收入合计：${incoming.length}笔，共${total(incoming, offFen)}元`,
  ];
  const details = [
    ...head("账务明细", day, merchant),
    "#-----------------------------------------账务明细列表----------------------------------------",
    FUND_COLUMNS,
    ...moves.map(fundRow),
    "#-----------------------------------------账务明细列表结束------------------------------------",
    ...sums,
  ];
  const summary = [...head("账务汇总", day, merchant), ...sums];
  const base = `${merchant.sellerId}_${day.replaceAll("-", "")}`;
  return zipped(base, "账务明细", encoded(details, wrongEncoding), encoded(summary, wrongEncoding));
}

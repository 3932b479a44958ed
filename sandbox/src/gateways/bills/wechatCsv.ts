import { beijingClock, yuan } from "../http.ts";
import type { FundContent, FundLine, FundMove } from "./funds.ts";
import type { BillContent, BillLine } from "./lines.ts";

/**
 * WeChat Pay's bill files (facts/payments.md §1.7): UTF-8 with BOM, every value behind a backtick, two last lines with
 * the sums.
 */
const TRADE_COLUMNS =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TRADE_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
// From memory, as the rest of the fund bill.
const FUND_COLUMNS =
  "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const FUND_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";
const ZERO = "0.00";

const row = (values: readonly (string | number)[]): string => values.map((value) => `\`${value}`).join(",");
const file = (lines: readonly string[]): string => `\uFEFF${lines.join("\r\n")}\r\n`;

export interface WechatBillMerchant {
  mchid: string;
  appid: string;
}

const STATES = { pay: "SUCCESS", refund: "REFUND", reversed: "REVOKED" } as const;

function tradeRow(line: BillLine, { mchid, appid }: WechatBillMerchant): string {
  const isPay = line.kind === "pay";
  const paid = isPay ? yuan(line.amountFen) : ZERO;
  const back = isPay ? ZERO : yuan(line.amountFen);
  const refund = isPay
    ? ["", "", ZERO, ZERO, "", ""]
    : [line.refundId ?? "", line.refundNo ?? "", back, ZERO, "ORIGINAL", "SUCCESS"];
  return row([
    beijingClock(line.at),
    line.appid ?? appid,
    mchid,
    "0",
    line.terminalId,
    line.tradeNo,
    line.outTradeNo,
    line.payer,
    line.prepaid ? "JSAPI" : "MICROPAY",
    STATES[line.kind],
    "OTHERS",
    "CNY",
    paid,
    ZERO,
    ...refund,
    line.description,
    line.attach,
    yuan(line.feeFen),
    "0.60%",
    paid,
    back,
    "",
  ]);
}

/** `ALL`, or only payments (`SUCCESS`), or only what went back (`REFUND`). */
export type WechatBillType = "ALL" | "SUCCESS" | "REFUND";

export function wechatTradeCsv(bill: BillContent, type: WechatBillType, merchant: WechatBillMerchant): string {
  const { sums } = bill;
  const wanted = bill.lines.filter(({ kind }) => type === "ALL" || (type === "SUCCESS") === (kind === "pay"));
  const [payFen, refundFen] = [yuan(sums.payFen), yuan(sums.refundFen)];
  const foot = row([wanted.length, payFen, refundFen, ZERO, yuan(sums.feeFen), payFen, refundFen]);
  return file([TRADE_COLUMNS, ...wanted.map((line) => tradeRow(line, merchant)), TRADE_SUMS, foot]);
}

/** Name and kind of a move; a fee given back is of the fees' kind, incoming. */
const MOVES: Readonly<Record<FundMove["kind"], readonly [name: string, kind: string]>> = {
  pay: ["交易", "交易"],
  fee: ["扣除交易手续费", "扣除交易手续费"],
  refund: ["退款", "退款"],
  feeBack: ["退还交易手续费", "扣除交易手续费"],
  payout: ["提现", "提现"],
};

function fundRow(move: FundLine): string {
  const moment = beijingClock(move.at);
  const stamp = moment.replace(/\D/g, "");
  const incoming = move.amountFen >= 0;
  return row([
    moment,
    move.tradeNo ?? `1000${stamp}`,
    `${stamp}${String(move.seq).padStart(8, "0")}`,
    ...MOVES[move.kind],
    incoming ? "收入" : "支出",
    yuan(Math.abs(move.amountFen)),
    yuan(move.balanceFen),
    "system",
    move.kind === "payout" ? "自动提现" : "",
    move.refundNo ?? move.outTradeNo ?? "",
  ]);
}

export function wechatFundCsv({ moves, offFen }: FundContent): string {
  const incoming = moves.filter(({ amountFen }) => amountFen >= 0);
  const outgoing = moves.filter(({ amountFen }) => amountFen < 0);
  const total = (list: readonly FundMove[], off = 0) =>
    yuan(list.reduce((sum, { amountFen }) => sum + Math.abs(amountFen), off));
  const foot = row([moves.length, incoming.length, total(incoming, offFen), outgoing.length, total(outgoing)]);
  return file([FUND_COLUMNS, ...moves.map(fundRow), FUND_SUMS, foot]);
}

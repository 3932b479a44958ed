/**
 * WeChat Pay's bills: UTF-8 with a byte order mark, every value prefixed by a backtick, the last two lines a header and
 * values that sum the file up (facts: payments §1.7). Trade: a line per payment, refund and reversal. Fund: a line per
 * move of the merchant account.
 */
import {
  beginsWithBacktick,
  beijingTimes,
  dayCheck,
  type Fields,
  fenAt,
  findColumns,
  newFields,
  numberAt,
  splitAtBackticks,
  type WantedColumns,
  wordReader,
} from "./readFields.ts";
import { decoded } from "./readLines.ts";
import { fundMove, type Header, type Row } from "./readRow.ts";
import { sumProblem, type Tally } from "./readTally.ts";
import type { BillLineKind, BillProblem, BillReader } from "./readTypes.ts";

/** Newer names first: the bills of older accounts don't part 订单金额 from 应结订单金额. */
const tradeColumns = {
  at: ["交易时间"],
  transactionId: ["微信订单号"],
  outTradeNo: ["商户订单号"],
  state: ["交易状态"],
  refundId: ["微信退款单号"],
  refundNo: ["商户退款单号"],
  amount: ["订单金额", "总金额"],
  refunded: ["申请退款金额", "退款金额"],
  fee: ["手续费"],
} as const satisfies WantedColumns<string>;
const tradeKnown = [
  ..."公众账号ID,商户号,特约商户号,子商户号,设备号,用户标识,交易类型,付款银行,货币种类".split(","),
  ..."应结订单金额,总金额,代金券金额,代金券或立减优惠金额,退款金额,充值券退款金额".split(","),
  ..."代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,费率,费率备注".split(","),
];
const fundColumns = {
  at: ["记账时间"],
  flowId: ["资金流水单号"],
  type: ["业务类型"],
  direction: ["收支类型"],
  amount: ["收支金额(元)"],
  voucher: ["业务凭证号"],
} as const satisfies WantedColumns<string>;
const fundKnown = "微信支付业务单号,业务名称,账户结余(元),资金变更提交申请人,备注".split(",");

/** A column of the summary, and what it must say: fen, or a count. */
interface Said {
  names: readonly string[];
  counted: () => number;
  count?: boolean;
}

export function wechatTradeReader(tally: Tally, day: string | null): BillReader {
  const total = { amountFen: 0, refundedFen: 0 };
  return reader(
    (names) => tradeHeader(names, tally, day, total),
    [
      { names: ["总交易单数"], counted: () => tally.lines, count: true },
      { names: ["订单总金额", "总交易额"], counted: () => total.amountFen },
      { names: ["申请退款总金额", "总退款金额"], counted: () => total.refundedFen },
      { names: ["手续费总金额"], counted: () => tally.feeFen },
    ],
  );
}

const tradeKinds: Readonly<Record<string, BillLineKind>> = {
  SUCCESS: "payment",
  REFUND: "refund",
  REVOKED: "reversed",
};

function tradeHeader(
  names: readonly string[],
  tally: Tally,
  day: string | null,
  total: { amountFen: number; refundedFen: number },
): Header {
  const found = findColumns(names, tradeColumns, tradeKnown);
  if (!found.ok) return found;
  const { at: column, unknown } = found;
  const [word, time, ofDay] = [wordReader("utf-8"), beijingTimes(), dayCheck(day)];
  const wrong = (line: number, name: keyof typeof tradeColumns): BillProblem => {
    return { kind: "value", line, column: tradeColumns[name][0] };
  };
  const row: Row = (fields, bytes, line) => {
    const kind = tradeKinds[word(fields, bytes, column.state)];
    const at = time(fields, bytes, column.at);
    const outTradeNo = numberAt(fields, bytes, column.outTradeNo);
    const orderFen = fenAt(fields, bytes, column.amount);
    const refundedFen = fenAt(fields, bytes, column.refunded);
    const feeFen = fenAt(fields, bytes, column.fee);
    if (kind === undefined) return wrong(line, "state");
    if (at === null) return wrong(line, "at");
    if (outTradeNo === null) return wrong(line, "outTradeNo");
    if (orderFen === null || orderFen < 0) return wrong(line, "amount");
    if (refundedFen === null || refundedFen < 0) return wrong(line, "refunded");
    if (feeFen === null) return wrong(line, "fee");
    const back = kind !== "payment";
    // A reversal carries what it gave back in the refund's columns; where it has none there, it is the whole order.
    const amountFen = back ? refundedFen || orderFen : orderFen;
    if (!back && !ofDay(at)) return { kind: "otherDay", line };
    const transactionId = numberAt(fields, bytes, kind === "refund" ? column.refundId : column.transactionId);
    if (transactionId === null) return wrong(line, kind === "refund" ? "refundId" : "transactionId");
    const refundNo = kind === "refund" ? numberAt(fields, bytes, column.refundNo) : null;
    if (kind === "refund" && refundNo === null) return wrong(line, "refundNo");
    total.amountFen += orderFen;
    total.refundedFen += refundedFen;
    const billLine = { kind, outTradeNo, refundNo, transactionId, amountFen, feeFen, at, party: null };
    return tally.add(line, billLine, transactionId, outTradeNo);
  };
  return { ok: true, row, unknown };
}

export function wechatFundReader(tally: Tally): BillReader {
  const total = { in: 0, inFen: 0, out: 0, outFen: 0 };
  return reader(
    (names) => fundHeader(names, tally, total),
    [
      { names: ["资金流水总笔数"], counted: () => tally.lines, count: true },
      { names: ["收入笔数"], counted: () => total.in, count: true },
      { names: ["收入金额"], counted: () => total.inFen },
      { names: ["支出笔数"], counted: () => total.out, count: true },
      { names: ["支出金额"], counted: () => total.outFen },
    ],
  );
}

const fundKinds: Readonly<Record<string, BillLineKind>> = {
  交易: "payment",
  退款: "refund",
  扣除交易手续费: "fee",
  手续费: "fee",
  提现: "payout",
};

function fundHeader(
  names: readonly string[],
  tally: Tally,
  total: { in: number; inFen: number; out: number; outFen: number },
): Header {
  const found = findColumns(names, fundColumns, fundKnown);
  if (!found.ok) return found;
  const { at: column, unknown } = found;
  const [word, time] = [wordReader("utf-8"), beijingTimes()];
  const wrong = (line: number, name: keyof typeof fundColumns): BillProblem => {
    return { kind: "value", line, column: fundColumns[name][0] };
  };
  const row: Row = (fields, bytes, line) => {
    const at = time(fields, bytes, column.at);
    const transactionId = numberAt(fields, bytes, column.flowId);
    const fen = fenAt(fields, bytes, column.amount);
    const direction = word(fields, bytes, column.direction);
    if (at === null) return wrong(line, "at");
    if (transactionId === null) return wrong(line, "flowId");
    if (fen === null || fen < 0) return wrong(line, "amount");
    if (direction !== "收入" && direction !== "支出") return wrong(line, "direction");
    const incoming = direction === "收入";
    if (incoming) {
      total.in += 1;
      total.inFen += fen;
    } else {
      total.out += 1;
      total.outFen += fen;
    }
    const { kind, amountFen } = fundMove(fundKinds[word(fields, bytes, column.type)], incoming ? fen : -fen);
    const outTradeNo = numberAt(fields, bytes, column.voucher);
    const billLine = { kind, outTradeNo, refundNo: null, transactionId, amountFen, feeFen: 0, at, party: null };
    return tally.add(line, billLine, transactionId);
  };
  return { ok: true, row, unknown };
}

/** What both have in common: header, rows, header of the summary, summary, nothing behind. */
function reader(header: (names: readonly string[]) => Header, summary: readonly Said[]): BillReader {
  const fields = newFields();
  let columns = 0;
  let row: Row | null = null;
  let saidColumns: string[] | null = null;
  let summed = false;
  let unknown: string[] = [];
  const namesOf = (bytes: Buffer, from: number, to: number): string[] =>
    decoded(bytes.subarray(from, to), "utf-8").split(",");
  return {
    encoding: "utf-8",
    ended: () => summed,
    unknownColumns: () => unknown,
    onLine(bytes, from, to, line) {
      if (from === to) return null;
      if (summed) return { kind: "afterEnd", line };
      if (row === null) {
        const names = namesOf(bytes, from, to);
        const found = header([(names[0] ?? "").replace("\uFEFF", ""), ...names.slice(1)]);
        if (!found.ok) return found.problem;
        ({ row, unknown } = found);
        columns = names.length;
        return null;
      }
      if (!beginsWithBacktick(bytes, from, to)) {
        if (saidColumns !== null) return { kind: "afterEnd", line };
        saidColumns = namesOf(bytes, from, to).map((name) => name.trim());
        return null;
      }
      splitAtBackticks(fields, bytes, from, to);
      if (saidColumns !== null) {
        summed = true;
        return checkSummary(saidColumns, summary, fields, bytes);
      }
      if (fields.count !== columns) return { kind: "fields", line, expected: columns, found: fields.count };
      return row(fields, bytes, line);
    },
  };
}

function checkSummary(
  columns: readonly string[],
  summary: readonly Said[],
  fields: Fields,
  bytes: Buffer,
): BillProblem | null {
  for (const { names, counted, count = false } of summary) {
    const [name = ""] = names;
    const index = columns.findIndex((each) => names.includes(each));
    if (index < 0) return { kind: "columns", missing: [name], doubled: [], unknown: [] };
    if (index >= fields.count) return { kind: "sum", of: name, said: "", counted: String(counted()) };
    // Counts are written like amounts, "20.0" as well as "20".
    const value = fenAt(fields, bytes, index);
    const text = decoded(bytes.subarray(fields.from[index], fields.to[index]), "utf-8");
    const problem = sumProblem(name, value, count ? counted() * 100 : counted(), text);
    if (problem !== null) return problem;
  }
  return null;
}

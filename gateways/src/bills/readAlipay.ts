/**
 * Alipay's bills: an archive of GBK files, of which the detail (业务明细, 账务明细) is read; lines that begin with `#`
 * stand before and after the rows and sum them up, values may end in a tab (facts: payments §2.5).
 */
import {
  beijingTimes,
  dayCheck,
  fenAt,
  fenOfText,
  findColumns,
  isEmpty,
  newFields,
  numberAt,
  splitAtCommas,
  trimFields,
  type WantedColumns,
  wordReader,
} from "./readFields.ts";
import { decoded } from "./readLines.ts";
import { fundMove, type Header, type Row } from "./readRow.ts";
import { sumProblem, type Tally } from "./readTally.ts";
import type { BillLineKind, BillProblem, BillReader } from "./readTypes.ts";

const tradeColumns = {
  transactionId: ["支付宝交易号"],
  outTradeNo: ["商户订单号"],
  type: ["业务类型"],
  at: ["完成时间"],
  amount: ["订单金额(元)"],
  received: ["商家实收(元)"],
  refundNo: ["退款批次号/请求号"],
  fee: ["服务费(元)"],
} as const satisfies WantedColumns<string>;
const tradeKnown = [
  ..."商品名称,创建时间,门店编号,门店名称,操作员,终端号,对方账户,支付宝红包(元),集分宝(元)".split(","),
  ..."支付宝优惠(元),商家优惠(元),券核销金额(元),券名称,商家红包消费金额(元),卡消费金额(元)".split(","),
  ..."分润(元),备注".split(","),
];
const fundColumns = {
  flowId: ["账务流水号"],
  outTradeNo: ["商户订单号"],
  at: ["发生时间"],
  in: ["收入金额(+元)"],
  out: ["支出金额(-元)"],
  type: ["业务类型"],
} as const satisfies WantedColumns<string>;
const fundKnown = "业务流水号,商品名称,对方账号,账户余额(元),交易渠道,备注".split(",");

/** A header's first word, by which the detail is told from the summaries in the archive. */
export const alipayMarks = { trade: "支付宝交易号", fund: "账务流水号" } as const;

/** A `#` line that sums up: what it matches, and what its count and amount must be. `needed`: no bill is without it. */
interface Said {
  of: string;
  pattern: RegExp;
  counted: () => { count: number; fen: number };
  needed: boolean;
}

export function alipayTradeReader(tally: Tally, day: string | null): BillReader {
  const total = { paid: 0, paidFen: 0, back: 0, backFen: 0 };
  return reader(
    (names) => tradeHeader(names, tally, day, total),
    [
      {
        of: "交易合计",
        pattern: /^#+交易合计[：:](\d{1,9})笔[，,]商家实收共(-?[\d.]{1,20})元/,
        counted: () => ({ count: total.paid, fen: total.paidFen }),
        needed: true,
      },
      {
        of: "退款合计",
        pattern: /^#+退款合计[：:](\d{1,9})笔[，,]商家实收退款共(-?[\d.]{1,20})元/,
        counted: () => ({ count: total.back, fen: total.backFen }),
        needed: false,
      },
    ],
  );
}

function tradeHeader(
  names: readonly string[],
  tally: Tally,
  day: string | null,
  total: { paid: number; paidFen: number; back: number; backFen: number },
): Header {
  const found = findColumns(names, tradeColumns, tradeKnown);
  if (!found.ok) return found;
  const { at: column, unknown } = found;
  const [word, time, ofDay] = [wordReader("gb18030"), beijingTimes(), dayCheck(day)];
  const wrong = (line: number, name: keyof typeof tradeColumns): BillProblem => {
    return { kind: "value", line, column: tradeColumns[name][0] };
  };
  const row: Row = (fields, bytes, line) => {
    const type = word(fields, bytes, column.type);
    const at = time(fields, bytes, column.at);
    const transactionId = numberAt(fields, bytes, column.transactionId);
    const outTradeNo = numberAt(fields, bytes, column.outTradeNo);
    const orderFen = fenAt(fields, bytes, column.amount);
    const receivedFen = fenAt(fields, bytes, column.received);
    const feeFen = isEmpty(fields, column.fee) ? 0 : fenAt(fields, bytes, column.fee);
    if (type !== "交易" && type !== "退款") return wrong(line, "type");
    if (at === null) return wrong(line, "at");
    if (transactionId === null) return wrong(line, "transactionId");
    if (outTradeNo === null) return wrong(line, "outTradeNo");
    if (receivedFen === null) return wrong(line, "received");
    if (feeFen === null) return wrong(line, "fee");
    const paid = type === "交易";
    // Refunds are negative rows; some accounts' bills write them without the sign.
    if (orderFen === null || (paid && orderFen < 0)) return wrong(line, "amount");
    if (paid && !ofDay(at)) return { kind: "otherDay", line };
    total[paid ? "paid" : "back"] += 1;
    total[paid ? "paidFen" : "backFen"] += Math.abs(receivedFen);
    // What was cancelled after it was paid comes back without a request number.
    const refundNo = paid || isEmpty(fields, column.refundNo) ? null : numberAt(fields, bytes, column.refundNo);
    if (!paid && refundNo === null && !isEmpty(fields, column.refundNo)) return wrong(line, "refundNo");
    const kind: BillLineKind = paid ? "payment" : refundNo === null ? "reversed" : "refund";
    const fee = paid ? Math.abs(feeFen) : 0 - Math.abs(feeFen);
    const amountFen = Math.abs(orderFen);
    const billLine = { kind, outTradeNo, refundNo, transactionId, amountFen, feeFen: fee, at, party: null };
    return tally.add(line, billLine, transactionId, refundNo ?? outTradeNo);
  };
  return { ok: true, row, unknown };
}

export function alipayFundReader(tally: Tally): BillReader {
  const total = { in: 0, inFen: 0, out: 0, outFen: 0 };
  return reader(
    (names) => fundHeader(names, tally, total),
    [
      {
        of: "支出合计",
        pattern: /^#+支出合计[：:](\d{1,9})笔[，,]共(-?[\d.]{1,20})元/,
        counted: () => ({ count: total.out, fen: total.outFen }),
        needed: true,
      },
      {
        of: "收入合计",
        pattern: /^#+收入合计[：:](\d{1,9})笔[，,]共(-?[\d.]{1,20})元/,
        counted: () => ({ count: total.in, fen: total.inFen }),
        needed: true,
      },
    ],
  );
}

const fundKinds: Readonly<Record<string, BillLineKind>> = {
  在线支付: "payment",
  交易付款: "payment",
  交易: "payment",
  退款: "refund",
  交易退款: "refund",
  收费: "fee",
  服务费: "fee",
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
  const [word, time] = [wordReader("gb18030"), beijingTimes()];
  const wrong = (line: number, name: keyof typeof fundColumns): BillProblem => {
    return { kind: "value", line, column: fundColumns[name][0] };
  };
  const row: Row = (fields, bytes, line) => {
    const at = time(fields, bytes, column.at);
    const transactionId = numberAt(fields, bytes, column.flowId);
    const inFen = isEmpty(fields, column.in) ? 0 : fenAt(fields, bytes, column.in);
    const outFen = isEmpty(fields, column.out) ? 0 : fenAt(fields, bytes, column.out);
    if (at === null) return wrong(line, "at");
    if (transactionId === null) return wrong(line, "flowId");
    if (inFen === null || inFen < 0) return wrong(line, "in");
    if (outFen === null) return wrong(line, "out");
    const spentFen = Math.abs(outFen);
    if (inFen > 0) {
      total.in += 1;
      total.inFen += inFen;
    }
    if (spentFen > 0) {
      total.out += 1;
      total.outFen += spentFen;
    }
    const { kind, amountFen } = fundMove(fundKinds[word(fields, bytes, column.type)], inFen - spentFen);
    const outTradeNo = isEmpty(fields, column.outTradeNo) ? null : numberAt(fields, bytes, column.outTradeNo);
    const billLine = { kind, outTradeNo, refundNo: null, transactionId, amountFen, feeFen: 0, at, party: null };
    return tally.add(line, billLine, transactionId);
  };
  return { ok: true, row, unknown };
}

const hash = 0x23;

/** What both have in common: `#` lines, header, rows, the line that says 列表结束, sums. */
function reader(header: (names: readonly string[]) => Header, summary: readonly Said[]): BillReader {
  const fields = newFields();
  const open = new Set(summary.filter(({ needed }) => needed).map(({ of }) => of));
  let columns = 0;
  let row: Row | null = null;
  let listEnded = false;
  let unknown: string[] = [];
  return {
    encoding: "gb18030",
    ended: () => listEnded && open.size === 0,
    unknownColumns: () => unknown,
    onLine(bytes, from, to, line) {
      if (from === to) return null;
      if (bytes[from] === hash) {
        const text = decoded(bytes.subarray(from, to), "gb18030");
        if (row !== null && text.includes("列表结束")) listEnded = true;
        return listEnded ? checkSummary(text, summary, open) : null;
      }
      if (listEnded) return { kind: "afterEnd", line };
      splitAtCommas(fields, bytes, from, to);
      trimFields(fields, bytes);
      if (row === null) {
        const found = header(decoded(bytes.subarray(from, to), "gb18030").split(","));
        if (!found.ok) return found.problem;
        ({ row, unknown } = found);
        columns = fields.count;
        return null;
      }
      if (fields.count !== columns) return { kind: "fields", line, expected: columns, found: fields.count };
      return row(fields, bytes, line);
    },
  };
}

function checkSummary(text: string, summary: readonly Said[], open: Set<string>): BillProblem | null {
  for (const { of, pattern, counted } of summary) {
    const match = pattern.exec(text);
    if (match === null) continue;
    open.delete(of);
    const [, count = "", amount = ""] = match;
    const fen = fenOfText(amount);
    const is = counted();
    return (
      sumProblem(of, Number(count), is.count, count) ??
      sumProblem(of, fen === null ? null : Math.abs(fen), is.fen, amount)
    );
  }
  return null;
}

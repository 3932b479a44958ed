import { type Book, tradeKey } from "../book.ts";
import type { FaultTaker } from "../faults.ts";
import { beijingDay } from "../http.ts";
import { feeFenOf } from "../money.ts";
import type { Gateway, Wallet } from "../names.ts";
import { type LedgerRow, type Trade, walletOf } from "../rows.ts";

/** One line of a gateway's daily bill: a movement of its ledger with what is known about its order. */
export interface BillLine {
  kind: "pay" | "refund" | "reversed";
  at: number;
  createdAt: number;
  outTradeNo: string;
  tradeNo: string;
  /** Null for payments and for reversals, which have no number of their own. */
  refundNo: string | null;
  refundId: string | null;
  /** Positive; `kind` says the direction. */
  amountFen: number;
  /** Kept by the gateway; negative when given back. */
  feeFen: number;
  wallet: Wallet;
  payer: string;
  appid: string | null;
  prepaid: boolean;
  description: string;
  attach: string;
  terminalId: string;
}

function lineOf(row: LedgerRow, trade: Trade): BillLine {
  const refund = trade.refunds.find(({ refundNo }) => refundNo === row.refundNo);
  return {
    kind: row.kind === "charge" ? "pay" : row.refundNo === null ? "reversed" : "refund",
    at: row.at,
    createdAt: trade.createdAt,
    outTradeNo: row.outTradeNo,
    tradeNo: row.tradeNo,
    refundNo: row.refundNo,
    refundId: refund?.refundId ?? null,
    amountFen: row.amountFen,
    feeFen: row.feeFen,
    wallet: walletOf(trade),
    payer: trade.prepay?.openid ?? `o-${row.phoneId ?? "unknown"}`,
    appid: trade.prepay?.appid ?? null,
    prepaid: trade.prepay !== null,
    description: trade.description,
    attach: trade.attach,
    terminalId: trade.terminalId,
  };
}

/** All that moved at a gateway on a day in Beijing, in the order it happened. */
export function linesOf(book: Book, gateway: Gateway, day: string): BillLine[] {
  const lines: BillLine[] = [];
  for (const row of book.ledger) {
    if (row.gateway !== gateway || beijingDay(row.at) !== day) continue;
    const trade = book.trades.get(tradeKey(gateway, row.outTradeNo));
    if (trade !== undefined) lines.push(lineOf(row, trade));
  }
  return lines;
}

/** What the sums at the foot of a bill are made of. */
export interface BillSums {
  lines: number;
  pays: number;
  refunds: number;
  payFen: number;
  refundFen: number;
  feeFen: number;
}

export interface BillContent {
  lines: BillLine[];
  sums: BillSums;
  /** Fault: the other encoding than the published one. */
  wrongEncoding: boolean;
}

export function sumsOf(lines: readonly BillLine[]): BillSums {
  const sums: BillSums = { lines: lines.length, pays: 0, refunds: 0, payFen: 0, refundFen: 0, feeFen: 0 };
  for (const { kind, amountFen, feeFen } of lines) {
    sums.feeFen += feeFen;
    if (kind === "pay") {
      sums.pays += 1;
      sums.payFen += amountFen;
    } else {
      sums.refunds += 1;
      sums.refundFen += amountFen;
    }
  }
  return sums;
}

function foreignLine(gateway: Gateway, at: number): BillLine {
  const amountFen = 8_800;
  return {
    kind: "pay",
    at,
    createdAt: at,
    outTradeNo: `OTHER_SHOP_${at}`,
    tradeNo: `4200999${String(at).padStart(21, "0")}`,
    refundNo: null,
    refundId: null,
    amountFen,
    feeFen: feeFenOf(amountFen),
    wallet: gateway === "acquirer" ? "unionpay" : gateway,
    payer: "o-somebody",
    appid: null,
    prepaid: false,
    description: "便利店消费",
    attach: "",
    terminalId: "SHOP-9",
  };
}

/** The day's bill as the switches want it. Each switch that fits is used up, also where it finds nothing to spoil. */
export function billOf(book: Book, faults: FaultTaker, gateway: Gateway, day: string): BillContent {
  let lines = linesOf(book, gateway, day);
  const on = (name: Parameters<FaultTaker["take"]>[0]): boolean => faults.take(name, gateway);
  const firstPay = lines.find(({ kind }) => kind === "pay");
  const firstBack = lines.find(({ kind }) => kind !== "pay");
  if (on("billLineMissing")) lines = lines.filter((line) => line !== firstPay);
  if (on("billRefundMissing")) lines = lines.filter((line) => line !== firstBack);
  if (on("billLineDoubled")) lines = lines.flatMap((line) => (line === firstPay ? [line, line] : [line]));
  if (on("billAmountOff"))
    lines = lines.map((line) => (line === firstPay ? { ...line, amountFen: line.amountFen + 1 } : line));
  if (on("billForeignLine")) lines = [...lines, foreignLine(gateway, Date.parse(`${day}T12:00:00+08:00`))];
  if (on("billReordered")) lines = lines.toReversed();
  const sums = sumsOf(lines);
  if (on("billWrongSums")) sums.payFen += 1;
  return { lines, sums, wrongEncoding: on("billWrongEncoding") };
}

/** The file as it goes over the line: whole, cut, or with a byte changed. */
export function spoiled(file: Buffer, faults: FaultTaker, gateway: Gateway, kind: "trade" | "fund"): Buffer {
  let sent = file;
  const cut = faults.take(kind === "trade" ? "billTruncated" : "fundTruncated", gateway);
  if (cut) sent = sent.subarray(0, Math.floor((sent.length * 2) / 3));
  if (kind === "trade" && faults.take("billDamaged", gateway)) {
    sent = Buffer.from(sent);
    const middle = sent.length >> 1;
    sent[middle] = (sent[middle] ?? 0) ^ 0x01;
  }
  return sent;
}

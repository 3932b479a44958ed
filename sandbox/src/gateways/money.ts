import { type Book, tradeKey } from "./book.ts";
import type { FaultTaker } from "./faults.ts";
import type { Gateway, Wallet } from "./names.ts";
import {
  type Change,
  type LedgerRow,
  type PaymentCode,
  type PhoneRow,
  type Refund,
  type Trade,
  walletOf,
} from "./rows.ts";

/** How money moves at every gateway: charges, refunds, the fee, and what a payer has left. Fen and milliseconds. */

/** What the merchant may want to hear about. */
export type BankEvent =
  | { kind: "paid"; trade: Trade }
  | { kind: "closed"; trade: Trade }
  /** A refund that left `processing`, or was never in it. */
  | { kind: "refund"; trade: Trade; refund: Refund }
  /** A paid order was reversed as a whole. */
  | { kind: "reversed"; trade: Trade };

/** What the bank works on. */
export interface Desk {
  book: Book;
  faults: FaultTaker;
  now: () => number;
  tell: (event: BankEvent) => void;
}

/** 0.6 % of what was paid, to the nearest fen, half up. */
export function feeFenOf(amountFen: number): number {
  return Math.floor((amountFen * 6 + 500) / 1000);
}

type BalanceColumn = "wechatFen" | "alipayFen" | "unionpayFen" | "ecnyFen";
export const BALANCE: Readonly<Record<Wallet, BalanceColumn>> = {
  wechat: "wechatFen",
  alipay: "alipayFen",
  unionpay: "unionpayFen",
  ecny: "ecnyFen",
};
export const balanceOf = (phone: PhoneRow, wallet: Wallet): number => phone[BALANCE[wallet]];

export const isOpen = (trade: Trade): boolean => trade.state === "notPaid" || trade.state === "userPaying";

/** What went back or is about to; a refund that failed counts no more. */
export function returnedFen(trade: Trade): number {
  return trade.refunds.reduce(
    (sum, { state, amountFen }) => sum + (state === "abnormal" || state === "closed" ? 0 : amountFen),
    0,
  );
}

/** What has really gone back. */
export function refundedFen(trade: Trade): number {
  return trade.refunds.reduce((sum, { state, amountFen }) => sum + (state === "success" ? amountFen : 0), 0);
}

/** The rows of one movement: the ledger line and the payer's balance. The fee of what goes back is given back. */
export function movement(
  desk: Desk,
  trade: Trade,
  move: Pick<LedgerRow, "kind" | "amountFen" | "refundNo"> & { leftBeforeFen: number },
): Change {
  const { kind, amountFen, refundNo, leftBeforeFen } = move;
  const { book } = desk;
  const phone = trade.phoneId === null ? undefined : book.phones.get(trade.phoneId);
  const delta = kind === "charge" ? -amountFen : amountFen;
  const feeFen =
    kind === "charge" ? feeFenOf(amountFen) : feeFenOf(leftBeforeFen - amountFen) - feeFenOf(leftBeforeFen);
  const { gateway, outTradeNo, tradeNo, phoneId } = trade;
  const seq = book.ledger.length + 1;
  const column = BALANCE[walletOf(trade)];
  return {
    ledger: [{ seq, at: desk.now(), gateway, kind, amountFen, outTradeNo, tradeNo, refundNo, phoneId, feeFen }],
    ...(phone === undefined ? {} : { phones: [{ ...phone, [column]: phone[column] + delta }] }),
  };
}

/** Takes the money of an open order. */
export function charge(desk: Desk, trade: Trade, codes: PaymentCode[] = []): Trade {
  const paid: Trade = { ...trade, state: "paid", paidAt: desk.now() };
  const { amountFen } = paid;
  const move = movement(desk, paid, { kind: "charge", amountFen, refundNo: null, leftBeforeFen: 0 });
  desk.book.commit({ trades: [paid], codes, ...move });
  desk.tell({ kind: "paid", trade: paid });
  return paid;
}

/** The trade as it stands now: what time alone does to it is done first. */
export function find(desk: Desk, gateway: Gateway, outTradeNo: string): Trade | undefined {
  const trade = desk.book.trades.get(tradeKey(gateway, outTradeNo));
  if (trade === undefined) return undefined;
  if (isOpen(trade) && !trade.stuck) return settleOpen(desk, trade);
  return settleRefunds(desk, trade);
}

function settleOpen(desk: Desk, trade: Trade): Trade {
  const now = desk.now();
  if (trade.paysAt !== null && now >= trade.paysAt && trade.paysAt < trade.closesAt) return charge(desk, trade);
  if (now < trade.closesAt) return trade;
  const closed: Trade = { ...trade, state: "closed" };
  desk.book.commit({ trades: [closed] });
  desk.tell({ kind: "closed", trade: closed });
  return closed;
}

function settleRefunds(desk: Desk, trade: Trade): Trade {
  const due = trade.refunds.find(
    ({ state, settlesAt }) => state === "processing" && settlesAt !== null && desk.now() >= settlesAt,
  );
  return due === undefined ? trade : settleRefunds(desk, finishRefund(desk, trade, due));
}

/** A processing refund is done: the money moves now. */
export function finishRefund(desk: Desk, trade: Trade, refund: Refund): Trade {
  const done: Refund = { ...refund, state: "success", doneAt: desk.now() };
  const after: Trade = { ...trade, refunds: trade.refunds.map((each) => (each === refund ? done : each)) };
  const { amountFen, refundNo } = done;
  const leftBeforeFen = trade.amountFen - refundedFen(trade);
  desk.book.commit({
    trades: [after],
    ...movement(desk, after, { kind: "refund", amountFen, refundNo, leftBeforeFen }),
  });
  desk.tell({ kind: "refund", trade: after, refund: done });
  return after;
}

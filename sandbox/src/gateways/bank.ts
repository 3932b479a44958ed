import { type PayRequest, type PayResult, pay } from "./bankPay.ts";
import {
  type CashierResult,
  type CloseResult,
  close,
  findPrepaid,
  openPrepaid,
  type PrepareRequest,
  type PrepareResult,
  payPrepaid,
  prepare,
} from "./bankPrepay.ts";
import {
  findRefund,
  type RefundRequest,
  type RefundResult,
  type ReverseResult,
  refund,
  reverse,
} from "./bankRefund.ts";
import type { Book } from "./book.ts";
import type { FaultTaker } from "./faults.ts";
import { type BankEvent, charge, type Desk, find } from "./money.ts";
import type { Gateway } from "./names.ts";
import type { Refund, Trade } from "./rows.ts";

/**
 * What all gateways do with money, in their common part; how they say it differs and stands in their own files. Times
 * are milliseconds, amounts fen.
 */
export interface Bank {
  pay(request: PayRequest): PayResult;
  /** The trade as it stands now; what time alone does to it is done first. */
  find(gateway: Gateway, outTradeNo: string): Trade | undefined;
  reverse(gateway: Gateway, outTradeNo: string, allowedForMs: number): ReverseResult;
  refund(request: RefundRequest): RefundResult;
  /** A refund by its number; a processing one is finished by its second query. */
  findRefund(gateway: Gateway, refundNo: string, outTradeNo?: string): { trade: Trade; refund: Refund } | undefined;
  prepare(request: PrepareRequest): PrepareResult;
  findPrepaid(prepayId: string): Trade | undefined;
  payPrepaid(prepayId: string, phoneId: string): CashierResult;
  openPrepaid(phoneId: string): Trade[];
  close(outTradeNo: string): CloseResult;
  /** Orders that wait for the password of this phone (or of any). */
  waiting(phoneId?: string): Trade[];
  /** The payer's answer to the password box of one order; false when there is none to answer. */
  answer(gateway: Gateway, outTradeNo: string, enter: boolean): boolean;
  /** Does what time alone does, to all orders. */
  settle(): void;
  onEvent(listener: (event: BankEvent) => void): void;
}

function waiting(desk: Desk, phoneId?: string): Trade[] {
  const found: Trade[] = [];
  for (const key of [...desk.book.unsettled]) {
    const trade = desk.book.trades.get(key);
    if (trade?.state !== "userPaying" || (phoneId !== undefined && trade.phoneId !== phoneId)) continue;
    if (find(desk, trade.gateway, trade.outTradeNo)?.state === "userPaying") found.push(trade);
  }
  return found;
}

function answer(desk: Desk, gateway: Gateway, outTradeNo: string, enter: boolean): boolean {
  const trade = find(desk, gateway, outTradeNo);
  if (trade === undefined || trade.state !== "userPaying" || trade.stuck) return false;
  if (enter) charge(desk, trade);
  else desk.book.commit({ trades: [{ ...trade, state: gateway === "alipay" ? "closed" : "payError" }] });
  return true;
}

function settle(desk: Desk): void {
  for (const key of [...desk.book.unsettled]) {
    const trade = desk.book.trades.get(key);
    if (trade !== undefined) find(desk, trade.gateway, trade.outTradeNo);
  }
}

export function makeBank(book: Book, faults: FaultTaker, now: () => number): Bank {
  const listeners: ((event: BankEvent) => void)[] = [];
  const tell = (event: BankEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const desk: Desk = { book, faults, now, tell };
  return {
    pay: (request) => pay(desk, request),
    find: (gateway, outTradeNo) => find(desk, gateway, outTradeNo),
    reverse: (gateway, outTradeNo, allowedForMs) => reverse(desk, gateway, outTradeNo, allowedForMs),
    refund: (request) => refund(desk, request),
    findRefund: (gateway, refundNo, outTradeNo) => findRefund(desk, gateway, refundNo, outTradeNo),
    prepare: (request) => prepare(desk, request),
    findPrepaid: (prepayId) => findPrepaid(desk, prepayId),
    payPrepaid: (prepayId, phoneId) => payPrepaid(desk, prepayId, phoneId),
    openPrepaid: (phoneId) => openPrepaid(desk, phoneId),
    close: (outTradeNo) => close(desk, outTradeNo),
    waiting: (phoneId) => waiting(desk, phoneId),
    answer: (gateway, outTradeNo, enter) => answer(desk, gateway, outTradeNo, enter),
    settle: () => settle(desk),
    onEvent: (listener) => void listeners.push(listener),
  };
}

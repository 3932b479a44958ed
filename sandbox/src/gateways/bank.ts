import { type Book, type Change, type PaymentCode, type PhoneRow, type Refund, type Trade, tradeKey } from "./book.ts";
import type { FaultTaker, Gateway } from "./faults.ts";

/**
 * What both gateways do with money, in their common part; how they say it differs and stands in `wechat.ts` and
 * `alipay.ts`. Times are milliseconds, amounts fen.
 */
export interface PayRequest {
  gateway: Gateway;
  outTradeNo: string;
  amountFen: number;
  authCode: string;
  /** The gateway closes the order by itself when it is still unpaid after this time. */
  closeAfterMs: number;
  /** When the call came in, if it was held on the way: the code is judged by that time. */
  receivedAt?: number;
}
export type PayResult =
  | { kind: "paid"; trade: Trade }
  | { kind: "userPaying"; trade: Trade }
  /** The order number was used before; the trade of that time. */
  | { kind: "used"; trade: Trade }
  | { kind: "codeInvalid" }
  | { kind: "notEnough" };
export type ReverseResult = { kind: "closed" } | { kind: "refunded" } | { kind: "notFound" } | { kind: "tooLate" };
export type RefundResult =
  | { kind: "ok"; trade: Trade; refund: Refund; moved: boolean }
  | { kind: "notFound" }
  | { kind: "notPaid" }
  | { kind: "tooMuch" }
  /** The same refund number with another amount. */
  | { kind: "different" };

export interface Bank {
  pay(request: PayRequest): PayResult;
  /** The trade as it stands now; an unpaid one past its time is closed first. */
  find(gateway: Gateway, outTradeNo: string): Trade | undefined;
  reverse(gateway: Gateway, outTradeNo: string, allowedForMs: number): ReverseResult;
  refund(gateway: Gateway, outTradeNo: string, refundNo: string, amountFen: number): RefundResult;
  /** A refund by its number; a processing one is finished by its second query. */
  findRefund(gateway: Gateway, refundNo: string, outTradeNo?: string): { trade: Trade; refund: Refund } | undefined;
  /** Orders that wait for the password of this phone (or of any). */
  waiting(phoneId?: string): Trade[];
  /** The payer's answer to the password box of one order; false when there is none to answer. */
  answer(gateway: Gateway, outTradeNo: string, enter: boolean): boolean;
}

/** Codes change each minute and are taken for a little longer, since a scan may fall on the change. */
export const CODE_LIVES_MS = 60_000;
export const CODE_ACCEPTED_MS = 90_000;

const balanceOf = (phone: PhoneRow, gateway: Gateway): number =>
  gateway === "wechat" ? phone.wechatFen : phone.alipayFen;
const withBalance = (phone: PhoneRow, gateway: Gateway, fen: number): PhoneRow =>
  gateway === "wechat" ? { ...phone, wechatFen: fen } : { ...phone, alipayFen: fen };
const open = (trade: Trade): boolean => trade.state === "notPaid" || trade.state === "userPaying";
const returnedFen = (trade: Trade): number =>
  trade.refunds.reduce((sum, refund) => sum + (refund.state === "abnormal" ? 0 : refund.amountFen), 0);

/** The rows of one movement: the ledger line and the payer's balance. */
function movement(
  book: Book,
  trade: Trade,
  at: number,
  kind: "charge" | "refund",
  amountFen: number,
  refundNo: string | null,
): Change {
  const phone = trade.phoneId === null ? undefined : book.phones.get(trade.phoneId);
  const delta = kind === "charge" ? -amountFen : amountFen;
  const { gateway, outTradeNo, tradeNo, phoneId } = trade;
  return {
    ledger: [{ seq: book.ledger.length + 1, at, gateway, kind, amountFen, outTradeNo, tradeNo, refundNo, phoneId }],
    ...(phone === undefined ? {} : { phones: [withBalance(phone, gateway, balanceOf(phone, gateway) + delta)] }),
  };
}

/** Transaction numbers look like the gateways' own: 28 digits beginning 42 (WeChat Pay) or the day (Alipay). */
function tradeNumber(gateway: Gateway, at: number, count: number): string {
  const day = new Date(at + 8 * 3600_000).toISOString().slice(0, 10).replaceAll("-", "");
  return `${gateway === "wechat" ? "4200" : ""}${day}${String(count).padStart(gateway === "wechat" ? 16 : 20, "0")}`;
}

/** What the bank works on. */
interface Desk {
  book: Book;
  faults: FaultTaker;
  now: () => number;
}

function charge(desk: Desk, trade: Trade, codes: PaymentCode[] = []): Trade {
  const at = desk.now();
  const paid: Trade = { ...trade, state: "paid", paidAt: at };
  desk.book.commit({ trades: [paid], codes, ...movement(desk.book, paid, at, "charge", paid.amountFen, null) });
  return paid;
}

function find(desk: Desk, gateway: Gateway, outTradeNo: string): Trade | undefined {
  const trade = desk.book.trades.get(tradeKey(gateway, outTradeNo));
  if (trade === undefined || !open(trade) || trade.stuck || desk.now() < trade.closesAt) return trade;
  const closed: Trade = { ...trade, state: "closed" };
  desk.book.commit({ trades: [closed] });
  return closed;
}

/** A refused order exists unpaid at WeChat Pay; at Alipay none is made. */
function refuseForBalance(desk: Desk, trade: Trade, codes: PaymentCode[]): PayResult {
  desk.book.commit(trade.gateway === "wechat" ? { trades: [trade], codes } : { codes });
  return { kind: "notEnough" };
}

function pay(desk: Desk, request: PayRequest): PayResult {
  const { gateway, outTradeNo, amountFen } = request;
  const earlier = find(desk, gateway, outTradeNo);
  if (earlier !== undefined) return { kind: "used", trade: earlier };
  const at = desk.now();
  const code = desk.book.codes.get(request.authCode);
  const phone = code === undefined ? undefined : desk.book.phones.get(code.phoneId);
  const receivedAt = request.receivedAt ?? at;
  const codeIsGood =
    code !== undefined && code.gateway === gateway && !code.used && receivedAt - code.issuedAt <= CODE_ACCEPTED_MS;
  if (!codeIsGood || phone === undefined || desk.faults.take("authCodeInvalid", gateway))
    return { kind: "codeInvalid" };
  const codes = [{ ...code, used: true }];
  const trade: Trade = {
    gateway,
    outTradeNo,
    tradeNo: tradeNumber(gateway, at, desk.book.trades.size + 1),
    amountFen,
    phoneId: phone.id,
    state: "notPaid",
    stuck: false,
    createdAt: at,
    closesAt: at + request.closeAfterMs,
    paidAt: null,
    refunds: [],
  };
  const poor = phone.noBalance || balanceOf(phone, gateway) < amountFen;
  if (desk.faults.take("notEnough", gateway) || poor) return refuseForBalance(desk, trade, codes);
  const stuck = desk.faults.take("userPayingForever", gateway);
  if (stuck || phone.askPassword) {
    const waiting: Trade = { ...trade, state: "userPaying", stuck };
    desk.book.commit({ trades: [waiting], codes });
    return { kind: "userPaying", trade: waiting };
  }
  return { kind: "paid", trade: charge(desk, trade, codes) };
}

function reverse(desk: Desk, gateway: Gateway, outTradeNo: string, allowedForMs: number): ReverseResult {
  const trade = find(desk, gateway, outTradeNo);
  if (trade === undefined) return { kind: "notFound" };
  if (desk.now() - trade.createdAt > allowedForMs) return { kind: "tooLate" };
  if (trade.state === "paid") {
    const left = trade.amountFen - returnedFen(trade);
    const revoked: Trade = { ...trade, state: "revoked" };
    desk.book.commit({
      trades: [revoked],
      ...(left > 0 ? movement(desk.book, revoked, desk.now(), "refund", left, null) : {}),
    });
    return { kind: "refunded" };
  }
  if (open(trade)) desk.book.commit({ trades: [{ ...trade, state: "revoked" }] });
  return { kind: "closed" };
}

function refund(desk: Desk, gateway: Gateway, outTradeNo: string, refundNo: string, amountFen: number): RefundResult {
  const trade = find(desk, gateway, outTradeNo);
  if (trade === undefined) return { kind: "notFound" };
  const same = trade.refunds.find((each) => each.refundNo === refundNo);
  if (same !== undefined) {
    if (same.amountFen !== amountFen) return { kind: "different" };
    return { kind: "ok", trade, refund: same, moved: false };
  }
  if (trade.state !== "paid") return { kind: "notPaid" };
  if (amountFen > trade.amountFen - returnedFen(trade)) return { kind: "tooMuch" };
  const at = desk.now();
  const abnormal = desk.faults.take("refundAbnormal", gateway);
  const processing = !abnormal && desk.faults.take("refundProcessing", gateway);
  const state = abnormal ? "abnormal" : processing ? "processing" : "success";
  const refundId = `5030${trade.tradeNo.slice(-20)}${String(trade.refunds.length + 1).padStart(4, "0")}`;
  const made: Refund = { refundNo, refundId, amountFen, state, queries: 0, at };
  const after: Trade = { ...trade, refunds: [...trade.refunds, made] };
  const moves = state === "success" ? movement(desk.book, after, at, "refund", amountFen, refundNo) : {};
  desk.book.commit({ trades: [after], ...moves });
  return { kind: "ok", trade: after, refund: made, moved: state === "success" };
}

function findRefund(desk: Desk, gateway: Gateway, refundNo: string, outTradeNo?: string) {
  for (const trade of desk.book.trades.values()) {
    if (trade.gateway !== gateway || (outTradeNo !== undefined && trade.outTradeNo !== outTradeNo)) continue;
    const found = trade.refunds.find((each) => each.refundNo === refundNo);
    if (found === undefined) continue;
    if (found.state !== "processing") return { trade, refund: found };
    const next: Refund = {
      ...found,
      queries: found.queries + 1,
      state: found.queries >= 1 ? "success" : "processing",
    };
    const after: Trade = { ...trade, refunds: trade.refunds.map((each) => (each === found ? next : each)) };
    const moves =
      next.state === "success" ? movement(desk.book, after, desk.now(), "refund", next.amountFen, refundNo) : {};
    desk.book.commit({ trades: [after], ...moves });
    return { trade: after, refund: next };
  }
  return undefined;
}

function waiting(desk: Desk, phoneId?: string): Trade[] {
  const mine = [...desk.book.trades.values()].filter((trade) => trade.state === "userPaying");
  return mine
    .filter((trade) => phoneId === undefined || trade.phoneId === phoneId)
    .filter((trade) => find(desk, trade.gateway, trade.outTradeNo)?.state === "userPaying");
}

function answer(desk: Desk, gateway: Gateway, outTradeNo: string, enter: boolean): boolean {
  const trade = find(desk, gateway, outTradeNo);
  if (trade === undefined || trade.state !== "userPaying" || trade.stuck) return false;
  if (enter) charge(desk, trade);
  else desk.book.commit({ trades: [{ ...trade, state: gateway === "wechat" ? "payError" : "closed" }] });
  return true;
}

export function makeBank(book: Book, faults: FaultTaker, now: () => number): Bank {
  const desk: Desk = { book, faults, now };
  return {
    pay: (request) => pay(desk, request),
    find: (gateway, outTradeNo) => find(desk, gateway, outTradeNo),
    reverse: (gateway, outTradeNo, allowedForMs) => reverse(desk, gateway, outTradeNo, allowedForMs),
    refund: (gateway, outTradeNo, refundNo, amountFen) => refund(desk, gateway, outTradeNo, refundNo, amountFen),
    findRefund: (gateway, refundNo, outTradeNo) => findRefund(desk, gateway, refundNo, outTradeNo),
    waiting: (phoneId) => waiting(desk, phoneId),
    answer: (gateway, outTradeNo, enter) => answer(desk, gateway, outTradeNo, enter),
  };
}

import { balanceOf, charge, type Desk, find } from "./money.ts";
import { type Gateway, type Wallet, walletOfCode } from "./names.ts";
import type { PaymentCode, PhoneRow, Trade } from "./rows.ts";

/** Payment by a scanned code, in the part all gateways have in common. */
export interface PayRequest {
  gateway: Gateway;
  outTradeNo: string;
  amountFen: number;
  authCode: string;
  /** The gateway closes the order by itself when it is still unpaid after this time. */
  closeAfterMs: number;
  /** When the call came in, if it was held on the way: the code is judged by that time. */
  receivedAt?: number;
  /** What the merchant said about it. */
  about?: Partial<Pick<Trade, "description" | "attach" | "terminalId" | "notifyUrl">>;
}
export type PayResult =
  | { kind: "paid"; trade: Trade }
  | { kind: "userPaying"; trade: Trade }
  /** The order number was used before; the trade of that time (null: a fault says so). */
  | { kind: "used"; trade: Trade | null }
  | { kind: "codeInvalid" }
  | { kind: "notEnough" }
  | { kind: "risk" };

/** Codes change each minute and are taken for a little longer, since a scan may fall on the change. */
export const CODE_LIVES_MS = 60_000;
export const CODE_ACCEPTED_MS = 90_000;

/** Transaction numbers look like the gateways' own: 28 digits beginning 42 (WeChat Pay) or the day (the others). */
export function tradeNumber(gateway: Gateway, at: number, count: number): string {
  const day = new Date(at + 8 * 3600_000).toISOString().slice(0, 10).replaceAll("-", "");
  return `${gateway === "wechat" ? "4200" : ""}${day}${String(count).padStart(gateway === "wechat" ? 16 : 20, "0")}`;
}

/** A new order, unpaid. */
export function newTrade(
  desk: Desk,
  order: Pick<Trade, "gateway" | "outTradeNo" | "amountFen" | "closesAt"> & Partial<Trade>,
): Trade {
  const at = desk.now();
  return {
    tradeNo: tradeNumber(order.gateway, at, desk.book.trades.size + 1),
    phoneId: null,
    state: "notPaid",
    stuck: false,
    createdAt: at,
    paidAt: null,
    refunds: [],
    wallet: null,
    paysAt: null,
    description: "",
    attach: "",
    terminalId: "",
    notifyUrl: null,
    prepay: null,
    ...order,
  };
}

interface Payer {
  code: PaymentCode;
  phone: PhoneRow;
  wallet: Wallet;
}

/** Whose code it is, if it is good at this gateway now. */
function payerOf(desk: Desk, request: PayRequest): Payer | null {
  const code = desk.book.codes.get(request.authCode);
  const phone = code === undefined ? undefined : desk.book.phones.get(code.phoneId);
  const receivedAt = request.receivedAt ?? desk.now();
  if (code === undefined || phone === undefined || code.gateway !== request.gateway) return null;
  if (code.used || receivedAt - code.issuedAt > CODE_ACCEPTED_MS) return null;
  return desk.faults.take("authCodeInvalid", request.gateway) ? null : { code, phone, wallet: walletOfCode(code.code) };
}

/** A refused order exists unpaid at WeChat Pay; elsewhere none is made. */
function refuse(desk: Desk, trade: Trade, codes: PaymentCode[], kind: "notEnough" | "risk"): PayResult {
  desk.book.commit(trade.gateway === "wechat" ? { trades: [trade], codes } : { codes });
  return { kind };
}

/** The order waits for its payer's password, as the switches and the phone want it; null: no password is asked for. */
function waitingTrade(desk: Desk, trade: Trade, phone: PhoneRow): Trade | null {
  const { faults } = desk;
  const { gateway, createdAt } = trade;
  if (faults.take("userPayingForever", gateway)) return { ...trade, state: "userPaying", stuck: true };
  const paysAfterMs = faults.takeMs("paidAfter", gateway);
  if (paysAfterMs !== null) return { ...trade, state: "userPaying", paysAt: createdAt + paysAfterMs };
  const closesAfterMs = faults.takeMs("autoReverse", gateway);
  if (closesAfterMs !== null) return { ...trade, state: "userPaying", closesAt: createdAt + closesAfterMs };
  if (!phone.askPassword || faults.take("paidAtOnce", gateway)) return null;
  return { ...trade, state: "userPaying" };
}

export function pay(desk: Desk, request: PayRequest): PayResult {
  const { gateway, outTradeNo, amountFen } = request;
  const { book, faults } = desk;
  const earlier = find(desk, gateway, outTradeNo);
  if (earlier !== undefined) return { kind: "used", trade: earlier };
  if (faults.take("outTradeNoUsed", gateway)) return { kind: "used", trade: null };
  const payer = payerOf(desk, request);
  if (payer === null) return { kind: "codeInvalid" };
  const { code, phone, wallet } = payer;
  const codes = [{ ...code, used: true }];
  const closesAt = desk.now() + request.closeAfterMs;
  const of = { phoneId: phone.id, wallet, ...request.about };
  const trade = newTrade(desk, { gateway, outTradeNo, amountFen, closesAt, ...of });
  if (faults.take("riskRefused", gateway)) return refuse(desk, trade, codes, "risk");
  const poor = phone.noBalance || balanceOf(phone, wallet) < amountFen;
  if (faults.take("notEnough", gateway) || poor) return refuse(desk, trade, codes, "notEnough");
  const waiting = waitingTrade(desk, trade, phone);
  if (waiting !== null) {
    book.commit({ trades: [waiting], codes });
    return { kind: "userPaying", trade: waiting };
  }
  if (faults.take("rolledBack", gateway)) {
    book.commit({ trades: [{ ...trade, state: "closed" }], codes });
    return { kind: "paid", trade: { ...trade, state: "paid", paidAt: desk.now() } };
  }
  return { kind: "paid", trade: charge(desk, trade, codes) };
}

import { randomBytes } from "node:crypto";
import { newTrade } from "./bankPay.ts";
import { balanceOf, charge, type Desk, find, isOpen } from "./money.ts";
import type { Trade } from "./rows.ts";

/** Orders that are prepared first and paid in the wallet later: WeChat Pay's JSAPI and mini program. */
export interface PrepareRequest {
  outTradeNo: string;
  amountFen: number;
  appid: string;
  openid: string;
  description: string;
  attach: string;
  notifyUrl: string;
  /** null: as long as the prepay id lives. */
  closesAt: number | null;
}
export type PrepareResult =
  | { kind: "ok"; prepayId: string }
  | { kind: "paid" }
  | { kind: "closed" }
  /** The number stands for another order. */
  | { kind: "different" };
export type CashierResult = "paid" | "unknown" | "notPayable" | "otherPayer" | "notEnough" | "offline";
export type CloseResult = "closed" | "paid" | "notFound" | "scanned";

const PREPAY_LIVES_MS = 2 * 3600_000;

/** "wx", the moment in Beijing, 20 hex digits: as the published ones look. */
function newPrepayId(at: number): string {
  const moment = new Date(at + 8 * 3600_000).toISOString().slice(0, 19).replace(/\D/g, "");
  return `wx${moment}${randomBytes(10).toString("hex")}`;
}

export function prepare(desk: Desk, request: PrepareRequest): PrepareResult {
  const { outTradeNo, amountFen, appid, openid, description, attach, notifyUrl } = request;
  const at = desk.now();
  const content = JSON.stringify([amountFen, appid, openid, description, attach, notifyUrl, request.closesAt]);
  const earlier = find(desk, "wechat", outTradeNo);
  if (earlier !== undefined) {
    if (earlier.prepay?.content !== content) return { kind: "different" };
    if (!isOpen(earlier)) return { kind: earlier.state === "closed" ? "closed" : "paid" };
    if (at < earlier.prepay.prepayUntil) return { kind: "ok", prepayId: earlier.prepay.prepayId };
    const prepay = { ...earlier.prepay, prepayId: newPrepayId(at), prepayUntil: at + PREPAY_LIVES_MS };
    desk.book.commit({ trades: [{ ...earlier, prepay }] });
    return { kind: "ok", prepayId: prepay.prepayId };
  }
  if (desk.faults.take("outTradeNoUsed", "wechat")) return { kind: "different" };
  const prepay = { prepayId: newPrepayId(at), prepayUntil: at + PREPAY_LIVES_MS, appid, openid, content };
  const closesAt = request.closesAt ?? at + PREPAY_LIVES_MS;
  const of = { description, attach, notifyUrl, prepay };
  desk.book.commit({ trades: [newTrade(desk, { gateway: "wechat", outTradeNo, amountFen, closesAt, ...of })] });
  return { kind: "ok", prepayId: prepay.prepayId };
}

/** The order behind a prepay id, whatever became of it. */
export function findPrepaid(desk: Desk, prepayId: string): Trade | undefined {
  for (const trade of desk.book.trades.values()) {
    if (trade.prepay?.prepayId === prepayId) return find(desk, "wechat", trade.outTradeNo);
  }
  return undefined;
}

/** The openids the phones have in the service account and in the mini program. */
export const openidsOf = (phoneId: string) => ({ h5: `o-${phoneId}`, mini: `m-${phoneId}` });

/** The phone a known openid belongs to; orders of openids nobody knows may be paid by any phone. */
export function phoneOfOpenid(desk: Pick<Desk, "book">, openid: string): string | null {
  for (const { id } of desk.book.phones.values()) {
    const { h5, mini } = openidsOf(id);
    if (openid === h5 || openid === mini) return id;
  }
  return null;
}

/** The payer confirms in the wallet. */
export function payPrepaid(desk: Desk, prepayId: string, phoneId: string): CashierResult {
  const trade = findPrepaid(desk, prepayId);
  const phone = desk.book.phones.get(phoneId);
  if (trade?.prepay == null || phone === undefined) return "unknown";
  if (!isOpen(trade) || desk.now() >= trade.prepay.prepayUntil) return "notPayable";
  const owner = phoneOfOpenid(desk, trade.prepay.openid);
  if (owner !== null && owner !== phoneId) return "otherPayer";
  if (phone.offline) return "offline";
  if (phone.noBalance || balanceOf(phone, "wechat") < trade.amountFen) return "notEnough";
  charge(desk, { ...trade, phoneId, wallet: "wechat" });
  return "paid";
}

export function close(desk: Desk, outTradeNo: string): CloseResult {
  const trade = find(desk, "wechat", outTradeNo);
  if (trade === undefined) return "notFound";
  if (trade.prepay === null) return "scanned";
  if (isOpen(trade) && desk.faults.take("paidBeforeClose", "wechat")) {
    const [anyPhone] = desk.book.phones.keys();
    const phoneId = phoneOfOpenid(desk, trade.prepay.openid) ?? anyPhone ?? null;
    charge(desk, { ...trade, phoneId, wallet: "wechat" });
    return "paid";
  }
  if (isOpen(trade)) {
    const closed: Trade = { ...trade, state: "closed" };
    desk.book.commit({ trades: [closed] });
    desk.tell({ kind: "closed", trade: closed });
    return "closed";
  }
  return trade.state === "closed" ? "closed" : "paid";
}

/** Orders this phone could pay now, oldest first. */
export function openPrepaid(desk: Desk, phoneId: string): Trade[] {
  const open: Trade[] = [];
  for (const key of desk.book.unsettled) {
    const trade = desk.book.trades.get(key);
    if (trade?.prepay == null || !isOpen(trade)) continue;
    const owner = phoneOfOpenid(desk, trade.prepay.openid);
    if (owner !== null && owner !== phoneId) continue;
    if (desk.now() < trade.closesAt && desk.now() < trade.prepay.prepayUntil) open.push(trade);
  }
  return open;
}

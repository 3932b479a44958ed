import type { Bank } from "./bank.ts";
import type { CashierResult } from "./bankPrepay.ts";
import type { GatewayKeys } from "./keys.ts";
import { makePaySignCheck, type PayParams } from "./wechatSigning.ts";

/** The wallet's window over the payer's page, and what it tells the page (facts/wechat.md §5.3). */
export interface CashierOrder {
  prepayId: string;
  outTradeNo: string;
  description: string;
  amountFen: number;
  state: string;
}
/** `ok` is a hint for the page, never a proof. */
export interface CashierAnswer {
  err_msg: "get_brand_wcpay_request:ok" | "get_brand_wcpay_request:cancel" | "get_brand_wcpay_request:fail";
  /** Why it failed, in the wallet's words. */
  err_desc?: string;
}
/** By its parameters, as a page opens it; or by hand with the bare id, as the workbench does. */
export type CashierRequest = { prepayId: string } | PayParams;

export interface Cashier {
  /** Orders a phone could pay now. */
  open(phoneId: string): CashierOrder[];
  /** What the window shows; the answer of a wallet that does not open. */
  look(request: CashierRequest): { order: CashierOrder } | CashierAnswer;
  /** The payer confirms, or goes back. */
  answer(request: CashierRequest, phoneId: string, pay: boolean): CashierAnswer;
}

const fail = (why: string): CashierAnswer => ({ err_msg: "get_brand_wcpay_request:fail", err_desc: why });
const REASONS: Readonly<Record<Exclude<CashierResult, "paid">, string>> = {
  unknown: "订单不存在",
  notPayable: "订单已支付、已关闭或已过期",
  otherPayer: "下单用户与支付用户不一致",
  notEnough: "余额不足",
  offline: "网络不可用",
};

export function makeCashier(bank: Bank, keys: GatewayKeys): Cashier {
  const isSigned = makePaySignCheck(keys);

  /** The prepay id that a wallet would open, or why it would not. */
  function opened(request: CashierRequest): string | CashierAnswer {
    if ("prepayId" in request) return request.prepayId;
    const prepayId = /^prepay_id=(.+)$/.exec(request.package)?.[1];
    if (!isSigned(request) || prepayId === undefined) return fail("支付验证签名失败");
    const trade = bank.findPrepaid(prepayId);
    return trade !== undefined && trade.prepay?.appid !== request.appId ? fail("appid与下单时不一致") : prepayId;
  }

  function order(prepayId: string): CashierOrder | undefined {
    const trade = bank.findPrepaid(prepayId);
    if (trade === undefined) return undefined;
    const { outTradeNo, description, amountFen, state } = trade;
    return { prepayId, outTradeNo, description, amountFen, state };
  }

  return {
    open: (phoneId) =>
      bank.openPrepaid(phoneId).flatMap(({ prepay }) => (prepay === null ? [] : (order(prepay.prepayId) ?? []))),
    look(request) {
      const prepayId = opened(request);
      if (typeof prepayId !== "string") return prepayId;
      const found = order(prepayId);
      return found === undefined ? fail(REASONS.unknown) : { order: found };
    },
    answer(request, phoneId, pay) {
      const prepayId = opened(request);
      if (typeof prepayId !== "string") return prepayId;
      if (!pay) return { err_msg: "get_brand_wcpay_request:cancel" };
      const result = bank.payPrepaid(prepayId, phoneId);
      return result === "paid" ? { err_msg: "get_brand_wcpay_request:ok" } : fail(REASONS[result]);
    },
  };
}

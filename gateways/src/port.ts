import type { ChannelName, Fen, Outcome, RefundOutcome, ReverseOutcome } from "@citygas/core";

/** One code payment. `authCode` is used for this one call and is never stored, logged or part of any answer. */
export interface PayRequest {
  /** `[0-9A-Za-z_]{6,32}`, never used before at any gateway. */
  outTradeNo: string;
  amountFen: Fen;
  authCode: string;
  /** What the payer reads in the wallet; signs a gateway refuses are replaced. */
  description: string;
  terminalId: string;
  storeId?: string;
  deviceIp?: string;
}
export interface QueryRequest {
  outTradeNo: string;
  /** What was asked for. A verified payment of another amount is still `paid`, with the amount it really has. */
  amountFen: Fen;
}
export interface RefundRequest {
  outTradeNo: string;
  /** Fixed per refund; a retry uses the same one and moves money once. */
  refundNo: string;
  amountFen: Fen;
  totalFen: Fen;
  reason: string;
}

/**
 * A way to take money by a scanned payment code (facts/payments.md §3). No call throws for what a gateway or a network
 * does: whatever isn't known is `unknown`. No call repeats itself; repeating `pay` is never right, repeating the others
 * is the caller's timer.
 *
 * A verified reply about another order, merchant or app is `unknown`. `pay` answering `paid` still wants one confirming
 * query before anything is delivered, since Alipay may roll a success back.
 */
export interface CodePayChannel {
  readonly name: ChannelName;
  pay(request: PayRequest): Promise<Outcome>;
  query(request: QueryRequest): Promise<Outcome>;
  /** Closes an unpaid order, gives back a paid one. Believed only when a query confirms it. */
  reverse(request: { outTradeNo: string }): Promise<ReverseOutcome>;
  refund(request: RefundRequest): Promise<RefundOutcome>;
  queryRefund(request: { outTradeNo: string; refundNo: string }): Promise<RefundOutcome>;
}

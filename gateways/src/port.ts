import type {
  ChannelName,
  CloseOutcome,
  Fen,
  Instant,
  Outcome,
  PrepayOutcome,
  RefundOutcome,
  ReverseOutcome,
} from "@citygas/core";
import type { BillSource } from "./bills/port.ts";
import type { AcquirerScheme } from "./route.ts";

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
  /**
   * Closes an unpaid order, also one whose payment failed, and gives back a paid one (WeChat Pay's page of the v3 call,
   * pay.weixin.qq.com/docs/merchant/apis/code-payment-v3/direct/reverse.html). Believed only when a query confirms it.
   */
  reverse(request: { outTradeNo: string }): Promise<ReverseOutcome>;
  refund(request: RefundRequest): Promise<RefundOutcome>;
  queryRefund(request: { outTradeNo: string; refundNo: string }): Promise<RefundOutcome>;
  /** Paying on the customer's own phone (JSAPI, mini program); absent where the channel has none. */
  readonly prepay?: PrepayDoor;
  /** What the gateway sends by itself; absent where it sends nothing. */
  readonly notifications?: NotificationDoor;
  readonly bills?: BillSource;
  /** An acquirer's: which codes it takes; for `routeCode`. */
  readonly schemes?: readonly AcquirerScheme[];
}

export interface PrepayRequest {
  outTradeNo: string;
  amountFen: Fen;
  /** Which of our apps the payer stands in: decides the appid that order and signature carry. */
  app: "h5" | "mini";
  /** The payer's openid in that app. */
  openid: string;
  description: string;
  expireAt: Instant;
}
/** What the payer's page hands to the wallet (facts/payments.md §1.4, paySign). */
export interface PayParams {
  appId: string;
  timeStamp: string;
  nonceStr: string;
  package: string;
  signType: "RSA";
  paySign: string;
}
/**
 * An order is made first, the customer pays it later. Making it again with the same number and content moves no money
 * and is allowed; with other content the gateway refuses.
 */
export interface PrepayDoor {
  prepare(request: PrepayRequest): Promise<PrepayOutcome>;
  /** @param nonce at least 16 of `[0-9A-Za-z]`, fresh for each call. */
  payParams(order: { app: "h5" | "mini"; prepayId: string }, now: Instant, nonce: string): PayParams;
  /** Closes an unpaid order. Believed only when a query confirms it. */
  close(request: { outTradeNo: string }): Promise<CloseOutcome>;
}

/** A message as it came: header names in lower case, the body's bytes untouched. */
export interface RawNotification {
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
}
/** Why a message says nothing. It is recorded, refused, and moves no state. */
export type NotificationRefusal =
  | "unsigned"
  | "badSignature"
  | "unknownKey"
  | "stale"
  | "undecryptable"
  | "malformed"
  /** Of another merchant or app. */
  | "notOurs"
  /** The gateway tests whether we check signatures at all. */
  | "signatureProbe";
export type NotificationRead =
  | { kind: "payment"; id: string; outTradeNo: string; outcome: Outcome }
  | { kind: "refund"; id: string; outTradeNo: string; refundNo: string; amountFen: Fen | null; outcome: RefundOutcome }
  /** Genuine, and about nothing we follow. */
  | { kind: "other"; id: string; type: string }
  | { kind: "refused"; why: NotificationRefusal };
export interface NotificationDoor {
  /**
   * Verifies the raw bytes first, decrypts and reads second. `id` is the gateway's own: the same for each repetition.
   * The amount of a payment is the gateway's; comparing it with what was asked for is the attempt's business. The amount
   * of a refund is its own; null where the message only tells what went back of the order until now (Alipay): it is a
   * reason to query that refund, no proof of it.
   */
  read(message: RawNotification, now: Instant): NotificationRead;
  /** What the gateway wants to hear: taken (it stops repeating) or not (it comes again). */
  answer(taken: boolean): { status: number; contentType: string; body: string };
}

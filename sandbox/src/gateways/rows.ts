import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { Value } from "typebox/value";
import type { Wallet } from "./names.ts";

/**
 * The rows of the gateways' book. A column with a default came later: lines written before it get that value when they
 * are read, so that a folder of an earlier build opens.
 */
const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(type: T) =>
  Type.Union([type, Type.Null()], { default: null });
const GatewayName = Type.Union([Type.Literal("wechat"), Type.Literal("alipay"), Type.Literal("acquirer")]);
const WalletName = Type.Union([
  Type.Literal("wechat"),
  Type.Literal("alipay"),
  Type.Literal("unionpay"),
  Type.Literal("ecny"),
]);

const Refund = Type.Object({
  refundNo: Type.String(),
  refundId: Type.String(),
  amountFen: Type.Integer(),
  state: Type.Union([
    Type.Literal("processing"),
    Type.Literal("success"),
    Type.Literal("abnormal"),
    Type.Literal("closed"),
  ]),
  /** Queries seen while processing; the second finds it done. */
  queries: Type.Integer(),
  at: Type.Integer(),
  /** When a processing one is done by itself; null: never, whoever asks. */
  settlesAt: orNull(Type.Integer()),
  /** When it left `processing`. */
  doneAt: orNull(Type.Integer()),
  notifyUrl: orNull(Type.String()),
});

/** An order the payer opens in the wallet (JSAPI, mini program). */
const Prepay = Type.Object({
  prepayId: Type.String(),
  /** The id opens nothing after that. */
  prepayUntil: Type.Integer(),
  appid: Type.String(),
  openid: Type.String(),
  /** All the merchant said about the order, to tell a repetition from another order under the same number. */
  content: Type.String(),
});

const Trade = Type.Object({
  gateway: GatewayName,
  outTradeNo: Type.String(),
  tradeNo: Type.String(),
  amountFen: Type.Integer(),
  phoneId: Type.Union([Type.String(), Type.Null()]),
  state: Type.Union([
    Type.Literal("notPaid"),
    Type.Literal("userPaying"),
    Type.Literal("paid"),
    Type.Literal("closed"),
    Type.Literal("revoked"),
    Type.Literal("payError"),
  ]),
  /** Waits for the password and takes no answer (fault `userPayingForever`). */
  stuck: Type.Boolean(),
  createdAt: Type.Integer(),
  closesAt: Type.Integer(),
  paidAt: Type.Union([Type.Integer(), Type.Null()]),
  refunds: Type.Array(Refund),
  wallet: Type.Union([WalletName, Type.Null()], { default: null }),
  /** Pays by itself then (fault `paidAfter`), if it is still open. */
  paysAt: orNull(Type.Integer()),
  description: Type.String({ default: "" }),
  attach: Type.String({ default: "" }),
  terminalId: Type.String({ default: "" }),
  /** Where the merchant wants to be told. */
  notifyUrl: orNull(Type.String()),
  prepay: Type.Union([Prepay, Type.Null()], { default: null }),
});

const LedgerRow = Type.Object({
  seq: Type.Integer(),
  at: Type.Integer(),
  gateway: GatewayName,
  kind: Type.Union([Type.Literal("charge"), Type.Literal("refund")]),
  amountFen: Type.Integer(),
  outTradeNo: Type.String(),
  tradeNo: Type.String(),
  refundNo: Type.Union([Type.String(), Type.Null()]),
  phoneId: Type.Union([Type.String(), Type.Null()]),
  feeFen: Type.Integer({ default: 0 }),
});
const Code = Type.Object({
  code: Type.String(),
  gateway: GatewayName,
  phoneId: Type.String(),
  issuedAt: Type.Integer(),
  used: Type.Boolean(),
});
const Phone = Type.Object({
  id: Type.String(),
  name: Type.String(),
  wechatFen: Type.Integer(),
  alipayFen: Type.Integer(),
  unionpayFen: Type.Integer({ default: 0 }),
  ecnyFen: Type.Integer({ default: 0 }),
  askPassword: Type.Boolean(),
  noBalance: Type.Boolean(),
  offline: Type.Boolean(),
  mobile: orNull(Type.String()),
});
/** How often a pay call for an order arrived, whatever came of it: a caller must never send two. */
const PayCalls = Type.Object({ gateway: GatewayName, outTradeNo: Type.String(), count: Type.Integer() });

/** A message to the merchant. What it says was fixed when it happened; how it is signed is of each sending. */
const Callback = Type.Object({
  id: Type.String(),
  gateway: GatewayName,
  /** "TRANSACTION.SUCCESS", "REFUND.CLOSED", "trade_status_sync" … */
  event: Type.String(),
  outTradeNo: Type.String(),
  refundNo: Type.Union([Type.String(), Type.Null()]),
  url: Type.String(),
  /** JSON: the plain text to be encrypted, or the parameters of a form. */
  payload: Type.String(),
  createdAt: Type.Integer(),
  tries: Type.Integer(),
  /** The answer to the last sending; null: none came. */
  lastStatus: Type.Union([Type.Integer(), Type.Null()]),
  nextAt: Type.Union([Type.Integer(), Type.Null()]),
  state: Type.Union([
    Type.Literal("waiting"),
    Type.Literal("taken"),
    Type.Literal("givenUp"),
    /** Never sent (fault `callbackLost`). */
    Type.Literal("lost"),
  ]),
});

const Change = Type.Object({
  trades: Type.Optional(Type.Array(Trade)),
  ledger: Type.Optional(Type.Array(LedgerRow)),
  codes: Type.Optional(Type.Array(Code)),
  phones: Type.Optional(Type.Array(Phone)),
  payCalls: Type.Optional(Type.Array(PayCalls)),
  callbacks: Type.Optional(Type.Array(Callback)),
});

export type Refund = Type.Static<typeof Refund>;
export type Trade = Type.Static<typeof Trade>;
/**
 * One movement of money; `amountFen` is positive, `kind` says the direction. `feeFen`: what the gateway keeps, negative
 * when it gives it back.
 */
export type LedgerRow = Type.Static<typeof LedgerRow>;
export type PaymentCode = Type.Static<typeof Code>;
export type PhoneRow = Type.Static<typeof Phone>;
export type PayCalls = Type.Static<typeof PayCalls>;
export type CallbackRow = Type.Static<typeof Callback>;
export type Change = Type.Static<typeof Change>;
const check = Compile(Change);

/** One line of the book; undefined when it is none. */
export function readChange(line: string): Change | undefined {
  const change: unknown = Value.Default(Change, JSON.parse(line));
  return check.Check(change) ? change : undefined;
}

/** Orders of before the wallet was noted came from the one wallet their gateway had. */
export function walletOf(trade: Pick<Trade, "wallet" | "gateway">): Wallet {
  return trade.wallet ?? (trade.gateway === "acquirer" ? "unionpay" : trade.gateway);
}

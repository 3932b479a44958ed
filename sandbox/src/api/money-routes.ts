import { Type } from "typebox";
import type { Trade } from "../gateways/rows.ts";
import { walletOf } from "../gateways/rows.ts";
import { type Api, type ApiContext, ById, Failure, GatewayName, WalletName } from "./context.ts";
import { problem } from "./problems.ts";

/** The oracle: what the gateways really did with money, the bank account it ends on, and what they told the merchant. */
const orNull = <T extends ReturnType<typeof Type.String>>(type: T) => Type.Union([type, Type.Null()]);
const LedgerRow = Type.Object({
  seq: Type.Integer(),
  at: Type.String(),
  gateway: GatewayName,
  kind: Type.Union([Type.Literal("charge"), Type.Literal("refund")]),
  amountFen: Type.Integer(),
  /** Kept by the gateway; negative when given back. */
  feeFen: Type.Integer(),
  outTradeNo: Type.String(),
  tradeNo: Type.String(),
  refundNo: orNull(Type.String()),
  phoneId: orNull(Type.String()),
});
const Order = Type.Object({
  outTradeNo: Type.String(),
  tradeNo: Type.String(),
  amountFen: Type.Integer(),
  /** notPaid, userPaying, paid, closed, revoked or payError. */
  state: Type.String(),
  wallet: WalletName,
  phoneId: orNull(Type.String()),
  prepayId: orNull(Type.String()),
  createdAt: Type.String(),
  paidAt: orNull(Type.String()),
});
const Refund = Type.Object({
  outTradeNo: Type.String(),
  refundNo: Type.String(),
  refundId: Type.String(),
  amountFen: Type.Integer(),
  /** processing, success, abnormal or closed. */
  state: Type.String(),
  at: Type.String(),
  doneAt: orNull(Type.String()),
});
const Totals = Type.Object({
  chargedFen: Type.Integer(),
  refundedFen: Type.Integer(),
  netFen: Type.Integer(),
  feesFen: Type.Integer(),
  payoutFen: Type.Integer(),
});
const PayCalls = Type.Object({ outTradeNo: Type.String(), count: Type.Integer() });

const time = (at: number): string => new Date(at).toISOString();
const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at));

function orderView(trade: Trade) {
  const { outTradeNo, tradeNo, amountFen, state, phoneId, createdAt, paidAt, prepay } = trade;
  const known = { outTradeNo, tradeNo, amountFen, state, phoneId, wallet: walletOf(trade) };
  return { ...known, prepayId: prepay?.prepayId ?? null, createdAt: time(createdAt), paidAt: timeOrNull(paidAt) };
}

function refundViews({ outTradeNo, refunds }: Trade) {
  return refunds.map(({ refundNo, refundId, amountFen, state, at, doneAt }) => ({
    outTradeNo,
    refundNo,
    refundId,
    amountFen,
    state,
    at: time(at),
    doneAt: timeOrNull(doneAt),
  }));
}

export function moneyRoutes(api: Api, { gateways }: ApiContext): void {
  const { ledger } = gateways;
  api.get(
    "/gateways/:gateway/ledger",
    {
      schema: {
        description:
          "What the gateway really took and gave back, whatever it answered; and how often it was told to take, by order.",
        params: Type.Object({ gateway: GatewayName }),
        response: {
          200: Type.Object({
            rows: Type.Array(LedgerRow),
            netFen: Type.Integer(),
            totals: Totals,
            orders: Type.Array(Order),
            refunds: Type.Array(Refund),
            payCalls: Type.Array(PayCalls),
          }),
          ...Failure,
        },
      },
    },
    (request) => {
      const { gateway } = request.params;
      const rows = ledger.rows(gateway).map((row) => ({ ...row, at: time(row.at) }));
      const totals = ledger.totals(gateway);
      const trades = ledger.orders(gateway);
      const payCalls = ledger.payCalls(gateway).map(({ outTradeNo, count }) => ({ outTradeNo, count }));
      const { netFen } = totals;
      return { rows, netFen, totals, orders: trades.map(orderView), refunds: trades.flatMap(refundViews), payCalls };
    },
  );

  api.get(
    "/gateways/totals",
    { schema: { description: "The same sums over all gateways.", response: { 200: Totals } } },
    () => ledger.totals(),
  );

  const Day = Type.Object({ day: Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\d$" }) });
  api.get(
    "/bank/statement",
    {
      schema: {
        description:
          "The company's bank account on a day in Beijing, as CSV (date,reference,counterparty,amount,balance; yuan): each gateway pays out the morning after, net of 0.6 % fees.",
        querystring: Day,
      },
    },
    (request, reply) => reply.type("text/csv; charset=utf-8").send(gateways.bankStatementFile(request.query.day)),
  );
}

const Callback = Type.Object({
  id: Type.String(),
  gateway: GatewayName,
  event: Type.String(),
  outTradeNo: Type.String(),
  refundNo: orNull(Type.String()),
  url: Type.String(),
  createdAt: Type.String(),
  tries: Type.Integer(),
  /** The answer to the last sending; null: none came. */
  lastStatus: Type.Union([Type.Integer(), Type.Null()]),
  nextAt: orNull(Type.String()),
  /** waiting, taken, givenUp or lost. */
  state: Type.String(),
});
const Serial = Type.Union([Type.Literal("publicKey"), Type.Literal("certificate"), Type.Literal("mixed")]);
const Factor = Type.Number({ minimum: 0, maximum: 1 });
const Percent = Type.Number({ minimum: 0, maximum: 100 });

export function callbackRoutes(api: Api, { gateways }: ApiContext): void {
  const { callbacks } = gateways;
  const Settings = Type.Object({ delayFactor: Factor, serial: Serial, publicKeyPercent: Percent });
  api.get(
    "/callbacks",
    {
      schema: {
        description: "The gateways' messages to the merchant, oldest first, and how they are sent.",
        response: { 200: Type.Object({ settings: Settings, callbacks: Type.Array(Callback) }) },
      },
    },
    () => ({
      settings: callbacks.settings(),
      callbacks: callbacks.list().map(({ payload: _, createdAt, nextAt, ...row }) => ({
        ...row,
        createdAt: time(createdAt),
        nextAt: timeOrNull(nextAt),
      })),
    }),
  );

  api.post(
    "/gateways/wechat/certificates",
    {
      schema: {
        description:
          "WeChat Pay's platform begins to sign with another certificate; the merchant finds it at GET /v3/certificates.",
        response: { 200: Type.Object({ serial: Type.String() }) },
      },
    },
    async () => ({ serial: await gateways.rotateCertificate() }),
  );

  const Change = Type.Object(
    { delayFactor: Type.Optional(Factor), serial: Type.Optional(Serial), publicKeyPercent: Type.Optional(Percent) },
    { additionalProperties: false },
  );
  api.put(
    "/callbacks/settings",
    {
      schema: {
        description:
          "delayFactor: the published waits between sendings times this. serial: which key signs WeChat Pay's messages; mixed: publicKeyPercent of them the public key, the others the certificate.",
        body: Change,
        response: { 200: Settings, ...Failure },
      },
    },
    (request) => {
      callbacks.set(request.body);
      return callbacks.settings();
    },
  );

  api.post(
    "/callbacks/:id/resend",
    {
      schema: {
        description: "Sends a message again, under the same id.",
        params: ById,
        response: { 202: Type.Object({ id: Type.String() }), ...Failure },
      },
    },
    (request, reply) => {
      const { id } = request.params;
      if (!callbacks.resend(id)) return problem(reply, "notFound", id);
      reply.code(202);
      return { id };
    },
  );
}

import { Type } from "typebox";
import type { CashierRequest } from "../gateways/cashier.ts";
import { cashierPage } from "./cashier-page.ts";
import { type Api, type ApiContext, ById, Failure } from "./context.ts";
import { problem } from "./problems.ts";

/** The wallet's window for prepared orders: over the API, and as a page. */
const Params = {
  appId: Type.String({ maxLength: 64 }),
  timeStamp: Type.String({ maxLength: 32 }),
  nonceStr: Type.String({ maxLength: 64 }),
  package: Type.String({ maxLength: 160 }),
  signType: Type.String({ maxLength: 16 }),
  paySign: Type.String({ maxLength: 1_024 }),
};
const Opening = {
  prepayId: Type.Optional(Type.String({ maxLength: 128 })),
  ...Type.Partial(Type.Object(Params)).properties,
};
type Opening = Partial<Record<keyof typeof Opening, string>>;
const Order = Type.Object({
  prepayId: Type.String(),
  outTradeNo: Type.String(),
  description: Type.String(),
  amountFen: Type.Integer(),
  state: Type.String(),
});

/** Parameters of a page win over a bare id; null when neither is whole. */
function requestOf({
  prepayId,
  appId,
  timeStamp,
  nonceStr,
  package: pack,
  signType,
  paySign,
}: Opening): CashierRequest | null {
  if (appId !== undefined || paySign !== undefined) {
    const whole = appId && timeStamp && nonceStr && pack && signType && paySign;
    return whole ? { appId, timeStamp, nonceStr, package: pack, signType, paySign } : null;
  }
  return prepayId === undefined ? null : { prepayId };
}

export function cashierRoutes(api: Api, { world, gateways }: ApiContext): void {
  const { cashier, wallets } = gateways;
  api.get(
    "/phones/:id/cashier",
    {
      schema: {
        description: "Prepared orders this phone could pay now, oldest first.",
        params: ById,
        response: { 200: Type.Object({ orders: Type.Array(Order) }), ...Failure },
      },
    },
    (request, reply) => {
      const phone = wallets.phone(request.params.id);
      return phone === undefined ? problem(reply, "unknownPhone") : { orders: cashier.open(phone.id) };
    },
  );

  const Answer = Type.Object({ err_msg: Type.String(), err_desc: Type.Optional(Type.String()) });
  const Body = Type.Object({ ...Opening, pay: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
  api.post(
    "/phones/:id/cashier",
    {
      schema: {
        description:
          "Opens the wallet on a prepared order and pays it (pay: false goes back). With the page's parameters the wallet checks paySign as the real one does; a bare prepayId is the payer's own hand. Answers what the wallet tells the page.",
        params: ById,
        body: Body,
        response: { 200: Answer, ...Failure },
      },
    },
    (request, reply) => {
      const phone = wallets.phone(request.params.id);
      if (phone === undefined) return problem(reply, "unknownPhone");
      const { pay = true, ...opening } = request.body;
      const wanted = requestOf(opening);
      if (wanted === null) return problem(reply, "badRequest", "prepayId, or all parameters of the page");
      const answer = cashier.answer(wanted, phone.id, pay);
      if (answer.err_msg.endsWith(":ok"))
        world.story.tell("phone", phone.id, `${phone.name} 在微信里付款`, `${phone.name} paid in WeChat`);
      world.changed("phones");
      return answer;
    },
  );
}

/** `GET /sandbox/cashier`, below `/sandbox`: what a page inside WeChat would see come up. */
export function cashierPageRoute(api: Api, { gateways }: ApiContext): void {
  const Query = Type.Object({
    ...Opening,
    phone: Type.Optional(Type.String({ maxLength: 64 })),
    return: Type.Optional(Type.String({ maxLength: 500, pattern: "^/([^/\\\\].*)?$" })),
  });
  api.get(
    "/cashier",
    {
      schema: {
        description:
          "The wallet's window as a page: ?phone=… with prepayId or the page's parameters. It tells its opener or parent {source: 'sandbox-cashier', err_msg}, and goes to ?return=/path with err_msg added.",
        querystring: Query,
      },
    },
    (request, reply) => {
      const { phone: phoneId, return: back = null, ...opening } = request.query;
      const { wallets, cashier } = gateways;
      const phone = phoneId === undefined ? wallets.phones()[0] : wallets.phone(phoneId);
      const wanted = requestOf(opening);
      if (phone === undefined) return problem(reply, "unknownPhone");
      if (wanted === null) return problem(reply, "badRequest", "prepayId, or all parameters of the page");
      const page = cashierPage({ phone, look: cashier.look(wanted), request: wanted, back });
      return reply.type("text/html; charset=utf-8").header("cache-control", "no-store").send(page);
    },
  );
}

import { Id, NewPurchaseSchema, ProblemSchema, PurchaseSchema, ReceiptSchema } from "@citygas/api";
import { Type } from "typebox";
import type { App } from "../http/app.ts";
import { requireTerminal } from "../http/auth.ts";
import { requireIdempotencyKey } from "../http/idempotency.ts";
import { cancelPurchase } from "./cancel.ts";
import { confirmPurchase } from "./confirm.ts";
import { streamPurchase } from "./eventStream.ts";
import { keyedRequest } from "./keyedRequest.ts";
import { quotePurchase } from "./quote.ts";
import { receiptOf } from "./receipt.ts";
import { sendRefused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { getPurchase } from "./watch.ts";

const params = Type.Object({ id: Id });
const After = Type.Object({ after: Type.Integer({ minimum: 0, default: 0 }) });
const described = { tags: ["purchases"], security: [{ bearer: [] }] };
const response = { 200: PurchaseSchema, default: ProblemSchema };

/** Routes below `/api/v1`. */
export function registerPurchases(app: App, sale: SaleContext): void {
  changeRoutes(app, sale);
  readRoutes(app, sale);
}

function changeRoutes(app: App, sale: SaleContext): void {
  const onRequest = [requireTerminal, requireIdempotencyKey];
  app.post(
    "/purchases",
    {
      onRequest,
      schema: {
        ...described,
        summary: "报价 · A price for what was keyed in; holds nothing",
        body: NewPurchaseSchema,
        response: { 201: PurchaseSchema, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const made = await quotePurchase(sale, request.terminal, request.body, keyedRequest(request));
      return made.ok ? reply.code(201).send(made.value) : sendRefused(reply, made.error);
    },
  );
  app.post(
    "/purchases/:id/confirm",
    {
      onRequest,
      schema: {
        ...described,
        summary: "确认 · The customer agrees; 409 `purchase.quoteStale` when amounts moved: show them, ask again",
        params,
        response,
      },
    },
    async (request, reply) => {
      const done = await confirmPurchase(sale, request.terminal, request.params.id, keyedRequest(request));
      return done.ok ? reply.send(done.value) : sendRefused(reply, done.error);
    },
  );
  app.post(
    "/purchases/:id/cancel",
    {
      onRequest,
      schema: {
        ...described,
        summary: "取消 · Given up; `closing` until no money can come any more",
        params,
        response,
      },
    },
    async (request, reply) => {
      const done = await cancelPurchase(sale, request.terminal, request.params.id, keyedRequest(request));
      return done.ok ? reply.send(done.value) : sendRefused(reply, done.error);
    },
  );
}

function readRoutes(app: App, sale: SaleContext): void {
  const onRequest = requireTerminal;
  const streams = { open: 0 };
  app.get(
    "/purchases/:id",
    { onRequest, schema: { ...described, summary: "查询 · The purchase as it is", params, response } },
    async (request, reply) => {
      const found = await getPurchase(sale, request.terminal, request.params.id);
      return found.ok ? reply.send(found.value) : sendRefused(reply, found.error);
    },
  );
  app.get(
    "/purchases/:id/events",
    {
      onRequest,
      schema: {
        ...described,
        summary: "跟踪 · Server-sent events: each `data:` is the purchase, newer than version `after`, until it rests",
        params,
        querystring: After,
      },
    },
    async (request, reply) => {
      const found = await getPurchase(sale, request.terminal, request.params.id);
      if (!found.ok) return sendRefused(reply, found.error);
      return streamPurchase(sale, streams, reply, request.params.id, request.query.after);
    },
  );
  app.get(
    "/purchases/:id/receipt",
    {
      onRequest,
      schema: {
        ...described,
        summary: "收据 · All that stands on the receipt of a delivered purchase",
        params,
        response: { 200: ReceiptSchema, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const found = await receiptOf(sale, request.terminal, request.params.id);
      return found.ok ? reply.send(found.value) : sendRefused(reply, found.error);
    },
  );
}

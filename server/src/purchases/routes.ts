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

const ById = Type.Object({ id: Id });
const After = Type.Object({ after: Type.Integer({ minimum: 0, default: 0 }) });
const onRequest = [requireTerminal, requireIdempotencyKey];

/** Routes below `/api/v1`. */
export function registerPurchases(app: App, sale: SaleContext): void {
  const response = { 200: PurchaseSchema, default: ProblemSchema };

  app.post(
    "/purchases",
    { onRequest, schema: { body: NewPurchaseSchema, response: { 201: PurchaseSchema, default: ProblemSchema } } },
    async (request, reply) => {
      const made = await quotePurchase(sale, request.terminal, request.body, keyedRequest(request));
      return made.ok ? reply.code(201).send(made.value) : sendRefused(reply, made.error);
    },
  );
  app.post("/purchases/:id/confirm", { onRequest, schema: { params: ById, response } }, async (request, reply) => {
    const done = await confirmPurchase(sale, request.terminal, request.params.id, keyedRequest(request));
    return done.ok ? reply.send(done.value) : sendRefused(reply, done.error);
  });
  app.post("/purchases/:id/cancel", { onRequest, schema: { params: ById, response } }, async (request, reply) => {
    const done = await cancelPurchase(sale, request.terminal, request.params.id, keyedRequest(request));
    return done.ok ? reply.send(done.value) : sendRefused(reply, done.error);
  });
  app.get(
    "/purchases/:id",
    { onRequest: requireTerminal, schema: { params: ById, response } },
    async (request, reply) => {
      const found = await getPurchase(sale, request.terminal, request.params.id);
      return found.ok ? reply.send(found.value) : sendRefused(reply, found.error);
    },
  );
  app.get(
    "/purchases/:id/events",
    { onRequest: requireTerminal, schema: { params: ById, querystring: After } },
    async (request, reply) => {
      const found = await getPurchase(sale, request.terminal, request.params.id);
      if (!found.ok) return sendRefused(reply, found.error);
      return streamPurchase(sale, reply, request.params.id, request.query.after);
    },
  );
  app.get(
    "/purchases/:id/receipt",
    { onRequest: requireTerminal, schema: { params: ById, response: { 200: ReceiptSchema, default: ProblemSchema } } },
    async (request, reply) => {
      const found = await receiptOf(sale, request.terminal, request.params.id);
      return found.ok ? reply.send(found.value) : sendRefused(reply, found.error);
    },
  );
}

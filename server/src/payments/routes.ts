import { Id, NewAttemptSchema, NewPrepaySchema, PrepaySchema, ProblemSchema, PurchaseSchema } from "@citygas/api";
import { maskCode } from "@citygas/gateways";
import { Type } from "typebox";
import type { App } from "../http/app.ts";
import { requireTerminal } from "../http/auth.ts";
import { requireIdempotencyKey } from "../http/idempotency.ts";
import { sendProblem } from "../http/problem.ts";
import { keyedRequest } from "../purchases/keyedRequest.ts";
import { sendRefused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { type Payments, startAttempt } from "./payments.ts";
import { startPrepay } from "./prepay.ts";

/** Routes below `/api/v1`. */
export function registerPayments(app: App, sale: SaleContext, payments: Payments): void {
  app.post(
    "/purchases/:id/attempts",
    {
      onRequest: [requireTerminal, requireIdempotencyKey],
      schema: {
        tags: ["payments"],
        security: [{ bearer: [] }],
        summary: "付款码 · Pays with a scanned code, which is used for one call and never kept",
        params: Type.Object({ id: Id }),
        body: NewAttemptSchema,
        response: { 201: PurchaseSchema, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { code } = request.body;
      // Not even a hash of the code is kept: it has too few digits to hide in one.
      const keyed = keyedRequest(request, maskCode(code));
      const started = await startAttempt(sale, payments, request.terminal, request.params.id, code, keyed);
      return started.ok ? reply.code(201).send(started.value) : sendRefused(reply, started.error);
    },
  );
  app.post(
    "/purchases/:id/prepay",
    {
      onRequest: [requireTerminal, requireIdempotencyKey],
      schema: {
        tags: ["payments"],
        security: [{ bearer: [] }],
        summary: "手机支付 · Pay params for the customer's own phone; asked again, the same order signed anew",
        params: Type.Object({ id: Id }),
        body: NewPrepaySchema,
        response: { 201: PrepaySchema, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { terminal, params, body } = request;
      // A kiosk takes codes; orders are for phones.
      if (terminal.kind !== "phone") return sendProblem(reply, "auth.forbidden");
      const started = await startPrepay(sale, payments, terminal, params.id, body, keyedRequest(request));
      return started.ok ? reply.code(201).send(started.value) : sendRefused(reply, started.error);
    },
  );
}

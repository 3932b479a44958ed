import {
  CardAnswerSchema,
  Id,
  OpenSessionSchema,
  ProblemSchema,
  type Report,
  ReportSchema,
  SessionSchema,
  WantScriptSchema,
} from "@citygas/api";
import type { ScriptReport, StepFailure } from "@citygas/gascard";
import { Type } from "typebox";
import type { App } from "../http/app.ts";
import { requireTerminal } from "../http/auth.ts";
import { requireIdempotencyKey } from "../http/idempotency.ts";
import { sendRefused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { endSession, takeReport } from "./report.ts";
import { openSession, putImage, wantScript } from "./sessions.ts";

const ById = Type.Object({ id: Id });
const response = { 200: CardAnswerSchema, default: ProblemSchema };

/** Routes below `/api/v1`. */
export function registerCards(app: App, sale: SaleContext): void {
  const onRequest = requireTerminal;

  app.post(
    "/card-sessions",
    { onRequest, schema: { body: OpenSessionSchema, response: { 201: SessionSchema, default: ProblemSchema } } },
    async (request, reply) => reply.code(201).send(await openSession(sale, request.terminal, request.body)),
  );
  app.put(
    "/card-sessions/:id/image",
    { onRequest, schema: { params: ById, body: ReportSchema, response } },
    async (request, reply) => {
      const answer = await putImage(sale, request.terminal, request.params.id, scriptReport(request.body));
      return answer.ok ? reply.send(answer.value) : sendRefused(reply, answer.error);
    },
  );
  app.post(
    "/card-sessions/:id/reports",
    { onRequest, schema: { params: ById, body: ReportSchema, response } },
    async (request, reply) => {
      const answer = await takeReport(sale, request.terminal, scriptReport(request.body));
      return answer.ok ? reply.send(answer.value) : sendRefused(reply, answer.error);
    },
  );
  app.post("/card-sessions/:id/end", { onRequest, schema: { params: ById } }, async (request, reply) => {
    const ended = await endSession(sale, request.terminal, request.params.id);
    return ended.ok ? reply.code(204).send() : sendRefused(reply, ended.error);
  });
  app.post(
    "/purchases/:id/script",
    {
      // The key is asked for as on all that moves gas; what makes a repetition harmless is the power-up itself: it is
      // given the same script again.
      onRequest: [requireTerminal, requireIdempotencyKey],
      schema: { params: ById, body: WantScriptSchema, response },
    },
    async (request, reply) => {
      const answer = await wantScript(sale, request.terminal, request.params.id, request.body.cardSessionId);
      return answer.ok ? reply.send(answer.value) : sendRefused(reply, answer.error);
    },
  );
}

const failures: readonly StepFailure[] = [
  "removed",
  "mismatch",
  "wrongSecret",
  "locked",
  "verifyFailed",
  "readerFault",
  "expired",
  "stale",
];

/** The schema's type forgets the closed list of reasons; what it let pass is in it. */
function scriptReport({ failure, ...report }: Report): ScriptReport {
  if (failure === undefined) return report;
  const reason = failures.find((known) => known === failure.reason) ?? "readerFault";
  return { ...report, failure: { step: failure.step, reason } };
}

import {
  CardAnswerSchema,
  Id,
  OpenSessionSchema,
  ProblemSchema,
  type Report,
  ReportSchema,
  SealedSchema,
  SealRequestSchema,
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
import { sealCommand } from "./sealCommand.ts";
import { openSession, putImage, wantScript } from "./sessions.ts";

const params = Type.Object({ id: Id });
const response = { 200: CardAnswerSchema, default: ProblemSchema };
const described = { tags: ["cards"], security: [{ bearer: [] }] };

/** Routes below `/api/v1`. */
export function registerCards(app: App, sale: SaleContext): void {
  sessionRoutes(app, sale);
  scriptRoutes(app, sale);
}

function sessionRoutes(app: App, sale: SaleContext): void {
  const onRequest = requireTerminal;
  app.post(
    "/card-sessions",
    {
      onRequest,
      schema: {
        ...described,
        summary: "插卡 · A card is in the reader; the answer is the probe to run",
        body: OpenSessionSchema,
        response: { 201: SessionSchema, default: ProblemSchema },
      },
    },
    async (request, reply) => reply.code(201).send(await openSession(sale, request.terminal, request.body)),
  );
  app.put(
    "/card-sessions/:id/image",
    {
      onRequest,
      schema: {
        ...described,
        summary: "读卡 · The probe's report: what this card leads to",
        params,
        body: ReportSchema,
        response,
      },
    },
    async (request, reply) => {
      const answer = await putImage(sale, request.terminal, request.params.id, scriptReport(request.body));
      return answer.ok ? reply.send(answer.value) : sendRefused(reply, answer.error);
    },
  );
  app.post(
    "/card-sessions/:id/end",
    { onRequest, schema: { ...described, summary: "拔卡 · The card is out, or nobody will report", params } },
    async (request, reply) => {
      const ended = await endSession(sale, request.terminal, request.params.id);
      return ended.ok ? reply.code(204).send() : sendRefused(reply, ended.error);
    },
  );
}

function scriptRoutes(app: App, sale: SaleContext): void {
  app.post(
    "/purchases/:id/script",
    {
      // The key is asked for as on all that moves gas; what makes a repetition harmless is the power-up itself: it is
      // given the same script again.
      onRequest: [requireTerminal, requireIdempotencyKey],
      schema: {
        ...described,
        summary: "写卡 · The script that writes a paid purchase",
        params,
        body: WantScriptSchema,
        response,
      },
    },
    async (request, reply) => {
      const answer = await wantScript(sale, request.terminal, request.params.id, request.body.cardSessionId);
      return answer.ok ? reply.send(answer.value) : sendRefused(reply, answer.error);
    },
  );
  app.post(
    "/card-sessions/:id/seals",
    {
      onRequest: requireTerminal,
      schema: {
        ...described,
        summary: "加密写卡 · One finished command for a CPU card's challenge, while its script is out",
        params,
        body: SealRequestSchema,
        response: { 200: SealedSchema, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const answer = await sealCommand(sale, request.terminal, request.params.id, request.body);
      return answer.ok ? reply.send(answer.value) : sendRefused(reply, answer.error);
    },
  );
  app.post(
    "/card-sessions/:id/reports",
    {
      onRequest: requireTerminal,
      schema: {
        ...described,
        summary: "写卡结果 · What became of a script; may come late, and twice",
        params,
        body: ReportSchema,
        response,
      },
    },
    async (request, reply) => {
      const answer = await takeReport(sale, request.terminal, scriptReport(request.body));
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

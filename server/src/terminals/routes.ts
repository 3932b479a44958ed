/** What a terminal does before it sells: pair, fetch tokens, read its configuration. */
import { ProblemSchema, type TerminalConfig, TerminalConfigSchema } from "@citygas/api";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App, Routes } from "../http/app.ts";
import { requireTerminal } from "../http/auth.ts";
import { sendProblem } from "../http/problem.ts";
import { attendanceTimers } from "./attendance.ts";
import { pairTerminal, type TerminalAuth } from "./pairing.ts";
import { terminalSeen } from "./terminalRows.ts";

const Uuid = Type.String({ format: "uuid" });

/** The manual: 60 s to present a code, 30 s on the success page. */
const manualTimes = { codeWindowMs: 60_000, successWindowMs: 30_000 };

export function terminalRoutes(auth: TerminalAuth): Routes {
  return (app, ctx) => {
    pairRoute(app, ctx);
    tokenRoute(app, auth);
    app.get(
      "/terminals/me",
      {
        onRequest: requireTerminal,
        schema: {
          tags: ["terminals"],
          summary: "本机配置，兼作心跳 · This terminal's configuration; also its heartbeat",
          security: [{ bearer: [] }],
          response: { 200: TerminalConfigSchema, 401: ProblemSchema },
        },
      },
      async ({ terminal }): Promise<TerminalConfig> => {
        await terminalSeen(ctx.db, terminal.id, ctx.now(), attendanceTimers.writtenEveryMs);
        return {
          terminalId: terminal.id,
          terminal: terminal.name,
          company: terminal.unit.company,
          unit: terminal.unit.name,
          hotline: terminal.unit.hotline,
          nowMs: ctx.now(),
          settings: { ...manualTimes, idleMs: ctx.settings.idleMs },
        };
      },
    );
  };
}

function pairRoute(app: App, ctx: ServerContext): void {
  app.post(
    "/terminals/pair",
    {
      schema: {
        tags: ["terminals"],
        summary: "用一次性配对码登记公钥 · Pairs a terminal's public key by a one-time code",
        body: Type.Object({
          code: Type.String({ minLength: 8, maxLength: 32 }),
          publicKey: Type.String({ maxLength: 1024, description: "Ed25519, SPKI PEM" }),
        }),
        response: { 200: Type.Object({ terminalId: Uuid }), 400: ProblemSchema, 401: ProblemSchema },
      },
    },
    async (request, reply) => {
      const paired = await pairTerminal(ctx, request.body.code, request.body.publicKey);
      if (!paired.ok) return sendProblem(reply, paired.error);
      ctx.log.info({ terminalId: paired.value }, "terminal paired");
      return { terminalId: paired.value };
    },
  );
}

function tokenRoute(app: App, auth: TerminalAuth): void {
  app.post(
    "/terminals/token",
    {
      schema: {
        tags: ["terminals"],
        summary: "用签名换取短期令牌 · A short-lived token for a signed request",
        description: "signature = base64 Ed25519 over `terminalId LF timestampMs LF nonce`",
        body: Type.Object({
          terminalId: Uuid,
          timestampMs: Type.Integer(),
          nonce: Type.String({ minLength: 8, maxLength: 64 }),
          signature: Type.String({ maxLength: 128 }),
        }),
        response: {
          200: Type.Object({ token: Type.String(), expiresAtMs: Type.Integer() }),
          400: ProblemSchema,
          401: ProblemSchema,
        },
      },
    },
    async (request, reply) => {
      const issued = await auth.token(request.body);
      if (!issued.ok) return sendProblem(reply, issued.error);
      return { token: issued.value.token, expiresAtMs: issued.value.expiresAt };
    },
  );
}

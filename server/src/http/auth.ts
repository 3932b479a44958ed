/**
 * Who is calling. Routes name what they need by a hook: `{ onRequest: requireTerminal }`, and then read
 * `request.terminal`. The checks themselves stand in terminals/ and registration/, put in place once by `useAuth`.
 */
import { timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { TerminalFacts } from "../context.ts";
import { sendProblem } from "./problem.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The paired terminal behind the token. Reading it on a route without `requireTerminal` throws. */
    readonly terminal: TerminalFacts;
  }
  interface FastifyInstance {
    readonly auth: Authenticators;
  }
}

export interface Authenticators {
  /** undefined: unknown, expired, forged or revoked; which of them is nobody's business. */
  terminal(token: string): Promise<TerminalFacts | undefined>;
  admin(token: string): boolean;
}

const callers = new WeakMap<FastifyRequest, TerminalFacts>();

/** Puts the authenticators into an app, before any route. */
export function useAuth(app: FastifyInstance, authenticators: Authenticators): void {
  app.decorate("auth", authenticators);
  app.decorateRequest("terminal", {
    getter(this: FastifyRequest): TerminalFacts {
      const terminal = callers.get(this);
      if (terminal === undefined) throw new Error(`${this.url} has no requireTerminal hook`);
      return terminal;
    },
  });
}

/** Hook `onRequest`: a paired terminal's token, else 401 `auth.required`. */
export async function requireTerminal(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const token = bearer(request);
  const terminal = token === null ? undefined : await request.server.auth.terminal(token);
  if (terminal === undefined) return sendProblem(reply, "auth.required");
  callers.set(request, terminal);
  return undefined;
}

/** Hook `onRequest`: the administrator's token, else 401 `auth.required`; a terminal's is refused with 403. */
export async function requireAdmin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const token = bearer(request);
  if (token !== null && request.server.auth.admin(token)) return undefined;
  const terminal = token === null ? undefined : await request.server.auth.terminal(token);
  return sendProblem(reply, terminal === undefined ? "auth.required" : "auth.forbidden");
}

const bearerPattern = /^Bearer ([\x21-\x7e]{1,2048})$/i;

function bearer(request: FastifyRequest): string | null {
  return bearerPattern.exec(request.headers.authorization ?? "")?.[1] ?? null;
}

/** Equal, in a time that tells nothing but the lengths. */
export function sameSecret(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Who is calling. Routes name what they need by a hook: `{ onRequest: requireTerminal }`, and then read
 * `request.terminal` or `request.staff`. The checks themselves stand in terminals/ and staff/, put in place once by
 * `useAuth`.
 */
import { timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { TerminalFacts } from "../context.ts";
import type { Role, StaffFacts } from "../decisions/types.ts";
import { sendProblem } from "./problem.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The paired terminal behind the token. Reading it on a route without `requireTerminal` throws. */
    readonly terminal: TerminalFacts;
    /** The member of the staff behind the token. Reading it on a route without `requireStaff` throws. */
    readonly staff: StaffFacts;
  }
  interface FastifyInstance {
    readonly auth: Authenticators;
  }
}

export interface Authenticators {
  /** undefined: unknown, expired, forged or revoked; which of them is nobody's business. */
  terminal(token: string): Promise<TerminalFacts | undefined>;
  admin(token: string): boolean;
  /** `locked`: too many wrong tries for this token lately. */
  staff(token: string): Promise<StaffFacts | "locked" | undefined>;
}

const callers = new WeakMap<FastifyRequest, TerminalFacts>();
const people = new WeakMap<FastifyRequest, StaffFacts>();

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
  app.decorateRequest("staff", {
    getter(this: FastifyRequest): StaffFacts {
      const staff = people.get(this);
      if (staff === undefined) throw new Error(`${this.url} has no requireStaff hook`);
      return staff;
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

/**
 * Hook `onRequest`: the token of a member of the staff who has one of these roles (none named: any), else 401
 * `staff.required`, 403 `staff.forbidden`, or 429 `staff.locked`.
 */
export function requireStaff(
  ...roles: readonly Role[]
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) => {
    const token = bearer(request);
    const staff = token === null ? undefined : await request.server.auth.staff(token);
    if (staff === "locked") return sendProblem(reply, "staff.locked");
    if (staff === undefined) return sendProblem(reply, "staff.required");
    if (roles.length > 0 && !hasRole(staff, roles)) return sendProblem(reply, "staff.forbidden");
    people.set(request, staff);
    return undefined;
  };
}

export const hasRole = (staff: StaffFacts, roles: readonly Role[]): boolean =>
  staff.roles.some((role) => roles.includes(role));

const bearerPattern = /^Bearer ([\x21-\x7e]{1,2048})$/i;

function bearer(request: FastifyRequest): string | null {
  return bearerPattern.exec(request.headers.authorization ?? "")?.[1] ?? null;
}

/** Equal, in a time that tells nothing but the lengths. */
export function sameSecret(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

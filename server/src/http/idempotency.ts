/** Idempotency-Key: required on POSTs that move money or gas, so that a repeated request is one purchase. */
import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendProblem } from "./problem.ts";

const keyPattern = /^[\x21-\x7e]{8,128}$/;

/** Hook `onRequest`: 400 `request.keyMissing` without a sound key (8 to 128 visible ASCII characters). */
export async function requireIdempotencyKey(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  return keyPattern.test(headerOf(request)) ? undefined : sendProblem(reply, "request.keyMissing");
}

/**
 * Key and fingerprint for the store. The key is scoped to the caller, so that two terminals may use the same one; the
 * fingerprint covers method, path and body. Only on routes with `requireIdempotencyKey`.
 */
export function idempotencyOf(request: FastifyRequest, callerId: string): { key: string; fingerprint: string } {
  const content = `${request.method}\n${request.url}\n${JSON.stringify(request.body ?? null)}`;
  return {
    key: `${callerId}:${headerOf(request)}`,
    fingerprint: createHash("sha256").update(content).digest("hex"),
  };
}

function headerOf(request: FastifyRequest): string {
  const header = request.headers["idempotency-key"];
  return typeof header === "string" ? header : "";
}

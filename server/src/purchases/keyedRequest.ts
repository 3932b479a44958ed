import type { FastifyRequest } from "fastify";
import { idempotencyOf } from "../http/idempotency.ts";
import type { KeyedRequest } from "./applyEvent.ts";
import { derivedId } from "./derivedId.ts";

/**
 * The request's Idempotency-Key, its fingerprint, and the event that it makes: the same at each repetition.
 * `content` stands for the body where that may not leave a trace (payment codes).
 */
export function keyedRequest(request: FastifyRequest, content: string | null = null): KeyedRequest {
  const { key, fingerprint } = idempotencyOf(request, request.terminal.id);
  const print = content === null ? fingerprint : derivedId("request", request.method, request.url, content);
  return { key, fingerprint: print, eventId: derivedId("event", key, print) };
}

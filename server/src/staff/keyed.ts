import type { FastifyRequest } from "fastify";
import { idempotencyOf } from "../http/idempotency.ts";
import type { KeyedRequest } from "../purchases/applyEvent.ts";
import { derivedId } from "../purchases/derivedId.ts";

/** The Idempotency-Key of a member of the staff, and the event that the request makes: the same at each repetition. */
export function keyedByStaff(request: FastifyRequest): KeyedRequest {
  const { key, fingerprint } = idempotencyOf(request, `staff:${request.staff.id}`);
  return { key, fingerprint, eventId: derivedId("event", key, fingerprint) };
}

/**
 * Refusals as RFC 9457 problems: one status per code, both languages from the catalogue. No text is made here.
 */
import { type Problem, type RefusalCode, refusalCodes } from "@citygas/api";
import { type Language, refusalSentence, refusalValueKinds, volume, yuanShort } from "@citygas/texts";
import type { FastifyReply } from "fastify";

/** 401, 403: who calls. 404: not there. 409: not in this state, try again otherwise. 422: understood, and refused. */
export const problemStatuses: Readonly<Record<RefusalCode, number>> = {
  "card.blank": 422,
  "card.foreign": 422,
  "card.tool": 422,
  "card.opening": 422,
  "card.unreadable": 422,
  "card.badChecksum": 422,
  "card.lost": 422,
  "card.replaced": 422,
  "card.blocked": 422,
  "card.secretCounter": 422,
  "card.countMismatch": 422,
  "card.unknown": 422,
  "card.stale": 409,
  "account.debt": 422,
  "account.safetyCheck": 422,
  "account.suspectedTampering": 422,
  "account.stopped": 422,
  "entry.zero": 422,
  "entry.notWhole": 422,
  "entry.overLimit": 422,
  "entry.overCeiling": 422,
  "purchase.open": 409,
  "purchase.onPhone": 409,
  "recharge.unpaid": 409,
  "recharge.queueFull": 409,
  "purchase.manual": 409,
  "purchase.quoteExpired": 409,
  "purchase.quoteStale": 409,
  "purchase.notFound": 404,
  "purchase.wrongState": 409,
  "payment.notACode": 422,
  "payment.collectionCode": 422,
  "payment.walletOff": 422,
  "payment.inProgress": 409,
  "payment.channelDown": 503,
  "staff.required": 401,
  "staff.forbidden": 403,
  "staff.locked": 429,
  "staff.samePerson": 409,
  "decision.open": 409,
  "decision.closed": 409,
  "decision.required": 403,
  "decision.notApplicable": 409,
  "refund.notStuck": 409,
  "refund.gatewayMay": 409,
  "refund.gatewaySilent": 503,
  "refund.cardRule": 422,
  "refund.phoneProof": 422,
  "refund.indexNeeded": 422,
  "refund.meterFirst": 409,
  "card.scriptRunning": 409,
  "meter.retired": 409,
  "meter.wordDisagrees": 409,
  "meter.cardNeeded": 409,
  "meter.otherKind": 422,
  "recharge.mayArrive": 409,
  "payment.gatewayPaid": 409,
  "payment.gatewayUnpaid": 409,
  "drawer.closed": 409,
  "drawer.open": 409,
  "drawer.notYours": 403,
  "drawer.tooLittle": 422,
  "drawer.moved": 409,
  "counter.tooLittle": 422,
  "counter.deskOnly": 422,
  "reconciliation.notCompared": 409,
  "reconciliation.undecided": 409,
  "reconciliation.closed": 409,
  "reconciliation.badFile": 422,
  "task.causeRemains": 409,
  "session.ended": 409,
  "request.invalid": 400,
  "request.keyReused": 422,
  "request.keyMissing": 400,
  "auth.required": 401,
  "auth.forbidden": 403,
  "auth.clockSkew": 401,
  notFound: 404,
  "server.unavailable": 503,
};

export interface ProblemExtra {
  /** Another status than the code's own, where the transport wants it (413, 415, 429). */
  status?: number;
  /** For programmers; never a secret, a payment code or a full name. */
  detail?: string;
  /** The number that belongs to the code (`refusalValueKinds`), and what an entry counts. */
  value?: number | null;
  entryUnit?: "volume" | "money";
  /** Number of the purchase it is about. */
  number?: string | null;
}

/** The body of a refusal. */
export function problem(code: RefusalCode, extra: ProblemExtra = {}): Problem {
  return {
    type: `urn:citygas:problem:${code}`,
    title: code,
    status: extra.status ?? problemStatuses[code],
    code,
    zh: refusalSentence(code, "zh-CN", valueText(code, extra, "zh-CN")),
    en: refusalSentence(code, "en", valueText(code, extra, "en")),
    ...(extra.detail === undefined ? {} : { detail: extra.detail }),
    ...(extra.value === undefined ? {} : { value: extra.value }),
    ...(extra.number === undefined ? {} : { number: extra.number }),
  };
}

/** Answers with a refusal: `return sendProblem(reply, "purchase.quoteStale")`. */
export function sendProblem(reply: FastifyReply, code: RefusalCode, extra: ProblemExtra = {}): FastifyReply {
  const body = problem(code, extra);
  if (body.status === 503) reply.header("retry-after", "2");
  if (code === "auth.required") reply.header("www-authenticate", "Bearer");
  // Serialized here: a route's own response schemas must not be able to drop a problem's fields.
  return reply
    .code(body.status)
    .header("content-type", "application/problem+json; charset=utf-8")
    .send(JSON.stringify(body));
}

export function isRefusalCode(code: string): code is RefusalCode {
  return (refusalCodes as readonly string[]).includes(code);
}

function valueText(code: RefusalCode, { value, entryUnit }: ProblemExtra, language: Language): string | null {
  if (value === undefined || value === null) return null;
  const kind = refusalValueKinds[code];
  if (kind === undefined) return null;
  if (kind === "number") return String(value);
  return kind === "entry" && entryUnit === "volume" ? volume(value, language) : yuanShort(value, language);
}

/**
 * The terminal's typed client. Every call gives a value: an answer, a problem the server stated, or `unreachable`
 * (no answer, a broken one, or a proxy's error page). An `unreachable` POST may have been carried out: repeat it with
 * the same Idempotency-Key. Nothing here retries; who calls knows how long it is worth it.
 */
import { type Static, type TSchema, Type } from "typebox";
import { Check } from "typebox/value";
import { eventReader } from "./eventStream.ts";
import {
  type CardAnswer,
  CardAnswerSchema,
  type EntrySchema,
  type OpenSessionSchema,
  type Problem,
  ProblemSchema,
  PurchaseSchema,
  type PurchaseView,
  type ReceiptData,
  ReceiptSchema,
  type ReportSchema,
  type Sealed,
  SealedSchema,
  type SealRequest,
  SessionSchema,
  type TerminalConfig,
  TerminalConfigSchema,
} from "./kiosk.ts";

export type Entry = Static<typeof EntrySchema>;
export type CardSessionView = Static<typeof SessionSchema>;
export type Report = Static<typeof ReportSchema>;
export type OpenSession = Static<typeof OpenSessionSchema>;

export type Answer<T> =
  | { ok: true; value: T }
  | { ok: false; kind: "problem"; problem: Problem }
  | { ok: false; kind: "unreachable" };

const TokenSchema = Type.Object({ token: Type.String(), expiresAtMs: Type.Integer() });
const PairedSchema = Type.Object({ terminalId: Type.String({ format: "uuid" }) });
export type TerminalToken = Static<typeof TokenSchema>;

/** Body of `POST /terminals/token`; `signature` = base64 Ed25519 over `tokenMessage`. */
export interface TokenRequest {
  terminalId: string;
  timestampMs: number;
  nonce: string;
  signature: string;
}
/** What the terminal's key signs for a token: id, clock and nonce, one a line. */
export function tokenMessage(terminalId: string, timestampMs: number, nonce: string): string {
  return `${terminalId}\n${timestampMs}\n${nonce}`;
}

export interface ClientOptions {
  /** Origin of the server, e.g. `http://127.0.0.1:8081`. */
  serverUrl: string;
  /** Bearer token; `fresh` asks for a new one because the last was refused. A failure is handed on to the caller. */
  token(fresh: boolean): Promise<Answer<string>>;
  fetch?: typeof fetch;
  /** For each call but the stream (ms). */
  timeoutMs?: number;
}

export interface TerminalApi {
  /** Configuration and heartbeat. */
  me(): Promise<Answer<TerminalConfig>>;
  openSession(body: OpenSession): Promise<Answer<CardSessionView>>;
  /** The probe's report; the answer says what this card leads to. */
  putImage(sessionId: string, report: Report): Promise<Answer<CardAnswer>>;
  /** A write's or refund's report; idempotent by `scriptId`. */
  postReport(sessionId: string, report: Report): Promise<Answer<CardAnswer>>;
  /** One finished command for a CPU card's challenge; the same request again gets the same answer. */
  seal(sessionId: string, request: SealRequest): Promise<Answer<Sealed>>;
  endSession(sessionId: string): Promise<Answer<null>>;
  newPurchase(cardSessionId: string, entry: Entry, key: string): Promise<Answer<PurchaseView>>;
  confirm(purchaseId: string, key: string): Promise<Answer<PurchaseView>>;
  /** `code` is a payment code: held in memory only, never logged. */
  attempt(purchaseId: string, code: string, key: string): Promise<Answer<PurchaseView>>;
  cancel(purchaseId: string, key: string): Promise<Answer<PurchaseView>>;
  purchase(purchaseId: string): Promise<Answer<PurchaseView>>;
  wantScript(purchaseId: string, cardSessionId: string, key: string): Promise<Answer<CardAnswer>>;
  receipt(purchaseId: string): Promise<Answer<ReceiptData>>;
  /** Views newer than `after` until the stream ends, breaks (the generator just returns) or `signal` aborts. */
  events(purchaseId: string, after: number, signal: AbortSignal): AsyncGenerator<PurchaseView, void>;
}

interface Call<S extends TSchema> {
  method: "GET" | "POST" | "PUT";
  path: string;
  schema: S | null;
  body?: unknown;
  key?: string;
}

const unreachable = { ok: false, kind: "unreachable" } as const;
const defaultTimeoutMs = 10_000;
const retriableAuthCode = "auth.required";
const undecidedCode = "server.unavailable";
/** A live stream says something (an event or a comment) at least this often. */
const streamSilenceMs = 45_000;

/** The calls of a paired terminal. */
export function terminalApi(options: ClientOptions): TerminalApi {
  const withToken = async <S extends TSchema>(call: Call<S>): Promise<Answer<Static<S>>> => {
    const token = await options.token(false);
    if (!token.ok) return token;
    const answer = await send(options, call, token.value);
    if (answer.ok || answer.kind !== "problem" || answer.problem.code !== retriableAuthCode) return answer;
    const fresh = await options.token(true);
    return fresh.ok ? send(options, call, fresh.value) : fresh;
  };
  const id = encodeURIComponent;
  const post = <S extends TSchema>(path: string, schema: S, body: unknown, key?: string) =>
    withToken({ method: "POST", path, schema, body, ...(key === undefined ? {} : { key }) });
  return {
    me: () => withToken({ method: "GET", path: "/terminals/me", schema: TerminalConfigSchema }),
    openSession: (body) => post("/card-sessions", SessionSchema, body),
    putImage: (sessionId, report) =>
      withToken({
        method: "PUT",
        path: `/card-sessions/${id(sessionId)}/image`,
        schema: CardAnswerSchema,
        body: report,
      }),
    postReport: (sessionId, report) => post(`/card-sessions/${id(sessionId)}/reports`, CardAnswerSchema, report),
    seal: (sessionId, request) => post(`/card-sessions/${id(sessionId)}/seals`, SealedSchema, request),
    endSession: (sessionId) => post(`/card-sessions/${id(sessionId)}/end`, Type.Null(), {}),
    newPurchase: (cardSessionId, entry, key) => post("/purchases", PurchaseSchema, { cardSessionId, entry }, key),
    confirm: (purchaseId, key) => post(`/purchases/${id(purchaseId)}/confirm`, PurchaseSchema, {}, key),
    attempt: (purchaseId, code, key) => post(`/purchases/${id(purchaseId)}/attempts`, PurchaseSchema, { code }, key),
    cancel: (purchaseId, key) => post(`/purchases/${id(purchaseId)}/cancel`, PurchaseSchema, {}, key),
    purchase: (purchaseId) =>
      withToken({ method: "GET", path: `/purchases/${id(purchaseId)}`, schema: PurchaseSchema }),
    wantScript: (purchaseId, cardSessionId, key) =>
      post(`/purchases/${id(purchaseId)}/script`, CardAnswerSchema, { cardSessionId }, key),
    receipt: (purchaseId) =>
      withToken({ method: "GET", path: `/purchases/${id(purchaseId)}/receipt`, schema: ReceiptSchema }),
    events: (purchaseId, after, signal) => purchaseEvents(options, purchaseId, after, signal),
  };
}

/** Pairs this machine's public key (SPKI PEM, Ed25519) by a one-time code. */
export function pairTerminal(
  options: Pick<ClientOptions, "serverUrl" | "fetch" | "timeoutMs">,
  body: { code: string; publicKey: string },
): Promise<Answer<{ terminalId: string }>> {
  return send(options, { method: "POST", path: "/terminals/pair", schema: PairedSchema, body }, null);
}

/** A short-lived bearer token for a signed request. */
export function fetchTerminalToken(
  options: Pick<ClientOptions, "serverUrl" | "fetch" | "timeoutMs">,
  body: TokenRequest,
): Promise<Answer<TerminalToken>> {
  return send(options, { method: "POST", path: "/terminals/token", schema: TokenSchema, body }, null);
}

async function send<S extends TSchema>(
  options: Pick<ClientOptions, "serverUrl" | "fetch" | "timeoutMs">,
  call: Call<S>,
  token: string | null,
): Promise<Answer<Static<S>>> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  if (call.key !== undefined) headers["idempotency-key"] = call.key;
  if (call.body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = {
    method: call.method,
    headers,
    signal: AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs),
  };
  if (call.body !== undefined) init.body = JSON.stringify(call.body);
  try {
    const response = await (options.fetch ?? fetch)(address(options.serverUrl, call.path), init);
    const text = await response.text();
    const json: unknown = text === "" ? null : JSON.parse(text);
    if (!response.ok) {
      // Without a problem body it was not our server that spoke, so nothing is known about the call.
      // And a centre that says "not now" has not decided anything either.
      const decided = Check(ProblemSchema, json) && json.code !== undecidedCode ? json : null;
      return decided === null ? unreachable : { ok: false, kind: "problem", problem: decided };
    }
    if (call.schema === null || !Check(call.schema, json)) return unreachable;
    return { ok: true, value: json };
  } catch {
    return unreachable;
  }
}

async function* purchaseEvents(
  options: ClientOptions,
  purchaseId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<PurchaseView, void> {
  const token = await options.token(false);
  if (!token.ok) return;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), streamSilenceMs);
  try {
    const response = await (options.fetch ?? fetch)(
      address(options.serverUrl, `/purchases/${encodeURIComponent(purchaseId)}/events?after=${after}`),
      {
        headers: { accept: "text/event-stream", authorization: `Bearer ${token.value}` },
        signal: AbortSignal.any([signal, silence.signal]),
      },
    );
    if (!response.ok || response.body === null) return;
    const read = eventReader();
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), streamSilenceMs);
      for (const data of read(decoder.decode(bytes, { stream: true }))) {
        const view: unknown = JSON.parse(data);
        if (Check(PurchaseSchema, view)) yield view;
      }
    }
  } catch {
    // A stream breaks like any line; the caller asks again from the version it has.
  } finally {
    clearTimeout(timer);
  }
}

function address(serverUrl: string, path: string): string {
  return `${serverUrl.replace(/\/+$/, "")}/api/v1${path}`;
}

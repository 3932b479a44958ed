/** The calls whose answer the flow waits for: each with its repetitions, each answer as the flow knows it. */
import type { Answer, TerminalApi } from "@citygas/api";
import type { CrashPoint } from "./crash.ts";
import type { Answered, Effect } from "./flow/types.ts";
import { type RetryOptions, untilAnswered } from "./retry.ts";

export interface RequestParts {
  api: TerminalApi;
  readerName: string;
  nowMs: () => number;
  sleep: (ms: number) => Promise<void>;
  crash: (point: CrashPoint) => void;
  /** Is this request still the one the flow waits for? */
  awaited: (ref: number) => boolean;
  closed: () => boolean;
}

export type Request = Extract<
  Effect,
  { do: "openSession" | "image" | "newPurchase" | "confirm" | "attempt" | "wantScript" | "purchase" | "cancel" }
>;

export function retrying(parts: RequestParts, ref: number, forMs: number): RetryOptions {
  const { nowMs, sleep } = parts;
  return { forMs, nowMs, sleep, wanted: () => parts.awaited(ref) && !parts.closed() };
}

export async function ask(parts: RequestParts, request: Request): Promise<Answered> {
  const { api, crash } = parts;
  const options = retrying(parts, request.ref, request.retryForMs);
  const until = <T>(call: () => Promise<Answer<T>>): Promise<Answer<T>> => untilAnswered(call, options);
  switch (request.do) {
    case "openSession": {
      const body = { reader: parts.readerName, atr: request.atr, powerUpId: request.powerUpId };
      const answer = await until(() => api.openSession(body));
      crash("afterOpenSession");
      return { to: "openSession", answer };
    }
    case "image": {
      const answer = await until(() => api.putImage(request.sessionId, request.report));
      crash("afterImage");
      return { to: "image", answer };
    }
    case "newPurchase": {
      const answer = await until(() => api.newPurchase(request.sessionId, request.entry, request.key));
      crash("afterQuote");
      return { to: "newPurchase", answer };
    }
    case "confirm": {
      const answer = await until(() => api.confirm(request.purchaseId, request.key));
      crash("afterConfirm");
      return { to: "confirm", answer };
    }
    case "attempt": {
      const answer = await until(() => api.attempt(request.purchaseId, request.code, request.key));
      crash("afterAttempt");
      return { to: "attempt", answer };
    }
    case "wantScript": {
      crash("afterPaid");
      const { purchaseId, sessionId, key } = request;
      return { to: "wantScript", answer: await until(() => api.wantScript(purchaseId, sessionId, key)) };
    }
    case "purchase":
      return { to: "purchase", answer: await until(() => api.purchase(request.purchaseId)) };
    case "cancel": {
      // Goes on when the stage has moved on: giving up must reach the centre.
      const anyway = { ...options, wanted: () => !parts.closed() };
      const answer = await untilAnswered(() => api.cancel(request.purchaseId, request.key), anyway);
      return { to: "cancel", answer };
    }
  }
}

import { AsyncLocalStorage } from "node:async_hooks";
import { Agent } from "urllib";

/**
 * The SDK's HTTP client repeats a request by itself when its connection breaks, and follows redirects. Either would
 * send a pay call twice (invariant I11: a payment intent is sent once), and the SDK has no switch for it. So each call
 * runs in a scope that lets one request out and refuses the next.
 */
const scope = new AsyncLocalStorage<{ sent: boolean }>();

export class SecondSendRefused extends Error {
  override name = "SecondSendRefused";
}

/** Runs `call` so that it may send one request through a `SendOnceAgent`. */
export function sendingOnce<T>(call: () => Promise<T>): Promise<T> {
  return scope.run({ sent: false }, call);
}

/** Connections of its own, each used once: no proxy or dispatcher set for the process applies. */
export class SendOnceAgent extends Agent {
  constructor(timeoutMs: number) {
    super({ pipelining: 0, connect: { timeout: timeoutMs } });
  }

  override dispatch(...args: Parameters<Agent["dispatch"]>): boolean {
    const call = scope.getStore();
    if (call === undefined || call.sent) throw new SecondSendRefused("a gateway call is sent once");
    call.sent = true;
    return super.dispatch(...args);
  }
}

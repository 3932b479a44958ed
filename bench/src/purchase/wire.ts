/**
 * The terminal's calls with as little work on this side as can be: the generator shares the machine with what it
 * measures. Anything but the expected answer throws, so that no failed sale is counted.
 */
import { Agent, request } from "node:http";
import type { PurchaseView } from "@citygas/api";

export interface Wire {
  call<T>(method: "GET" | "POST" | "PUT", path: string, body?: object, key?: string): Promise<T>;
  /** Listens from now on; resolves with the first view that says paid. */
  paid(purchaseId: string, after: number): Promise<PurchaseView>;
}

const timeoutMs = 30_000;

export function wireTo(serverUrl: string, token: string): Wire {
  const { hostname: host, port } = new URL(serverUrl);
  // One for calls, one for the stream beside them.
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const common = { host, port, agent, timeout: timeoutMs };
  const headers = { authorization: `Bearer ${token}`, accept: "application/json" };

  const call = <T>(method: string, path: string, body?: object, key?: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const sent = request({
        ...common,
        method,
        path: `/api/v1${path}`,
        headers: {
          ...headers,
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
          ...(key === undefined ? {} : { "idempotency-key": key }),
        },
      });
      sent.on("response", (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          answer += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          if (status < 200 || status > 299) reject(new Error(`${method} ${path}: ${status} ${answer}`));
          // The API's schemas are held by the server's own tests; checking them here would be paid for by the figure.
          else resolve((answer === "" ? null : JSON.parse(answer)) as T);
        });
      });
      sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)));
      sent.on("error", reject);
      sent.end(text);
    });

  const paid = (purchaseId: string, after: number): Promise<PurchaseView> =>
    new Promise((resolve, reject) => {
      const path = `/api/v1/purchases/${purchaseId}/events?after=${after}`;
      const sent = request({ ...common, path, headers: { ...headers, accept: "text/event-stream" } });
      let last: PurchaseView | null = null;
      sent.on("response", (response) => {
        const read = eventData((data) => {
          last = JSON.parse(data) as PurchaseView;
          if (last.state === "paid") resolve(last);
        });
        response.setEncoding("utf8");
        response.on("data", read);
        response.on("error", reject);
        // After `resolve` this does nothing.
        response.on("end", () => reject(new Error(`not paid but ${last?.state ?? response.statusCode}`)));
      });
      sent.on("timeout", () => sent.destroy(new Error(`not paid in ${timeoutMs} ms`)));
      sent.on("error", reject);
      sent.end();
    });

  return { call, paid };
}

/** Takes pieces of an event stream and hands on the data of each whole event; comments and other fields are passed over. */
export function eventData(onData: (data: string) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const events = `${rest}${piece}`.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events)
      for (const line of event.split("\n")) if (line.startsWith("data: ")) onData(line.slice("data: ".length));
  };
}

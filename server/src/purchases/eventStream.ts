/** A purchase's views as server-sent events (WHATWG HTML). */
import { Readable } from "node:stream";
import type { Id } from "@citygas/core";
import type { FastifyReply } from "fastify";
import { sendRefused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { watchPurchase } from "./watch.ts";

/** Longer than any wait at a terminal; a client that still wants more asks again from its version. */
const streamMs = 30 * 60_000;
/** Streams of one process; each may hold a timer and a connection. */
const streamsMax = 4_000;

/** `streams` counts the open ones of this process. */
export function streamPurchase(
  sale: SaleContext,
  streams: { open: number },
  reply: FastifyReply,
  id: Id,
  after: number,
): FastifyReply {
  // A line that broke before this says so no more: it would be counted as open for ever.
  if (reply.raw.destroyed || streams.open >= streamsMax) return sendRefused(reply, { code: "server.unavailable" });
  streams.open += 1;
  const gone = new AbortController();
  reply.raw.on("close", () => {
    streams.open -= 1;
    gone.abort();
  });
  const views = watchPurchase(sale, id, after, gone.signal, sale.now() + streamMs);
  return reply
    .header("content-type", "text/event-stream; charset=utf-8")
    .header("cache-control", "no-store")
    .header("x-accel-buffering", "no")
    .send(Readable.from(lines(views), { objectMode: false }));
}

async function* lines(views: ReturnType<typeof watchPurchase>): AsyncGenerator<string, void> {
  for await (const view of views)
    yield view === null ? ":\n\n" : `id: ${view.version}\ndata: ${JSON.stringify(view)}\n\n`;
}

import { setImmediate as turn } from "node:timers/promises";
import type { FastifyReply } from "fastify";
import { fastify } from "fastify";
import { expect, test } from "vitest";
import { openMemoryStore } from "../store/memory.ts";
import { makeEarth } from "./earth.testkit.ts";
import { streamPurchase } from "./eventStream.ts";
import { makeWorld } from "./world.testkit.ts";

/** Open streams after one was asked for over a line that breaks `when` the stream is made. */
async function openAfter(when: "before" | "after"): Promise<number> {
  const { sale } = makeWorld(makeEarth(openMemoryStore()));
  const streams = { open: 0 };
  const app = fastify();
  const broken = async (reply: FastifyReply): Promise<void> => {
    const closed = new Promise((resolve) => reply.raw.once("close", resolve));
    reply.raw.destroy();
    await closed;
  };
  let ended: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    ended = resolve;
  });
  app.get("/", async (_request, reply) => {
    if (when === "before") await broken(reply);
    streamPurchase(sale, streams, reply, "p", 0);
    if (when === "after") await broken(reply);
    ended();
    return reply;
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  await Promise.all([over, fetch(url).catch(() => undefined)]);
  await turn();
  await app.close();
  return streams.open;
}

test.each(["before", "after"] as const)("a line that breaks %s its stream begins leaves none open", async (when) => {
  expect(await openAfter(when)).toBe(0);
});

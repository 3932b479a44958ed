/**
 * The workbench's view of the books: the front asks the server in its own name, so the administrator's token stays on
 * this side and no browser ever has it. Only where the sandbox is, whose people and money are made up.
 */
import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";

export interface TrailSource {
  serverPort: number;
  /** Holds the administrator's token. Read at each request: the server may have made a new one. */
  adminTokenFile: string;
}

const timeoutMs = 5_000;
const limit = 200;

/** `GET /workbench/trail?after=…`: the server's `GET /api/v1/trail`, and nothing else of it. */
export function openTrailDoor(app: FastifyInstance, source: TrailSource): void {
  app.get<{ Querystring: { after?: string } }>(
    "/workbench/trail",
    { schema: { querystring: { type: "object", properties: { after: { type: "string", maxLength: 160 } } } } },
    async (request, reply) => {
      const query = new URLSearchParams({ limit: String(limit) });
      if (request.query.after !== undefined) query.set("after", request.query.after);
      try {
        const token = (await readFile(source.adminTokenFile, "utf8")).trim();
        const answer = await fetch(`http://127.0.0.1:${source.serverPort}/api/v1/trail?${query}`, {
          headers: { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(timeoutMs),
        });
        return reply
          .code(answer.status)
          .header("cache-control", "no-store")
          .type("application/json; charset=utf-8")
          .send(await answer.text());
      } catch {
        return reply.code(502).send({ code: "server.unavailable" });
      }
    },
  );
}

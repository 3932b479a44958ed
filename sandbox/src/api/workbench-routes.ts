import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";

const BUILT = fileURLToPath(new URL("../../dist/workbench", import.meta.url));

const TYPES: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".json", "application/json"],
]);

const NOT_BUILT =
  "<!doctype html><meta charset=utf-8><title>工作台</title><p>工作台还没有构建。The workbench is not built yet.</p>";

/** The built workbench, read once into memory: a few files, and nothing else of the disk is within reach. */
async function readBuilt(): Promise<Map<string, { body: Buffer; type: string }>> {
  const files = new Map<string, { body: Buffer; type: string }>();
  let names: string[];
  try {
    names = await readdir(BUILT, { recursive: true });
  } catch {
    return files;
  }
  for (const name of names) {
    const type = TYPES.get(extname(name));
    if (type !== undefined) files.set(name.replaceAll("\\", "/"), { body: await readFile(join(BUILT, name)), type });
  }
  return files;
}

export async function workbenchRoutes(server: FastifyInstance): Promise<void> {
  const files = await readBuilt();
  server.get("/workbench", { schema: { hide: true } }, (_request, reply) => reply.redirect("/workbench/"));
  server.get<{ Params: { "*": string } }>("/workbench/*", { schema: { hide: true } }, (request, reply) => {
    const wanted = request.params["*"];
    const file = files.get(wanted === "" ? "index.html" : wanted);
    if (file !== undefined) {
      // Built names carry a hash of their content; the page that names them must be asked for each time.
      const cache = wanted.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
      return reply.header("cache-control", cache).type(file.type).send(file.body);
    }
    if (wanted === "") return reply.type("text/html; charset=utf-8").send(NOT_BUILT);
    return reply.callNotFound();
  });
}

/** `/docs/api`: draws the OpenAPI description; no library, nothing from elsewhere. */
import { readFileSync } from "node:fs";
import type { App } from "./app.ts";

const contentTypes = { "api.html": "text/html", "api.css": "text/css", "api.js": "text/javascript" } as const;

export function registerDocs(app: App): void {
  const files = Object.entries(contentTypes).map(([name, type]) => ({
    path: name === "api.html" ? "/docs/api" : `/docs/${name}`,
    type: `${type}; charset=utf-8`,
    text: readFileSync(new URL(`./docs/${name}`, import.meta.url), "utf8"),
  }));
  for (const { path, type, text } of files) {
    app.get(path, { schema: { hide: true } }, async (_request, reply) =>
      reply.header("content-type", type).header("content-security-policy", "default-src 'self'").send(text),
    );
  }
}

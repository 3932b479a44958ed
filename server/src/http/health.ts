import { ProblemSchema } from "@citygas/api";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import { readMigrations } from "../store/migrate.ts";
import type { App } from "./app.ts";
import { sendProblem } from "./problem.ts";

/** `GET /health`: 200 only when the start is finished, the database answers and has every migration that this build knows. */
export function registerHealth(app: App, ctx: ServerContext, isReady: () => boolean): void {
  const known = readMigrations().map(({ name }) => name);
  const schema = {
    tags: ["operation"],
    summary: "可以营业了吗 · Ready?",
    response: { 200: Type.Object({ status: Type.Literal("ready"), now: Type.String() }), 503: ProblemSchema },
  };
  // Balancers ask every second or so: told once per change, the log keeps room for what matters.
  let away = false;
  app.get("/health", { schema }, async (_request, reply) => {
    if (!isReady()) return sendProblem(reply, "server.unavailable", { detail: "starting" });
    try {
      const { rows } = await ctx.db.query<{ name: string }>("select name from migration where name = any($1)", [known]);
      if (rows.length < known.length)
        return sendProblem(reply, "server.unavailable", { detail: "migrations are missing" });
      if (away) ctx.log.info("health: the database answers again");
      away = false;
    } catch (error) {
      if (!away) ctx.log.warn({ err: error }, "health: the database does not answer");
      away = true;
      return sendProblem(reply, "server.unavailable", { detail: "the database does not answer" });
    }
    return { status: "ready" as const, now: new Date(ctx.now()).toISOString() };
  });
}

/** Prometheus' text format, the few figures that an operator looks at first. */
import type { ServerContext } from "../context.ts";
import type { App } from "./app.ts";

export interface Metrics {
  count(method: string, route: string, status: number, elapsedMs: number): void;
  text(): string;
}

/** Routes are patterns and statuses few, so the number of series is bounded by the API itself. */
export function requestMetrics(): Metrics {
  const series = new Map<string, { count: number; sumMs: number }>();
  return {
    count(method, route, status, elapsedMs) {
      const labels = `method="${method}",route="${label(route)}",status="${status}"`;
      const found = series.get(labels) ?? { count: 0, sumMs: 0 };
      series.set(labels, { count: found.count + 1, sumMs: found.sumMs + elapsedMs });
    },
    text() {
      const lines = ["# TYPE citygas_http_request_seconds summary"];
      for (const [labels, { count, sumMs }] of series) {
        lines.push(`citygas_http_request_seconds_count{${labels}} ${count}`);
        lines.push(`citygas_http_request_seconds_sum{${labels}} ${(sumMs / 1000).toFixed(6)}`);
      }
      return lines.join("\n");
    },
  };
}

const label = (value: string): string => value.replace(/["\\\n]/g, "_");

/** Counting rows reads a whole table: at most this often, however often it is asked. */
const countEveryMs = 10_000;

export function registerMetrics(app: App, ctx: ServerContext, metrics: Metrics): void {
  let counted = { at: Number.NEGATIVE_INFINITY, text: "" };
  app.get("/metrics", { schema: { hide: true } }, async (_request, reply) => {
    if (ctx.now() - counted.at > countEveryMs) counted = { at: ctx.now(), text: await rowCounts(ctx) };
    reply.header("content-type", "text/plain; version=0.0.4; charset=utf-8");
    return `${metrics.text()}\n${counted.text}\n`;
  });
}

async function rowCounts(ctx: ServerContext): Promise<string> {
  const purchases = await ctx.db.query<{ status: string; n: number }>(
    "select status, count(*) as n from purchase group by status",
  );
  const tasks = await ctx.db.query<{ kind: string; n: number; overdue: number }>(
    "select kind, count(*) as n, count(*) filter (where due_at < $1) as overdue from task group by kind",
    [ctx.now()],
  );
  return [
    "# TYPE citygas_purchases gauge",
    ...purchases.rows.map(({ status, n }) => `citygas_purchases{state="${label(status)}"} ${n}`),
    "# TYPE citygas_tasks gauge",
    ...tasks.rows.map(({ kind, n }) => `citygas_tasks{kind="${label(kind)}"} ${n}`),
    "# TYPE citygas_tasks_overdue gauge",
    ...tasks.rows.map(({ kind, overdue }) => `citygas_tasks_overdue{kind="${label(kind)}"} ${overdue}`),
  ].join("\n");
}

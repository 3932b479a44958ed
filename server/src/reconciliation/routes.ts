/** Reconciliation for finance and supervisors: days, differences, the bank's statement. Corrections go by /decisions. */
import { Id, ProblemSchema } from "@citygas/api";
import { Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { requireStaff } from "../http/auth.ts";
import { pageFields, pageOf, readPage } from "../http/page.ts";
import { sendProblem } from "../http/problem.ts";
import { sendRefused } from "../purchases/refused.ts";
import { DayText, timeText } from "../registration/fields.ts";
import { importStatement } from "./bank.ts";
import { billsOfDay } from "./billRows.ts";
import type { ReconciliationContext } from "./context.ts";
import { isDay } from "./day.ts";
import { askForDay, type DayRow, dayRow } from "./days.ts";
import { type DifferenceRow, differenceById } from "./differenceRows.ts";
import { assign, closeDay, countsOfDays } from "./people.ts";
import type { Scheduler } from "./scheduler.ts";
import {
  Channel,
  ClassField,
  ComparisonField,
  DayDetailView,
  DayView,
  DifferenceView,
  dayDetailView,
  dayView,
  differenceView,
  NoteView,
  StateField,
} from "./schema.ts";

const onRequest = requireStaff("finance", "supervisor");
const common = { tags: ["reconciliation"], security: [{ bearer: [] }] };
const dayParams = Type.Object({ channel: Channel, day: DayText });
const idParams = Type.Object({ id: Id });
const statementMaxBytes = 8 * 1024 * 1024;

export function reconciliationRoutes(rc: ReconciliationContext, scheduler: Scheduler): Routes {
  return (app, ctx) => {
    dayRoutes(rc, scheduler)(app, ctx);
    differenceRoutes(rc)(app, ctx);
    statementRoute(rc)(app, ctx);
  };
}

function dayRoutes(rc: ReconciliationContext, scheduler: Scheduler): Routes {
  return (app) => {
    app.get(
      "/reconciliation/days",
      {
        onRequest,
        schema: {
          ...common,
          summary: "对账日列表 · Days of all channels, newest first: state, sums, counts of differences",
          querystring: Type.Object({ ...pageFields, channel: Type.Optional(Channel) }),
          response: { 200: pageOf(DayView), default: ProblemSchema },
        },
      },
      async ({ query }) => {
        const days = await readPage(
          query,
          (before, limit) => newestDays(rc, before, limit, query.channel),
          (row) => row,
        );
        const counts = await countsOfDays(rc, days.items);
        return { items: days.items.map((row) => dayView(row, counts(row))), next: days.next };
      },
    );
    app.get(
      "/reconciliation/days/:channel/:day",
      {
        onRequest,
        schema: {
          ...common,
          summary: "一天的四方核对 · One day: its bills and the four comparisons",
          params: dayParams,
          response: { 200: DayDetailView, default: ProblemSchema },
        },
      },
      async (request, reply) => {
        const { channel, day } = request.params;
        const row = await dayRow(rc.db, channel, day);
        if (row === undefined) return sendProblem(reply, "notFound");
        const counts = await countsOfDays(rc, [row]);
        return reply.send(dayDetailView(row, counts(row), await billsOfDay(rc.db, channel, day)));
      },
    );
    app.post(
      "/reconciliation/days/:channel/:day/fetch",
      {
        onRequest,
        schema: {
          ...common,
          summary: "立即取账单并重新核对 · Fetches the bill now and compares anew; the work is done in the background",
          params: dayParams,
          response: { 202: DayView, default: ProblemSchema },
        },
      },
      async (request, reply) => {
        const { channel, day } = request.params;
        if (!isDay(day) || rc.channels.get(channel)?.bills === undefined) return sendProblem(reply, "notFound");
        if (!(await askForDay(rc.db, channel, day, rc.now()))) return sendProblem(reply, "reconciliation.closed");
        scheduler.wake();
        const row = await dayRow(rc.db, channel, day);
        return row === undefined ? sendProblem(reply, "notFound") : reply.code(202).send(dayView(row, []));
      },
    );
    app.post(
      "/reconciliation/days/:channel/:day/close",
      {
        onRequest,
        schema: {
          ...common,
          summary: "关账 · Closes a day whose differences are all resolved or assigned; it is never opened again",
          params: dayParams,
          response: { 200: DayView, default: ProblemSchema },
        },
      },
      async (request, reply) => {
        const { channel, day } = request.params;
        const closed = await closeDay(rc, request.staff, channel, day);
        if (!closed.ok) return sendRefused(reply, closed.error);
        const counts = await countsOfDays(rc, [closed.value]);
        return reply.send(dayView(closed.value, counts(closed.value)));
      },
    );
  };
}

/** `id` is what the cursor holds: the day and channel of the last one. */
async function newestDays(
  rc: ReconciliationContext,
  before: string,
  limit: number,
  channel: string | undefined,
): Promise<(DayRow & { id: string })[]> {
  const { rows } = await rc.db.query<DayRow & { id: string }>(
    `select *, day || ' ' || channel as id from reconciliation_day
     where ($1 = '' or day || ' ' || channel < $1) and ($2::text is null or channel = $2)
     order by day desc, channel desc limit $3`,
    [before, channel ?? null, limit],
  );
  return rows;
}

function differenceRoutes(rc: ReconciliationContext): Routes {
  return (app) => {
    app.get(
      "/reconciliation/differences",
      {
        onRequest,
        schema: {
          ...common,
          summary: "差异列表 · Differences, by channel, day, comparison, class, state or order number",
          querystring: Type.Object({
            ...pageFields,
            channel: Type.Optional(Channel),
            day: Type.Optional(DayText),
            comparison: Type.Optional(ComparisonField),
            class: Type.Optional(ClassField),
            state: Type.Optional(StateField),
            outTradeNo: Type.Optional(Type.String({ maxLength: 64 })),
          }),
          response: { 200: pageOf(DifferenceView), default: ProblemSchema },
        },
      },
      async ({ query }) => readPage(query, (after, limit) => differencePage(rc, query, after, limit), differenceView),
    );
    app.get(
      "/reconciliation/differences/:id",
      {
        onRequest,
        schema: {
          ...common,
          summary: "一笔差异及其经过 · One difference and what happened to it",
          params: idParams,
          response: {
            200: Type.Object({ ...DifferenceView.properties, notes: Type.Array(NoteView) }),
            default: ProblemSchema,
          },
        },
      },
      async (request, reply) => {
        const row = await differenceById(rc.db, request.params.id);
        if (row === undefined) return sendProblem(reply, "notFound");
        const { rows } = await rc.db.query<{ at: number; actor: string; action: string; doc: unknown }>(
          "select at, actor, action, doc from reconciliation_note where difference_id = $1 order by at, id limit 200",
          [row.id],
        );
        const notes = rows.map((note) => ({ ...note, at: timeText(note.at) }));
        return reply.send({ ...differenceView(row), notes });
      },
    );
    app.post(
      "/reconciliation/differences/:id/assign",
      {
        onRequest,
        schema: {
          ...common,
          summary: "指派差异 · Gives a difference to a person",
          params: idParams,
          body: Type.Object({ to: Type.String({ minLength: 1, maxLength: 100, pattern: "^[^\\u0000]+$" }) }),
          response: { 200: DifferenceView, default: ProblemSchema },
        },
      },
      async (request, reply) => {
        const done = await assign(rc, request.staff, request.params.id, request.body.to);
        return done.ok ? reply.send(differenceView(done.value)) : sendRefused(reply, done.error);
      },
    );
  };
}

interface DifferenceFilter {
  channel?: string;
  day?: string;
  comparison?: string;
  class?: string;
  state?: string;
  outTradeNo?: string;
}
const filterColumns = [
  ["channel", "channel"],
  ["day", "day"],
  ["comparison", "comparison"],
  ["class", "class"],
  ["state", "state"],
  ["outTradeNo", "out_trade_no"],
] as const satisfies readonly (readonly [keyof DifferenceFilter, string])[];

async function differencePage(
  rc: ReconciliationContext,
  filter: DifferenceFilter,
  after: string,
  limit: number,
): Promise<DifferenceRow[]> {
  const values: unknown[] = [after, limit];
  const wanted = ["id > $1"];
  for (const [name, column] of filterColumns) {
    if (filter[name] === undefined) continue;
    values.push(filter[name]);
    wanted.push(`${column} = $${values.length}`);
  }
  const { rows } = await rc.db.query<DifferenceRow>(
    `select * from reconciliation_difference where ${wanted.join(" and ")} order by id limit $2`,
    values,
  );
  return rows;
}

/** In a scope of its own: its kind of body is not for other routes. */
function statementRoute(rc: ReconciliationContext): Routes {
  return (app) => {
    app.register((scope, _options, ready) => {
      const limit = { parseAs: "buffer", bodyLimit: statementMaxBytes } as const;
      scope.addContentTypeParser("text/csv", limit, (_request, body, parsed) => parsed(null, body));
      scope.route({
        method: "POST",
        url: "/reconciliation/bank-statements",
        onRequest,
        bodyLimit: statementMaxBytes,
        schema: {
          ...common,
          summary:
            "导入银行流水 · Takes in the bank's statement (text/csv, UTF-8: date,reference,counterparty,amount,balance) " +
            "and matches it with the gateways' payouts",
          consumes: ["text/csv"],
          querystring: Type.Object({ unitId: Id }),
          response: {
            200: Type.Object({ id: Type.String(), lines: Type.Integer(), matched: Type.Integer() }),
            default: ProblemSchema,
          },
        },
        handler: async (request, reply) => {
          if (!Buffer.isBuffer(request.body)) return sendProblem(reply, "request.invalid", { status: 415 });
          // Validated against the schema above.
          const { unitId } = request.query as { unitId: string };
          const { rows } = await rc.db.query("select 1 from company_unit where id = $1", [unitId]);
          if (rows.length === 0) return sendProblem(reply, "notFound", { detail: "unitId" });
          const taken = await importStatement(rc, unitId, request.body);
          if (taken.problem !== null)
            return sendProblem(reply, "reconciliation.badFile", { detail: JSON.stringify(taken.problem) });
          return reply.send({ id: taken.id, lines: taken.summary?.lines ?? 0, matched: taken.matched });
        },
      });
      ready();
    });
  };
}

/** The staff's list: what only people can settle, with all that is known about it. */
import { Id, ProblemSchema } from "@citygas/api";
import { Type } from "typebox";
import type { AuditLog } from "../audit/audit.ts";
import type { App } from "../http/app.ts";
import { requireStaff } from "../http/auth.ts";
import { pageFields, pageOf, readPage, timeKey } from "../http/page.ts";
import { sendProblem } from "../http/problem.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { orNull, timeText, timeTextOrNull } from "../registration/fields.ts";
import { causeOf, subjectOf } from "./causes.ts";
import { evidenceFor } from "./evidence.ts";
import { staffTaskAge } from "./staffTaskKeeper.ts";
import { closeStaffTask, type StoredStaffTask, staffTaskById, staffTaskPage } from "./staffTaskRows.ts";

const View = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  ref: Type.String({ description: "the purchase, attempt or card" }),
  doc: Type.Unknown(),
  createdAt: Type.String(),
  ageMs: Type.Integer(),
  overdue: Type.Boolean(),
  closedAt: orNull(Type.String()),
  closedBy: orNull(Type.String({ description: "null: its cause was gone" })),
  words: orNull(Type.String()),
});
const params = Type.Object({ id: Id });
const common = { tags: ["staff-tasks"], security: [{ bearer: [] }] };

/** Routes below `/api/v1`. */
export function registerStaffTasks(app: App, sale: SaleContext, audit: AuditLog): void {
  const viewOf = ({ createdAt, closedAt, ...task }: StoredStaffTask) => {
    const ageMs = Math.max(0, (closedAt ?? sale.now()) - createdAt);
    const overdue = closedAt === null && ageMs >= staffTaskAge.alarmMs;
    return { ...task, createdAt: timeText(createdAt), ageMs, overdue, closedAt: timeTextOrNull(closedAt) };
  };
  app.get(
    "/staff-tasks",
    {
      onRequest: requireStaff(),
      schema: {
        ...common,
        summary: "待办 · What waits for people, oldest first",
        querystring: Type.Object({
          ...pageFields,
          kind: Type.Optional(Type.String({ maxLength: 60 })),
          state: Type.Optional(Type.Union([Type.Literal("open"), Type.Literal("closed")])),
          ref: Type.Optional(Id),
          olderThanMs: Type.Optional(Type.Integer({ minimum: 0 })),
        }),
        response: { 200: pageOf(View), default: ProblemSchema },
      },
    },
    async ({ query }) => {
      const before = query.olderThanMs === undefined ? undefined : sale.now() - query.olderThanMs;
      return readPage(
        query,
        (after, limit) => staffTaskPage(sale.db, { ...query, before }, after, limit),
        viewOf,
        ({ createdAt, id }) => timeKey(createdAt, id),
      );
    },
  );
  app.get(
    "/staff-tasks/:id",
    {
      onRequest: requireStaff(),
      schema: {
        ...common,
        summary: "查看待办 · One case: payment, gateway's last words, card images before and after, what readers saw",
        params,
        response: { 200: Type.Object({ ...View.properties, evidence: Type.Unknown() }), default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { staff, params } = request;
      const task = await staffTaskById(sale.db, params.id);
      if (task === undefined) return sendProblem(reply, "notFound");
      await audit.append({ actor: staff.id, action: "staffTask.read", subject: task.id, doc: { kind: task.kind } });
      return reply.send({ ...viewOf(task), evidence: await evidenceFor(sale, task.ref) });
    },
  );
  app.post(
    "/staff-tasks/:id/close",
    {
      onRequest: requireStaff("supervisor", "finance", "operations"),
      schema: {
        ...common,
        summary: "关闭待办 · Closes a case whose cause no machine can tell; the others close by themselves",
        params,
        body: Type.Object({ words: Type.String({ minLength: 4, maxLength: 500, pattern: "^[^\\u0000]+$" }) }),
        response: { 200: View, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { staff, params, body } = request;
      const task = await staffTaskById(sale.db, params.id);
      if (task === undefined) return sendProblem(reply, "notFound");
      const cause = causeOf(task.kind, task.createdAt, await subjectOf(sale.store, task.ref));
      if (cause === "remains") return sendProblem(reply, "task.causeRemains");
      await audit.append({ actor: staff.id, action: "staffTask.closed", subject: task.id, doc: body });
      await closeStaffTask(sale.db, task.id, sale.now(), cause === "gone" ? null : staff.id, body.words);
      const closed = await staffTaskById(sale.db, task.id);
      return closed === undefined ? sendProblem(reply, "notFound") : reply.send(viewOf(closed));
    },
  );
}

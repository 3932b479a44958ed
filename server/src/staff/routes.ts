/** Who works here: made, given a token and disabled by the administrator. */
import { Id, ProblemSchema } from "@citygas/api";
import { Type } from "typebox";
import type { AuditLog } from "../audit/audit.ts";
import type { Role } from "../decisions/types.ts";
import type { Routes } from "../http/app.ts";
import { requireAdmin, requireStaff } from "../http/auth.ts";
import { idempotencyOf, requireIdempotencyKey } from "../http/idempotency.ts";
import { pageFields, pageOf, readPage } from "../http/page.ts";
import { sendProblem } from "../http/problem.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { orNull, timeText, timeTextOrNull } from "../registration/fields.ts";
import { addStaff, changeRoles, disableStaff, type StaffMember, staffMember, staffPage } from "./staffRows.ts";
import { issueStaffToken } from "./tokens.ts";

export const roles = ["cashier", "supervisor", "finance", "operations", "admin"] as const satisfies readonly Role[];
const RoleSchema = Type.Unsafe<Role>(Type.Union(roles.map((role) => Type.Literal(role))));
const Roles = Type.Array(RoleSchema, { minItems: 1, maxItems: roles.length, uniqueItems: true });
const PersonName = Type.String({ minLength: 1, maxLength: 40, pattern: "^[^\\u0000-\\u001f]+$" });
const StaffView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  roles: Type.Array(RoleSchema),
  createdAt: Type.String(),
  disabledAt: orNull(Type.String()),
});
const token = Type.String({ description: "shown this once; only its hash is kept" });
const WithToken = Type.Object({ ...StaffView.properties, token });
const params = Type.Object({ id: Id });
const common = { tags: ["staff"], security: [{ bearer: [] }] };

const viewOf = ({ createdAt, disabledAt, ...member }: StaffMember) => ({
  ...member,
  createdAt: timeText(createdAt),
  disabledAt: timeTextOrNull(disabledAt),
});

/** Until the console brings signing in, a token lasts until it is revoked. */
const lasting = { expiresAt: null, instead: true };

export function staffRoutes(audit: AuditLog): Routes {
  return (app, ctx) => {
    app.post(
      "/staff",
      {
        onRequest: [requireAdmin, requireIdempotencyKey],
        schema: {
          ...common,
          summary: "登记员工 · Adds a member of the staff; asked for again, it is the same one with another token",
          body: Type.Object({ name: PersonName, roles: Roles }),
          response: { 201: WithToken, default: ProblemSchema },
        },
      },
      async (request, reply) => {
        const { key, fingerprint } = idempotencyOf(request, "admin");
        const id = derivedId("staff member", key, fingerprint);
        const { name, roles } = request.body;
        await audit.append({ actor: "admin", action: "staff.added", subject: id, doc: { roles } });
        await addStaff(ctx.db, { id, name, roles, createdAt: ctx.now(), disabledAt: null });
        const member = await staffMember(ctx.db, id);
        if (member === undefined) throw new Error(`staff ${id} vanished`);
        return reply.code(201).send({ ...viewOf(member), token: await issueStaffToken(ctx, id, lasting) });
      },
    );
    app.get(
      "/staff",
      {
        onRequest: requireAdmin,
        schema: {
          ...common,
          summary: "查询员工 · The staff",
          querystring: Type.Object(pageFields),
          response: { 200: pageOf(StaffView), default: ProblemSchema },
        },
      },
      async ({ query }) => readPage(query, (after, limit) => staffPage(ctx.db, after, limit), viewOf),
    );
    app.get(
      "/staff/me",
      {
        onRequest: requireStaff(),
        schema: {
          ...common,
          summary: "我是谁 · Whose token this is",
          response: { 200: Type.Pick(StaffView, ["id", "name", "roles"]), default: ProblemSchema },
        },
      },
      async ({ staff }) => ({ id: staff.id, name: staff.name, roles: [...staff.roles] }),
    );
    changes(app, ctx, audit);
  };
}

const changes = (app: Parameters<Routes>[0], ctx: Parameters<Routes>[1], audit: AuditLog): void => {
  app.put(
    "/staff/:id/roles",
    {
      onRequest: requireAdmin,
      schema: {
        ...common,
        summary: "调整岗位 · Changes what somebody may do",
        params,
        body: Type.Object({ roles: Roles }),
        response: { 200: StaffView, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { roles } = request.body;
      await audit.append({ actor: "admin", action: "staff.rolesChanged", subject: id, doc: { roles } });
      await changeRoles(ctx.db, id, roles);
      const member = await staffMember(ctx.db, id);
      return member === undefined ? sendProblem(reply, "notFound") : reply.send(viewOf(member));
    },
  );
  app.post(
    "/staff/:id/token",
    {
      onRequest: requireAdmin,
      schema: {
        ...common,
        summary: "换发令牌，旧令牌作废 · Another token; all earlier ones end",
        params,
        response: { 201: Type.Object({ token }), default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const member = await staffMember(ctx.db, id);
      if (member === undefined) return sendProblem(reply, "notFound");
      await audit.append({ actor: "admin", action: "staff.tokenIssued", subject: id, doc: {} });
      return reply.code(201).send({ token: await issueStaffToken(ctx, id, lasting) });
    },
  );
  app.post(
    "/staff/:id/disable",
    {
      onRequest: requireAdmin,
      schema: {
        ...common,
        summary: "停用员工 · Their tokens no longer count; what they did stays",
        params,
        response: { 200: StaffView, default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await audit.append({ actor: "admin", action: "staff.disabled", subject: id, doc: {} });
      await disableStaff(ctx.db, id, ctx.now());
      const member = await staffMember(ctx.db, id);
      return member === undefined ? sendProblem(reply, "notFound") : reply.send(viewOf(member));
    },
  );
};

import { Id, ProblemSchema, PurchaseSchema } from "@citygas/api";
import { ok, type Result } from "@citygas/core";
import { Type } from "typebox";
import type { AuditLog } from "../audit/audit.ts";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { hasRole, requireStaff } from "../http/auth.ts";
import { requireIdempotencyKey } from "../http/idempotency.ts";
import { pageFields, pageOf, readPage } from "../http/page.ts";
import { sendProblem } from "../http/problem.ts";
import { type Refused, refused, sendRefused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { orNull } from "../registration/fields.ts";
import { keyedByStaff } from "../staff/keyed.ts";
import {
  cashIn,
  closeShift,
  type Drawer,
  drawerById,
  drawerPage,
  lastOpening,
  makeDrawer,
  openShift,
} from "./drawers.ts";
import { payAtCounter } from "./payments.ts";

const Cash = Type.Integer({ minimum: 0, maximum: 1_000_000_000, description: "fen" });
const View = Type.Object({
  id: Type.String(),
  unitId: Type.String(),
  name: Type.String(),
  cashFen: Type.Integer({ description: "as the books have it" }),
  open: Type.Boolean(),
  openedBy: orNull(Type.String({ description: "whose it is, or was last" })),
  version: Type.Integer({ description: "moves with its cash; named when it is counted" }),
});
const params = Type.Object({ id: Id });
const common = { tags: ["counter"], security: [{ bearer: [] }] };

async function viewOf(ctx: ServerContext, { id, unitId, name }: Drawer) {
  const row = (await ctx.store.load([{ kind: "account", id }])).get("account", id);
  const opened = await lastOpening(ctx, id);
  return {
    id,
    unitId,
    name,
    cashFen: await cashIn(ctx, id),
    open: row?.state.block === null,
    openedBy: opened?.by ?? null,
    version: row?.version ?? 0,
  };
}

/** Routes below `/api/v1`. */
export function registerCounter(app: App, sale: SaleContext, audit: AuditLog): void {
  drawerRoutes(app, sale, audit);
  shiftRoutes(app, sale, audit);
  app.post(
    "/purchases/:id/counter-payments",
    {
      onRequest: [requireStaff("cashier", "supervisor"), requireIdempotencyKey],
      schema: {
        ...common,
        summary:
          "柜台收款 · Cash or the bank's terminal at a desk. Without the money received, or the slip's number, it is only " +
          "announced",
        params,
        body: Type.Union([
          Type.Object({ method: Type.Literal("cash"), drawerId: Id, receivedFen: Type.Optional(Cash) }),
          Type.Object({
            method: Type.Literal("pos"),
            posReference: Type.Optional(Type.String({ minLength: 3, maxLength: 64, pattern: "^[\\x21-\\x7e]+$" })),
          }),
        ]),
        response: {
          201: Type.Object({ purchase: PurchaseSchema, changeFen: orNull(Type.Integer()) }),
          default: ProblemSchema,
        },
      },
    },
    async (request, reply) => {
      const { staff, params, body } = request;
      await audit.append({ actor: staff.id, action: "counter.payment", subject: params.id, doc: body });
      const taken = await payAtCounter(sale, staff, params.id, body, keyedByStaff(request));
      return taken.ok ? reply.code(201).send(taken.value) : sendRefused(reply, taken.error);
    },
  );
}

function drawerRoutes(app: App, sale: SaleContext, audit: AuditLog): void {
  app.post(
    "/drawers",
    {
      onRequest: requireStaff("supervisor", "admin"),
      schema: {
        ...common,
        summary: "登记钱箱 · A cashier's drawer; of one name, a unit has one",
        body: Type.Object({
          unitId: Id,
          name: Type.String({ minLength: 1, maxLength: 40, pattern: "^[^\\u0000-\\u001f]+$" }),
        }),
        response: { 201: View, default: ProblemSchema },
      },
    },
    async ({ staff, body }, reply) => {
      await audit.append({ actor: staff.id, action: "drawer.made", subject: body.unitId, doc: body });
      const made = await makeDrawer(sale, body.unitId, body.name, staff.id);
      return made.ok ? reply.code(201).send(await viewOf(sale, made.value)) : sendRefused(reply, made.error);
    },
  );
  app.get(
    "/drawers",
    {
      onRequest: requireStaff(),
      schema: {
        ...common,
        summary: "查询钱箱 · Drawers with the cash that the books have in them",
        querystring: Type.Object({ ...pageFields, unitId: Type.Optional(Id) }),
        response: { 200: pageOf(View), default: ProblemSchema },
      },
    },
    async ({ query }) => {
      const page = await readPage(
        query,
        (after, limit) => drawerPage(sale.db, query.unitId, after, limit),
        (drawer) => viewOf(sale, drawer),
      );
      return { items: await Promise.all(page.items), next: page.next };
    },
  );
  app.get(
    "/drawers/:id",
    {
      onRequest: requireStaff(),
      schema: { ...common, summary: "查看钱箱 · One drawer", params, response: { 200: View, default: ProblemSchema } },
    },
    async (request, reply) => {
      const drawer = await drawerById(sale.db, request.params.id);
      return drawer === undefined ? sendProblem(reply, "notFound") : reply.send(await viewOf(sale, drawer));
    },
  );
}

function shiftRoutes(app: App, sale: SaleContext, audit: AuditLog): void {
  const onRequest = [requireStaff("cashier", "supervisor"), requireIdempotencyKey];
  const response = { 200: View, default: ProblemSchema };
  const answer = async (id: string, done: Result<unknown, Refused>) => {
    const drawer = await drawerById(sale.db, id);
    if (!done.ok) return done;
    return drawer === undefined ? refused("notFound") : ok(await viewOf(sale, drawer));
  };
  app.post(
    "/drawers/:id/open",
    {
      onRequest,
      schema: {
        ...common,
        summary: "开箱 · Opens it for whoever asks, with this much change money laid in",
        params,
        body: Type.Object({ floatFen: Cash }),
        response,
      },
    },
    async (request, reply) => {
      const { staff, params, body } = request;
      await audit.append({ actor: staff.id, action: "drawer.opened", subject: params.id, doc: body });
      const done = await openShift(sale, params.id, staff.id, body.floatFen, keyedByStaff(request));
      const view = await answer(params.id, done);
      return view.ok ? reply.send(view.value) : sendRefused(reply, view.error);
    },
  );
  app.post(
    "/drawers/:id/close",
    {
      onRequest,
      schema: {
        ...common,
        summary:
          "点钞关箱 · Closes it with what was counted; a difference is posted as one. `version`: the drawer's as it was " +
          "counted; where cash came or went since, it is counted again",
        params,
        body: Type.Object({ countedFen: Cash, version: Type.Integer({ minimum: 1 }) }),
        response: { 200: Type.Object({ ...View.properties, differenceFen: Type.Integer() }), default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { staff, params, body } = request;
      const opened = await lastOpening(sale, params.id);
      if (opened !== undefined && opened.by !== staff.id && !hasRole(staff, ["supervisor"]))
        return sendProblem(reply, "drawer.notYours");
      await audit.append({ actor: staff.id, action: "drawer.closed", subject: params.id, doc: body });
      const done = await closeShift(sale, params.id, staff.id, body, keyedByStaff(request));
      const view = await answer(params.id, done);
      if (!view.ok) return sendRefused(reply, view.error);
      const differenceFen = done.ok && done.value.type === "drawerClosed" ? done.value.differenceFen : 0;
      return reply.send({ ...view.value, differenceFen });
    },
  );
}

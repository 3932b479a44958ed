import { ProblemSchema } from "@citygas/api";
import { type Static, Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { requireAdmin } from "../http/auth.ts";
import { verifyAudit } from "./verify.ts";

const limitMax = 500;
const Row = Type.Object({
  at: Type.Integer({ description: "milliseconds since the epoch" }),
  actor: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  doc: Type.Unknown(),
  chain: Type.String(),
  seq: Type.Integer(),
});
const common = { tags: ["audit"], security: [{ bearer: [] }] };

export const auditRoutes: Routes = (app, ctx) => {
  app.get(
    "/audit",
    {
      onRequest: requireAdmin,
      schema: {
        ...common,
        summary: "操作记录 · What was done to one thing, oldest first",
        querystring: Type.Object({
          subject: Type.String({ minLength: 1, maxLength: 64 }),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax })),
        }),
        response: { 200: Type.Object({ items: Type.Array(Row) }), default: ProblemSchema },
      },
    },
    async ({ query: { subject, limit = 100 } }) => {
      const { rows } = await ctx.db.query<Static<typeof Row>>(
        "select at, actor, action, subject, doc, chain, seq from audit where subject = $1 order by at, chain, seq limit $2",
        [subject, limit],
      );
      return { items: rows };
    },
  );
  app.post(
    "/audit/verification",
    {
      onRequest: requireAdmin,
      schema: {
        ...common,
        summary: "核对操作记录 · Reads the whole log: was a row changed, left out or put in?",
        response: {
          200: Type.Object({
            rows: Type.Integer(),
            chains: Type.Integer(),
            broken: Type.Array(Type.Object({ chain: Type.String(), seq: Type.Integer(), why: Type.String() })),
          }),
          default: ProblemSchema,
        },
      },
    },
    async () => verifyAudit(ctx.db),
  );
};

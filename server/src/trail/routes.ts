/** The story of sales, for the administrator's token until staff have their own. */
import { Id, ProblemSchema } from "@citygas/api";
import { Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { requireAdmin } from "../http/auth.ts";
import { sendProblem } from "../http/problem.ts";
import { readCursor } from "./cursor.ts";
import { TrailItemSchema } from "./schema.ts";
import { trail, trailOfPurchase } from "./trail.ts";

const limitMax = 200;
const limitDefault = 50;
const common = { tags: ["trail"], security: [{ bearer: [] }] };
const onRequest = requireAdmin;

export const trailRoutes: Routes = (app, ctx) => {
  app.get(
    "/purchases/:id/trail",
    {
      onRequest,
      schema: {
        ...common,
        summary: "一笔购气的经过 · A purchase's story: events, postings, bytes changed on the card; masked",
        params: Type.Object({ id: Id }),
        response: { 200: Type.Object({ items: Type.Array(TrailItemSchema) }), default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const items = await trailOfPurchase(ctx.db, request.params.id);
      return items === undefined ? sendProblem(reply, "purchase.notFound") : reply.send({ items });
    },
  );
  app.get(
    "/trail",
    {
      onRequest,
      schema: {
        ...common,
        summary:
          "全部购气的经过 · Events of all purchases, oldest first. Without `after` the newest; read on with `next`, " +
          "which tells the last two seconds again: drop what you have by its id",
        querystring: Type.Object({
          after: Type.Optional(Type.String({ maxLength: 160, description: "`next` of the answer before" })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax })),
        }),
        response: {
          200: Type.Object({ items: Type.Array(TrailItemSchema), next: Type.String() }),
          default: ProblemSchema,
        },
      },
    },
    async (request, reply) => {
      const { after, limit = limitDefault } = request.query;
      const cursor = after === undefined ? null : readCursor(after);
      if (after !== undefined && cursor === null) return sendProblem(reply, "request.invalid", { detail: "after" });
      return reply.send(await trail(ctx.db, cursor, limit, ctx.now()));
    },
  );
};

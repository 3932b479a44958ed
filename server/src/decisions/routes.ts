import { Id, ProblemSchema } from "@citygas/api";
import { Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { requireStaff } from "../http/auth.ts";
import { requireIdempotencyKey } from "../http/idempotency.ts";
import { pageFields, pageOf, readPage, timeKey } from "../http/page.ts";
import { sendProblem } from "../http/problem.ts";
import { sendRefused } from "../purchases/refused.ts";
import { orNull, timeText, timeTextOrNull } from "../registration/fields.ts";
import { keyedByStaff } from "../staff/keyed.ts";
import type { Decisions } from "./decisions.ts";
import { proposalById, proposalPage, type StoredProposal } from "./proposalRows.ts";

const states = ["proposed", "confirmed", "done", "failed", "rejected", "withdrawn"] as const;
const State = Type.Unsafe<(typeof states)[number]>(Type.Union(states.map((state) => Type.Literal(state))));
const Kind = Type.String({ minLength: 1, maxLength: 60 });
const Evidence = Type.String({ minLength: 4, maxLength: 2_000, pattern: "^[^\\u0000]+$" });
const Words = Type.String({ minLength: 1, maxLength: 500, pattern: "^[^\\u0000]+$" });
const View = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  zh: Type.String(),
  en: Type.String(),
  ref: Type.String(),
  doc: Type.Unknown(),
  evidence: Type.String(),
  state: State,
  makerId: Type.String(),
  madeAt: Type.String(),
  checkerId: orNull(Type.String()),
  decidedAt: orNull(Type.String()),
  words: orNull(Type.String()),
  doneAt: orNull(Type.String()),
  outcome: Type.Unknown(),
});
const KindView = Type.Object({
  kind: Type.String(),
  zh: Type.String(),
  en: Type.String(),
  makers: Type.Array(Type.String()),
  checkers: Type.Array(Type.String()),
  doc: Type.Unknown({ description: "JSON Schema of the proposal's document" }),
});
const params = Type.Object({ id: Id });
const common = { tags: ["decisions"], security: [{ bearer: [] }] };
const response = { 200: View, default: ProblemSchema };

export function decisionRoutes(decisions: Decisions): Routes {
  const viewOf = ({ fingerprint: _, tries: __, ...p }: StoredProposal) => {
    const title = decisions.kinds.get(p.kind)?.title ?? { zh: p.kind, en: p.kind };
    const [madeAt, decidedAt, doneAt] = [timeText(p.madeAt), timeTextOrNull(p.decidedAt), timeTextOrNull(p.doneAt)];
    return { ...p, ...title, madeAt, decidedAt, doneAt };
  };
  return (app, ctx) => {
    app.post(
      "/decisions",
      {
        onRequest: [requireStaff(), requireIdempotencyKey],
        schema: {
          ...common,
          summary: "提交申请 · Proposes what takes two people; a colleague confirms or rejects it",
          body: Type.Object({ kind: Kind, ref: Id, doc: Type.Unknown(), evidence: Evidence }),
          response: { 201: View, default: ProblemSchema },
        },
      },
      async (request, reply) => {
        const { kind, ref, doc, evidence } = request.body;
        const made = await decisions.propose(request.staff, { kind, ref, doc, evidence }, keyedByStaff(request));
        return made.ok ? reply.code(201).send(viewOf(made.value)) : sendRefused(reply, made.error);
      },
    );
    const swap = decisions.kinds.get("meter.replace");
    if (swap === undefined) throw new Error("nobody replaces meters");
    app.post(
      "/meters/:id/replacement",
      {
        onRequest: [requireStaff(), requireIdempotencyKey],
        schema: {
          tags: ["devices"],
          security: common.security,
          summary:
            "换表 · Replaces the meter and its card: proposes the decision `meter.replace`, which a colleague confirms",
          params,
          body: Type.Object({ doc: swap.schema, evidence: Evidence }),
          response: { 201: View, default: ProblemSchema },
        },
      },
      async (request, reply) => {
        const { doc, evidence } = request.body;
        const wanted = { kind: swap.kind, ref: request.params.id, doc, evidence };
        const made = await decisions.propose(request.staff, wanted, keyedByStaff(request));
        return made.ok ? reply.code(201).send(viewOf(made.value)) : sendRefused(reply, made.error);
      },
    );
    app.get(
      "/decisions",
      {
        onRequest: requireStaff(),
        schema: {
          ...common,
          summary: "查询申请 · What was proposed, by state, kind or what it is about; newest first",
          querystring: Type.Object({
            ...pageFields,
            state: Type.Optional(State),
            kind: Type.Optional(Kind),
            ref: Type.Optional(Id),
          }),
          response: { 200: pageOf(View), default: ProblemSchema },
        },
      },
      async ({ query }) =>
        readPage(
          query,
          (after, limit) => proposalPage(ctx.db, query, after, limit),
          viewOf,
          ({ madeAt, id }) => timeKey(madeAt, id),
        ),
    );
    app.get(
      "/decisions/kinds",
      {
        onRequest: requireStaff(),
        schema: {
          ...common,
          summary: "申请种类 · What can be proposed, by whom, and who confirms it",
          response: { 200: Type.Object({ items: Type.Array(KindView) }), default: ProblemSchema },
        },
      },
      async () => ({
        items: [...decisions.kinds.values()].map(({ kind, title, makers, checkers, schema }) => ({
          kind,
          ...title,
          makers: [...makers],
          checkers: [...checkers],
          doc: schema,
        })),
      }),
    );
    app.get(
      "/decisions/:id",
      { onRequest: requireStaff(), schema: { ...common, summary: "查看申请 · One proposal", params, response } },
      async (request, reply) => {
        const proposal = await proposalById(ctx.db, request.params.id);
        return proposal === undefined ? sendProblem(reply, "notFound") : reply.send(viewOf(proposal));
      },
    );
    app.post(
      "/decisions/:id/confirm",
      {
        onRequest: requireStaff(),
        schema: {
          ...common,
          summary: "复核同意 · Confirms a colleague's proposal, which is then carried out once",
          params,
          body: Type.Object({ words: Type.Optional(Words) }),
          response,
        },
      },
      async (request, reply) => {
        const settled = await decisions.confirm(request.staff, request.params.id, request.body.words ?? null);
        return settled.ok ? reply.send(viewOf(settled.value)) : sendRefused(reply, settled.error);
      },
    );
    for (const [verb, summary] of [
      ["reject", "复核驳回 · Rejects a colleague's proposal"],
      ["withdraw", "撤回 · Takes back what is not decided, or not used yet"],
    ] as const) {
      app.post(
        `/decisions/:id/${verb}`,
        {
          onRequest: requireStaff(),
          schema: { ...common, summary, params, body: Type.Object({ words: Words }), response },
        },
        async (request, reply) => {
          const settled = await decisions[verb](request.staff, request.params.id, request.body.words);
          return settled.ok ? reply.send(viewOf(settled.value)) : sendRefused(reply, settled.error);
        },
      );
    }
  };
}

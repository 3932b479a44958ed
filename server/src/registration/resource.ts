/**
 * One shape for every registered thing: POST makes it, GET lists with search and cursor, GET reads one. Actions are
 * POSTs and PUTs below one thing. All for the administrator.
 */
import { ProblemSchema } from "@citygas/api";
import type { Id } from "@citygas/core";
import type { FastifyReply, FastifyRequest, FastifySchema } from "fastify";
import type { QueryResultRow } from "pg";
import { type Static, type TSchema, Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { requireAdmin } from "../http/auth.ts";
import { idempotencyOf, requireIdempotencyKey } from "../http/idempotency.ts";
import { sendProblem } from "../http/problem.ts";
import { Uuid } from "./fields.ts";
import { type Registered, sendRefusal } from "./outcome.ts";

/** Where a thing is read from. Column and SQL texts are constants of the program, never input. */
export interface Source<R extends QueryResultRow, V> {
  /** Selects all rows, each with an `id`. */
  sql: string;
  /** Columns in which `q` is looked for. */
  search: readonly string[];
  /** Query parameter → column. */
  filters: Readonly<Record<string, string>>;
  view(row: R): V;
}

export interface Resource<B extends TSchema, V extends TSchema, R extends QueryResultRow> {
  path: string;
  tag: string;
  summary: string;
  body: B;
  view: V;
  source: Source<R, Static<V>>;
  create(ctx: ServerContext, id: Id, body: Static<B>): Promise<Registered>;
}

const limitMax = 100;
const problems = { 400: ProblemSchema, 401: ProblemSchema, 403: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema };
const IdParams = Type.Object({ id: Uuid });

export async function readOne<R extends QueryResultRow, V>(
  ctx: ServerContext,
  source: Source<R, V>,
  id: Id,
): Promise<V | undefined> {
  const { rows } = await ctx.db.query<R>(`select * from (${source.sql}) x where x.id = $1`, [id]);
  return rows[0] && source.view(rows[0]);
}

/** Schemas and handlers meet through Fastify's untyped door here: its types can't follow a generic schema. */
export function registerResource<B extends TSchema, V extends TSchema, R extends QueryResultRow>(
  app: App,
  ctx: ServerContext,
  resource: Resource<B, V, R>,
): void {
  const { path, tag, view, source, summary } = resource;
  const common = { tags: [tag], security: [{ bearer: [] }] };
  app.route({
    method: "POST",
    url: path,
    onRequest: requireAdmin,
    schema: described({
      ...common,
      summary: `登记${summary}`,
      body: resource.body,
      response: { 201: view, ...problems, 422: ProblemSchema },
    }),
    handler: async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      const id = ctx.newId();
      const made = await resource.create(ctx, id, request.body as Static<B>); // validated against `resource.body`
      if (!made.ok) return sendRefusal(reply, made.error);
      return reply
        .code(201)
        .header("location", `/api/v1${path}/${id}`)
        .send(await readOne(ctx, source, id));
    },
  });
  app.route({
    method: "GET",
    url: path,
    onRequest: requireAdmin,
    schema: described({
      ...common,
      summary: `查询${summary}`,
      querystring: pageQuery(source),
      response: {
        200: Type.Object({ items: Type.Array(view), next: Type.Union([Type.String(), Type.Null()]) }),
        ...problems,
      },
    }),
    handler: async (request: FastifyRequest) => page(ctx, source, request.query as PageQuery),
  });
  app.route({
    method: "GET",
    url: `${path}/:id`,
    onRequest: requireAdmin,
    schema: described({
      ...common,
      summary: `查看${summary}`,
      params: IdParams,
      response: { 200: view, ...problems },
    }),
    handler: async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      const { id } = request.params as Static<typeof IdParams>;
      return (await readOne(ctx, source, id)) ?? sendProblem(reply, "notFound");
    },
  });
}

const described = (schema: FastifySchema): FastifySchema => schema;

function pageQuery<R extends QueryResultRow, V>({ search, filters }: Source<R, V>): TSchema {
  const text = Type.Optional(Type.String({ maxLength: 64 }));
  return Type.Object({
    q: Type.Optional(Type.String({ maxLength: 64, description: `contained in ${search.join(", ")}` })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: "`next` of the page before" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax })),
    ...Object.fromEntries(Object.keys(filters).map((name) => [name, text])),
  });
}

type PageQuery = { q?: string; cursor?: string; limit?: number } & Record<string, unknown>;

/** One page in the order of ids. The cursor is the last id of the page before, opaque to callers. */
export async function page<R extends QueryResultRow, V>(
  ctx: ServerContext,
  source: Source<R, V>,
  query: PageQuery,
): Promise<{ items: V[]; next: string | null }> {
  const limit = query.limit ?? 20;
  const values: unknown[] = [query.cursor === undefined ? "" : Buffer.from(query.cursor, "base64url").toString("utf8")];
  const wanted = ["x.id > $1"];
  if (query.q !== undefined && query.q !== "" && source.search.length > 0) {
    values.push(`%${query.q.replace(/[\\%_]/g, "\\$&")}%`);
    wanted.push(`(${source.search.map((column) => `x.${column} ilike $${values.length}`).join(" or ")})`);
  }
  for (const [name, column] of Object.entries(source.filters)) {
    if (query[name] === undefined) continue;
    values.push(query[name]);
    wanted.push(`x.${column} = $${values.length}`);
  }
  values.push(limit + 1);
  const sql = `select * from (${source.sql}) x where ${wanted.join(" and ")} order by x.id limit $${values.length}`;
  const { rows } = await ctx.db.query<R>(sql, values);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last ? Buffer.from(String(last.id)).toString("base64url") : null;
  return { items: shown.map((row) => source.view(row)), next };
}

export interface Action<B extends TSchema, V extends TSchema> {
  method: "POST" | "PUT" | "DELETE" | "GET";
  /** With `:id`. */
  path: string;
  tag: string;
  summary: string;
  body?: B;
  answer: V;
  status?: number;
  /**
   * What must not happen twice, like money moved, or once more when it holds no longer: an Idempotency-Key is required,
   * and handed to `run`.
   */
  keyed?: boolean;
  run(
    ctx: ServerContext,
    id: Id,
    body: Static<B>,
    key: { key: string; fingerprint: string },
  ): Promise<Registered<Static<V>>>;
}

export function registerAction<B extends TSchema, V extends TSchema>(
  app: App,
  ctx: ServerContext,
  action: Action<B, V>,
): void {
  const keyHeader = Type.Object({
    "idempotency-key": Type.String({ description: "8 to 128 visible ASCII characters" }),
  });
  const status = action.status ?? 200;
  app.route({
    method: action.method,
    url: action.path,
    onRequest: action.keyed === true ? [requireAdmin, requireIdempotencyKey] : [requireAdmin],
    schema: {
      tags: [action.tag],
      security: [{ bearer: [] }],
      summary: action.summary,
      params: IdParams,
      ...(action.body === undefined ? {} : { body: action.body }),
      ...(action.keyed === true ? { headers: keyHeader } : {}),
      response: { [status]: action.answer, ...problems, 422: ProblemSchema },
    },
    handler: async (request: FastifyRequest, reply) => {
      // Both were validated against the schemas above.
      const { id } = request.params as Static<typeof IdParams>;
      const key = action.keyed === true ? idempotencyOf(request, "admin") : { key: "", fingerprint: "" };
      const done = await action.run(ctx, id, request.body as Static<B>, key);
      return done.ok ? reply.code(status).send(done.value) : sendRefusal(reply, done.error);
    },
  });
}

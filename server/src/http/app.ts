/**
 * The HTTP surface: one Fastify app, schemas that validate and describe at once, problems instead of error pages.
 * Capabilities bring their routes; they are mounted under /api/v1, `rootRoutes` at the server's root.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
  type RawServerDefault,
} from "fastify";
import type { ServerContext } from "../context.ts";
import { type Authenticators, useAuth } from "./auth.ts";
import { registerDocs } from "./docs.ts";
import { registerHealth } from "./health.ts";
import { type Metrics, registerMetrics, requestMetrics } from "./metrics.ts";
import { sendProblem } from "./problem.ts";
import { validatorCompiler } from "./validator.ts";

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A capability's routes. */
export type Routes = (app: App, ctx: ServerContext) => void;

export interface AppOptions {
  authenticators: Authenticators;
  apiRoutes: readonly Routes[];
  rootRoutes: readonly Routes[];
  /** Has the start come to its end? Default: it has. */
  isReady?: () => boolean;
}

const bodyMaxBytes = 64 * 1024;
const requestTimeoutMs = 15_000;
const keepAliveTimeoutMs = 72_000;

/** Ready to listen, or to be asked by `inject`. */
export async function buildApp(ctx: ServerContext, options: AppOptions): Promise<App> {
  const app = newApp(ctx);
  const metrics = requestMetrics();
  useAuth(app, options.authenticators);
  observe(app, ctx, metrics);
  refuse(app, ctx);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Citygas",
        version: "1",
        description:
          "城市燃气自助购气。City gas sold without a cashier. Money integer fen, gas integer litres (1 m³ = 1000), " +
          "unit prices integers in 1/10,000 yuan per m³.",
      },
      servers: [{ url: "/" }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    },
    transform: ({ schema, url }) => ({ schema: { tags: [tagOf(url)], ...schema }, url }),
  });
  registerHealth(app, ctx, options.isReady ?? (() => true));
  registerMetrics(app, ctx, metrics);
  registerDocs(app);
  for (const routes of options.rootRoutes) routes(app, ctx);
  await app.register(
    (scope: App, _options, done) => {
      for (const routes of options.apiRoutes) routes(scope, ctx);
      // Putting it together takes long enough to be felt by a sale that is running: once is enough.
      let description: string | null = null;
      scope.get("/openapi.json", { schema: { hide: true } }, (_request, reply) => {
        description ??= JSON.stringify(app.swagger());
        return reply.type("application/json; charset=utf-8").send(description);
      });
      done();
    },
    { prefix: "/api/v1" },
  );
  await app.ready();
  return app;
}

/** Routes that name no group stand under their first word. */
const tagOf = (url: string): string => url.replace("/api/v1", "").split("/")[1] ?? "other";

function newApp(ctx: ServerContext): App {
  const loggerInstance: FastifyBaseLogger = ctx.log;
  const app = Fastify({
    loggerInstance,
    // Its lines carry whole URLs, in which a receipt's token or a searched name may stand; `observe` logs the route.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyMaxBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Open event streams would otherwise hold a stopping server for ever.
    forceCloseConnections: true,
    genReqId: () => ctx.newId(),
    routerOptions: { maxParamLength: 128 },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  // Schemas describe answers, they don't reshape them: a serializer that drops or coerces fields would hide a mistake.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}

/** One line and one count per answer, by the route's pattern: nothing personal is in it. */
function observe(app: App, ctx: ServerContext, metrics: Metrics): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    reply.header("x-content-type-options", "nosniff");
    reply.header("cache-control", "no-store");
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    const line = {
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    metrics.count(request.method, route, reply.statusCode, reply.elapsedTime);
    if (reply.statusCode >= 500) ctx.log.warn(line, "answered");
    else ctx.log.debug(line, "answered");
  });
}

/** Whatever goes wrong is told as a problem; what only concerns us goes to the log. */
function refuse(app: App, ctx: ServerContext): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, "notFound"));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.validationContext !== undefined) {
      // The compiler's message names the field and the rule, never the value.
      return sendProblem(reply, "request.invalid", { detail: `${error.validationContext}${error.message}` });
    }
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return sendProblem(reply, "request.invalid", { status, detail: error.code });
    ctx.log.error({ err: error, requestId: request.id, route: request.routeOptions.url }, "request failed");
    return sendProblem(reply, "server.unavailable", { status: 500 });
  });
}

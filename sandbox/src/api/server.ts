import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import Fastify from "fastify";
import { cardRoutes } from "./cards-routes.ts";
import { cashierPageRoute, cashierRoutes } from "./cashier-routes.ts";
import type { Api, ApiContext } from "./context.ts";
import { faultRoutes } from "./faults-routes.ts";
import { meterRoutes } from "./meters-routes.ts";
import { callbackRoutes, moneyRoutes } from "./money-routes.ts";
import { messageRoutes, providerRoutes } from "./notices-routes.ts";
import { phoneRoutes } from "./phones-routes.ts";
import { printerRoutes } from "./printer-routes.ts";
import { installProblems } from "./problems.ts";
import { type StoryRoutes, storyRoutes } from "./story-routes.ts";

export interface ApiServer {
  listen(port: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * The sandbox over HTTP: `/sandbox/api` with its description, the notice providers and the cashier's page beside it. The
 * workbench page is files only and served by others.
 */
export async function makeApiServer(context: ApiContext): Promise<ApiServer> {
  const server = Fastify({
    forceCloseConnections: true,
    bodyLimit: 64 * 1024,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  installProblems(server);
  // A body may be left out where all of it is optional.
  server.removeContentTypeParser("application/json");
  server.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, body === "" ? {} : JSON.parse(String(body)));
    } catch {
      done(Object.assign(new Error("not JSON"), { statusCode: 400 }));
    }
  });
  server.addHook("preValidation", (request, _reply, done) => {
    request.body ??= {};
    done();
  });
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Citygas sandbox",
        version: "1",
        description: "The outside world by hand: cards, readers, phones, printers, meters, gateways, faults.",
      },
      servers: [{ url: "/" }],
    },
  });
  await server.register(
    (plain, _options, done) => {
      const outside: Api = plain.withTypeProvider<TypeBoxTypeProvider>();
      providerRoutes(outside, context);
      cashierPageRoute(outside, context);
      done();
    },
    { prefix: "/sandbox" },
  );
  const routes: { story: StoryRoutes | null } = { story: null };
  await server.register(
    (plain, _options, done) => {
      const api = plain.withTypeProvider<TypeBoxTypeProvider>();
      cardRoutes(api, context);
      phoneRoutes(api, context);
      printerRoutes(api, context);
      meterRoutes(api, context);
      faultRoutes(api, context);
      moneyRoutes(api, context);
      callbackRoutes(api, context);
      cashierRoutes(api, context);
      messageRoutes(api, context);
      routes.story = storyRoutes(api, context);
      api.get("/openapi.json", { schema: { hide: true } }, () => server.swagger());
      done();
    },
    { prefix: "/sandbox/api" },
  );
  return {
    async listen(port) {
      await server.listen({ host: "127.0.0.1", port });
      const address = server.server.address();
      if (address === null || typeof address === "string") throw new Error("an HTTP server without a port");
      return address.port;
    },
    async close() {
      routes.story?.close();
      await server.close();
    },
  };
}

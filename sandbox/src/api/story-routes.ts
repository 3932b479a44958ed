import type { ServerResponse } from "node:http";
import { Type } from "typebox";
import type { Topic } from "../world/context.ts";
import type { Api, ApiContext } from "./context.ts";
import { problem } from "./problems.ts";

const LISTENERS_MAX = 64;
/** Changes within this time are told together: a card write changes its card hundreds of times. */
const GATHER_MS = 50;
const HEARTBEAT_MS = 15_000;

export interface StoryRoutes {
  /** Ends all event streams. */
  close(): void;
}

/** `GET /log` and `GET /events` (server-sent events: which things to read again). */
export function storyRoutes(api: Api, { world }: ApiContext): StoryRoutes {
  const StoryLine = Type.Object({
    seq: Type.Integer(),
    at: Type.String(),
    about: Type.String(),
    id: Type.String(),
    zh: Type.String(),
    en: Type.String(),
    detail: Type.Union([Type.String(), Type.Null()]),
  });
  const Query = Type.Object({ after: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" })) });
  api.get(
    "/log",
    {
      schema: {
        description: "What happened at the devices lately, oldest first.",
        querystring: Query,
        response: { 200: Type.Object({ lines: Type.Array(StoryLine) }) },
      },
    },
    (request) => ({ lines: world.story.lines(Number(request.query.after ?? "0")) }),
  );

  const streams = new Set<ServerResponse>();
  const gathered = new Set<Topic>();
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    timer = null;
    const event = `data: ${JSON.stringify({ topics: [...gathered] })}\n\n`;
    gathered.clear();
    for (const stream of streams) stream.write(event);
  };
  const unsubscribe = world.subscribe((topic) => {
    gathered.add(topic);
    timer ??= setTimeout(flush, GATHER_MS);
  });
  const heartbeat = setInterval(() => {
    for (const stream of streams) stream.write(": still here\n\n");
  }, HEARTBEAT_MS);

  api.get("/events", { schema: { description: "Server-sent events: {topics: […]}." } }, (request, reply) => {
    if (streams.size >= LISTENERS_MAX) return problem(reply, "tooManyListeners");
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    stream.write(": connected\n\n");
    streams.add(stream);
    request.raw.on("close", () => streams.delete(stream));
    return reply;
  });

  return {
    close() {
      unsubscribe();
      clearInterval(heartbeat);
      if (timer !== null) clearTimeout(timer);
      for (const stream of streams) stream.end();
      streams.clear();
    },
  };
}

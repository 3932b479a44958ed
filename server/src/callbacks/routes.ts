import type { ChannelName } from "@citygas/core";
import type { App, Routes } from "../http/app.ts";
import { sendProblem } from "../http/problem.ts";
import type { Callbacks } from "./callbacks.ts";

/** Genuine ones have some 2 kB. */
const bodyMaxBytes = 32 * 1024;
const senders = ["wechat", "alipay"] as const satisfies readonly ChannelName[];

/** `POST /notify/{wechat,alipay}` at the server's root: no login, the body's bytes untouched, the signature is all. */
export function callbackRoutes(callbacks: Callbacks): Routes {
  return (root) => {
    void root.register((app: App, _options, done) => {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
      for (const channel of senders) notifyRoute(app, channel, callbacks);
      done();
    });
  };
}

function notifyRoute(app: App, channel: ChannelName, callbacks: Callbacks): void {
  const schema = {
    tags: ["callbacks"],
    summary: `${channel} 的支付与退款通知 · What ${channel} sends by itself; signed, encrypted where it is WeChat Pay`,
  };
  app.post(`/notify/${channel}`, { schema, bodyLimit: bodyMaxBytes }, async (request, reply) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
    );
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const answer = await callbacks.take(channel, { headers, body });
    if (answer === undefined) return sendProblem(reply, "notFound");
    return reply.code(answer.status).header("content-type", answer.contentType).send(Buffer.from(answer.body));
  });
}

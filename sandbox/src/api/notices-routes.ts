import { setTimeout as wait } from "node:timers/promises";
import { type Static, Type } from "typebox";
import { MessageRow } from "../state/rows.ts";
import type { Sending } from "../world/messages.ts";
import type { Api, ApiContext } from "./context.ts";
import { Failure } from "./context.ts";
import { problem } from "./problems.ts";

/** The providers of text messages and WeChat notices (docs/notices.md), and what arrived at the phones. */
const Send = Type.Object(
  {
    templateId: Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" }),
    to: Type.String({ pattern: "^[A-Za-z0-9+_-]{3,128}$" }),
    params: Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 500 }), { maxProperties: 20 }),
    text: Type.Optional(Type.String({ maxLength: 1_000 })),
    ref: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { additionalProperties: false },
);
const Sent = Type.Object({ id: Type.String() });
export type MessageView = Static<typeof MessageRow>;

const PROVIDERS = [
  { provider: "sms", path: "/sms/send", name: "短信", en: "A text message" },
  { provider: "wechat", path: "/wechat/message", name: "微信通知", en: "A WeChat notice" },
] as const;

/** Routes below `/sandbox`. */
export function providerRoutes(api: Api, { world, gateways }: ApiContext): void {
  const wanted = `Bearer ${gateways.merchant.noticeSecret}`;
  const phoneOf = (to: string): string | null => {
    const phone = gateways.wallets
      .phones()
      .find(({ mobile, openids }) => mobile === to || openids.h5 === to || openids.mini === to);
    return phone?.id ?? null;
  };

  for (const { provider, path, name, en } of PROVIDERS) {
    api.post(
      path,
      {
        schema: { description: `docs/notices.md: ${provider}.`, body: Send, response: { 200: Sent, ...Failure } },
        onRequest: async (request, reply) => {
          if (request.headers.authorization !== wanted) return reply.send(problem(reply, "wrongSecret"));
        },
      },
      async (request, reply) => {
        const { to, templateId, params, text = null, ref = null } = request.body;
        const phoneId = phoneOf(to);
        const sending: Sending = world.messages.send({ provider, to, phoneId, templateId, params, text, ref });
        if (sending.kind === "down") return problem(reply, "providerDown");
        if (sending.kind === "refused") return problem(reply, "addressRefused");
        world.story.tell("phone", phoneId ?? "nobody", `${name}到达`, `${en} arrived`, templateId);
        if (sending.waitMs > 0) await wait(sending.waitMs, null, { ref: false });
        return { id: sending.id };
      },
    );
  }
}

/** Routes below `/sandbox/api`. */
export function messageRoutes(api: Api, { world }: ApiContext): void {
  const Query = Type.Object({ after: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" })) });
  api.get(
    "/messages",
    {
      schema: {
        description: "Text messages and WeChat notices that arrived, oldest first.",
        querystring: Query,
        response: { 200: Type.Object({ messages: Type.Array(MessageRow) }) },
      },
    },
    (request) => ({ messages: world.messages.list(Number(request.query.after ?? "0")) }),
  );
}

/** The generic wire of a notice provider (docs/notices.md). */
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { jsonOf } from "../json.ts";
import { oneRequest, readBody } from "../oneRequest.ts";
import type { NoticeChannel, NoticeChannelName, NoticeOutcome } from "./port.ts";

export interface HttpNoticesConfig {
  name: NoticeChannelName;
  url: string;
  secret: string;
  timeoutMs?: number;
}

const timeoutMsDefault = 10_000;
const replyMaxBytes = 64 * 1024;
const Sent = Compile(Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) }));
const Problem = Compile(Type.Object({ code: Type.String({ maxLength: 64 }) }));

export function httpNotices({ name, url, secret, timeoutMs = timeoutMsDefault }: HttpNoticesConfig): NoticeChannel {
  const target = new URL(url);
  return {
    name,
    async send({ templateId, to, params, text, ref }) {
      const body = new TextEncoder().encode(JSON.stringify({ templateId, to, params, text, ref }));
      const headers = {
        authorization: `Bearer ${secret}`,
        "content-type": "application/json; charset=utf-8",
        "content-length": String(body.byteLength),
      };
      const reply = await oneRequest({ method: "POST", url: target, headers, body }, timeoutMs, async (message) => ({
        status: message.statusCode ?? 0,
        said: jsonOf(await readBody(message, replyMaxBytes)),
      }));
      return reply.kind === "silent" ? { kind: "unknown", why: reply.why } : outcomeOf(reply.value);
    },
  };
}

function outcomeOf({ status, said }: { status: number; said: unknown }): NoticeOutcome {
  const code = Problem.Check(said) ? said.code : String(status);
  switch (status) {
    case 200:
      return Sent.Check(said) ? { kind: "sent", id: said.id } : { kind: "unknown", why: "badReply" };
    case 422:
      return { kind: "refused", what: "address", code };
    case 400:
    case 401:
      return { kind: "refused", what: "setup", code };
    default:
      return { kind: "unknown", why: code };
  }
}

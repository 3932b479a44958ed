import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import type { WorldProblem } from "../world/context.ts";

/** RFC 9457 problem with a stable code and its sentence in both languages. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  zh: Type.String(),
  en: Type.String(),
  detail: Type.Optional(Type.String()),
});

export type Problem = Static<typeof Problem>;

export type ApiProblem =
  | WorldProblem
  | "unknownPhone"
  | "unknownFault"
  | "phoneOffline"
  | "noPasswordPrompt"
  | "promptIgnored"
  | "wrongSecret"
  | "addressRefused"
  | "providerDown"
  | "tooManyListeners"
  | "badRequest"
  | "notFound"
  | "broken";

const PROBLEMS: Record<ApiProblem, { status: number; zh: string; en: string }> = {
  unknownCard: { status: 404, zh: "没有这张卡", en: "There is no such card" },
  unknownMeter: { status: 404, zh: "没有这只表", en: "There is no such meter" },
  unknownPhone: { status: 404, zh: "没有这部手机", en: "There is no such phone" },
  unknownFault: { status: 404, zh: "没有这个故障开关", en: "There is no such fault switch" },
  idTaken: { status: 409, zh: "编号已被占用，或数量已满", en: "The id is taken, or there are too many" },
  readerTaken: { status: 409, zh: "读卡器里已有卡", en: "Another card is in that reader" },
  cardInReader: { status: 409, zh: "卡在读卡器里，请先拔出", en: "The card is in a reader: take it out first" },
  cardNotInReader: { status: 409, zh: "卡不在读卡器里", en: "The card is in no reader" },
  otherChip: {
    status: 422,
    zh: "这段数据不是给这种芯片的。请在柜台取这张卡自己的写卡数据，整段粘贴",
    en: "These bytes are not for a chip like this: take the whole answer that the office gives for this very card",
  },
  meterTakenDown: {
    status: 409,
    zh: "这只表已从墙上拆下。请用换上的新表，或先撤销换表",
    en: "This meter is off the wall: use the one in its place, or undo the replacement",
  },
  meterOnTheWall: {
    status: 409,
    zh: "这只表还挂在墙上，没有可撤销的",
    en: "This meter hangs on the wall: nothing to undo",
  },
  newMeterInUse: {
    status: 409,
    zh: "新表已插过卡或又被换下，旧表挂不回去了。需要时请再换一只新表",
    en: "The new meter has had a card in it, or was replaced too: the old one can't go back. Replace the new one instead",
  },
  phoneOffline: { status: 409, zh: "手机离线", en: "The phone is offline" },
  noPasswordPrompt: { status: 409, zh: "手机上没有密码框", en: "No password box is open on the phone" },
  promptIgnored: { status: 409, zh: "这笔支付不接受密码", en: "This payment takes no answer" },
  wrongSecret: { status: 401, zh: "密钥不对", en: "The bearer secret is wrong" },
  addressRefused: { status: 422, zh: "这个号码不收消息", en: "This address takes no messages" },
  providerDown: { status: 503, zh: "服务不可用", en: "The provider is down" },
  tooManyListeners: { status: 503, zh: "监听者太多", en: "Too many listeners" },
  badRequest: { status: 400, zh: "请求不合格式", en: "The request does not fit its schema" },
  notFound: { status: 404, zh: "没有这个地址", en: "There is nothing at this address" },
  broken: { status: 500, zh: "沙箱内部错误", en: "The sandbox broke" },
};

/** What a problem needs of a reply, whatever a route's schema makes of its type. */
interface Replying {
  code(status: number): unknown;
  type(contentType: string): unknown;
}

/** Sets status and content type; the handler returns the body this gives. */
export function problem(reply: Replying, code: ApiProblem, detail?: string): Problem {
  const { status, zh, en } = PROBLEMS[code];
  reply.code(status);
  reply.type("application/problem+json");
  return { type: "about:blank", title: en, status, code, zh, en, ...(detail === undefined ? {} : { detail }) };
}

/** Errors of the framework (schema, unknown address) and bugs, in the same shape. */
export function installProblems(server: FastifyInstance): void {
  server.setErrorHandler((error, _request, reply) => {
    const isError = error instanceof Error;
    const status = isError && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 500;
    if (status < 500) return problem(reply, "badRequest", isError ? error.message : undefined);
    console.error(error);
    return problem(reply, "broken");
  });
  server.setNotFoundHandler((_request, reply) => problem(reply, "notFound"));
}

import type { IncomingMessage } from "node:http";
import type { Answer } from "./http.ts";
import { makeLatePays } from "./late.ts";
import { billFile, billLink } from "./wechatBills.ts";
import { problem, type Reply } from "./wechatBodies.ts";
import { certificates } from "./wechatCertificates.ts";
import { close, codePay, prepay, query, reverse, type WechatDesk, type WechatParts } from "./wechatOrders.ts";
import { refund, refundQuery } from "./wechatRefunds.ts";
import { makeReplySigner, makeRequestCheck } from "./wechatSigning.ts";

/** WeChat Pay API v3 as published (facts/payments.md §1): who asks, and which part answers. */
const NO_PATH = problem(404, "RESOURCE_NOT_EXISTS", "no such path");

function orderCall(desk: WechatDesk, request: IncomingMessage, url: URL, body: string): Reply | "cut" | null {
  const match = /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)(?:\/(reverse|close))?$/.exec(url.pathname);
  if (match === null) return null;
  const [, name = "", act] = match;
  const ref = decodeURIComponent(name);
  const { headers, method } = request;
  if ((act === undefined) !== (method === "GET")) return null;
  if (act === "close") {
    desk.seen({ gateway: "wechat", call: "close", ref, headers });
    return close(desk, ref, body);
  }
  desk.seen({ gateway: "wechat", call: act === "reverse" ? "reverse" : "query", ref, headers });
  return act === "reverse" ? reverse(desk, ref, body) : query(desk, ref, url.searchParams.get("mchid"));
}

function dispatch(desk: WechatDesk, request: IncomingMessage, url: URL, body: string): Reply | "cut" {
  const route = `${request.method} ${url.pathname}`;
  const { headers } = request;
  if (route === "POST /v3/pay/transactions/codepay") return codePay(desk, body, headers);
  if (route === "POST /v3/pay/transactions/jsapi") return prepay(desk, body, headers);
  const order = orderCall(desk, request, url, body);
  if (order !== null) return order;
  if (route === "POST /v3/refund/domestic/refunds") return refund(desk, body, headers);
  const refundPath = /^GET \/v3\/refund\/domestic\/refunds\/([^/]+)$/.exec(route);
  if (refundPath !== null) {
    const ref = decodeURIComponent(refundPath[1] ?? "");
    desk.seen({ gateway: "wechat", call: "refundQuery", ref, headers });
    return refundQuery(desk, ref);
  }
  const bill = /^GET \/v3\/bill\/(tradebill|fundflowbill)$/.exec(route);
  if (bill !== null) {
    desk.seen({ gateway: "wechat", call: "bill", ref: url.searchParams.get("bill_date") ?? "", headers });
    return billLink(desk, bill[1] === "tradebill" ? "trade" : "fund", url.searchParams, headers.host ?? "");
  }
  return NO_PATH;
}

/** The gateway as a function from a request to what goes back on the wire. */
export function makeWechat(parts: WechatParts): (request: IncomingMessage, body: string) => Answer {
  const { bank, faults, merchant } = parts;
  const desk: WechatDesk = { ...parts, late: makeLatePays("wechat", bank, faults) };
  const signed = makeReplySigner(parts.keys, faults, parts.wallClock);
  const faultless = makeReplySigner(parts.keys, { take: () => false }, parts.wallClock);
  const whatIsWrong = makeRequestCheck(merchant, parts.keys, parts.wallClock);

  return function answer(request, body) {
    const { authorization = "" } = request.headers;
    const asked = request.headers["wechatpay-serial"];
    const askedSerial = typeof asked === "string" ? asked : undefined;
    const url = new URL(request.url ?? "/", "http://gateway");
    const signedPart = { method: request.method ?? "", url: request.url ?? "", authorization, body };
    const wrong = whatIsWrong(signedPart);
    if (wrong !== null) return signed(401, { code: "SIGN_ERROR", message: `签名错误: ${wrong}` }, askedSerial);
    // The file itself is not signed, by design: its hash stands for it.
    if (request.method === "GET" && url.pathname === "/v3/billdownload/file") return billFile(desk, url.searchParams);
    // Asked for beside a payment, whenever the merchant likes: no switch for payments' answers is used up by it.
    if (request.method === "GET" && url.pathname === "/v3/certificates")
      return faultless(200, certificates(desk), askedSerial);
    const reply = dispatch(desk, request, url, body);
    return reply === "cut" ? { kind: "cut" } : signed(reply.status, reply.body, askedSerial);
  };
}

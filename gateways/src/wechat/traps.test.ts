import { generateKeyPairSync } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { type Hostile, hostile, nobody } from "../hostile.testkit.ts";
import { AMOUNT_FEN, payRequest, SHORT_MS, useKit } from "../sandboxed.testkit.ts";
import { wechatChannel } from "./channel.ts";

const kit = useKit();
const opened: Hostile[] = [];
async function at(answer: Parameters<typeof hostile>[0]): Promise<Hostile> {
  const server = await hostile(answer);
  opened.push(server);
  return server;
}
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await Promise.all(opened.splice(0).map((server) => server.close()));
});
const query = (outTradeNo: string) => kit.channel("wechat").query({ outTradeNo, amountFen: AMOUNT_FEN });

test.each([
  ["badSignature", "EV3_RES_HEADER_SIGNATURE_DIGEST"],
  ["unsigned", "EV3_RES_HEADERS_INCOMPLATE"],
  ["wrongSerial", "EV3_RES_HEADER_PLATFORM_SERIAL"],
  ["staleTimestamp", "EV3_RES_HEADER_TIMESTAMP_OFFSET"],
] as const)("%s: a success that can't be verified is unknown", async (fault, why) => {
  kit.gateways.faults.arm(fault);
  const { outTradeNo, outcome } = await kit.pay("wechat");
  expect(outcome).toEqual({ kind: "unknown", why });
  kit.gateways.faults.arm(fault, { times: 2 });
  expect(await query(outTradeNo)).toEqual({ kind: "unknown", why });
  expect(await kit.channel("wechat").reverse({ outTradeNo })).toEqual({ kind: "unknown", why });
  expect((await query(outTradeNo)).kind).toBe("closed");
});

test.each(["badSignature", "unsigned"] as const)("%s: an error reply is a hint at most", async (fault) => {
  kit.gateways.wallets.setPhone("phone-1", { noBalance: true });
  kit.gateways.faults.arm(fault);
  const { outcome } = await kit.pay("wechat");
  expect(outcome).toEqual({ kind: "refused", verified: false, code: "NOT_ENOUGH", text: "balance" });
  kit.gateways.faults.arm(fault);
  expect(await query(kit.order())).toEqual({ kind: "unknown", why: "unsigned.ORDER_NOT_EXIST" });
});

test("HTTP 202 is a payment still open, not a success", async () => {
  kit.gateways.wallets.setPhone("phone-1", { askPassword: true });
  expect((await kit.pay("wechat")).outcome).toEqual({ kind: "inProgress", verified: true });
});

test("nothing is sent when the connection is refused; a query is unknown then", async () => {
  const channel = kit.channel("wechat", { baseUrl: await nobody() });
  expect((await kit.pay("wechat", channel)).outcome).toEqual({ kind: "notSent" });
  const unknown = { kind: "unknown", why: "ECONNREFUSED" };
  expect(await channel.query({ outTradeNo: "K01_1", amountFen: 1 })).toEqual(unknown);
  expect(await channel.reverse({ outTradeNo: "K01_1" })).toEqual(unknown);
  expect(await channel.queryRefund({ outTradeNo: "K01_1", refundNo: "R1" })).toEqual(unknown);
});

test("a timeout is unknown", async () => {
  const silent = await at(() => {});
  const channel = kit.channel("wechat", { baseUrl: silent.url, timeoutMs: SHORT_MS });
  expect((await kit.pay("wechat", channel)).outcome).toEqual({ kind: "unknown", why: "ETIMEDOUT" });
});

test("a reply that drips for ever is unknown in the end", async () => {
  const drips: NodeJS.Timeout[] = [];
  const dripping = await at((_request, _body, response) => {
    response.writeHead(200);
    drips.push(setInterval(() => response.write(" "), SHORT_MS / 10));
  });
  const channel = kit.channel("wechat", { baseUrl: dripping.url, timeoutMs: SHORT_MS });
  expect((await kit.pay("wechat", channel)).outcome).toEqual({ kind: "unknown", why: "ETIMEDOUT" });
  for (const drip of drips) clearInterval(drip);
});

test("proxies of the environment are ignored", async () => {
  const proxy = await nobody();
  vi.stubEnv("HTTP_PROXY", proxy);
  vi.stubEnv("http_proxy", proxy);
  vi.stubEnv("NO_PROXY", "");
  vi.stubEnv("no_proxy", "");
  expect((await kit.pay("wechat")).outcome.kind).toBe("paid");
});

test("each call has a connection of its own: none lands on one that the gateway is just closing", async () => {
  const connections = new Set<unknown>();
  const server = await at((request, _body, response) => {
    connections.add(request.socket);
    response.writeHead(500).end("{}");
  });
  const channel = kit.channel("wechat", { baseUrl: server.url });
  for (let call = 0; call < 3; call += 1) await channel.query({ outTradeNo: "K01_1", amountFen: 1 });
  expect(connections.size).toBe(3);
});

test("a reply larger than any honest one is not read to its end", async () => {
  const huge = JSON.stringify({ code: "SYSTEM_ERROR", message: "x".repeat(2 * 1024 * 1024) });
  const server = await at((_request, _body, response) => response.writeHead(500).end(huge));
  const channel = kit.channel("wechat", { baseUrl: server.url });
  expect(await channel.query({ outTradeNo: "K01_1", amountFen: 1 })).toEqual({
    kind: "unknown",
    why: "ERR_BAD_RESPONSE",
  });
});

test("redirects are not followed", async () => {
  const elsewhere = await at((_request, _body, response) => response.end("{}"));
  const redirect = await at((_request, _body, response) =>
    response.writeHead(307, { Location: `${elsewhere.url}/` }).end(),
  );
  const channel = kit.channel("wechat", { baseUrl: redirect.url });
  expect((await kit.pay("wechat", channel)).outcome.kind).toBe("unknown");
  expect([redirect.hits(), elsewhere.hits()]).toEqual([1, 0]);
});

test.each([
  [502, "bad gateway"],
  [500, '{"code":"SYSTEM_ERROR"}'],
  [500, '{"code":["NOT_ENOUGH"]}'],
  [403, "<html>"],
  [200, "{}"],
  [200, '{"trade_state":"SUCCESS"}'],
  [202, '{"trade_state":"USERPAYING"}'],
  [204, ""],
])("an unsigned %i %s is unknown for every call", async (status, body) => {
  const server = await at((_request, _body, response) => response.writeHead(status).end(body));
  const channel = kit.channel("wechat", { baseUrl: server.url });
  const refund = { outTradeNo: "K01_1", refundNo: "R1", amountFen: 1, totalFen: 1, reason: "x" };
  for (const outcome of [
    await channel.pay(payRequest("K01_1", "130000000000000001")),
    await channel.query(refund),
    await channel.reverse(refund),
    await channel.refund(refund),
    await channel.queryRefund(refund),
  ]) {
    expect(outcome.kind).toBe("unknown");
  }
});

test("Wechatpay-Serial goes out with every call, GET too, and both kinds of key verify", async () => {
  const serials = Object.keys(kit.gateways.merchant.wechat.platformCerts);
  expect(serials).toHaveLength(2);
  for (const replySerial of serials) {
    kit.seen.length = 0;
    const channel = kit.channel("wechat", { replySerial });
    const { outTradeNo, outcome } = await kit.pay("wechat", channel);
    expect(outcome.kind).toBe("paid");
    const refund = { outTradeNo, refundNo: `R-${outTradeNo}`, amountFen: 1, totalFen: AMOUNT_FEN, reason: "测试" };
    expect((await channel.query(refund)).kind).toBe("paid");
    expect((await channel.refund(refund)).kind).toBe("done");
    expect((await channel.queryRefund(refund)).kind).toBe("done");
    expect((await channel.reverse({ outTradeNo })).kind).toBe("accepted");
    expect(kit.seen.map((call) => call.headers["wechatpay-serial"])).toEqual(Array(5).fill(replySerial));
  }
});

test("a merchant key the gateway doesn't know is our own set-up's fault", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const channel = kit.channel("wechat", { privateKeyPem });
  expect((await kit.pay("wechat", channel)).outcome).toEqual({ kind: "misconfigured", code: "SIGN_ERROR" });
});

test("a set-up that can't work is refused at once", () => {
  const { wechat } = kit.gateways.merchant;
  const { apiV3Key: _, ...keyless } = wechat;
  expect(() => wechatChannel({ ...keyless, platformCerts: {} })).toThrow("no platform key");
  expect(() => wechatChannel({ ...wechat, replySerial: "PUB_KEY_ID_1" })).toThrow("PUB_KEY_ID_1");
  expect(() => wechatChannel({ ...wechat, baseUrl: "http://127.0.0.1/wechat/" })).toThrow("path");
  expect(() => wechatChannel({ ...wechat, privateKeyPem: "no key" })).toThrow();
});

test("the payment code is in no outcome and no output, even if the gateway echoes it everywhere", async () => {
  const authCode = "134567890123456789";
  const methods = ["log", "info", "warn", "error", "debug"] as const;
  const output = methods.map((name) => vi.spyOn(console, name).mockImplementation(() => {}));
  for (const status of [200, 400, 403, 404, 500]) {
    const echo = await at((_request, _body, response) =>
      response.writeHead(status).end(JSON.stringify({ code: authCode, message: authCode, trade_state: authCode })),
    );
    const outcome = await kit.channel("wechat", { baseUrl: echo.url }).pay(payRequest("K01_1", authCode));
    expect(JSON.stringify(outcome)).not.toContain(authCode);
  }
  const refused = await kit.channel("wechat", { baseUrl: await nobody() }).pay(payRequest("K01_1", authCode));
  expect(JSON.stringify(refused)).not.toContain(authCode);
  for (const spy of output) expect(spy).not.toHaveBeenCalled();
});

import { createHash, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { type Hostile, hostile, nobody } from "../hostile.testkit.ts";
import { acquirerHeaders, acquirerReply, keyPair, NOW } from "../signed.testkit.ts";
import { acquirerChannel } from "./channel.ts";
import type { AcquirerConfig } from "./client.ts";

const [ours, theirs] = [keyPair(), keyPair()];
const UNIONPAY = "6212345678901234567";
const ECNY = "0112345678901234567";
const SHORT_MS = 400;
const opened: Hostile[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

async function at(answer: Parameters<typeof hostile>[0], change: Partial<AcquirerConfig> = {}) {
  const server = await hostile(answer);
  opened.push(server);
  return { server, channel: channelAt(server.url, change) };
}
function channelAt(baseUrl: string, change: Partial<AcquirerConfig> = {}) {
  return acquirerChannel({
    merchant: "M1",
    baseUrl,
    privateKeyPem: ours.privateKey,
    acquirerPublicKeyPem: theirs.publicKey,
    timeoutMs: 10_000,
    now: () => NOW,
    ...change,
  });
}
const request = {
  outTradeNo: "K01_000001",
  amountFen: 100,
  authCode: UNIONPAY,
  description: "燃气",
  terminalId: "K01",
};
const refund = { outTradeNo: "K01_000001", refundNo: "R1", amountFen: 40, totalFen: 100, reason: "测试" };
const paid = JSON.stringify({
  result: "OK",
  merchant: "M1",
  outTradeNo: "K01_000001",
  transactionId: "T1",
  amountFen: 100,
  state: "SUCCESS",
  paidAt: "2026-11-22T10:00:00+08:00",
});
/** Answers every call with the same words, well signed. */
const always = (body: string) => (incoming: IncomingMessage, _body: string, response: ServerResponse) =>
  acquirerReply(incoming, response, theirs.privateKey, body);

test("a request is signed over method, path, time, nonce and the body's hash; a nonce is used once", async () => {
  const nonces = new Set<string>();
  const { channel } = await at((incoming, body, response) => {
    const header = (name: string) => String(incoming.headers[name]);
    const hash = createHash("sha256").update(body).digest("hex");
    const [time, nonce] = [header("acq-timestamp"), header("acq-nonce")];
    nonces.add(nonce);
    const text = Buffer.from(`POST\n${incoming.url}\n${time}\n${nonce}\n${hash}\n`);
    const signature = Buffer.from(header("acq-signature"), "base64");
    const good = verify("RSA-SHA256", text, ours.publicKey, signature) && header("acq-merchant") === "M1";
    acquirerReply(incoming, response, theirs.privateKey, good && /^[0-9a-z]{32}$/.test(nonce) ? paid : "{}");
  });
  const outcome = { kind: "paid", verified: true, transactionId: "T1", amountFen: 100, paidAt: NOW };
  expect(await channel.pay(request)).toEqual(outcome);
  expect(await channel.query(request)).toEqual(outcome);
  expect(nonces.size).toBe(2);
});

test.each([
  ["another request's answer", { nonce: "0123456789abcdef" }, "badSignature"],
  ["another body", { sent: paid.replace("100", "101") }, "badSignature"],
  ["the same words printed otherwise", { sent: JSON.stringify(JSON.parse(paid), null, 1) }, "badSignature"],
  ["five minutes old", { at: NOW - 300_001 }, "stale"],
  ["from the future", { at: NOW + 300_001 }, "stale"],
  ["an error status", { status: 500 }, "http.500"],
])("%s is unknown to every call", async (_name, how, why) => {
  const { channel } = await at((incoming, _body, response) =>
    acquirerReply(incoming, response, theirs.privateKey, paid, how),
  );
  const unknown = { kind: "unknown", why };
  expect(await channel.pay(request)).toEqual(unknown);
  expect(await channel.query(request)).toEqual(unknown);
  expect(await channel.reverse(request)).toEqual(unknown);
  expect(await channel.refund(refund)).toEqual(unknown);
  expect(await channel.queryRefund(refund)).toEqual(unknown);
});

test("another's key, and no signature at all", async () => {
  const forged = await at((incoming, _body, response) => acquirerReply(incoming, response, ours.privateKey, paid));
  expect(await forged.channel.pay(request)).toEqual({ kind: "unknown", why: "badSignature" });
  const bare = await at((_incoming, _body, response) => response.end(paid));
  expect(await bare.channel.pay(request)).toEqual({ kind: "unknown", why: "unsigned" });
  const odd = await at((_incoming, _body, response) =>
    response.writeHead(200, { "Acq-Timestamp": "soon", "Acq-Signature": "AAAA" }).end(paid),
  );
  expect(await odd.channel.pay(request)).toEqual({ kind: "unknown", why: "stale" });
});

test("replayed, an answer to an earlier call is no answer to this one", async () => {
  let recorded: Record<string, string> | undefined;
  const { channel } = await at((incoming, _body, response) => {
    recorded ??= acquirerHeaders(String(incoming.headers["acq-nonce"]), paid, theirs.privateKey);
    response.writeHead(200, recorded).end(paid);
  });
  expect((await channel.query(request)).kind).toBe("paid");
  expect(await channel.query(request)).toEqual({ kind: "unknown", why: "badSignature" });
});

test("nobody there: not sent; a query is unknown then", async () => {
  const channel = channelAt(await nobody());
  expect(await channel.pay(request)).toEqual({ kind: "notSent" });
  expect(await channel.query(request)).toEqual({ kind: "unknown", why: "ECONNREFUSED" });
});

test("a timeout is of the whole call, however it drips", async () => {
  const drips: NodeJS.Timeout[] = [];
  const silent = await at(() => {}, { timeoutMs: SHORT_MS });
  const dripping = await at(
    (_incoming, _body, response) => {
      response.writeHead(200);
      drips.push(setInterval(() => response.write(" "), SHORT_MS / 10));
    },
    { timeoutMs: SHORT_MS },
  );
  for (const { channel, server } of [silent, dripping]) {
    expect(await channel.pay(request)).toEqual({ kind: "unknown", why: "ETIMEDOUT" });
    expect(server.hits()).toBe(1);
  }
  for (const drip of drips) clearInterval(drip);
});

test("cut, reset, redirected, huge, half: unknown after one request", async () => {
  const elsewhere = await at(always(paid));
  const answers: Parameters<typeof hostile>[0][] = [
    (incoming) => incoming.socket.destroy(),
    (incoming) => incoming.socket.resetAndDestroy(),
    (_incoming, _body, response) => response.writeHead(307, { Location: `${elsewhere.server.url}/v1/pay` }).end(),
    (_incoming, _body, response) => response.end("x".repeat(2 * 1024 * 1024)),
    (_incoming, _body, response) => {
      response.writeHead(200, { "Content-Length": "1000" });
      response.write(paid);
      response.socket?.end();
    },
  ];
  for (const answer of answers) {
    const { channel, server } = await at(answer);
    expect((await channel.pay(request)).kind).toBe("unknown");
    expect(server.hits()).toBe(1);
  }
  expect(elsewhere.server.hits()).toBe(0);
});

test("an answer larger than any honest one isn't read to its end, though signed", async () => {
  const { channel } = await at(always(paid.replace("{", `{${" ".repeat(1024 * 1024)}`)));
  expect(await channel.query(request)).toEqual({ kind: "unknown", why: "tooLarge" });
});

test("a code goes out under its own scheme, and only if that one is taken", async () => {
  const schemes: unknown[] = [];
  const answer: Parameters<typeof hostile>[0] = (incoming, body, response) => {
    schemes.push(JSON.parse(body).scheme);
    acquirerReply(incoming, response, theirs.privateKey, paid);
  };
  const { channel, server } = await at(answer);
  expect(channel.schemes).toEqual(["unionpay"]);
  expect(await channel.pay({ ...request, authCode: ECNY })).toEqual({ kind: "notSent" });
  expect(server.hits()).toBe(0);
  await channel.pay(request);
  const both = await at(answer, { schemes: ["unionpay", "ecny"] });
  await both.channel.pay({ ...request, authCode: ECNY });
  expect(schemes).toEqual(["UNIONPAY", "ECNY"]);
});

test("the payment code is in no outcome, even if the acquirer echoes it", async () => {
  const echo = { result: UNIONPAY, reason: UNIONPAY, state: UNIONPAY, merchant: "M1", outTradeNo: "K01_000001" };
  for (const body of [echo, { ...echo, result: "OK" }, { ...echo, result: "REFUSED" }, { ...echo, result: "SETUP" }]) {
    const { channel } = await at(always(JSON.stringify(body)));
    expect(JSON.stringify(await channel.pay(request))).not.toContain(UNIONPAY);
  }
});

test("keys are read at construction", () => {
  expect(() => channelAt("http://127.0.0.1:1/base")).toThrow("path");
  expect(() => channelAt("http://127.0.0.1:1", { acquirerPublicKeyPem: "" })).toThrow();
  expect(() => channelAt("http://127.0.0.1:1", { acquirerPublicKeyPem: ours.publicKey })).toThrow("own public key");
});

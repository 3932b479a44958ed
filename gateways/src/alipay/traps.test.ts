import { generateKeyPairSync } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { type Hostile, hostile, nobody } from "../hostile.testkit.ts";
import { AMOUNT_FEN, payRequest, SHORT_MS, useKit } from "../sandboxed.testkit.ts";
import { keyPair, rsa } from "../signed.testkit.ts";
import { alipayChannel } from "./channel.ts";

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
const query = (outTradeNo: string) => kit.channel("alipay").query({ outTradeNo, amountFen: AMOUNT_FEN });
const FORM = { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" };
const newKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 });

test.each(["badSignature", "unsigned", "errorResponse"] as const)("%s: unknown, though charged", async (fault) => {
  kit.gateways.faults.arm(fault);
  const { outTradeNo, outcome } = await kit.pay("alipay");
  expect(outcome.kind).toBe("unknown");
  kit.gateways.faults.arm(fault, { times: 4 });
  const refund = { outTradeNo, refundNo: "R1", amountFen: 1, totalFen: AMOUNT_FEN, reason: "测试" };
  const channel = kit.channel("alipay");
  expect((await channel.query(refund)).kind).toBe("unknown");
  expect((await channel.refund(refund)).kind).toBe("unknown");
  expect((await channel.queryRefund(refund)).kind).toBe("unknown");
  expect((await channel.reverse(refund)).kind).toBe("unknown");
});

test("an error_response says what it was, for the staff", async () => {
  kit.gateways.faults.arm("errorResponse");
  expect((await kit.pay("alipay")).outcome).toEqual({ kind: "unknown", why: "errorResponse.isp.unknow-error" });
});

test("nothing is sent when the connection is refused; a query is unknown then", async () => {
  const channel = kit.channel("alipay", { gatewayUrl: `${await nobody()}/gateway.do` });
  expect((await kit.pay("alipay", channel)).outcome).toEqual({ kind: "notSent" });
  const unknown = { kind: "unknown", why: "ECONNREFUSED" };
  expect(await channel.query({ outTradeNo: "K01_1", amountFen: 1 })).toEqual(unknown);
  expect(await channel.reverse({ outTradeNo: "K01_1" })).toEqual(unknown);
});

test("a timeout is unknown", async () => {
  const silent = await at(() => {});
  const channel = kit.channel("alipay", { gatewayUrl: `${silent.url}/gateway.do`, timeoutMs: SHORT_MS });
  expect((await kit.pay("alipay", channel)).outcome).toEqual({ kind: "unknown", why: "ETIMEDOUT" });
  expect(silent.hits()).toBe(1);
});

test("a reply that drips for ever is unknown in the end", async () => {
  const drips: NodeJS.Timeout[] = [];
  const dripping = await at((_request, _body, response) => {
    response.writeHead(200);
    drips.push(setInterval(() => response.write(" "), SHORT_MS / 10));
  });
  const channel = kit.channel("alipay", { gatewayUrl: `${dripping.url}/gateway.do`, timeoutMs: SHORT_MS });
  expect((await kit.pay("alipay", channel)).outcome).toEqual({ kind: "unknown", why: "ETIMEDOUT" });
  for (const drip of drips) clearInterval(drip);
});

test("a broken connection or a redirect doesn't make the SDK send again", async () => {
  const reset = await at((request) => request.socket.resetAndDestroy());
  const closed = await at((request) => request.socket.destroy());
  const elsewhere = await at((_request, _body, response) => response.end("{}"));
  const redirect = await at((_request, _body, response) =>
    response.writeHead(307, { Location: `${elsewhere.url}/` }).end(),
  );
  for (const server of [reset, closed, redirect]) {
    const channel = kit.channel("alipay", { gatewayUrl: `${server.url}/gateway.do` });
    expect((await kit.pay("alipay", channel)).outcome.kind).toBe("unknown");
    expect(server.hits()).toBe(1);
  }
  expect(elsewhere.hits()).toBe(0);
});

test.each([
  [502, "bad gateway"],
  [200, "<html>"],
  [200, "null"],
  [200, "{}"],
  [200, '{"alipay_trade_pay_response":{"code":"10000"}}'],
  [200, '{"alipay_trade_pay_response":{"code":"40004","sub_code":"ACQ.BUYER_BALANCE_NOT_ENOUGH"},"sign":"AAAA"}'],
])("an unverified %i %s is unknown", async (status, body) => {
  const server = await at((_request, _body, response) => response.writeHead(status).end(body));
  const channel = kit.channel("alipay", { gatewayUrl: `${server.url}/gateway.do` });
  expect((await kit.pay("alipay", channel)).outcome.kind).toBe("unknown");
});

test.each([
  ["a second copy after the signature", (key: string, forged: string) => [`"${key}":`, `,"${key}":${forged}}`]],
  [
    "an error_response beside a null",
    (key: string, forged: string) => [`"error_response":${forged},"${key}":null,"z":`, "}"],
  ],
])("a forged success around a genuine signature is unknown: %s", async (_name, around) => {
  const real = kit.gateways.merchant.alipay.gatewayUrl;
  const middle = await at((request, body, response) => {
    const genuine = fetch(new URL(request.url ?? "", real), { method: "POST", headers: FORM, body });
    genuine
      .then((reply) => reply.text())
      .then((text) => {
        const [key = ""] = Object.keys(JSON.parse(text));
        const forged = `{"code":"10000","out_trade_no":"${order}","trade_no":"1","total_amount":"1.00"}`;
        const [head, tail] = around(key, forged);
        response.end(`{${head}${text.slice(`{"${key}":`.length, -1)}${tail}`);
      })
      .catch(() => response.destroy());
  });
  const order = kit.order();
  const channel = kit.channel("alipay", { gatewayUrl: `${middle.url}/gateway.do` });
  kit.gateways.wallets.setPhone("phone-1", { noBalance: true });
  expect((await channel.pay(payRequest(order, kit.code("alipay")))).kind).toBe("unknown");
  expect(middle.hits()).toBe(1);
  expect(kit.seen.map((call) => call.ref)).toEqual([order]);
});

/** A gateway with Alipay's key, which prints and signs its answer as it likes. */
async function printing(body: string, signed = body, more: (sign: string) => string = (sign) => `,"sign":"${sign}"`) {
  const alipayKeys = keyPair();
  const server = await at((_request, _body, response) =>
    response.end(`{"alipay_trade_query_response":${body}${more(rsa(signed, alipayKeys.privateKey))}}`),
  );
  const change = { gatewayUrl: `${server.url}/gateway.do`, alipayPublicKeyPem: alipayKeys.publicKey };
  return kit.channel("alipay", change).query({ outTradeNo: "K01_1", amountFen: 100 });
}
/** As PHP prints: slashes and Chinese escaped, an escape that need not be one, odd spaces, a key twice. */
const printed =
  '{ "code":"10000", "msg":"\\u6210\\u529f", "x":"a\\/b", "out_trade_no":"K01_1","trade_no" : "1",' +
  '"trade_status":"TRADE_SUCCESS","total_amount":"9.00","total_amount":"1.00" }';

test("the signature is over the answer's own bytes, however it is printed", async () => {
  const paid = { kind: "paid", verified: true, transactionId: "1", amountFen: 100 };
  expect(await printing(printed)).toMatchObject(paid);
  const anew = JSON.stringify(JSON.parse(printed));
  expect(await printing(anew)).toMatchObject(paid);
  // The same content is not the same bytes.
  expect((await printing(anew, printed)).kind).toBe("unknown");
  expect((await printing(printed, anew)).kind).toBe("unknown");
});

test.each<[string, (sign: string) => string]>([
  ["no sign", () => ""],
  ["an empty sign", () => ',"sign":""'],
  ["a null sign", () => ',"sign":null'],
  ["a number for a sign", () => ',"sign":1'],
  ["a sign cut short", (sign) => `,"sign":"${sign.slice(0, -8)}"`],
  ["half a sign", (sign) => `,"sign":"${sign.slice(0, 171)}"`],
  ["the sign of something else", () => `,"sign":"${"A".repeat(342)}=="`],
  ["a sign and something after it", (sign) => `,"sign":"${sign}","alipay_cert_sn":"1"`],
  ["two signs", (sign) => `,"sign":"${sign}","sign":"AAAA"`],
])("an answer with %s is unknown, though its object is genuine", async (_name, more) => {
  expect((await printing(printed, printed, more)).kind).toBe("unknown");
});

test.each(["UTC", "America/New_York", "Asia/Shanghai"])("the timestamp is Beijing's with TZ=%s", async (zone) => {
  vi.stubEnv("TZ", zone);
  // The sandbox gateway refuses a timestamp that is more than a quarter of an hour off.
  expect((await kit.pay("alipay")).outcome).toMatchObject({ kind: "paid", paidAt: kit.clock.now });
});

test("a subject that Alipay would refuse is made plain", async () => {
  const outTradeNo = kit.order();
  const request = {
    ...payRequest(outTradeNo, kit.code("alipay")),
    description: "燃气/购气=1200&元\n第3阶梯",
    amountFen: 5,
  };
  expect(await kit.channel("alipay").pay(request)).toMatchObject({ kind: "paid", amountFen: 5 });
});

test("a paid trade of another amount is paid, with the amount it has", async () => {
  const { outTradeNo } = await kit.pay("alipay");
  expect(await kit.channel("alipay").query({ outTradeNo, amountFen: 1 })).toMatchObject({
    kind: "paid",
    amountFen: AMOUNT_FEN,
  });
  expect((await query(outTradeNo)).kind).toBe("paid");
});

test("an app key the gateway doesn't know is our own set-up's fault", async () => {
  const privateKeyPem = newKey().privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const channel = kit.channel("alipay", { privateKeyPem });
  expect((await kit.pay("alipay", channel)).outcome).toEqual({ kind: "misconfigured", code: "isv.invalid-signature" });
});

test("keys are read at construction; without Alipay's there is no channel", () => {
  const { alipay } = kit.gateways.merchant;
  expect(() => alipayChannel({ ...alipay, alipayPublicKeyPem: "" })).toThrow("no public key");
  expect(() => alipayChannel({ ...alipay, alipayPublicKeyPem: "no key" })).toThrow();
  expect(() => alipayChannel({ ...alipay, privateKeyPem: "no key" })).toThrow();
  const pair = newKey();
  const privateKeyPem = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const own = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
  expect(() => alipayChannel({ ...alipay, privateKeyPem, alipayPublicKeyPem: own })).toThrow("own public key");
  const { sellerId: _, ...nameless } = alipay;
  expect(() => alipayChannel({ ...nameless, notifyUrl: "https://gas.example/notify" })).toThrow("seller's number");
});

test("bare base64 keys, as Alipay's tools show them, work", async () => {
  const { alipay } = kit.gateways.merchant;
  const bare = (pem: string) => pem.replace(/-----[^-]+-----|\n/g, "");
  const keys = { privateKeyPem: bare(alipay.privateKeyPem), alipayPublicKeyPem: bare(alipay.alipayPublicKeyPem) };
  expect((await kit.pay("alipay", kit.channel("alipay", keys))).outcome.kind).toBe("paid");
});

test("the payment code is in no outcome and no output, even if the gateway echoes it", async () => {
  const authCode = "281234567890123456";
  const methods = ["log", "info", "warn", "error", "debug"] as const;
  const output = methods.map((name) => vi.spyOn(console, name).mockImplementation(() => {}));
  for (const name of ["error_response", "alipay_trade_pay_response"]) {
    const body = JSON.stringify({ [name]: { code: authCode, sub_code: authCode, msg: authCode }, sign: authCode });
    const echo = await at((_request, _body, response) => response.end(body));
    const channel = kit.channel("alipay", { gatewayUrl: `${echo.url}/gateway.do` });
    expect(JSON.stringify(await channel.pay(payRequest("K01_1", authCode)))).not.toContain(authCode);
  }
  for (const spy of output) expect(spy).not.toHaveBeenCalled();
});

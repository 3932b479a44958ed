import { constants, createHash, publicDecrypt, verify } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { type Hostile, hostile, nobody } from "../hostile.testkit.ts";
import { API_V3_KEY, keyPair, NOW, wechatHeaders, wechatPlatform, wechatReply } from "../signed.testkit.ts";
import { wechatChannel } from "./channel.ts";
import { payMessage } from "./signing.ts";

const platform = wechatPlatform();
const merchant = keyPair();
const opened: Hostile[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const config = {
  mchid: "1900000109",
  appid: "wxh5",
  miniAppid: "wxmini",
  serial: "444F4864EA9B34415A3AFA4F6C4CE1F4E7C1E5AD",
  privateKeyPem: merchant.privateKey,
  platformCerts: platform.platformCerts,
  apiV3Key: API_V3_KEY,
  notifyUrl: "https://gas.example/api/v1/notifications/wechat",
};
async function at(answer: Parameters<typeof hostile>[0], change: object = {}) {
  const server = await hostile(answer);
  opened.push(server);
  const channel = wechatChannel({ ...config, baseUrl: server.url, timeoutMs: 10_000, ...change });
  if (channel.prepay === undefined) throw new Error("no prepay");
  return { server, door: channel.prepay, channel };
}
const order = {
  outTradeNo: "K01_000001",
  amountFen: 119_970,
  app: "h5",
  openid: "o1",
  description: "燃气费/2026",
  expireAt: NOW,
} as const;

test.each([
  ["h5", "wxh5"],
  ["mini", "wxmini"],
] as const)("an order of %s carries that app's id, and when it ends in Beijing", async (app, appid) => {
  const seen: unknown[] = [];
  const { door } = await at((request, body, response) => {
    seen.push(request.url, JSON.parse(body));
    wechatReply(platform, response, 200, { prepay_id: "wx201410272009395522657a690389285100" });
  });
  const made = await door.prepare({ ...order, app });
  expect(made).toEqual({ kind: "prepared", prepayId: "wx201410272009395522657a690389285100" });
  expect(seen).toEqual([
    "/v3/pay/transactions/jsapi",
    {
      appid,
      mchid: "1900000109",
      description: "燃气费 2026",
      out_trade_no: "K01_000001",
      time_expire: "2026-11-22T10:00:00+08:00",
      notify_url: config.notifyUrl,
      amount: { total: 119_970, currency: "CNY" },
      payer: { openid: "o1" },
    },
  ]);
});

test.each<[string, number, object, object]>([
  ["PARAM_ERROR", 400, { code: "PARAM_ERROR" }, { kind: "refused", code: "PARAM_ERROR" }],
  ["APPID_MCHID_NOT_MATCH", 400, { code: "APPID_MCHID_NOT_MATCH" }, { kind: "misconfigured" }],
  ["ORDERPAID", 400, { code: "ORDERPAID" }, { kind: "unknown", why: "ORDERPAID" }],
  ["SYSTEM_ERROR", 500, { code: "SYSTEM_ERROR" }, { kind: "unknown" }],
  ["no prepay_id", 200, {}, { kind: "unknown", why: "noPrepayId" }],
  ["a prepay_id with a line feed", 200, { prepay_id: "wx\n1" }, { kind: "unknown", why: "noPrepayId" }],
])("a signed %s", async (_name, status, body, outcome) => {
  const { door } = await at((_request, _body, response) => wechatReply(platform, response, status, body));
  expect(await door.prepare(order)).toMatchObject(outcome);
});

test("what isn't signed prepares nothing and refuses nothing", async () => {
  for (const [status, body] of [
    [200, { prepay_id: "wx1" }],
    [400, { code: "PARAM_ERROR" }],
    [502, { code: "PARAM_ERROR" }],
  ] as const) {
    for (const headers of [{}, wechatHeaders(platform, "other bytes", { at: Date.now() })]) {
      const { door } = await at((_request, _body, response) => wechatReply(platform, response, status, body, headers));
      expect((await door.prepare(order)).kind).toBe("unknown");
    }
  }
});

test("one request, no redirect followed; nobody there: not sent", async () => {
  const elsewhere = await at((_request, _body, response) => wechatReply(platform, response, 200, { prepay_id: "wx1" }));
  const { server, door } = await at((_request, _body, response) =>
    response.writeHead(307, { Location: `${elsewhere.server.url}/v3/pay/transactions/jsapi` }).end(),
  );
  expect((await door.prepare(order)).kind).toBe("unknown");
  expect([server.hits(), elsewhere.server.hits()]).toEqual([1, 0]);
  const gone = wechatChannel({ ...config, baseUrl: await nobody() });
  expect(await gone.prepay?.prepare(order)).toEqual({ kind: "notSent" });
});

test("204, signed over the empty body, closes; without a signature it says nothing", async () => {
  const seen: string[] = [];
  const { door } = await at((request, body, response) => {
    seen.push(request.url ?? "", body);
    wechatReply(platform, response, 204);
  });
  expect(await door.close(order)).toEqual({ kind: "accepted" });
  expect(seen).toEqual(["/v3/pay/transactions/out-trade-no/K01_000001/close", '{"mchid":"1900000109"}']);
  const bare = await at((_request, _body, response) => wechatReply(platform, response, 204, undefined, {}));
  expect((await bare.door.close(order)).kind).toBe("unknown");
});

test.each([
  ["ORDERPAID", { kind: "alreadyPaid" }],
  ["ORDER_PAID", { kind: "alreadyPaid" }],
  ["ORDER_CLOSED", { kind: "accepted" }],
  ["USERPAYING", { kind: "again", why: "USERPAYING" }],
  ["ORDER_NOT_EXIST", { kind: "again", why: "ORDER_NOT_EXIST" }],
  ["INVALID_REQUEST", { kind: "unknown", why: "INVALID_REQUEST" }],
  ["SYSTEM_ERROR", { kind: "unknown", why: "SYSTEM_ERROR" }],
])("a close refused with %s is a hint, signed or not", async (code, outcome) => {
  for (const headers of [undefined, {}]) {
    const { door } = await at((_request, _body, response) => wechatReply(platform, response, 400, { code }, headers));
    expect(await door.close(order)).toEqual(outcome);
  }
});

/** The vector of the facts page: the very text that is signed. */
const vector = {
  appId: "wx2421b1c4370ec43b",
  timeStamp: "1554208460",
  nonceStr: "593BEC0C930BF1AFEB40B4A08C8FB242",
  package: "prepay_id=wx201410272009395522657a690389285100",
};
const vectorText =
  "wx2421b1c4370ec43b\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\nprepay_id=wx201410272009395522657a690389285100\n";

test("paySign is over app, time, nonce and package, each with a line feed", async () => {
  expect(payMessage(vector)).toBe(vectorText);
  const { door } = await at(() => {}, { appid: vector.appId });
  const made = door.payParams(
    { app: "h5", prepayId: "wx201410272009395522657a690389285100" },
    1_554_208_460_999,
    vector.nonceStr,
  );
  const { paySign, signType, ...rest } = made;
  expect(rest).toEqual(vector);
  expect(signType).toBe("RSA");
  expect(paySign).toMatch(/^[0-9A-Za-z+/]{342}==$/);
  const signature = Buffer.from(paySign, "base64");
  const good = (text: string, key = merchant.publicKey) => verify("RSA-SHA256", Buffer.from(text), key, signature);
  expect(good(vectorText)).toBe(true);
  // PKCS #1 v1.5 leaves nothing to chance: under the padding stand SHA-256's own prefix and the digest, to the byte.
  const opened = publicDecrypt({ key: merchant.publicKey, padding: constants.RSA_PKCS1_PADDING }, signature);
  const digest = createHash("sha256").update(vectorText, "utf8").digest();
  expect(opened.toString("hex")).toBe(`3031300d060960864801650304020105000420${digest.toString("hex")}`);
  // Another order of the fields, a missing or another line end, another package, or another key's: none of these.
  const { appId, timeStamp, nonceStr } = vector;
  for (const text of [
    vectorText.trimEnd(),
    vectorText.replaceAll("\n", "\r\n"),
    vectorText.replaceAll("\n", ""),
    `${vectorText}\n`,
    `${vectorText}RSA\n`,
    `${appId}\n${nonceStr}\n${timeStamp}\n${vector.package}\n`,
    `${timeStamp}\n${appId}\n${nonceStr}\n${vector.package}\n`,
    vectorText.replace("prepay_id=", ""),
    `appId=${appId}&nonceStr=${nonceStr}&package=${vector.package}&signType=RSA&timeStamp=${timeStamp}`,
  ])
    expect(good(text)).toBe(false);
  expect(good(vectorText, keyPair().publicKey)).toBe(false);
});

test("the mini program's parameters carry its own id", async () => {
  const { door } = await at(() => {});
  expect(door.payParams({ app: "mini", prepayId: "wx1" }, NOW, "0123456789abcdef").appId).toBe("wxmini");
  expect(() => door.payParams({ app: "mini", prepayId: "wx1" }, NOW, "short")).toThrow("nonce");
});

test("without the mini program's id its orders are our set-up's fault", async () => {
  const { miniAppid: _, ...without } = config;
  const door = wechatChannel(without).prepay;
  expect(await door?.prepare({ ...order, app: "mini" })).toEqual({ kind: "misconfigured", code: "noMiniAppid" });
  expect(() => door?.payParams({ app: "mini", prepayId: "wx1" }, NOW, "0123456789abcdef")).toThrow("appid");
});

test("refunds name where to tell of them; a query takes either app's order", async () => {
  const seen: unknown[] = [];
  const { channel } = await at((request, body, response) => {
    if (request.method === "POST") {
      seen.push(JSON.parse(body).notify_url);
      return wechatReply(platform, response, 500, { code: "SYSTEM_ERROR" });
    }
    const found = { mchid: config.mchid, appid: "wxmini", out_trade_no: order.outTradeNo, trade_state: "NOTPAY" };
    wechatReply(platform, response, 200, found);
  });
  const refund = { outTradeNo: order.outTradeNo, refundNo: "R1", amountFen: 1, totalFen: 2, reason: "x" };
  expect((await channel.refund(refund)).kind).toBe("unknown");
  expect(seen).toEqual([config.notifyUrl]);
  expect(await channel.query(order)).toEqual({ kind: "notPaid", verified: true });
});

test("a set-up that can't hear of payments offers none", () => {
  const { apiV3Key: _, notifyUrl: __, ...bare } = config;
  expect(wechatChannel(bare)).not.toHaveProperty("prepay");
  expect(wechatChannel({ ...bare, apiV3Key: API_V3_KEY })).not.toHaveProperty("prepay");
  expect(() => wechatChannel({ ...bare, notifyUrl: config.notifyUrl })).toThrow("APIv3 key");
  for (const notifyUrl of ["https://gas.example/n?x=1", "ftp://gas.example/n", "https://gas.example/#n"])
    expect(() => wechatChannel({ ...config, notifyUrl })).toThrow("notify URL");
});

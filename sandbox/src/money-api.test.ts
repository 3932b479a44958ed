import { createSign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "./sandbox.ts";

/** The outside world of money over the sandbox's own API: cashier, notices, messages to the merchant, oracle. */
let dir: string;
let sandbox: Sandbox;
let ear: { server: Server; url: string; bodies: string[] };
const phones = [
  { id: "p1", name: "小李", balanceFen: 500_000, mobile: "13800000001" },
  { id: "p2", name: "小洪", balanceFen: 500_000 },
];
const start = (): Promise<Sandbox> => startSandbox({ dir, seed: { cards: [], meters: [], phones }, now: Date.now });

async function listen(): Promise<typeof ear> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      bodies.push(body);
      response.end("success");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, url: `http://127.0.0.1:${address.port}/notify`, bodies };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "sandbox-money-"));
  ear = await listen();
  sandbox = await start();
});
afterAll(async () => {
  await sandbox.close();
  await new Promise((resolve) => ear.server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(sandbox.url + path, {
    method,
    headers: { connection: "close", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const parsed: Record<string, unknown> = Object(isJson ? JSON.parse(text) : {});
  return { status: response.status, text, body: parsed };
}
const get = (path: string) => call("GET", `/sandbox/api${path}`);
const post = (path: string, body: unknown) => call("POST", `/sandbox/api${path}`, body);
const put = (path: string, body: unknown) => call("PUT", `/sandbox/api${path}`, body);
beforeEach(() => put("/faults", { faults: [] }));

function signed(text: string): string {
  return createSign("RSA-SHA256").update(text).sign(sandbox.merchant.wechat.privateKeyPem, "base64");
}
const seconds = (): string => String(Math.floor(Date.now() / 1000));

let orders = 0;
async function prepared(openid = "o-p1"): Promise<{ outTradeNo: string; prepayId: string }> {
  orders += 1;
  const outTradeNo = `K01_${String(orders).padStart(6, "0")}`;
  const { appid, mchid, serial } = sandbox.merchant.wechat;
  const path = "/v3/pay/transactions/jsapi";
  const body = JSON.stringify({
    appid,
    mchid,
    description: "燃气费 <b>",
    out_trade_no: outTradeNo,
    notify_url: ear.url,
    amount: { total: 12_000 },
    payer: { openid },
  });
  const [timestamp, nonce] = [seconds(), "0123456789abcdef"];
  const signature = signed(`POST\n${path}\n${timestamp}\n${nonce}\n${body}\n`);
  const authorization = `WECHATPAY2-SHA256-RSA2048 mchid="${mchid}",nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${serial}",signature="${signature}"`;
  const response = await fetch(sandbox.gateways.wechatUrl + path, { method: "POST", body, headers: { authorization } });
  return { outTradeNo, prepayId: Object(await response.json()).prepay_id };
}
function pageParams(prepayId: string) {
  const [appId, timeStamp, nonceStr, pack] = [
    sandbox.merchant.wechat.appid,
    seconds(),
    "abcdef",
    `prepay_id=${prepayId}`,
  ];
  const paySign = signed(`${appId}\n${timeStamp}\n${nonceStr}\n${pack}\n`);
  return { appId, timeStamp, nonceStr, package: pack, signType: "RSA", paySign };
}

describe("cashier", () => {
  test("a page's parameters are checked as the wallet does, and paid once", async () => {
    const { outTradeNo, prepayId } = await prepared();
    expect((await get("/phones/p1/cashier")).body).toMatchObject({
      orders: [{ outTradeNo, prepayId, amountFen: 12_000 }],
    });
    expect((await get("/phones/p2/cashier")).body).toEqual({ orders: [] });
    const params = pageParams(prepayId);
    const forged = { ...params, nonceStr: "fedcba" };
    expect((await post("/phones/p1/cashier", forged)).body).toMatchObject({ err_msg: "get_brand_wcpay_request:fail" });
    expect((await post("/phones/p1/cashier", { ...params, pay: false })).body).toEqual({
      err_msg: "get_brand_wcpay_request:cancel",
    });
    expect((await post("/phones/p1/cashier", params)).body).toEqual({ err_msg: "get_brand_wcpay_request:ok" });
    expect((await post("/phones/p1/cashier", params)).body).toMatchObject({ err_msg: "get_brand_wcpay_request:fail" });
    const { body } = await get("/gateways/wechat/ledger");
    expect(body).toMatchObject({
      netFen: 12_000,
      totals: { chargedFen: 12_000, refundedFen: 0, netFen: 12_000, feesFen: 72, payoutFen: 11_928 },
      orders: [{ outTradeNo, prepayId, state: "paid", wallet: "wechat", phoneId: "p1" }],
    });
    expect((await get("/gateways/totals")).body).toMatchObject({ netFen: 12_000 });
  });

  test("what is not whole is a bad request, a stranger's phone is unknown", async () => {
    const { prepayId } = await prepared();
    const { paySign: _, ...unsigned } = pageParams(prepayId);
    expect((await post("/phones/p1/cashier", unsigned)).body).toMatchObject({ code: "badRequest" });
    expect((await post("/phones/p9/cashier", { prepayId })).body).toMatchObject({ code: "unknownPhone" });
    expect((await post("/phones/p1/cashier", { prepayId: "wx1" })).body).toMatchObject({ err_desc: "订单不存在" });
  });

  test("the page shows the order, escaped, and goes back only within the place", async () => {
    const { prepayId } = await prepared();
    const query = new URLSearchParams({ phone: "p1", return: "/h5/done", ...pageParams(prepayId) });
    const page = await call("GET", `/sandbox/cashier?${query}`);
    expect(page.text).toContain("￥120.00");
    expect(page.text).toContain("燃气费 &lt;b&gt;");
    expect(page.text).toContain('id="pay"');
    query.set("paySign", "AAAA");
    const refused = await call("GET", `/sandbox/cashier?${query}`);
    expect(refused.text).toContain("支付验证签名失败");
    expect(refused.text).not.toContain('id="pay"');
    for (const path of ["//evil.example", "https://evil.example", "/\\evil.example"]) {
      query.set("return", path);
      expect((await call("GET", `/sandbox/cashier?${query}`)).body).toMatchObject({ code: "badRequest" });
    }
  });
});

describe("messages to the merchant", () => {
  test("are listed without their content, with how they are sent, and can be sent again", async () => {
    expect((await put("/callbacks/settings", { delayFactor: 0.01, serial: "mixed" })).body).toEqual({
      delayFactor: 0.01,
      serial: "mixed",
      publicKeyPercent: 50,
    });
    const { outTradeNo, prepayId } = await prepared();
    const before = ear.bodies.length;
    await post("/phones/p1/cashier", { prepayId });
    await expect.poll(() => ear.bodies.length).toBe(before + 1);
    type Row = { id: string; outTradeNo: string; state: string };
    const row = async (): Promise<Row | undefined> => {
      const list = (await get("/callbacks")).body.callbacks;
      return (Array.isArray(list) ? list : []).find((each: Row) => each.outTradeNo === outTradeNo);
    };
    await expect.poll(async () => (await row())?.state).toBe("taken");
    expect(await row()).not.toHaveProperty("payload");
    expect((await post(`/callbacks/${(await row())?.id}/resend`, {})).status).toBe(202);
    await expect.poll(() => ear.bodies.length).toBe(before + 2);
    expect((await post("/callbacks/EV-0/resend", {})).status).toBe(404);
  });
});

test("every switch on the list is put on and off by its name, those of the published matrix among them", async () => {
  const switches = async (): Promise<{ name: string; armed: unknown }[]> => {
    const { faults } = (await get("/faults")).body;
    return Array.isArray(faults) ? faults : [];
  };
  const armed = async () => (await switches()).filter((each) => each.armed !== null).map(({ name }) => name);
  const names = (await switches()).map(({ name }) => name);
  const matrix = `paidAtOnce paidAfter userPayingForever notEnough authCodeInvalid systemError dropReply lateArrival slow
    autoReverse reverseUserPaying reverseNoEffect badSignature wrongSerial staleTimestamp outTradeNoUsed
    callbackDoubled callbackLost refundProcessing refundAbnormal cancelRetry serviceUnknown`;
  expect(names).toEqual(expect.arrayContaining(matrix.split(/\s+/)));
  for (const name of names) {
    expect((await put(`/faults/${name}`, { times: 1 })).status, name).toBe(200);
    expect(await armed()).toEqual([name]);
    expect((await call("DELETE", `/sandbox/api/faults/${name}`)).status, name).toBe(200);
    expect(await armed()).toEqual([]);
  }
});

describe("notices", () => {
  const send = (path: "sms/send" | "wechat/message", body: object, secret = sandbox.notices.secret) =>
    call("POST", `/sandbox/${path}`, body, { authorization: `Bearer ${secret}` });
  const text = { templateId: "refunded", to: "13800000001", params: { amount: "120.00" } };
  const listed = async (): Promise<{ id: string; to: string; phoneId: string | null }[]> => {
    const { messages } = (await get("/messages")).body;
    return Array.isArray(messages) ? messages : [];
  };

  test("arrive at the phone of their number or openid, or at nobody's", async () => {
    expect(sandbox.notices.smsUrl).toBe(`${sandbox.url}/sandbox/sms/send`);
    expect(sandbox.notices.wechatUrl).toBe(`${sandbox.url}/sandbox/wechat/message`);
    const { body } = await send("sms/send", text);
    await send("wechat/message", { ...text, to: "m-p2", text: "退款已到账" });
    await send("sms/send", { ...text, to: "13900000000" });
    const [first, second, third] = await listed();
    expect(first).toMatchObject({
      seq: 1,
      id: body.id,
      provider: "sms",
      phoneId: "p1",
      params: text.params,
      text: null,
    });
    expect(second).toMatchObject({ provider: "wechat", phoneId: "p2", text: "退款已到账" });
    expect(third).toMatchObject({ phoneId: null, to: "13900000000" });
    expect((await get("/messages?after=2")).body).toMatchObject({ messages: [{ seq: 3 }] });
  });

  test("the secret, the form, and one message per ref", async () => {
    const before = (await listed()).length;
    expect(await send("sms/send", text, "wrong")).toMatchObject({ status: 401, body: { code: "wrongSecret" } });
    expect(await send("sms/send", { ...text, to: "" })).toMatchObject({ status: 400, body: { code: "badRequest" } });
    const first = await send("sms/send", { ...text, ref: "r1" });
    expect((await send("sms/send", { ...text, ref: "r1" })).body).toEqual(first.body);
    expect((await listed()).length).toBe(before + 1);
  });

  test("down, refused, doubled, slow", async () => {
    const before = (await listed()).length;
    await put("/faults", { faults: [{ name: "noticeDown" }] });
    expect(await send("wechat/message", text)).toMatchObject({ status: 503, body: { code: "providerDown" } });
    await put("/faults", { faults: [{ name: "noticeRefused", times: "always" }] });
    for (const _ of [1, 2]) expect(await send("sms/send", text)).toMatchObject({ status: 422 });
    expect((await listed()).length).toBe(before);
    await put("/faults", { faults: [{ name: "noticeDoubled" }] });
    const { body } = await send("sms/send", text);
    expect((await listed()).slice(before).map(({ id }) => id)).toEqual([body.id, body.id]);
    await put("/faults", { faults: [{ name: "noticeSlow", seconds: 600 }] });
    const ending = new AbortController();
    const url = sandbox.notices.smsUrl;
    const headers = { authorization: `Bearer ${sandbox.notices.secret}`, "content-type": "application/json" };
    let answered = false;
    const waiting = fetch(url, { method: "POST", headers, body: JSON.stringify(text), signal: ending.signal }).then(
      () => {
        answered = true;
      },
      () => {},
    );
    await expect.poll(async () => (await listed()).length).toBe(before + 3);
    expect(answered).toBe(false);
    ending.abort();
    await waiting;
  });
});

describe("faults", () => {
  test("each switch says where it belongs, in both languages, and when nothing is said how long", async () => {
    const { faults } = (await get("/faults")).body;
    if (!Array.isArray(faults)) throw new Error("no faults");
    for (const { zh, en, description, group } of faults)
      expect(zh && en && description && group.zh && group.en).toBeTruthy();
    const groups = [...new Set(faults.map(({ group }) => group.id))];
    expect(groups).toEqual(["pay", "reverse", "reply", "line", "refund", "callback", "bill", "notice", "device"]);
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
    expect(faults.find(({ name }) => name === "autoReverse")).toMatchObject({ seconds: 45, armed: null });
    await put("/faults/paidAfter", { times: 3, gateway: "acquirer", seconds: 5 });
    const armed = (await get("/faults")).body.faults;
    expect(armed).toContainEqual(
      expect.objectContaining({ name: "paidAfter", armed: { times: 3, gateway: "acquirer", seconds: 5 } }),
    );
  });

  test("a gateway that refuses connections does so when the answer is there", async () => {
    await put("/faults/connectionRefused", { gateway: "alipay" });
    await expect(fetch(sandbox.gateways.alipayUrl)).rejects.toThrow();
    expect((await fetch(sandbox.gateways.wechatUrl)).status).toBe(401);
    await put("/faults", { faults: [] });
    expect((await fetch(sandbox.gateways.alipayUrl)).status).toBe(404);
  });
});

test("the bank's statement is a file, its day a day", async () => {
  expect((await get("/bank/statement?day=2026-01-01")).text).toBe("date,reference,counterparty,amount,balance\r\n");
  expect((await get("/bank/statement?day=today")).body).toMatchObject({ code: "badRequest" });
});

test("a restart keeps ids, keys, messages, and what is still to be told", async () => {
  await put("/faults", { faults: [{ name: "callbackLate", seconds: 86_400 }] });
  const { outTradeNo, prepayId } = await prepared();
  await post("/phones/p1/cashier", { prepayId });
  const [messages, ledger] = [(await get("/messages")).body, (await get("/gateways/wechat/ledger")).body];
  const { merchant, gateways, notices } = sandbox;
  await sandbox.close();
  sandbox = await start();
  expect(sandbox).toMatchObject({ merchant, gateways, notices });
  expect((await get("/messages")).body).toEqual(messages);
  expect((await get("/gateways/wechat/ledger")).body).toEqual(ledger);
  expect((await get("/callbacks")).body.callbacks).toContainEqual(
    expect.objectContaining({ outTradeNo, state: "waiting", tries: 0 }),
  );
});

test("the description names every path", async () => {
  const paths = Object.keys(Object((await get("/openapi.json")).body.paths));
  expect(paths).toEqual(
    expect.arrayContaining([
      "/sandbox/sms/send",
      "/sandbox/wechat/message",
      "/sandbox/cashier",
      "/sandbox/api/messages",
      "/sandbox/api/callbacks",
      "/sandbox/api/bank/statement",
      "/sandbox/api/gateways/totals",
      "/sandbox/api/phones/{id}/cashier",
    ]),
  );
});

import { createHash, createSign, createVerify, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type Gateways, startGateways } from "./gateways.ts";
import { beijingClock, yuan } from "./http.ts";
import type { Gateway, Wallet } from "./names.ts";

/** A merchant that speaks each gateway's wire by hand, and hears its messages; the clock moves when it is told. */
export const AMOUNT_FEN = 12_000;
export const FEE_FEN = 72;
export const WALLET: Readonly<Record<Gateway, Wallet>> = { wechat: "wechat", alipay: "alipay", acquirer: "unionpay" };

/** What came back, and whether it was signed by who should have. Null fields: the connection broke. */
export interface Heard {
  status: number | null;
  body: Record<string, unknown>;
  text: string;
  verified: boolean;
  headers: Headers | null;
}
const CUT: Heard = { status: null, body: {}, text: "", verified: false, headers: null };
export interface Letter {
  headers: IncomingHttpHeaders;
  body: string;
}

const sign = (text: string, pem: string): string => createSign("RSA-SHA256").update(text).sign(pem, "base64");
const isSigned = (text: string, pem: string, signature: string): boolean =>
  createVerify("RSA-SHA256").update(text).verify(pem, signature, "base64");

function json(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return Object(value);
  } catch {
    return {};
  }
}

async function send(url: string, init: RequestInit): Promise<{ response: Response; text: string } | null> {
  try {
    const response = await fetch(url, { ...init, headers: { ...init.headers, connection: "close" } });
    return { response, text: await response.text() };
  } catch {
    return null;
  }
}

/** The merchant's ear: keeps what arrives, and answers as it is told. */
async function listenForLetters(): Promise<{ server: Server; url: string; letters: Letter[]; answer: number[] }> {
  const letters: Letter[] = [];
  /** Answers still to give, first one first; then 200. */
  const answer: number[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      letters.push({ headers: request.headers, body: Buffer.concat(parts).toString("utf8") });
      response.writeHead(answer.shift() ?? 200).end("success");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, url: `http://127.0.0.1:${address.port}/notify`, letters, answer };
}

function makeCallers(gateways: () => Gateways, clock: { now: number }) {
  function wechatAuthorization(method: string, path: string, text: string): string {
    const { mchid, serial, privateKeyPem } = gateways().merchant.wechat;
    const [timestamp, nonce] = [String(Math.floor(clock.now / 1000)), randomBytes(16).toString("hex")];
    const signature = sign(`${method}\n${path}\n${timestamp}\n${nonce}\n${text}\n`, privateKeyPem);
    return `WECHATPAY2-SHA256-RSA2048 mchid="${mchid}",nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${serial}",signature="${signature}"`;
  }

  /** A file by the link WeChat Pay gave; the request is signed, the file is not. */
  async function download(link: string): Promise<Buffer> {
    const { origin, pathname, search } = new URL(link);
    const authorization = wechatAuthorization("GET", pathname + search, "");
    const response = await fetch(origin + pathname + search, { headers: { authorization } });
    if (response.status !== 200) throw new Error(`${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }

  async function wechat(method: string, path: string, body?: unknown, serial?: string): Promise<Heard> {
    const { wechat: merchant } = gateways().merchant;
    const text = body === undefined ? "" : JSON.stringify(body);
    const authorization = wechatAuthorization(method, path, text);
    const headers = { authorization, ...(serial === undefined ? {} : { "wechatpay-serial": serial }) };
    const heard = await send(gateways().wechatUrl + path, { method, headers, ...(text === "" ? {} : { body: text }) });
    if (heard === null) return CUT;
    const header = (name: string): string => heard.response.headers.get(`wechatpay-${name}`) ?? "";
    const key = merchant.platformCerts[header("serial")];
    const message = `${header("timestamp")}\n${header("nonce")}\n${heard.text}\n`;
    const fresh = Math.abs(clock.now / 1000 - Number(header("timestamp"))) < 300;
    const verified = key !== undefined && fresh && isSigned(message, key, header("signature"));
    const { status, headers: given } = heard.response;
    return { status, body: json(heard.text), text: heard.text, verified, headers: given };
  }

  async function alipay(method: string, biz: object, common: Record<string, string> = {}): Promise<Heard> {
    const { alipay: merchant } = gateways().merchant;
    const parameters: Record<string, string> = {
      app_id: merchant.appId,
      method,
      charset: "utf-8",
      sign_type: "RSA2",
      timestamp: beijingClock(clock.now),
      version: "1.0",
      biz_content: JSON.stringify(biz),
      ...common,
    };
    const names = Object.keys(parameters).sort();
    parameters.sign = sign(names.map((name) => `${name}=${parameters[name]}`).join("&"), merchant.privateKeyPem);
    const heard = await send(merchant.gatewayUrl, { method: "POST", body: new URLSearchParams(parameters) });
    if (heard === null) return CUT;
    const match = /^\{"(\w+)":(\{.*\})(?:,"sign":"([^"]*)")?\}$/.exec(heard.text);
    const inner = match?.[2] ?? "";
    const verified = isSigned(inner, merchant.alipayPublicKeyPem, match?.[3] ?? "");
    const { status, headers } = heard.response;
    return { status, body: json(inner), text: heard.text, verified, headers };
  }

  async function acquirer(call: string, body: unknown, given?: { nonce?: string; timestamp?: number }): Promise<Heard> {
    const { acquirer: merchant } = gateways().merchant;
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
    const text = JSON.stringify(body);
    const nonce = given?.nonce ?? randomBytes(16).toString("hex");
    const timestamp = String(given?.timestamp ?? clock.now);
    const signature = sign(`POST\n/v1/${call}\n${timestamp}\n${nonce}\n${sha256(text)}\n`, merchant.privateKeyPem);
    const headers = {
      "acq-merchant": merchant.merchant,
      "acq-timestamp": timestamp,
      "acq-nonce": nonce,
      "acq-signature": signature,
    };
    const heard = await send(`${merchant.baseUrl}/v1/${call}`, { method: "POST", headers, body: text });
    if (heard === null) return CUT;
    const at = heard.response.headers.get("acq-timestamp") ?? "";
    const signed = heard.response.headers.get("acq-signature") ?? "";
    const fresh = Math.abs(clock.now - Number(at)) <= 300_000;
    const message = `${nonce}\n${at}\n${sha256(heard.text)}\n`;
    const verified = fresh && isSigned(message, merchant.acquirerPublicKeyPem, signed);
    return {
      status: heard.response.status,
      body: json(heard.text),
      text: heard.text,
      verified,
      headers: heard.response.headers,
    };
  }
  return { wechat, download, alipay, acquirer };
}
type Callers = ReturnType<typeof makeCallers>;

/** The same four acts at each gateway, in its own words. */
function makeActs(callers: Callers, gateways: () => Gateways, notifyUrl: () => string) {
  const ids = () => gateways().merchant.wechat;
  const order = (outTradeNo: string): string => `/v3/pay/transactions/out-trade-no/${outTradeNo}`;
  return {
    pay(gateway: Gateway, outTradeNo: string, authCode: string, amountFen = AMOUNT_FEN): Promise<Heard> {
      const { appid, mchid } = ids();
      if (gateway === "acquirer") {
        const scheme = authCode.startsWith("01") ? "ECNY" : "UNIONPAY";
        const body = { outTradeNo, amountFen, authCode, scheme, description: "燃气费", terminalId: "K01" };
        return callers.acquirer("pay", body);
      }
      if (gateway === "alipay") {
        const biz = { out_trade_no: outTradeNo, scene: "bar_code", auth_code: authCode, subject: "燃气费" };
        const rest = { total_amount: yuan(amountFen), timeout_express: "2m", terminal_id: "K01" };
        return callers.alipay("alipay.trade.pay", { ...biz, ...rest }, { notify_url: notifyUrl() });
      }
      return callers.wechat("POST", "/v3/pay/transactions/codepay", {
        appid,
        mchid,
        description: "燃气费",
        out_trade_no: outTradeNo,
        payer: { auth_code: authCode },
        amount: { total: amountFen },
        scene_info: { device_id: "K01" },
      });
    },
    query(gateway: Gateway, outTradeNo: string): Promise<Heard> {
      if (gateway === "acquirer") return callers.acquirer("query", { outTradeNo });
      if (gateway === "alipay") return callers.alipay("alipay.trade.query", { out_trade_no: outTradeNo });
      return callers.wechat("GET", `${order(outTradeNo)}?mchid=${ids().mchid}`);
    },
    reverse(gateway: Gateway, outTradeNo: string): Promise<Heard> {
      if (gateway === "acquirer") return callers.acquirer("reverse", { outTradeNo });
      if (gateway === "alipay") return callers.alipay("alipay.trade.cancel", { out_trade_no: outTradeNo });
      const { appid, mchid } = ids();
      return callers.wechat("POST", `${order(outTradeNo)}/reverse`, { appid, mchid });
    },
    refund(gateway: Gateway, outTradeNo: string, refundNo: string, amountFen = AMOUNT_FEN): Promise<Heard> {
      if (gateway === "acquirer") {
        const body = { outTradeNo, refundNo, amountFen, totalFen: AMOUNT_FEN, reason: "未写卡" };
        return callers.acquirer("refund", body);
      }
      if (gateway === "alipay") {
        const biz = { out_trade_no: outTradeNo, out_request_no: refundNo, refund_amount: yuan(amountFen) };
        return callers.alipay("alipay.trade.refund", biz);
      }
      return callers.wechat("POST", "/v3/refund/domestic/refunds", {
        out_trade_no: outTradeNo,
        out_refund_no: refundNo,
        notify_url: notifyUrl(),
        amount: { refund: amountFen, total: AMOUNT_FEN, currency: "CNY" },
      });
    },
    queryRefund(gateway: Gateway, outTradeNo: string, refundNo: string): Promise<Heard> {
      if (gateway === "acquirer") return callers.acquirer("refund-query", { outTradeNo, refundNo });
      const biz = { out_trade_no: outTradeNo, out_request_no: refundNo };
      if (gateway === "alipay") return callers.alipay("alipay.trade.fastpay.refund.query", biz);
      return callers.wechat("GET", `/v3/refund/domestic/refunds/${refundNo}`);
    },
    prepay(outTradeNo: string, change: object = {}): Promise<Heard> {
      const { appid, mchid } = ids();
      const order = { appid, mchid, description: "燃气费", out_trade_no: outTradeNo, notify_url: notifyUrl() };
      const rest = { amount: { total: AMOUNT_FEN, currency: "CNY" }, payer: { openid: "o-p1" } };
      return callers.wechat("POST", "/v3/pay/transactions/jsapi", { ...order, ...rest, ...change });
    },
    close(outTradeNo: string): Promise<Heard> {
      return callers.wechat("POST", `${order(outTradeNo)}/close`, { mchid: ids().mchid });
    },
  };
}

/** What an answer says, in one word of its gateway. */
export function wordOf(gateway: Gateway, { status, body }: Heard): string {
  if (status === null) return "cut";
  const first = (...names: string[]): string => String(names.map((name) => body[name]).find(Boolean) ?? "nothing");
  if (gateway === "wechat") return status < 300 ? first("trade_state", "status") : first("code");
  if (gateway === "alipay") return first("sub_code", "trade_status", "refund_status", "action", "code");
  return body.result === "OK" ? first("reason", "state", "result") : first("reason", "result");
}

export type Wire = ReturnType<typeof useWire>;

/** Starts the gateways once per file; each test begins with faults off, a rich phone, and nothing heard. */
export function useWire() {
  const dir = mkdtempSync(join(tmpdir(), "citygas-sandbox-wire-"));
  const clock = { now: 0 };
  let started: Gateways | undefined;
  let ear: Awaited<ReturnType<typeof listenForLetters>> | undefined;
  let orders = 0;
  const gateways = (): Gateways => {
    if (started === undefined) throw new Error("the wire is there inside tests only");
    return started;
  };
  const notifyUrl = (): string => ear?.url ?? "";
  const callers = makeCallers(gateways, clock);
  const acts = makeActs(callers, gateways, notifyUrl);

  beforeAll(async () => {
    clock.now = Date.UTC(2026, 10, 20, 2, 0, 0);
    ear = await listenForLetters();
    started = await startGateways({ dir, now: () => clock.now, wallClock: () => clock.now });
    gateways().wallets.ensurePhone({ id: "p1", name: "小洪", balanceFen: 0 });
    gateways().wallets.ensurePhone({ id: "p2", name: "小李", balanceFen: 0 });
  });
  beforeEach(async () => {
    // A day of its own for each test, so that its bill is its own.
    clock.now += 24 * 3600_000;
    const money = 1_000_000;
    const balanceFen = { wechat: money, alipay: money, unionpay: money, ecny: money };
    for (const id of ["p1", "p2"])
      gateways().wallets.setPhone(id, { askPassword: false, noBalance: false, offline: false, balanceFen });
    gateways().faults.disarmAll();
    gateways().callbacks.set({ delayFactor: 1, serial: "publicKey" });
    await gateways().faultsApplied();
    await gateways().callbacks.deliverDue();
    ear?.letters.splice(0);
    ear?.answer.splice(0);
  });
  afterAll(async () => {
    await started?.close();
    await new Promise((resolve) => ear?.server.close(resolve) ?? resolve(null));
    rmSync(dir, { recursive: true });
  });

  return {
    ...callers,
    ...acts,
    clock,
    get gateways() {
      return gateways();
    },
    get notifyUrl() {
      return notifyUrl();
    },
    /** Day of the clock in Beijing. */
    get day() {
      return beijingClock(clock.now).slice(0, 10);
    },
    /** Answers the next messages get; 200 and "success" after them. */
    answerWith: (...statuses: number[]) => void ear?.answer.push(...statuses),
    order(): string {
      orders += 1;
      return `K01_${String(orders).padStart(6, "0")}`;
    },
    code: (gateway: Gateway, phone = "p1") => gateways().wallets.showCode(phone, WALLET[gateway])?.code ?? "",
    async paid(gateway: Gateway): Promise<string> {
      orders += 1;
      const outTradeNo = `K01_${String(orders).padStart(6, "0")}`;
      const code = gateways().wallets.showCode("p1", WALLET[gateway])?.code ?? "";
      await acts.pay(gateway, outTradeNo, code);
      return outTradeNo;
    },
    /** What the gateway has taken for this order, minus what it gave back. */
    netFen(gateway: Gateway, outTradeNo: string): number {
      const rows = gateways()
        .ledger.rows(gateway)
        .filter((row) => row.outTradeNo === outTradeNo);
      return rows.reduce((sum, { kind, amountFen }) => sum + (kind === "charge" ? amountFen : -amountFen), 0);
    },
    /** The messages that have come by now. */
    async letters(): Promise<Letter[]> {
      await gateways().callbacks.deliverDue();
      return ear?.letters ?? [];
    },
  };
}

import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeBank } from "./bank.ts";
import type { PayResult } from "./bankPay.ts";
import { type Book, openBook } from "./book.ts";
import { FAULTS, isGatewayFault } from "./faultList.ts";
import { type FaultTaker, makeFaults } from "./faults.ts";
import { type Gateways, startGateways } from "./gateways.ts";
import { type GatewayKeys, makeGatewayKeys } from "./keys.ts";
import { makeLedger } from "./ledger.ts";
import { makeWallets } from "./wallets.ts";

const root = mkdtempSync(join(tmpdir(), "citygas-sandbox-gateways-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
let dir = "";
let clock = 0;
const now = () => clock;
beforeEach(() => {
  folders += 1;
  dir = join(root, String(folders));
  clock = Date.UTC(2026, 10, 22, 2, 0, 0);
});

function open(faults: FaultTaker = makeFaults()) {
  const book: Book = openBook(dir);
  const bank = makeBank(book, faults, now);
  const wallets = makeWallets(book, bank, now);
  wallets.ensurePhone({ id: "p1", name: "小洪", balanceFen: 10_000 });
  const code = (gateway: "wechat" | "alipay") => wallets.showCode("p1", gateway)?.code ?? "";
  const pay = (outTradeNo: string, authCode = code("wechat"), amountFen = 1000): PayResult =>
    bank.pay({ gateway: "wechat", outTradeNo, amountFen, authCode, closeAfterMs: 45_000 });
  const refund = (outTradeNo: string, refundNo: string, amountFen: number) =>
    bank.refund({ gateway: "wechat", outTradeNo, refundNo, amountFen });
  return { book, bank, wallets, faults, code, pay, refund, ledger: makeLedger(book, bank) };
}

describe("wallets", () => {
  test("codes have the published form, change each minute and after use, and are taken 30 s longer", () => {
    const { code, pay } = open();
    expect(code("wechat")).toMatch(/^1[0-5]\d{16}$/);
    expect(code("alipay")).toMatch(/^28\d{16}$/);
    const first = code("wechat");
    clock += 59_999;
    expect(code("wechat")).toBe(first);
    clock += 1;
    const second = code("wechat");
    expect(second).not.toBe(first);
    clock += 30_000;
    expect(pay("A1", first).kind).toBe("paid");
    expect(pay("A2", first).kind).toBe("codeInvalid");
    expect(code("wechat")).toBe(second);
    expect(pay("A3", second).kind).toBe("paid");
    expect(code("wechat")).not.toBe(second);
    const last = code("wechat");
    clock += 90_001;
    expect(pay("A4", last).kind).toBe("codeInvalid");
  });

  test("codes of long ago are forgotten, so that the book stays small", () => {
    const { book, code } = open();
    for (let minute = 0; minute < 100; minute += 1) {
      code("wechat");
      clock += 60_000;
    }
    expect(book.codes.size).toBe(61);
  });

  test("a code pays at its own gateway only", () => {
    const { code, pay } = open();
    expect(pay("A1", code("alipay")).kind).toBe("codeInvalid");
    expect(pay("A1", "130000000000000001").kind).toBe("codeInvalid");
  });

  test("balance falls with a payment, rises with a refund, and is a limit", () => {
    const { refund, wallets, pay, ledger } = open();
    expect(pay("A1", undefined, 10_001).kind).toBe("notEnough");
    expect(pay("A2", undefined, 9_999).kind).toBe("paid");
    expect(wallets.phone("p1")?.balanceFen).toMatchObject({ wechat: 1, alipay: 10_000 });
    expect(refund("A2", "R1", 9_000).kind).toBe("ok");
    expect(refund("A2", "R1", 9_000)).toMatchObject({ kind: "ok", moved: false });
    expect(refund("A2", "R2", 1_000).kind).toBe("tooMuch");
    expect(refund("A1", "R3", 1).kind).toBe("notPaid");
    expect(wallets.phone("p1")?.balanceFen.wechat).toBe(9_001);
    expect(ledger.rows().map((row) => [row.seq, row.kind, row.amountFen])).toEqual([
      [1, "charge", 9_999],
      [2, "refund", 9_000],
    ]);
    expect([ledger.netFen(), ledger.netFen("wechat"), ledger.netFen("alipay")]).toEqual([999, 999, 0]);
  });

  test("reversing a partly refunded order gives back the rest only", () => {
    const { bank, refund, pay, ledger } = open();
    pay("A1");
    refund("A1", "R1", 400);
    expect(bank.reverse("wechat", "A1", 1000).kind).toBe("refunded");
    expect(bank.reverse("wechat", "A1", 1000).kind).toBe("closed");
    expect(ledger.netFen()).toBe(0);
  });

  test("a password box: seen, answered once, held back while offline", () => {
    const { wallets, pay } = open();
    wallets.setPhone("p1", { askPassword: true });
    expect(wallets.enterPassword("p1", true)).toBe("noPrompt");
    expect(pay("A1").kind).toBe("userPaying");
    const prompt = {
      phoneId: "p1",
      gateway: "wechat",
      wallet: "wechat",
      outTradeNo: "A1",
      amountFen: 1000,
      since: clock,
    };
    expect(wallets.prompts()).toEqual([prompt]);
    wallets.setPhone("p1", { offline: true });
    expect(wallets.prompts("p1")).toEqual([]);
    expect(wallets.enterPassword("p1", true)).toBe("offline");
    wallets.setPhone("p1", { offline: false });
    expect(wallets.enterPassword("p1", true)).toBe("answered");
    expect(wallets.enterPassword("p1", true)).toBe("noPrompt");
    expect(wallets.enterPassword("p9", true)).toBe("unknownPhone");
  });

  test("a password box goes away when the gateway closes the order", () => {
    const { wallets, pay, ledger } = open();
    wallets.setPhone("p1", { askPassword: true });
    pay("A1");
    clock += 45_000;
    expect(wallets.prompts()).toEqual([]);
    expect(wallets.enterPassword("p1", true)).toBe("noPrompt");
    expect(ledger.netFen()).toBe(0);
  });
});

describe("faults", () => {
  test("count down per hit, mind their gateway, stay when always", () => {
    const faults = makeFaults();
    faults.arm("slow", { gateway: "alipay", times: 2, seconds: 3 });
    expect(faults.takeDelayMs("wechat")).toBe(0);
    expect([1, 2, 3].map(() => faults.takeDelayMs("alipay"))).toEqual([3000, 3000, 0]);
    faults.arm("gatewayDown", { times: "always" });
    expect([1, 2, 3].map(() => faults.take("gatewayDown", "wechat"))).toEqual([true, true, true]);
    faults.disarm("gatewayDown");
    expect(faults.take("gatewayDown", "wechat")).toBe(false);
    expect(() => faults.arm("slow", { times: 0 })).toThrow(RangeError);
  });

  test("each is named once, in both languages, and shows what is armed", () => {
    const faults = makeFaults();
    faults.arm("dropReply");
    const armed = faults.list().filter((fault) => fault.armed !== null);
    expect(armed.map((fault) => [fault.name, fault.armed])).toEqual([
      ["dropReply", { times: 1, gateway: "both", seconds: 20 }],
    ]);
    expect(new Set(FAULTS.map((fault) => fault.name)).size).toBe(FAULTS.length);
    for (const fault of FAULTS) expect(fault.zh && fault.en && fault.description).toBeTruthy();
    expect([isGatewayFault("slow"), isGatewayFault("toString")]).toEqual([true, false]);
  });
});

describe("the book outlives its process", () => {
  test("trades, ledger, used codes, balances and open password boxes are there without any closing", () => {
    const before = open();
    const used = before.code("wechat");
    before.pay("A1", used);
    before.wallets.setPhone("p1", { askPassword: true });
    before.pay("A2");
    before.refund("A1", "R1", 300);

    const after = open();
    expect(after.ledger.rows()).toEqual(before.ledger.rows());
    expect(after.ledger.netFen()).toBe(700);
    expect(after.wallets.phone("p1")).toEqual(before.wallets.phone("p1"));
    expect(after.pay("A3", used).kind).toBe("codeInvalid");
    expect(after.pay("A1").kind).toBe("used");
    expect(after.wallets.enterPassword("p1", true)).toBe("answered");
    expect(after.ledger.netFen()).toBe(1700);
    expect(new Set([...after.book.trades.values()].map((trade) => trade.tradeNo)).size).toBe(2);
  });

  test("a line cut short by the kill was never answered and is dropped, at any cut", () => {
    const before = open();
    before.pay("A1");
    const path = join(dir, "gateways.jsonl");
    const whole = readFileSync(path, "utf8");
    const last = whole.trimEnd().split("\n").at(-1) ?? "";
    expect(last).toContain("charge");
    for (const length of [1, last.length >> 1, last.length]) {
      appendFileSync(path, last.slice(0, length).replace("A1", "A2"));
      const after = open();
      expect(after.ledger.netFen()).toBe(1000);
      expect(after.bank.find("wechat", "A2")).toBeUndefined();
      after.book.close();
    }
  });

  test("a book of an earlier build opens; what it did not know yet is as nothing was said", () => {
    const phone = {
      id: "p1",
      name: "小洪",
      wechatFen: 5,
      alipayFen: 6,
      askPassword: false,
      noBalance: false,
      offline: false,
    };
    const refund = { refundNo: "R1", refundId: "5", amountFen: 1, state: "success", queries: 0, at: clock };
    const at = { createdAt: clock, closesAt: clock, paidAt: clock };
    const state = { phoneId: "p1", state: "paid", stuck: false, ...at };
    const trade = { gateway: "alipay", outTradeNo: "A1", tradeNo: "1", amountFen: 9, ...state, refunds: [refund] };
    mkdirSync(dir);
    writeFileSync(join(dir, "gateways.jsonl"), `${JSON.stringify({ trades: [trade], phones: [phone] })}\n`);
    const { bank, wallets } = open();
    expect(wallets.phone("p1")?.balanceFen).toEqual({ wechat: 5, alipay: 6, unionpay: 0, ecny: 0 });
    expect(bank.reverse("alipay", "A1", 1).kind).toBe("refunded");
    expect(wallets.phone("p1")?.balanceFen.alipay).toBe(14);
  });

  test("a damaged line in the middle stops the start and says where", () => {
    open().book.close();
    appendFileSync(join(dir, "gateways.jsonl"), '{"trades":[{}]}\n');
    expect(() => openBook(dir)).toThrow(/gateways\.jsonl:\d+/);
  });
});

describe("the servers", () => {
  let keys: GatewayKeys;
  let started: Gateways[] = [];
  beforeAll(async () => {
    keys = await makeGatewayKeys();
  });
  afterEach(async () => {
    await Promise.all(started.map((gateways) => gateways.close()));
    started = [];
  });
  async function start(options: { keys?: GatewayKeys } = { keys }): Promise<Gateways> {
    const gateways = await startGateways({ dir, now, ...options });
    started.push(gateways);
    return gateways;
  }

  test("keep the merchant's keys over a restart", async () => {
    const first = await start({});
    const second = await start({});
    expect(second.merchant.wechat).toEqual(first.merchant.wechat);
    expect(second.merchant.alipay.privateKeyPem).toBe(first.merchant.alipay.privateKeyPem);
  });

  test("refuse whoever isn't the merchant, and say so signed", async () => {
    const { wechatUrl, alipayUrl } = await start();
    const wechat = await fetch(`${wechatUrl}/v3/pay/transactions/codepay`, { method: "POST", body: "{}" });
    expect([wechat.status, await wechat.json()]).toMatchObject([401, { code: "SIGN_ERROR" }]);
    expect(wechat.headers.get("wechatpay-signature")).toBeTruthy();
    const alipay = await fetch(`${alipayUrl}/gateway.do?method=alipay.trade.pay`, { method: "POST" });
    expect(await alipay.json()).toMatchObject({
      alipay_trade_pay_response: { code: "40002", sub_code: "isv.invalid-app-id" },
      sign: expect.any(String),
    });
    expect((await fetch(`${alipayUrl}/elsewhere`)).status).toBe(404);
  });

  test("a port in use is an error, and the other port is let go", async () => {
    const first = await start();
    const taken = Number(new URL(first.alipayUrl).port);
    await expect(startGateways({ dir: `${dir}b`, now, keys, alipayPort: taken })).rejects.toThrow("EADDRINUSE");
  });
});

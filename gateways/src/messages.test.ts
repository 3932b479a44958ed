/** Prepaid orders and the gateways' own messages, against the sandbox: each sent over HTTP to a server of ours. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Hostile, hostile } from "./hostile.testkit.ts";
import type { CodePayChannel, NotificationRead, PrepayDoor } from "./port.ts";
import { AMOUNT_FEN, useKit } from "./sandboxed.testkit.ts";

const kit = useKit();
let receiver: Hostile;
let reads: NotificationRead[] = [];
/** How the receiver answers; it takes what it can read. */
let taking = true;

const wechat = (): CodePayChannel => kit.channel("wechat", { notifyUrl: `${receiver.url}/wechat` });
const alipay = (): CodePayChannel => kit.channel("alipay", { notifyUrl: `${receiver.url}/alipay` });
const delivered = () => kit.gateways.callbacks.deliverDue();

beforeEach(async () => {
  reads = [];
  taking = true;
  receiver = await hostile((request, body, response) => {
    const door = (request.url === "/wechat" ? wechat() : alipay()).notifications;
    if (door === undefined) throw new Error("no notifications");
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(request.headers)) if (typeof value === "string") headers[name] = value;
    const read = door.read({ headers, body: Buffer.from(body) }, Date.now());
    reads.push(read);
    const answer = door.answer(taking && read.kind !== "refused");
    response.writeHead(answer.status, { "Content-Type": answer.contentType }).end(answer.body);
  });
  kit.gateways.callbacks.set({ delayFactor: 0, serial: "mixed" });
});
afterEach(() => receiver.close());

function door(): PrepayDoor {
  const { prepay } = wechat();
  if (prepay === undefined) throw new Error("no prepay");
  return prepay;
}
const orderOf = (app: "h5" | "mini" = "h5") => ({
  outTradeNo: kit.order(),
  amountFen: AMOUNT_FEN,
  app,
  openid: app === "h5" ? "o-phone-1" : "m-phone-1",
  description: "燃气费",
  expireAt: kit.clock.now + 15 * 60_000,
});
/** Makes the order and hands its parameters to the wallet, which checks their signature. */
async function prepaid(app: "h5" | "mini" = "h5") {
  const order = orderOf(app);
  const made = await door().prepare(order);
  if (made.kind !== "prepared") throw new Error(JSON.stringify(made));
  const params = door().payParams({ app, prepayId: made.prepayId }, Date.now(), "0123456789abcdefXYZ");
  return { order, params, prepayId: made.prepayId };
}
const OK = { err_msg: "get_brand_wcpay_request:ok" };
const query = (outTradeNo: string) => wechat().query({ outTradeNo, amountFen: AMOUNT_FEN });

describe("prepaid orders", () => {
  test.each(["h5", "mini"] as const)("%s: made, paid in the wallet, told, confirmed", async (app) => {
    const { order, params } = await prepaid(app);
    expect(await query(order.outTradeNo)).toEqual({ kind: "notPaid", verified: true });
    expect(kit.gateways.cashier.answer(params, "phone-1", true)).toEqual(OK);
    await delivered();
    const paid = { kind: "paid", verified: true, amountFen: AMOUNT_FEN, paidAt: kit.clock.now };
    const { outTradeNo } = order;
    expect(reads).toEqual([
      { kind: "payment", id: expect.any(String), outTradeNo, outcome: expect.objectContaining(paid) },
    ]);
    expect(await query(outTradeNo)).toMatchObject(paid);
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("parameters changed on the page open no wallet", async () => {
    const { params } = await prepaid();
    for (const change of [{ package: "prepay_id=wx1" }, { nonceStr: "x" }, { timeStamp: "1" }, { appId: "wx1" }])
      expect(kit.gateways.cashier.answer({ ...params, ...change }, "phone-1", true)).not.toEqual(OK);
    expect(kit.netFen()).toBe(0);
  });

  test("the same order again is the same; another amount under its number isn't made", async () => {
    const { order, prepayId } = await prepaid();
    expect(await door().prepare(order)).toEqual({ kind: "prepared", prepayId });
    expect((await door().prepare({ ...order, amountFen: 1 })).kind).not.toBe("prepared");
  });

  test("closed, it can't be paid any more; a query confirms it", async () => {
    const { order, params } = await prepaid();
    expect(await door().close(order)).toEqual({ kind: "accepted" });
    expect(await query(order.outTradeNo)).toEqual({ kind: "closed", verified: true });
    expect(kit.gateways.cashier.answer(params, "phone-1", true)).not.toEqual(OK);
    expect(await door().close(order)).toEqual({ kind: "accepted" });
  });

  test("paidBeforeClose: the close says so, the query proves it", async () => {
    const { order } = await prepaid();
    kit.gateways.faults.arm("paidBeforeClose");
    expect(await door().close(order)).toEqual({ kind: "alreadyPaid" });
    expect((await query(order.outTradeNo)).kind).toBe("paid");
  });

  test("a scanned order isn't closed, and one nobody made neither", async () => {
    const { outTradeNo } = await kit.pay("wechat");
    expect((await door().close({ outTradeNo })).kind).toBe("unknown");
    expect((await query(outTradeNo)).kind).toBe("paid");
    expect((await door().close({ outTradeNo: kit.order() })).kind).toBe("again");
  });

  test.each(["badSignature", "unsigned", "staleTimestamp", "gatewayDown", "garbage"] as const)(
    "%s: whether it was made isn't known",
    async (fault) => {
      kit.gateways.faults.arm(fault, { gateway: "wechat" });
      expect((await door().prepare(orderOf())).kind).toBe("unknown");
    },
  );
});

describe("messages of WeChat Pay", () => {
  const pay = async () => {
    const { order, params } = await prepaid();
    kit.gateways.cashier.answer(params, "phone-1", true);
    return order;
  };
  const kinds = () => reads.map((read) => (read.kind === "refused" ? read.why : read.kind));

  test("callbackDoubled: twice the same, under one id, signed with either kind of key", async () => {
    kit.gateways.faults.arm("callbackDoubled", { gateway: "wechat" });
    await pay();
    await delivered();
    expect(kinds()).toEqual(["payment", "payment"]);
    expect(reads[0]).toEqual(reads[1]);
  });

  test("not taken, it comes again as it was", async () => {
    taking = false;
    await pay();
    await delivered();
    taking = true;
    await delivered();
    expect(kinds()).toEqual(["payment", "payment"]);
    expect(reads[0]).toEqual(reads[1]);
    await delivered();
    expect(reads).toHaveLength(2);
  });

  test.each([
    ["callbackForged", ["badSignature", "payment"]],
    ["callbackProbe", ["signatureProbe", "payment"]],
    ["callbackStale", ["stale", "payment"]],
    ["callbackUndecryptable", ["undecryptable", "payment"]],
  ] as const)("%s: refused, and the genuine one comes", async (fault, said) => {
    kit.gateways.faults.arm(fault, { gateway: "wechat" });
    await pay();
    await delivered();
    await delivered();
    expect(kinds()).toEqual(said);
  });

  test.each([
    [undefined, { kind: "done", verified: true }],
    ["refundAbnormal", { kind: "failed", code: "ABNORMAL", never: true }],
    ["refundClosed", { kind: "failed", code: "CLOSED", never: true }],
  ] as const)("a refund: %s", async (fault, outcome) => {
    const { outTradeNo } = await kit.pay("wechat");
    if (fault !== undefined) kit.gateways.faults.arm(fault, { gateway: "wechat" });
    const refund = { outTradeNo, refundNo: `R-${outTradeNo}`, amountFen: 40, totalFen: AMOUNT_FEN, reason: "测试" };
    expect(await wechat().refund(refund)).toEqual(outcome);
    await delivered();
    const { refundNo } = refund;
    expect(reads).toEqual([{ kind: "refund", id: expect.any(String), outTradeNo, refundNo, amountFen: 40, outcome }]);
  });
});

describe("messages of Alipay", () => {
  test("a payment, then its refunds: each sum is what went back until then, so each refund is asked for by its number", async () => {
    const channel = alipay();
    const { outTradeNo } = await kit.pay("alipay", channel);
    await delivered();
    for (const refundNo of ["R-1", "R-2"]) {
      const refund = {
        outTradeNo,
        refundNo: `${refundNo}-${outTradeNo}`,
        amountFen: 40,
        totalFen: AMOUNT_FEN,
        reason: "x",
      };
      await channel.refund(refund);
      await delivered();
    }
    const told = { amountFen: null, outcome: { kind: "processing" } };
    expect(reads).toMatchObject([
      { kind: "payment", outTradeNo, outcome: { kind: "paid", amountFen: AMOUNT_FEN, paidAt: kit.clock.now } },
      { kind: "refund", outTradeNo, refundNo: `R-1-${outTradeNo}`, ...told },
      { kind: "refund", outTradeNo, refundNo: `R-2-${outTradeNo}`, ...told },
    ]);
    const ask = (refundNo: string) => channel.queryRefund({ outTradeNo, refundNo: `${refundNo}-${outTradeNo}` });
    expect(await ask("R-2")).toEqual({ kind: "done", verified: true });
    expect(await ask("R-3")).toEqual({ kind: "notFound" });
  });

  test("callbackForged is refused; not taken, the genuine one comes again under its id", async () => {
    kit.gateways.faults.arm("callbackForged", { gateway: "alipay" });
    taking = false;
    await kit.pay("alipay", alipay());
    await delivered();
    taking = true;
    await delivered();
    expect(reads.map((read) => read.kind)).toEqual(["refused", "payment", "payment"]);
    expect(reads[1]).toEqual(reads[2]);
    await delivered();
    expect(reads).toHaveLength(3);
  });

  test("another seller's are not ours", async () => {
    const channel = alipay();
    await kit.pay("alipay", channel);
    const other = kit.channel("alipay", { sellerId: "2088000000000009" }).notifications;
    const heard: NotificationRead[] = [];
    const elsewhere = await hostile((_request, body, response) => {
      if (other !== undefined) heard.push(other.read({ headers: {}, body: Buffer.from(body) }, Date.now()));
      response.end("success");
    });
    await kit.pay("alipay", kit.channel("alipay", { notifyUrl: elsewhere.url }));
    await delivered();
    await elsewhere.close();
    expect(heard).toEqual([{ kind: "refused", why: "notOurs" }]);
  });
});

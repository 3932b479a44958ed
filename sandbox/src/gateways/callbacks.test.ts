import { createDecipheriv, createVerify } from "node:crypto";
import { expect, test } from "vitest";
import { PUBLIC_KEY_ID } from "./wechatSigning.ts";
import { AMOUNT_FEN, type Letter, useWire } from "./wire.testkit.ts";

/** The gateways' messages as their merchant hears them. */
const wire = useWire();

const header = (letter: Letter, name: string): string => String(letter.headers[`wechatpay-${name}`] ?? "");

function isGenuine(letter: Letter): boolean {
  const key = wire.gateways.merchant.wechat.platformCerts[header(letter, "serial")] ?? "";
  const text = `${header(letter, "timestamp")}\n${header(letter, "nonce")}\n${letter.body}\n`;
  return createVerify("RSA-SHA256").update(text).verify(key, header(letter, "signature"), "base64");
}

function opened(letter: Letter): { id: string; event: string; content: Record<string, unknown> } {
  const { id, event_type: event, resource } = JSON.parse(letter.body);
  const bytes = Buffer.from(resource.ciphertext, "base64");
  const cipher = createDecipheriv("aes-256-gcm", wire.gateways.merchant.wechat.apiV3Key, resource.nonce);
  cipher.setAAD(Buffer.from(resource.associated_data)).setAuthTag(bytes.subarray(-16));
  const text = Buffer.concat([cipher.update(bytes.subarray(0, -16)), cipher.final()]).toString("utf8");
  return { id, event, content: JSON.parse(text) };
}

async function payPrepared(): Promise<string> {
  const order = wire.order();
  const { body } = await wire.prepay(order);
  wire.gateways.cashier.answer({ prepayId: String(body.prepay_id) }, "p1", true);
  return order;
}

test("a prepared order's payment is told, signed and encrypted; a scanned one is not", async () => {
  await wire.paid("wechat");
  const order = await payPrepared();
  const [letter, ...others] = await wire.letters();
  if (letter === undefined) throw new Error("no message");
  expect(others).toEqual([]);
  expect(isGenuine(letter)).toBe(true);
  expect(opened(letter)).toMatchObject({
    event: "TRANSACTION.SUCCESS",
    content: { out_trade_no: order, trade_state: "SUCCESS", amount: { total: AMOUNT_FEN } },
  });
});

test("it comes again on the published schedule until it is taken, under one id and sealed anew", async () => {
  wire.answerWith(500, 404, 302);
  await payPrepared();
  const counts = [(await wire.letters()).length];
  for (const seconds of [14, 1, 15, 29, 1, 3600]) {
    wire.clock.now += seconds * 1000;
    counts.push((await wire.letters()).length);
  }
  expect(counts).toEqual([1, 1, 2, 3, 3, 4, 4]);
  const letters = await wire.letters();
  expect(new Set(letters.map((letter) => opened(letter).id)).size).toBe(1);
  expect(new Set(letters.map((letter) => header(letter, "nonce"))).size).toBe(4);
});

test("nobody listening is a failure like any other; after fifteen more it is given up", async () => {
  wire.gateways.callbacks.set({ delayFactor: 0 });
  wire.answerWith(...Array(16).fill(500));
  const order = await payPrepared();
  for (let round = 0; round < 20; round += 1) await wire.letters();
  expect((await wire.letters()).length).toBe(16);
  const row = wire.gateways.callbacks.list().find((each) => each.outTradeNo === order);
  expect(row).toMatchObject({ state: "givenUp", tries: 16, lastStatus: 500 });
  expect(wire.gateways.callbacks.resend(row?.id ?? "")).toBe(true);
  expect((await wire.letters()).length).toBe(17);
});

test("refunds are told as they end: done, abnormal, closed; a processing one when time has done it", async () => {
  const order = await payPrepared();
  await wire.letters();
  await wire.refund("wechat", order, `${order}-1`, 1_000);
  wire.gateways.faults.arm("refundAbnormal");
  await wire.refund("wechat", order, `${order}-2`, 1_000);
  wire.gateways.faults.arm("refundClosed");
  await wire.refund("wechat", order, `${order}-3`, 1_000);
  wire.gateways.faults.arm("refundProcessing", { seconds: 7 });
  await wire.refund("wechat", order, `${order}-4`, 1_000);
  const told = async () => (await wire.letters()).slice(1).map((letter) => opened(letter));
  expect((await told()).map(({ event }) => event).sort()).toEqual([
    "REFUND.ABNORMAL",
    "REFUND.CLOSED",
    "REFUND.SUCCESS",
  ]);
  wire.clock.now += 7_000;
  expect((await told()).at(-1)).toMatchObject({
    event: "REFUND.SUCCESS",
    content: { out_refund_no: `${order}-4`, refund_status: "SUCCESS", amount: { refund: 1_000, total: AMOUNT_FEN } },
  });
  expect(wire.netFen("wechat", order)).toBe(AMOUNT_FEN - 2_000);
});

test("both kinds of key sign while a merchant migrates", async () => {
  const serials = async (count: number, unknown = ""): Promise<string[]> => {
    const before = (await wire.letters()).length;
    for (let n = 0; n < count; n++) {
      await payPrepared();
      await wire.letters();
    }
    const letters = (await wire.letters()).slice(before);
    expect(letters.every((letter) => header(letter, "serial") === unknown || isGenuine(letter))).toBe(true);
    return letters.map((letter) => String(header(letter, "serial")));
  };
  const [certificate = ""] = Object.keys(wire.gateways.merchant.wechat.platformCerts).filter(
    (each) => each !== PUBLIC_KEY_ID,
  );
  wire.gateways.callbacks.set({ serial: "mixed", publicKeyPercent: 20 });
  const mixed = await serials(5);
  expect(mixed.toSorted()).toEqual([PUBLIC_KEY_ID, ...Array(4).fill(certificate)].toSorted());
  wire.gateways.callbacks.set({ serial: "certificate" });
  expect(await serials(1)).toEqual([certificate]);
  // Another certificate signs from here on, which the merchant was not set up with.
  const next = await wire.gateways.rotateCertificate();
  expect(await serials(1, next)).toEqual([next]);
  wire.gateways.callbacks.set({ serial: "publicKey" });
  expect(await serials(1)).toEqual([PUBLIC_KEY_ID]);
});

function formOf(letter: Letter): { fields: Record<string, string>; genuine: boolean } {
  const fields = Object.fromEntries(new URLSearchParams(letter.body));
  const names = Object.keys(fields).filter((name) => name !== "sign" && name !== "sign_type");
  const text = names.sort().map((name) => `${name}=${fields[name]}`);
  const key = wire.gateways.merchant.alipay.alipayPublicKeyPem;
  const genuine = createVerify("RSA-SHA256")
    .update(text.join("&"))
    .verify(key, fields.sign ?? "", "base64");
  return { fields, genuine };
}

test("Alipay tells payment and refund as signed forms, again after four minutes until it hears success", async () => {
  wire.answerWith(500);
  const order = await wire.paid("alipay");
  await wire.letters();
  wire.clock.now += 4 * 60_000;
  await wire.letters();
  await wire.refund("alipay", order, `${order}-1`, 1_000);
  await wire.refund("alipay", order, `${order}-2`, 500);
  const forms = (await wire.letters()).map(formOf);
  expect(forms.map(({ genuine }) => genuine)).toEqual([true, true, true, true]);
  const [first, again, ...refunds] = forms.map(({ fields }) => fields);
  expect(again?.notify_id).toBe(first?.notify_id);
  const { appId, sellerId } = wire.gateways.merchant.alipay;
  expect(first).toMatchObject({ app_id: appId, seller_id: sellerId, out_trade_no: order, total_amount: "120.00" });
  expect(first?.trade_status).toBe("TRADE_SUCCESS");
  expect(refunds.map((fields) => [fields.out_biz_no, fields.refund_fee])).toEqual([
    [`${order}-1`, "10.00"],
    [`${order}-2`, "15.00"],
  ]);
});

test("Alipay tells a cancelled order as closed", async () => {
  const order = await wire.paid("alipay");
  await wire.letters();
  await wire.reverse("alipay", order);
  expect(formOf((await wire.letters()).at(-1) ?? { headers: {}, body: "" }).fields).toMatchObject({
    out_trade_no: order,
    trade_status: "TRADE_CLOSED",
  });
});

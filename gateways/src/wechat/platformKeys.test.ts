/** Platform certificates: fetched, replaced, refused (facts/payments.md §1.2). */
import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { hostile } from "../hostile.testkit.ts";
import type { NotificationRead } from "../port.ts";
import { AMOUNT_FEN, useKit } from "../sandboxed.testkit.ts";
import { API_V3_KEY, encryptedText, keyPair, NOW, rsa } from "../signed.testkit.ts";
import { platformKeys } from "./platformKeys.ts";

const kit = useKit();

test("without any key of the platform, its certificate is fetched before the first call", async () => {
  const channel = kit.channel("wechat", { platformCerts: {} });
  const { outcome, outTradeNo } = await kit.pay("wechat", channel);
  expect(outcome).toMatchObject({ kind: "paid", amountFen: AMOUNT_FEN });
  const [serial = ""] = kit.seen.map(({ headers }) => String(headers["wechatpay-serial"]));
  const pem = kit.gateways.merchant.wechat.platformCerts[serial] ?? "";
  expect(new X509Certificate(pem).serialNumber).toBe(serial);
  expect((await channel.query({ outTradeNo, amountFen: AMOUNT_FEN })).kind).toBe("paid");
});

test("with a wrong APIv3 key there is none, and nothing is sent", async () => {
  const channel = kit.channel("wechat", { platformCerts: {}, apiV3Key: "0".repeat(32) });
  expect((await kit.pay("wechat", channel)).outcome).toEqual({ kind: "notSent" });
  expect(kit.seen).toEqual([]);
});

test("the platform takes another certificate: its first message is refused, and taken when it comes again", async () => {
  const reads: NotificationRead[] = [];
  const merchant = await hostile((request, body, response) => {
    const read = channel.notifications?.read(
      { headers: headersOf(request.headers), body: Buffer.from(body) },
      Date.now(),
    );
    if (read !== undefined) reads.push(read);
    response.writeHead(read?.kind === "refused" ? 401 : 200).end();
  });
  const channel = kit.channel("wechat", { notifyUrl: merchant.url });
  kit.gateways.callbacks.set({ serial: "certificate", delayFactor: 0 });
  const refunded = async (part: number): Promise<void> => {
    const { outTradeNo } = await kit.pay("wechat", channel);
    const refundNo = `F${part}${outTradeNo}`;
    await channel.refund({ outTradeNo, refundNo, amountFen: 40, totalFen: AMOUNT_FEN, reason: "r" });
    await kit.gateways.callbacks.deliverDue();
  };
  await refunded(1);
  expect(reads.map(({ kind }) => kind)).toEqual(["refund"]);
  await kit.gateways.rotateCertificate();
  await refunded(2);
  expect(reads.slice(1)).toContainEqual({ kind: "refused", why: "unknownKey" });
  // The list of certificates was asked for meanwhile.
  await expect
    .poll(
      async () => {
        await kit.gateways.callbacks.deliverDue();
        return reads.at(-1)?.kind;
      },
      { timeout: 10_000 },
    )
    .toBe("refund");
  expect(reads.at(-1)).toMatchObject({ kind: "refund", amountFen: 40 });
  kit.gateways.callbacks.set({ serial: "publicKey", delayFactor: 1 });
  await merchant.close();
});

const headersOf = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

/** A platform that answers with this list, signed by this key under this serial. */
async function platform(
  list: () => { body: string; serial: string; key: string; ageMs?: number },
  more: Record<string, string> = {},
) {
  let asked = 0;
  const server = await hostile((_request, _body, response) => {
    asked += 1;
    const { body, serial, key, ageMs = 0 } = list();
    const timestamp = String(Math.floor((Date.now() - ageMs) / 1000));
    const signature = rsa(`${timestamp}\nnonce\n${body}\n`, key);
    const named = { "wechatpay-timestamp": timestamp, "wechatpay-nonce": "nonce" };
    response.writeHead(200, { ...named, "wechatpay-serial": serial, "wechatpay-signature": signature }).end(body);
  });
  const keys = platformKeys({
    base: new URL(server.url),
    mchid: "1900000109",
    serial: "444F",
    privateKeyPem: keyPair().privateKey,
    platformCerts: { PUB_KEY_ID_1: old.publicKey, ...more },
    apiV3Key: API_V3_KEY,
    timeoutMs: 5_000,
  });
  return { keys, asked: () => asked, close: server.close };
}
const old = keyPair();

/** The sandbox's certificate, as any other key could hand it out. */
function certificate(): { serial: string; pem: string } {
  const all = Object.entries(kit.gateways.merchant.wechat.platformCerts);
  const [serial = "", pem = ""] = all.find(([each]) => !each.startsWith("PUB_KEY_ID_")) ?? [];
  return { serial, pem };
}

/** Of 1024 bits, serial 5F1C7A0B3D9E42, from 2020 for a hundred years. */
const weakPem = `-----BEGIN CERTIFICATE-----
MIIBlDCB/gIHXxx6Cz2eQjANBgkqhkiG9w0BAQsFADAPMQ0wCwYDVQQDDAR3ZWFr
MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDAR3
ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDcvkUdY4cUTfnKvcBtNeYf
8sJTxecQDDXcr244EQYe+PYAXqw4L9LlKQcmjmgS/RZTvDjOVUFvmOPqtRRJoK9P
nDsdJa98Q7aqoHACDcy8FpUCSQGbL2gvVr4z2pEBhkY2n6is4jjBJBG48uhG6HTw
aX7M95+iena6bZfhegXtPQIDAQABMA0GCSqGSIb3DQEBCwUAA4GBANjRKP33nDMI
h+fO0rbbIEHwJJWxzojW4w+Tdaw7nITK9u1yYtFjp3pfu4PP1pc87Pcu5PGZGzPl
yI/ZnuwYxEJf0DUkTR22NQRipabA9ASk9atDE7M+yHnpgQgjQO3m1s66khGIFbqu
5b8naWttlU3re44gA3QCNR6watszx1Aw
-----END CERTIFICATE-----
`;

test.each([
  ["as it should be", true],
  ["of five minutes ago", false],
  ["a key that is too short", false],
  ["another key's signature", false],
  ["another APIv3 key", false],
  ["another serial", false],
  ["no JSON", false],
] as const)("a list of certificates, %s", async (what, taken) => {
  const weak = { serial: "5F1C7A0B3D9E42", pem: weakPem };
  const { serial, pem } = what === "a key that is too short" ? weak : certificate();
  const packed = encryptedText(pem, "certificate", what === "another APIv3 key" ? "1".repeat(32) : API_V3_KEY);
  const listed = { serial_no: what === "another serial" ? "5F1C7A0B" : serial, encrypt_certificate: packed };
  const body = what === "no JSON" ? "<html>" : JSON.stringify({ data: [listed] });
  const key = what === "another key's signature" ? keyPair().privateKey : old.privateKey;
  const { keys, asked, close } = await platform(() => {
    const ageMs = what === "of five minutes ago" ? 301_000 : 0;
    return { body, serial: "PUB_KEY_ID_1", key, ageMs };
  });
  for (let n = 0; n < 20; n++) keys.missing(NOW);
  await keys.asked();
  expect(asked()).toBe(1);
  expect(keys.key(serial, NOW) !== undefined).toBe(taken);
  expect(Object.keys(keys.valid(NOW))).toHaveLength(taken ? 2 : 1);
  // Another unknown serial in the same minute is no reason to ask again.
  keys.missing(NOW + 59_000);
  await keys.asked();
  expect(asked()).toBe(1);
  keys.missing(NOW + 60_000);
  await keys.asked();
  expect(asked()).toBe(2);
  await close();
});

test("a certificate counts from its first to its last day", async () => {
  const { serial, pem } = certificate();
  const { validFrom, validTo } = new X509Certificate(pem);
  const keys = platformKeys({
    base: new URL("http://127.0.0.1:9"),
    mchid: "1",
    serial: "444F",
    privateKeyPem: keyPair().privateKey,
    platformCerts: { [serial]: pem },
    timeoutMs: 100,
  });
  for (const [at, counts] of [
    [Date.parse(validFrom) - 1, false],
    [Date.parse(validFrom), true],
    [Date.parse(validTo) - 1, true],
    [Date.parse(validTo), false],
  ] as const) {
    expect(keys.key(serial, at) !== undefined).toBe(counts);
    expect(Object.hasOwn(keys.valid(at), serial)).toBe(counts);
  }
});

test("certificates are asked for twice a day, a public key alone never", async () => {
  const { serial, pem } = certificate();
  const { keys, asked, close } = await platform(() => ({ body: "{}", serial: "", key: old.privateKey }), {
    [serial]: pem,
  });
  for (const at of [0, 1, 12 * 3_600_000 - 1]) keys.valid(NOW + at);
  await keys.asked();
  expect(asked()).toBe(0);
  for (const at of [0, 1, 2]) keys.key(serial, NOW + 12 * 3_600_000 + at);
  await keys.asked();
  expect(asked()).toBe(1);
  await close();
  const alone = await platform(() => ({ body: "{}", serial: "", key: old.privateKey }));
  for (const at of [0, 365 * 86_400_000]) alone.keys.valid(NOW + at);
  await alone.keys.asked();
  expect(alone.asked()).toBe(0);
  await alone.close();
});

test("a serial that is known keeps its key, whatever a list brings under it", async () => {
  const { serial, pem } = certificate();
  const ours = keyPair().publicKey;
  const packed = encryptedText(pem, "certificate", API_V3_KEY);
  const body = JSON.stringify({ data: [{ serial_no: serial, encrypt_certificate: packed }] });
  const list = () => ({ body, serial: "PUB_KEY_ID_1", key: old.privateKey });
  const { keys, asked, close } = await platform(list, { [serial]: ours });
  keys.missing(NOW);
  await keys.asked();
  expect(asked()).toBe(1);
  expect(keys.key(serial, NOW)?.export({ type: "spki", format: "pem" })).toBe(ours);
  expect(keys.valid(NOW)[serial]).toBe(ours);
  await close();
});

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { channelsOf, type Gateways, readGateways } from "./gatewaySettings.ts";

const dir = mkdtempSync(join(tmpdir(), "citygas-settings-"));
afterAll(() => rmSync(dir, { recursive: true }));
const pair = () =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
const [ours, theirs] = [pair(), pair()];
const wechat = {
  mchid: "1900000109",
  appid: "wx1",
  serial: "AB12",
  privateKeyPem: ours.privateKey,
  platformCerts: { PUB_KEY_ID_1: theirs.publicKey },
};
const alipay = { appId: "2021", privateKeyPem: ours.privateKey, alipayPublicKeyPem: theirs.publicKey };
const acquirer = {
  merchant: "M1",
  baseUrl: "http://127.0.0.1:1",
  privateKeyPem: ours.privateKey,
  acquirerPublicKeyPem: theirs.publicKey,
};

function channels(content: object, production = false) {
  const file = join(dir, "gateways.json");
  writeFileSync(file, JSON.stringify(content));
  return channelsOf(readGateways(file), production);
}

test("the least offers payment codes and bills, nothing else", () => {
  const found = channels({ wechat, alipay });
  expect([...found.keys()]).toEqual(["wechat", "alipay"]);
  for (const channel of found.values()) {
    expect(channel).not.toHaveProperty("prepay");
    expect(channel).not.toHaveProperty("notifications");
    expect(channel.bills?.kinds).toEqual(["trade", "fund"]);
  }
});

test("keys and addresses of notifications open their doors, and prepay", () => {
  const notified = {
    apiV3Key: "0123456789abcdef0123456789abcdef",
    notifyUrl: "https://gas.example/api/v1/notifications/x",
  };
  const found = channels({ wechat: { ...wechat, ...notified }, alipay: { ...alipay, sellerId: "2088" } });
  expect(found.get("wechat")).toMatchObject({ prepay: expect.anything(), notifications: expect.anything() });
  expect(found.get("alipay")).toMatchObject({ notifications: expect.anything() });
});

test("an acquirer takes UnionPay alone unless digital yuan is named", () => {
  expect(channels({ wechat }).has("acquirer")).toBe(false);
  expect(channels({ acquirer }).get("acquirer")?.schemes).toEqual(["unionpay"]);
  const both = ["unionpay", "ecny"] as const;
  expect(channels({ acquirer: { ...acquirer, schemes: both } }).get("acquirer")?.schemes).toEqual(both);
});

test.each<[string, object, string]>([
  ["a key of another length", { wechat: { ...wechat, apiV3Key: "short" } }, "/wechat/apiV3Key"],
  ["an unknown scheme", { acquirer: { ...acquirer, schemes: ["visa"] } }, "/acquirer/schemes"],
  ["an unknown field", { alipay: { ...alipay, sellerID: "2088" } }, "/alipay"],
  ["a notify URL without the key", { wechat: { ...wechat, notifyUrl: "https://h/n" } }, "APIv3 key"],
  ["a notify URL without the seller", { alipay: { ...alipay, notifyUrl: "https://h/n" } }, "seller"],
])("%s is named, and never a key's text", (_name, content, said) => {
  let message = "";
  try {
    channels(content);
  } catch (error) {
    message = error instanceof Error ? error.message : "";
  }
  expect(message).toContain(said);
  expect(message).not.toContain(ours.privateKey.slice(40, 80));
});

test("payments that succeed by themselves are not for production", () => {
  const test: Gateways = { test: true };
  expect(channels(test).has("test")).toBe(true);
  expect(() => channels(test, true)).toThrow("not for production");
});

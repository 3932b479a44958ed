import { generateKeyPair } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Type } from "typebox";
import { Compile } from "typebox/compile";

/** A private key and its public half, both PEM (PKCS#8, SPKI). */
const KeyPair = Type.Object({ privateKeyPem: Type.String(), publicKeyPem: Type.String() });
const Keys = Type.Object({
  /** The merchant's own key at WeChat Pay; its certificate serial goes into each request. */
  wechatMerchant: KeyPair,
  /** WeChat Pay signs with one of two kinds: a public key `PUB_KEY_ID_…`, or an older platform certificate. */
  wechatPublicKey: KeyPair,
  wechatPlatform: KeyPair,
  alipayApp: KeyPair,
  alipayPlatform: KeyPair,
});
export type KeyPair = Type.Static<typeof KeyPair>;
export type GatewayKeys = Type.Static<typeof Keys>;
const check = Compile(Keys);
const makePair = promisify(generateKeyPair);

async function makeKeyPair(): Promise<KeyPair> {
  const pair = await makePair("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { privateKeyPem: pair.privateKey, publicKeyPem: pair.publicKey };
}

/** New RSA-2048 keys for both gateways and their merchant. */
export async function makeGatewayKeys(): Promise<GatewayKeys> {
  const [wechatMerchant, wechatPublicKey, wechatPlatform, alipayApp, alipayPlatform] = await Promise.all([
    makeKeyPair(),
    makeKeyPair(),
    makeKeyPair(),
    makeKeyPair(),
    makeKeyPair(),
  ]);
  return { wechatMerchant, wechatPublicKey, wechatPlatform, alipayApp, alipayPlatform };
}

/** The keys stored in `dir`; made there on the first start, so that a restart keeps every merchant set-up valid. */
export async function loadOrMakeKeys(dir: string): Promise<GatewayKeys> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "gateway-keys.json");
  if (existsSync(path)) {
    const stored: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!check.Check(stored))
      throw new Error(`${path} doesn't hold the sandbox gateways' keys; delete it to make new ones`);
    return stored;
  }
  const keys = await makeGatewayKeys();
  writeFileSync(`${path}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return keys;
}

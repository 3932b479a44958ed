import { generateKeyPair, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { makeCertificate, type PlatformCertificate } from "./certificate.ts";

/** A private key and its public half, both PEM (PKCS#8, SPKI). */
const KeyPair = Type.Object({ privateKeyPem: Type.String(), publicKeyPem: Type.String() });
const PairNames = [
  "wechatMerchant",
  "wechatPublicKey",
  "alipayApp",
  "alipayPlatform",
  "acquirerMerchant",
  "acquirerPlatform",
] as const;
const Keys = Type.Object({
  /** The merchant's own key at WeChat Pay; its certificate serial goes into each request. */
  wechatMerchant: KeyPair,
  /** WeChat Pay signs with one of two kinds: a public key `PUB_KEY_ID_…`, or the newest platform certificate. */
  wechatPublicKey: KeyPair,
  /** Oldest first. */
  wechatCertificates: Type.Array(
    Type.Object({
      serial: Type.String(),
      certificatePem: Type.String(),
      privateKeyPem: Type.String(),
      from: Type.Integer(),
      until: Type.Integer(),
    }),
    { minItems: 1 },
  ),
  alipayApp: KeyPair,
  alipayPlatform: KeyPair,
  acquirerMerchant: KeyPair,
  acquirerPlatform: KeyPair,
  /** What WeChat Pay's messages are encrypted with: 32 characters. */
  wechatApiV3Key: Type.String({ pattern: "^[0-9a-zA-Z]{32}$" }),
  /** The bearer secret of the SMS and notice providers (docs/notices.md). */
  noticeSecret: Type.String({ minLength: 16 }),
});
export type KeyPair = Type.Static<typeof KeyPair>;
export type GatewayKeys = Type.Static<typeof Keys>;
/** A folder of an earlier build lacks the newer ones: those are made when it is opened. */
const check = Compile(Type.Partial(Keys));
const makePair = promisify(generateKeyPair);

async function makeKeyPair(): Promise<KeyPair> {
  const pair = await makePair("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { privateKeyPem: pair.privateKey, publicKeyPem: pair.publicKey };
}

/** RSA-2048 keys and secrets for the gateways and their merchant; those in `have` are kept. `now`: a certificate begins. */
export async function makeGatewayKeys(have: Partial<GatewayKeys> = {}, now = Date.now()): Promise<GatewayKeys> {
  const pairs = PairNames.map(async (name) => [name, have[name] ?? (await makeKeyPair())] as const);
  const wechatCertificates = have.wechatCertificates ?? [makeCertificate((await makeKeyPair()).privateKeyPem, now)];
  const secrets = {
    wechatApiV3Key: have.wechatApiV3Key ?? randomBytes(16).toString("hex"),
    noticeSecret: have.noticeSecret ?? randomBytes(24).toString("hex"),
  };
  // fromEntries forgets which names it was given.
  const made = Object.fromEntries(await Promise.all(pairs)) as Record<(typeof PairNames)[number], KeyPair>;
  return { ...made, wechatCertificates, ...secrets };
}

/** The keys stored in `dir`; made there on the first start, so that a restart keeps every merchant set-up valid. */
export async function loadOrMakeKeys(dir: string, now: number): Promise<GatewayKeys> {
  mkdirSync(dir, { recursive: true });
  const path = pathOf(dir);
  const stored: unknown = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  if (!check.Check(stored))
    throw new Error(`${path} doesn't hold the sandbox gateways' keys; delete it to make new ones`);
  const keys = await makeGatewayKeys(stored, now);
  save(dir, keys);
  return keys;
}

/** The platform begins to sign with another certificate; the older ones stay valid beside it. @returns its serial */
export async function rotateCertificate(dir: string, keys: GatewayKeys, now: number): Promise<string> {
  const certificate = makeCertificate((await makeKeyPair()).privateKeyPem, now);
  keys.wechatCertificates.push(certificate);
  save(dir, keys);
  return certificate.serial;
}

/** The certificate that signs now. */
export function newestCertificate({ wechatCertificates }: GatewayKeys): PlatformCertificate {
  const newest = wechatCertificates.at(-1);
  if (newest === undefined) throw new Error("the platform has no certificate");
  return newest;
}

const pathOf = (dir: string): string => join(dir, "gateway-keys.json");

function save(dir: string, keys: GatewayKeys): void {
  const path = pathOf(dir);
  writeFileSync(`${path}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

import { createPublicKey, createSign, randomBytes } from "node:crypto";

/**
 * A platform certificate as WeChat Pay hands it out: X.509, RSA, SHA-256 (RFC 5280). No part of Node makes one, and one
 * kind of certificate is not worth a library: this is the DER of that kind, self-signed; Node's own reader checks it.
 */
export interface PlatformCertificate {
  /** Hex, upper case: the name under which messages are signed. */
  serial: string;
  certificatePem: string;
  privateKeyPem: string;
  /** ms since the epoch. */
  from: number;
  until: number;
}

const YEAR_MS = 365 * 24 * 3600_000;
const LIFE_MS = 5 * YEAR_MS;
const SERIAL_BYTES = 20;

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

/** sha256WithRSAEncryption, no parameters. */
const ALGORITHM = sequence(oid("2a864886f70d01010b"), der(0x05));
/** CN. */
const NAME = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from("Citygas sandbox WeChat Pay")))));

/** UTCTime until 2049, GeneralizedTime afterwards. */
function time(at: number): Buffer {
  const digits = `${new Date(at).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return Number(digits.slice(0, 4)) < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

/** Valid from a day before `now`, for five years. */
export function makeCertificate(privateKeyPem: string, now: number): PlatformCertificate {
  const serial = randomBytes(SERIAL_BYTES);
  // Positive, and without leading zeros: one and the same number in every spelling.
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const [from, until] = [now - 24 * 3600_000, now + LIFE_MS];
  const publicKey = createPublicKey(privateKeyPem).export({ type: "spki", format: "der" });
  const validity = sequence(time(from), time(until));
  const body = sequence(der(0x02, serial), ALGORITHM, NAME, validity, NAME, publicKey);
  const signature = createSign("RSA-SHA256").update(body).sign(privateKeyPem);
  const certificate = sequence(body, ALGORITHM, der(0x03, Buffer.from([0]), signature));
  const base64 = certificate.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  const certificatePem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  return { serial: serial.toString("hex").toUpperCase(), certificatePem, privateKeyPem, from, until };
}

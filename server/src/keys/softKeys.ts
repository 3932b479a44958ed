/**
 * Card secrets from a master key in a file: for development. The file is made on first use, readable by its owner only,
 * and the master never leaves this module (facts/cards.md §5).
 */
import { createCipheriv, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { KeyService } from "../context.ts";

const masterBytes = 16;
const numberBytes = 8;
const secretBytes = 3;

/** @throws in production mode, on a damaged file, or on one that others may read. */
export function softKeys(file: string, options: { production: boolean }): KeyService {
  if (options.production) throw new Error("Card keys in a file are for development: production needs a key device");
  const master = masterOf(file);
  return { cardSecret: async (cardNumber) => diversify(master, cardNumber) };
}

/**
 * First three bytes of SM4-ECB(master, number ‖ ~number). The number is its digits packed from the left, unused nibbles
 * F, in fixed eight bytes: leading zeros count, so `0311` and `311` have different secrets.
 */
export function diversify(master: Uint8Array, cardNumber: string): string {
  if (!/^\d{1,16}$/.test(cardNumber)) throw new Error("a card number is 1 to 16 digits");
  const number = Buffer.from(cardNumber.padEnd(numberBytes * 2, "f"), "hex");
  const block = Buffer.concat([number, number.map((byte) => ~byte & 0xff)]);
  const cipher = createCipheriv("sm4-ecb", master, null).setAutoPadding(false);
  const sealed = Buffer.concat([cipher.update(block), cipher.final()]);
  return sealed.subarray(0, secretBytes).toString("hex");
}

function masterOf(file: string): Buffer {
  if (!fs.existsSync(file)) writeOnce(file, randomBytes(masterBytes).toString("hex"));
  const { mode } = fs.statSync(file);
  if ((mode & 0o077) !== 0) throw new Error(`${file} may be read by others: its mode must be 0600`);
  const text = fs.readFileSync(file, "utf8").trim();
  if (!/^[0-9a-f]{32}$/.test(text)) throw new Error(`${file} is not a master key of ${masterBytes} bytes in hex`);
  return Buffer.from(text, "hex");
}

/** Appears whole or not at all; when two processes write at once, one file stands and both read it. */
export function writeOnce(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const handle = fs.openSync(draft, "wx", 0o600);
  try {
    fs.writeSync(handle, `${text}\n`);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  try {
    fs.linkSync(draft, file);
  } catch (error) {
    if (!fs.existsSync(file)) throw error;
  } finally {
    fs.unlinkSync(draft);
  }
}

/**
 * Master keys in files: for development. Each is made on first use, readable by its owner only, and never leaves this
 * module (facts/cards.md §5).
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { diversifiedKey } from "@citygas/gascard";
import type { KeyService } from "../context.ts";
import { cardKeys, masterSealer, proofKeyOf } from "./cardKeys.ts";
import { factorOf, type KeyCipher, type MasterKey } from "./masterKey.ts";

const masterBytes = 16;

/**
 * `card-master.key` for the secrets of memory cards (SM4), `card-seal.key` and `card-seal-sm4.key` for CPU cards, by
 * their cipher.
 * @throws in production mode, on a damaged file, or on one that others may read.
 */
export function softKeys(folder: string, options: { production: boolean }): KeyService {
  refuseInProduction(options);
  const secrets = fileMaster(path.join(folder, "card-master.key"), "sm4");
  const sealing = {
    tripleDes: fileMaster(path.join(folder, "card-seal.key"), "tripleDes"),
    sm4: fileMaster(path.join(folder, "card-seal-sm4.key"), "sm4"),
  };
  return {
    ...cardKeys({ secrets, sealers: Object.values(sealing).map(masterSealer) }),
    virtualCardKeys: async (cardNumber, cipher) => ({
      sealHex: Buffer.from(await sealing[cipher].diversify(factorOf(cardNumber))).toString("hex"),
      proofHex: Buffer.from(await proofKeyOf(sealing[cipher], factorOf(cardNumber))).toString("hex"),
    }),
  };
}

export function refuseInProduction({ production }: { production: boolean }): void {
  if (production) throw new Error("Card keys in a file are for development: production needs a key device");
}

export function fileMaster(file: string, cipher: KeyCipher): MasterKey {
  const master = masterOf(file);
  return { cipher, diversify: async (factor) => diversifiedKey(cipher, master, factor) };
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

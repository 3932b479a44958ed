import { createCipheriv } from "node:crypto";
import { toHex } from "../hex.ts";
import type { ExchangeResult, SlotState } from "../reader/slot.ts";

/**
 * A virtual PSAM, as PBOC has it: a security module with a master key that makes a card's key inside itself (80 1A with
 * the card's factor) and MACs with it (80 FA, P1 05, start value first). The key is gone with the next 80 1A, with a
 * MAC, and with the power. Its cryptography is read here for itself.
 */
export interface PsamSetup {
  cipher: "3des" | "sm4";
  master: Uint8Array;
  usage: number;
  version: number;
}

/** No interface bytes, so T=0; four historical bytes, "PSAM". */
const ATR = "3b045053414d";
const SW = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);
const FACTOR_BYTES = 8;
const MAC_BYTES = 4;
const HALF = 8;

function encipher(name: "des-ede" | "sm4-ecb", key: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv(name, key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

export class Psam {
  readonly #setup: PsamSetup;
  #cardKey: Uint8Array | null = null;

  constructor(setup: PsamSetup) {
    this.#setup = setup;
  }

  powerOff(): void {
    this.#cardKey = null;
  }

  apdu(command: Uint8Array): Uint8Array {
    const [cla, ins, p1 = 0, p2 = 0, lc = 0] = command;
    const data = command.subarray(5);
    if (cla === 0x00 && ins === 0xa4) return SW(0x9000);
    if (cla !== 0x80 || data.length !== lc) return SW(0x6d00);
    const cardKey = this.#cardKey;
    this.#cardKey = null;
    if (ins === 0x1a) return this.#derive(p1, p2, data);
    if (ins === 0xfa && p1 === 0x05) return cardKey === null ? SW(0x6985) : this.#mac(cardKey, data);
    return SW(0x6d00);
  }

  #derive(usage: number, version: number, factor: Uint8Array): Uint8Array {
    const { cipher, master } = this.#setup;
    if (usage !== this.#setup.usage || version !== this.#setup.version) return SW(0x6a88);
    if (factor.length !== FACTOR_BYTES) return SW(0x6700);
    const both = Uint8Array.of(...factor, ...factor.map((byte) => ~byte & 0xff));
    this.#cardKey = encipher(cipher === "sm4" ? "sm4-ecb" : "des-ede", master, both);
    return SW(0x9000);
  }

  /** CBC over whole blocks, the first being the start value: SM4 throughout; or DES, the last block under both halves. */
  #mac(key: Uint8Array, data: Uint8Array): Uint8Array {
    const sm4 = this.#setup.cipher === "sm4";
    const size = sm4 ? 2 * HALF : HALF;
    if (data.length < 2 * size || data.length % size !== 0) return SW(0x6700);
    const left = key.subarray(0, HALF);
    let chain = Uint8Array.from(data.subarray(0, size));
    for (let at = size; at < data.length; at += size) {
      const mixed = chain.map((byte, i) => byte ^ (data[at + i] ?? 0));
      const last = at + size === data.length;
      if (sm4) chain = Uint8Array.from(encipher("sm4-ecb", key, mixed));
      else chain = Uint8Array.from(encipher("des-ede", last ? key : Buffer.concat([left, left]), mixed));
    }
    return Uint8Array.of(...chain.subarray(0, MAC_BYTES), ...SW(0x9000));
  }
}

/** A slot in which the module always sits, for a reader's wire. */
export function psamSlot(psam: Psam): {
  state(): SlotState;
  exchange(insertion: number, apdu: Uint8Array): Promise<ExchangeResult>;
} {
  return {
    state: () => ({ insertion: 1, atr: ATR }),
    exchange: async (_insertion, apdu) => ({ response: toHex(psam.apdu(apdu)) }),
  };
}

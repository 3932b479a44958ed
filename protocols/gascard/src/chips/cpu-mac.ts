import { createCipheriv } from "node:crypto";
import { macBytes } from "./cpu-card.ts";

/**
 * Cryptograms of CPU cards (facts: cards.md §2.3): the four-byte MAC of a protected update, the cryptogram of external
 * and internal authentication, and the keys of one card made from a master. Keys come in for one call and are kept
 * nowhere.
 */
export type CpuCipher = "tripleDes" | "sm4";

interface BlockCipher {
  readonly blockBytes: number;
  /** For all blocks of a chain but the last. */
  readonly inner: (block: Uint8Array) => Uint8Array;
  readonly whole: (block: Uint8Array) => Uint8Array;
}

const keyBytes = 16;
const blockBytesOf: Record<CpuCipher, number> = { tripleDes: 8, sm4: 16 };

function ecb(algorithm: "des-ede" | "sm4-ecb", key: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, key, null);
  cipher.setAutoPadding(false);
  return Uint8Array.from(Buffer.concat([cipher.update(data), cipher.final()]));
}

function cipherOf(cipher: CpuCipher, key: Uint8Array): BlockCipher {
  if (key.length !== keyBytes) throw new RangeError(`a key has ${keyBytes} bytes`);
  if (cipher === "sm4") {
    const whole = (block: Uint8Array) => ecb("sm4-ecb", key, block);
    return { blockBytes: blockBytesOf.sm4, inner: whole, whole };
  }
  // Single DES under the left half; Node's OpenSSL has it only as triple DES with equal halves.
  const left = Uint8Array.of(...key.subarray(0, 8), ...key.subarray(0, 8));
  return {
    blockBytes: blockBytesOf.tripleDes,
    inner: (block) => ecb("des-ede", left, block),
    whole: (block) => ecb("des-ede", key, block),
  };
}

/** The challenge as a first block: padded on the right with 00. */
function padChallenge(challenge: Uint8Array, blockBytes: number): Uint8Array {
  if (challenge.length === 0 || challenge.length > blockBytes)
    throw new RangeError(`challenge: 1 to ${blockBytes} bytes`);
  const padded = new Uint8Array(blockBytes);
  padded.set(challenge);
  return padded;
}

/** One 80, then 00 up to a whole number of blocks; always at least one byte. */
function pad80(data: Uint8Array, blockBytes: number): Uint8Array {
  const padded = new Uint8Array((Math.floor(data.length / blockBytes) + 1) * blockBytes);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

/** What a MAC is made over, in whole blocks: the challenge as start value, then `input` filled up. */
export function macBlocks(cipher: CpuCipher, challenge: Uint8Array, input: Uint8Array): Uint8Array {
  const blockBytes = blockBytesOf[cipher];
  return Uint8Array.of(...padChallenge(challenge, blockBytes), ...pad80(input, blockBytes));
}

/**
 * The MAC over `input`, with the card's challenge as start value: a chain of blocks, each enciphered after it was added
 * to the one before; under triple DES only the last block takes the whole key. Its first four bytes.
 */
export function cpuMac(cipher: CpuCipher, key: Uint8Array, challenge: Uint8Array, input: Uint8Array): Uint8Array {
  const { blockBytes, inner, whole } = cipherOf(cipher, key);
  const blocks = macBlocks(cipher, challenge, input);
  let chain: Uint8Array = blocks.slice(0, blockBytes);
  for (let at = blockBytes; at < blocks.length; at += blockBytes) {
    const mixed = chain.map((byte, i) => byte ^ (blocks[at + i] ?? 0));
    chain = at + blockBytes < blocks.length ? inner(mixed) : whole(mixed);
  }
  return chain.slice(0, macBytes);
}

/** The cryptogram for EXTERNAL AUTHENTICATE, and what INTERNAL AUTHENTICATE must answer. */
export function cpuCryptogram(cipher: CpuCipher, key: Uint8Array, challenge: Uint8Array): Uint8Array {
  const { blockBytes, whole } = cipherOf(cipher, key);
  return whole(padChallenge(challenge, blockBytes));
}

/** One card's key: `factor` is the last eight bytes of its number; the second half comes from the factor's complement. */
export function diversifiedKey(cipher: CpuCipher, master: Uint8Array, factor: Uint8Array): Uint8Array {
  if (factor.length !== 8) throw new RangeError("a factor has 8 bytes");
  const both = Uint8Array.of(...factor, ...factor.map((byte) => byte ^ 0xff));
  if (master.length !== keyBytes) throw new RangeError(`a key has ${keyBytes} bytes`);
  return ecb(cipher === "sm4" ? "sm4-ecb" : "des-ede", master, both);
}

import { createCipheriv } from "node:crypto";
import { macBytes } from "./cpu-card.ts";

/**
 * Cryptograms of CPU cards (facts: cards.md §2.3): the four-byte MAC of a protected update, the cryptogram of external
 * and internal authentication, and the keys of one card made from a master. Keys come in for one call and are kept
 * nowhere.
 */
export type CpuCipher = "tripleDes" | "sm4";

const keyBytes = 16;
const blockBytesOf: Record<CpuCipher, number> = { tripleDes: 8, sm4: 16 };
const namesOf = {
  tripleDes: { alone: "des-ede", chained: "des-ede-cbc" },
  sm4: { alone: "sm4-ecb", chained: "sm4-cbc" },
} as const;

/** Whole blocks; `start` is added to the first of a chain, null for blocks that stand alone. */
function enciphered(cipher: CpuCipher, key: Uint8Array, start: Uint8Array | null, blocks: Uint8Array): Uint8Array {
  if (key.length !== keyBytes) throw new RangeError(`a key has ${keyBytes} bytes`);
  const running = createCipheriv(namesOf[cipher][start === null ? "alone" : "chained"], key, start);
  running.setAutoPadding(false);
  // Without padding nothing is left for the end.
  return Uint8Array.from(running.update(blocks));
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
  const blockBytes = blockBytesOf[cipher];
  const blocks = pad80(input, blockBytes);
  const start = padChallenge(challenge, blockBytes);
  const [first, last] = [blocks.subarray(0, -blockBytes), blocks.subarray(-blockBytes)];
  const chained = first.length === 0 ? start : enciphered(cipher, innerKey(cipher, key), start, first);
  return enciphered(cipher, key, chained.slice(-blockBytes), last).slice(0, macBytes);
}

/** Single DES under the left half; Node's OpenSSL has it only as triple DES with equal halves. */
function innerKey(cipher: CpuCipher, key: Uint8Array): Uint8Array {
  return cipher === "sm4" ? key : Uint8Array.of(...key.subarray(0, keyBytes / 2), ...key.subarray(0, keyBytes / 2));
}

/** The cryptogram for EXTERNAL AUTHENTICATE, and what INTERNAL AUTHENTICATE must answer. */
export function cpuCryptogram(cipher: CpuCipher, key: Uint8Array, challenge: Uint8Array): Uint8Array {
  return enciphered(cipher, key, null, padChallenge(challenge, blockBytesOf[cipher]));
}

/** One card's key: `factor` is the last eight bytes of its number; the second half comes from the factor's complement. */
export function diversifiedKey(cipher: CpuCipher, master: Uint8Array, factor: Uint8Array): Uint8Array {
  if (factor.length !== 8) throw new RangeError("a factor has 8 bytes");
  const both = Uint8Array.of(...factor, ...factor.map((byte) => byte ^ 0xff));
  return enciphered(cipher, master, null, both);
}

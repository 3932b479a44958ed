import type { ByteRange } from "../area.ts";
import type { Hex } from "../script.ts";
import type { Chip } from "./chip.ts";
import type { CpuCipher } from "./cpu-mac.ts";

/**
 * CPU cards in FMCOS / PBOC style (facts: cards.md §2.3), as APDUs. No key ever stands here: what needs one is made in
 * two halves, with the cryptogram from the centre's key service in between.
 *
 * An image is the files of one application, one behind the other. Identity, purchase and return area are files of their
 * own, because the card gives each its own key: the issuer's, the seller's, the meter's.
 */
export const cpuCard = {
  kind: "cpu",
  name: "CPU card",
  atr: null,
  memoryBytes: null,
  readable: [],
  firstFreeByte: 0,
  // Keys have tries of their own on the card, but a seal is right or was made for another card: nothing is guessed.
  secret: null,
  write: { kind: "command", commandBytes: 128 },
  steps: ["select", "exchange", "seal"],
} as const satisfies Chip;

/** One transparent file, read and updated by its short identifier (1 to 30). `offset`: where it stands in the image. */
export interface CpuFile extends ByteRange {
  readonly sfi: number;
}

export interface CpuApplication {
  /** The name by which the application is selected. */
  readonly aid: Hex;
  /** Of the card's keys and MACs. */
  readonly cipher: CpuCipher;
  readonly files: readonly CpuFile[];
  /**
   * Number of the key by which a card proves itself, which may do nothing else: a card enciphers under it whatever anybody
   * asks. null: the cards have none.
   */
  readonly proofKeyId: number | null;
}

/** What a card is asked to encipher. Both ciphers take it, a longer block filled up with 00. */
export const proofChallengeBytes = 8;

export const swDone: Hex = "9000";
export const macBytes = 4;

const sfiBit = 0x80;
const oneByte = (value: number, name: string, max = 0xff): number => {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${name}: ${value} is not 0 to ${max}`);
  return value;
};
/** P1 of a command by short file identifier. */
const fileByte = (sfi: number): number => {
  if (sfi === 0) throw new RangeError("a short file identifier is 1 to 30");
  return sfiBit | oneByte(sfi, "short file identifier", 30);
};
const body = (data: Uint8Array): number[] => [oneByte(data.length, "command data"), ...data];

/** Commands as bytes. Offsets count within the file. */
export const cpuCommands = {
  select: (aid: Uint8Array): Uint8Array => Uint8Array.of(0x00, 0xa4, 0x04, 0x00, ...body(aid)),
  selectFile: (fileId: number): Uint8Array =>
    Uint8Array.of(0x00, 0xa4, 0x00, 0x00, 0x02, oneByte(fileId >> 8, "file"), fileId & 0xff),
  readBinary: (sfi: number, offset: number, length: number): Uint8Array =>
    Uint8Array.of(0x00, 0xb0, fileByte(sfi), oneByte(offset, "offset"), oneByte(length, "length")),
  getChallenge: (length: 4 | 8 | 16): Uint8Array => Uint8Array.of(0x00, 0x84, 0x00, 0x00, length),
  /** `cryptogram`: the challenge (4 bytes: padded with 00 to 8) enciphered under the key `keyId` names. */
  externalAuthenticate: (keyId: number, cryptogram: Uint8Array): Uint8Array =>
    Uint8Array.of(0x00, 0x82, 0x00, oneByte(keyId, "key"), ...body(cryptogram)),
  /** The card proves itself: it answers `challenge` enciphered under the key `keyId` names. */
  internalAuthenticate: (keyId: number, challenge: Uint8Array): Uint8Array =>
    Uint8Array.of(0x00, 0x88, 0x00, oneByte(keyId, "key"), ...body(challenge)),
  /** Without protection: only for files the card leaves open. */
  updateBinary: (sfi: number, offset: number, data: Uint8Array): Uint8Array =>
    Uint8Array.of(0x00, 0xd6, fileByte(sfi), oneByte(offset, "offset"), ...body(data)),
} as const;

/** What a MAC is taken over: the command's head, its Lc already counting the MAC, and the data. */
export interface SealedUpdate {
  readonly head: Uint8Array;
  readonly data: Uint8Array;
}

/** UPDATE BINARY under line protection, up to the MAC. */
export function sealedUpdate(sfi: number, offset: number, data: Uint8Array): SealedUpdate {
  const length = oneByte(data.length + macBytes, "command data");
  return { head: Uint8Array.of(0x04, 0xd6, fileByte(sfi), oneByte(offset, "offset"), length), data: data.slice() };
}

export const macInput = ({ head, data }: SealedUpdate): Uint8Array => Uint8Array.of(...head, ...data);

/** The finished APDU. */
export function withMac(update: SealedUpdate, mac: Uint8Array): Uint8Array {
  if (mac.length !== macBytes) throw new RangeError(`a MAC has ${macBytes} bytes`);
  return Uint8Array.of(...macInput(update), ...mac);
}

/** What a status word says about a key, or about nothing we know. */
export type CpuStatus = "done" | "wrongKey" | "locked" | "noChallenge" | "wrongMac" | "notAllowed" | "noFile" | "other";

export function cpuStatus(sw: Hex): CpuStatus {
  if (sw === swDone) return "done";
  if (/^63c[0-9a-f]$/.test(sw)) return "wrongKey";
  switch (sw) {
    case "6983":
      return "locked";
    case "6984":
      return "noChallenge";
    case "6988":
    case "9302":
      return "wrongMac";
    case "6982":
    case "6882":
      return "notAllowed";
    case "6a82":
      return "noFile";
    default:
      return "other";
  }
}

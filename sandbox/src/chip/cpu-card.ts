import { createCipheriv, randomBytes } from "node:crypto";
import { bytesOf, toHex } from "../hex.ts";
import type { Chip, WriteCycle } from "./chip.ts";

/**
 * A virtual CPU card in FMCOS / PBOC style: one application with transparent files, each of which is written only under
 * line protection with its own key. A challenge is good for the next command only; a command is done whole or not at all.
 * Its cryptography is read here for itself, from the standard: the selling side has another.
 */
export interface CpuFileSetup {
  sfi: number;
  content: Uint8Array;
  key: Uint8Array;
}

/** A key that enciphers whatever it is given, so it is no other command's. `locked`: by whoever issued the card. */
export interface InternalKey {
  id: number;
  key: Uint8Array;
  locked?: boolean;
}

export interface CpuCardSetup {
  aid: Uint8Array;
  cipher: "3des" | "sm4";
  files: readonly CpuFileSetup[];
  /** For EXTERNAL AUTHENTICATE; three tries. */
  externalKey: Uint8Array;
  /** For INTERNAL AUTHENTICATE. */
  internalKeys: readonly InternalKey[];
  /** Random bytes for challenges. */
  random(length: number): Uint8Array;
}

const SW = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);
const OK = 0x9000;
/** What the card answers, and that all is well. */
function done(data: Uint8Array): Uint8Array {
  const answer = new Uint8Array(data.length + 2);
  answer.set(data);
  answer.set(SW(OK), data.length);
  return answer;
}
const MAC_BYTES = 4;
/** Of a fresh card. */
export const TRIES = 3;

function encipher(name: string, key: Uint8Array, blocks: Uint8Array, start: Uint8Array | null = null): Buffer {
  return createCipheriv(name, key, start).setAutoPadding(false).update(blocks);
}

/** CBC-MAC in its two forms: SM4 throughout; or DES under the left half, the last block under both halves. */
function mac(kind: CpuCardSetup["cipher"], key: Uint8Array, challenge: Uint8Array, message: Uint8Array): Buffer {
  const size = kind === "sm4" ? 16 : 8;
  const padded = Buffer.alloc((Math.trunc(message.length / size) + 1) * size);
  padded.set(message);
  padded[message.length] = 0x80;
  const start = Buffer.alloc(size);
  start.set(challenge);
  if (kind === "sm4") return encipher("sm4-cbc", key, padded, start).subarray(-size, MAC_BYTES - size);
  const left = key.subarray(0, 8);
  const head = encipher("des-ede-cbc", Buffer.concat([left, left]), padded.subarray(0, -size), start);
  const before = head.length === 0 ? start : head.subarray(-size);
  return encipher("des-ede-cbc", key, padded.subarray(-size), before).subarray(0, MAC_BYTES);
}

export interface CpuCardState {
  kind: "cpu";
  aidHex: string;
  cipher: "3des" | "sm4";
  /** In the order in which the layout's page counts their bytes. */
  files: { sfi: number; contentHex: string; keyHex: string }[];
  externalKeyHex: string;
  tries: number;
  /** Left out on cards from before there were any: they can't prove themselves. */
  internalKeys?: { id: number; keyHex: string; locked?: boolean }[];
}

/** T=0, with the historical bytes "CITYGAS". */
const ATR = "3b67000043495459474153";
const CHALLENGE_BYTES = 8;

export class CpuCard implements Chip {
  readonly kind = "cpu";
  readonly atr = ATR;
  readonly secretState = "none";
  readonly #setup: CpuCardSetup;
  readonly #files: Map<number, Uint8Array>;
  #selected = false;
  #challenge: Uint8Array | null = null;
  #tries = TRIES;
  #authenticated = false;

  constructor(setup: CpuCardSetup) {
    this.#setup = setup;
    this.#files = new Map(setup.files.map(({ sfi, content }) => [sfi, content.slice()]));
  }

  static of({ aidHex, cipher, files, externalKeyHex, tries, internalKeys = [] }: CpuCardState): CpuCard {
    const card = new CpuCard({
      aid: bytesOf(aidHex),
      cipher,
      files: files.map((file) => ({ sfi: file.sfi, content: bytesOf(file.contentHex), key: bytesOf(file.keyHex) })),
      externalKey: bytesOf(externalKeyHex),
      internalKeys: internalKeys.map(({ keyHex, ...rest }) => ({ ...rest, key: bytesOf(keyHex) })),
      random: (length) => new Uint8Array(randomBytes(length)),
    });
    card.#tries = tries;
    return card;
  }

  state(): CpuCardState {
    const { aid, cipher, files, externalKey, internalKeys } = this.#setup;
    return {
      kind: "cpu",
      aidHex: toHex(aid),
      cipher,
      files: files.map(({ sfi, key }) => ({ sfi, contentHex: toHex(this.file(sfi)), keyHex: toHex(key) })),
      externalKeyHex: toHex(externalKey),
      tries: this.#tries,
      internalKeys: internalKeys.map(({ key, ...rest }) => ({ ...rest, keyHex: toHex(key) })),
    };
  }

  image(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#setup.files.map(({ sfi }) => this.file(sfi))));
  }

  /** The meter's module holds the keys; the card asks for them command by command. */
  open(): boolean {
    this.powerOff();
    this.apdu(Uint8Array.of(0x00, 0xa4, 0x04, 0x00, this.#setup.aid.length, ...this.#setup.aid));
    return this.#selected;
  }

  /** One sealed command for each file that the data lies in, made as the holder of that file's key makes it. */
  cycles(offset: number, data: Uint8Array): WriteCycle[] {
    const cycles: WriteCycle[] = [];
    let begins = 0;
    for (const { sfi, key } of this.#setup.files) {
      const from = begins;
      begins += this.file(sfi).length;
      const part = data.slice(Math.max(0, from - offset), Math.max(0, begins - offset));
      if (part.length === 0 || offset >= begins) continue;
      const at = Math.max(0, offset - from);
      cycles.push({ bytes: part.length, erase: null, program: () => this.#updateSealed(sfi, key, at, part) });
    }
    return cycles;
  }

  #updateSealed(sfi: number, key: Uint8Array, at: number, part: Uint8Array): void {
    const challenge = this.apdu(Uint8Array.of(0x00, 0x84, 0x00, 0x00, CHALLENGE_BYTES)).subarray(0, CHALLENGE_BYTES);
    const command = Uint8Array.of(0x04, 0xd6, 0x80 | sfi, at, part.length + MAC_BYTES, ...part);
    const sealed = Uint8Array.of(...command, ...mac(this.#setup.cipher, key, challenge, command));
    const [sw1] = this.apdu(sealed).slice(-2);
    if (sw1 !== OK >> 8) throw new Error("a card refused the command of its own key");
  }

  /** What is in a file, for whoever looks on. */
  file(sfi: number): Uint8Array {
    return this.#files.get(sfi)?.slice() ?? new Uint8Array(0);
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  powerOff(): void {
    this.#selected = false;
    this.#challenge = null;
    this.#authenticated = false;
  }

  /** One command; the answer with its status word at the end. */
  apdu(command: Uint8Array): Uint8Array {
    const [cla, ins, p1 = 0, p2 = 0, p3 = 0] = command;
    const data = command.subarray(5);
    // Whatever comes after a challenge uses it up.
    const challenge = this.#challenge;
    this.#challenge = null;
    if (ins === 0xa4) return this.#select(p1, data);
    if (!this.#selected) return SW(0x6985);
    if (cla === 0x00 && ins === 0xb0) return this.#read(p1, p2, p3);
    if (cla === 0x00 && ins === 0x84) return this.#giveChallenge(p3);
    if (cla === 0x00 && ins === 0x82) return this.#authenticate(challenge, data);
    if (cla === 0x00 && ins === 0x88) return this.#prove(p1, p2, data.subarray(0, p3), p3);
    if (ins === 0xd6) return this.#update(command, challenge);
    return SW(0x6d00);
  }

  #select(p1: number, aid: Uint8Array): Uint8Array {
    this.#selected = p1 === 0x04 && Buffer.compare(aid, this.#setup.aid) === 0;
    return this.#selected ? Uint8Array.of(0x6f, 0x02, 0x84, 0x00, ...SW(OK)) : SW(0x6a82);
  }

  #read(p1: number, offset: number, length: number): Uint8Array {
    const file = this.#files.get(p1 & 0x1f);
    if (file === undefined || (p1 & 0x80) === 0) return SW(0x6a82);
    if (offset + length > file.length) return SW(0x6b00);
    return done(file.subarray(offset, offset + length));
  }

  #giveChallenge(length: number): Uint8Array {
    if (length !== 4 && length !== 8) return SW(0x6700);
    this.#challenge = this.#setup.random(length);
    return done(this.#challenge);
  }

  #authenticate(challenge: Uint8Array | null, cryptogram: Uint8Array): Uint8Array {
    if (this.#tries === 0) return SW(0x6983);
    if (challenge === null) return SW(0x6984);
    const { cipher, externalKey } = this.#setup;
    const block = Buffer.alloc(cipher === "sm4" ? 16 : 8);
    block.set(challenge);
    const wanted = encipher(cipher === "sm4" ? "sm4-ecb" : "des-ede", externalKey, block);
    this.#authenticated = Buffer.compare(wanted, cryptogram) === 0;
    this.#tries = this.#authenticated ? TRIES : this.#tries - 1;
    return SW(this.#authenticated ? OK : 0x63c0 | this.#tries);
  }

  /**
   * INTERNAL AUTHENTICATE, enciphering only (P1 00). FMCOS names the refusals: 6A86 another P1, 6A88 no such key, 6983 a
   * locked one, 6700 data of another length than a challenge or a block has.
   */
  #prove(p1: number, keyId: number, data: Uint8Array, length: number): Uint8Array {
    if (p1 !== 0x00) return SW(0x6a86);
    const { cipher, internalKeys } = this.#setup;
    const found = internalKeys.find(({ id }) => id === keyId);
    if (found === undefined) return SW(0x6a88);
    if (found.locked === true) return SW(0x6983);
    const block = Buffer.alloc(cipher === "sm4" ? 16 : 8);
    if (data.length !== length || (length !== CHALLENGE_BYTES && length !== block.length)) return SW(0x6700);
    block.set(data);
    return done(encipher(cipher === "sm4" ? "sm4-ecb" : "des-ede", found.key, block));
  }

  #update(command: Uint8Array, challenge: Uint8Array | null): Uint8Array {
    const [cla, , p1 = 0, offset = 0, lc = 0] = command;
    const sfi = p1 & 0x1f;
    const file = this.#files.get(sfi);
    const key = this.#setup.files.find((each) => each.sfi === sfi)?.key;
    if (file === undefined || key === undefined) return SW(0x6a82);
    if (cla !== 0x04) return SW(0x6882);
    if (challenge === null) return SW(0x6984);
    const data = command.subarray(5, -MAC_BYTES);
    if (command.length !== 5 + lc || lc <= MAC_BYTES || offset + data.length > file.length) return SW(0x6700);
    const wanted = mac(this.#setup.cipher, key, challenge, command.subarray(0, -MAC_BYTES));
    if (Buffer.compare(wanted, command.subarray(-MAC_BYTES)) !== 0) return SW(0x6988);
    file.set(data, offset);
    return SW(OK);
  }
}

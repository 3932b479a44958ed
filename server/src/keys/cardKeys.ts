/**
 * The KeyService from its masters: one for the secrets of memory cards, and one for the commands to CPU cards of each
 * cipher. A card's key exists for one call and is filled with zeros after it (facts/cards.md §5).
 */
import { timingSafeEqual } from "node:crypto";
import { cpuCryptogram, cpuMac, diversifiedKey } from "@citygas/gascard";
import type { KeyService } from "../context.ts";
import { type CardSealer, factorOf, type KeyCipher, type MasterKey, thenZeroed } from "./masterKey.ts";

const firstSecretBytes = 3;
const versionBytes = 8;

export interface CardKeyParts {
  secrets: MasterKey;
  /** One for each cipher of the city's CPU cards. */
  sealers: readonly CardSealer[];
  /** Ends what the backends hold open (sessions, readers). */
  close?(): Promise<void>;
}

export function cardKeys({ secrets, sealers, close }: CardKeyParts): KeyService {
  const sealerOf = (cipher: KeyCipher): CardSealer | undefined => sealers.find((each) => each.cipher === cipher);
  return {
    async cardSecret(cardNumber, { bytes, version } = { bytes: firstSecretBytes, version: 0 }) {
      return await thenZeroed(await secrets.diversify(factorOf(cardNumber)), (key) =>
        secretOf(key, secrets.cipher, bytes, version),
      );
    },
    seals: (cipher) => sealerOf(cipher) !== undefined,
    async cardMac(cardNumber, cipher, challenge, input) {
      const sealer = sealerOf(cipher);
      if (sealer === undefined) throw new Error(`no key here seals for cards that use ${cipher}`);
      return await sealer.mac(factorOf(cardNumber), challenge, input);
    },
    async cardProves(cardNumber, cipher, challenge, answer) {
      const proves = sealerOf(cipher)?.proves ?? null;
      return proves === null ? null : await proves(factorOf(cardNumber), challenge, answer);
    },
    close: close ?? (async () => undefined),
  };
}

/**
 * The first secret of a card is the beginning of its key. Later ones are the beginning of the key's cryptogram over the
 * version, so that a secret that got known says nothing about the next.
 */
function secretOf(key: Uint8Array, cipher: MasterKey["cipher"], bytes: number, version: number): string {
  if (version === 0) return Buffer.from(key.subarray(0, bytes)).toString("hex");
  const counted = new Uint8Array(versionBytes);
  new DataView(counted.buffer).setUint32(versionBytes - 4, version);
  return Buffer.from(cpuCryptogram(cipher, key, counted).subarray(0, bytes)).toString("hex");
}

/** Seals, and checks proofs, with a key that is made for the call. */
export function masterSealer(master: MasterKey): CardSealer {
  const { cipher } = master;
  return {
    cipher,
    mac: async (factor, challenge, input) =>
      await thenZeroed(await master.diversify(factor), (key) => cpuMac(cipher, key, challenge, input)),
    proves: async (factor, challenge, answer) =>
      await thenZeroed(await proofKeyOf(master, factor), (key) => {
        const wanted = cpuCryptogram(cipher, key, challenge);
        return answer.length === wanted.length && timingSafeEqual(answer, wanted);
      }),
  };
}

const proofFactor = Uint8Array.from(Buffer.from("CITYGAS1", "ascii"));

/**
 * The key by which a card proves itself, made of its own key: a card enciphers under it what anybody asks it to, so that
 * under the key that commands are sealed with, it would seal them.
 */
export async function proofKeyOf(master: MasterKey, factor: Uint8Array): Promise<Uint8Array> {
  return await thenZeroed(await master.diversify(factor), (key) => diversifiedKey(master.cipher, key, proofFactor));
}

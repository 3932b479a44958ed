/**
 * What a master key is to the rest of this folder: something that makes one card's key, and shows nothing else. Where the
 * master lies (a file, an HSM) is the implementation's business; a PSAM does not even give the card's key away and is a
 * `CardSealer` of its own.
 */
export type KeyCipher = "tripleDes" | "sm4";

export interface MasterKey {
  readonly cipher: KeyCipher;
  /** 16 bytes: E(master, factor ‖ ~factor). `factor`: 8 bytes. Whoever asked fills them with zeros after use. */
  diversify(factor: Uint8Array): Promise<Uint8Array>;
}

/** Makes the MAC of one command to the card that `factor` stands for. */
export interface CardSealer {
  readonly cipher: KeyCipher;
  mac(factor: Uint8Array, challenge: Uint8Array, input: Uint8Array): Promise<Uint8Array>;
  /** Is `answer` what this card makes of `challenge` under the key by which it proves itself? null: it can't be said here. */
  proves: ((factor: Uint8Array, challenge: Uint8Array, answer: Uint8Array) => Promise<boolean>) | null;
}

const factorBytes = 8;

/**
 * The number is its digits packed from the left, unused nibbles F, in fixed eight bytes: leading zeros count, so `0311`
 * and `311` are different cards. @throws on anything that is no card number.
 */
export function factorOf(cardNumber: string): Uint8Array {
  if (!/^\d{1,16}$/.test(cardNumber)) throw new Error("a card number is 1 to 16 digits");
  return Uint8Array.from(Buffer.from(cardNumber.padEnd(factorBytes * 2, "f"), "hex"));
}

/** Gives the bytes to `use` and fills them with zeros, whatever came of it. */
export async function thenZeroed<T>(bytes: Uint8Array, use: (bytes: Uint8Array) => T | Promise<T>): Promise<T> {
  try {
    return await use(bytes);
  } finally {
    bytes.fill(0);
  }
}

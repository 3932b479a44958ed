import { Aes } from "wechatpay-axios-plugin";

const TAG_BYTES = 16;

/** null unless it was encrypted with our APIv3 key and nothing of it was changed (AES-256-GCM, facts/payments.md §1.3). */
export function decrypt(
  { ciphertext, nonce, associated_data: aad = "" }: { ciphertext: string; nonce: string; associated_data?: string },
  key: string,
): Buffer | null {
  // The library would take a shorter text as one with a shorter tag.
  if (Buffer.from(ciphertext, "base64").byteLength <= TAG_BYTES) return null;
  try {
    return Buffer.from(Aes.AesGcm.decrypt(ciphertext, key, nonce, aad));
  } catch {
    return null;
  }
}

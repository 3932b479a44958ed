/** What people read and say, and what a QR carries. Both come from the system's random bytes. */

/** No 0 and O, no 1 and I: what a customer reads to the hotline must have one spelling. */
const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/** "3K7-0192": three of 32 signs, four digits. Short, so not unique by itself: the store refuses a second one. */
export function purchaseNumber(random: (bytes: number) => Uint8Array): string {
  const bytes = random(7);
  const signs = [...bytes.subarray(0, 3)].map((byte) => letters[byte % letters.length]).join("");
  const rest = bytes.subarray(3).reduce((sum, byte) => sum * 256 + byte, 0) % 10_000;
  return `${signs}-${String(rest).padStart(4, "0")}`;
}

/** 128 random bits as base64url: opens the masked outcome page, can't be guessed. */
export function purchaseToken(random: (bytes: number) => Uint8Array): string {
  return Buffer.from(random(16)).toString("base64url");
}

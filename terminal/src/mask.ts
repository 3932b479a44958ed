/**
 * For everything that leaves the process as text (logs, crash messages): payment codes and card secrets are blanked,
 * wherever in a value they stand.
 */
const secretNames = new Set(["secret", "code", "token", "signature", "authorization", "steps", "apdu"]);
/** What a wallet shows: 16 to 24 digits in a row. */
const codeLike = /\d{16,24}/g;

/** A copy fit for a log: secrets replaced by `***`, runs of digits as long as a payment code too. */
export function mask(value: unknown): unknown {
  if (typeof value === "string") return value.replace(codeLike, "***");
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return { name: value.name, message: mask(value.message), stack: mask(value.stack) };
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, secretNames.has(name) ? "***" : mask(inner)]),
  );
}

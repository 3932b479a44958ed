/**
 * A body of `application/x-www-form-urlencoded` in UTF-8; null for what isn't exactly one. Not `URLSearchParams`, which
 * lets a broken escape through as it stands and makes one sign of all bytes that are no UTF-8.
 */
export function parseForm(bytes: Uint8Array, limits: { maxBytes: number; maxFields: number }): Form | null {
  if (bytes.byteLength > limits.maxBytes) return null;
  const form = new Map<string, string>();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const fields = text.split("&");
    if (fields.length > limits.maxFields) return null;
    for (const field of fields) {
      const at = field.indexOf("=");
      if (at < 1) return null;
      const name = decoded(field.slice(0, at));
      // Which of two would count, the reader and the signer may see differently.
      if (form.has(name)) return null;
      form.set(name, decoded(field.slice(at + 1)));
    }
  } catch {
    return null;
  }
  return form;
}

export type Form = ReadonlyMap<string, string>;

/** @throws URIError for a broken escape. */
const decoded = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));

/**
 * What may leave an adapter as text. Gateways and libraries put request data into their messages, and a request holds
 * the payment code; so only short codes pass, never messages.
 */

/** A gateway's or network's code: ASCII, at most 64 characters, no number long enough to be a payment code. */
export function safeCode(value: unknown): string {
  if (typeof value !== "string" || !/^[A-Za-z][A-Za-z0-9_.-]{0,63}$|^\d{3,5}$/.test(value)) return "noCode";
  return /\d{8}/.test(value) ? "noCode" : value;
}

/** Text for the payer's wallet without what Alipay refuses in a subject (`/ = &`) and without control characters. */
export function plainText(text: string, maxLength: number): string {
  const clean = text
    .replace(/[/=&\p{Cc}]/gu, " ")
    .replace(/ +/g, " ")
    .trim();
  return [...clean].slice(0, maxLength).join("") || "-";
}

/** The instant of an RFC 3339 text in ms; null for what is none. */
export function instant(text: string | null | undefined): number | null {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? null : at;
}

/** Network errors that come before a connection stood, so that not a byte can have left. */
const BEFORE_CONNECTING: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

export function nothingLeft(code: string): boolean {
  return BEFORE_CONNECTING.has(code);
}

/** The code of a network or file error; never its message. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? safeCode(error.code) : "noCode";
}

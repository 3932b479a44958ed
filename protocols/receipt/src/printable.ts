/**
 * Makes any string safe to stand in the receipt markup and printable on a cheap Chinese printer.
 *
 * Two dangers, both proved (facts page kiosk §3): markup characters in data make a line vanish or send raw bytes to
 * the printer (`{command:…}`), and characters outside GBK need four bytes of GB18030, which the fonts of cheap
 * printers lack: they print as two others (`¥` came out as "0 6").
 */
import iconv from "iconv-lite";

/** 〓, the sign that Chinese printing has always used for a character it lacks. */
const missingSign = "〓";

/** One character that a GBK font has? One or two bytes, and back to itself. */
function isPrintable(character: string): boolean {
  const bytes = iconv.encode(character, "gbk");
  // gb18030 is what goes to the printer: both tables must agree on the bytes.
  return (
    bytes.length <= 2 &&
    iconv.decode(bytes, "gbk") === character &&
    iconv.encode(character, "gb18030").equals(bytes) &&
    !isPrivate(character)
  );
}

/** User-defined GBK areas map to private use: no font shows them alike. */
function isPrivate(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0xe000 && code <= 0xf8ff;
}

/**
 * `value` as it will stand on paper: one line, no control characters, whitespace collapsed, ¥ as ￥, m³ as m3, each
 * character that the printer lacks as 〓. At most `maxLength` characters, the last one … when cut.
 */
export function printable(value: string, maxLength = 200): string {
  const normal = value
    .normalize("NFC")
    .replace(/\u00a5/g, "\uffe5")
    .replace(/³/g, "3")
    .replace(/㎥/g, "m3")
    // Every kind of space, line end, control and invisible formatting character is one blank or nothing.
    .replace(/[\p{Cf}\p{M}]/gu, "")
    .replace(/[\s\p{Z}\p{Cc}]+/gu, " ")
    .trim();
  const characters = [...normal];
  const kept = characters.length > maxLength ? [...characters.slice(0, maxLength - 1), "…"] : characters;
  return kept.map((character) => (isPrintable(character) ? character : missingSign)).join("");
}

/** Columns that a text takes on paper: what GBK needs two bytes for is two columns wide. */
export function columnsOf(value: string): number {
  return iconv.encode(printable(value), "gbk").length;
}

/**
 * Printable text as receipt markup that means exactly that text. A text of only `-` or `=` would be a rule or a cut
 * when it stands alone, so it is set in full width.
 */
export function escaped(value: string, maxLength?: number): string {
  const text = printable(value, maxLength);
  if (/^-+$/.test(text)) return text.replace(/-/g, "－");
  if (/^=+$/.test(text)) return text.replace(/=/g, "＝");
  return text.replace(/[\\|{}~_"`^]/g, (character) => `\\${character}`);
}

/** A link as QR content of the markup: only what a URL may hold, the markup's own separators percent-encoded. */
export function escapedUrl(url: string): string {
  return new URL(url).href.replace(
    /[\\|{};~_"`^]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

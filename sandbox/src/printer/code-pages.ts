import iconv from "iconv-lite";

/** `ESC t n` as printers of this family number their one-byte pages. */
const PAGES: ReadonlyMap<number, string> = new Map([
  [0, "cp437"],
  [2, "cp850"],
  [3, "cp860"],
  [4, "cp863"],
  [5, "cp865"],
  [16, "win1252"],
  [17, "cp866"],
  [18, "cp852"],
  [19, "cp858"],
]);

/** Page 1: line drawing at 80–9F, half-width katakana at A1–DF. */
const KATAKANA_PAGE = 1;
const LINE_DRAWING = "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯";

export function decodeByte(page: number, value: number): string {
  if (value < 0x80) return String.fromCharCode(value);
  if (page === KATAKANA_PAGE) {
    if (value < 0xa0) return LINE_DRAWING[value - 0x80] ?? " ";
    return value >= 0xa1 && value <= 0xdf ? String.fromCharCode(0xff61 + value - 0xa1) : " ";
  }
  return iconv.decode(Buffer.of(value), PAGES.get(page) ?? "cp437");
}

/** A double-byte character of the Chinese font; one that GBK does not have prints as a blank box. */
export function decodeDouble(lead: number, trail: number): string {
  const text = iconv.decode(Buffer.of(lead, trail), "gbk");
  return text.includes("\ufffd") ? "□" : text;
}

/** Payload of a symbol: UTF-8 when it is, else GB18030. */
export function decodePayload(bytes: Uint8Array): string {
  const utf8 = Buffer.from(bytes).toString("utf8");
  return utf8.includes("\ufffd") ? iconv.decode(Buffer.from(bytes), "gb18030") : utf8;
}

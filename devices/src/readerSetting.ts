/** Which card reader a terminal has, from its settings. */
import type { CardReader } from "./card-reader.ts";
import { ccidReader } from "./ccid/ccidReader.ts";
import { crtReader } from "./crt/crtReader.ts";
import { type DialectName, dialects, isDialectName } from "./dialect/dialects.ts";
import type { OpenLine } from "./lines/line.ts";
import { openSerialLine } from "./lines/serialLine.ts";
import { openTcpLine, parseTcpUrl } from "./lines/tcpLine.ts";
import { pcscReader } from "./pcsc/pcscReader.ts";
import { virtualReader } from "./virtualReader.ts";

type LinePlace = { kind: "tcp"; url: string } | { kind: "serial"; path: string; baudRate: number };
export type ReaderSetting =
  | { kind: "virtual"; url: string; dialect: DialectName | null }
  /** `name`: the beginning of what PC/SC calls the reader; empty: the first one. */
  | { kind: "pcsc"; name: string; dialect: DialectName | null }
  | { kind: "ccid"; place: LinePlace; dialect: DialectName | null }
  | { kind: "crt"; place: LinePlace };

/** What was written where a reader is named; null: not set. */
export interface ReaderWords {
  reader: string;
  dialect: string | null;
  baudRate: string | null;
}

export type ReaderWordsError = { wrong: keyof ReaderWords; why: string };

const baudRates = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];

/**
 * `reader`: `tcp://host:port` (virtual), `pcsc:NAME`, `ccid:PLACE` or `crt:PLACE`, where a place is `tcp://host:port` or the
 * absolute path of a serial port.
 */
export function parseReader({ reader, dialect, baudRate }: ReaderWords): ReaderSetting | ReaderWordsError {
  if (dialect !== null && !isDialectName(dialect))
    return { wrong: "dialect", why: `one of ${Object.keys(dialects).join(", ")}` };
  const baud = baudRate === null ? 9_600 : Number(baudRate);
  if (!baudRates.includes(baud)) return { wrong: "baudRate", why: `one of ${baudRates.join(", ")}` };
  const [, kind = "", rest = ""] = /^(pcsc|ccid|crt):(.*)$/.exec(reader) ?? [];
  if (kind === "pcsc") return baudRate === null ? { kind, name: rest, dialect } : noBaudRate;
  const place = placeOf(kind === "" ? reader : rest, baud);
  if (place === null || (kind === "" && place.kind !== "tcp")) {
    const why = "tcp://host:port, pcsc:NAME, or ccid: or crt: before tcp://host:port or the path of a serial port";
    return { wrong: "reader", why };
  }
  if (place.kind === "tcp" && baudRate !== null) return noBaudRate;
  if (kind === "ccid") return { kind, place, dialect };
  if (kind === "crt")
    return dialect === null
      ? { kind, place }
      : { wrong: "dialect", why: "not set: a crt: reader has its own commands" };
  return { kind: "virtual", url: reader, dialect };
}
const noBaudRate: ReaderWordsError = { wrong: "baudRate", why: "not set: this reader is at no serial port" };

function placeOf(text: string, baudRate: number): LinePlace | null {
  if (text.startsWith("/") || /^COM\d+$/i.test(text)) return { kind: "serial", path: text, baudRate };
  try {
    parseTcpUrl(text);
    return { kind: "tcp", url: text };
  } catch {
    return null;
  }
}

const lineTo = (place: LinePlace): OpenLine =>
  place.kind === "tcp"
    ? (listener) => openTcpLine(place.url, listener)
    : (listener) => openSerialLine(place.path, { baudRate: place.baudRate }, listener);

/** `newId`: names power-ups. `onProblem`: what keeps the reader out of service, for the log. */
export function openReader(
  setting: ReaderSetting,
  { newId, onProblem }: { newId: () => string; onProblem: (problem: string) => void },
): CardReader {
  const dialect = "dialect" in setting && setting.dialect !== null ? { dialect: dialects[setting.dialect] } : {};
  switch (setting.kind) {
    case "virtual":
      return virtualReader(setting.url, dialect);
    case "pcsc":
      return pcscReader(setting.name, { onProblem, ...dialect });
    case "ccid":
      return ccidReader(lineTo(setting.place), { newId, ...dialect });
    case "crt":
      return crtReader(lineTo(setting.place), { newId, onProblem });
  }
}

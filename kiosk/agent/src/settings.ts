import { readFileSync } from "node:fs";
import { type PsamKey, parsePsamKey, parseReader, type ReaderSetting, type ReaderWords } from "@citygas/devices";
import { type DllConfig, parseDllConfig } from "@citygas/terminal";

/** The agent's settings, all from the environment. A missing, unknown or malformed one is named at start-up. */
export interface Settings {
  serverUrl: string;
  /** Holds the key, the terminal's id and the journal. */
  folder: string;
  /** 0 = any free one. */
  port: number;
  /** `dll`: a bridge to makers' own DLLs (docs/dll-bridge.md). */
  reader: ReaderSetting | { kind: "dll"; bridge: DllConfig };
  /** A security module for CPU cards, in a slot of its own: `KEY@READER`; null: the centre seals. */
  psam: { key: PsamKey; reader: ReaderSetting } | null;
  /** `tcp://host:port`, or the path of a serial device. */
  scannerUrl: string;
  printerUrl: string;
  kioskName: string;
  pairingCode: string | null;
  /** Browser origins besides loopback that may open the socket. */
  origins: string[];
}

const required = {
  CITYGAS_SERVER_URL: "serverUrl",
  CITYGAS_AGENT_DIR: "folder",
  CITYGAS_AGENT_PORT: "port",
  CITYGAS_READER_URL: "reader",
  CITYGAS_SCANNER_URL: "scannerUrl",
  CITYGAS_PRINTER_URL: "printerUrl",
  CITYGAS_KIOSK_NAME: "kioskName",
} as const;
const readerNames = {
  reader: "CITYGAS_READER_URL",
  dialect: "CITYGAS_READER_DIALECT",
  baudRate: "CITYGAS_READER_BAUD",
} as const satisfies Record<keyof ReaderWords, string>;
const psamName = "CITYGAS_READER_PSAM";
const optional = ["CITYGAS_PAIRING_CODE", "CITYGAS_AGENT_ORIGINS", psamName, readerNames.dialect, readerNames.baudRate];
/** Names that can only be meant for the agent; other settings of the product may stand beside them. */
const ours = /^CITYGAS_(AGENT|READER|SCANNER|PRINTER|KIOSK|PAIRING)_/;

export class SettingsError extends Error {}

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const value = (name: keyof typeof required): string => {
    const text = env[name];
    if (text === undefined || text === "") throw new SettingsError(`missing setting: ${name}`);
    return text;
  };
  for (const name of Object.keys(env)) {
    if (ours.test(name) && !(name in required) && !optional.includes(name)) {
      throw new SettingsError(`unknown setting: ${name}`);
    }
  }
  const reader = readerOf(value(readerNames.reader), env);
  const settings: Settings = {
    serverUrl: value("CITYGAS_SERVER_URL"),
    folder: value("CITYGAS_AGENT_DIR"),
    port: Number(value("CITYGAS_AGENT_PORT")),
    reader,
    psam: psamOf(env[psamName] ?? ""),
    scannerUrl: value("CITYGAS_SCANNER_URL"),
    printerUrl: value("CITYGAS_PRINTER_URL"),
    kioskName: value("CITYGAS_KIOSK_NAME"),
    pairingCode: env.CITYGAS_PAIRING_CODE || null,
    origins: (env.CITYGAS_AGENT_ORIGINS ?? "").split(",").filter((origin) => origin !== ""),
  };
  if (!Number.isInteger(settings.port) || settings.port < 0 || settings.port > 65_535) {
    throw new SettingsError("malformed setting: CITYGAS_AGENT_PORT");
  }
  if (!URL.canParse(settings.serverUrl)) throw new SettingsError("malformed setting: CITYGAS_SERVER_URL");
  return settings;
}

function readerOf(reader: string, env: NodeJS.ProcessEnv): Settings["reader"] {
  if (reader.startsWith("dll:")) return { kind: "dll", bridge: dllOf(reader.slice("dll:".length)) };
  const words = { reader, dialect: env[readerNames.dialect] ?? null, baudRate: env[readerNames.baudRate] ?? null };
  const found = parseReader(words);
  if (!("wrong" in found)) return found;
  throw new SettingsError(`malformed setting: ${readerNames[found.wrong]} must be ${found.why}`);
}

/** Like `tripleDes:28:01:1001@pcsc:ACS ACR39U 00 01`. */
function psamOf(text: string): Settings["psam"] {
  if (text === "") return null;
  const at = text.indexOf("@");
  const key = parsePsamKey(text.slice(0, Math.max(0, at)));
  const reader = parseReader({ reader: text.slice(at + 1), dialect: null, baudRate: null });
  if (key !== null && !("wrong" in reader)) return { key, reader };
  throw new SettingsError(`malformed setting: ${psamName} must be like tripleDes:28:01:1001@pcsc:NAME`);
}

function dllOf(file: string): DllConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new SettingsError(`malformed setting: ${readerNames.reader}: ${file} can't be read`);
  }
  const config = parseDllConfig(text);
  if ("why" in config) throw new SettingsError(`malformed setting: ${readerNames.reader}: ${file}: ${config.why}`);
  return config;
}

/**
 * Where the card keys are, by environment: files of the data folder (development), or a PKCS #11 device, with a PSAM
 * instead for the commands to CPU cards where one is named.
 */
import { readFileSync } from "node:fs";
import { type PsamKey, parsePsamKey } from "@citygas/devices";
import type { Pkcs11Settings } from "../keys/pkcs11Keys.ts";

export interface KeySettings {
  /** null: files. */
  device: null | (Pkcs11Settings & { binding: string | null });
  /** null: none. `reader`: its name in PC/SC, or the beginning of it. */
  psam: null | { reader: string; key: PsamKey };
}

export const keySettingNames = [
  "CITYGAS_KEYS",
  "CITYGAS_PKCS11_LIBRARY",
  "CITYGAS_PKCS11_BINDING",
  "CITYGAS_PKCS11_TOKEN",
  "CITYGAS_PKCS11_PIN_FILE",
  "CITYGAS_PKCS11_SECRETS",
  "CITYGAS_PKCS11_SEALING",
  "CITYGAS_PKCS11_SM4_MECHANISM",
  "CITYGAS_PSAM_READER",
  "CITYGAS_PSAM_KEY",
] as const;
type Name = (typeof keySettingNames)[number];

interface Ask {
  text(name: Name): string | null;
  problem(name: Name, what: string): void;
}

export function readKeySettings(ask: Ask): KeySettings {
  const { text, problem } = ask;
  const kind = text("CITYGAS_KEYS") ?? "files";
  if (kind !== "files" && kind !== "pkcs11") problem("CITYGAS_KEYS", "must be one of files, pkcs11");
  const device = kind === "pkcs11" ? readDevice(ask) : null;
  const forDevice = keySettingNames.filter((name) => name.startsWith("CITYGAS_PKCS11_"));
  if (kind !== "pkcs11")
    for (const name of forDevice) if (text(name) !== null) problem(name, "means nothing without CITYGAS_KEYS=pkcs11");
  return { device, psam: readPsam(ask) };
}

function readDevice({ text, problem }: Ask): KeySettings["device"] {
  const required = (name: Name): string => {
    const value = text(name);
    if (value === null) problem(name, "is missing");
    return value ?? "";
  };
  const key = (name: Name, label: string): Pkcs11Settings["secrets"] => {
    const found = /^([^:]{1,64}):(tripleDes|sm4)$/.exec(text(name) ?? `${label}:tripleDes`);
    if (found === null) problem(name, "must be LABEL:tripleDes or LABEL:sm4");
    return { label: found?.[1] ?? "", cipher: found?.[2] === "sm4" ? "sm4" : "tripleDes" };
  };
  const mechanism = text("CITYGAS_PKCS11_SM4_MECHANISM");
  if (mechanism !== null && !/^0x[0-9a-fA-F]{1,8}$/.test(mechanism))
    problem("CITYGAS_PKCS11_SM4_MECHANISM", "must be a number like 0x80000102");
  return {
    library: required("CITYGAS_PKCS11_LIBRARY"),
    binding: text("CITYGAS_PKCS11_BINDING"),
    token: required("CITYGAS_PKCS11_TOKEN"),
    pin: pinOf(required("CITYGAS_PKCS11_PIN_FILE"), problem),
    secrets: key("CITYGAS_PKCS11_SECRETS", "card-secret"),
    sealing: key("CITYGAS_PKCS11_SEALING", "card-seal"),
    sm4Mechanism: mechanism === null ? null : Number(mechanism),
  };
}

function pinOf(file: string, problem: Ask["problem"]): string {
  try {
    return file === "" ? "" : readFileSync(file, "utf8").trim();
  } catch {
    problem("CITYGAS_PKCS11_PIN_FILE", "can't be read");
    return "";
  }
}

function readPsam({ text, problem }: Ask): KeySettings["psam"] {
  const reader = text("CITYGAS_PSAM_READER");
  const key = text("CITYGAS_PSAM_KEY");
  if (reader === null) {
    if (key !== null) problem("CITYGAS_PSAM_KEY", "means nothing without CITYGAS_PSAM_READER");
    return null;
  }
  const found = parsePsamKey(key ?? "");
  if (found === null) problem("CITYGAS_PSAM_KEY", "must be like tripleDes:28:01 or sm4:28:01:1001");
  return found === null ? null : { reader, key: found };
}

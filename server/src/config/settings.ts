/**
 * Settings of the server process, all by environment. A missing one, an impossible one, or one that nobody knows (a typo
 * of `CITYGAS_…`) is a start-up error that names it. Secrets are files, never values.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { err, ok, type Result } from "@citygas/core";
import type { DatabaseConnection } from "../store/database.ts";
import { type KeySettings, keySettingNames, readKeySettings } from "./keySettings.ts";

export interface Settings {
  database: DatabaseConnection;
  /** Absolute. */
  dataDir: string;
  port: number;
  host: string;
  /** No trailing slash. */
  publicUrl: string;
  mode: "development" | "production";
  demo: boolean;
  /** JSON with merchants and keys of the payment gateways; null: no gateway. */
  gatewaysFile: string | null;
  /** null: one is made in the data folder. */
  adminTokenFile: string | null;
  logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  debts: "rows" | "block";
  finishMs: number;
  /** How long a terminal waits for a customer who does nothing. */
  idleMs: number;
  keys: KeySettings;
}

type Environment = Readonly<Record<string, string | undefined>>;

const known = [
  "CITYGAS_DATA",
  "CITYGAS_PUBLIC_URL",
  "CITYGAS_MODE",
  "CITYGAS_DEMO",
  "CITYGAS_GATEWAYS_FILE",
  "CITYGAS_ADMIN_TOKEN_FILE",
  "CITYGAS_LOG",
  "CITYGAS_HOST",
  "CITYGAS_DEBTS",
  "CITYGAS_FINISH_MINUTES",
  "CITYGAS_IDLE_SECONDS",
  "CITYGAS_DB_HOST",
  "CITYGAS_DB_PORT",
  "CITYGAS_DB_USER",
  "CITYGAS_DB_NAME",
  "CITYGAS_DB_PASSWORD_FILE",
  ...keySettingNames,
] as const;
type Name = (typeof known)[number] | "DATABASE_URL" | "PORT";

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** All problems at once, each naming its setting. */
export function readSettings(env: Environment): Result<Settings, string[]> {
  const problems = Object.keys(env)
    .filter((name) => name.startsWith("CITYGAS_") && !known.some((each) => each === name))
    .map((name) => `${name}: unknown setting`);
  const text = (name: Name): string | null => (env[name] === undefined || env[name] === "" ? null : env[name]);
  const problem = (name: Name, what: string): void => void problems.push(`${name}: ${what}`);
  const required = (name: Name): string => {
    const value = text(name);
    if (value === null) problem(name, "is missing");
    return value ?? "";
  };
  const oneOf = <T extends string>(name: Name, allowed: readonly T[], fallback: T): T => {
    const value = text(name);
    if (value === null) return fallback;
    const found = allowed.find((each) => each === value);
    if (found === undefined) problem(name, `must be one of ${allowed.join(", ")}`);
    return found ?? fallback;
  };
  const integer = (name: Name, from: number, to: number, fallback: number): number => {
    const value = text(name);
    if (value === null) return fallback;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= from && number <= to)) problem(name, `must be an integer from ${from} to ${to}`);
    return number;
  };
  const mode = oneOf("CITYGAS_MODE", ["development", "production"], "development");
  const demo = oneOf("CITYGAS_DEMO", ["0", "1"], "0") === "1";
  if (demo && mode === "production") problem("CITYGAS_DEMO", "there is no demo in production mode");
  const publicUrl = required("CITYGAS_PUBLIC_URL");
  if (publicUrl !== "" && !isOrigin(publicUrl)) problem("CITYGAS_PUBLIC_URL", "must be http(s)://host[:port]");
  const settings: Settings = {
    database: databaseOf(text, required, integer),
    dataDir: path.resolve(required("CITYGAS_DATA")),
    port: integer("PORT", 0, 65_535, 0),
    host: text("CITYGAS_HOST") ?? "127.0.0.1",
    publicUrl: publicUrl.replace(/\/+$/, ""),
    mode,
    demo,
    gatewaysFile: text("CITYGAS_GATEWAYS_FILE"),
    adminTokenFile: text("CITYGAS_ADMIN_TOKEN_FILE"),
    logLevel: oneOf("CITYGAS_LOG", levels, "info"),
    debts: oneOf("CITYGAS_DEBTS", ["rows", "block"], "rows"),
    finishMs: integer("CITYGAS_FINISH_MINUTES", 1, 10_080, 30) * 60_000,
    idleMs: integer("CITYGAS_IDLE_SECONDS", 15, 600, 60) * 1_000,
    keys: readKeySettings({ text, problem }),
  };
  return problems.length === 0 ? ok(settings) : err(problems);
}

function databaseOf(
  text: (name: Name) => string | null,
  required: (name: Name) => string,
  integer: (name: Name, from: number, to: number, fallback: number) => number,
): DatabaseConnection {
  const connectionString = text("DATABASE_URL");
  if (connectionString !== null) return { connectionString };
  // Names DATABASE_URL when neither way is given: it is the one that works everywhere.
  const host = text("CITYGAS_DB_HOST") ?? required("DATABASE_URL");
  const passwordFile = text("CITYGAS_DB_PASSWORD_FILE");
  return {
    host,
    port: integer("CITYGAS_DB_PORT", 1, 65_535, 5432),
    user: text("CITYGAS_DB_USER") ?? "citygas",
    database: text("CITYGAS_DB_NAME") ?? "citygas",
    ...(passwordFile === null ? {} : { password: readFileSync(passwordFile, "utf8").trim() }),
  };
}

function isOrigin(text: string): boolean {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "" && url.hash === "";
  } catch {
    return false;
  }
}

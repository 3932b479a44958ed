/** Bills as they came, under their SHA-256: never changed, the same file once. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Id } from "@citygas/core";

export const archivedFile = (billsDir: string, sha256: string): string =>
  path.join(billsDir, sha256.slice(0, 2), sha256);

/** Where a file may be written before it is archived. */
export async function incomingFile(billsDir: string, id: Id): Promise<string> {
  const dir = path.join(billsDir, "incoming");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return path.join(dir, id);
}

/** Moves the file to its place; durable when it resolves. */
export async function archive(billsDir: string, incoming: string, sha256: string): Promise<void> {
  const place = archivedFile(billsDir, sha256);
  await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
  await synced(incoming);
  await rename(incoming, place);
  await synced(path.dirname(place));
}

async function synced(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Is it on this machine, with the bytes that came? Another server may have fetched it, and disks fail. */
export async function isIntact(billsDir: string, sha256: string): Promise<boolean> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(archivedFile(billsDir, sha256)), hash);
  } catch {
    return false;
  }
  return hash.digest("hex") === sha256;
}

export const removeIncoming = (file: string): Promise<void> => rm(file, { force: true });

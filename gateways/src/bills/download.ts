import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { bytesOf, Damaged, type OneRequest, oneRequest } from "../oneRequest.ts";
import { errorCode } from "../plain.ts";
import type { BillFetch, BillFormat } from "./port.ts";

/** A day of ten million lines stays below; more is no bill. */
const MAX_BILL_BYTES = 2 * 1024 ** 3;
const DEFAULT_TIMEOUT_MS = 10 * 60_000;
const HEAD_BYTES = 4096;

export interface Limits {
  timeoutMs: number;
  maxBytes: number;
}
export function limits(timeoutMs: number | undefined): Limits {
  return { timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS, maxBytes: MAX_BILL_BYTES };
}

/** What was learnt of a file while it ran by; hashes in lower-case hex. */
export interface Seen {
  sizeBytes: number;
  sha256: string;
  sha1: string;
  /** Its first bytes, at most 4096. */
  head: Buffer;
}

/** Writes a stream to a new file, on disk when this resolves. @throws Damaged, and what stream or file throw. */
export async function spool(source: AsyncIterable<Buffer>, file: string, maxBytes: number): Promise<Seen> {
  const sha256 = createHash("sha256");
  const sha1 = createHash("sha1");
  let sizeBytes = 0;
  let head = Buffer.alloc(0);
  async function* seen(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      sizeBytes += part.byteLength;
      if (sizeBytes > maxBytes) throw new Damaged("tooLarge");
      sha256.update(part);
      sha1.update(part);
      if (head.byteLength < HEAD_BYTES) head = Buffer.concat([head, part]).subarray(0, HEAD_BYTES);
      yield part;
    }
  }
  // Open before the first byte: a stream that opens its file by itself may make it after the caller has cleared it away.
  const handle = await open(file, "w", 0o600);
  await pipeline(source, seen, handle.createWriteStream({ flush: true }));
  return { sizeBytes, sha256: sha256.digest("hex"), sha1: sha1.digest("hex"), head };
}

/** Fetches a file that isn't signed. `check` says what is wrong with it, or null. */
export async function downloadBill(
  request: OneRequest,
  { timeoutMs, maxBytes }: Limits,
  to: { part: string; format: BillFormat },
  check: (seen: Seen) => string | null,
): Promise<BillFetch> {
  const answer = await oneRequest(request, timeoutMs, async (reply) => {
    if (reply.statusCode !== 200) return `http.${reply.statusCode}`;
    return await spool(bytesOf(reply), to.part, maxBytes);
  });
  if (answer.kind === "silent") return silentBill(answer.why);
  if (typeof answer.value === "string") return { kind: "unknown", why: answer.value };
  const bad = check(answer.value);
  if (bad !== null) return { kind: "damaged", why: bad };
  const { sizeBytes, sha256 } = answer.value;
  return { kind: "file", format: to.format, sizeBytes, sha256 };
}

export function silentBill(why: string): BillFetch {
  return why === "tooLarge" ? { kind: "damaged", why } : { kind: "unknown", why };
}

/**
 * Runs one fetch. What it makes gets the file's name only when it is a whole bill; until then, and after a crash, what
 * there is of it stands beside, under another.
 */
export async function keeping(file: string, make: (part: string) => Promise<BillFetch>): Promise<BillFetch> {
  const part = `${file}.part`;
  try {
    const made = await make(part).catch(brokenOff);
    if (made.kind === "file") await rename(part, file);
    else await Promise.all([rm(file, { force: true }), rm(part, { force: true })]);
    return made;
  } catch (error) {
    return brokenOff(error);
  }
}

/** Wrong bytes, or the disk: full, gone, not ours. */
function brokenOff(error: unknown): BillFetch {
  if (error instanceof Damaged) return { kind: "damaged", why: error.code };
  return { kind: "unknown", why: errorCode(error) };
}

/** @throws for a day that isn't "YYYY-MM-DD": it goes into a URL. */
export function assertDay(day: string): void {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) throw new RangeError(`not a day: ${day}`);
}

/**
 * The terminal's journal: one append-only file, so that a terminal that dies anywhere can say what it was about to do.
 *
 * What it is for: reports the server has not taken yet are sent again after a restart, and the purchase under way is
 * known. What it is not for: writes are never replayed from it (a write script lives for one power-up), and no secret,
 * no payment code and no person's data is ever in it.
 *
 * Wire: one line per entry, `crc32 SP json LF`, CRC-32 (IEEE) of the JSON's UTF-8 bytes in 8 hex digits. A line is the
 * unit of a tear: a last line that is cut or fails its checksum is a power cut in the middle of an append, is reported
 * and cut off. Damage before that can't come from a tear, so it is a broken invariant and throws.
 *
 * `write` resolves after fdatasync: what follows it may be irreversible. Compaction writes the live entries to a second
 * file, syncs it, and renames it over the first; it runs when the file outgrows `compactAtBytes`, so the journal is
 * bounded by that plus what is unsent.
 */
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import type { ScriptReport } from "@citygas/gascard";

export type JournalEntry =
  /** A purchase of this terminal may now lead to money or gas. */
  | { kind: "purchaseOpened"; at: number; purchaseId: string; number: string }
  /** It can no more (or the centre goes on with it alone). */
  | { kind: "purchaseClosed"; at: number; purchaseId: string }
  /** A payment code goes out now; the code itself is nowhere but in memory. */
  | { kind: "codeSending"; at: number; purchaseId: string; key: string }
  /** A write or refund script starts now. A restart never runs it again. */
  | { kind: "scriptStarting"; at: number; scriptId: string; sessionId: string; powerUpId: string }
  /** What a write or refund script did; to be sent until the server has it. */
  | { kind: "report"; at: number; sessionId: string; report: ScriptReport }
  | { kind: "reportSent"; at: number; scriptId: string }
  | { kind: "printing"; at: number; purchaseId: string }
  | { kind: "printed"; at: number; purchaseId: string; ok: boolean };

export interface UnsentReport {
  sessionId: string;
  report: ScriptReport;
}
/** What the journal says now. */
export interface JournalState {
  /** In the order they were made. */
  unsentReports: UnsentReport[];
  /** The newest purchase opened and not closed. */
  openPurchase: { purchaseId: string; number: string } | null;
  /** Scripts begun and not reported: their outcome is unknown until the card is read. */
  unreportedScripts: { scriptId: string; sessionId: string; powerUpId: string }[];
}
export interface Journal {
  /** Resolves when the entry is on the disk. Entries are on it in the order of the calls. */
  write(entry: JournalEntry): Promise<void>;
  state(): JournalState;
  /** Bytes of a torn last line that were cut off at opening; 0 is the usual case. */
  tornBytes: number;
  close(): Promise<void>;
}

export interface JournalOptions {
  compactAtBytes?: number;
}

const defaultCompactAtBytes = 256 * 1024;

/** Opens or creates the journal at `path` (its folder exists). Throws on damage that no tear explains. */
export async function openJournal(path: string, options: JournalOptions = {}): Promise<Journal> {
  const compactAtBytes = options.compactAtBytes ?? defaultCompactAtBytes;
  await rm(`${path}.new`, { force: true });
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  const { entries, goodBytes } = parseJournal(content);
  let live = entries.reduce(fold, emptyJournal);
  let file = await open(path, "a", 0o600);
  if (goodBytes < content.length) await file.truncate(goodBytes);
  await file.datasync();
  await syncFolder(path);
  let size = goodBytes;
  let compactAt = compactAtBytes;
  let tail: Promise<void> = Promise.resolve();

  const append = async (entry: JournalEntry): Promise<void> => {
    const line = encodeLine(entry);
    await writeAll(file, line);
    await file.datasync();
    size += line.length;
    live = fold(live, entry);
    if (size < compactAt) return;
    const next = await compacted(path, live);
    await file.close();
    file = next.file;
    size = next.size;
    // What stays live may itself be large; without this every append would compact again.
    compactAt = size + compactAtBytes;
  };
  return {
    write: (entry) => {
      const written = tail.then(() => append(entry));
      // A failed append fails its own caller and all later ones: after it the end of the file is unknown.
      tail = written;
      tail.catch(() => undefined);
      return written;
    },
    state: () => live,
    tornBytes: content.length - goodBytes,
    close: async () => {
      await tail.catch(() => undefined);
      await file.close();
    },
  };
}

export const emptyJournal: JournalState = { unsentReports: [], openPurchase: null, unreportedScripts: [] };

/** One entry further. Pure. */
export function fold(state: JournalState, entry: JournalEntry): JournalState {
  switch (entry.kind) {
    case "purchaseOpened":
      return { ...state, openPurchase: { purchaseId: entry.purchaseId, number: entry.number } };
    case "purchaseClosed":
      return state.openPurchase?.purchaseId === entry.purchaseId ? { ...state, openPurchase: null } : state;
    case "scriptStarting": {
      const { scriptId, sessionId, powerUpId } = entry;
      // A start is kept until its report; one that died with the process is superseded by the next start.
      return { ...state, unreportedScripts: [{ scriptId, sessionId, powerUpId }] };
    }
    case "report": {
      const { sessionId, report } = entry;
      const others = state.unsentReports.filter((unsent) => unsent.report.scriptId !== report.scriptId);
      return {
        ...state,
        unsentReports: [...others, { sessionId, report }],
        unreportedScripts: state.unreportedScripts.filter((script) => script.scriptId !== report.scriptId),
      };
    }
    case "reportSent":
      return {
        ...state,
        unsentReports: state.unsentReports.filter((unsent) => unsent.report.scriptId !== entry.scriptId),
      };
    case "codeSending":
    case "printing":
    case "printed":
      return state;
  }
}

/** The entries of a journal file and how many of its bytes they take. Throws on damage before the last line. */
export function parseJournal(content: Buffer): { entries: JournalEntry[]; goodBytes: number } {
  const entries: JournalEntry[] = [];
  let start = 0;
  while (start < content.length) {
    const end = content.indexOf(0x0a, start);
    const entry = end === -1 ? null : decodeLine(content.subarray(start, end));
    if (entry === null) {
      // Only the last line may be torn: bytes after its end would have been written by a process that had seen it.
      const isLast = end === -1 || end === content.length - 1;
      if (!isLast) throw new Error(`journal: damaged line at byte ${start}`);
      return { entries, goodBytes: start };
    }
    entries.push(entry);
    start = end + 1;
  }
  return { entries, goodBytes: start };
}

export function encodeLine(entry: JournalEntry): Buffer {
  const json = JSON.stringify(entry);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

function decodeLine(line: Buffer): JournalEntry | null {
  const json = line.subarray(9);
  if (line.length < 10 || line[8] !== 0x20 || line.toString("latin1", 0, 8) !== checksum(json)) return null;
  // The checksum says that these are the bytes `encodeLine` wrote, so the shape is the one it was given.
  return JSON.parse(json.toString("utf8")) as JournalEntry;
}

function checksum(json: string | Buffer): string {
  return crc32(json).toString(16).padStart(8, "0");
}

/** The fewest entries that fold to `state`. */
function entriesOf(state: JournalState): JournalEntry[] {
  const entries: JournalEntry[] = [];
  if (state.openPurchase !== null) entries.push({ kind: "purchaseOpened", at: 0, ...state.openPurchase });
  for (const unsent of state.unsentReports) entries.push({ kind: "report", at: 0, ...unsent });
  for (const script of state.unreportedScripts) entries.push({ kind: "scriptStarting", at: 0, ...script });
  return entries;
}

async function compacted(path: string, state: JournalState): Promise<{ file: FileHandle; size: number }> {
  const fresh = `${path}.new`;
  const content = Buffer.concat(entriesOf(state).map(encodeLine));
  const file = await open(fresh, "w", 0o600);
  await writeAll(file, content);
  await file.datasync();
  await file.close();
  await rename(fresh, path);
  await syncFolder(path);
  return { file: await open(path, "a", 0o600), size: content.length };
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/** A new or renamed name is durable only with its folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

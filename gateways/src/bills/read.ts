/**
 * Reads a bill file of any format, piece by piece: memory does not grow with the file, but for 32 bytes per line that
 * find lines and orders standing twice. What is read is handed on in batches **before** the file's end has been seen,
 * so a taker must throw all of it away when the answer is a problem.
 */
import { type FileHandle, open } from "node:fs/promises";
import { err, never, ok, type Result } from "@citygas/core";
import type { BillFormat } from "./port.ts";
import { acquirerReader } from "./readAcquirer.ts";
import { alipayFundReader, alipayMarks, alipayTradeReader } from "./readAlipay.ts";
import { bankReader } from "./readBank.ts";
import { decoded, readLines } from "./readLines.ts";
import { newTally, type Tally } from "./readTally.ts";
import { type BillLine, type BillProblem, type BillReader, type BillSummary, readLimits } from "./readTypes.ts";
import { wechatFundReader, wechatTradeReader } from "./readWechat.ts";
import { type FileBytes, piecesOf, readZip, ZipError } from "./readZip.ts";

export interface ReadBillOptions {
  file: string;
  format: BillFormat;
  /** The day that was asked for, "YYYY-MM-DD"; payments of another day are a problem. null: any day. */
  day: string | null;
  /** Called one after another, in the file's order. What it rejects with is what `readBill` rejects with. */
  take(batch: BillLine[]): Promise<void>;
}

type Options = Omit<ReadBillOptions, "file">;

/** Never rejects for what stands in the file. */
export async function readBill(options: ReadBillOptions): Promise<Result<BillSummary, BillProblem>> {
  let file: FileHandle;
  try {
    file = await open(options.file, "r");
  } catch (error) {
    return err({ kind: "unreadable", why: error instanceof Error ? error.message : String(error) });
  }
  try {
    const { size } = await file.stat();
    const read = async (piece: Buffer, at: number): Promise<number> =>
      (await file.read(piece, 0, piece.length, at)).bytesRead;
    return await readBytes({ size, read }, options);
  } finally {
    await file.close();
  }
}

/** The same for bytes that are no file. */
export async function readBytes(file: FileBytes, options: Options): Promise<Result<BillSummary, BillProblem>> {
  try {
    return await readOpen(file, options);
  } catch (error) {
    if (error instanceof ZipError) return err({ kind: "archive", why: error.message });
    throw error;
  }
}

async function readOpen(file: FileBytes, options: Options): Promise<Result<BillSummary, BillProblem>> {
  const tally = newTally(options.take);
  const reader = readerOf(options, tally);
  const chunks = await chunksOf(file, options.format);
  if (!chunks.ok) return chunks;
  let lines = 0;
  const problem = await readLines(
    chunks.value,
    reader.encoding,
    (bytes, from, to, line) => {
      lines = line;
      return reader.onLine(bytes, from, to, line);
    },
    () => tally.flush(false),
  );
  if (problem !== null) return err(problem);
  if (!reader.ended()) return err({ kind: "truncated", line: lines });
  await tally.flush(true);
  return ok({ lines: tally.lines, sums: tally.sums(), feeFen: tally.feeFen, unknownColumns: reader.unknownColumns() });
}

function readerOf({ format, day }: Options, tally: Tally): BillReader {
  switch (format) {
    case "wechat-trade-csv":
      return wechatTradeReader(tally, day);
    case "wechat-fund-csv":
      return wechatFundReader(tally);
    case "alipay-trade-zip":
      return alipayTradeReader(tally, day);
    case "alipay-fund-zip":
      return alipayFundReader(tally);
    case "acquirer-trade-csv":
      return acquirerReader(tally, day);
    case "bank-statement-csv":
      return bankReader(tally);
    default:
      return never(format, "bill format");
  }
}

type Chunks = Result<AsyncIterable<Buffer>, BillProblem>;

async function chunksOf(file: FileBytes, format: BillFormat): Promise<Chunks> {
  switch (format) {
    case "alipay-trade-zip":
      return await detailOf(file, alipayMarks.trade);
    case "alipay-fund-zip":
      return await detailOf(file, alipayMarks.fund);
    case "wechat-trade-csv":
    case "wechat-fund-csv":
    case "acquirer-trade-csv":
    case "bank-statement-csv": {
      const { size } = file;
      if (size > readLimits.fileBytes) return err({ kind: "tooLarge", what: "file" });
      return ok(piecesOf(file, 0, size));
    }
    default:
      return never(format, "bill format");
  }
}

/** The file of the archive in whose beginning the mark stands: names in these archives are in no reliable encoding. */
async function detailOf(file: FileBytes, mark: string): Promise<Chunks> {
  let otherEncoding = false;
  for (const entry of await readZip(file)) {
    const begin = await beginOf(entry.read());
    if (textOf(begin, "gb18030").includes(mark)) return ok(entry.read());
    otherEncoding ||= textOf(begin, "utf-8").includes(mark);
  }
  return err(otherEncoding ? { kind: "encoding", line: 1 } : { kind: "archive", why: `no file with ${mark}` });
}

const beginBytes = 8_192;

async function beginOf(pieces: AsyncGenerator<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    parts.push(piece);
    bytes += piece.length;
    if (bytes >= beginBytes) break;
  }
  const begin = Buffer.concat(parts).subarray(0, beginBytes);
  // Whole lines only: a character cut in two is none.
  const end = begin.lastIndexOf(0x0a);
  return end < 0 ? begin : begin.subarray(0, end);
}

function textOf(bytes: Buffer, encoding: "utf-8" | "gb18030"): string {
  try {
    return decoded(bytes, encoding);
  } catch {
    return "";
  }
}

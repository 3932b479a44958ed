/**
 * Lines of a file, by bytes: no more than one chunk and one unfinished line is ever held. In the encodings of bills
 * (UTF-8, GBK) neither a comma nor a line's end is ever part of a longer character, so lines and fields are cut before
 * anything is decoded, and only what is wanted becomes text.
 */
import { isUtf8 } from "node:buffer";
import { type BillProblem, readLimits } from "./readTypes.ts";

export type BillEncoding = "utf-8" | "gb18030";

/** One line: `bytes` from `from` to `to`, without its end. Valid until the callback returns. */
export type OnLine = (bytes: Buffer, from: number, to: number, line: number) => BillProblem | null;

/**
 * @param onLine called for every line in order, empty ones too; a problem ends the reading.
 * @param onChunk called after each chunk's lines, so that what was collected can be passed on.
 */
export async function readLines(
  chunks: AsyncIterable<Buffer>,
  encoding: BillEncoding,
  onLine: OnLine,
  onChunk: () => Promise<void>,
): Promise<BillProblem | null> {
  let rest: Buffer = Buffer.alloc(0);
  let readBytes = 0;
  let line = 0;
  for await (const chunk of chunks) {
    readBytes += chunk.length;
    if (readBytes > readLimits.fileBytes) return { kind: "tooLarge", what: "file" };
    const block = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = block.lastIndexOf(0x0a) + 1;
    const done = readBlock(block, end, encoding, onLine, line);
    if (done.problem !== null) return done.problem;
    line = done.line;
    rest = Buffer.from(block.subarray(end));
    if (rest.length > readLimits.lineBytes) return { kind: "tooLarge", what: "line" };
    await onChunk();
  }
  if (rest.length === 0) return null;
  const { problem } = readBlock(Buffer.concat([rest, newline]), rest.length + 1, encoding, onLine, line);
  if (problem === null) await onChunk();
  return problem;
}

const newline = Buffer.from("\n");

function readBlock(
  block: Buffer,
  end: number,
  encoding: BillEncoding,
  onLine: OnLine,
  before: number,
): { problem: BillProblem | null; line: number } {
  let line = before;
  const whole = isEncoded(block.subarray(0, end), encoding);
  for (let from = 0; from < end; ) {
    const stop = block.indexOf(0x0a, from);
    const to = stop > from && block[stop - 1] === 0x0d ? stop - 1 : stop;
    line += 1;
    if (to - from > readLimits.lineBytes) return { problem: { kind: "tooLarge", what: "line" }, line };
    if (!whole && !isEncoded(block.subarray(from, to), encoding)) return { problem: { kind: "encoding", line }, line };
    const problem = onLine(block, from, to, line);
    if (problem !== null) return { problem, line };
    from = stop + 1;
  }
  return { problem: null, line };
}

function isEncoded(bytes: Buffer, encoding: BillEncoding): boolean {
  if (encoding === "utf-8") return isUtf8(bytes);
  try {
    gbk.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

// GB18030 holds all of GBK.
const gbk = new TextDecoder("gb18030", { fatal: true });
const utf8 = new TextDecoder("utf-8");

/** @throws on bytes that are not of this encoding, which `readLines` has refused before. */
export const decoded = (bytes: Uint8Array, encoding: BillEncoding): string =>
  (encoding === "utf-8" ? utf8 : gbk).decode(bytes);

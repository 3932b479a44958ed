/**
 * The files of a zip archive, read as they are needed: the archives that gateways make (stored or deflated, no
 * encryption, below 4 GB). Everything is checked against what the archive says of itself: places, sizes, checksums.
 * Format: PKWARE APPNOTE.TXT 4.3.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { readLimits } from "./readTypes.ts";

/** A file, or what stands in memory for one. */
export interface FileBytes {
  size: number;
  /** Reads from `at` into `piece`. @returns how many bytes; 0: the file ends before. */
  read(piece: Buffer, at: number): Promise<number>;
}

export interface ZipEntry {
  /** As stored: gateways write GBK without saying so. */
  name: Buffer;
  packedBytes: number;
  unpackedBytes: number;
  /** The unpacked bytes. @throws ZipError in the middle when they are not what the archive says. */
  read(): AsyncGenerator<Buffer>;
}

export class ZipError extends Error {}

const endBytes = 22;
const commentMax = 65_535;
const entriesMax = 64;
const directoryMax = 1_048_576;

function must(held: boolean, what: string): asserts held {
  if (!held) throw new ZipError(what);
}

/** @throws ZipError for anything that is not a plain, whole archive. */
export async function readZip(file: FileBytes): Promise<ZipEntry[]> {
  const { size } = file;
  must(size >= endBytes, "too short");
  const tail = await readAt(file, Math.max(0, size - endBytes - commentMax), Math.min(size, endBytes + commentMax));
  const end = findEnd(tail);
  const count = tail.readUInt16LE(end + 10);
  const directoryBytes = tail.readUInt32LE(end + 12);
  const directoryAt = tail.readUInt32LE(end + 16);
  must(tail.readUInt16LE(end + 8) === count, "in several parts");
  must(count <= entriesMax && directoryBytes <= directoryMax, "too many files");
  must(directoryAt + directoryBytes <= size, "cut off");
  const directory = await readAt(file, directoryAt, directoryBytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    must(at + 46 <= directory.length && directory.readUInt32LE(at) === 0x0201_4b50, "directory");
    const nameBytes = directory.readUInt16LE(at + 28);
    const next = at + 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    must(next <= directory.length, "directory");
    entries.push(entryOf(file, directory.subarray(at, next), nameBytes, directoryAt));
    at = next;
  }
  return entries;
}

/** The end record is the last one whose comment reaches exactly to the end of the file. */
function findEnd(tail: Buffer): number {
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) === 0x0605_4b50 && at + endBytes + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  throw new ZipError("no end");
}

function entryOf(file: FileBytes, record: Buffer, nameBytes: number, directoryAt: number): ZipEntry {
  const flags = record.readUInt16LE(8);
  const method = record.readUInt16LE(10);
  const checksum = record.readUInt32LE(16);
  const packedBytes = record.readUInt32LE(20);
  const unpackedBytes = record.readUInt32LE(24);
  const headerAt = record.readUInt32LE(42);
  must((flags & 1) === 0, "encrypted");
  must(method === 0 || method === 8, "packed in an unknown way");
  must(unpackedBytes <= readLimits.fileBytes, "too large");
  must(method !== 0 || packedBytes === unpackedBytes, "sizes");
  return {
    name: Buffer.from(record.subarray(46, 46 + nameBytes)),
    packedBytes,
    unpackedBytes,
    async *read() {
      const header = await readAt(file, headerAt, 30);
      must(header.readUInt32LE(0) === 0x0403_4b50, "file header");
      const dataAt = headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
      must(dataAt + packedBytes <= directoryAt, "cut off");
      const packed = piecesOf(file, dataAt, packedBytes);
      let bytes = 0;
      let sum = 0;
      for await (const piece of method === 0 ? packed : inflated(packed)) {
        bytes += piece.length;
        // A bomb stops at the size it admits to.
        must(bytes <= unpackedBytes, "larger than it says");
        sum = crc32(piece, sum);
        yield piece;
      }
      must(bytes === unpackedBytes, "shorter than it says");
      must(sum === checksum, "checksum");
    },
  };
}

async function* inflated(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({ chunkSize: 65_536 });
  // Whoever reads from `inflate` is told of an error there.
  pipeline(Readable.from(packed), inflate).catch(() => undefined);
  try {
    for await (const piece of inflate) yield piece as Buffer; // no encoding is set
  } catch (error) {
    throw error instanceof ZipError ? error : new ZipError("can't be unpacked");
  } finally {
    inflate.destroy();
  }
}

/** The bytes from `at` on, piece by piece, each in memory of its own. @throws ZipError when the file ends before. */
export async function* piecesOf(file: FileBytes, at: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length; ) {
    const piece = Buffer.allocUnsafe(Math.min(readLimits.chunkBytes, length - done));
    const bytesRead = await file.read(piece, at + done);
    must(bytesRead > 0, "cut off");
    done += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

async function readAt(file: FileBytes, at: number, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of piecesOf(file, at, length)) parts.push(part);
  return Buffer.concat(parts);
}

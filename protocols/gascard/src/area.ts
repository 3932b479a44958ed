import type { Codec } from "./codec.ts";
import { crc16 } from "./crc16.ts";

/** One field of a byte table. `offset` counts from the start of the chip's main memory. */
export interface Field<T> {
  readonly name: string;
  /** The field's word in Chinese practice. */
  readonly zh: string;
  readonly offset: number;
  readonly codec: Codec<T>;
  /** For the published table: unit, range, meaning. */
  readonly note: string;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Bytes that one side writes and one checksum covers. The checksum is the last two bytes: CRC-16/CCITT-FALSE over all
 * bytes of the area before it, high byte first.
 */
export interface Area<F extends AreaFields = AreaFields> extends ByteRange {
  readonly name: string;
  readonly zh: string;
  readonly writer: string;
  /** In the order of their bytes. */
  readonly fields: F;
}

export type AreaFields = Readonly<Record<string, Field<unknown>>>;

export const checksumBytes = 2;

const crcOffset = (area: Area) => area.offset + area.length - checksumBytes;

export const bytesOf = (image: Uint8Array, range: ByteRange): Uint8Array =>
  image.subarray(range.offset, range.offset + range.length);

/** The field's value, or undefined when its bytes are no value of its encoding. */
export function get<T>(image: Uint8Array, field: Field<T>): T | undefined {
  return field.codec.read(image, field.offset);
}

/** Writes the field into the image in place. Throws when the value does not fit. */
export function put<T>(image: Uint8Array, field: Field<T>, value: T): void {
  image.set(field.codec.write(value), field.offset);
}

/** The checksum that the area's bytes call for. */
export function checksumOf(image: Uint8Array, area: Area): number {
  return crc16(image, area.offset, crcOffset(area));
}

/** Does the area carry the checksum of its own bytes? */
export function isSealed(image: Uint8Array, area: Area): boolean {
  const at = crcOffset(area);
  return (((image[at] ?? 0) << 8) | (image[at + 1] ?? 0)) === checksumOf(image, area);
}

/** Writes the area's checksum into the image in place. */
export function seal(image: Uint8Array, area: Area): void {
  const crc = checksumOf(image, area);
  image.set([crc >> 8, crc & 0xff], crcOffset(area));
}

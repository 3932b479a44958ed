/**
 * The encodings of docs/cards, read from the pages for this world. The side that sells has another reading; the two must
 * not share code, or a slip in one would hide in the other.
 */

/** CRC-16/CCITT-FALSE. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The area's bytes when its checksum, the last two of them, is right. */
export function sealed(image: Uint8Array, { from, to }: Range): DataView | null {
  const bytes = image.slice(from, to);
  if (bytes.length !== to - from) return null;
  const view = new DataView(bytes.buffer);
  const body = bytes.subarray(0, -2);
  return view.getUint16(body.length) === crc16(body) ? view : null;
}

/** Puts the checksum over all before it into the last two bytes. */
export function seal(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, -2);
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(body.length, crc16(body));
  return bytes;
}

/** Digits from the left, F nibbles only after the last; null for anything else or none at all. */
export function digits(view: DataView, offset: number, length: number): string | null {
  let text = "";
  for (let index = 0; index < length; index += 1)
    text += view
      .getUint8(offset + index)
      .toString(16)
      .padStart(2, "0");
  return /^([0-9]+)f*$/.exec(text)?.[1] ?? null;
}

/** "YYYY-MM-DD", null for none, undefined for no day of the calendar. */
export function bcdDate(view: DataView, offset: number): string | null | undefined {
  const text = view.getUint32(offset).toString(16).padStart(8, "0");
  if (text === "00000000") return null;
  if (!/^[0-9]{8}$/.test(text)) return undefined;
  const day = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day ? undefined : day;
}

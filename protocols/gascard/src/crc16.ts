/**
 * CRC-16/CCITT-FALSE: polynomial 1021, start value FFFF, neither input nor output reflected, no final XOR.
 * The check value over the ASCII digits "123456789" is 29B1.
 *
 * @param to where the bytes end, itself not among them.
 */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let i = from; i < to; i++) crc = ((crc << 8) & 0xffff) ^ (steps[(crc >> 8) ^ (bytes[i] ?? 0)] ?? 0);
  return crc;
}

/** What the polynomial makes of each byte that leaves the register. */
const steps = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  return crc;
});

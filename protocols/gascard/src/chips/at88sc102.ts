import type { Chip } from "./chip.ts";

/**
 * The AT88SC102: two application zones of 512 bits behind one security code (bytes 10-11).
 *
 * Two editions of its datasheet differ in the tries: eight bits in the counter (1999) or four (2008). So `full` is FF and
 * nothing else, one bit less is one try used, and with half of the bits gone the chip must be taken for locked.
 * Writing only clears bits. After the issuer's fuse a zone goes back to FF as a whole, by its erase key (zone 1: 6
 * bytes, zone 2: 4), and zone 2 perhaps only 128 times. The code, the keys and the counter are no part of an image.
 * Some readers give each byte with its bits reversed; the reader's driver turns them round.
 */
export const at88sc102 = {
  kind: "at88sc102",
  name: "AT88SC102",
  atr: null,
  memoryBytes: 178,
  readable: [
    { offset: 0, length: 10 },
    { offset: 14, length: 72 },
    { offset: 92, length: 64 },
    { offset: 160, length: 18 },
  ],
  firstFreeByte: 22,
  secret: { bytes: 2, counterFull: 0xff, lockedAtBits: 4 },
  write: {
    kind: "zone",
    zones: [
      { name: "fabrication", offset: 0, length: 2, eraseKeyBytes: 0 },
      { name: "issuer", offset: 2, length: 8, eraseKeyBytes: 0 },
      { name: "securityCode", offset: 10, length: 2, eraseKeyBytes: 0 },
      { name: "attempts", offset: 12, length: 2, eraseKeyBytes: 0 },
      { name: "codeProtected", offset: 14, length: 8, eraseKeyBytes: 0 },
      { name: "application1", offset: 22, length: 64, eraseKeyBytes: 6 },
      { name: "eraseKey1", offset: 86, length: 6, eraseKeyBytes: 0 },
      { name: "application2", offset: 92, length: 64, eraseKeyBytes: 4 },
      { name: "eraseKey2", offset: 156, length: 4, eraseKeyBytes: 0 },
      { name: "erasesOf2", offset: 160, length: 16, eraseKeyBytes: 0 },
      { name: "memoryTest", offset: 176, length: 2, eraseKeyBytes: 0 },
    ],
  },
  steps: ["select", "read", "counter", "present", "write", "erase"],
} as const satisfies Chip;

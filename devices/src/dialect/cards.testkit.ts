/**
 * Readers of each family with a card in them, for tests: the sandbox's chips (which behave as their datasheets say) behind
 * firmware read from the makers' tables for itself. A reader is a function from a command to its answer.
 */
import { type AnyChip, At24c, At88sc102, blankChip, Sle4428, Sle4442, writeWhole } from "@citygas/sandbox";
import type { MemoryChip } from "./memoryCardDialect.ts";

export type VirtualCard = (command: Uint8Array) => Uint8Array;

/** A chip as any reader's firmware sees it. */
export interface ChipInReader {
  readonly kind: MemoryChip;
  powerOff(): void;
  read(address: number, length: number): Uint8Array;
  write(address: number, data: Uint8Array): void;
  counter(): number;
  present(secret: Uint8Array): boolean;
  changeSecret(secret: Uint8Array): void;
  erase(offset: number, key: Uint8Array): void;
}

const nothing = {
  powerOff: () => undefined,
  counter: () => 0,
  present: () => false,
  changeSecret: () => undefined,
  erase: () => undefined,
};

/** The reader's firmware sends byte after byte, each in the chip's own cycles. */
const written =
  (chip: AnyChip): ChipInReader["write"] =>
  (address, data) =>
    void writeWhole(chip, address, data, null);

export function chipInReader(kind: MemoryChip): ChipInReader {
  switch (kind) {
    case "sle4442": {
      const chip = new Sle4442(blankChip("a1b2c3"));
      return {
        ...nothing,
        kind,
        powerOff: () => chip.powerOff(),
        read: (address, length) => chip.read(address, length),
        write: written(chip),
        counter: () => chip.errorCounter,
        present: (secret) => {
          if (!chip.payAttempt()) return false;
          for (const [i, value] of secret.entries()) chip.compare(i, value);
          return chip.eraseErrorCounter();
        },
        changeSecret: (secret) => void chip.changeSecret(secret),
      };
    }
    case "sle4428": {
      const chip = new Sle4428([0xa1, 0xb2]);
      return {
        ...nothing,
        kind,
        powerOff: () => chip.powerOff(),
        read: (address, length) => chip.read(address, length),
        write: written(chip),
        counter: () => chip.errorCounter,
        present: (secret) => chip.present(secret),
      };
    }
    case "at24c01":
    case "at24c02":
    case "at24c16": {
      const chip = new At24c(kind);
      return {
        ...nothing,
        kind,
        read: (address, length) => chip.read(address, length),
        write: written(chip),
      };
    }
    case "at88sc102": {
      const chip = new At88sc102({ code: [0xa1, 0xb2], zone1: [1, 2, 3, 4, 5, 6], zone2: [7, 8, 9, 10] });
      return {
        ...nothing,
        kind,
        powerOff: () => chip.powerOff(),
        read: (address, length) => chip.read(address, length),
        write: written(chip),
        counter: () => chip.attempts,
        present: (secret) => chip.present(secret),
        erase: (offset, key) => void chip.erase(offset, key),
      };
    }
  }
}

const sw = (status: number): number[] => [status >> 8, status & 0xff];
const answer = (data: Iterable<number>, status = 0x9000): Uint8Array => Uint8Array.of(...data, ...sw(status));
const acsTypes: Readonly<Record<MemoryChip, number>> = {
  at24c01: 1,
  at24c02: 1,
  at24c16: 1,
  sle4428: 5,
  sle4442: 6,
  at88sc102: 9,
};

/**
 * `protection`: adds the four bytes that some firmware adds to a read of the SLE4442. `reversed`: gives and takes each byte
 * of an AT88SC102 with its last bit first.
 */
export function acsReader(chip: ChipInReader, { protection = false, reversed = false } = {}): VirtualCard {
  let selected = false;
  const turned = (bytes: Iterable<number>): Uint8Array =>
    Uint8Array.from(bytes, (byte) => (reversed && chip.kind === "at88sc102" ? turnedByte(byte) : byte));
  return ([cla, ins, p1 = 0, p2 = 0, p3 = 0, ...data]) => {
    if (cla !== 0xff) return answer([], 0x6e00);
    if (ins === 0xa4) {
      if (data[0] !== acsTypes[chip.kind]) return answer([], 0x6d00);
      chip.powerOff();
      selected = true;
      return answer([]);
    }
    if (!selected) return answer([], 0x6985);
    const address = (p1 << 8) | p2;
    const secret = turned(data);
    switch (ins) {
      case 0x01:
        return answer([]);
      case 0xb0:
        return answer([
          ...turned(chip.read(address, p3)),
          ...(protection && chip.kind === "sle4442" ? [0xf0, 0xff, 0xff, 0xff] : []),
        ]);
      case 0xb1:
        return answer([chip.counter(), ...new Array<number>(p3 - 1).fill(0)]);
      case 0xd0:
        chip.write(address, secret);
        return answer([]);
      case 0xd2:
        chip.changeSecret(secret);
        return answer([]);
      case 0x20:
        if (chip.kind !== "at88sc102") {
          chip.present(secret);
          return answer([], 0x9000 | chip.counter());
        }
        if (p2 === 0x0a) {
          const none = (chip.counter() & 0xf0) === 0;
          chip.present(secret);
          return answer([], none ? 0x6300 : 0x9000);
        }
        chip.erase(p2 === 0x56 ? 22 : 92, secret);
        return answer([]);
      default:
        return answer([], 0x6d00);
    }
  };
}

/** Bit by bit, as a table of 256 would have it. */
function turnedByte(byte: number): number {
  return Number.parseInt([...byte.toString(2).padStart(8, "0")].reverse().join(""), 2);
}

/** The 2017 firmware of PLT-03099. */
export function omnikeyReader(chip: ChipInReader): VirtualCard {
  let open: Uint8Array | null = null;
  const triesLeft = (): number => chip.counter().toString(2).replaceAll("0", "").length;
  const verified = (secret: Uint8Array): Uint8Array => {
    if (triesLeft() === 0) return answer([], 0x6983);
    if (chip.present(secret)) {
      open = secret;
      return answer([]);
    }
    return answer([], triesLeft() === 0 ? 0x6983 : 0x63c0 | triesLeft());
  };
  return ([cla, ins, p1 = 0, p2 = 0, p3 = 0, ...data]) => {
    if (cla !== 0xff) return answer([], 0x6e00);
    const address = (p1 << 8) | p2;
    switch (ins) {
      case 0xa4:
        chip.powerOff();
        open = null;
        return answer([]);
      case 0xb0:
        return answer(chip.read(address, p3));
      case 0xd6: {
        if (open === null) return answer([], 0x6982);
        chip.write(address, Uint8Array.from(data));
        const same = chip.read(address, data.length).every((byte, i) => byte === data[i]);
        return answer([], same ? 0x9000 : 0x6581);
      }
      case 0x20:
        return verified(Uint8Array.from(data));
      case 0x21: {
        const half = data.length / 2;
        const checked = verified(Uint8Array.from(data.slice(0, half)));
        if (checked.length !== 2 || checked[0] !== 0x90) return checked;
        const next = Uint8Array.from(data.slice(half));
        if (chip.kind === "sle4428") chip.write(1022, next);
        else chip.changeSecret(next);
        return answer([]);
      }
      case 0x70:
        return data[4] === 0x31 && chip.kind === "sle4442"
          ? answer([0xbd, 0x03, 0xa0, 0x01, chip.counter()])
          : answer([0x9e, 0x02, 0x01, 0x03]);
      default:
        return answer([], 0x6d00);
    }
  };
}

export function pcsc3Reader(chip: ChipInReader): VirtualCard {
  return ([cla, ins, p1 = 0, p2 = 0, p3 = 0, ...data]) => {
    if (cla !== 0xff) return answer([], 0x6e00);
    if (ins === 0xb0) return answer(chip.read((p1 << 8) | p2, p3));
    if (ins !== 0xd6) return answer([], 0x6d00);
    chip.write((p1 << 8) | p2, Uint8Array.from(data));
    return answer([]);
  };
}

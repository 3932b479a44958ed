import type { At24c } from "../chip/at24c.ts";
import type { At88sc102 } from "../chip/at88sc102.ts";
import type { Sle4428 } from "../chip/sle4428.ts";
import { MAIN_MEMORY_BYTES, SECRET_BYTES, type Sle4442 } from "../chip/sle4442.ts";
import { type AcsCommand, type AcsContext, asks, executeAcs, is, OK, ok } from "./acs-memory.ts";

/**
 * The firmware of the virtual reader: the ACS pseudo-APDUs of docs/devices.md, turned into each chip's own commands.
 * Locking a byte and blowing a fuse are not in it.
 */
export type AcsChip = Sle4442 | Sle4428 | At24c | At88sc102;

export async function executeApdu(apdu: Uint8Array, context: AcsContext<AcsChip>): Promise<Uint8Array> {
  const { chip } = context;
  switch (chip.kind) {
    case "sle4442":
      return await executeAcs(apdu, { ...context, chip }, { type: 0x06, memoryBytes: MAIN_MEMORY_BYTES }, (command) =>
        sle4442Command(command, chip, context.chipChanged),
      );
    case "sle4428":
      return await executeAcs(apdu, { ...context, chip }, { type: 0x05, memoryBytes: 1_024 }, (command) =>
        sle4428Command(command, chip, context.chipChanged),
      );
    case "at24c01":
    case "at24c02":
    case "at24c16":
      return await executeAcs(
        apdu,
        { ...context, chip },
        { type: 0x01, memoryBytes: chip.image().length },
        (command) =>
          // Another page size than the chip's would let a write run over a page's end; this reader refuses it.
          is(command, 0x01, 0, 0, 1) && command.data[0] === PAGE_CODES[chip.kind] ? OK : null,
      );
    case "at88sc102":
      return await executeAcs(apdu, { ...context, chip }, { type: 0x09, memoryBytes: chip.image().length }, (command) =>
        at88sc102Command(command, chip, context.chipChanged),
      );
  }
}

const PAGE_CODES = { at24c01: 0x03, at24c02: 0x03, at24c16: 0x04 } as const;

function sle4442Command(command: AcsCommand, chip: Sle4442, changed: () => void): Uint8Array | null {
  if (asks(command, 0xb1, 4)) return ok([chip.errorCounter, 0, 0, 0]);
  if (asks(command, 0xb2, 4)) return ok(chip.readProtection());
  if (is(command, 0x20, 0, 0, SECRET_BYTES)) {
    if (chip.payAttempt()) {
      for (const [index, value] of command.data.entries()) chip.compare(index, value);
      chip.eraseErrorCounter();
      changed();
    }
    return Uint8Array.of(0x90, chip.errorCounter);
  }
  if (is(command, 0xd2, 0, 1, SECRET_BYTES)) {
    if (chip.changeSecret(command.data)) changed();
    return OK;
  }
  return null;
}

/** A new code has no command: it is written where it stands. */
function sle4428Command(command: AcsCommand, chip: Sle4428, changed: () => void): Uint8Array | null {
  if (asks(command, 0xb1, 3)) return ok([chip.errorCounter, 0, 0]);
  if (!is(command, 0x20, 0, 0, 2)) return null;
  chip.present(command.data);
  changed();
  return Uint8Array.of(0x90, chip.errorCounter);
}

const ATTEMPTS_MASK = 0xf0;
const NO_TRY_LEFT = Uint8Array.of(0x63, 0x00);

/** A wrong code and a wrong erase key are answered `90 00` too; the chip's second zone is erased on its counter. */
function at88sc102Command(command: AcsCommand, chip: At88sc102, changed: () => void): Uint8Array | null {
  if (is(command, 0x20, 0x08, 0x0a, 2)) {
    if ((chip.attempts & ATTEMPTS_MASK) === 0) return NO_TRY_LEFT;
    chip.present(command.data);
    changed();
    return OK;
  }
  const zone = is(command, 0x20, 0x00, 0x56, 6) ? 22 : is(command, 0x20, 0x80, 0x9c, 4) ? 92 : null;
  if (zone === null) return is(command, 0x20, 0x00, 0x9c, 4) ? OK : null;
  if (chip.erase(zone, command.data)) changed();
  return OK;
}

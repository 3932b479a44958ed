import { MAIN_MEMORY_BYTES, SECRET_BYTES, type Sle4442 } from "../chip/sle4442.ts";

/**
 * The firmware of the virtual reader: ACS pseudo-APDUs for the SLE4442 (docs/devices.md), turned into the chip's
 * own commands.
 */
export interface AcsContext {
  chip: Sle4442;
  selected: boolean;
  select(): void;
  /** The error counter or the code has changed. */
  counterChanged(): void;
  write(address: number, data: Uint8Array): Promise<void>;
}

const OK = Uint8Array.of(0x90, 0x00);
const UNKNOWN = Uint8Array.of(0x6d, 0x00);
const NOT_SELECTED = Uint8Array.of(0x69, 0x85);
const OUT_OF_RANGE = Uint8Array.of(0x6b, 0x00);
const CARD_TYPE_SLE4442 = 0x06;

function ok(data: Uint8Array): Uint8Array {
  return Uint8Array.of(...data, ...OK);
}

function presentSecret({ chip, counterChanged }: AcsContext, secret: Uint8Array): Uint8Array {
  if (chip.payAttempt()) {
    for (const [index, value] of secret.entries()) chip.compare(index, value);
    chip.eraseErrorCounter();
    counterChanged();
  }
  return Uint8Array.of(0x90, chip.errorCounter);
}

async function execute(apdu: Uint8Array, context: AcsContext): Promise<Uint8Array> {
  const [, ins = -1, p1 = -1, p2 = -1, p3 = -1] = apdu;
  const { chip } = context;
  const data = apdu.subarray(5);
  if (ins === 0xb0 && p1 === 0 && apdu.length === 5) {
    const length = p3 === 0 ? MAIN_MEMORY_BYTES : p3;
    return p2 + length > MAIN_MEMORY_BYTES ? OUT_OF_RANGE : ok(chip.read(p2, length));
  }
  if (ins === 0xb1 && p1 === 0 && p2 === 0 && p3 === 4) return ok(Uint8Array.of(chip.errorCounter, 0, 0, 0));
  if (ins === 0xb2 && p1 === 0 && p2 === 0 && p3 === 4) return ok(chip.readProtection());
  if (ins === 0xd0 && p1 === 0 && p3 > 0 && data.length === p3) {
    if (p2 + p3 > MAIN_MEMORY_BYTES) return OUT_OF_RANGE;
    await context.write(p2, data);
    return OK;
  }
  if (ins === 0x20 && p1 === 0 && p2 === 0 && p3 === SECRET_BYTES && data.length === SECRET_BYTES) {
    return presentSecret(context, data);
  }
  if (ins === 0xd2 && p1 === 0 && p2 === 1 && p3 === SECRET_BYTES && data.length === SECRET_BYTES) {
    if (chip.changeSecret(data)) context.counterChanged();
    return OK;
  }
  return UNKNOWN;
}

/** Carries out one pseudo-APDU and answers with data and status word. */
export async function executeApdu(apdu: Uint8Array, context: AcsContext): Promise<Uint8Array> {
  if (apdu[0] !== 0xff || apdu.length < 5) return UNKNOWN;
  if (apdu[1] === 0xa4) {
    if (apdu.length !== 6 || apdu[4] !== 1 || apdu[5] !== CARD_TYPE_SLE4442) return UNKNOWN;
    // Selecting powers the card down and up: the code must be given again.
    context.chip.powerOff();
    context.select();
    return OK;
  }
  return context.selected ? execute(apdu, context) : NOT_SELECTED;
}

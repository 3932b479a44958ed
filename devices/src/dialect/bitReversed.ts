/**
 * Readers that give and take each byte of a chip with its last bit first. Everything that crosses the wire is turned round,
 * the code and the erase keys too, so that a script, a layout and the books see the chip as its datasheet counts it.
 */
import { type Conversation, ok } from "./conversation.ts";
import type { ChipDialect } from "./memoryCardDialect.ts";

/** The same bits, last one first. */
export function reversedByte(byte: number): number {
  let all = 0;
  for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) all |= 0x80 >> bit;
  return all;
}
const reversed = (bytes: Uint8Array): Uint8Array => bytes.map(reversedByte);

function* answered<T>(conversation: Conversation<T>, turn: (value: T) => T): Conversation<T> {
  const result = yield* conversation;
  return result.ok ? ok(turn(result.value)) : result;
}

/** `chip`: whose counter and whose "erased" look alike both ways round (all ones). */
export function bitReversed(chip: ChipDialect): ChipDialect {
  const { select, counter, present, erase } = chip;
  return {
    select,
    read: (offset, length) => answered(chip.read(offset, length), reversed),
    write: (offset, data) => chip.write(offset, reversed(data)),
    ...(counter === undefined ? {} : { counter: () => answered(counter(), reversedByte) }),
    ...(present === undefined
      ? {}
      : { present: (secret: Uint8Array) => answered(present(reversed(secret)), reversedByte) }),
    ...(erase === undefined ? {} : { erase: (offset: number, key: Uint8Array) => erase(offset, reversed(key)) }),
  };
}

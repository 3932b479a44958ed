/** The commands of a card reader that takes APDUs, in the dialect of its maker: shared by every transport. */
import { acsAnswers, acsCommands } from "./acsDialect.ts";
import type { CardReader, ReaderResult } from "./card-reader.ts";

/** One command APDU to the card of this power-up, and its response with status word. */
export type Transmit = (powerUpId: string, apdu: Uint8Array) => Promise<ReaderResult<Uint8Array>>;

export type CardCommands = Pick<CardReader, "select" | "read" | "counter" | "present" | "write">;

export function acsCardCommands(transmit: Transmit): CardCommands {
  const exchange = async <T>(
    powerUpId: string,
    apdu: Uint8Array,
    decode: (response: Uint8Array) => ReaderResult<T>,
  ): Promise<ReaderResult<T>> => {
    const response = await transmit(powerUpId, apdu);
    return response.ok ? decode(response.value) : response;
  };
  return {
    // Other chips need commands that this dialect does not speak yet: nothing is sent to a card that was not asked for.
    select: async (powerUpId, chip) =>
      chip === "sle4442"
        ? await exchange(powerUpId, acsCommands.select(), acsAnswers.done)
        : { ok: false, reason: "readerFault" },
    read: (powerUpId, offset, length) =>
      exchange(powerUpId, acsCommands.read(offset, length), (response) => acsAnswers.read(response, length)),
    counter: (powerUpId) => exchange(powerUpId, acsCommands.counter(), acsAnswers.counter),
    present: (powerUpId, secret) => exchange(powerUpId, acsCommands.present(secret), acsAnswers.present),
    write: (powerUpId, offset, data) => exchange(powerUpId, acsCommands.write(offset, data), acsAnswers.done),
  };
}

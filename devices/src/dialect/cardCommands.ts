/** The commands of a card reader, said in the dialect of its family: shared by every transport. */
import type { CardReader, ReaderChip, ReaderFailure, ReaderResult } from "../card-reader.ts";
import { type Conversation, converse, failed, fault, ok } from "./conversation.ts";
import { cpuExchange } from "./cpu.ts";
import type { ChipDialect, MemoryCardDialect } from "./memoryCardDialect.ts";

export interface CardTransport {
  /** Why nothing can go to the card of this power-up; null: it can. */
  unable(powerUpId: string): ReaderFailure | null;
  /** One command to the card of this power-up, and its answer with status word. */
  transmit(powerUpId: string, command: Uint8Array): Promise<ReaderResult<Uint8Array>>;
  /** The same for one APDU to a CPU card, where the line says that in another way. */
  toCpuCard?(powerUpId: string, apdu: Uint8Array): Promise<ReaderResult<Uint8Array>>;
  /** Takes the power off the chip and gives it back. Left out: the reader's own commands do it, or nothing can. */
  powerUp?(powerUpId: string): Promise<ReaderResult<null>>;
}

export type CardCommands = Required<
  Pick<CardReader, "select" | "read" | "counter" | "present" | "write" | "rekey" | "erase" | "transmit">
>;

/** What a power-up was told to be. The secret that is open is kept for dialects that want it again to change it. */
interface Selected {
  powerUpId: string;
  chip: ReaderChip;
  presented: Uint8Array | null;
}

/** `dialect`: asked at each command, since a reader is known only once it is there. */
export function cardCommands(transport: CardTransport, dialect: () => MemoryCardDialect): CardCommands {
  let selected: Selected | null = null;

  const hold = <T>(powerUpId: string, conversation: Conversation<T>): Promise<ReaderResult<T>> =>
    converse(conversation, (command) => transport.transmit(powerUpId, command));

  /** Runs what the selected chip's dialect has for it; a chip not selected, or one without it, gets nothing sent. */
  const on = async <T>(
    powerUpId: string,
    operation: (chip: ChipDialect, selected: Selected) => Conversation<T> | undefined,
  ): Promise<ReaderResult<T>> => {
    const unable = transport.unable(powerUpId);
    if (unable !== null) return failed(unable);
    if (selected?.powerUpId !== powerUpId || selected.chip === "cpu") return fault;
    const chip = dialect().chips[selected.chip];
    const conversation = chip === undefined ? undefined : operation(chip, selected);
    return conversation === undefined ? fault : await hold(powerUpId, conversation);
  };

  const powerUp = async (powerUpId: string): Promise<ReaderResult<null>> =>
    transport.powerUp === undefined ? ok(null) : await transport.powerUp(powerUpId);

  return {
    select: async (powerUpId, chip) => {
      const unable = transport.unable(powerUpId);
      if (unable !== null) return failed(unable);
      selected = null;
      const commands = chip === "cpu" ? null : dialect().chips[chip];
      if (commands === undefined) return fault;
      const select = commands?.select ?? null;
      const done = select === null ? await powerUp(powerUpId) : await hold(powerUpId, select());
      if (done.ok) selected = { powerUpId, chip, presented: null };
      return done;
    },
    read: (powerUpId, offset, length) => on(powerUpId, (chip) => chip.read(offset, length)),
    counter: (powerUpId) => on(powerUpId, (chip) => chip.counter?.()),
    present: async (powerUpId, secret) => {
      const left = await on(powerUpId, (chip) => chip.present?.(secret));
      if (left.ok && selected?.powerUpId === powerUpId) selected.presented = Uint8Array.from(secret);
      return left;
    },
    write: (powerUpId, offset, data) => on(powerUpId, (chip) => chip.write(offset, data)),
    rekey: async (powerUpId, secret) => {
      const left = await on(powerUpId, (chip, { presented }) =>
        presented === null ? undefined : chip.rekey?.(presented, secret),
      );
      if (left.ok && selected?.powerUpId === powerUpId) selected.presented = Uint8Array.from(secret);
      return left;
    },
    erase: (powerUpId, offset, key) => on(powerUpId, (chip) => chip.erase?.(offset, key)),
    transmit: async (powerUpId, apdu) => {
      const unable = transport.unable(powerUpId);
      if (unable !== null) return failed(unable);
      if (selected?.powerUpId !== powerUpId || selected.chip !== "cpu") return fault;
      const toCpuCard = transport.toCpuCard ?? transport.transmit;
      return await converse(cpuExchange(apdu), (command) => toCpuCard(powerUpId, command));
    },
  };
}

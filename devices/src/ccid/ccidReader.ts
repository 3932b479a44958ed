/**
 * A card reader that speaks CCID over a line of bytes: a dongle's write and notify characteristics, a socket, a serial port.
 * What the messages are is protocols/ccid's; this is who waits for what, and for how long. No Node import: phones use it too.
 *
 * - One command at a time. A reply counts only with the number of the command under way; every other one is late and is
 *   dropped. A time extension starts the wait again, up to `longestWaitMs` in all.
 * - A reader that stays silent, or a stream out of step, ends the connection: nothing late may be taken for an answer.
 * - A power-up is over when the reader says that the card went or changed, when it lost power, or when it did not answer.
 *   What is still in the slot is then powered up anew, as a new power-up: a script can't go on over the gap.
 */
import {
  answers,
  type Command,
  type CommandBody,
  decodeReply,
  type Exchange,
  encodeCommand,
  isOfCard,
  type Outcome,
  powerCycle,
  powerOn,
  type ReaderMessage,
  type Reply,
  reassembler,
  shortBlockBytes,
  slotStatus,
  transmit as transmitExchange,
} from "@citygas/ccid";
import type { CardReader, ReaderEvent, ReaderFailure, ReaderResult } from "../card-reader.ts";
import { acs } from "../dialect/acs.ts";
import { cardCommands } from "../dialect/cardCommands.ts";
import { failed, fault, ok } from "../dialect/conversation.ts";
import type { MemoryCardDialect } from "../dialect/memoryCardDialect.ts";
import type { Line, LineListener } from "../lines/line.ts";
import { listeners } from "../listeners.ts";

/** A line whose writes may take a while. Cutting to what one write takes, and writing one at a time, is its own. */
export interface CcidLink extends Omit<Line, "send"> {
  send(bytes: Uint8Array): boolean | Promise<boolean>;
}

export interface CcidReaderOptions {
  /** Names power-ups; never twice the same. */
  newId: () => string;
  slot?: number;
  /** Slots of the reader in all. */
  slots?: number;
  dialect?: MemoryCardDialect;
  /** Longest wait for one reply, or for the next time extension (ms). */
  commandTimeoutMs?: number;
  /** Longest wait for one reply with all its time extensions (ms). */
  longestWaitMs?: number;
  /** How often the slot is asked for by readers that don't tell by themselves (ms); null: they do. */
  pollMs?: number | null;
  /** Most data of one message that the reader takes. */
  blockBytes?: number;
}

type Done<T> = Outcome<T> | { ok: false; error: "silent"; icc: null };
interface Inserted {
  powerUpId: string;
  /** null: it does not answer its reset. */
  atr: string | null;
}

/** The port is used one command at a time; more than a few at once is a mistake of the caller's. */
const maxWaiting = 8;

export function ccidReader(open: (listener: LineListener) => CcidLink, options: CcidReaderOptions): CardReader {
  const { newId, slot = 0, slots = 1, dialect = acs, blockBytes = shortBlockBytes, pollMs = 1_000 } = options;
  const { commandTimeoutMs = 5_000, longestWaitMs = 60_000 } = options;
  const events = listeners<ReaderEvent>();
  const incoming = reassembler("reader", { slots });
  let closed = false;
  let ready = false;
  let inserted: Inserted | null = null;
  let pending: { command: Command; settle: (reply: Reply | null) => void; extend: () => void } | null = null;
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let lastSeq = 0;
  let poll: ReturnType<typeof setTimeout> | null = null;
  /** Grows with each connection: what was begun on an older one counts for nothing. */
  let connection = 0;

  const takeOut = (): void => {
    if (inserted === null) return;
    const { powerUpId } = inserted;
    inserted = null;
    events.emit({ type: "removed", powerUpId });
  };
  const putIn = (atr: string | null): void => {
    inserted = { powerUpId: newId(), atr };
    events.emit(presence(inserted));
  };

  /** One message out, and its reply; null: none came, or the line went down. */
  const ask = (body: CommandBody): Promise<Reply | null> =>
    new Promise((resolve) => {
      lastSeq = (lastSeq + 1) & 0xff;
      const command: Command = { ...body, slot, seq: lastSeq };
      const silent = (): void => {
        settle(null);
        link.reset();
      };
      let timer = setTimeout(silent, commandTimeoutMs);
      const whole = setTimeout(silent, longestWaitMs);
      const settle = (reply: Reply | null): void => {
        clearTimeout(timer);
        clearTimeout(whole);
        if (pending === mine) pending = null;
        resolve(reply);
      };
      const mine = {
        command,
        settle,
        extend: () => {
          clearTimeout(timer);
          timer = setTimeout(silent, commandTimeoutMs);
        },
      };
      pending = mine;
      Promise.resolve(link.send(encodeCommand(command))).then(
        (sent) => {
          if (!sent && pending === mine) settle(null);
        },
        () => settle(null),
      );
    });

  const perform = async <T>(exchange: Exchange<T>): Promise<Done<T>> => {
    let step = exchange.next();
    while (step.done !== true) {
      const reply = await ask(step.value);
      if (reply === null) return { ok: false, error: "silent", icc: null };
      step = exchange.next(reply);
    }
    return step.value;
  };

  /** In its turn, and only while `still` says so then; null: it was not begun. */
  const inTurn = <T>(still: () => boolean, exchange: () => Exchange<T>): Promise<Done<T> | null> => {
    if (waiting >= maxWaiting) return Promise.resolve(null);
    waiting += 1;
    const mine = turn.then(async () => {
      try {
        return still() ? await perform(exchange()) : null;
      } finally {
        waiting -= 1;
      }
    });
    turn = mine.catch(() => undefined);
    return mine;
  };

  /** What is in the slot now? Powers up what was not there before. */
  const look = async (): Promise<void> => {
    const mine = connection;
    const isMine = (): boolean => !closed && mine === connection;
    const status = await inTurn(isMine, slotStatus);
    if (!isMine() || status === null) return;
    if (status.icc === null) return;
    if (!ready) {
      ready = true;
      events.emit({ type: "ready" });
    }
    if (status.icc === "absent") return takeOut();
    if (inserted !== null && inserted.atr !== null && status.icc === "inactive") takeOut();
    if (inserted !== null) return;
    const powered = await inTurn(
      () => isMine() && inserted === null,
      () => powerOn(),
    );
    if (!isMine() || inserted !== null || powered === null || powered.icc === null) return;
    if (powered.ok) putIn(hexOf(powered.value));
    else if (powered.icc !== "absent" && powered.error !== "reply" && isOfCard(powered.error)) putIn(null);
  };
  const lookAgain = (): void => {
    if (poll !== null) clearTimeout(poll);
    poll = null;
    if (closed) return;
    void look().finally(() => {
      if (!closed && ready && pollMs !== null && poll === null) poll = setTimeout(lookAgain, pollMs);
    });
  };

  const heard = (message: ReaderMessage): void => {
    if (message.type !== "notifySlotChange") {
      if (pending === null || !answers(message, pending.command)) return;
      if (message.status.command === "wait") pending.extend();
      else pending.settle(message);
      return;
    }
    const ours = message.slots[slot];
    if (ours === undefined) return;
    if (!ours.present || ours.changed) takeOut();
    if (ours.present) lookAgain();
  };
  const link = open({
    up: () => {
      connection += 1;
      incoming.reset();
      lookAgain();
    },
    down: () => {
      connection += 1;
      if (poll !== null) clearTimeout(poll);
      poll = null;
      pending?.settle(null);
      takeOut();
      if (!ready) return;
      ready = false;
      events.emit({ type: "fault" });
    },
    bytes: (chunk) => {
      for (const bytes of incoming.push(chunk)) {
        const message = decodeReply(bytes);
        // Of a known kind and yet no message: not this protocol.
        if (message === null) return link.reset();
        heard(message);
      }
      if (incoming.broken) link.reset();
    },
  });

  const unable = (powerUpId: string): ReaderFailure | null => {
    if (inserted === null) return "removed";
    if (inserted.powerUpId !== powerUpId) return "stale";
    return inserted.atr === null ? "readerFault" : null;
  };
  /** Does it with the card of this power-up; what the card itself failed at ends the power-up. */
  const withCard = async <T>(powerUpId: string, exchange: () => Exchange<T>): Promise<ReaderResult<T>> => {
    const before = unable(powerUpId);
    if (before !== null) return failed(before);
    const done = await inTurn(() => unable(powerUpId) === null, exchange);
    if (done === null) return failed(unable(powerUpId) ?? "readerFault");
    if (done.ok) return ok(done.value);
    if (done.error === "silent" || done.error === "reply") return fault;
    const isCard = done.icc === "absent" || isOfCard(done.error);
    if (!isCard) return fault;
    if (inserted?.powerUpId === powerUpId) {
      takeOut();
      lookAgain();
    }
    return failed("removed");
  };
  const transmit = async (powerUpId: string, apdu: Uint8Array): Promise<ReaderResult<Uint8Array>> => {
    const answer = await withCard(powerUpId, () => transmitExchange(apdu, blockBytes));
    if (!answer.ok || answer.value.length >= 2) return answer;
    if (inserted?.powerUpId === powerUpId) {
      takeOut();
      lookAgain();
    }
    return failed("removed");
  };
  const powerUp = async (powerUpId: string): Promise<ReaderResult<null>> => {
    const on = await withCard(powerUpId, () => powerCycle());
    return on.ok ? ok(null) : on;
  };

  return {
    ...cardCommands({ unable, transmit, powerUp }, () => dialect),
    subscribe: (listener) => {
      listener({ type: ready ? "ready" : "fault" });
      if (inserted !== null) listener(presence(inserted));
      return events.add(listener);
    },
    close: async () => {
      closed = true;
      if (poll !== null) clearTimeout(poll);
      pending?.settle(null);
      await link.close();
    },
  };
}

function presence({ powerUpId, atr }: Inserted): ReaderEvent {
  return atr === null ? { type: "mute", powerUpId } : { type: "inserted", powerUpId, atr };
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

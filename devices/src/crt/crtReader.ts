/**
 * A motorised card reader at the end of a line (serial port by path, or TCP): draws the card in, holds it, and gives it back
 * only when it is told to.
 *
 * A power-up is one card inside: a card at the gate is none yet. Giving a card back is refused while something written was
 * not read back (`hold.ts`), because a card that leaves in between is one that nobody can judge; `giveBack` says to do it
 * nevertheless, when the script is over. The reader's own setting must be "keep the card when the power fails": many eject
 * it then, in the middle of a write.
 */
import type { CardReader, ReaderChip, ReaderEvent, ReaderFailure, ReaderResult } from "../card-reader.ts";
import { cardCommands } from "../dialect/cardCommands.ts";
import { failed, fault, ok } from "../dialect/conversation.ts";
import type { OpenLine } from "../lines/line.ts";
import { listeners } from "../listeners.ts";
import { atrOf, chipOf, crt, crtDialect, positionOf } from "./crtCommands.ts";
import type { CrtError, CrtReply } from "./crtFrames.ts";
import { type CrtTimes, crtLine } from "./crtLine.ts";
import { hold } from "./hold.ts";

export interface CrtReaderOptions extends Partial<CrtTimes> {
  /** Names power-ups; never twice the same. */
  newId: () => string;
  /** How often the reader is asked where its card is (ms). */
  pollMs?: number;
  /** What keeps the reader out of service, for the log. */
  onProblem?: (problem: string) => void;
}

interface Inside {
  powerUpId: string;
  chip: ReaderChip | null;
  /** null: it does not answer, or is nothing that is sold on. */
  atr: string | null;
  protocol: "T=0" | "T=1";
}

/** For the log, of a reader that is at the line but says nothing that can be used. */
const unanswered = {
  f2: "the card reader speaks frames that begin with F2 (as CRT-288, CRT-571 and CRT-591 do): they are not driven",
  silence: "the card reader gives no reply that could be trusted to a frame that begins with 02",
} as const;

/** Errors that only a person at the reader can mend. */
const mechanical: readonly CrtError[] = ["jam", "shutter", "noContact"];

export function crtReader(open: OpenLine, options: CrtReaderOptions): CardReader {
  const { newId, pollMs = 300, ackTimeoutMs = 1_000, replyTimeoutMs = 10_000, onProblem = () => undefined } = options;
  const events = listeners<ReaderEvent>();
  const held = hold();
  let closed = false;
  let ready = false;
  let inside: Inside | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  /** Grows with each connection: what was begun on an older one counts for nothing. */
  let connection = 0;
  /** What was said last of a reader that does not come into service: it is not said again at each try. */
  let lastProblem = "";

  const takeOut = (): void => {
    if (inside === null) return;
    const { powerUpId } = inside;
    inside = null;
    held.clear();
    events.emit({ type: "removed", powerUpId });
  };
  const putIn = (found: Omit<Inside, "powerUpId">): void => {
    inside = { powerUpId: newId(), ...found };
    held.clear();
    events.emit(presence(inside));
  };
  const tell = (problem: string): void => {
    if (problem !== lastProblem) onProblem(problem);
    lastProblem = problem;
  };
  const setReady = (now: boolean, problem = ""): void => {
    if (ready === now) return;
    ready = now;
    if (now) lastProblem = "";
    else tell(problem);
    events.emit({ type: now ? "ready" : "fault" });
  };

  const line = crtLine(
    open,
    { ackTimeoutMs, replyTimeoutMs },
    {
      up: () => {
        connection += 1;
        later(begin, 0);
      },
      down: () => {
        connection += 1;
        stop();
        takeOut();
        // A line that was dropped for its silence has said why.
        setReady(false, lastProblem === "" ? "the line to the card reader is down" : lastProblem);
      },
      unanswered: (why) => tell(unanswered[why]),
    },
  );
  const stop = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const later = (what: () => Promise<void>, afterMs: number): void => {
    stop();
    if (closed) return;
    timer = setTimeout(() => {
      timer = null;
      void what();
    }, afterMs);
  };
  /** Says what the reader was told by an answer about itself; the answer's data, or null. */
  const mechanics = (reply: CrtReply | null): Uint8Array | null => {
    if (reply === null) return null;
    if (reply.ok) return reply.data;
    if (mechanical.includes(reply.error)) {
      takeOut();
      setReady(false, `the card reader says: ${reply.error}`);
    }
    return null;
  };

  const begin = async (): Promise<void> => {
    const mine = connection;
    const isMine = (): boolean => !closed && mine === connection;
    const initialised = mechanics(await line.command(crt.initialise, isMine));
    const permitted = initialised === null ? null : mechanics(await line.command(crt.permitInsertion, isMine));
    if (!isMine()) return;
    if (permitted === null) return later(begin, pollMs);
    await look();
  };
  const look = async (): Promise<void> => {
    const mine = connection;
    const isMine = (): boolean => !closed && mine === connection;
    const data = mechanics(await line.command(crt.status, isMine));
    if (!isMine()) return;
    const position = data === null ? null : positionOf(data);
    if (position === null) return later(begin, pollMs);
    setReady(true);
    if (position !== "inside") takeOut();
    else if (inside === null) await powerUpAnew(isMine);
    if (isMine()) later(look, pollMs);
  };
  const powerUpAnew = async (isMine: () => boolean): Promise<void> => {
    const asked = await line.command(crt.cardType, isMine);
    if (!isMine() || asked === null) return;
    const chip = asked.ok ? chipOf(asked.data) : null;
    const powered = chip === null ? null : await power(chip, isMine);
    if (!isMine()) return;
    putIn(powered ?? { chip: null, atr: null, protocol: "T=0" });
  };
  const power = async (chip: ReaderChip, still: () => boolean): Promise<Omit<Inside, "powerUpId"> | null> => {
    if (chip === "cpu") {
      const reply = await line.command(crt.cpuPowerOn, still);
      if (reply?.ok !== true || reply.data.length < 3) return null;
      const protocol = reply.data[0] === 0x31 ? "T=1" : "T=0";
      return { chip, atr: atrOf(chip, reply.data.subarray(1)), protocol };
    }
    if (chip === "sle4442" || chip === "sle4428") {
      const reply = await line.command(crt.sle44PowerOn, still);
      return reply?.ok === true && reply.data.length >= 4
        ? { chip, atr: atrOf(chip, reply.data), protocol: "T=0" }
        : null;
    }
    return { chip, atr: atrOf(chip, new Uint8Array(0)), protocol: "T=0" };
  };

  const unable = (powerUpId: string): ReaderFailure | null => {
    if (inside === null) return "removed";
    if (inside.powerUpId !== powerUpId) return "stale";
    return inside.atr === null ? "readerFault" : null;
  };
  const told = async (powerUpId: string, command: Uint8Array): Promise<ReaderResult<Uint8Array>> => {
    const before = unable(powerUpId);
    if (before !== null) return failed(before);
    const reply = await line.command(command, () => unable(powerUpId) === null);
    if (reply === null)
      return failed(unable(powerUpId) === "removed" ? "readerFault" : (unable(powerUpId) ?? "readerFault"));
    if (reply.ok) return ok(reply.data);
    if (reply.error === "mute" || reply.error === "moved" || mechanical.includes(reply.error)) {
      if (inside?.powerUpId === powerUpId) takeOut();
      mechanics(reply);
      return failed("removed");
    }
    return fault;
  };
  const commands = cardCommands(
    {
      unable,
      transmit: told,
      toCpuCard: (powerUpId, apdu) => told(powerUpId, crt.cpuApdu(inside?.protocol ?? "T=0", apdu)),
      powerUp: async (powerUpId) => {
        const on = await told(powerUpId, crt.cpuPowerOn);
        return on.ok ? ok(null) : on;
      },
    },
    () => crtDialect,
  );

  const off = (chip: ReaderChip | null): Uint8Array | null => {
    switch (chip) {
      case null:
        return null;
      case "cpu":
        return crt.cpuPowerOff;
      case "sle4442":
      case "sle4428":
      case "at88sc102":
        return crt.sle44PowerOff;
      case "at24c01":
      case "at24c02":
      case "at24c16":
        return crt.i2cPowerOff;
    }
  };
  /** Power off, contacts up, then out by one of the two ways. */
  const move = async (powerUpId: string, way: Uint8Array): Promise<ReaderResult<null>> => {
    const here = (): boolean => inside?.powerUpId === powerUpId;
    if (!here()) return failed(inside === null ? "removed" : "stale");
    const powerOff = off(inside?.chip ?? null);
    if (powerOff !== null) await line.command(powerOff, here);
    if (!here()) return failed("removed");
    const moved = await line.command(way, here);
    if (moved?.ok === true) {
      if (here()) takeOut();
      return ok(null);
    }
    mechanics(moved);
    return fault;
  };

  return {
    ...commands,
    write: async (powerUpId, offset, data) => {
      if (unable(powerUpId) === null) held.wrote(offset, data.length);
      return await commands.write(powerUpId, offset, data);
    },
    read: async (powerUpId, offset, length) => {
      const read = await commands.read(powerUpId, offset, length);
      if (read.ok && unable(powerUpId) === null) held.read(offset, length);
      return read;
    },
    release: async (powerUpId, unproven = "keep") => {
      if (inside?.powerUpId === powerUpId && held.unproven && unproven === "keep") return failed("verifyFailed");
      return await move(powerUpId, crt.eject);
    },
    retain: (powerUpId) => move(powerUpId, crt.capture),
    subscribe: (listener) => {
      listener({ type: ready ? "ready" : "fault" });
      if (inside !== null) listener(presence(inside));
      return events.add(listener);
    },
    close: async () => {
      closed = true;
      stop();
      await line.close();
    },
  };
}

function presence({ powerUpId, atr }: Inside): ReaderEvent {
  return atr === null ? { type: "mute", powerUpId } : { type: "inserted", powerUpId, atr };
}

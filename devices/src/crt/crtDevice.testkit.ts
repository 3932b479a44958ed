/** A motorised reader at the end of a line, for tests: the sandbox's, with faults at chosen commands. */
import {
  type AnyChip,
  At24c,
  crtMachine,
  type FrameFault,
  ReaderSlot,
  type ReplyFault,
  type VirtualCard,
} from "@citygas/sandbox";
import type { Line, LineListener } from "../lines/line.ts";

type Fault = { at: "command"; kind: FrameFault; times: number } | { at: "reply"; kind: ReplyFault; times: number };

export interface CrtDevice {
  open(listener: LineListener): Line;
  /** Bytes in, bytes out, for a line of another kind. */
  feed(bytes: Uint8Array, say: (bytes: Uint8Array) => void): void;
  /** Puts a card in, in place of whatever was there. */
  insert(card: AnyChip | "nothing"): void;
  pullOut(): void;
  /** From the next command that begins so (hex) on; empty: any. */
  fault(on: string, fault: Fault): void;
  /** The supply fails in the middle of the next write. */
  failInWrite(): void;
  /** The next card that is moved sticks. */
  jam(): void;
  /** Commands carried out, in hex; never one that was refused. */
  readonly done: string[];
  readonly connections: number;
  readonly position: "none" | "atGate" | "inside";
}

const hex = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString("hex");

export function crtDevice(): CrtDevice {
  let listener: LineListener | null = null;
  let isUp = false;
  let connections = 0;
  let armed: { on: string; fault: Fault } | null = null;
  let failsInWrite = false;
  let jams = false;
  const done: string[] = [];

  const fires = (at: Fault["at"], body: readonly number[]): Fault | null => {
    if (armed === null || armed.fault.at !== at || !hex(body).startsWith(armed.on)) return null;
    const { fault } = armed;
    fault.times -= 1;
    if (fault.times <= 0) armed = null;
    return fault;
  };
  const frame = (body: readonly number[]): FrameFault | null => {
    const fault = fires("command", body);
    return fault?.at === "command" ? fault.kind : null;
  };
  const reply = (body: readonly number[]): ReplyFault | null => {
    const fault = fires("reply", body);
    return fault?.at === "reply" ? fault.kind : null;
  };
  const once = (is: () => boolean, off: () => void) => (): boolean => {
    if (!is()) return false;
    off();
    return true;
  };
  const slot: ReaderSlot = new ReaderSlot(0, {
    stepPause: async () => undefined,
    chipChanged: () => undefined,
    written: () => undefined,
    changed: () => machine.slotChanged(),
  });
  const machine = crtMachine({
    slot,
    faults: {
      frame,
      reply,
      powerFails: once(
        () => failsInWrite,
        () => {
          failsInWrite = false;
        },
      ),
      jam: once(
        () => jams,
        () => {
          jams = false;
        },
      ),
    },
    moved: () => undefined,
    powerLost: () => drop(),
    done: (body) => done.push(hex(body)),
  });

  const connect = (): void => {
    queueMicrotask(() => {
      if (listener === null) return;
      isUp = true;
      connections += 1;
      machine.connected();
      listener.up();
    });
  };
  const drop = (): void => {
    if (!isUp) return;
    isUp = false;
    listener?.down();
    connect();
  };
  return {
    feed: machine.feed,
    open: (to) => {
      listener = to;
      connect();
      return {
        send: (bytes) => {
          if (!isUp) return false;
          const mine = connections;
          // One byte at a time, as a slow serial port brings them.
          machine.feed(bytes, (answer) => {
            for (const byte of answer) {
              queueMicrotask(() => {
                if (isUp && mine === connections) to.bytes(Uint8Array.of(byte));
              });
            }
          });
          return true;
        },
        reset: drop,
        close: async () => {
          isUp = false;
          listener = null;
        },
      };
    },
    insert: (card) => {
      slot.remove();
      const chip = card === "nothing" ? null : card;
      slot.insert(virtualCard(chip), false);
    },
    pullOut: () => void slot.remove(),
    fault: (on, fault) => {
      armed = { on, fault: { ...fault } };
    },
    failInWrite: () => {
      failsInWrite = true;
    },
    jam: () => {
      jams = true;
    },
    done,
    get connections() {
      return connections;
    },
    get position() {
      return machine.state.place;
    },
  };
}

/** `chip`: null: it answers nothing. */
const virtualCard = (chip: AnyChip | null): VirtualCard => ({
  id: "card",
  chip: chip ?? new At24c("at24c02"),
  mute: chip === null,
  tearAfterBytes: null,
});

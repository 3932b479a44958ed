/** A motorised reader that speaks the frames, for tests; written from the tables in docs/devices.md, not from the driver. */
import type { ChipInReader } from "../dialect/cards.testkit.ts";
import type { Line, LineListener } from "../lines/line.ts";

type Fault =
  | { at: "command"; kind: "nak" | "silence" | "eot" | "noise" | "f2"; times: number }
  | { at: "reply"; kind: "badBcc" | "silence" | "eot" | "another" | "error"; times: number; error?: string };

export interface CrtDevice {
  open(listener: LineListener): Line;
  /** Bytes in, bytes out, for a line of another kind. */
  feed(bytes: Uint8Array, say: (bytes: Uint8Array) => void): void;
  /** Pushes a card into the gate, or in as far as the motor takes it. */
  insert(card: ChipInReader | "cpu" | "nothing", how?: "inside" | "halfway"): void;
  pullOut(): void;
  /** From the next command that begins so (hex) on; empty: any. */
  fault(on: string, fault: Fault): void;
  /** Commands carried out, in hex; never one that was refused. */
  readonly done: string[];
  readonly connections: number;
  readonly captured: number;
  readonly position: "none" | "atGate" | "inside";
}

const [stx, etx, eot, enq, ack, nak] = [0x02, 0x03, 0x04, 0x05, 0x06, 0x15];
const hex = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString("hex");
const framed = (body: readonly number[], broken = false): Uint8Array => {
  const bytes = [stx, body.length >> 8, body.length & 0xff, ...body, etx];
  const bcc = bytes.reduce((all, byte) => all ^ byte, 0);
  return Uint8Array.from([...bytes, broken ? bcc ^ 0xff : bcc]);
};
const cardTypes = {
  sle4442: "20",
  sle4428: "21",
  at24c01: "30",
  at24c02: "31",
  at24c16: "34",
  at88sc102: "00",
} as const;

export function crtDevice(): CrtDevice {
  let listener: LineListener | null = null;
  let isUp = false;
  let connections = 0;
  let captured = 0;
  let position: CrtDevice["position"] = "none";
  let card: ChipInReader | "cpu" | "nothing" | null = null;
  let isPowered = false;
  let accepted: number[] | null = null;
  let lastReply: Uint8Array | null = null;
  let buffer: number[] = [];
  let armed: { on: string; fault: Fault } | null = null;
  const done: string[] = [];

  const fires = (at: Fault["at"], body: readonly number[]): Fault | null => {
    if (armed === null || armed.fault.at !== at || !hex(body).startsWith(armed.on)) return null;
    const { fault } = armed;
    fault.times -= 1;
    if (fault.times <= 0) armed = null;
    return fault;
  };

  const memory = (how: number, [, ins = 0, p1 = 0, p2 = 0, length = 0, ...data]: number[]): number[] => {
    const chip = card;
    if (chip === null || typeof chip === "string" || !isPowered) return [0x6f, 0x00];
    const address = (p1 << 8) | p2;
    const bytes = Uint8Array.from(data);
    const isSle4442 = chip.kind === "sle4442" && how === 0x33;
    if (ins === 0xb0 && isSle4442 && p1 === 2)
      return [chip.counter(), 0xff, 0xff, 0xff, 0x90, 0x00].slice(0, length + 2);
    if (ins === 0xb0) return [...chip.read(address, length), 0x90, 0x00];
    if (ins === 0xd0 && isSle4442 && p1 === 2) {
      chip.changeSecret(bytes);
      return [0x90, 0x00];
    }
    if (ins === 0xd0) {
      chip.write(address, bytes);
      return [0x90, 0x00];
    }
    if (ins === 0x20) {
      if (chip.counter() === 0) return [0x6f, 0x02];
      return chip.present(bytes) ? [0x90, 0x00] : [0x6f, 0x01];
    }
    return [0x6d, 0x00];
  };

  /** Data of the answer, or two digits of error. */
  const obey = ([command, parameter, ...data]: number[]): number[] | string => {
    const key = hex([command ?? 0, parameter ?? 0]);
    switch (key) {
      case "3033":
      case "3330":
        return [];
      case "3130":
        return [0x30, { none: 0x30, atGate: 0x31, inside: 0x32 }[position]];
      case "3230":
        position = position === "inside" ? "atGate" : position;
        isPowered = false;
        return [];
      case "3233":
        if (position === "inside") captured += 1;
        position = "none";
        card = null;
        return [];
      case "5030": {
        if (card === null || card === "nothing") return [0x30, 0x30];
        return [...Buffer.from(card === "cpu" ? "10" : cardTypes[card.kind])];
      }
      case "5130":
        if (card !== "cpu") return "60";
        isPowered = true;
        return [0x30, 0x3b, 0x02, 0x14, 0x50];
      case "5133":
        return card === "cpu" && isPowered ? [...data.slice(0, 2), 0x90, 0x00] : "63";
      case "5330":
        if (card === null || typeof card === "string") return "60";
        isPowered = true;
        card.powerOff();
        return card.kind === "sle4442" ? [0xa2, 0x13, 0x10, 0x91] : [0x92, 0x23, 0x10, 0x91];
      case "5430":
        isPowered = true;
        return [];
      case "5131":
      case "5331":
      case "5431":
        isPowered = false;
        return [];
      case "5333":
      case "5334":
      case "5433":
        return memory(parameter ?? 0, data);
      default:
        return "00";
    }
  };

  const answerTo = (body: number[], say: (bytes: Uint8Array) => void): void => {
    const fault = fires("reply", body);
    if (fault?.kind === "error") {
      lastReply = framed([...body.slice(0, 2), 0x4e, ...Buffer.from(fault.error ?? "10")]);
      say(lastReply);
      return;
    }
    done.push(hex(body));
    const answer = obey(body);
    const head = fault?.kind === "another" ? [0x7a, 0x7a] : body.slice(0, 2);
    const whole = typeof answer === "string" ? [...head, 0x4e, ...Buffer.from(answer)] : [...head, 0x59, ...answer];
    lastReply = framed(whole);
    if (fault?.kind === "silence") return;
    if (fault?.kind === "eot") say(Uint8Array.of(eot));
    else if (fault?.kind === "badBcc") {
      brokenReplies = fault.times;
      say(framed(whole, true));
    } else say(lastReply);
  };
  let brokenReplies = 0;

  const take = (say: (bytes: Uint8Array) => void): boolean => {
    const first = buffer[0];
    if (first === undefined) return false;
    if (first !== stx) {
      buffer.shift();
      if (first === enq) {
        const body = accepted;
        accepted = null;
        if (body === null) say(Uint8Array.of(eot));
        else answerTo(body, say);
      }
      if (first === nak && lastReply !== null) {
        const broken = brokenReplies > 0;
        brokenReplies -= 1;
        say(broken ? framed([0x00, 0x00], true) : lastReply);
      }
      return true;
    }
    const length = ((buffer[1] ?? 0) << 8) | (buffer[2] ?? 0);
    if (buffer.length < 3 || buffer.length < length + 5) return false;
    const frame = buffer.splice(0, length + 5);
    const body = frame.slice(3, -2);
    const fault = fires("command", body);
    if (fault?.kind === "silence") return true;
    if (fault?.kind === "noise") {
      say(Uint8Array.of(0x55, 0xaa, 0x02, 0xff, 0xff));
      return true;
    }
    if (fault?.kind === "f2") {
      // The maker's own example of an answer in the newer frames (CRT-288).
      say(Uint8Array.from(Buffer.from("06f2000f5051333132225385ffecb59fb490000326", "hex")));
      return true;
    }
    const sound = frame.at(-2) === etx && frame.slice(0, -1).reduce((all, byte) => all ^ byte, 0) === frame.at(-1);
    accepted = sound && fault === null ? body : null;
    say(Uint8Array.of(fault?.kind === "eot" ? eot : accepted === null ? nak : ack));
    return true;
  };
  const feed = (bytes: Uint8Array, say: (bytes: Uint8Array) => void): void => {
    buffer.push(...bytes);
    while (take(say));
  };

  const connect = (): void => {
    queueMicrotask(() => {
      if (listener === null) return;
      isUp = true;
      connections += 1;
      buffer = [];
      accepted = null;
      listener.up();
    });
  };
  return {
    feed,
    open: (to) => {
      listener = to;
      connect();
      return {
        send: (bytes) => {
          if (!isUp) return false;
          const mine = connections;
          // One byte at a time, as a slow serial port brings them.
          feed(bytes, (answer) => {
            for (const byte of answer) {
              queueMicrotask(() => {
                if (isUp && mine === connections) to.bytes(Uint8Array.of(byte));
              });
            }
          });
          return true;
        },
        reset: () => {
          if (!isUp) return;
          isUp = false;
          to.down();
          connect();
        },
        close: async () => {
          isUp = false;
          listener = null;
        },
      };
    },
    insert: (next, how = "inside") => {
      card = next;
      isPowered = false;
      position = how === "inside" ? "inside" : "atGate";
    },
    pullOut: () => {
      card = null;
      isPowered = false;
      position = "none";
    },
    fault: (on, fault) => {
      armed = { on, fault: { ...fault } };
    },
    done,
    get connections() {
      return connections;
    },
    get captured() {
      return captured;
    },
    get position() {
      return position;
    },
  };
}

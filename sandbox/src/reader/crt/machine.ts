/** A motorised reader at the end of a line of bytes: frames in, answers out, one after the other. */
import type { ReaderSlot } from "../slot.ts";
import { obey, writeOf } from "./commands.ts";
import { CONTROL, type CrtHeard, framed, nextHeard, replyTo } from "./frames.ts";
import { crtMotor, type MotorState } from "./motor.ts";

/** What goes wrong with a frame that has come, before anything is done for it. */
export type FrameFault = "nak" | "silence" | "eot" | "noise" | "f2";
/** What goes wrong with the reply to a command that was carried out; with an error's digits, it was not. */
export type ReplyFault = "badCheck" | "silence" | "eot" | "another" | { error: string };

export interface CrtFaults {
  frame(body: readonly number[]): FrameFault | null;
  reply(body: readonly number[]): ReplyFault | null;
  /** Asked at each movement of the card. */
  jam(): boolean;
  /** Asked at each write: does the supply fail in the middle of it? */
  powerFails(): boolean;
}

export interface CrtMachineDeps {
  slot: Pick<ReaderSlot, "state" | "card" | "exchange" | "remove">;
  faults: CrtFaults;
  /** The card has another place, or sticks. */
  moved(): void;
  /** The supply failed: the line is dead until somebody connects anew. */
  powerLost(): void;
  /** A command was carried out. */
  done?(body: readonly number[]): void;
}

export interface CrtMachine {
  readonly state: MotorState;
  /** Somebody new is at the line. */
  connected(): void;
  feed(chunk: Uint8Array, say: (bytes: Uint8Array) => void): void;
  slotChanged(): void;
}

/** An answer of a newer reader, as its maker's page for the CRT-288 has it. */
const F2_ANSWER = "06f2000f5051333132225385ffecb59fb490000326";
const NOISE = [0x55, 0xaa, 0x02, 0xff, 0xff];

export function crtMachine({ slot, faults, moved, powerLost, done }: CrtMachineDeps): CrtMachine {
  const motor = crtMotor({ slot, jams: faults.jam, moved });
  let bytes: number[] = [];
  let accepted: readonly number[] | null = null;
  /** To a command that was obeyed or refused with an error. */
  let last: { body: readonly number[]; reply: Uint8Array } | null = null;
  /** Grows with each connection: what was begun for an older one is answered to nobody. */
  let connection = 0;
  let turn: Promise<void> = Promise.resolve();

  const onFrame = ({ body, sound }: Extract<CrtHeard, { type: "frame" }>): Uint8Array | null => {
    const fault = faults.frame(body);
    switch (fault) {
      case "silence":
        return null;
      case "noise":
        return Uint8Array.from(NOISE);
      case "f2":
        return new Uint8Array(Buffer.from(F2_ANSWER, "hex"));
      case "eot":
        return Uint8Array.of(CONTROL.eot);
      case "nak":
      case null:
        accepted = sound && fault === null ? body : null;
        return Uint8Array.of(accepted === null ? CONTROL.nak : CONTROL.ack);
    }
  };

  /** Half of the write, or its one byte, is done when the power goes; a CPU card does a command whole or not at all. */
  const failInWrite = async (body: readonly number[]): Promise<void> => {
    const write = writeOf(body);
    const half = write === null ? [] : write.data.slice(0, Math.ceil(write.data.length / 2));
    if (write !== null && half.length > 0) await obey([...write.head, half.length, ...half], { slot, motor });
    motor.restart();
    powerLost();
  };

  const onEnquiry = async (body: readonly number[]): Promise<Uint8Array | null> => {
    const fault = faults.reply(body);
    if (fault !== null && typeof fault === "object") {
      last = { body, reply: framed(replyTo(body, fault.error)) };
      return last.reply;
    }
    if (writeOf(body) !== null && faults.powerFails()) {
      await failInWrite(body);
      return null;
    }
    const answer = await obey(body, { slot, motor });
    done?.(body);
    const reply = replyTo(fault === "another" ? [0x7a, 0x7a] : body, answer);
    last = { body, reply: framed(reply) };
    if (fault === "silence") return null;
    if (fault === "eot") return Uint8Array.of(CONTROL.eot);
    return fault === "badCheck" ? framed(reply, true) : last.reply;
  };

  /** The reply again; that may fail as the first did. */
  const onRefusedReply = (): Uint8Array | null => {
    if (last === null) return null;
    return faults.reply(last.body) === "badCheck" ? framed([0, 0], true) : last.reply;
  };

  const answerTo = async (heard: CrtHeard): Promise<Uint8Array | null> => {
    if (heard.type === "frame") return onFrame(heard);
    if (heard.type === "nak") return onRefusedReply();
    const body = accepted;
    accepted = null;
    return body === null ? Uint8Array.of(CONTROL.eot) : await onEnquiry(body);
  };

  return {
    get state() {
      return motor.state;
    },
    connected: () => {
      connection += 1;
      bytes = [];
      accepted = null;
      last = null;
    },
    feed: (chunk, say) => {
      const mine = connection;
      turn = turn.then(async () => {
        if (mine !== connection) return;
        bytes.push(...chunk);
        for (let heard = nextHeard(bytes); heard !== null; heard = nextHeard(bytes)) {
          const answer = await answerTo(heard);
          if (mine !== connection) return;
          if (answer !== null) say(answer);
        }
      });
    },
    slotChanged: motor.slotChanged,
  };
}

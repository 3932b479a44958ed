/**
 * The wire of a motorised reader, from its own end (docs/devices.md): commands come framed, are taken with ACK or refused
 * with NAK, and are answered when ENQ asks. Read from the page for itself; the terminal has its own reading.
 */
export const CONTROL = { stx: 0x02, etx: 0x03, eot: 0x04, enq: 0x05, ack: 0x06, nak: 0x15 } as const;
const DONE = 0x59;
const REFUSED = 0x4e;
const HEAD_BYTES = 3;
const TAIL_BYTES = 2;
/** Longer than any frame: what claims to be longer is none. */
const BODY_MAX = 1_024;

const bccOf = (bytes: readonly number[]): number => bytes.reduce((all, byte) => all ^ byte, 0);

/** `spoilt`: with a wrong check. */
export function framed(body: readonly number[], spoilt = false): Uint8Array {
  const bytes = [CONTROL.stx, body.length >> 8, body.length & 0xff, ...body, CONTROL.etx];
  return Uint8Array.from([...bytes, spoilt ? bccOf(bytes) ^ 0xff : bccOf(bytes)]);
}

/** Data, or two digits of error. */
export type CrtAnswer = readonly number[] | string;

/** The body of the reply to a command. */
export function replyTo([command = 0, parameter = 0]: readonly number[], answer: CrtAnswer): number[] {
  return typeof answer === "string"
    ? [command, parameter, REFUSED, ...Buffer.from(answer, "latin1")]
    : [command, parameter, DONE, ...answer];
}

export type CrtHeard =
  | { type: "enq" | "nak" }
  /** `sound`: its end and its check are right. */
  | { type: "frame"; body: number[]; sound: boolean };

/** Takes the next whole thing off the front of `bytes`; null: there is none yet. What begins nothing is dropped. */
export function nextHeard(bytes: number[]): CrtHeard | null {
  for (;;) {
    const [first, high = 0, low = 0] = bytes;
    if (first === undefined) return null;
    const length = (high << 8) | low;
    if (first === CONTROL.enq || first === CONTROL.nak) {
      bytes.shift();
      return { type: first === CONTROL.enq ? "enq" : "nak" };
    }
    if (first !== CONTROL.stx || (bytes.length >= HEAD_BYTES && (length < 2 || length > BODY_MAX))) {
      bytes.shift();
      continue;
    }
    const whole = HEAD_BYTES + length + TAIL_BYTES;
    if (bytes.length < HEAD_BYTES || bytes.length < whole) return null;
    const frame = bytes.splice(0, whole);
    const sound = frame.at(-2) === CONTROL.etx && bccOf(frame.slice(0, -1)) === frame.at(-1);
    return { type: "frame", body: frame.slice(HEAD_BYTES, -TAIL_BYTES), sound };
  }
}

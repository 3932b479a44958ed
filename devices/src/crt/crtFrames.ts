/**
 * Frames of CREATOR's serial card readers and their like (facts: docs/devices.md): STX, length of what follows up to ETX
 * (two bytes, high first), command, parameter, data, ETX, and the exclusive-or of all bytes before it. A command is
 * acknowledged (ACK) or not (NAK), asked for with ENQ, and then answered by a frame whose third byte says whether it went
 * well (59) or not (4E, followed by two digits of error); EOT means that there is nothing to answer.
 */
export const control = { stx: 0x02, etx: 0x03, eot: 0x04, enq: 0x05, ack: 0x06, nak: 0x15 } as const;
/** With which the frames of this maker's newer readers begin; they are another protocol, and are not driven. */
const newerStx = 0xf2;
const succeeded = 0x59;
const refused = 0x4e;

/** Longer than any frame of these readers. */
const maxBodyBytes = 1_024;
const headBytes = 3;
const tailBytes = 2;

const bccOf = (bytes: Uint8Array): number => bytes.reduce((all, byte) => all ^ byte, 0);

/** A frame around `body`: command and parameter, then data. Throws RangeError when it is too long. */
export function crtFrame(body: Uint8Array): Uint8Array {
  if (body.length < 2 || body.length > maxBodyBytes) throw new RangeError(`a frame of ${body.length} bytes`);
  const bytes = Uint8Array.of(control.stx, body.length >> 8, body.length & 0xff, ...body, control.etx);
  return Uint8Array.of(...bytes, bccOf(bytes));
}

export type CrtToken =
  | { type: "ack" | "nak" | "eot" | "enq" }
  /** `body`: from the command on. */
  | { type: "frame"; body: Uint8Array }
  /** A frame whose length, end or check is wrong. */
  | { type: "bad" }
  /** The byte that begins no frame of this protocol, but one of the newer. */
  | { type: "f2" };

export interface CrtTokens {
  push(chunk: Uint8Array): CrtToken[];
  /** Forgets a frame that has begun. */
  reset(): void;
}

/** Tokens out of chunks of any size; bytes between them that begin nothing are skipped. */
export function crtTokens(): CrtTokens {
  let rest: number[] = [];
  const one = (): CrtToken | "more" | "skip" => {
    const [first, high, low] = rest;
    switch (first) {
      case undefined:
        return "more";
      case control.ack:
      case control.nak:
      case control.eot:
      case control.enq:
        rest.shift();
        return {
          type: first === control.ack ? "ack" : first === control.nak ? "nak" : first === control.eot ? "eot" : "enq",
        };
      case control.stx:
        break;
      case newerStx:
        rest.shift();
        return { type: "f2" };
      default:
        rest.shift();
        return "skip";
    }
    if (high === undefined || low === undefined) return "more";
    const length = (high << 8) | low;
    if (length < 2 || length > maxBodyBytes) {
      rest = [];
      return { type: "bad" };
    }
    const whole = headBytes + length + tailBytes;
    if (rest.length < whole) return "more";
    const frame = Uint8Array.from(rest.splice(0, whole));
    const sound = frame.at(-2) === control.etx && bccOf(frame.subarray(0, -1)) === frame.at(-1);
    return sound ? { type: "frame", body: frame.slice(headBytes, -tailBytes) } : { type: "bad" };
  };
  return {
    push: (chunk) => {
      rest.push(...chunk);
      const tokens: CrtToken[] = [];
      for (let token = one(); token !== "more"; token = one()) if (token !== "skip") tokens.push(token);
      return tokens;
    },
    reset: () => {
      rest = [];
    },
  };
}

export type CrtReply = { ok: true; data: Uint8Array } | { ok: false; error: CrtError };

/** What a reply to the command that begins `asked` says; null: it is no reply to that. */
export function crtReply(asked: Uint8Array, body: Uint8Array): CrtReply | null {
  const [command, parameter, status] = body;
  if (command !== asked[0] || parameter !== asked[1]) return null;
  if (status === succeeded) return { ok: true, data: body.slice(3) };
  if (status !== refused) return null;
  return { ok: false, error: crtErrors[String.fromCharCode(...body.subarray(3, 5))] ?? "other" };
}

/** What ails the reader: its own mechanics, the card, or the command. */
export type CrtError = "jam" | "shutter" | "moved" | "notWithdrawn" | "noContact" | "mute" | "notSupported" | "other";
const crtErrors: Readonly<Record<string, CrtError>> = {
  "10": "jam",
  "11": "shutter",
  "12": "jam",
  "16": "moved",
  "17": "jam",
  "40": "moved",
  "41": "noContact",
  "43": "noContact",
  "45": "moved",
  "46": "notWithdrawn",
  "60": "mute",
  "61": "mute",
  "62": "mute",
  "63": "mute",
  "64": "mute",
  "66": "notSupported",
};

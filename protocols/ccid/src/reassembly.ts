/**
 * Messages out of chunks of any size (USB packets, BLE notifications of 20 bytes, a TCP stream). dwLength says where each
 * ends. A byte that begins no message, or a length that none may have, means that the stream is out of step: nothing that
 * follows can be trusted, so the reassembler stands still until `reset`, which is for a new connection.
 */
import { joined } from "./bytes.ts";
import {
  dataLength,
  headerBytes,
  isCommandType,
  isReplyType,
  maxDataBytes,
  slotChangeBytes,
  slotChangeType,
} from "./messages.ts";

export interface Reassembler {
  /** The messages that this chunk completed, whole. Nothing more comes once `broken`. */
  push(chunk: Uint8Array): Uint8Array[];
  readonly broken: boolean;
  reset(): void;
}

export interface ReassemblyOptions {
  /** Slots of the reader: how long its NotifySlotChange is. Default 1. */
  slots?: number;
  /** Longest data of one message. Default: what the specification knows. */
  maxBytes?: number;
}

/** `from`: whose messages these are. */
export function reassembler(from: "reader" | "host", options: ReassemblyOptions = {}): Reassembler {
  const { slots = 1, maxBytes = maxDataBytes } = options;
  let rest: Uint8Array = new Uint8Array(0);
  let broken = false;

  /** Length of the message that begins here; null: not known yet; NaN: none begins here. */
  const lengthOf = (bytes: Uint8Array): number | null => {
    const type = bytes[0];
    if (type === undefined) return null;
    if (from === "reader" && type === slotChangeType) return 1 + slotChangeBytes(slots);
    if (!(from === "reader" ? isReplyType(type) : isCommandType(type))) return Number.NaN;
    if (bytes.length < 5) return null;
    const length = dataLength(bytes);
    return length > maxBytes ? Number.NaN : headerBytes + length;
  };

  return {
    push: (chunk) => {
      if (broken) return [];
      rest = joined([rest, chunk]);
      const whole: Uint8Array[] = [];
      for (let length = lengthOf(rest); length !== null; length = lengthOf(rest)) {
        if (Number.isNaN(length)) {
          broken = true;
          rest = new Uint8Array(0);
          break;
        }
        if (rest.length < length) break;
        whole.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      return whole;
    },
    get broken() {
      return broken;
    },
    reset: () => {
      rest = new Uint8Array(0);
      broken = false;
    },
  };
}

/** `bytes` in pieces of at most `size`: what one BLE write takes (MTU - 3; 20 where nothing else was agreed). */
export function inChunks(bytes: Uint8Array, size: number): Uint8Array[] {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`chunks of ${size} bytes`);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

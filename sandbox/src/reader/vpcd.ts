import { createConnection, type Socket } from "node:net";
import { fromHex } from "../hex.ts";
import type { ServedSlot } from "./reader-server.ts";

/**
 * Puts what lies in a slot into the virtual PC/SC reader of the Debian package `vsmartcard-vpcd`, so that the terminal
 * meets our cards through the real PC/SC service. The card is the client: while it is in the slot it keeps one
 * connection to the reader, which sends `length (2 bytes, big-endian), bytes`; one byte is a control (00 power off,
 * 01 power on, 02 reset, 04 ATR please), more are an APDU. A card that is pulled just hangs up.
 */
export interface VpcdPlug {
  /** The slot has changed. */
  announce(): void;
  close(): void;
}

const RETRY_MS = 200;
/** The service looks at its slots every 400 ms, and a card that comes before it saw the last one go is never seen. */
const EMPTY_MS = 600;
const MESSAGE_BYTES_MAX = 4_096;
const GET_ATR = 0x04;

function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

export function plugIntoVpcd(slot: ServedSlot, port: number): VpcdPlug {
  let closed = false;
  let plugged: { socket: Socket; insertion: number } | null = null;
  let timer: NodeJS.Timeout | null = null;
  let emptySince = Number.NEGATIVE_INFINITY;

  const followIn = (delayMs: number): void => {
    if (timer !== null) clearTimeout(timer);
    timer = closed ? null : setTimeout(follow, delayMs);
  };
  const unplug = (): void => {
    if (plugged === null) return;
    plugged.socket.destroy();
    plugged = null;
    emptySince = performance.now();
  };
  const follow = (): void => {
    const state = slot.state();
    if (plugged !== null && plugged.insertion !== state?.insertion) unplug();
    if (closed || plugged !== null || state === null) return;
    const emptyMs = performance.now() - emptySince;
    if (emptyMs < EMPTY_MS) {
      followIn(EMPTY_MS - emptyMs);
      return;
    }
    plugged = { socket: plug(state.insertion), insertion: state.insertion };
  };
  const plug = (insertion: number): Socket => {
    const socket = createConnection({ port, host: "127.0.0.1", noDelay: true });
    let rest: Buffer = Buffer.alloc(0);
    let turn: Promise<void> = Promise.resolve();
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const end = 2 + rest.readUInt16BE(0);
        const message = rest.subarray(2, end);
        rest = rest.subarray(end);
        turn = turn.then(() => answer(socket, insertion, message));
      }
      if (rest.length > MESSAGE_BYTES_MAX) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (plugged?.socket !== socket) return;
      plugged = null;
      // The service is not there (yet), or has thrown the card out: a card that is still in the slot tries again.
      followIn(RETRY_MS);
    });
    return socket;
  };
  const answer = async (socket: Socket, insertion: number, message: Buffer): Promise<void> => {
    const state = slot.state();
    if (state?.insertion !== insertion) return unplug();
    if (message.length === 1) {
      if (message[0] === GET_ATR) socket.write(framed(fromHex(state.atr ?? "") ?? new Uint8Array()));
      return;
    }
    if (message.length === 0) return;
    const result = await slot.exchange(insertion, message);
    if ("error" in result) return unplug();
    socket.write(framed(fromHex(result.response) ?? new Uint8Array()));
  };

  follow();
  return {
    announce: follow,
    close: () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      unplug();
    },
  };
}

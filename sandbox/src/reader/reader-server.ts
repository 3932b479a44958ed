import { fromHex } from "../hex.ts";
import { listenSingleClient, type SingleClientServer } from "../net/single-client-server.ts";
import type { ReaderSlot } from "./slot.ts";

/** Longest line: an APDU of 5 + 255 bytes as hex, with room for the rest of the object. */
const LINE_CHARS_MAX = 2_000;
/** Commands a client may have under way at once; a client that sends more is cut off. */
const COMMANDS_MAX = 64;

interface Command {
  id: number;
  insertion: number;
  apdu: Uint8Array;
}

/** One line from the client, or null when it is not a command (the wire has no answer for nonsense). */
export function parseCommand(line: string): Command | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  if (!("id" in value) || !("insertion" in value) || !("apdu" in value)) return null;
  const { id, insertion, apdu } = value;
  if (typeof id !== "number" || typeof insertion !== "number" || typeof apdu !== "string") return null;
  const bytes = fromHex(apdu);
  return bytes === null ? null : { id, insertion, apdu: bytes };
}

/** What stands behind the wire. */
export type ServedSlot = Pick<ReaderSlot, "state" | "exchange">;

function stateLine(slot: ServedSlot): string {
  return `${JSON.stringify({ event: "state", card: slot.state() })}\n`;
}

export interface ReaderServer extends SingleClientServer {
  /** Tells the client what is in the slot now. */
  announce(): void;
}

/**
 * Serves one reader on its wire (docs/devices.md, "Virtual card reader"). Nonsense ends the connection. While `silent`
 * says so a command is neither done nor answered.
 */
export async function serveReader(
  slot: ServedSlot,
  port: number,
  silent: () => boolean = () => false,
): Promise<ReaderServer> {
  const server = await listenSingleClient(port, {
    connected(send) {
      send(stateLine(slot));
      let rest = "";
      let pending = 0;
      let turn: Promise<void> = Promise.resolve();
      const run = async (command: Command): Promise<void> => {
        const result = silent() ? null : await slot.exchange(command.insertion, command.apdu);
        pending -= 1;
        if (result === null) return;
        send(`${JSON.stringify({ id: command.id, ...result })}\n`);
      };
      return {
        data(chunk) {
          const lines = (rest + chunk.toString("latin1")).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            const command = parseCommand(line);
            if (command === null || pending >= COMMANDS_MAX) return "cut";
            pending += 1;
            turn = turn.then(() => run(command));
          }
          return rest.length > LINE_CHARS_MAX ? "cut" : "keep";
        },
      };
    },
  });
  return { ...server, announce: () => void server.send(stateLine(slot)) };
}

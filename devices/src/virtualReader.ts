/**
 * The virtual card reader: JSON lines over TCP (docs/devices.md), commands in the ACS dialect unless it is told another.
 *
 * Power-ups. The reader numbers its insertions; a number alone is not fresh after the reader restarted, and after a lost
 * line nobody knows whether the card stayed in. So a lost line ends the power-up (`removed`), and the card found on the
 * next connection is a new one: a script can't go on over the gap.
 */
import { randomUUID } from "node:crypto";
import type { CardReader, ReaderEvent, ReaderFailure, ReaderResult } from "./card-reader.ts";
import { acs } from "./dialect/acs.ts";
import { cardCommands } from "./dialect/cardCommands.ts";
import type { MemoryCardDialect } from "./dialect/memoryCardDialect.ts";
import { jsonObject, objectOf } from "./lines/jsonObject.ts";
import { openTcpLine } from "./lines/tcpLine.ts";
import { listeners } from "./listeners.ts";

export interface VirtualReaderOptions {
  /** Longest wait for one command (ms); a reader that says nothing is at fault and gets a new connection. */
  commandTimeoutMs?: number;
  /** What it speaks; the sandbox's reader speaks ACS. */
  dialect?: MemoryCardDialect;
}

interface PowerUp {
  id: string;
  insertion: number;
}
type Response = ReaderResult<Uint8Array>;

const defaultCommandTimeoutMs = 5_000;
/** The port is used one command at a time; more than a few at once is a mistake of the caller's. */
const maxWaiting = 8;
const maxLineChars = 16 * 1024;

/** `url`: `tcp://host:port` of the reader. */
export function virtualReader(url: string, options: VirtualReaderOptions = {}): CardReader {
  const timeoutMs = options.commandTimeoutMs ?? defaultCommandTimeoutMs;
  const events = listeners<ReaderEvent>();
  const waiting = new Map<number, (response: Response) => void>();
  let state: "down" | "up" = "down";
  let connection = "";
  let card: { powerUp: PowerUp; atr: string | null } | null = null;
  let nextId = 1;
  let rest = "";

  const settleAll = (reason: "removed" | "readerFault"): void => {
    for (const settle of [...waiting.values()]) settle({ ok: false, reason });
  };
  const takeOut = (): void => {
    if (card === null) return;
    const { id } = card.powerUp;
    card = null;
    events.emit({ type: "removed", powerUpId: id });
  };
  const onState = (next: { insertion: number; atr: string | null } | null): void => {
    if (state === "down") {
      state = "up";
      events.emit({ type: "ready" });
    }
    if (next !== null && card?.powerUp.insertion === next.insertion && card.atr === next.atr) return;
    takeOut();
    if (next === null) return;
    card = { powerUp: { id: `${connection}.${next.insertion}`, insertion: next.insertion }, atr: next.atr };
    events.emit(presence(card));
  };
  const onLine = (line: string): void => {
    const message = parseLine(line);
    if (message === null) wire.reset();
    else if (message.kind === "state") onState(message.card);
    else waiting.get(message.id)?.(message.response);
  };
  const wire = openTcpLine(url, {
    up: () => {
      // Ready only once the reader has said what is in it.
      connection = randomUUID().slice(0, 13);
      rest = "";
    },
    down: () => {
      settleAll("readerFault");
      takeOut();
      if (state === "down") return;
      state = "down";
      events.emit({ type: "fault" });
    },
    bytes: (chunk) => {
      rest += Buffer.from(chunk).toString("latin1");
      if (rest.length > maxLineChars) {
        wire.reset();
        return;
      }
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    },
  });

  const unable = (powerUpId: string): ReaderFailure | null =>
    card === null ? "removed" : card.powerUp.id === powerUpId ? null : "stale";
  const transmit = async (powerUpId: string, apdu: Uint8Array): Promise<Response> => {
    const reason = unable(powerUpId);
    if (card === null || reason !== null) return { ok: false, reason: reason ?? "removed" };
    if (waiting.size >= maxWaiting) return { ok: false, reason: "readerFault" };
    const id = nextId++;
    const command = JSON.stringify({ id, insertion: card.powerUp.insertion, apdu: Buffer.from(apdu).toString("hex") });
    return new Promise<Response>((resolve) => {
      const settle = (response: Response): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(response);
      };
      const timer = setTimeout(() => {
        settle({ ok: false, reason: "readerFault" });
        wire.reset();
      }, timeoutMs);
      waiting.set(id, settle);
      if (!wire.send(Buffer.from(`${command}\n`))) settle({ ok: false, reason: "readerFault" });
    });
  };
  return {
    ...cardCommands({ unable, transmit }, () => options.dialect ?? acs),
    subscribe: (listener) => {
      listener({ type: state === "up" ? "ready" : "fault" });
      if (card !== null) listener(presence(card));
      return events.add(listener);
    },
    close: async () => {
      await wire.close();
      settleAll("readerFault");
    },
  };
}

function presence(card: { powerUp: PowerUp; atr: string | null }): ReaderEvent {
  return card.atr === null
    ? { type: "mute", powerUpId: card.powerUp.id }
    : { type: "inserted", powerUpId: card.powerUp.id, atr: card.atr };
}

type Message =
  | { kind: "state"; card: { insertion: number; atr: string | null } | null }
  | { kind: "answer"; id: number; response: Response };

/** Null: not a line of this wire. */
export function parseLine(line: string): Message | null {
  const json = jsonObject(line);
  if (json === null) return null;
  if (json.event === "state") {
    if (json.card === null) return { kind: "state", card: null };
    const card = objectOf(json.card);
    const insertion = card?.insertion;
    const atr = card?.atr;
    if (typeof insertion !== "number" || (atr !== null && typeof atr !== "string")) return null;
    return { kind: "state", card: { insertion, atr } };
  }
  const id = json.id;
  if (typeof id !== "number") return null;
  const response = json.response;
  if (typeof response === "string" && /^([0-9a-f]{2})*$/i.test(response)) {
    return { kind: "answer", id, response: { ok: true, value: Buffer.from(response, "hex") } };
  }
  const reason = json.error === "removed" ? "removed" : "readerFault";
  return { kind: "answer", id, response: { ok: false, reason } };
}

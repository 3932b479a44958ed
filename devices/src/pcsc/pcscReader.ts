/**
 * A PC/SC reader through `pcsc-mini`, loaded only when it is asked for: without libpcsclite the module can't be loaded,
 * and a kiosk with another reader must still start. Facts and traps: facts/cards.md §1.
 *
 * - A card torn out in the middle of a command comes back as a *successful* answer of no bytes: no answer, so removed.
 * - After any fault of a command the power-up is over. If the card is still in, it is connected anew, as a new power-up.
 * - When pcscd dies its client object is of no more use: a new one is made, again and again, with a pause between.
 */
import { randomUUID } from "node:crypto";
import { acsCardCommands } from "../apduReader.ts";
import type { CardReader, ReaderEvent, ReaderResult } from "../card-reader.ts";
import { listeners } from "../listeners.ts";
import { loadPcsc, type PcscCard, type PcscClient, type PcscModule, type PcscReader } from "./pcscModule.ts";

export interface PcscReaderOptions {
  /** Pause before the service is looked for again, or a card connected again (ms). */
  retryMs?: number;
  load?: () => Promise<PcscModule>;
  /** What keeps the reader out of service, for the log. */
  onProblem?: (problem: string) => void;
}

interface Inserted {
  powerUpId: string;
  /** null: connected to nothing that answers. */
  card: PcscCard | null;
  atr: string;
}

const defaultRetryMs = 1_000;

/** @param name the reader's name as PC/SC gives it, or its beginning; empty takes the first reader that appears. */
export function pcscReader(name: string, options: PcscReaderOptions = {}): CardReader {
  const { retryMs = defaultRetryMs, load = loadPcsc, onProblem = () => undefined } = options;
  const events = listeners<ReaderEvent>();
  let closed = false;
  let client: PcscClient | null = null;
  let reader: PcscReader | null = null;
  let inserted: Inserted | null = null;
  /** Grows with each arrival and departure: what was begun for an older one counts for nothing. */
  let turn = 0;
  let timer: NodeJS.Timeout | null = null;

  const later = (what: () => void): void => {
    if (timer !== null) clearTimeout(timer);
    timer = closed ? null : setTimeout(what, retryMs);
  };
  const takeOut = (pcsc: PcscModule): void => {
    turn += 1;
    if (inserted === null) return;
    const { powerUpId, card } = inserted;
    inserted = null;
    // Already gone, most likely; unpowering tells pcscd that nobody holds the slot any more.
    card?.disconnect(pcsc.CardDisposition.UNPOWER).catch(() => undefined);
    events.emit({ type: "removed", powerUpId });
  };
  const putIn = (next: Inserted): void => {
    inserted = next;
    events.emit(presence(next));
  };
  const connect = async (pcsc: PcscModule): Promise<void> => {
    const from = reader;
    turn += 1;
    const mine = turn;
    if (from === null) return;
    try {
      const card = await from.connect(pcsc.CardMode.EXCLUSIVE);
      if (mine !== turn || closed) {
        await card.disconnect(pcsc.CardDisposition.UNPOWER);
        return;
      }
      const { atr } = await card.state();
      if (mine !== turn) {
        await card.disconnect(pcsc.CardDisposition.UNPOWER);
        return;
      }
      putIn({ powerUpId: randomUUID(), card, atr: Buffer.from(atr).toString("hex") });
    } catch (error) {
      if (mine !== turn || closed) return;
      if (isMute(error)) putIn({ powerUpId: randomUUID(), card: null, atr: "" });
      else later(() => void connect(pcsc));
    }
  };
  const onChange = (pcsc: PcscModule, status: { has(...flags: number[]): boolean }): void => {
    const { PRESENT, MUTE } = pcsc.ReaderStatus;
    if (!status.has(PRESENT)) {
      if (timer !== null) clearTimeout(timer);
      takeOut(pcsc);
      return;
    }
    if (inserted !== null) return;
    if (status.has(MUTE)) putIn({ powerUpId: randomUUID(), card: null, atr: "" });
    else void connect(pcsc);
  };
  const lose = (pcsc: PcscModule, problem: string): void => {
    if (closed) return;
    onProblem(problem);
    takeOut(pcsc);
    const had = reader !== null;
    reader = null;
    if (had) events.emit({ type: "fault" });
  };
  const attach = (pcsc: PcscModule, found: PcscReader): void => {
    if (closed || reader !== null || !found.name().startsWith(name)) return;
    reader = found;
    found.on("change", (status) => {
      if (reader === found) onChange(pcsc, status);
    });
    found.on("disconnect", () => {
      if (reader === found) lose(pcsc, `the reader ${found.name()} is gone`);
    });
    events.emit({ type: "ready" });
  };
  const open = async (): Promise<void> => {
    let pcsc: PcscModule;
    try {
      pcsc = await load();
    } catch (error) {
      onProblem(`PC/SC can't be loaded: ${message(error)}`);
      return later(() => void open());
    }
    if (closed) return;
    const mine = new pcsc.Client();
    client = mine;
    const again = (problem: string): void => {
      if (client !== mine) return;
      client = null;
      lose(pcsc, problem);
      stopQuietly(mine);
      later(() => void open());
    };
    mine.on("reader", (found) => attach(pcsc, found));
    mine.on("error", (error) => again(`PC/SC: ${message(error)}`));
    try {
      mine.start();
    } catch (error) {
      again(`PC/SC service: ${message(error)}`);
    }
  };

  const transmit = async (powerUpId: string, apdu: Uint8Array): Promise<ReaderResult<Uint8Array>> => {
    const now = inserted;
    if (now === null || now.powerUpId !== powerUpId) return { ok: false, reason: now === null ? "removed" : "stale" };
    if (now.card === null) return { ok: false, reason: "readerFault" };
    const response = await now.card.transmit(apdu).catch(() => new Uint8Array());
    if (response.length >= 2) return { ok: true, value: response };
    if (inserted === now) {
      const pcsc = await load();
      takeOut(pcsc);
      // Torn out and not yet noticed by the service, or only the power-up is over: the next look tells.
      later(() => void connect(pcsc));
    }
    return { ok: false, reason: "removed" };
  };

  void open();
  return {
    ...acsCardCommands(transmit),
    subscribe: (listener) => {
      listener({ type: reader === null ? "fault" : "ready" });
      if (inserted !== null) listener(presence(inserted));
      return events.add(listener);
    },
    close: async () => {
      closed = true;
      turn += 1;
      if (timer !== null) clearTimeout(timer);
      const { card } = inserted ?? { card: null };
      inserted = null;
      if (client === null) return;
      const pcsc = await load();
      await card?.disconnect(pcsc.CardDisposition.UNPOWER).catch(() => undefined);
      stopQuietly(client);
    },
  };
}

function presence({ powerUpId, card, atr }: Inserted): ReaderEvent {
  return card === null ? { type: "mute", powerUpId } : { type: "inserted", powerUpId, atr };
}

/** Codes of `pcsc-mini` for a card that does not answer its reset. */
const muteCodes = ["UnresponsiveCard", "UnpoweredCard", "UnsupportedCard", "ProtoMismatch"];
function isMute(error: unknown): boolean {
  return error instanceof Error && "code" in error && muteCodes.includes(String(error.code));
}

function stopQuietly(client: PcscClient): void {
  try {
    client.stop();
  } catch {
    // It had stopped by itself.
  }
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

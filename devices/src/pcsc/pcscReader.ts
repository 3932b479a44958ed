/**
 * A PC/SC reader through `pcsc-mini`, loaded only when it is asked for: without libpcsclite the module can't be loaded,
 * and a kiosk with another reader must still start. Facts and traps: facts/cards.md §1.
 *
 * - A card torn out in the middle of a command comes back as a *successful* answer of no bytes: no answer, so removed.
 * - After any fault of a command the power-up is over. If the card is still in, it is connected anew, as a new power-up.
 * - When pcscd dies its client object is of no more use: a new one is made, again and again, with a pause between.
 */
import { randomUUID } from "node:crypto";
import type { CardReader, ReaderEvent, ReaderFailure, ReaderResult } from "../card-reader.ts";
import { cardCommands } from "../dialect/cardCommands.ts";
import { dialectOf } from "../dialect/dialects.ts";
import type { MemoryCardDialect } from "../dialect/memoryCardDialect.ts";
import { listeners } from "../listeners.ts";
import { loadPcsc, type PcscCard, type PcscClient, type PcscModule, type PcscReader } from "./pcscModule.ts";

export interface PcscReaderOptions {
  /** Pause before the service is looked for again, or a card connected again (ms). */
  retryMs?: number;
  /** Left out: by the reader's name. */
  dialect?: MemoryCardDialect;
  load?: () => Promise<PcscModule>;
  /** What keeps the reader out of service, for the log. */
  onProblem?: (problem: string) => void;
}

/** A card with the slot held for it. */
interface Connected {
  transmit(apdu: Uint8Array): Promise<Uint8Array>;
  /** Takes the power off the chip and gives it back, with the slot still held. */
  powerUp(): Promise<void>;
  /** Tells pcscd that nobody holds the slot any more; a card that is gone already makes no trouble. */
  release(): Promise<void>;
}
interface Inserted {
  powerUpId: string;
  /** null: connected to nothing that answers. */
  card: Connected | null;
  atr: string;
}

const defaultRetryMs = 1_000;

/** @param name the reader's name as PC/SC gives it, or its beginning; empty takes the first reader that appears. */
export function pcscReader(name: string, options: PcscReaderOptions = {}): CardReader {
  const { retryMs = defaultRetryMs, load = loadPcsc, onProblem = () => undefined } = options;
  const events = listeners<ReaderEvent>();
  let closed = false;
  let client: PcscClient | null = null;
  let attached: { pcsc: PcscModule; reader: PcscReader } | null = null;
  let inserted: Inserted | null = null;
  /** Grows with each arrival and departure: what was begun for an older one counts for nothing. */
  let turn = 0;
  let timer: NodeJS.Timeout | null = null;

  const later = (what: () => void): void => {
    if (timer !== null) clearTimeout(timer);
    timer = closed ? null : setTimeout(what, retryMs);
  };
  const takeOut = (): void => {
    turn += 1;
    if (inserted === null) return;
    const { powerUpId, card } = inserted;
    inserted = null;
    void card?.release();
    events.emit({ type: "removed", powerUpId });
  };
  const putIn = (next: Inserted): void => {
    inserted = next;
    events.emit(presence(next));
  };
  const connect = async (): Promise<void> => {
    turn += 1;
    const mine = turn;
    if (attached === null) return;
    const { pcsc, reader } = attached;
    try {
      const card = connected(pcsc, await reader.connect(pcsc.CardMode.EXCLUSIVE));
      const atr = mine === turn ? await card.atr() : null;
      if (mine === turn && atr !== null) putIn({ powerUpId: randomUUID(), card, atr });
      else await card.release();
    } catch (error) {
      if (mine !== turn) return;
      if (isMute(error)) putIn(mute());
      else later(() => void connect());
    }
  };
  const onChange = ({ ReaderStatus }: PcscModule, status: { has(...flags: number[]): boolean }): void => {
    if (!status.has(ReaderStatus.PRESENT)) {
      if (timer !== null) clearTimeout(timer);
      takeOut();
      return;
    }
    if (inserted !== null) return;
    if (status.has(ReaderStatus.MUTE)) putIn(mute());
    else void connect();
  };
  const lose = (problem: string): void => {
    if (closed) return;
    onProblem(problem);
    takeOut();
    const had = attached !== null;
    attached = null;
    if (had) events.emit({ type: "fault" });
  };
  const attach = (pcsc: PcscModule, found: PcscReader): void => {
    if (closed || attached !== null || !found.name().startsWith(name)) return;
    attached = { pcsc, reader: found };
    found.on("change", (status) => {
      if (attached?.reader === found) onChange(pcsc, status);
    });
    found.on("disconnect", () => {
      if (attached?.reader === found) lose(`the reader ${found.name()} is gone`);
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
      lose(problem);
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

  const unable = (powerUpId: string): ReaderFailure | null => {
    if (inserted === null) return "removed";
    if (inserted.powerUpId !== powerUpId) return "stale";
    return inserted.card === null ? "readerFault" : null;
  };
  /** Does it with the card of this power-up; `null` from it, or a throw, ends the power-up. */
  const withCard = async <T>(
    powerUpId: string,
    act: (card: Connected) => Promise<T | null>,
  ): Promise<ReaderResult<T>> => {
    const now = inserted;
    const reason = unable(powerUpId);
    if (reason !== null || now === null || now.card === null) return { ok: false, reason: reason ?? "removed" };
    const value = await act(now.card).catch(() => null);
    if (value !== null) return { ok: true, value };
    if (inserted === now) {
      takeOut();
      // Torn out and not yet noticed by the service, or only the power-up is over: the next look tells.
      later(() => void connect());
    }
    return { ok: false, reason: "removed" };
  };
  const transmit = (powerUpId: string, apdu: Uint8Array): Promise<ReaderResult<Uint8Array>> =>
    withCard(powerUpId, async (card) => {
      const response = await card.transmit(apdu);
      return response.length >= 2 ? response : null;
    });
  const powerUp = async (powerUpId: string): Promise<ReaderResult<null>> => {
    const done = await withCard(powerUpId, async (card) => {
      await card.powerUp();
      return true;
    });
    return done.ok ? { ok: true, value: null } : done;
  };
  const dialect = (): MemoryCardDialect => options.dialect ?? dialectOf(attached?.reader.name() ?? "");

  void open();
  return {
    ...cardCommands({ unable, transmit, powerUp }, dialect),
    subscribe: (listener) => {
      listener({ type: attached === null ? "fault" : "ready" });
      if (inserted !== null) listener(presence(inserted));
      return events.add(listener);
    },
    close: async () => {
      closed = true;
      turn += 1;
      if (timer !== null) clearTimeout(timer);
      const card = inserted?.card;
      inserted = null;
      await card?.release();
      if (client !== null) stopQuietly(client);
    },
  };
}

const connected = (
  { CardDisposition, CardMode }: PcscModule,
  card: PcscCard,
): Connected & { atr(): Promise<string> } => ({
  transmit: (apdu) => card.transmit(apdu),
  powerUp: async () => {
    await card.reconnect(CardMode.EXCLUSIVE, CardDisposition.UNPOWER);
  },
  release: () => card.disconnect(CardDisposition.UNPOWER).catch(() => undefined),
  atr: async () => Buffer.from((await card.state()).atr).toString("hex"),
});

const mute = (): Inserted => ({ powerUpId: randomUUID(), card: null, atr: "" });

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

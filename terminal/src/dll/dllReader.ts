/**
 * Cards of makers behind the DLL bridge, as a card reader like any other: the executor reads and writes the image that
 * stands for what the DLL says (gascard, dll/dllLayout.ts).
 *
 * - Looking asks each maker's CheckGasCard, and ReadGasCard of the one that claims the card: calls that by the interface show
 *   no secret. A card that two claim, or of which a DLL can't say whose it is or reads what can't be, becomes an image that
 *   the centre sends to the counter; a card that each calls another's, one that is foreign to it.
 * - Bytes that a script writes are kept here until they are a whole and sound sale on the card that was read; then they become
 *   one call of WriteGasCard. The executor's look at a byte just written is answered from here, every other read by the card:
 *   so the last step of a script, which reads all, is the proof.
 * - A call whose outcome nobody knows ends the power-up. It is never made again: what is on the card, the next reading tells.
 *
 * For kiosk and counter desk. A phone has no such reader, and class C sends it no script.
 */
import type { CardReader, ReaderEvent, ReaderFailure, ReaderResult } from "@citygas/devices";
import {
  chips,
  type DllCard,
  type DllClaim,
  type DllMaker,
  type DllProblem,
  dllCard,
  dllClaim,
  dllImage,
  dllProblem,
  dllSale,
  dllTool,
  dllUndecided,
  sameBytes,
} from "@citygas/gascard";
import type { DllAnswer, DllArgs, DllBridge, DllCall } from "./dllBridge.ts";

export interface DllReaderOptions {
  /** Makers that the centre knows; the bridge's others are not asked. */
  makers: readonly DllMaker[];
  /** `onChange`: to be called when the bridge comes or goes. */
  openBridge: (onChange: () => void) => DllBridge;
  /** Names power-ups; never twice the same. */
  newId: () => string;
  /** How often an idle slot is looked at (ms). */
  pollMs?: number;
}

interface Known {
  maker: DllMaker;
  card: DllCard;
  image: Uint8Array;
}
interface Inserted {
  powerUpId: string;
  known: Known | null;
  /** What is read of a card that is no maker's to sell to. */
  otherwise: Uint8Array;
  /** What a script has written and no call was made of yet: the whole image, and which of its bytes. */
  staged: { image: Uint8Array; written: Set<number> } | null;
}

/** The chip whose scripts fit: bytes, and no secret. */
const chip = chips.at24c02;
const imageBytes = chip.memoryBytes ?? 0;
const atr = chip.atr ?? "";
/** What is read of a card that nobody claims: no layout's, and not blank. */
const nobodys = new Uint8Array(imageBytes).fill(0x3f);

const fault = { ok: false, reason: "readerFault" } as const;
const failed = (reason: ReaderFailure): { ok: false; reason: ReaderFailure } => ({ ok: false, reason });

export function dllReader(options: DllReaderOptions): CardReader {
  const { makers, newId, pollMs = 1_000 } = options;
  const heard = new Set<(event: ReaderEvent) => void>();
  let closed = false;
  let ready = false;
  let inserted: Inserted | null = null;
  /** What the last look took a card for that nobody could read. */
  let doubt: Uint8Array | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  const emit = (event: ReaderEvent): void => {
    for (const listener of [...heard]) listener(event);
  };
  const takeOut = (): void => {
    if (inserted === null) return;
    const { powerUpId } = inserted;
    inserted = null;
    emit({ type: "removed", powerUpId });
  };
  const putIn = (known: Known | null, otherwise: Uint8Array): void => {
    inserted = { powerUpId: newId(), known, otherwise, staged: null };
    emit(presence(inserted));
  };
  const setReady = (now: boolean): void => {
    if (ready === now) return;
    if (!now) takeOut();
    ready = now;
    emit({ type: now ? "ready" : "fault" });
  };
  /** One thing at a time on the bridge: looking and scripts take turns. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const bridge = options.openBridge(() => lookIn(0));
  const lookIn = (afterMs: number): void => {
    if (timer !== null) clearTimeout(timer);
    timer = closed
      ? null
      : setTimeout(() => void inTurn(look).then(() => lookIn(doubt === null ? pollMs : 0)), afterMs);
  };
  const call = (maker: DllMaker, name: DllCall, args: DllArgs = {}): Promise<DllAnswer> =>
    bridge.call(maker.name, name, args);

  const look = async (): Promise<void> => {
    const doubted = doubt;
    doubt = null;
    if (closed) return;
    const asked = makers.filter(({ name }) => bridge.makers().includes(name));
    if (asked.length === 0) return setReady(false);
    const checks: { maker: string; code: number }[] = [];
    for (const maker of asked) {
      const check = await call(maker, "CheckGasCard");
      if (closed) return;
      if (!check.ok) return setReady(false);
      checks.push({ maker: maker.name, code: check.code });
    }
    const claim = dllClaim(checks);
    if (claim.kind === "fault") return setReady(false);
    setReady(true);
    if (claim.kind === "noCard") return takeOut();
    const owner =
      claim.kind === "maker" && claim.role === "gas" ? asked.find(({ name }) => name === claim.maker) : undefined;
    const known = owner === undefined ? null : await readOf(owner);
    if (closed || !ready) return;
    // Pulled between the two calls.
    if (known === "noCard") return takeOut();
    const otherwise = imageOf(claim);
    // A card changed between two looks: another number, another maker's, or claimed by others.
    const same =
      inserted !== null &&
      inserted.known?.card.kh === known?.card.kh &&
      inserted.known?.maker === known?.maker &&
      sameBytes(inserted.otherwise, otherwise);
    if (same) return;
    // One that comes while the makers are asked in turn is nobody's to those asked before: only two looks in a row say so.
    if (known === null && !(doubted !== null && sameBytes(doubted, otherwise))) {
      doubt = otherwise;
      return;
    }
    takeOut();
    putIn(known, otherwise);
  };
  /** Where the claim leads to no card that can be read. */
  const imageOf = (claim: Exclude<DllClaim, { kind: "noCard" | "fault" }>): Uint8Array => {
    switch (claim.kind) {
      case "nobody":
        return nobodys;
      case "several":
      case "unclear":
        return dllUndecided;
      case "maker": {
        const maker = claim.role === "tool" ? makers.find(({ name }) => name === claim.maker) : undefined;
        return maker === undefined ? dllUndecided : dllTool(maker);
      }
    }
  };
  /** null: it can't be read, or says what can't be. */
  const readOf = async (maker: DllMaker): Promise<Known | "noCard" | null> => {
    const read = await call(maker, "ReadGasCard");
    if (!read.ok) {
      setReady(false);
      return null;
    }
    if (read.code < 0 && dllProblem(read.code) === "noCard") return "noCard";
    const card = read.code === 0 ? dllCard(read.fields) : null;
    const image = card === null ? null : dllImage(maker, card);
    return card === null || image === null ? null : { maker, card, image };
  };

  const unable = (powerUpId: string): ReaderFailure | null =>
    inserted === null ? "removed" : inserted.powerUpId === powerUpId ? null : "stale";
  /** In its turn, and only while it is still that power-up. */
  const withCard = <T>(
    powerUpId: string,
    act: (card: Inserted) => Promise<ReaderResult<T>>,
  ): Promise<ReaderResult<T>> =>
    inTurn(async () => {
      const reason = unable(powerUpId);
      if (reason !== null || inserted === null) return failed(reason ?? "removed");
      return await act(inserted);
    });
  /** The power-up is over: what lies there is looked at anew. */
  const end = (reason: ReaderFailure): { ok: false; reason: ReaderFailure } => {
    takeOut();
    lookIn(0);
    return failed(reason);
  };

  const readAnew = async (card: Inserted): Promise<ReaderResult<Uint8Array>> => {
    if (card.known === null) return { ok: true, value: card.otherwise };
    const { maker, card: was } = card.known;
    const read = await call(maker, "ReadGasCard");
    if (!read.ok) return end("readerFault");
    if (read.code !== 0) return end(failureOf(dllProblem(read.code)));
    const now = dllCard(read.fields);
    const image = now === null ? null : dllImage(maker, now);
    if (now === null || image === null) return fault;
    if (now.kh !== was.kh) return end("removed");
    card.known = { maker, card: now, image };
    return { ok: true, value: image };
  };

  return {
    subscribe: (listener) => {
      listener({ type: ready ? "ready" : "fault" });
      if (inserted !== null) listener(presence(inserted));
      heard.add(listener);
      return () => {
        heard.delete(listener);
      };
    },
    select: (powerUpId, kind) =>
      withCard(powerUpId, async (card) => {
        if (kind !== chip.kind) return fault;
        card.staged = null;
        return { ok: true, value: null };
      }),
    read: (powerUpId, offset, length) =>
      withCard(powerUpId, async (card) => {
        const { staged } = card;
        const range = Array.from({ length }, (_, i) => offset + i);
        // Only the executor's look at what it has just written; every other read is one of the card.
        if (staged !== null && range.every((at) => staged.written.has(at))) {
          return { ok: true, value: staged.image.slice(offset, offset + length) };
        }
        card.staged = null;
        const image = await readAnew(card);
        return image.ok ? { ok: true, value: image.value.slice(offset, offset + length) } : image;
      }),
    write: (powerUpId, offset, data) =>
      withCard(powerUpId, async (card) => {
        if (card.known === null || offset < 0 || offset + data.length > imageBytes) return fault;
        const { maker, card: read, image } = card.known;
        card.staged ??= { image: image.slice(), written: new Set() };
        card.staged.image.set(data, offset);
        for (const i of data.keys()) card.staged.written.add(offset + i);
        // No part of a sale is a sound one (open/tables.ts): it is whole when its last changed byte is there.
        const sale = dllSale(maker, read, card.staged.image);
        if (sale === null) return { ok: true, value: null };
        const written = await call(maker, "WriteGasCard", { ...sale });
        if (!written.ok) return end("readerFault");
        return written.code === 0 ? { ok: true, value: null } : failed(failureOf(dllProblem(written.code)));
      }),
    // The chip that stands for it has no secret: what the DLL shows to the card stays in the DLL.
    counter: async () => fault,
    present: async () => fault,
    close: async () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      await bridge.close();
    },
  };
}

function failureOf(problem: DllProblem): ReaderFailure {
  switch (problem) {
    case "noCard":
      return "removed";
    case "wrongSecret":
      return "wrongSecret";
    case "notWritten":
    case "otherCard":
    case "overLimit":
      return "verifyFailed";
    case "reader":
    case "notUser":
    case "notOurs":
    case "newCard":
    case "cardBroken":
    case "other":
      return "readerFault";
  }
}

const presence = ({ powerUpId }: Inserted): ReaderEvent => ({ type: "inserted", powerUpId, atr });

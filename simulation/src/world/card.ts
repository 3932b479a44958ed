/** A memory card in this world, the reader that drives its chip, and the meter that loads it. The bytes are the chip's. */
import type { Hex } from "@citygas/gascard";
import { blankChip, type MeterRow, Sle4442, takeCard } from "@citygas/sandbox";
import type { ScriptRun } from "@citygas/terminal";
import type { FaultAt } from "../faults/kinds.ts";
import type { Kiosk } from "./kiosk.ts";
import type { World } from "./world.ts";

export type CardReader = ScriptRun["reader"];

export interface PhysicalCard {
  readonly label: string;
  readonly household: string;
  chip: Sle4442;
  secret: Hex;
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A chip with this image and secret, as the issuing desk hands it out. */
export function newChip(image: Uint8Array, secret: Hex): Sle4442 {
  return new Sle4442({ ...blankChip(secret), memoryHex: hexOf(image) });
}

/** Writes bytes with the right secret, outside any reader of ours; `upTo` single erase or program steps. */
export function writeBytes(
  card: PhysicalCard,
  offset: number,
  bytes: Uint8Array,
  upTo = Number.POSITIVE_INFINITY,
): void {
  const { chip } = card;
  unlock(chip, bytesOf(card.secret));
  let left = upTo;
  for (const [index, value] of bytes.entries())
    for (const step of chip.updateSteps(offset + index, value)) {
      if (left <= 0) break;
      left -= 1;
      chip.apply(step, offset + index, value);
    }
  chip.powerOff();
}

function unlock(chip: Sle4442, secret: Uint8Array): boolean {
  if (!chip.payAttempt()) return false;
  for (const [index, value] of secret.entries()) chip.compare(index, value);
  return chip.eraseErrorCounter();
}

/** What the meter wrote out for this card; the meter's own state counts before the first byte. */
export function intoMeter(world: World, meter: MeterRow, card: PhysicalCard, tornAfter: number | null): MeterRow {
  const { meter: next, verdict, returnArea } = takeCard(meter, card.chip.read());
  world.say(
    () => `${card.label} into its meter: ${verdict.kind}${"count" in verdict ? ` number ${verdict.count}` : ""}`,
  );
  if (verdict.kind === "credited") world.checks.credited(meter.id, verdict.count, verdict.amount);
  if (returnArea !== null) writeBytes(card, 128, returnArea, tornAfter ?? undefined);
  return next;
}

type Failed = { ok: false; reason: "removed" | "locked" | "wrongSecret" | "readerFault" | "stale" };
const removed: Failed = { ok: false, reason: "removed" };

/** The reader of a kiosk: every command may find the card gone, and any byte may be the last. */
export function readerOf(world: World, kiosk: Kiosk): CardReader {
  const { scheduler, faults } = world;
  const inside = (powerUpId: string): PhysicalCard | Failed => {
    if (kiosk.slot === null) return removed;
    return kiosk.slot.powerUpId === powerUpId ? kiosk.slot.card : { ok: false, reason: "stale" };
  };
  /** What goes wrong before a command; null: nothing. */
  const before = async (powerUpId: string, presenting: boolean): Promise<Failed | null> => {
    const fiber = scheduler.fiber();
    if (fiber.rng.chance(200)) await scheduler.pause(fiber.rng.int(5, 60));
    const fault = world.calm ? null : faults.draw<FaultAt<"step">>("step", fiber);
    switch (fault) {
      case null:
        return null;
      case "readerFault":
        faults.hit(fault);
        return { ok: false, reason: "readerFault" };
      case "cardPulled":
        if (kiosk.slot?.powerUpId !== powerUpId) return null;
        faults.hit(fault);
        kiosk.takeCardOut();
        return removed;
      case "cardPulledInPresent":
        if (!presenting || kiosk.slot?.powerUpId !== powerUpId) return null;
        faults.hit(fault);
        kiosk.slot.card.chip.payAttempt();
        kiosk.takeCardOut();
        return removed;
      case "kioskStalls":
        faults.hit(fault);
        await scheduler.pause(fiber.rng.int(61_000, 200_000));
        return null;
      case "powerCutAtStep":
        faults.hit(fault);
        kiosk.powerCut();
        return await scheduler.halt();
    }
  };
  const isFailed = (found: PhysicalCard | Failed): found is Failed => "ok" in found;
  return {
    subscribe: () => () => undefined,
    close: async () => undefined,
    async select(powerUpId) {
      const failed = await before(powerUpId, false);
      if (failed) return failed;
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      card.chip.powerOff();
      return { ok: true, value: null };
    },
    async read(powerUpId, offset, length) {
      const failed = await before(powerUpId, false);
      if (failed) return failed;
      const card = inside(powerUpId);
      return isFailed(card) ? card : { ok: true, value: card.chip.read(offset, length) };
    },
    async counter(powerUpId) {
      const card = inside(powerUpId);
      return isFailed(card) ? card : { ok: true, value: card.chip.errorCounter };
    },
    async present(powerUpId, secret) {
      const failed = await before(powerUpId, true);
      if (failed) return failed;
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      if (unlock(card.chip, secret)) return { ok: true, value: card.chip.errorCounter };
      return { ok: false, reason: card.chip.errorCounter === 0 ? "locked" : "wrongSecret" };
    },
    async write(powerUpId, offset, data) {
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      const fiber = scheduler.fiber();
      const fault = world.calm ? null : faults.draw<FaultAt<"write">>("write", fiber);
      const torn = fault === "tornWrite" || fault === "powerCutInWrite";
      world.checks.cardWritten(kiosk, card);
      let left = torn ? fiber.rng.int(0, data.length * 2 - 1) : Number.POSITIVE_INFINITY;
      if (fault !== null) {
        faults.hit(fault);
        world.say(() => `${fault} at ${kiosk.name}, ${card.label}, byte ${offset}+${torn ? left >> 1 : data.length}`);
      }
      for (const [index, value] of data.entries())
        for (const step of card.chip.updateSteps(offset + index, value)) {
          if (left <= 0) break;
          left -= 1;
          card.chip.apply(step, offset + index, value);
        }
      if (fault === "tornWrite") {
        kiosk.takeCardOut();
        return removed;
      }
      if (fault === "powerCutInWrite" || fault === "powerCutAfterWrite") {
        kiosk.powerCut();
        return await scheduler.halt();
      }
      return { ok: true, value: null };
    },
  };
}

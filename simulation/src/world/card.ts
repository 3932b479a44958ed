/**
 * A card in this world, the reader that drives its chip, and the meter that loads it. The bytes and the rules of SLE4442,
 * AT24C02 and CPU card are the sandbox's chips, the meter's judgement is the sandbox's meter.
 */
import type { LayoutDriver } from "@citygas/gascard";
import { At24c, blankChip, CpuCard, loadCard, type MeterRow, type Pull, Sle4442 } from "@citygas/sandbox";
import type { ScriptRun } from "@citygas/terminal";
import type { Rng } from "../chance/rng.ts";
import type { FaultAt } from "../faults/kinds.ts";
import type { Kiosk } from "./kiosk.ts";
import type { World } from "./world.ts";

export type CardReader = ScriptRun["reader"];
export type WorldChip = Sle4442 | At24c | CpuCard;

export interface PhysicalCard {
  readonly label: string;
  readonly household: string;
  chip: WorldChip;
  /** Its last write was cut off or not read back: whatever was the matter may still be. */
  wroteBadly?: boolean;
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What opens a chip of this card: the memory chip's secret (hex), the CPU card's keys for commands and proofs. */
export interface ChipKeys {
  secretHex: string;
  sealKey: Uint8Array;
  proofKey: Uint8Array;
}

/** A chip with this image, as the issuing desk hands it out. `rng` draws a CPU card's challenges. */
export function newChip(
  { chip, application }: LayoutDriver,
  image: Uint8Array,
  { secretHex, sealKey, proofKey }: ChipKeys,
  rng: Rng,
): WorldChip {
  if (application !== null)
    return new CpuCard({
      aid: bytesOf(application.aid),
      cipher: "3des",
      files: application.files.map(({ sfi, offset, length }) => ({
        sfi,
        content: image.slice(offset, offset + length),
        key: sealKey,
      })),
      externalKey: sealKey,
      internalKeys: application.proofKeyId === null ? [] : [{ id: application.proofKeyId, key: proofKey }],
      random: (length) => rng.bytes(length),
    });
  const memoryHex = hexOf(image);
  return chip === "at24c02" ? At24c.of({ kind: chip, memoryHex }) : new Sle4442({ ...blankChip(secretHex), memoryHex });
}

/** Makes the card hold this image, as somebody does who can; no reader of ours is told. */
export function overwrite({ chip }: PhysicalCard, image: Uint8Array): void {
  chip.open();
  for (const { erase, program } of chip.cycles(0, image)) {
    erase?.();
    program?.();
  }
  chip.powerOff();
}

function unlock(chip: Sle4442, secret: Uint8Array): boolean {
  if (!chip.payAttempt()) return false;
  for (const [index, value] of secret.entries()) chip.compare(index, value);
  return chip.eraseErrorCounter();
}

/** What a meter made of a card that was pulled after `pull` of the bytes it writes. */
export function intoMeter(world: World, meter: MeterRow, card: PhysicalCard, pull: Pull): MeterRow {
  const { meter: next, verdict } = loadCard(meter, card.chip, pull, () => undefined);
  world.say(
    () => `${card.label} into its meter: ${verdict.kind}${"count" in verdict ? ` number ${verdict.count}` : ""}`,
  );
  if (verdict.kind === "credited") world.checks.credited(meter.id, verdict.count, verdict.amount);
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
        if (!(kiosk.slot.card.chip instanceof Sle4442)) return null;
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
  const withSecret = (card: PhysicalCard): Sle4442 | null => (card.chip instanceof Sle4442 ? card.chip : null);
  const noSuchCommand: Failed = { ok: false, reason: "readerFault" };

  /** The card's own steps of one command that changes it, in their order; the chosen fault cuts them anywhere. */
  const changing = async (
    card: PhysicalCard,
    steps: readonly (() => void)[],
    where: string,
  ): Promise<Failed | null> => {
    const fiber = scheduler.fiber();
    const site = card.wroteBadly === true ? "rewrite" : "write";
    const fault = world.calm ? null : faults.draw<FaultAt<typeof site>>(site, fiber);
    card.wroteBadly = fault !== null;
    const torn =
      fault === "tornWrite" || fault === "powerCutInWrite" || (fault === "pulledAgain" && fiber.rng.chance(500));
    world.checks.cardWritten(kiosk, card);
    const upTo = torn ? fiber.rng.int(0, steps.length - 1) : steps.length;
    if (fault !== null) {
      faults.hit(fault);
      world.say(() => `${fault} at ${kiosk.name}, ${card.label}, ${where}, ${upTo} of ${steps.length} steps`);
    }
    for (const step of steps.slice(0, upTo)) step();
    if (fault === "tornWrite" || fault === "pulledAgain") {
      kiosk.takeCardOut();
      return removed;
    }
    if (fault === "powerCutInWrite" || fault === "powerCutAfterWrite") {
      kiosk.powerCut();
      return await scheduler.halt();
    }
    return null;
  };
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
      if (isFailed(card)) return card;
      const { chip } = card;
      return chip.kind === "cpu" ? noSuchCommand : { ok: true, value: chip.read(offset, length) };
    },
    async counter(powerUpId) {
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      const chip = withSecret(card);
      return chip === null ? noSuchCommand : { ok: true, value: chip.errorCounter };
    },
    async present(powerUpId, secret) {
      const failed = await before(powerUpId, true);
      if (failed) return failed;
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      const chip = withSecret(card);
      if (chip === null) return noSuchCommand;
      if (unlock(chip, secret)) return { ok: true, value: chip.errorCounter };
      return { ok: false, reason: chip.errorCounter === 0 ? "locked" : "wrongSecret" };
    },
    async rekey(powerUpId, secret) {
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      const chip = withSecret(card);
      if (chip === null) return noSuchCommand;
      // Torn in the change itself, the card opens to the old one or to the new one.
      const failed = await changing(card, [() => chip.changeSecret(secret), () => undefined], "its secret");
      if (failed) return failed;
      chip.powerOff();
      return unlock(chip, secret)
        ? { ok: true, value: chip.errorCounter }
        : { ok: false, reason: chip.errorCounter === 0 ? "locked" : "wrongSecret" };
    },
    async write(powerUpId, offset, data) {
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      const steps: (() => void)[] = [];
      for (const { erase, program } of card.chip.cycles(offset, data))
        for (const step of [erase, program]) if (step !== null) steps.push(step);
      return (await changing(card, steps, `byte ${offset}+${data.length}`)) ?? { ok: true, value: null };
    },
    async transmit(powerUpId, apdu) {
      const changes = apdu[1] === updateBinary;
      const failed = changes ? null : await before(powerUpId, false);
      if (failed) return failed;
      const card = inside(powerUpId);
      if (isFailed(card)) return card;
      const { chip } = card;
      if (chip.kind !== "cpu") return noSuchCommand;
      if (!changes) return { ok: true, value: chip.apdu(apdu) };
      let answer: Uint8Array = new Uint8Array();
      const sent = (): void => {
        answer = chip.apdu(apdu);
      };
      return (await changing(card, [sent, () => undefined], "a sealed command")) ?? { ok: true, value: answer };
    },
  };
}

const updateBinary = 0xd6;

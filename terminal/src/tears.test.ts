/**
 * Every layout on its chip, pulled at every erase and every program step of a sale; from each of those cards the write that
 * resumes it, pulled at every step again; and at every one of these points the card in its meter, which may be pulled from
 * it too. The scripts are the planner's, carried out by the executor; chips and meter are the sandbox's, which reads the
 * published pages and none of our code. The short tier resumes from a part of the first cuts, the long one from all.
 *
 * Wherever the card is pulled: the meter credits the purchase once at most; what we call written or in the meter gets
 * there, what we call unwritten or torn is not there; a card of class A or B is finished at the next reader; of class C,
 * nothing that may have been in a meter is ever called unwritten.
 */
import type { CardReader, ReaderResult } from "@citygas/devices";
import {
  type CardScript,
  classify,
  cpuMac,
  fromHex,
  type ImageClass,
  type LayoutDriver,
  layouts,
  macInput,
  mayFinishAt,
  type PurchaseOnCard,
  planSteps,
  resumeImages,
  sameBytes,
  sealOfStep,
  toHex,
  withMac,
} from "@citygas/gascard";
import {
  type AnyChip,
  type AnyChipState,
  blankChip,
  chipFrom,
  loadCard,
  type MeterRow,
  type Pull,
} from "@citygas/sandbox";
import { describe, expect, inject, test } from "vitest";
import { runScript } from "./executor.ts";

const secret = "123456";
const sellersKey = "02".repeat(16);
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
/** The short tier goes on from every so-manieth first cut, another part for each layout. */
const stride = inject("long") ? 1 : 9;

interface Story {
  what: string;
  count: number;
  last: number;
  value: number;
  lastDay: string;
  boughtOn: string;
  inMeter: boolean;
}
const usual = { last: 50_000, value: 120_000, lastDay: "2026-10-01", boughtOn: "2026-11-23", inMeter: true };
const stories: readonly Story[] = [
  { what: "a usual one", ...usual, count: 7 },
  { what: "a count that carries", ...usual, count: 255 },
  { what: "a mark of all ones", ...usual, count: 254, value: 255 },
  { what: "the same again", ...usual, count: 41, last: 120_000, lastDay: "2026-11-23" },
  { what: "the first, on a card that was in no meter", ...usual, count: 0, last: 0, inMeter: false },
];

/** A card, its meter, and the sale that is to be written. */
interface Scene {
  driver: LayoutDriver;
  story: Story;
  chip: AnyChipState;
  meter: MeterRow;
  before: Uint8Array;
  after: Uint8Array;
  purchase: PurchaseOnCard;
  /** Of the meter, before the sale. */
  total: number;
}

function chipWith(driver: LayoutDriver, image: Uint8Array): AnyChipState {
  const { chip, application } = driver;
  if (application !== null) {
    const files = application.files.map(({ sfi, offset, length }) => {
      return { sfi, contentHex: toHex(image.slice(offset, offset + length)), keyHex: `0${sfi}`.repeat(16) };
    });
    return {
      kind: "cpu",
      aidHex: application.aid,
      cipher: application.cipher === "sm4" ? "sm4" : "3des",
      files,
      externalKeyHex: "09".repeat(16),
      tries: 3,
    };
  }
  if (chip === "sle4442") return { ...blankChip(secret), memoryHex: toHex(image) };
  if (chip === "at24c02") return { kind: chip, memoryHex: toHex(image) };
  throw new Error(`no scene for a ${chip}`);
}

function sceneOf(driver: LayoutDriver, story: Story): Scene {
  const { count, last, value, lastDay, boughtOn, inMeter } = story;
  const amount = (of: number): PurchaseOnCard["amount"] =>
    driver.unit === "volume" ? { kind: "volume", volumeL: of } : { kind: "money", amountFen: of };
  const account = {
    cardNumber: "0311203086",
    areaCode: "0996",
    role: "user",
    replacement: 0,
    meterCeiling: 0,
  } as const;
  const issued = driver.format({ ...account, count: Math.max(0, count - 1), totalCredited: inMeter ? 900_000 : 0 });
  const layout = ["open-a", "open-b", "open-b-cpu", "open-b-sm4", "open-c"].find(
    (page) => driver.name === `${page}-${driver.unit}`,
  );
  const zero = { replacement: 0, count: 0, totalCredited: 0, remaining: 0, registerL: 500, batteryLow: false } as const;
  let meter = {
    id: "m",
    label: "m",
    device: "meter",
    unit: driver.unit,
    boundTo: null,
    ...zero,
    valve: "closed",
  } as MeterRow;
  meter = { ...meter, layout: layout as NonNullable<MeterRow["layout"]> };
  const chip = chipFrom(chipWith(driver, issued));
  if (inMeter) {
    const earlier = { countBefore: count - 1, totalBefore: 900_000, amount: amount(last), boughtOn: lastDay };
    const sold = chipFrom(chipWith(driver, driver.purchaseImage(issued, earlier)));
    // Its earlier purchase is in the meter already.
    meter = loadCard(meter, chip, null, () => undefined).meter;
    meter = loadCard(meter, sold, null, () => undefined).meter;
    expect(meter.totalCredited).toBe(900_000 + last);
    chip.powerOff();
    return withSale(driver, story, sold, meter, amount(value));
  }
  return withSale(driver, story, chip, meter, amount(value));

  function withSale(by: LayoutDriver, of: Story, card: AnyChip, at: MeterRow, bought: PurchaseOnCard["amount"]): Scene {
    const before = card.image();
    const price = by.unit === "money" ? { price: { nowE4: 25_300, next: null } } : {};
    const purchase = { countBefore: count, totalBefore: at.totalCredited, amount: bought, boughtOn, ...price };
    const after = by.purchaseImage(before, purchase);
    return { driver: by, story: of, chip: card.state(), meter: at, before, after, purchase, total: at.totalCredited };
  }
}

const done = <T>(value: T): ReaderResult<T> => ({ ok: true, value });
const removed = { ok: false, reason: "removed" } as const;

/** A reader from which the card is pulled after so many of the chip's own steps. */
function readerOf(chip: AnyChip, budget: { left: number; used: number }): CardReader {
  const step = (): boolean => {
    if (budget.left === 0) return false;
    budget.left -= 1;
    budget.used += 1;
    return true;
  };
  const counter = (): number => (chip.kind === "sle4442" ? chip.errorCounter : 0);
  return {
    subscribe: () => () => undefined,
    close: async () => undefined,
    select: async () => {
      chip.powerOff();
      return done(null);
    },
    read: async (_, offset, length) => done(chip.image().slice(offset, offset + length)),
    counter: async () => done(counter()),
    present: async () => {
      if (!step()) return removed;
      // The try is paid, and only then compared.
      if (chip.kind === "sle4442" && budget.left === 0) chip.payAttempt();
      if (!step()) return removed;
      return chip.open() ? done(counter()) : { ok: false, reason: "locked" };
    },
    write: async (_, offset, data) => {
      for (const { erase, program } of chip.cycles(offset, data))
        for (const act of [erase, program]) {
          if (act === null) continue;
          if (!step()) return removed;
          act();
        }
      return done(null);
    },
    transmit: async (_, apdu) => {
      if (chip.kind !== "cpu" || (apdu[1] === 0xd6 && !step())) return removed;
      return done(chip.apdu(apdu));
    },
  };
}

interface Written {
  chip: AnyChipState;
  /** Steps of the chip that were done. */
  steps: number;
  whole: boolean;
}

/** The script from `before` to `after` on a copy of the chip, pulled after so many steps. */
async function written(
  { driver }: Scene,
  from: AnyChipState,
  after: Uint8Array,
  pullAfter = Infinity,
): Promise<Written> {
  const chip = chipFrom(from);
  const before = chip.image();
  // As the centre does: one try used is forgiven where our own last step was to present it.
  const tries = chip.kind === "sle4442" ? chip.errorCounter : null;
  const steps = planSteps(driver, before, after, driver.chip === "sle4442" ? secret : null).map((step) =>
    step.op === "counter" && tries !== null ? { op: "counter" as const, expect: tries } : step,
  );
  const script: CardScript = { id: "s", purpose: "write", steps, deadlineAt: 1 };
  const budget = { left: pullAfter, used: 0 };
  const report = await runScript(script, {
    reader: readerOf(chip, budget),
    powerUpId: "p",
    serverNowMs: () => 1,
    seal: async ({ step, challenge }) => {
      const update = sealOfStep(driver, before, after, step)?.update;
      const cipher = driver.application?.cipher;
      if (update === undefined || cipher === undefined) throw new Error(`step ${step} is no seal`);
      return toHex(withMac(update, cpuMac(cipher, bytes(sellersKey), bytes(challenge), macInput(update))));
    },
  });
  if (report.failure !== undefined && report.failure.reason !== "removed") throw new Error(report.failure.reason);
  chip.powerOff();
  return { chip: chip.state(), steps: budget.used, whole: report.failure === undefined };
}

function intoMeter(meter: MeterRow, chip: AnyChipState, pull: Pull = null): { meter: MeterRow; chip: AnyChipState } {
  const card = chipFrom(chip);
  let kept = meter;
  const loaded = loadCard(meter, card, pull, (known) => {
    kept = known;
  });
  expect(loaded.verdict.kind).not.toBe("notOurs");
  return { meter: kept, chip: card.state() };
}

const imageOf = (chip: AnyChipState): Uint8Array => chipFrom(chip).image();
const pulls: readonly Pull[] = ["beforeCredit", "afterCredit", ...Array.from({ length: 38 }, (_, at) => at)];

/** One card somewhere on its way: what we say of it, and what its meter does with it. Answers what we say. */
function looked(
  scene: Scene,
  script: { before: Uint8Array; after: Uint8Array },
  chip: AnyChipState,
  meter: MeterRow,
): ImageClass {
  const { driver, purchase, total, story } = scene;
  const value = purchase.amount.kind === "volume" ? purchase.amount.volumeL : purchase.amount.amountFen;
  const said = classify(driver, imageOf(chip), script.before, script.after, null, purchase);
  const credited = meter.totalCredited - total;
  const then = intoMeter(meter, chip).meter.totalCredited - total;
  const seen = `${story.what}: ${said}, ${credited} in the meter, ${then} after another insertion`;
  expect([0, value], seen).toContain(credited);
  switch (said) {
    case "written":
    case "consumed":
      expect(then, seen).toBe(value);
      break;
    case "unwritten":
    case "torn":
      expect(then, seen).toBe(0);
      break;
    default:
      // Only class C's meter writes where a sale does; a person reads its index.
      expect([driver.cardClass, said], seen).toEqual(["C", "other"]);
  }
  return said;
}

/** In the meter and pulled from it at every byte: read again, and in once more. */
function pulledFromMeter(scene: Scene, script: { before: Uint8Array; after: Uint8Array }, chip: AnyChipState): number {
  for (const pull of pulls) {
    const torn = intoMeter(scene.meter, chip, pull);
    looked(scene, script, torn.chip, torn.meter);
  }
  return pulls.length;
}

/** From this card: finished at the next reader, pulled there at every step, into the meter at each. */
async function resumed(scene: Scene, from: AnyChipState, meter: MeterRow): Promise<number> {
  const { driver, after } = scene;
  const images = resumeImages(driver, imageOf(from), after);
  if (sameBytes(images.before, images.after)) return 0;
  let points = 0;
  for (let pullAfter = 0; ; pullAfter++) {
    const cut = await written(scene, from, images.after, pullAfter);
    looked(scene, images, cut.chip, meter);
    points += 2;
    if (!cut.whole) continue;
    expect(imageOf(cut.chip)).toEqual(images.after);
    points += pulledFromMeter({ ...scene, meter }, images, cut.chip);
    return points;
  }
}

describe.each(layouts.map((driver, index) => [driver.name, driver, index] as const))("%s", (_name, driver, index) => {
  const told = inject("long")
    ? stories
    : stories.filter((_, at) => at % layouts.length === index % stories.length || at === 0);
  test.for(told.map((story) => [story.what, story] as const))(
    "pulled at every step, and again at every step of what resumes it: %s",
    async ([_what, story], { task }) => {
      const scene = sceneOf(driver, story);
      const finishes = mayFinishAt(driver, "kiosk");
      expect(finishes).toBe(driver.cardClass !== "C");
      let points = 0;
      const said = new Set<ImageClass>();
      for (let pullAfter = 0; ; pullAfter++) {
        const cut = await written(scene, scene.chip, scene.after, pullAfter);
        expect(cut.steps).toBeLessThanOrEqual(pullAfter);
        said.add(looked(scene, scene, cut.chip, scene.meter));
        points += 2 + pulledFromMeter(scene, scene, cut.chip);
        if (finishes && !cut.whole && (pullAfter + index) % stride === 0) {
          points += await resumed(scene, cut.chip, scene.meter);
          // Its owner tries it at home first, and comes back with what the meter made of it.
          const tried = intoMeter(scene.meter, cut.chip);
          points += await resumed(scene, tried.chip, tried.meter);
          // And pulls it from the meter too early: its return area says nothing any more.
          const spoilt = intoMeter(scene.meter, cut.chip, 7);
          points += await resumed(scene, spoilt.chip, spoilt.meter);
        }
        if (cut.whole) break;
      }
      expect([...said].sort()).toEqual(
        driver.chip === "cpu" ? ["unwritten", "written"] : ["torn", "unwritten", "written"],
      );

      task.meta.cases = points;
      console.log(`${driver.name}, ${story.what}: ${points} points`);
    },
  );
});

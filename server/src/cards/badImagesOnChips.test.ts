/**
 * Bad images on the chips themselves, each as its datasheet has it, through the terminal's own door: refused by name, no
 * quote is opened, nothing that is paid for gets a script. A secret that was tried, an authentication or a byte that was
 * written would change the chip's state, which stays what it was to the last bit.
 */
import { type CardScript, type LayoutDriver, layouts, type ScriptReport, toHex } from "@citygas/gascard";
import { type AnyChip, At24c, At88sc102, blankChip, CpuCard, Sle4428, Sle4442, takeCard } from "@citygas/sandbox";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { kiosk1, kiosk2 } from "../purchases/earth.testkit.ts";
import { quotePurchase } from "../purchases/quote.ts";
import { amount, confirmed, keyed, pay, quoted, stateOf, volume } from "../purchases/world.testkit.ts";
import { type Books, booksOf, dice, disturbed, made, meterOf, otherLayout, sold } from "./badImages.testkit.ts";
import { cpuAtr, cpuChip, noSeal, runOnChip } from "./cpuCard.testkit.ts";
import { endSession } from "./report.ts";
import { openSession, putImage } from "./sessions.ts";

const numRuns = inject("long") ? 3_000 : 200;

/** A card with these bytes; where they are too few, the rest is as from the factory. */
function chipWith({ driver, card }: Books, image: Uint8Array, errorCounter = 7): AnyChip {
  if (driver.chip === "cpu") return cpuChip(driver, image);
  const memoryHex = toHex(filled(256, image));
  return driver.chip === "at24c02"
    ? At24c.of({ kind: "at24c02", memoryHex })
    : new Sle4442({ ...blankChip(card.secret), memoryHex, errorCounter });
}
const filled = (length: number, image: Uint8Array): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => image[at] ?? 0xff);

/** Reads and asks, and does nothing else: a probe that had another step would end the test. */
async function probed(chip: AnyChip, script: CardScript): Promise<ScriptReport> {
  if (chip instanceof CpuCard) return await runOnChip(chip, script, "p", noSeal);
  const image = chip.image();
  const results: ScriptReport["results"] = [];
  for (const [step, todo] of script.steps.entries()) {
    if (todo.op === "select") results.push({ step });
    else if (todo.op === "read") results.push({ step, data: toHex(around(image, todo.offset, todo.length)) });
    else if (todo.op !== "counter") throw new Error(`a probe that does ${todo.op}`);
    else if ("errorCounter" in chip) results.push({ step, counter: chip.errorCounter });
    else return { scriptId: script.id, powerUpId: "p", results, failure: { step, reason: "readerFault" } };
  }
  return { scriptId: script.id, powerUpId: "p", results };
}

/** A small chip that is asked for more begins again. */
const around = (image: Uint8Array, offset: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => image[(offset + at) % image.length] ?? 0);

const entryOf = ({ unit }: LayoutDriver) => (unit === "volume" ? volume(5) : amount(5_000));

let asked = 0;
/** Into a reader and out again; a quote is asked for, whatever the centre said. */
async function inserted({ earth, world, driver }: Books, chip: AnyChip, terminal = kiosk2) {
  earth.clock.now += 1_000;
  const before = chip.state();
  const atr = chip.kind === "cpu" ? cpuAtr : chip.atr;
  const { id, script } = await openSession(world.sale, terminal, { reader: "r", atr, powerUpId: "p" });
  const report = await probed(chip, script);
  chip.powerOff();
  const answer = await putImage(world.sale, terminal, id, report);
  const name = !answer.ok ? answer.error.code : answer.value.kind === "refused" ? answer.value.code : answer.value.kind;
  expect(chip.state(), name).toEqual(before);
  asked += 1;
  const quote = () =>
    quotePurchase(world.sale, terminal, { cardSessionId: id, entry: entryOf(driver) }, keyed(`quote-${asked}`));
  return { id, name, quote, ended: () => endSession(world.sale, terminal, id) };
}

/** What the household's own meter would still take of it, or wouldn't have at all: nobody may be sold to with that. */
const isBad = (books: Books, image: Uint8Array): boolean =>
  takeCard(meterOf(books), filled(books.card.image.length, image)).verdict.kind !== "alreadyTaken";

function othersOf({ card, driver }: Books): Uint8Array[] {
  const cardNumber = card.number;
  return [
    sold(driver, card.image),
    made(driver, { cardNumber, count: 2, totalCredited: 85_000 }),
    made(driver, { cardNumber: "7" }),
    made(otherLayout(driver), { cardNumber }),
    made(driver, { cardNumber, replacement: 1 }),
    made(driver, { cardNumber, role: "tool" }),
  ];
}

describe.each(layouts.map((driver) => [driver.name, driver] as const))("%s", (_name, driver) => {
  test("opens no quote, and its chip is as it was", async () => {
    const books = await booksOf(driver);
    const found = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(6), fc.constantFrom(7, 7, 3, 1, 0), async (seed, kind, counter) => {
        const image = disturbed(books.card.image, othersOf(books), dice(seed), kind);
        const worn = driver.chip === "sle4442" && counter !== 7;
        if (!worn && !isBad(books, image)) return;
        const { name, quote, ended } = await inserted(books, chipWith(books, image, counter));
        found.add(name);
        if (name === "account" || name === "script") throw new Error(`a bad card leads to ${name}`);
        expect(await quote()).toMatchObject({ ok: false });
        await ended();
      }),
      { numRuns },
    );
    expect(books.earth.purchases.size).toBe(0);
    expect(books.secrets()).toBe(0);
    // An older card of class C has nothing on it that a meter refuses: the books alone know it (images.fuzz.test.ts).
    const counted = driver.cardClass === "C" ? [] : ["card.countMismatch"];
    expect([...found]).toEqual(expect.arrayContaining(["gasOnCard", "card.badChecksum", ...counted]));
    expect(found.has("card.secretCounter")).toBe(driver.chip === "sle4442");
  });

  test("gets no script of what the good one has paid for", async () => {
    const books = await booksOf(driver);
    const { world, card } = books;
    const good = await inserted(books, chipWith(books, card.image), kiosk1);
    expect(good.name).toBe("account");
    const seen = { sessionId: good.id, powerUpId: "p", answer: { kind: "account" } as never };
    const { id } = await quoted(world, kiosk1, seen, entryOf(driver));
    await confirmed(world, kiosk1, id);
    await pay(world, kiosk1, id);
    await good.ended();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(6), async (seed, kind) => {
        const image = disturbed(card.image, othersOf(books), dice(seed), kind);
        if (!isBad(books, image)) return;
        const { name, quote, ended } = await inserted(books, chipWith(books, image));
        if (name === "account" || name === "script" || name === "delivered") throw new Error(`leads to ${name}`);
        expect(await quote()).toMatchObject({ ok: false });
        await ended();
      }),
      { numRuns },
    );
    expect(await stateOf(world, id)).toMatchObject({ state: "paid", script: null });
    expect(books.earth.purchases.size).toBe(1);
    expect(books.secrets()).toBe(0);
    // And the good one still has it.
    const back = await inserted(books, chipWith(books, card.image));
    expect(back.name).toBe("script");
    expect(await back.quote()).toMatchObject({ ok: false });
  });
});

/** Chips that no layout of ours is on. An AT24C16 that holds our bytes is nothing but a larger AT24C02 to any reader. */
const strangers: readonly [string, (bytes: Uint8Array) => AnyChip][] = [
  ["SLE4428", (bytes) => Sle4428.of({ kind: "sle4428", memoryHex: toHex(filled(1_024, bytes)), lockedBytes: [] })],
  ["AT24C01", (bytes) => At24c.of({ kind: "at24c01", memoryHex: toHex(filled(128, bytes)) })],
  ["AT24C16", (bytes) => At24c.of({ kind: "at24c16", memoryHex: toHex(filled(2_048, bytes)) })],
  ["AT88SC102", (bytes) => At88sc102.of({ kind: "at88sc102", memoryHex: toHex(filled(178, bytes)) })],
];

test.each(strangers)("an %s is not sold to, whatever else stands on it, and is as it was", async (_name, chipOf) => {
  for (const driver of layouts.filter(({ chip }) => chip !== "cpu")) {
    const books = await booksOf(driver);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(6), async (seed, kind) => {
        const image = disturbed(books.card.image, othersOf(books), dice(seed), kind);
        if (!isBad(books, image)) return;
        const { name, quote, ended } = await inserted(books, chipOf(image));
        // Asked as another chip, it may answer what no such chip can.
        expect(name).toMatch(/^card\.|^gasOnCard$|^request\.invalid$/);
        expect(await quote()).toMatchObject({ ok: false });
        await ended();
      }),
      { numRuns: numRuns / 10 },
    );
    expect([books.earth.purchases.size, books.secrets()]).toEqual([0, 0]);
  }
});

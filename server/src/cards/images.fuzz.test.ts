/**
 * Cards that nobody should sell to, through the server's own decision: malformed, cut short, foreign, cloned and rolled
 * back, half written, random. Each gets a named reason, no secret is made for it, and nothing is sold or settled. What may
 * be sold to is judged by the sandbox's meter, which reads the published pages and none of our code.
 */
import {
  chips,
  type LayoutDriver,
  layouts,
  openAMoney,
  openBVolume,
  openCVolume,
  toHex,
  withReturnArea,
} from "@citygas/gascard";
import { type MeterRow, takeCard } from "@citygas/sandbox";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { byAmount, byVolume, type Earth, kiosk1, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import { amount, bought, makeWorld, stateOf, volume, type World, wanted } from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { TestCard } from "./card.testkit.ts";
import type { CardSession } from "./cardRows.ts";
import { look } from "./insertion.ts";
import { openSession, putImage } from "./sessions.ts";

const numRuns = inject("long") ? 125_000 : 1_500;
const atrOf = ({ chip }: LayoutDriver): string => chips[chip].atr ?? "3b67000043495459474153";

interface Books {
  earth: Earth;
  world: World;
  card: TestCard;
  driver: LayoutDriver;
  /** How often a secret was made. */
  secrets(): number;
}

/** A card whose meter took purchase 3 (90 000 in all), as books and card agree. */
async function booksOf(driver: LayoutDriver): Promise<Books> {
  const earth = makeEarth(openMemoryStore());
  const made = makeWorld(earth);
  const tariff = driver.unit === "money" ? byAmount : byVolume;
  const { card } = await newAccount(earth, "a", { driver, tariff });
  let secrets = 0;
  const keys: World["sale"]["keys"] = {
    ...made.sale.keys,
    cardSecret: async (...about) => {
      secrets += 1;
      return await made.sale.keys.cardSecret(...about);
    },
  };
  return { earth, world: { ...made, sale: { ...made.sale, keys } }, card, driver, secrets: () => secrets };
}

const word = { registerL: 500, remaining: 100, valve: "open", batteryLow: false } as const;
function made(driver: LayoutDriver, change: Partial<Parameters<LayoutDriver["format"]>[0]> & { cardNumber: string }) {
  const account = { areaCode: "0996", role: "user", replacement: 0, count: 3, totalCredited: 90_000 } as const;
  const card = { ...account, meterCeiling: 0, ...change };
  const issued = driver.format(card);
  return withReturnArea(issued, { ...word, count: card.count, totalCredited: card.totalCredited });
}
const value = (driver: LayoutDriver, of: number) =>
  driver.unit === "volume" ? ({ kind: "volume", volumeL: of } as const) : ({ kind: "money", amountFen: of } as const);
const sold = (driver: LayoutDriver, image: Uint8Array, countBefore = 3, totalBefore = 90_000): Uint8Array =>
  driver.purchaseImage(image, { countBefore, totalBefore, amount: value(driver, 5_000), boughtOn: "2026-11-23" });

/** What this image leads to, with nothing carried out. */
async function seen(
  { world, driver }: Books,
  image: Uint8Array,
  counter = chips[driver.chip].secret?.counterFull ?? null,
) {
  const at = world.sale.now();
  const session: CardSession = {
    ...{ id: "s", terminalId: kiosk1.id, powerUpId: "p", reader: "r", atr: atrOf(driver), createdAt: at },
    ...{ turn: await world.sale.cardRows.nextTurn(), endedAt: null, cardId: null, accountId: null, probed: null },
  };
  const probed = { image: toHex(image), counter, seq: null, chip: driver.chip };
  return (await look(world.sale, session, probed, kiosk1)).decision;
}

/** The sandbox's meter of this card: has taken purchase 3. */
function meterOf({ card, driver }: Books): MeterRow {
  const layout = (["open-a", "open-b", "open-b-cpu", "open-b-sm4", "open-c"] as const).find(
    (page) => driver.name === `${page}-${driver.unit}`,
  );
  if (layout === undefined) throw new Error(`no page of ${driver.name}`);
  return {
    ...{
      id: "m",
      label: "m",
      device: "meter",
      layout,
      unit: driver.unit,
      replacement: 0,
      count: 3,
      totalCredited: 90_000,
    },
    ...{ remaining: 100, registerL: 500, valve: "open", batteryLow: false },
    boundTo: { areaCode: "0996", cardNumber: card.number },
  };
}

const otherLayout = ({ chip, name }: LayoutDriver): LayoutDriver =>
  [openBVolume, openAMoney, openCVolume].find((each) => each.chip !== chip || each.name !== name) ?? openBVolume;

describe.each(layouts.map((driver) => [driver.name, driver] as const))("%s", (_name, driver) => {
  test("each kind of card has its own words", async () => {
    const books = await booksOf(driver);
    const { number: cardNumber, image: good } = books.card;
    const cases: [what: string, image: Uint8Array, leads: string][] = [
      ["the card itself", good, "sell"],
      ["bought elsewhere, not in the meter yet", sold(driver, good), "gasOnCard"],
      [
        "a copy from before the last purchase",
        made(driver, { cardNumber, count: 2, totalCredited: 85_000 }),
        "card.countMismatch",
      ],
      [
        "a card that is ahead of the books",
        made(driver, { cardNumber, count: 9, totalCredited: 99_000 }),
        "card.countMismatch",
      ],
      [
        "the right count, and less in the meter",
        made(driver, { cardNumber, totalCredited: 89_999 }),
        "card.countMismatch",
      ],
      ["another city's", made(driver, { cardNumber, areaCode: "0991" }), "card.foreign"],
      ["of nobody", made(driver, { cardNumber: "7" }), "card.unknown"],
      ["a tool card", made(driver, { cardNumber, role: "tool" }), "card.tool"],
      ["an opening card", made(driver, { cardNumber, role: "opening" }), "card.opening"],
      ["a replacement that was never made", made(driver, { cardNumber, replacement: 1 }), "card.unknown"],
      ["another layout under the same number", made(otherLayout(driver), { cardNumber }), "card.foreign"],
      [
        "blank",
        driver.chip === "cpu"
          ? good.map(() => 0xff)
          : good.map((byte, at) => (at < 4 && driver.chip === "sle4442" ? byte : 0xff)),
        "card.blank",
      ],
      ["cut short", good.slice(0, -1), "card.foreign"],
      ["too long", Uint8Array.of(...good, 0), "card.foreign"],
      ["nothing but zeros", good.map(() => 0), "card.unreadable"],
      ["damaged where a purchase stands", flipped(good, driver.areas.purchase.offset + 2), "card.badChecksum"],
      ["damaged where the meter writes", flipped(good, driver.areas.returned.offset + 5), "card.badChecksum"],
    ];
    for (const [what, image, leads] of cases) {
      const decision = await seen(books, image);
      expect([what, decision.kind === "refuse" ? decision.code : decision.kind]).toEqual([what, leads]);
    }
    if (chips[driver.chip].secret !== null)
      expect(await seen(books, good, 3)).toMatchObject({ kind: "refuse", code: "card.secretCounter" });
    expect(books.secrets()).toBe(0);
  });

  test("whatever the bytes: a named reason, or a card that its meter too has nothing left to take from", async () => {
    const books = await booksOf(driver);
    const meter = meterOf(books);
    const { number: cardNumber, image: good } = books.card;
    const others = [
      sold(driver, good),
      made(driver, { cardNumber, count: 2, totalCredited: 85_000 }),
      made(driver, { cardNumber: "7" }),
      made(otherLayout(driver), { cardNumber }),
      driver.format({
        cardNumber,
        areaCode: "0996",
        role: "user",
        replacement: 0,
        count: 0,
        totalCredited: 0,
        meterCeiling: 0,
      }),
    ];
    const found = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(6), async (seed, kind) => {
        const image = disturbed(good, others, dice(seed), kind);
        const decision = await seen(books, image);
        const name = decision.kind === "refuse" ? decision.code : decision.kind;
        found.add(name);
        if (decision.kind === "refuse") return;
        const { verdict } = image.length === good.length ? takeCard(meter, image) : { verdict: { kind: "foreign" } };
        if (name === "sell" && verdict.kind !== "alreadyTaken")
          throw new Error(`sold to, and its meter says ${verdict.kind}`);
        if (name !== "sell" && name !== "gasOnCard") throw new Error(`leads to ${name}`);
        if (verdict.kind === "notOurs") throw new Error("its meter would not have it");
      }),
      { numRuns },
    );
    expect([...found]).toEqual(
      expect.arrayContaining(["sell", "gasOnCard", "card.badChecksum", "card.foreign", "card.countMismatch"]),
    );
    expect(books.secrets()).toBe(0);
  });
});

/** Through the terminal's own door, with what the decision asks for carried out. */
test("reported by a terminal: refused in words, nothing written, no secret made", async () => {
  const told = new Set<string>();
  const memory = layouts.filter(({ chip }) => chip !== "cpu");
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.nat(6),
      fc.constantFrom(...memory),
      fc.boolean(),
      async (seed, kind, driver, short) => {
        const books = await booksOf(driver);
        const { world, card } = books;
        const image = disturbed(card.image, [sold(driver, card.image)], dice(seed), kind);
        const { id, script } = await openSession(world.sale, kiosk1, {
          reader: "r",
          atr: atrOf(driver),
          powerUpId: "p",
        });
        const results = script.steps.map((step, index) => {
          if (step.op === "read")
            return { step: index, data: toHex(image.slice(step.offset, step.offset + step.length - (short ? 1 : 0))) };
          return step.op === "counter" ? { step: index, counter: 7 } : { step: index };
        });
        const answer = await putImage(world.sale, kiosk1, id, { scriptId: script.id, powerUpId: "p", results });
        told.add(answer.ok ? answer.value.kind : answer.error.code);
        if (short || image.length < card.image.length)
          expect(answer).toMatchObject({ ok: false, error: { code: "request.invalid" } });
        else if (!answer.ok) throw new Error(answer.error.code);
        else expect(["refused", "account", "gasOnCard"]).toContain(answer.value.kind);
        expect(books.secrets()).toBe(0);
        expect(books.earth.purchases.size).toBe(0);
      },
    ),
    { numRuns: inject("long") ? 20_000 : 200 },
  );
  expect([...told].sort()).toEqual(["account", "gasOnCard", "refused", "request.invalid"]);
});

describe.each(layouts.filter(({ chip }) => chip === "sle4442").map((driver) => [driver.name, driver] as const))(
  "%s with a script out",
  (_name, driver) => {
    test("is settled only by a card that holds the purchase, and written only where it can't be in the meter", async () => {
      const books = await booksOf(driver);
      const { world, card } = books;
      const good = card.image;
      const entry = driver.unit === "money" ? amount(5_000) : volume(5);
      const { visit, id } = await bought(world, kiosk1, card, entry);
      await wanted(world, kiosk1, id, visit);
      const { script, state } = await stateOf(world, id);
      if (script === null) throw new Error("no script");
      expect(state).toBe("issued");
      books.earth.clock.now += 1_000;
      const after = Uint8Array.from(Buffer.from(script.after, "hex"));
      const meter = meterOf(books);
      const taken = takeCard(meter, after);
      const consumed = after.slice();
      consumed.set(taken.returnArea ?? [], driver.areas.returned.offset);
      const found = new Set<string>();
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(6), async (seed, kind) => {
          const image = disturbed(
            good,
            [after, consumed, made(driver, { cardNumber: card.number, count: 2 })],
            dice(seed),
            kind,
          );
          const decision = await seen(books, image);
          found.add(decision.kind);
          const before = takeCard(meter, image).verdict;
          const whole = before.kind === "credited" && before.amount === 5_000;
          // The meter's own word settles a purchase whatever became of the rest of the card; nobody forges its checksum.
          const { offset, length } = driver.areas.returned;
          const word = (bytes: Uint8Array): string => toHex(bytes.slice(offset, offset + length));
          const holds =
            decision.kind !== "settle" || (decision.as === "written" ? whole : word(image) === word(consumed));
          if (!holds) throw new Error(`settled as ${JSON.stringify(decision)}, its meter: ${before.kind}`);
          if (decision.kind === "write" && before.kind === "credited")
            throw new Error("written over what its meter takes");
          if (!["settle", "write", "toManual", "refuse"].includes(decision.kind))
            throw new Error(`leads to ${decision.kind}`);
        }),
        { numRuns },
      );
      expect([...found].sort()).toEqual(["refuse", "settle", "toManual", "write"]);
    });
  },
);

function flipped(image: Uint8Array, at: number): Uint8Array {
  const copy = image.slice();
  copy[at] = (copy[at] ?? 0) ^ 0x01;
  return copy;
}

/** xorshift32: the same on every machine. */
function dice(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Dice = (below: number) => number;

/** A card as somebody could bring it. */
function disturbed(good: Uint8Array, others: readonly Uint8Array[], roll: Dice, kind: number): Uint8Array {
  const all = [good, ...others];
  const one = (all[roll(all.length)] ?? good).slice();
  const other = all[roll(all.length)] ?? good;
  switch (kind) {
    case 0:
      return one;
    case 1: // some bytes are others
      for (let changes = 1 + roll(6); changes > 0; changes--) one[roll(one.length)] = roll(256);
      return one;
    case 2: // one bit
      return flipped(one, roll(one.length)).map((byte, at) => (at === roll(one.length) ? byte ^ 0x80 : byte));
    case 3: // half written
      one.set(other.subarray(0, Math.min(roll(one.length), other.length, one.length)));
      return one;
    case 4: // a piece of another card
      one.set(other.subarray(roll(32), Math.min(one.length, other.length, 32 + roll(128))), 0);
      return one;
    case 5: // cut short
      return one.slice(0, roll(one.length));
    default: // noise from some byte on
      for (let at = roll(one.length); at < one.length; at++) one[at] = roll(256);
      return one;
  }
}

/**
 * Cards that nobody should sell to, through the server's own decision: malformed, cut short, foreign, cloned and rolled
 * back, half written, random. Each gets a named reason, no secret is made for it, and nothing is sold or settled. What may
 * be sold to is judged by the sandbox's meter, which reads the published pages and none of our code.
 */
import { chips, type LayoutDriver, layouts, toHex } from "@citygas/gascard";
import { takeCard } from "@citygas/sandbox";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { kiosk1 } from "../purchases/earth.testkit.ts";
import { amount, bought, stateOf, volume, wanted } from "../purchases/world.testkit.ts";
import {
  type Books,
  booksOf,
  dice,
  disturbed,
  flipped,
  made,
  meterOf,
  otherLayout,
  sold,
} from "./badImages.testkit.ts";
import type { CardSession } from "./cardRows.ts";
import { look } from "./insertion.ts";
import { openSession, putImage } from "./sessions.ts";

const numRuns = inject("long") ? 125_000 : 1_500;
const atrOf = ({ chip }: LayoutDriver): string => chips[chip].atr ?? "3b67000043495459474153";

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

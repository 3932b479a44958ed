/**
 * I3: from the moment a write script was issued, no door leads to a refund but the card's own proof. Every door is
 * tried, in any order and any number, by anybody, on a purchase that is issued or unknown.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { runScript, type TestCard } from "../cards/card.testkit.ts";
import { endSession, takeReport } from "../cards/report.ts";
import type { TerminalFacts } from "../context.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { kiosk1, kiosk2, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  insert,
  keyed,
  pass,
  stateOf,
  type Visit,
  wanted,
} from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";

let hall: Hall;
let maker: Member;
let checker: Member;
beforeAll(async () => {
  hall = await openHall();
  maker = await hall.member("王芳", "cashier", "supervisor", "finance", "operations");
  checker = await hall.member("李娜", "supervisor", "finance");
});
afterAll(async () => {
  await booksHold(hall.earth);
  await hall.close();
});

interface Case {
  id: string;
  attemptId: string;
  card: TestCard;
  visit: Visit;
}
let names = 0;
async function issued(): Promise<Case> {
  names += 1;
  const { card } = await newAccount(hall.earth, `${names}`);
  const { visit, id } = await bought(hall.world, kiosk1, card, amount(1_234));
  await wanted(hall.world, kiosk1, id, visit);
  return { id, card, visit, attemptId: (await stateOf(hall.world, id)).paidAttemptId ?? "" };
}

const both = async (kind: string, ref: string, doc: object): Promise<void> => {
  const made = await hall.ask(maker, "POST", "/decisions", { kind, ref, doc, evidence: "the customer says so" });
  if (made.status === 201) await hall.ask(checker, "POST", `/decisions/${made.body.id}/confirm`, {});
};
const phone: TerminalFacts = { ...kiosk2, id: "phone-1", kind: "phone" };
/** What a terminal without the card, or one that lies, could report of the script that is out. */
const lie = async ({ id, card, visit }: Case, failed: boolean): Promise<void> => {
  const { script } = await stateOf(hall.world, id);
  const report = { scriptId: script?.id ?? "", powerUpId: visit.powerUpId, results: [] };
  const failure = { step: 0, reason: "removed" as const };
  await takeReport(hall.world.sale, kiosk1, failed ? { ...report, failure } : report);
  expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 3 });
};

const doors: Record<string, (c: Case) => Promise<unknown>> = {
  "cancel at the terminal": ({ id }) =>
    cancelPurchase(hall.world.sale, kiosk1, id, keyed(`cancel-${id}-${hall.world.sale.newId()}`)),
  "cancel elsewhere": ({ id }) =>
    cancelPurchase(hall.world.sale, kiosk2, id, keyed(`cancel-${id}-${hall.world.sale.newId()}`)),
  "an hour": () => pass(hall.world, 3_600_000, 3_600_000),
  "forty days": () => pass(hall.world, 40 * 86_400_000, 10 * 86_400_000),
  "the card leaves": ({ visit }) => endSession(hall.world.sale, kiosk1, visit.sessionId),
  "the write failed, says the kiosk": (c) => lie(c, true),
  "all done, says the kiosk, and shows nothing": (c) => lie(c, false),
  "decided: refunding": ({ id }) => both("purchase.decide", id, { to: "refunding" }),
  "decided: issued again": ({ id }) => both("purchase.decide", id, { to: "issuedAgain" }),
  "allowed at a reader": ({ id }) => both("purchase.refundAtReader", id, {}),
  "paid out to the balance": ({ id }) => both("refund.payOut", id, { way: "balance" }),
  "paid out by the bank": ({ id }) => both("refund.payOut", id, { way: "bank", reference: "ICBC-1" }),
  "late money paid out": ({ attemptId }) => both("lateRefund.payOut", attemptId, { way: "balance" }),
  "payment settled as reversed": ({ attemptId }) => both("attempt.resolve", attemptId, { to: "reversed" }),
  "payment settled as paid": ({ attemptId }) => both("attempt.resolve", attemptId, { to: "paid" }),
  "a refund script that never reports": async ({ card }) => {
    hall.earth.clock.now += 1_000;
    const there = await insert(hall.world, kiosk2, { ...card });
    await endSession(hall.world.sale, kiosk2, there.sessionId);
  },
  "a phone shows the refund image": async ({ card }) => {
    hall.earth.clock.now += 1_000;
    const area = card.driver.purchaseArea(card.image);
    const refund = card.driver.refundImage?.(card.image, {
      countBefore: area?.count ?? 0,
      totalBefore: card.meter.total,
      amount: { kind: "money", amountFen: 1_234 },
      boughtOn: "2026-11-23",
    });
    await insert(hall.world, phone, { ...card, image: refund ?? card.image }).catch(() => undefined);
  },
};

/** @returns whether the purchase is still what it was; a riddle for people is for two of them to decide. */
async function through(it: Case, name: string): Promise<boolean> {
  await doors[name]?.(it);
  const { state, refund } = await stateOf(hall.world, it.id);
  expect({ name, refund }).toEqual({ name, refund: null });
  expect(["issued", "unknown", "manual"]).toContain(state);
  return state !== "manual";
}

test.each(Object.keys(doors))("%s leads to no refund", async (name) => {
  await through(await issued(), name);
});

test("no order of all doors leads from issued to the money", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(doors)), { minLength: 1, maxLength: 8 }),
      async (chosen) => {
        const it = await issued();
        for (const name of chosen) {
          if (!(await through(it, name))) return;
        }
      },
    ),
    { numRuns: inject("long") ? 400 : 12 },
  );
}, 900_000);

test("with the card's proof it is refunded, so the doors above are not simply shut", async () => {
  const it = await issued();
  await endSession(hall.world.sale, kiosk1, it.visit.sessionId);
  await both("purchase.refundAtReader", it.id, {});
  hall.earth.clock.now += 1_000;
  const there = await insert(hall.world, kiosk2, it.card);
  if (there.answer.kind !== "script") throw new Error(there.answer.kind);
  await takeReport(hall.world.sale, kiosk2, runScript(it.card, there.answer.script, there.powerUpId));
  expect((await stateOf(hall.world, it.id)).state).toBe("refunding");
});

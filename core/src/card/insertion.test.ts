/** The insertion decisions, step by step in the protocol's order; each line of it is a case here. */
import { describe, expect, it } from "vitest";
import { emptyBundle, picturedBreakdown, quoteFacts, script } from "../purchase/fixtures.ts";
import { type PurchaseEvent, purchaseStep } from "../purchase/machine.ts";
import type { Purchase } from "../purchase/types.ts";
import { type CardRead, decideInsertion, type ImageClass, type Insertion } from "./insertion.ts";

function purchaseIn(...events: PurchaseEvent[]): Purchase {
  let purchase: Purchase | null = null;
  for (const event of [{ type: "quoted", facts: quoteFacts("p1", picturedBreakdown) } as const, ...events]) {
    const step = purchaseStep(purchase, event, 0);
    if (!step.ok) throw new Error(JSON.stringify(step.error));
    purchase = step.value.purchase;
  }
  if (purchase === null) throw new Error("nothing ran");
  return purchase;
}
const toPaid: PurchaseEvent[] = [
  { type: "confirmed" },
  { type: "attemptStarted", attemptId: "a1", until: 0 },
  { type: "attemptPaid", attemptId: "a1" },
];
const issue = (kind: "sale" | "refund"): PurchaseEvent => ({
  type: "scriptIssued",
  script: script(kind, kind),
  countBefore: 6,
  totalBefore: 84_000,
  toPhone: false,
});
const paid = purchaseIn(...toPaid);
const issued = purchaseIn(...toPaid, issue("sale"));
const refundOut = purchaseIn(...toPaid, issue("sale"), issue("refund"));
const manual = purchaseIn(...toPaid, issue("sale"), { type: "cardDisagrees", scriptId: "sale", image: "" });

const bundle = emptyBundle();
const card = bundle.card?.state;
if (card === undefined) throw new Error("fixture");
const goodRead: CardRead = {
  identity: { cardNumber: "1", role: "user", replacement: 0 },
  problem: null,
  facts: { count: 6, amount: 0, acceptedCount: 6, totalCredited: 84_000 },
  secretCounter: "full",
  fresh: true,
};
const base: Insertion = {
  now: 0,
  read: goodRead,
  card,
  account: bundle.account.state,
  open: null,
  reader: "kiosk",
  adoption: null,
};
const withRead = (over: Partial<CardRead>, more: Partial<Insertion> = {}): Insertion => ({
  ...base,
  ...more,
  read: { ...goodRead, ...over },
});
const open = (
  purchase: Purchase,
  image: ImageClass | null,
  read: Partial<CardRead> = {},
  more: Partial<Insertion> = {},
): Insertion => withRead(read, { open: { purchase, image }, ...more });
const refused = (i: Insertion) => {
  const d = decideInsertion(i);
  return d.kind === "refuse" ? d.code : d.kind;
};

describe("1 · an open purchase with a script out is settled before anything is refused", () => {
  it.each<[ImageClass, object]>([
    ["written", { kind: "settle", as: "written" }],
    ["consumed", { kind: "settle", as: "consumed" }],
    ["unwritten", { kind: "write", from: "unwritten" }],
    ["torn", { kind: "write", from: "torn" }],
    // The meter's own write was torn: it says it anew at the card's next insertion.
    ["refundUnread", { kind: "refuse", code: "refund.meterFirst", staffTask: false }],
    ["other", { kind: "toManual" }],
  ])("%s", (image, decision) => {
    expect(decideInsertion(open(issued, image))).toEqual(decision);
  });
  it("even with a wrong checksum and a secret counter one short: that is what a torn write looks like", () => {
    expect(
      decideInsertion(open(issued, "torn", { problem: "badChecksum", facts: null, secretCounter: "oneShort" })),
    ).toEqual({ kind: "write", from: "torn" });
  });
  it("but not one short where our last recorded step was another: somebody else guesses", () => {
    const torn = { problem: "badChecksum", facts: null, secretCounter: "oneShort" } as const;
    expect(refused(open(issued, "torn", { ...torn, oneShortIsOurs: false }))).toBe("card.secretCounter");
    expect(refused(open(issued, "torn", { ...torn, oneShortIsOurs: true }))).toBe("write");
    // What is there is there, whoever guessed.
    expect(refused(open(issued, "written", { ...torn, oneShortIsOurs: false }))).toBe("settle");
  });
  it("but never with the chip's last tries", () => {
    expect(refused(open(issued, "torn", { secretCounter: "low" }))).toBe("card.secretCounter");
    expect(refused(open(issued, "torn", { secretCounter: "locked" }))).toBe("card.secretCounter");
  });
  it("even when the account is blocked: the gas is paid", () => {
    const account = { ...bundle.account.state, block: { reason: "debt" as const, since: 0 } };
    expect(decideInsertion(open(issued, "unwritten", {}, { account }))).toEqual({ kind: "write", from: "unwritten" });
  });
  it("an image from before the last script does nothing", () => {
    expect(refused(open(issued, "unwritten", { fresh: false }))).toBe("card.stale");
  });
  it("class C goes to people", () => {
    expect(decideInsertion(open(issued, "unwritten", {}, { card: { ...card, cardClass: "C" } }))).toEqual({
      kind: "toManual",
    });
  });
  it("a refund image proves only a refund script, and never from a phone", () => {
    expect(decideInsertion(open(refundOut, "refundImage"))).toEqual({ kind: "refundProven", by: "image" });
    expect(refused(open(refundOut, "refundImage", {}, { reader: "phone" }))).toBe("purchase.open");
    expect(decideInsertion(open(issued, "refundImage"))).toEqual({ kind: "toManual" });
  });
  it("a replaced card never speaks for the purchase", () => {
    expect(
      refused(
        open(
          issued,
          "written",
          { identity: { cardNumber: "1", role: "user", replacement: 0 } },
          { card: { ...card, replacement: 1 } },
        ),
      ),
    ).toBe("card.replaced");
  });
  it.each(["lost", "blocked"] as const)("nor a %s one", (status) => {
    expect(refused(open(issued, "written", {}, { card: { ...card, status } }))).toBe(`card.${status}`);
  });
  it("manual waits for people", () => {
    expect(refused(open(manual, "written"))).toBe("purchase.manual");
  });
});

describe("1 · a refund that needs the meter's word", () => {
  const wanted: Purchase = { ...refundOut, refundNeeds: "returnArea" };
  const waiting: Purchase = { ...wanted, awaitsMeter: true };
  const zero = (acceptedCount: number | null) => ({
    facts: { count: 7, amount: 0, acceptedCount, totalCredited: acceptedCount === null ? null : 84_000 },
  });
  it("the image alone is written again: a phone may have put it there with the old secret", () => {
    expect(decideInsertion(open(wanted, "refundImage", zero(7)))).toEqual({ kind: "writeRefund" });
    expect(refused(open(wanted, "refundImage", { ...zero(7), secretCounter: "low" }))).toBe("card.secretCounter");
  });
  it("read back, the meter has the next word, at a paired kiosk or desk", () => {
    for (const accepted of [null, 6])
      expect(refused(open(waiting, "refundImage", zero(accepted)))).toBe("refund.meterFirst");
    for (const reader of ["kiosk", "desk"] as const)
      expect(decideInsertion(open(waiting, "refundImage", zero(7), { reader }))).toEqual({
        kind: "refundProven",
        by: "returnArea",
      });
    expect(refused(open(waiting, "refundImage", zero(7), { reader: "phone" }))).toBe("purchase.open");
  });
  it("what else the card shows is made the refund image again, never the purchase", () => {
    for (const image of ["unwritten", "torn"] as const) {
      expect(decideInsertion(open(waiting, image))).toEqual({ kind: "writeRefund" });
      expect(refused(open(waiting, image, {}, { reader: "phone" }))).toBe("purchase.open");
    }
    expect(decideInsertion(open(waiting, "consumed"))).toEqual({ kind: "settle", as: "consumed" });
    const decided: Purchase = { ...waiting, state: "manual" };
    expect(refused(open(decided, "torn", {}, { approved: "sale" }))).toBe("purchase.manual");
  });
  it("where nothing proves it, people decide", () => {
    expect(decideInsertion(open({ ...refundOut, refundNeeds: "none" }, "refundImage", zero(7)))).toEqual({
      kind: "toManual",
    });
  });
});

describe("2 · cards we don't sell to", () => {
  it.each<[string, Insertion]>([
    ["card.blank", withRead({ identity: null, problem: "blank", facts: null })],
    ["card.foreign", withRead({ identity: null, problem: "foreign", facts: null })],
    ["card.foreign", withRead({ problem: "badIdentity", facts: null })],
    ["card.unknown", withRead({ identity: null, problem: "undecided", facts: null })],
    ["card.unreadable", withRead({ identity: null, problem: "unreadable", facts: null })],
    ["card.tool", withRead({ identity: { cardNumber: "1", role: "tool", replacement: 0 } })],
    ["card.opening", withRead({ identity: { cardNumber: "1", role: "opening", replacement: 0 } })],
    ["card.badChecksum", withRead({ problem: "badChecksum", facts: null })],
    ["card.unknown", withRead({}, { card: null })],
    ["card.unknown", withRead({ identity: { cardNumber: "1", role: "user", replacement: 1 } })],
    ["card.lost", withRead({}, { card: { ...card, status: "lost" } })],
    ["card.replaced", withRead({}, { card: { ...card, status: "replaced" } })],
    ["card.blocked", withRead({}, { card: { ...card, status: "blocked" } })],
    ["card.secretCounter", withRead({ secretCounter: "oneShort" })],
    ["card.secretCounter", withRead({ secretCounter: "locked" })],
  ])("%s", (code, insertion) => {
    expect(refused(insertion)).toBe(code);
  });
});

describe("3 · what the meter has not taken", () => {
  it("gas on it", () => {
    expect(
      decideInsertion(withRead({ facts: { count: 6, amount: 50, acceptedCount: 5, totalCredited: 84_000 } })),
    ).toEqual({ kind: "gasOnCard" });
  });
  it("gas on it, even where the meter's word says that it was taken", () => {
    expect(
      decideInsertion(withRead({ facts: { count: 6, amount: 50, acceptedCount: 6, totalCredited: 84_000 } })),
    ).toEqual({ kind: "gasOnCard" });
  });
  it("a zero after a refund", () => {
    expect(
      decideInsertion(withRead({ facts: { count: 7, amount: 0, acceptedCount: 6, totalCredited: 84_000 } })),
    ).toEqual({ kind: "gasOnCard" });
  });
  it("but not a replacement that was never in the meter, where the card before it brought the meter's word", () => {
    const fresh = { facts: { count: 6, amount: 0, acceptedCount: null, totalCredited: null } };
    expect(decideInsertion(withRead(fresh))).toEqual({ kind: "sell" });
    expect(decideInsertion(withRead(fresh, { card: { ...card, acceptedCount: 5 } }))).toEqual({ kind: "gasOnCard" });
  });
  it("comes before a block: the gas is paid and may go into the meter", () => {
    const account = { ...bundle.account.state, block: { reason: "debt", since: 0 } } as const;
    const facts = { count: 6, amount: 50, acceptedCount: 5, totalCredited: 84_000 };
    expect(decideInsertion(withRead({ facts }, { account }))).toEqual({ kind: "gasOnCard" });
  });
  it("and a claim bought for later stays", () => {
    expect(
      decideInsertion(open(paid, null, { facts: { count: 6, amount: 50, acceptedCount: 5, totalCredited: 84_000 } })),
    ).toEqual({ kind: "gasOnCard" });
  });
});

describe("4 · the books", () => {
  const higher = { facts: { count: 9, amount: 0, acceptedCount: 9, totalCredited: 99_000 } };
  it("refuse a count that disagrees, up or down, and call people", () => {
    expect(decideInsertion(withRead(higher))).toEqual({ kind: "refuse", code: "card.countMismatch", staffTask: true });
    expect(refused(withRead({ facts: { count: 5, amount: 0, acceptedCount: 5, totalCredited: 84_000 } }))).toBe(
      "card.countMismatch",
    );
    expect(refused(withRead({ facts: { count: 6, amount: 0, acceptedCount: 6, totalCredited: 83_999 } }))).toBe(
      "card.countMismatch",
    );
  });
  it("adopt a higher count inside the dated window only", () => {
    const adoption = { id: "w", layout: "l", from: 0, until: 10, purchasesMost: 3, creditedMost: 15_000 };
    expect(decideInsertion(withRead(higher, { adoption }))).toEqual({ kind: "adopt" });
    expect(refused(withRead(higher))).toBe("card.countMismatch");
    expect(refused(withRead(higher, { adoption: { ...adoption, purchasesMost: 2 } }))).toBe("card.countMismatch");
    expect(refused(open(paid, null, higher, { adoption }))).toBe("card.countMismatch");
    // Gas the meter hasn't taken goes into it first, and a wrong checksum is believed by nobody.
    const untaken = { facts: { ...higher.facts, amount: 5, acceptedCount: 8 } };
    expect(decideInsertion(withRead(untaken, { adoption }))).toEqual({ kind: "gasOnCard" });
    expect(refused(withRead({ facts: null, problem: "badChecksum" }, { adoption }))).toBe("card.badChecksum");
  });
  it.each(["debt", "safetyCheck", "suspectedTampering", "stopped"] as const)(
    "a block for %s refuses with its reason",
    (reason) => {
      expect(refused({ ...base, account: { ...bundle.account.state, block: { reason, since: 0 } } })).toBe(
        `account.${reason}`,
      );
    },
  );
});

describe("5 and 6 · write what is paid, else sell", () => {
  it("writes", () => expect(decideInsertion(open(paid, null))).toEqual({ kind: "write", from: "paid" }));
  it("waits for a payment that runs elsewhere", () =>
    expect(refused(open(purchaseIn({ type: "confirmed" }), null))).toBe("purchase.open"));
  it("sells", () => expect(decideInsertion(base)).toEqual({ kind: "sell" }));
  it("a first card that was never in a meter and never written sells too", () => {
    const fresh = { ...card, count: 0, totalCredited: 0, acceptedCount: null };
    expect(
      decideInsertion(
        withRead({ facts: { count: 0, amount: 0, acceptedCount: null, totalCredited: null } }, { card: fresh }),
      ),
    ).toEqual({ kind: "sell" });
  });
});

describe("what two people allow", () => {
  const refund = { approved: "refund" } as const;
  const again = { approved: "sale" } as const;

  it("the refund image goes on a card that shows nothing was written", () => {
    expect(decideInsertion(open(issued, "unwritten", {}, refund))).toEqual({ kind: "writeRefund" });
    expect(decideInsertion(open(refundOut, "unwritten", {}, { ...refund, reader: "desk" }))).toEqual({
      kind: "writeRefund",
    });
  });
  it.each<[string, Insertion]>([
    ["without their word", open(issued, "unwritten")],
    ["on a torn card", open(issued, "torn", {}, refund)],
    ["at a phone", open(issued, "unwritten", {}, { ...refund, reader: "phone" })],
    ["of what nothing proves", open({ ...issued, refundNeeds: "none" }, "unwritten", {}, refund)],
    ["of what only the index proves", open({ ...issued, refundNeeds: "index" }, "unwritten", {}, refund)],
    [
      "whose meter moved on",
      open(issued, "unwritten", { facts: { count: 6, amount: 0, acceptedCount: 7, totalCredited: 84_000 } }, refund),
    ],
  ])("but the gas, not the refund, %s", (_when, insertion) => {
    expect(decideInsertion(insertion).kind).toBe("write");
  });
  it("nor on class C, which goes to people", () => {
    const classC = { ...refund, card: { ...card, cardClass: "C" as const } };
    expect(decideInsertion(open(issued, "unwritten", {}, classC))).toEqual({ kind: "toManual" });
  });
  it("takes it back from manual too, over whatever is neither gas nor a refund, and by the same proof", () => {
    for (const image of ["unwritten", "torn", "other"] as const)
      expect(decideInsertion(open(manual, image, {}, refund))).toEqual({ kind: "writeRefund" });
    expect(refused(open({ ...manual, refundNeeds: "none" }, "unwritten", {}, refund))).toBe("purchase.manual");
    const moved = { facts: { count: 6, amount: 0, acceptedCount: 7, totalCredited: 84_000 } };
    expect(refused(open(manual, "other", moved, refund))).toBe("purchase.manual");
  });
  it.each<[string, CardRead["facts"]]>([
    ["cannot be read", null],
    ["was never in a meter", { count: 6, amount: 0, acceptedCount: null, totalCredited: null }],
    ["holds this number already", { count: 7, amount: 30_000, acceptedCount: 6, totalCredited: 84_000 }],
  ])("but not over a card that %s: its meter may have taken the gas", (_what, facts) => {
    for (const image of ["torn", "other"] as const)
      expect(refused(open(manual, image, { facts }, refund))).toBe("purchase.manual");
  });
  it("gas that is there is delivered, whatever was allowed", () => {
    expect(decideInsertion(open(issued, "written", {}, refund))).toEqual({ kind: "settle", as: "written" });
    expect(decideInsertion(open(issued, "consumed", {}, refund))).toEqual({ kind: "settle", as: "consumed" });
  });
  it("writes a card again from manual", () => {
    for (const image of ["unwritten", "torn", "other"] as const)
      expect(decideInsertion(open(manual, image, {}, again))).toEqual({ kind: "write", from: "approved" });
  });
  it("but not once a refund script was out: the meter may have taken the number for nothing", () => {
    const tried: Purchase = { ...manual, refundTried: true };
    for (const image of ["unwritten", "torn", "other"] as const) {
      expect(refused(open(tried, image, {}, again))).toBe("purchase.manual");
      expect(decideInsertion(open(tried, image, {}, refund))).toEqual({ kind: "writeRefund" });
    }
  });
  it("but never over gas that is or was on it, at a phone, with the last tries, or from an old image", () => {
    for (const image of ["written", "consumed", "refundImage", "refundUnread"] as const)
      expect(refused(open(manual, image, {}, again))).toBe("purchase.manual");
    expect(refused(open(manual, "unwritten", {}, { ...again, reader: "phone" }))).toBe("purchase.manual");
    expect(refused(open(manual, "unwritten", { fresh: false }, again))).toBe("card.stale");
    expect(refused(open(manual, "unwritten", { secretCounter: "low" }, again))).toBe("card.secretCounter");
  });
});

describe("a meter that came in place of another", () => {
  const began = { changeId: "x", at: 0, totalCredited: 84_000, indexL: 0 };
  const said = (totalCredited: number, remaining: number, more: Partial<Insertion> = {}) =>
    refused(
      withRead({ facts: { count: 6, amount: 0, acceptedCount: 6, totalCredited, remaining } }, { began, ...more }),
    );
  it("says what the books say it began with, and has nothing in it that was not put there", () => {
    expect(said(84_000, 0)).toBe("sell");
    expect(said(84_000, -200)).toBe("sell");
    expect(said(84_000, 1)).toBe("card.countMismatch");
    expect(said(84_001, 0)).toBe("card.countMismatch");
    expect(said(83_999, 0)).toBe("card.countMismatch");
  });
  it("may hold its first purchase, which no reading has told the books yet", () => {
    const bought = { ...card, count: 6, lastAmount: 5_000, acceptedCount: 5 };
    expect(said(89_000, 5_000, { card: bought })).toBe("sell");
    expect(said(89_000, 5_001, { card: bought })).toBe("card.countMismatch");
  });
  it("is never adopted, in whatever window", () => {
    const adoption = { id: "w", layout: card.layout, from: 0, until: 2, purchasesMost: 9, creditedMost: 99_999 };
    const facts = { count: 7, amount: 0, acceptedCount: 7, totalCredited: 90_000, remaining: 100 };
    expect(decideInsertion(withRead({ facts }, { now: 1, adoption })).kind).toBe("adopt");
    expect(refused(withRead({ facts }, { now: 1, adoption, began }))).toBe("card.countMismatch");
  });
});

/** A refund that the card has to prove: its own words, and never those of a sale. */
import { describe, expect, it } from "vitest";
import * as t from "./testWorld.ts";
import { viewOf } from "./viewOf.ts";

describe("money taken back at the card", () => {
  const proven = t.purchase({
    version: 8,
    state: "refunding",
    refund: { amountFen: 119_970, done: false, stuck: false },
  });

  it("is said from the script to the outcome, never as gas that is written", () => {
    const w = t.world();
    expect(t.toTakingBack(w)).toEqual({ name: "takingBack", number: "3K7-0192", amountFen: 120_000 });
    expect(w.state().voice?.prompt).toBe("takingBack");
    expect(viewOf(w.state(), "kiosk-1").cardLocked).toBe(true);
    w.done("r1", "refund");
    const told = w.answer({ to: "report", answer: t.ok({ kind: "refunding", purchase: proven }) });
    expect(told).toMatchObject({ name: "refunded", amountFen: 119_970, balanceFen: 30, done: false, meterFirst: true });
    expect(w.state().voice?.prompt).toBe("refunding");
  });

  it("where nothing was paid, no voice speaks of money", () => {
    const w = t.world();
    t.toTakingBack(w);
    w.done("r1", "refund");
    const breakdown = { ...proven.breakdown, payableFen: 0, balanceOffsetFen: 0 };
    const purchase = { ...proven, breakdown, refund: { amountFen: 0, done: true, stuck: false } };
    expect(w.answer({ to: "report", answer: t.ok({ kind: "refunding", purchase }) })).toMatchObject({ amountFen: 0 });
    expect(w.state().voice?.prompt).toBe("takeCard");
  });

  it("the card pulled: neither gas nor money is settled, and the report decides", () => {
    const w = t.world();
    t.toTakingBack(w);
    expect(w.remove()).toMatchObject({ name: "takeBackFailed", why: "cardPulled", hall: false });
    w.done("r1", "refund", { step: 4, reason: "removed" });
    expect(w.effects().map((e) => e.do)).toEqual(["report", "endSession"]);
    const proof = w.answer({ to: "report", answer: t.ok({ kind: "refunding", purchase: proven }) });
    expect(proof).toMatchObject({ name: "refunded", meterFirst: true });
  });

  it("bytes that did not take", () => {
    const w = t.world();
    t.toTakingBack(w);
    w.done("r1", "refund", { step: 4, reason: "verifyFailed" });
    const unknown = t.purchase({ version: 8, state: "unknown" });
    const screen = w.answer({ to: "report", answer: t.ok({ kind: "writeFailed", purchase: unknown, hall: false }) });
    expect(screen).toMatchObject({ name: "takeBackFailed", why: "card" });
    expect(w.state().voice?.prompt).toBe("takeBackFailed");
  });

  it("read back, and the centre has not heard it: the money goes back, nothing was bought", () => {
    const w = t.world();
    t.toTakingBack(w);
    w.done("r1", "refund");
    expect(w.answer({ to: "report", answer: t.unreachable })).toMatchObject({ name: "refunded", done: false });
  });

  it("the empty card is sent to its meter in its own words", () => {
    const w = t.world();
    const gas = { kind: "volume", volumeL: 0 } as const;
    t.toAccount(w, { kind: "gasOnCard", customer: t.customer("1"), gas, boughtOn: null, notice: null });
    expect(w.state().voice?.prompt).toBe("meterFirst");
  });
});

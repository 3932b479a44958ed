/** The card pulled at each point of a sale, and cards that are not sold to. */
import { describe, expect, it } from "vitest";
import * as t from "./testWorld.ts";

describe("the card pulled", () => {
  it("while reading", () => {
    const w = t.world();
    w.insert();
    expect(w.remove()).toMatchObject({ name: "cardPulled", before: "payment" });
    // The session that opens after all is closed again.
    w.happen({
      type: "answered",
      ref: 3,
      to: "openSession",
      answer: t.ok({ id: "s9", script: t.script("pr", "probe") }),
    });
    expect(w.effects()).toEqual([{ do: "endSession", sessionId: "s9" }]);
    expect(w.pass(10_000).name).toBe("home");
  });

  it("on the account and confirm screens: nothing of the customer stays", () => {
    for (const reach of [t.toAccount, t.toConfirm]) {
      const w = t.world();
      reach(w);
      expect(w.remove()).toEqual({ name: "cardPulled", before: "payment", number: null, url: null });
      expect(JSON.stringify(w.state())).not.toContain("031140086");
    }
  });

  it("while a confirmation is out: the purchase is given up, also when it answers late", () => {
    const w = t.world();
    t.toConfirm(w);
    w.act({ do: "pay" });
    const ref = w.state().awaiting ?? -1;
    w.remove();
    expect(w.effects().map((e) => e.do)).toEqual(["endSession", "cancel"]);
    w.happen({ type: "answered", ref, to: "confirm", answer: t.ok(t.paying()) });
    expect(w.effects().map((e) => e.do)).toEqual(["cancel"]);
  });

  it("on the payment page: cancelled, and said so when confirmed", () => {
    const w = t.world();
    t.toPay(w);
    expect(w.remove()).toMatchObject({ name: "cardPulled", before: "payment", number: "3K7-0192" });
    expect(w.effects().map((e) => e.do)).toEqual(["endSession", "cancel"]);
    expect(w.news(t.purchase({ version: 3, state: "void" }))).toMatchObject({ name: "cancelled", by: "cardPulled" });
  });

  it("while the wallet is asked: if the money was faster it waits for the card", () => {
    const w = t.world();
    t.toPayWaiting(w);
    expect(w.remove()).toMatchObject({ name: "unknownPayment", cancelling: true, cardIn: false });
    expect(w.news(t.purchase({ version: 5, state: "paid" }))).toMatchObject({ name: "cardPulled", before: "write" });
    const resumed = t.toAccount(
      w,
      {
        kind: "script",
        script: t.script("w2", "write"),
        purchase: t.purchase({ version: 6, state: "issued" }),
        resumed: true,
      },
      "p2",
      "s2",
    );
    expect(resumed).toMatchObject({ name: "resuming", number: "3K7-0192" });
  });

  it("while writing: the report goes up first, then the session ends; the next insertion finishes it", () => {
    const w = t.world();
    t.toWriting(w);
    expect(w.remove()).toMatchObject({ name: "writeFailed", why: "cardPulled", hall: false });
    expect(w.effects()).toEqual([]);
    w.done("w1", "write", { step: 4, reason: "removed" });
    expect(w.effects().map((e) => e.do)).toEqual(["report", "endSession"]);
    const failed = t.purchase({ version: 6, state: "unknown" });
    expect(
      w.answer({ to: "report", answer: t.ok({ kind: "writeFailed", purchase: failed, hall: true }) }),
    ).toMatchObject({ hall: true });
    expect(w.insert("p2").name).toBe("reading");
  });

  it("while writing, but all of it was on the card", () => {
    const w = t.world();
    t.toWriting(w);
    w.remove();
    w.done("w1", "write");
    const delivered = t.purchase({ version: 6, state: "delivered" });
    const screen = w.answer({ to: "report", answer: t.ok({ kind: "delivered", purchase: delivered, resumed: false }) });
    expect(screen).toMatchObject({ name: "success", cardIn: false });
  });
});

describe("the card in the slot", () => {
  it("wrong way up: told, and asked for again", () => {
    const w = t.world();
    w.act({ do: "start" });
    expect(w.happen({ type: "reader", event: { type: "mute", powerUpId: "p1" } })).toEqual({ name: "wrongWay" });
    expect(w.remove()).toEqual({ name: "insertCard" });
  });

  it.each(["card.foreign", "card.blank", "card.lost", "account.stopped"] as const)("refused: %s", (code) => {
    const w = t.world();
    const screen = t.toAccount(w, { kind: "refused", code, value: null, number: null });
    expect(screen).toEqual({ name: "refused", code, value: null, number: null, cardIn: true });
    expect(w.remove()).toMatchObject({ name: "refused", cardIn: false });
    expect(w.pass(30_000).name).toBe("home");
  });

  it("unreadable", () => {
    const w = t.world();
    w.insert();
    w.answer({ to: "openSession", answer: t.ok({ id: "s1", script: t.script("pr", "probe") }) });
    expect(w.done("pr", "probe", { step: 1, reason: "readerFault" })).toMatchObject({
      name: "refused",
      code: "card.unreadable",
    });
  });

  it("whose bytes did not take: the way on, not the hall's alone", () => {
    const w = t.world();
    t.toWriting(w);
    w.done("w1", "write", { step: 4, reason: "verifyFailed" });
    const failed = t.purchase({ version: 6, state: "unknown" });
    const screen = w.answer({ to: "report", answer: t.ok({ kind: "writeFailed", purchase: failed, hall: false }) });
    expect(screen).toMatchObject({ name: "writeFailed", why: "card", hall: false, number: "3K7-0192" });
  });

  it("settled as refunded", () => {
    const w = t.world();
    const refund = { amountFen: 119_970, done: false, stuck: false };
    const screen = t.toAccount(w, { kind: "refunding", purchase: t.purchase({ state: "refunding", refund }) });
    expect(screen).toMatchObject({ name: "refunded", amountFen: 119_970, done: false });
    expect(w.state().voice?.prompt).toBe("refunding");
  });
});

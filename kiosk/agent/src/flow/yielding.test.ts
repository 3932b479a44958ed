/** A card whose purchase waits on a phone: the reader that holds the card wins, and serves it without another touch. */
import { describe, expect, it } from "vitest";
import * as t from "./testWorld.ts";

describe("a purchase that waits on a phone", () => {
  const asked = (w: t.World) => w.effects().map((e) => e.do);

  it("is closed while the card waits, asked about each second with the same image", () => {
    const w = t.world();
    expect(t.toYielding(w)).toEqual({ name: "yielding", number: "3K7-0192" });
    expect(w.state().voice?.prompt).toBe("yielding");
    const [first] = w.all("image");
    w.pass(999);
    expect(w.all("image")).toHaveLength(1);
    w.pass(1);
    const [, again] = w.all("image");
    expect(again).toMatchObject({ sessionId: "s1", report: first?.report });
    // Slow answers are waited for: one question at a time.
    w.pass(10_000);
    expect(w.all("image")).toHaveLength(2);
    expect(w.answer({ to: "image", answer: t.ok(t.onPhoneAnswer) }).name).toBe("yielding");
    w.pass(1_000);
    expect(w.all("image")).toHaveLength(3);
  });

  it("unpaid: the card may buy here at once", () => {
    const w = t.world();
    t.toYielding(w);
    w.pass(1_000);
    expect(w.answer({ to: "image", answer: t.ok(t.accountAnswer()) })).toMatchObject({ name: "account" });
    expect(w.state().voice?.prompt).toBe("enterAmount");
  });

  it("paid: goes on with that money, and writes", () => {
    const w = t.world();
    t.toYielding(w);
    w.pass(1_000);
    const write = {
      kind: "script",
      script: t.script("w1", "write"),
      purchase: t.purchase({ state: "issued" }),
    } as const;
    expect(w.answer({ to: "image", answer: t.ok({ ...write, resumed: true }) })).toMatchObject({ name: "resuming" });
    expect(w.effects()).toContainEqual(expect.objectContaining({ do: "runScript", sessionId: "s1", powerUpId: "p1" }));
  });

  it.each([
    ["no answer in a minute and a half", (w: t.World) => w.pass(90_000)],
    ["the card pulled", (w: t.World) => w.remove()],
  ])("%s: come again, and not a word that nothing was charged", (_name, happens) => {
    const w = t.world();
    t.toYielding(w);
    expect(happens(w)).toMatchObject({ name: "refused", code: "purchase.onPhone", number: "3K7-0192" });
  });

  it("has a way back; an answer that comes then moves nothing", () => {
    const w = t.world();
    t.toYielding(w);
    w.pass(1_000);
    const ref = w.state().awaiting ?? -1;
    expect(w.act({ do: "back" }).name).toBe("takeCard");
    expect(w.happen({ type: "answered", ref, to: "image", answer: t.ok(t.accountAnswer()) }).name).toBe("takeCard");
    expect(asked(w)).toEqual([]);
  });

  it("a line that is lost meanwhile is said", () => {
    const w = t.world();
    t.toYielding(w);
    w.pass(1_000);
    expect(w.answer({ to: "image", answer: t.unreachable })).toMatchObject({ code: "server.unavailable" });
  });
});

/** Chapter 1 of the manual, step by step, and each way off it. */
import { describe, expect, it } from "vitest";
import * as t from "./testWorld.ts";

describe("the sale of the manual", () => {
  it("goes from home to the receipt", () => {
    const w = t.world();
    expect(w.screen()).toEqual({ name: "home" });
    expect(w.act({ do: "start" }).name).toBe("insertCard");
    expect(w.insert().name).toBe("reading");
    expect(w.effects().map((e) => e.do)).toEqual(["askPaper", "openSession"]);
    w.answer({ to: "openSession", answer: t.ok({ id: "s1", script: t.script("pr", "probe") }) });
    expect(w.effects()).toMatchObject([{ do: "runScript", sessionId: "s1", powerUpId: "p1" }]);
    w.done("pr", "probe");
    expect(w.effects()).toMatchObject([{ do: "image", sessionId: "s1" }]);
    const account = w.answer({ to: "image", answer: t.ok(t.accountAnswer()) });
    expect(account).toMatchObject({ name: "account", entry: "", customer: { accountNumber: "031140086" } });
    for (const key of ["1", "2", "0", "0"] as const) w.act({ do: "key", key });
    expect(w.screen()).toMatchObject({ entry: "1200" });
    expect(w.act({ do: "ok" })).toMatchObject({ busy: true });
    expect(w.effects()).toMatchObject([{ do: "newPurchase", entry: { kind: "amount", amountFen: 120_000 } }]);
    const confirm = w.answer({ to: "newPurchase", answer: t.ok(t.purchase()) });
    expect(confirm).toMatchObject({ name: "confirm", breakdown: { payableFen: 119_970 }, requoted: false });
    w.act({ do: "pay" });
    const pay = w.answer({ to: "confirm", answer: t.ok(t.paying()) });
    expect(pay).toMatchObject({ name: "pay", payableFen: 119_970, number: "3K7-0192", rejected: null });
    expect(w.effects().map((e) => e.do)).toEqual(["journal", "watch"]);
    expect(w.state().limit).toEqual({ until: 65_000, totalMs: 60_000, soft: false, calls: true });
    expect(w.scan()).toMatchObject({ name: "payWaiting", wallet: "wechat", password: false });
    expect(w.effects()).toMatchObject([{ do: "attempt", code: t.wechatCode }]);
    w.answer({
      to: "attempt",
      answer: t.ok(
        t.paying({ version: 3, acceptsCode: false, attempt: t.attempt("pending", { needsPassword: true }) }),
      ),
    });
    expect(w.screen()).toMatchObject({ name: "payWaiting", password: true });
    expect(w.state().voice?.prompt).toBe("enterPassword");
    const writing = w.news(t.purchase({ version: 4, state: "paid", attempt: t.attempt("paid") }));
    expect(writing).toMatchObject({ name: "writing", paid: true });
    expect(w.state().voice?.prompt).toBe("paidWriting");
    expect(w.effects().map((e) => e.do)).toEqual(["unwatch", "wantScript"]);
    w.answer({
      to: "wantScript",
      answer: t.ok({
        kind: "script",
        script: t.script("w1", "write"),
        purchase: t.purchase({ version: 5, state: "issued" }),
        resumed: false,
      }),
    });
    expect(w.effects()).toMatchObject([{ do: "runScript", script: { id: "w1" } }]);
    w.done("w1", "write");
    expect(w.effects()).toMatchObject([{ do: "report", sessionId: "s1" }]);
    const success = w.answer({
      to: "report",
      answer: t.ok({ kind: "delivered", purchase: t.purchase({ version: 6, state: "delivered" }), resumed: false }),
    });
    expect(success).toMatchObject({ name: "success", printable: true, cardIn: true });
    expect(w.state().limit?.totalMs).toBe(30_000);
    expect(w.act({ do: "print" })).toEqual({ name: "printing" });
    const ref = w.state().awaiting ?? -1;
    expect(w.happen({ type: "printed", ref, result: { ok: true } })).toEqual({ name: "printed", cardIn: true });
    expect(w.state().limit?.totalMs).toBe(30_000);
    w.remove();
    expect(w.effects()).toEqual([{ do: "endSession", sessionId: "s1" }]);
    expect(w.act({ do: "ok" })).toEqual({ name: "home" });
    expect(w.all("journal").map((e) => e.entry.kind)).toEqual(["purchaseOpened", "purchaseClosed"]);
  });

  it("goes home after success only when the card is out, and calls for a card left in", () => {
    const w = t.world();
    t.toSuccess(w);
    expect(w.pass(30_000).name).toBe("takeCard");
    const first = w.state().voice;
    w.pass(5_000);
    expect(w.state().voice).toMatchObject({ prompt: "takeCard" });
    expect(w.state().voice?.nonce).not.toBe(first?.nonce);
    expect(w.remove().name).toBe("home");
    const out = t.world();
    t.toSuccess(out);
    expect(out.remove()).toMatchObject({ name: "success", cardIn: false });
    expect(out.pass(30_000).name).toBe("home");
  });

  it("skips the payment page when nothing is to pay", () => {
    const w = t.world();
    t.toConfirm(w);
    w.act({ do: "pay" });
    const free = { ...t.purchase().breakdown, payableFen: 0 };
    const screen = w.answer({
      to: "confirm",
      answer: t.ok(t.purchase({ version: 2, state: "paid", breakdown: free })),
    });
    expect(screen).toMatchObject({ name: "writing", paid: false });
    expect(w.state().voice?.prompt).toBe("writing");
  });

  it("shows gas on the card and sells none", () => {
    const w = t.world();
    const gas = { kind: "volume" as const, volumeL: 47_400 };
    const screen = t.toAccount(w, {
      kind: "gasOnCard",
      customer: t.customer("1"),
      gas,
      boughtOn: "2026-01-02",
      notice: null,
    });
    expect(screen).toMatchObject({ name: "gasOnCard", gas });
    expect(w.act({ do: "ok" }).name).toBe("takeCard");
  });
});

describe("the entry", () => {
  it("tells a full meter from a limit", () => {
    const w = t.world();
    const answer = t.accountAnswer();
    if (answer.kind !== "account") throw new Error("an account is expected");
    t.toAccount(w, { ...answer, maximum: { value: 5_000, rule: "ceiling" } });
    for (const key of ["6", "0"] as const) w.act({ do: "key", key });
    expect(w.act({ do: "ok" })).toMatchObject({ error: { code: "entry.overCeiling", value: 5_000 } });
  });

  it("names zero and too much, and lets go on", () => {
    const w = t.world();
    t.toAccount(w);
    expect(w.act({ do: "ok" })).toMatchObject({ error: { code: "entry.zero" } });
    for (const key of ["1", "5", "0", "0", ".", "0", "1", "9"] as const) w.act({ do: "key", key });
    expect(w.screen()).toMatchObject({ entry: "1500.01", error: null });
    expect(w.act({ do: "ok" })).toMatchObject({ error: { code: "entry.overLimit", value: 150_000 } });
    expect(w.all("newPurchase")).toEqual([]);
    expect(w.act({ do: "quick", value: 5_000 })).toMatchObject({ entry: "50" });
    expect(w.act({ do: "quick", value: 5_001 })).toMatchObject({ entry: "50" });
    w.act({ do: "ok" });
    const over = w.answer({ to: "newPurchase", answer: t.problem("entry.overCeiling", { value: 4_000 }) });
    expect(over).toMatchObject({
      name: "account",
      busy: false,
      entry: "50",
      error: { code: "entry.overCeiling", value: 4_000 },
    });
  });

  it("keeps the entry when the centre can't be reached, and over 返回", () => {
    const w = t.world();
    t.toAccount(w);
    w.act({ do: "quick", value: 5_000 });
    w.act({ do: "ok" });
    expect(w.answer({ to: "newPurchase", answer: t.unreachable })).toMatchObject({
      entry: "50",
      error: { code: "server.unavailable" },
    });
    w.act({ do: "ok" });
    w.answer({ to: "newPurchase", answer: t.ok(t.purchase()) });
    expect(w.act({ do: "back" })).toMatchObject({ name: "account", entry: "50" });
  });

  it("asks 还需要时间吗 at ten seconds; more time gives all of it again, none ends it", () => {
    const w = t.world();
    t.toAccount(w);
    w.pass(49_999);
    expect(w.state().askMoreTime).toBe(false);
    w.pass(1);
    expect(w.state().askMoreTime).toBe(true);
    expect(w.state().voice?.prompt).toBe("moreTime");
    w.act({ do: "moreTime" });
    expect(w.state().askMoreTime).toBe(false);
    expect(w.pass(59_000).name).toBe("account");
    expect(w.act({ do: "finish" }).name).toBe("takeCard");
  });

  it("shows a new price before it is confirmed", () => {
    const w = t.world();
    t.toConfirm(w);
    w.act({ do: "pay" });
    w.answer({ to: "confirm", answer: t.problem("purchase.quoteStale", { status: 409 }) });
    expect(w.effects()).toMatchObject([{ do: "newPurchase", entry: { amountFen: 120_000 } }]);
    const again = w.answer({
      to: "newPurchase",
      answer: t.ok(t.purchase({ id: "0190a000-0000-7000-8000-00000000cccc" })),
    });
    expect(again).toMatchObject({ name: "confirm", requoted: true, busy: false });
  });
});

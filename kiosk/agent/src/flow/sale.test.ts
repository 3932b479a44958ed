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

describe("the payment page", () => {
  it.each([
    ["wxp://f2f0abc", "collectionCode"],
    ["https://qr.alipay.com/fkx123", "collectionCode"],
    ["6212345678901234567", "unionpay"],
    ["0112345678901234567", "ecny"],
    ["031140086", "notAPaymentCode"],
  ])("names %s as %s and sends nothing", (code, rejected) => {
    const w = t.world();
    t.toPay(w);
    expect(w.scan(code)).toMatchObject({ name: "pay", rejected });
    expect(w.all("attempt")).toEqual([]);
    expect(w.scan()).toMatchObject({ name: "payWaiting" });
  });

  it("ignores codes before the page, and a second while one is in flight", () => {
    const w = t.world();
    t.toConfirm(w);
    w.scan();
    w.act({ do: "pay" });
    w.scan();
    w.answer({ to: "confirm", answer: t.ok(t.paying()) });
    w.scan();
    w.scan("281234567890123456");
    expect(w.all("attempt")).toHaveLength(1);
  });

  it("a refused code leads back to the page with a new window", () => {
    const w = t.world();
    t.toPayWaiting(w);
    w.pass(30_000);
    const refused = t.paying({
      version: 4,
      attempt: t.attempt("failed", { refused: "balance" }),
      nowMs: 1_030_000,
      dueAtMs: 1_090_000,
    });
    expect(w.news(refused)).toMatchObject({ name: "pay", refused: "balance" });
    expect(w.state().limit?.until).toBe(95_000);
    expect(w.scan("281234567890123456")).toMatchObject({ name: "payWaiting", wallet: "alipay" });
  });

  it("says its last ten seconds once, however they are reached", () => {
    const w = t.world();
    t.toPay(w);
    w.pass(49_999);
    expect(w.state().voice?.prompt).toBe("scanCode");
    w.pass(1);
    expect(w.state().voice?.prompt).toBe("tenSeconds");
    const said = w.state().voice?.nonce;
    w.pass(9_999);
    expect(w.state().voice?.nonce).toBe(said);
    expect(w.screen().name).toBe("pay");
  });

  it("at zero says so, and that it is cancelled only when the centre says it", () => {
    const w = t.world();
    t.toPay(w);
    expect(w.pass(60_000)).toMatchObject({ name: "payTimeout", confirmed: false });
    expect(w.all("cancel")).toHaveLength(1);
    expect(w.scan()).toMatchObject({ name: "payTimeout" });
    expect(w.news(t.purchase({ version: 3, state: "void", reason: "customer" }))).toMatchObject({
      name: "payTimeout",
      confirmed: true,
    });
    expect(w.act({ do: "ok" }).name).toBe("takeCard");
    expect(w.all("attempt")).toEqual([]);
  });

  it("返回 cancels under the protocol, and gas goes on if the money was faster", () => {
    const w = t.world();
    t.toPay(w);
    expect(w.act({ do: "back" }).name).toBe("pay");
    w.scan();
    expect(w.all("attempt")).toEqual([]);
    expect(w.pass(1_000)).toMatchObject({ name: "unknownPayment", cancelling: true });
    expect(w.news(t.purchase({ version: 3, state: "void" }))).toMatchObject({ name: "cancelled", by: "customer" });
    const faster = t.world();
    t.toPay(faster);
    faster.act({ do: "back" });
    const paid = faster.answer({ to: "cancel", answer: t.ok(t.purchase({ version: 4, state: "paid" })) });
    expect(paid.name).toBe("writing");
  });

  it("nothing can be pressed while the wallet is asked", () => {
    const w = t.world();
    const before = t.toPayWaiting(w);
    for (const action of ["back", "ok", "done", "finish", "start", "moreTime"] as const) {
      expect(w.act({ do: action })).toEqual(before);
      expect(w.effects()).toEqual([]);
    }
    expect(w.pass(10_000)).toMatchObject({ name: "payWaiting", long: true });
  });

  it("an unknown payment stays until it is known, or frees the kiosk after 90 s", () => {
    const w = t.world();
    t.toPayWaiting(w);
    const closing = t.purchase({ version: 4, state: "closing", attempt: t.attempt("reversing") });
    expect(w.news(closing)).toMatchObject({ name: "unknownPayment", cancelling: true, cardIn: true });
    expect(w.act({ do: "done" }).name).toBe("unknownPayment");
    expect(w.pass(89_999).name).toBe("unknownPayment");
    expect(w.pass(1).name).toBe("takeCard");
    expect(w.effects()).toEqual([{ do: "unwatch" }]);
  });

  it("a code whose sending got no answer is an unknown payment, never a second one", () => {
    const w = t.world();
    t.toPay(w);
    w.scan();
    expect(w.answer({ to: "attempt", answer: t.unreachable })).toMatchObject({ name: "unknownPayment" });
    w.scan();
    expect(w.all("attempt")).toHaveLength(1);
    expect(w.news(t.purchase({ version: 5, state: "paid" })).name).toBe("writing");
  });

  it("a gateway that is down ends the sale before anything is sent", () => {
    const w = t.world();
    t.toPay(w);
    w.scan();
    expect(w.answer({ to: "attempt", answer: t.problem("payment.channelDown") })).toMatchObject({
      name: "refused",
      code: "payment.channelDown",
    });
    expect(w.effects().map((e) => e.do)).toContain("cancel");
  });
});

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

describe("the centre out of reach", () => {
  it("out of service when idle, and in it again by itself", () => {
    const w = t.world();
    expect(w.happen({ type: "heartbeat", config: null, paired: true })).toMatchObject({
      name: "outOfService",
      reason: "server",
    });
    expect(w.act({ do: "start" }).name).toBe("outOfService");
    expect(w.insert().name).toBe("outOfService");
    expect(w.happen({ type: "heartbeat", config: t.config, paired: true }).name).toBe("reading");
  });

  it.each([
    ["reader", { type: "reader", event: { type: "fault" } }],
    ["scanner", { type: "scanner", event: { type: "fault" } }],
    ["paired", { type: "heartbeat", config: null, paired: false }],
  ] as const)("out of service: %s", (reason, event) => {
    expect(t.world().happen(event)).toMatchObject({ name: "outOfService", reason });
  });

  it("in the middle the sale goes on trying", () => {
    const w = t.world();
    t.toPay(w);
    expect(w.happen({ type: "heartbeat", config: null, paired: true }).name).toBe("pay");
  });

  it("while reading", () => {
    const w = t.world();
    w.insert();
    expect(w.pass(20_000)).toMatchObject({ name: "refused", code: "server.unavailable" });
  });

  it("paid but no script: the money waits for the card", () => {
    const w = t.world();
    t.toPayWaiting(w);
    w.news(t.purchase({ version: 4, state: "paid" }));
    expect(w.answer({ to: "wantScript", answer: t.unreachable })).toMatchObject({
      name: "writeFailed",
      why: "network",
      hall: false,
    });
  });

  it("written and read back is written, though the centre has not heard it", () => {
    const w = t.world();
    t.toWriting(w);
    w.done("w1", "write");
    expect(w.answer({ to: "report", answer: t.unreachable })).toMatchObject({ name: "success", printable: false });
  });
});

describe("after a restart", () => {
  it.each([
    ["paying, no code yet", t.paying(), "pay"],
    ["a code in flight", t.paying({ acceptsCode: false, attempt: t.attempt("pending") }), "payWaiting"],
    ["paid", t.purchase({ state: "paid" }), "writing"],
    ["closing", t.purchase({ state: "closing", attempt: t.attempt("reversing") }), "unknownPayment"],
    ["void", t.purchase({ state: "void", reason: "timeout" }), "payTimeout"],
  ] as const)("our purchase goes on from the centre's truth: %s", (_name, view, name) => {
    const w = t.world();
    w.happen({ type: "recovered", purchase: { purchaseId: view.id, number: view.number } });
    t.toAccount(w, { kind: "refused", code: "purchase.open", value: null, number: view.number });
    expect(w.effects()).toMatchObject([{ do: "purchase", purchaseId: view.id }]);
    expect(w.answer({ to: "purchase", answer: t.ok(view) }).name).toBe(name);
  });

  it("somebody else's open purchase is only named", () => {
    const w = t.world();
    w.happen({ type: "recovered", purchase: { purchaseId: "u1", number: "3K7-0001" } });
    const screen = t.toAccount(w, { kind: "refused", code: "purchase.open", value: null, number: "3K7-0002" });
    expect(screen).toMatchObject({ name: "refused", code: "purchase.open" });
  });
});

describe("the printer", () => {
  it("without paper: warned on every screen, no receipt offered, the sale goes on", () => {
    const w = t.world();
    w.happen({ type: "paper", state: "out" });
    expect(t.toSuccess(w)).toMatchObject({ name: "success", printable: false });
    expect(w.state().voice?.prompt).toBe("successNoReceipt");
    expect(w.act({ do: "done" }).name).toBe("takeCard");
  });

  it("fails on the way: told, with the electronic receipt, and tried again by a tap", () => {
    const w = t.world();
    t.toSuccess(w);
    w.act({ do: "print" });
    const ref = w.state().awaiting ?? -1;
    expect(w.happen({ type: "printed", ref, result: { ok: false, reason: "paperOut" } })).toMatchObject({
      name: "printFailed",
      reason: "paperOut",
      url: "http://centre/r/abc",
    });
    expect(w.act({ do: "print" })).toEqual({ name: "printing" });
  });
});

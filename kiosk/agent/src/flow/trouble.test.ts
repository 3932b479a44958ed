/** The centre out of reach, a kiosk that starts again in the middle, a printer that fails. */
import { describe, expect, it } from "vitest";
import * as t from "./testWorld.ts";

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

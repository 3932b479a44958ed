/** The payment page: its window, codes, refusals, and payments of which nobody knows yet. */
import { describe, expect, it } from "vitest";
import * as t from "./testWorld.ts";

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

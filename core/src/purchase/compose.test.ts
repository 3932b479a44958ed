/**
 * The composition: what one event does to balance, tier volume, card, meter, books and tasks; and the invariants over
 * random schedules of two purchases on one account and card, with attempts, scripts and people in any order.
 */
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import type { AggregateStates, Posting } from "../aggregates.ts";
import { attemptIsFinal } from "../payment/machine.ts";
import type { Outcome } from "../payment/types.ts";
import type { Breakdown } from "../tariff/types.ts";
import { foldPurchase, type LoggedEvent } from "./advance.ts";
import { compose, type PurchaseBundle, type Versioned } from "./compose.ts";
import { emptyBundle, picturedBreakdown, quoteFacts, script, volumeBreakdown } from "./fixtures.ts";
import type { Purchase } from "./types.ts";
import { finalStates, openStates } from "./types.ts";

/** A tiny world: the aggregates, the logs and the books, moved only by composed transitions. */
function world() {
  const side = emptyBundle();
  const purchases = new Map<string, Versioned<Purchase>>();
  const attempts = new Map<string, Versioned<AggregateStates["attempt"]>>();
  const logs = new Map<string, { at: number; event: LoggedEvent }[]>();
  const books = new Map<string, number>();
  const tasks = new Set<string>();
  let serial = 0;

  const post = (all: readonly Posting[]) => {
    for (const p of all)
      books.set(`${p.commodity} ${p.account}`, (books.get(`${p.commodity} ${p.account}`) ?? 0) + p.amount);
  };
  const bundle = (id: string): PurchaseBundle => ({
    ...side,
    purchase: purchases.get(id) ?? null,
    attempts: [...attempts.values()].filter((a) => a.state.purchaseId === id),
  });

  function send(id: string, event: LoggedEvent, now: number): string {
    serial += 1;
    const result = compose({ bundle: bundle(id), event, eventId: `e${serial}`, now });
    if (!result.ok) return result.error.code;
    const { transition } = result.value;
    for (const w of transition.writes) {
      const next = { version: w.expected + 1, state: w.state };
      if (w.kind === "purchase") purchases.set(w.id, next as Versioned<Purchase>);
      else if (w.kind === "attempt") attempts.set(w.id, next as Versioned<AggregateStates["attempt"]>);
      else Object.assign(side, { [w.kind]: next });
    }
    post(transition.postings);
    for (const t of transition.tasks.drop) tasks.delete(`${t.kind} ${t.ref}`);
    for (const t of transition.tasks.add) tasks.add(`${t.kind} ${t.ref}`);
    logs.set(id, [...(logs.get(id) ?? []), { at: now, event }]);
    return "done";
  }
  const purchase = (id: string) => purchases.get(id)?.state;
  const balance = (name: string) => books.get(name) ?? 0;
  return { send, purchase, purchases, attempts, logs, side, books, balance, tasks };
}
type World = ReturnType<typeof world>;

const p = (event: Extract<LoggedEvent, { type: "purchase" }>["event"]): LoggedEvent => ({ type: "purchase", event });
const a = (attemptId: string, event: Extract<LoggedEvent, { type: "attempt" }>["event"]): LoggedEvent => ({
  type: "attempt",
  attemptId,
  event,
});
const createAttempt = (id: string, purchaseId: string, amountFen: number): LoggedEvent =>
  a(id, {
    type: "created",
    id,
    purchaseId,
    kind: "code",
    channel: "wechat",
    outTradeNo: `T_${id}`,
    amountFen,
    codeMask: "13…",
  });
const paidOutcome = (amountFen: number): Outcome => ({
  kind: "paid",
  verified: true,
  transactionId: "42",
  amountFen,
  paidAt: null,
});

function sell(w: World, id: string, breakdown: Breakdown, upTo: "confirmed" | "paid" | "issued" | "delivered") {
  w.send(id, p({ type: "quoted", facts: quoteFacts(id, breakdown) }), 0);
  w.send(id, p({ type: "confirmed" }), 1);
  if (upTo === "confirmed") return;
  w.send(id, createAttempt(`a-${id}`, id, breakdown.payableFen), 2);
  w.send(id, a(`a-${id}`, { type: "submitted" }), 3);
  w.send(id, a(`a-${id}`, { type: "answered", call: "pay", outcome: paidOutcome(breakdown.payableFen) }), 4);
  if (upTo === "paid") return;
  w.send(
    id,
    p({ type: "scriptIssued", script: script(`s-${id}`), countBefore: 6, totalBefore: 84_000, toPhone: false }),
    5,
  );
  if (upTo === "issued") return;
  w.send(id, p({ type: "cardSettled", as: "written", scriptId: `s-${id}` }), 6);
}

describe("the pictured sale in the books", () => {
  it("moves 0.30 of balance and 1199.70 of WeChat money into 1200.00 of sales and meter credit", () => {
    const w = world();
    sell(w, "p1", picturedBreakdown, "delivered");
    expect(w.purchase("p1")?.state).toBe("delivered");
    expect(Object.fromEntries([...w.books].filter(([, v]) => v !== 0))).toEqual({
      "fen customer:acc1": 30,
      "fen gateway:wechat": 119_970,
      "fen sales:unit1": -120_000,
      "meterCredit meter:m1": 120_000,
      "meterCredit credit:unit1": -120_000,
    });
    expect(w.side.account.state).toMatchObject({ balanceFen: 0, heldFen: 0 });
    expect(w.side.card?.state).toMatchObject({ count: 7, lastAmount: 120_000, openPurchaseId: null, scriptSeq: 1 });
    expect(w.tasks.size).toBe(0);
  });
  it("with a deduction, debts and tier volume", () => {
    const w = world();
    sell(
      w,
      "p1",
      {
        ...volumeBreakdown,
        debtFen: 500,
        deductions: [{ ruleId: "d", kind: "fixed", name: "优惠", amountFen: 150 }],
        payableFen: 13_000,
      },
      "delivered",
    );
    expect(w.balance("fen discount:unit1")).toBe(150);
    expect(w.balance("fen receivable:acc1")).toBe(-500);
    expect(w.balance("litre gas:m1")).toBe(50_000);
    expect(w.side.tier?.state).toMatchObject({ usedL: 150_000, heldL: 0 });
  });
});

describe("guards", () => {
  it("one open purchase per card and meter (I4)", () => {
    const w = world();
    sell(w, "p1", picturedBreakdown, "paid");
    w.send("p2", p({ type: "quoted", facts: quoteFacts("p2", volumeBreakdown) }), 10);
    expect(w.send("p2", p({ type: "confirmed" }), 11)).toBe("alreadyOpen");
  });
  it("a balance that moved since the quote is not overdrawn", () => {
    const w = world();
    w.send(
      "p1",
      p({
        type: "quoted",
        facts: quoteFacts("p1", { ...picturedBreakdown, balanceOffsetFen: 31, payableFen: 119_969 }),
      }),
      0,
    );
    expect(w.send("p1", p({ type: "confirmed" }), 1)).toBe("balanceMoved");
  });
  it("giving up with a code in flight frees the card at once and the holds only when the money's fate is known", () => {
    const w = world();
    sell(w, "p1", picturedBreakdown, "confirmed");
    w.send("p1", createAttempt("a1", "p1", 119_970), 2);
    w.send("p1", a("a1", { type: "submitted" }), 3);
    w.send("p1", p({ type: "gaveUp", reason: "customer" }), 4);
    expect(w.side.card?.state.openPurchaseId).toBeNull();
    expect(w.side.account.state).toMatchObject({ balanceFen: 0, heldFen: 30 });
    expect(w.attempts.get("a1")?.state.cancelRequested).toBe(true);
    w.send("p1", a("a1", { type: "answered", call: "query", outcome: { kind: "closed", verified: true } }), 15_003);
    expect(w.purchase("p1")?.state).toBe("void");
    expect(w.side.account.state).toMatchObject({ balanceFen: 30, heldFen: 0 });
  });
  it("cancel and issue start from one version: the second is refused", () => {
    const w = world();
    sell(w, "p1", picturedBreakdown, "issued");
    expect(w.send("p1", p({ type: "gaveUp", reason: "customer" }), 6)).toBe("wrongState");
  });
});

describe("a late success", () => {
  it("stands in the books until it went back, and never pays the purchase", () => {
    const w = world();
    sell(w, "p1", picturedBreakdown, "confirmed");
    w.send("p1", createAttempt("a1", "p1", 119_970), 2);
    w.send("p1", a("a1", { type: "submitted" }), 3);
    w.send("p1", a("a1", { type: "answered", call: "query", outcome: { kind: "closed", verified: true } }), 9);
    w.send("p1", a("a1", { type: "answered", call: "query", outcome: paidOutcome(119_970) }), 60_000);
    expect(w.purchase("p1")?.state).toBe("paying");
    expect(w.balance("fen returns:wechat")).toBe(-119_970);
    expect(w.tasks.has("lateRefund a1")).toBe(true);
    w.send("p1", a("a1", { type: "lateRefunded" }), 61_000);
    expect(w.balance("fen returns:wechat")).toBe(0);
    expect(w.balance("fen gateway:wechat")).toBe(0);
  });
});

describe("random schedules of two purchases on one card", () => {
  const id = fc.constantFrom("p1", "p2");
  const outcome = fc.constantFrom<Outcome["kind"]>(
    "paid",
    "inProgress",
    "notPaid",
    "notFound",
    "closed",
    "payError",
    "unknown",
  );
  const move = fc.record({
    id,
    wait: fc.integer({ min: 1, max: 40_000 }),
    what: fc.integer({ min: 0, max: 16 }),
    outcome,
    n: fc.integer({ min: 1, max: 2 }),
  });

  /** Where one of them stands at the start: from nothing, chance alone hardly ever gets as far as a refund. */
  const begun = fc.record({ id, upTo: fc.constantFrom(null, "confirmed", "paid", "issued", "delivered") });
  const breakdownOf = (of: string): Breakdown => (of === "p1" ? picturedBreakdown : volumeBreakdown);

  it("hold the invariants", () => {
    fc.assert(
      fc.property(begun, fc.array(move, { maxLength: 60 }), (first, moves) => {
        const w = world();
        if (first.upTo !== null) sell(w, first.id, breakdownOf(first.id), first.upTo);
        check(w);
        let now = 10;
        for (const m of moves) {
          now += m.wait;
          w.send(m.id, eventFor(w, m), now);
          check(w);
        }
        for (const [pid, log] of w.logs) {
          const folded = foldPurchase(log);
          expect(folded.purchase).toEqual(w.purchase(pid)); // I8
          for (const attempt of folded.attempts.values()) expect(attempt).toEqual(w.attempts.get(attempt.id)?.state);
        }
      }),
      { numRuns: inject("long") ? 100_000 : 1_500 },
    );
  });

  function eventFor(w: World, m: { id: string; what: number; outcome: Outcome["kind"]; n: number }): LoggedEvent {
    const b = breakdownOf(m.id);
    const attemptId = `a${m.n}-${m.id}`;
    const answer = (
      m.outcome === "paid" ? paidOutcome(b.payableFen) : { kind: m.outcome, verified: true, why: "x" }
    ) as Outcome;
    const scriptId = w.purchase(m.id)?.script?.id ?? "none";
    const events: LoggedEvent[] = [
      p({ type: "quoted", facts: quoteFacts(m.id, b) }),
      p({ type: "confirmed" }),
      createAttempt(attemptId, m.id, b.payableFen),
      a(attemptId, { type: "submitted" }),
      a(attemptId, { type: "answered", call: "query", outcome: answer }),
      a(attemptId, { type: "answered", call: "query", outcome: answer }),
      a(attemptId, { type: "reverseAnswered", outcome: { kind: "accepted" } }),
      a(attemptId, { type: "lateRefunded" }),
      p({ type: "gaveUp", reason: "customer" }),
      p({
        type: "scriptIssued",
        script: script(`s${m.n}-${m.id}`),
        countBefore: 6,
        totalBefore: 84_000,
        toPhone: false,
      }),
      p({ type: "scriptEnded", scriptId }),
      p({ type: "cardSettled", as: "written", scriptId }),
      p({
        type: "scriptIssued",
        script: script(`r${m.n}-${m.id}`, "refund"),
        countBefore: 6,
        totalBefore: 84_000,
        toPhone: false,
      }),
      p({ type: "refundProven", scriptId }),
      p({ type: "refundDone" }),
      p({ type: "due" }),
      p({ type: "cardDisagrees", scriptId, image: "ff" }),
    ];
    const event = events[m.what];
    if (event === undefined) throw new Error("no such move");
    return event;
  }

  function check(w: World) {
    const all = [...w.purchases.values()].map((v) => v.state);
    const open = all.filter((x) => (openStates as readonly string[]).includes(x.state));
    expect(open.length).toBeLessThanOrEqual(1); // I4
    expect(w.side.card?.state.openPurchaseId ?? null).toBe(open[0]?.id ?? null);
    for (const commodity of ["fen", "litre", "meterCredit"]) {
      let sum = 0;
      for (const [key, amount] of w.books) if (key.startsWith(`${commodity} `)) sum += amount;
      expect(sum).toBe(0); // I7
    }
    for (const x of all) {
      if ((finalStates as readonly string[]).includes(x.state)) expect(x.dueAt).toBeNull();
      else expect(w.tasks.has(`purchaseDue ${x.id}`)).toBe(true); // I12
    }
    for (const { state } of w.attempts.values()) {
      if (attemptIsFinal(state) || state.state === "manual") continue;
      expect(
        ["attemptSubmit", "attemptQuery", "attemptReverse", "lateRefund"].some((k) => w.tasks.has(`${k} ${state.id}`)),
      ).toBe(true);
    }
    oracle(w, all);
  }

  /** Gateway net + spent balance = delivered value + open purchases; what is held is what open purchases promised. */
  function oracle(w: World, all: Purchase[]) {
    const taken = (x: Purchase) => x.breakdown.payableFen + x.breakdown.balanceOffsetFen;
    const openFen = all
      .filter((x) => ["paid", "issued", "unknown", "manual", "refunding"].includes(x.state))
      .reduce((s, x) => s + taken(x), 0);
    expect(w.balance("fen open:unit1")).toBe(0 - openFen);
    const deliveredFen = all.filter((x) => x.state === "delivered").reduce((s, x) => s + x.breakdown.goodsFen, 0);
    expect(w.balance("fen sales:unit1")).toBe(0 - deliveredFen);
    const heldFen = all
      .filter((x) => x.state === "paying" || x.state === "closing")
      .reduce((s, x) => s + x.breakdown.balanceOffsetFen, 0);
    expect(w.side.account.state.heldFen).toBe(heldFen);
    const tierHeldL = all
      .filter((x) => !["quoted", "void", "refunded", "delivered"].includes(x.state))
      .reduce((s, x) => s + (x.breakdown.tier?.volumeL ?? 0), 0);
    expect(w.side.tier?.state.heldL).toBe(tierHeldL);
  }
});

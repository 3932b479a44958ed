/**
 * The purchase machine: every state × event pair, the due time of every state, and what each way out does to money,
 * holds and card. The books and invariants over random schedules stand in compose.test.ts.
 */
import { describe, expect, it } from "vitest";
import { refundTimers } from "../payment/refundTimers.ts";
import type { PayOut } from "../payment/types.ts";
import { picturedBreakdown, quoteFacts, script, volumeBreakdown } from "./fixtures.ts";
import { type PurchaseEvent, purchaseStep, purchaseTimers } from "./machine.ts";
import { finalStates, type Purchase, type PurchaseState } from "./types.ts";

const day = 86_400_000;

function after(...events: [at: number, event: PurchaseEvent][]) {
  let purchase: Purchase | null = null;
  let effects: string[] = [];
  for (const [at, event] of events) {
    const step = purchaseStep(purchase, event, at);
    if (!step.ok) throw new Error(JSON.stringify(step.error));
    purchase = step.value.purchase;
    effects = step.value.effects.map((e) => e.effect);
  }
  if (purchase === null) throw new Error("nothing ran");
  return { purchase, effects };
}

const quoted: [number, PurchaseEvent][] = [[0, { type: "quoted", facts: quoteFacts("p1", picturedBreakdown) }]];
const paying: [number, PurchaseEvent][] = [...quoted, [1_000, { type: "confirmed" }]];
const inFlight: [number, PurchaseEvent][] = [...paying, [2_000, { type: "attemptStarted", attemptId: "a1", until: 0 }]];
const closing: [number, PurchaseEvent][] = [...inFlight, [3_000, { type: "gaveUp", reason: "customer" }]];
const paid: [number, PurchaseEvent][] = [...inFlight, [3_000, { type: "attemptPaid", attemptId: "a1" }]];
const issued: [number, PurchaseEvent][] = [
  ...paid,
  [
    4_000,
    { type: "scriptIssued", script: script("s1", "sale", 4_000), countBefore: 6, totalBefore: 84_000, toPhone: false },
  ],
];
const unknown: [number, PurchaseEvent][] = [...issued, [5_000, { type: "scriptEnded", scriptId: "s1" }]];
const refundOut: [number, PurchaseEvent][] = [
  ...unknown,
  [
    6_000,
    {
      type: "scriptIssued",
      script: script("s2", "refund", 6_000),
      countBefore: 6,
      totalBefore: 84_000,
      toPhone: false,
    },
  ],
];
const manual: [number, PurchaseEvent][] = [...unknown, [6_000, { type: "cardDisagrees", scriptId: "s1", image: "ff" }]];
const refunding: [number, PurchaseEvent][] = [...paid, [4_000, { type: "gaveUp", reason: "customer" }]];
const refunded: [number, PurchaseEvent][] = [...refunding, [5_000, { type: "refundDone" }]];
const delivered: [number, PurchaseEvent][] = [
  ...issued,
  [5_000, { type: "cardSettled", as: "written", scriptId: "s1" }],
];
const voided: [number, PurchaseEvent][] = [...quoted, [1_000, { type: "gaveUp", reason: "customer" }]];

const states: Record<PurchaseState, Purchase> = {
  quoted: after(...quoted).purchase,
  paying: after(...inFlight).purchase,
  closing: after(...closing).purchase,
  paid: after(...paid).purchase,
  issued: after(...issued).purchase,
  unknown: after(...refundOut).purchase,
  refunding: after(...refunding).purchase,
  refunded: after(...refunded).purchase,
  manual: after(...manual).purchase,
  delivered: after(...delivered).purchase,
  void: after(...voided).purchase,
};

describe("a reader that holds the card wins over a prepay elsewhere", () => {
  const onPhone: [number, PurchaseEvent][] = [
    [0, { type: "quoted", facts: quoteFacts("p1", picturedBreakdown, { channel: "h5", terminalId: null }) }],
    [1_000, { type: "confirmed" }],
  ];
  const prepay: [number, PurchaseEvent][] = [
    ...onPhone,
    [2_000, { type: "attemptStarted", attemptId: "a1", until: 902_000 }],
  ];
  it("at once where no order stands at a gateway", () => {
    const { purchase, effects } = after(...onPhone, [3_000, { type: "yielded" }]);
    expect(purchase).toMatchObject({ state: "void", reason: "readerWins" });
    expect(effects).toContain("closeOnCard");
    expect(effects).toContain("releaseBalance");
  });
  it("after the gateway's answer where one stands: paying until then, and no new attempt", () => {
    const { purchase, effects } = after(...prepay, [3_000, { type: "yielded" }]);
    expect(purchase).toMatchObject({ state: "paying", yielding: true });
    expect(effects).toEqual(["closeAttempts"]);
    expect(after(...prepay, [3_000, { type: "yielded" }], [3_100, { type: "yielded" }]).effects).toEqual([]);
    const unpaid = after(...prepay, [3_000, { type: "yielded" }], [4_000, { type: "attemptEnded", attemptId: "a1" }]);
    expect(unpaid.purchase).toMatchObject({ state: "void", reason: "readerWins" });
  });
  it("and goes on with the money that was faster", () => {
    const { purchase } = after(
      ...prepay,
      [3_000, { type: "yielded" }],
      [4_000, { type: "attemptPaid", attemptId: "a1" }],
    );
    expect(purchase).toMatchObject({ state: "paid", yielding: false });
  });
  it("a prepay is caught after its own deadline, not before", () => {
    expect(after(...prepay).purchase.dueAt).toBe(902_000 + purchaseTimers.attemptCatchMs);
  });
});

describe("a refund that its channel can't finish", () => {
  const payOut: PayOut = { way: "cash", drawerId: "d1", by: ["u1", "u2"], evidence: "receipt 12" };
  const stuck: [number, PurchaseEvent][] = [...refunding, [5_000, { type: "refundStuck", why: "USER_CLOSED" }]];
  it("is paid out by two people, not before it is stuck, and not by one", () => {
    expect(after(...stuck).purchase.refund).toMatchObject({ stuck: true, why: "USER_CLOSED" });
    const out = after(...stuck, [6_000, { type: "refundPaidOut", payOut }]);
    expect(out.purchase).toMatchObject({ state: "refunded", refund: { paidOut: payOut, refundedAt: 6_000 } });
    expect(out.effects).toContain("payBack");
    expect(purchaseStep(after(...refunding).purchase, { type: "refundPaidOut", payOut }, 6_000).ok).toBe(false);
    const alone: PayOut = { ...payOut, by: ["u1", "u1"] };
    expect(purchaseStep(after(...stuck).purchase, { type: "refundPaidOut", payOut: alone }, 6_000).ok).toBe(false);
  });
  it("is asked for no more: people may be paying it out at that moment", () => {
    expect(after(...stuck, [5_000 + day, { type: "due" }]).effects).toEqual(["task", "task"]);
    expect(purchaseStep(after(...stuck).purchase, { type: "due" }, 5_000 + day)).toMatchObject({
      value: { effects: [{}, { task: { kind: "staff" } }] },
    });
    for (const type of ["refundSent", "refundFailed"] as const)
      expect(purchaseStep(after(...stuck).purchase, { type, why: "x" }, 6_000).ok).toBe(false);
    expect(after(...stuck, [6_000, { type: "refundDone" }]).purchase.state).toBe("refunded");
  });
  it("is tried again a few times when it was refused, later and later, then goes to people", () => {
    let { purchase } = after(...refunding);
    let at = 5_000;
    const waits: number[] = [];
    for (let tries = 0; tries < 20 && purchase.refund?.stuck === false; tries++) {
      const step = purchaseStep(purchase, { type: "refundFailed", why: "NOT_ENOUGH" }, at);
      if (!step.ok) throw new Error("refused");
      ({ purchase } = step.value);
      const again = step.value.effects.find((e) => e.effect === "task" && e.task.kind === "refund");
      waits.push(again?.effect === "task" ? again.task.dueAt - at : -1);
      if (again?.effect === "task") expect(purchase.dueAt).toBeGreaterThan(again.task.dueAt);
      at = again?.effect === "task" ? again.task.dueAt : at;
    }
    expect(waits).toEqual([...refundTimers.retryAfterMs, -1]);
    expect(purchase.refund).toMatchObject({ stuck: true, why: "NOT_ENOUGH", failures: 8 });
  });
});

describe("every state × event", () => {
  const events: PurchaseEvent[] = [
    { type: "quoted", facts: quoteFacts("p2", picturedBreakdown) },
    { type: "confirmed" },
    { type: "requoted", breakdown: volumeBreakdown },
    { type: "attemptStarted", attemptId: "a9", until: 0 },
    { type: "attemptPaid", attemptId: "a1" },
    { type: "attemptEnded", attemptId: "a1" },
    { type: "gaveUp", reason: "customer" },
    { type: "scriptIssued", script: script("s9"), countBefore: 6, totalBefore: 84_000, toPhone: false },
    { type: "scriptEnded", scriptId: "s1" },
    { type: "cardSettled", as: "written", scriptId: "s1" },
    { type: "refundProven", scriptId: "s2" },
    { type: "cardDisagrees", scriptId: "s1", image: "ff" },
    { type: "refundSent" },
    { type: "refundStuck", why: "balance" },
    { type: "refundDone" },
    { type: "decided", to: "refunding", by: ["u1", "u2"], evidence: "index read on site" },
    { type: "due" },
    { type: "seen" },
    { type: "yielded" },
    { type: "refundPaidOut", payOut: { way: "bank", drawerId: null, by: ["u1", "u2"], evidence: "transfer 77" } },
    { type: "refundFailed", why: "NOT_ENOUGH" },
    { type: "refundStands", scriptId: "s2" },
    { type: "cardReplaced", script: null, needs: "returnArea" },
    { type: "cardReplaced", script: script("n1"), needs: "returnArea", approvedBy: ["u1", "u2"] },
    { type: "cardReplaced", script: script("n2", "refund"), needs: "returnArea", approvedBy: ["u1", "u2"] },
    { type: "cardLost" },
  ];
  /** One letter a column, in the order of `events`: first letters of the state it leads to, "-" refused. */
  const letter: Record<PurchaseState, string> = {
    quoted: "q",
    paying: "y",
    closing: "c",
    paid: "p",
    issued: "i",
    unknown: "u",
    refunding: "f",
    refunded: "F",
    manual: "m",
    delivered: "D",
    void: "V",
  };
  const table: Record<PurchaseState, string> = {
    //         q c r a P E g S e w R d s k D M . n Y O x W 0 N B L
    quoted: "  - y q - - - V - - - - - - - - - V - - - - - - - - -",
    paying: "  - - - - p y c - - - - - - - - - c - y - - - y - - -",
    closing: " - - - - - V c - - - - - - - - - c - - - - - - - - -",
    paid: "    - - - - - - f i - - - - - - - - f - - - - - p - - -",
    issued: "  - - - - - - - i u D - m - - - - u - - - - - - u u m",
    unknown: " - - - - - - - i u - f - - - - - u - - - - - - - u m",
    refunding: "- - - - - - - - - - - - f f F - f - - - f - - - - -",
    refunded: "- - - - - - - - - - - - - - - - F F - - - - - - - -",
    manual: "  - - - - - - - - - - - - - - - f m - - - - - - u u -",
    delivered: "- - - - - - - - D - - - - - - - D D - - - - - - - -",
    void: "    - - - - - - V - - - - - - - - - V V - - - - - - - -",
  };
  for (const [state, row] of Object.entries(table) as [PurchaseState, string][]) {
    it(state, () => {
      const got = events.map((event) => {
        const step = purchaseStep(states[state], event, 10_000);
        return step.ok ? letter[step.value.purchase.state] : "-";
      });
      expect(got.join(" ")).toBe(row.trim());
    });
  }
});

describe("due times (I12)", () => {
  it("every state that is not final has one, every final one has none", () => {
    for (const p of Object.values(states))
      expect(p.dueAt === null).toBe((finalStates as readonly string[]).includes(p.state));
  });
  it("a quote lives 5 minutes, a code may be shown for 60 s, anew after a refused one", () => {
    expect(states.quoted.dueAt).toBe(300_000);
    expect(after(...paying).purchase.dueAt).toBe(61_000);
    expect(after(...inFlight, [30_000, { type: "attemptEnded", attemptId: "a1" }]).purchase.dueAt).toBe(90_000);
  });
  it("a paid purchase is finishable for 30 minutes at any reader, then the money goes back", () => {
    expect(states.paid.dueAt).toBe(3_000 + purchaseTimers.finishMs);
    expect(after(...paid, [3_000 + purchaseTimers.finishMs, { type: "due" }]).purchase).toMatchObject({
      state: "refunding",
      reason: "windowOver",
    });
  });
  it("bought for later is never refunded by a timer: reminders, then people", () => {
    const later: [number, PurchaseEvent][] = [
      [0, { type: "quoted", facts: quoteFacts("p1", picturedBreakdown, { later: true }) }],
      [0, { type: "confirmed" }],
      [0, { type: "attemptStarted", attemptId: "a1", until: 0 }],
      [0, { type: "attemptPaid", attemptId: "a1" }],
    ];
    expect(after(...later).purchase.dueAt).toBe(day);
    expect(after(...later, [day, { type: "due" }]).purchase.dueAt).toBe(7 * day);
    const month = after(...later, [day, { type: "due" }], [7 * day, { type: "due" }], [30 * day, { type: "due" }]);
    expect(month.purchase.state).toBe("paid");
    expect(month.effects).toContain("task");
  });
});

describe("refunds", () => {
  it("from paid need no card", () => {
    expect(after(...refunding).effects).toEqual(["closeOnCard", "task", "task"]);
    expect(after(...refunded).effects).toEqual(["payBack", "dropTask", "dropTask"]);
  });
  it("from issued on never come by customer or timer (I3)", () => {
    for (const state of ["issued", "unknown"] as const) {
      expect(purchaseStep(states[state], { type: "gaveUp", reason: "customer" }, 10_000).ok).toBe(false);
      for (const at of [10_000, 40 * day, 400 * day]) {
        const due = purchaseStep(states[state], { type: "due" }, at);
        expect(due.ok && due.value.purchase.state).toBe("unknown");
      }
    }
  });
  it("need the refund script's own proof", () => {
    expect(purchaseStep(after(...unknown).purchase, { type: "refundProven", scriptId: "s1" }, 10_000).ok).toBe(false);
    expect(after(...refundOut, [7_000, { type: "refundProven", scriptId: "s2" }])).toMatchObject({
      purchase: { state: "refunding" },
    });
  });
  it("that come back on the card count as a purchase of nothing; only the script that is out can prove one", () => {
    const proof = { type: "refundProven", scriptId: "s2" } as const;
    const step = purchaseStep(after(...refundOut).purchase, proof, 7_000);
    expect(step.ok && step.value.effects).toContainEqual({ effect: "countOnCard", count: 7, amount: 0 });
    const other = purchaseStep(after(...refundOut).purchase, { ...proof, scriptId: "s0" }, 7_000);
    expect(other.ok).toBe(false);
  });
  it("by script follow a sale script only: from paid a refund needs no card", () => {
    const refundScript = {
      type: "scriptIssued",
      script: script("s9", "refund"),
      countBefore: 6,
      totalBefore: 0,
      toPhone: false,
    } as const;
    expect(purchaseStep(states.paid, refundScript, 4_000).ok).toBe(false);
  });
  it("give the tier volume back when they are done, not before", () => {
    const bought: [number, PurchaseEvent][] = [
      [0, { type: "quoted", facts: quoteFacts("p1", volumeBreakdown) }],
      ...paid.slice(1),
      [4_000, { type: "gaveUp", reason: "customer" }],
    ];
    expect(after(...bought).effects).not.toContain("releaseTier");
    expect(after(...bought, [5_000, { type: "refundDone" }]).effects).toContain("releaseTier");
  });
  it("are asked for anew when they were lost sight of", () => {
    const step = purchaseStep(states.refunding, { type: "due" }, 9 * day);
    expect(step.ok && step.value.effects).toContainEqual({
      effect: "task",
      task: { kind: "refund", ref: "p1", dueAt: 9 * day },
    });
  });
  it("keep one number for ever and never lead back", () => {
    const first = after(...refunding).purchase.refund?.no;
    const later = after(
      ...refunding,
      [70_000, { type: "refundSent" }],
      [80_000, { type: "refundStuck", why: "x" }],
      [90_000, { type: "due" }],
    ).purchase;
    expect(later.refund).toMatchObject({ no: first, stuck: true });
  });
  it("with nothing paid at a gateway are done at once", () => {
    const free = { ...picturedBreakdown, payableFen: 0, balanceOffsetFen: 120_000 };
    const done = after(
      [0, { type: "quoted", facts: quoteFacts("p1", free) }],
      [1, { type: "confirmed" }],
      [2, { type: "gaveUp", reason: "customer" }],
    );
    expect(done).toMatchObject({
      purchase: { state: "refunded" },
      effects: ["closeOnCard", "payBack", "dropTask", "dropTask"],
    });
  });
});

describe("paying", () => {
  it("skips waiting when nothing is payable", () => {
    const free = { ...picturedBreakdown, payableFen: 0, balanceOffsetFen: 120_000 };
    const done = after([0, { type: "quoted", facts: quoteFacts("p1", free) }], [1, { type: "confirmed" }]);
    expect(done).toMatchObject({
      purchase: { state: "paid", paidAttemptId: null },
      effects: ["openOnCard", "holdBalance", "spendBalance", "task"],
    });
  });
  it("holds and spends the last fen of a balance", () => {
    const fen = { ...picturedBreakdown, balanceOffsetFen: 1, payableFen: 119_999 };
    const steps: [number, PurchaseEvent][] = [[0, { type: "quoted", facts: quoteFacts("p1", fen) }]];
    expect(after(...steps, [1, { type: "confirmed" }]).effects).toContain("holdBalance");
    expect(after(...steps, ...paid.slice(1)).effects).toContain("spendBalance");
  });
  it("has no attempt alive once it is paid", () => {
    expect(states.paid).toMatchObject({ liveAttemptIds: [], paidAttemptId: "a1" });
  });
  it.each(["phone", "h5"] as const)("by prepay on %s has its 15 minutes", (channel) => {
    const steps: [number, PurchaseEvent][] = [
      [0, { type: "quoted", facts: quoteFacts("p1", picturedBreakdown, { channel }) }],
      [1_000, { type: "confirmed" }],
    ];
    expect(after(...steps).purchase.dueAt).toBe(1_000 + purchaseTimers.prepayMs);
  });
  it("takes one code at a time", () => {
    expect(purchaseStep(states.paying, { type: "attemptStarted", attemptId: "a2", until: 0 }, 3_000).ok).toBe(false);
  });
  it("closing frees the card but keeps the holds until every attempt is final", () => {
    expect(after(...closing).effects).toEqual(["closeOnCard", "cancelAttempts", "task"]);
    expect(after(...closing, [20_000, { type: "attemptEnded", attemptId: "a1" }])).toMatchObject({
      purchase: { state: "void", reason: "customer" },
      effects: ["releaseBalance", "dropTask"],
    });
  });
  it("with no code shown is void at once", () => {
    expect(after(...paying, [61_000, { type: "due" }])).toMatchObject({
      purchase: { state: "void", reason: "timeout" },
      effects: ["closeOnCard", "releaseBalance", "dropTask"],
    });
  });
});

describe("what another attempt or script brought", () => {
  it.each<[PurchaseState, PurchaseEvent]>([
    ["paying", { type: "attemptPaid", attemptId: "a0" }],
    ["paying", { type: "attemptEnded", attemptId: "a0" }],
    ["closing", { type: "attemptEnded", attemptId: "a0" }],
    ["issued", { type: "scriptEnded", scriptId: "s0" }],
    ["issued", { type: "cardSettled", as: "written", scriptId: "s0" }],
    ["issued", { type: "cardDisagrees", scriptId: "s0", image: "" }],
    ["unknown", { type: "cardSettled", as: "consumed", scriptId: "s0" }],
    ["unknown", { type: "cardDisagrees", scriptId: "s0", image: "" }],
  ])("%s: %o changes nothing", (state, event) => {
    expect(purchaseStep(states[state], event, 9_000).ok).toBe(false);
  });
  it("a late end of a script puts no reminder off", () => {
    const late = purchaseStep(states.unknown, { type: "scriptEnded", scriptId: "s1" }, 9_000);
    expect(late.ok && late.value.purchase).toEqual(states.unknown);
  });
});

describe("what was ever out on a phone", () => {
  const issue = (id: string, kind: "sale" | "refund", toPhone: boolean): PurchaseEvent => ({
    type: "scriptIssued",
    script: script(id, kind),
    countBefore: 6,
    totalBefore: 84_000,
    toPhone,
  });
  it("binds the refund for ever; a refund script sent there adds nothing to it", () => {
    const once = after(...paid, [4_000, issue("s1", "sale", true)]);
    expect(once.purchase.issuedToPhone).toBe(true);
    expect(
      after(...paid, [4_000, issue("s1", "sale", true)], [5_000, issue("s2", "sale", false)]).purchase.issuedToPhone,
    ).toBe(true);
    expect(after(...issued, [5_000, issue("s2", "refund", true)]).purchase.issuedToPhone).toBe(false);
  });
});

describe("a card that is replaced under a purchase", () => {
  type Replaced = Extract<PurchaseEvent, { type: "cardReplaced" }>;
  const two: [string, string] = ["u1", "u2"];
  const onNew = (kind: "sale" | "refund", more: Partial<Replaced> = {}): PurchaseEvent => ({
    type: "cardReplaced",
    script: script(`new-${kind}`, kind, 9_000),
    needs: "returnArea",
    ...more,
  });
  const refused = (from: [number, PurchaseEvent][], event: PurchaseEvent): boolean =>
    !purchaseStep(after(...from).purchase, event, 9_000).ok;
  const written: PurchaseEvent = { type: "cardSettled", as: "written", scriptId: "new-sale" };
  const proof = { type: "refundProven", scriptId: "new-refund" } as const;

  it("before a script was out, the claim goes on: written to the new card, or cancelled without proof", () => {
    const event: PurchaseEvent = { type: "cardReplaced", script: null, needs: "returnArea" };
    const { purchase, effects } = after(...paid, [5_000, event]);
    expect(purchase).toMatchObject({ state: "paid", replaced: true, dueAt: after(...paid).purchase.dueAt });
    expect(effects).toEqual(["replaceCard"]);
    expect(after(...paid, [5_000, event], [6_000, { type: "gaveUp", reason: "customer" }]).purchase.state).toBe(
      "refunding",
    );
    expect(refused(paid, onNew("sale"))).toBe(true);
    expect(refused(unknown, event)).toBe(true);
  });
  it("carries the purchase to the new card, which delivers it; the old script speaks no more", () => {
    const there = after(...unknown, [9_000, onNew("sale")]);
    expect(there.purchase).toMatchObject({ state: "unknown", replaced: true, refundNeeds: "returnArea" });
    expect(there.effects).toContain("replaceCard");
    expect(purchaseStep(there.purchase, { type: "cardSettled", as: "written", scriptId: "s1" }, 9_100).ok).toBe(false);
    expect(after(...unknown, [9_000, onNew("sale")], [9_100, written]).purchase.state).toBe("delivered");
  });
  it("is taken back by two people only, and by the meter's word only", () => {
    expect(refused(unknown, onNew("refund"))).toBe(true);
    expect(refused(unknown, onNew("refund", { approvedBy: ["u1", "u1"] }))).toBe(true);
    const back: [number, PurchaseEvent][] = [...unknown, [9_000, onNew("refund", { approvedBy: two })]];
    expect(after(...back).purchase).toMatchObject({ state: "unknown", awaitsMeter: true });
    expect(refused(back, proof)).toBe(true);
    expect(refused(back, { ...proof, by: "returnArea" })).toBe(false);
    // Where nothing or only the index proves it, the new card can't either.
    expect(refused(unknown, onNew("refund", { approvedBy: two, needs: "none" }))).toBe(true);
    expect(refused(unknown, onNew("refund", { approvedBy: two, needs: "index" }))).toBe(true);
  });
  it("is not carried again once a refund script was out: the meter may have taken its number for nothing", () => {
    expect(refused(refundOut, onNew("sale"))).toBe(true);
    expect(refused(refundOut, onNew("refund"))).toBe(false);
    // Class A: its meter counts the total, so the card that is lost took nothing away.
    expect(refused(refundOut, onNew("sale", { needs: "none" }))).toBe(false);
  });
  it("while the meter is waited for, the purchase is written no more", () => {
    const back: [number, PurchaseEvent][] = [...unknown, [9_000, onNew("refund", { approvedBy: two })]];
    const again = { type: "scriptIssued", countBefore: 6, totalBefore: 84_000, toPhone: false } as const;
    expect(refused(back, { ...again, script: script("s9") })).toBe(true);
    expect(refused(back, { ...again, script: script("s9", "refund") })).toBe(false);
  });
  it("leaves `manual` by two people, and its need binds them", () => {
    expect(refused(manual, onNew("sale"))).toBe(true);
    const there: [number, PurchaseEvent][] = [
      ...manual,
      [9_000, onNew("sale", { approvedBy: two })],
      [9_100, { type: "cardDisagrees", scriptId: "new-sale", image: "ff" }],
    ];
    const decide = { type: "decided", by: two, evidence: "x" } as const;
    expect(refused(there, { ...decide, to: "refunding" })).toBe(true);
    expect(refused(there, { ...decide, to: "delivered" })).toBe(false);
    expect(refused(manual, { ...decide, to: "refunding" })).toBe(false);
  });
});

it("two people's refund leaves the number used once a refund script was out: the meter may have taken it for nothing", () => {
  const decided: PurchaseEvent = { type: "decided", to: "refunding", by: ["u1", "u2"], evidence: "index read on site" };
  const count = (refundTried: boolean) => {
    const step = purchaseStep({ ...states.manual, countBefore: 6, refundTried }, decided, 9_000);
    return step.ok ? step.value.effects.filter(({ effect }) => effect === "countOnCard") : null;
  };
  expect(count(false)).toEqual([]);
  expect(count(true)).toEqual([{ effect: "countOnCard", count: 7, amount: 0 }]);
});

describe("a refund that needs the meter's word", () => {
  const toPhone: [number, PurchaseEvent][] = [
    ...paid,
    [
      4_000,
      {
        type: "scriptIssued",
        script: script("s1", "sale", 4_000),
        countBefore: 6,
        totalBefore: 84_000,
        toPhone: true,
        needs: "returnArea",
      },
    ],
    [5_000, { type: "scriptEnded", scriptId: "s1" }],
    // At a kiosk now: what was needed once is needed still.
    [
      6_000,
      {
        type: "scriptIssued",
        script: { ...script("s2", "refund", 6_000), secret: { presents: 0, changesTo: 1 } },
        countBefore: 6,
        totalBefore: 84_000,
        toPhone: false,
        needs: "image",
      },
    ],
  ];
  const image = { type: "refundProven", scriptId: "s2" } as const;
  const word: PurchaseEvent = { ...image, by: "returnArea" };
  const accepts = (events: [number, PurchaseEvent][], event: PurchaseEvent): boolean =>
    purchaseStep(after(...events).purchase, event, 9_000).ok;

  it("is not proven by the image, nor by a word from before it was read back", () => {
    expect(after(...toPhone).purchase).toMatchObject({ refundNeeds: "returnArea", issuedToPhone: true });
    expect(accepts(toPhone, image)).toBe(false);
    expect(accepts(toPhone, word)).toBe(false);
    const stands: [number, PurchaseEvent][] = [...toPhone, [7_000, { type: "refundStands", scriptId: "s2" }]];
    expect(after(...stands)).toMatchObject({
      purchase: { state: "unknown", awaitsMeter: true },
      effects: ["secretKnown"],
    });
    expect(accepts(stands, image)).toBe(false);
    expect(after(...stands, [8_000, word]).purchase.state).toBe("refunding");
  });
  it("where the image is enough, the meter's word is not asked for", () => {
    expect(accepts(refundOut, { type: "refundStands", scriptId: "s2" })).toBe(false);
    expect(accepts(refundOut, word)).toBe(false);
  });
});

describe("two people", () => {
  it("decide manual; one can't, nor send the card back to a reader alone", () => {
    expect(
      purchaseStep(states.manual, { type: "decided", to: "delivered", by: ["u1", "u1"], evidence: "x" }, 9_000).ok,
    ).toBe(false);
    const again = {
      type: "scriptIssued",
      script: script("s3"),
      countBefore: 6,
      totalBefore: 84_000,
      toPhone: false,
    } as const;
    expect(purchaseStep(states.manual, again, 9_000).ok).toBe(false);
    expect(purchaseStep(states.manual, { ...again, approvedBy: ["u1", "u1"] }, 9_000).ok).toBe(false);
    expect(purchaseStep(states.manual, { ...again, approvedBy: ["u1", "u2"] }, 9_000)).toMatchObject({
      ok: true,
      value: { purchase: { state: "issued" } },
    });
  });
});

/** Every stage meets every kind of event, and random sequences keep what must always hold. */
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import type { Action } from "../view.ts";
import { initialState, step, wakeAt } from "./flow.ts";
import * as t from "./testWorld.ts";
import type { Effect, FlowEvent, FlowState, StageName } from "./types.ts";
import { viewOf } from "./viewOf.ts";

const wayTo: Record<StageName, (w: t.World) => unknown> = {
  home: () => undefined,
  notes: (w) => w.act({ do: "notes" }),
  insertCard: (w) => w.act({ do: "start" }),
  wrongWay: (w) => w.happen({ type: "reader", event: { type: "mute", powerUpId: "p1" } }),
  takeCard: (w) => {
    t.toAccount(w);
    w.act({ do: "back" });
  },
  reading: (w) => w.insert(),
  yielding: t.toYielding,
  account: t.toAccount,
  confirm: t.toConfirm,
  pay: t.toPay,
  payWaiting: t.toPayWaiting,
  unsettled: (w) => {
    t.toPayWaiting(w);
    w.news(t.purchase({ version: 4, state: "closing" }));
  },
  writing: t.toWriting,
  success: t.toSuccess,
  printing: (w) => {
    t.toSuccess(w);
    w.act({ do: "print" });
  },
  printed: (w) => {
    wayTo.printing(w);
    w.happen({ type: "printed", ref: w.state().awaiting ?? -1, result: { ok: true } });
  },
  printFailed: (w) => {
    wayTo.printing(w);
    w.happen({ type: "printed", ref: w.state().awaiting ?? -1, result: { ok: false, reason: "jammed" } });
  },
  gasOnCard: (w) => t.toAccount(w, { ...gasAnswer, customer: t.customer("A") }),
  writeFailed: (w) => {
    t.toWriting(w);
    w.remove();
  },
  payTimeout: (w) => {
    t.toPay(w);
    w.news(t.purchase({ version: 3, state: "void", reason: "timeout" }));
  },
  cancelled: (w) => {
    t.toPay(w);
    w.news(t.purchase({ version: 3, state: "void", reason: "customer" }));
  },
  refunded: (w) => t.toAccount(w, { kind: "refunding", purchase: t.purchase({ state: "refunding" }) }),
  refused: (w) => t.toAccount(w, { kind: "refused", code: "card.blank", value: null, number: null }),
  cardPulled: (w) => {
    t.toAccount(w);
    w.remove();
  },
};
const gasAnswer = {
  kind: "gasOnCard" as const,
  gas: { kind: "volume" as const, volumeL: 1_000 },
  boughtOn: null,
  notice: null,
};

const actions: Action[] = [
  ...(["start", "notes", "back", "confirmInsert", "ok", "pay", "print", "done", "moreTime", "finish"] as const).map(
    (name): Action => ({ do: name }),
  ),
  { do: "key", key: "5" },
  { do: "key", key: "." },
  { do: "quick", value: 5_000 },
];
const states = [
  "quoted",
  "paying",
  "closing",
  "paid",
  "issued",
  "unknown",
  "refunding",
  "refunded",
  "manual",
  "delivered",
  "void",
] as const;
const purchases = states.flatMap((state) => [
  t.purchase({ version: 50, state }),
  t.purchase({ version: 51, state, acceptsCode: true, attempt: t.attempt("failed", { refused: "risk" }) }),
  t.purchase({ version: 52, state, attempt: t.attempt("pending", { needsPassword: true }) }),
  t.purchase({ version: 53, state, attempt: t.attempt("reversing") }),
]);
const report = { scriptId: "w1", powerUpId: "p1", results: [] };

/** One event of each kind there is, `ref` being the awaited one. */
function everyEvent(ref: number): FlowEvent[] {
  const card = [
    t.accountAnswer("B"),
    { ...gasAnswer, customer: t.customer("B") },
    { kind: "script" as const, script: t.script("w2", "write"), purchase: t.purchase({ version: 9 }), resumed: true },
    { kind: "delivered" as const, purchase: t.purchase({ version: 9 }), resumed: true },
    { kind: "refunding" as const, purchase: t.purchase({ version: 9 }) },
    { kind: "writeFailed" as const, purchase: t.purchase({ version: 9 }), hall: true },
    { kind: "refused" as const, code: "card.foreign" as const, value: null, number: null },
    t.onPhoneAnswer,
    { kind: "script" as const, script: t.script("w3", "refund"), purchase: t.purchase({ version: 9 }), resumed: true },
  ];
  const failures = [
    t.unreachable,
    t.problem("purchase.wrongState"),
    t.problem("payment.notACode"),
    t.problem("payment.inProgress"),
  ];
  return [
    { type: "reader", event: { type: "inserted", powerUpId: "p7", atr: "3b04" } },
    { type: "reader", event: { type: "mute", powerUpId: "p8" } },
    { type: "reader", event: { type: "removed", powerUpId: "p1" } },
    { type: "reader", event: { type: "fault" } },
    { type: "reader", event: { type: "ready" } },
    { type: "scanner", event: { type: "code", code: t.wechatCode } },
    { type: "scanner", event: { type: "code", code: "wxp://x" } },
    { type: "scanner", event: { type: "fault" } },
    { type: "scanner", event: { type: "ready" } },
    ...(["full", "low", "out", "jammed", "unknown"] as const).map((state): FlowEvent => ({ type: "paper", state })),
    { type: "heartbeat", config: t.config, paired: true },
    { type: "heartbeat", config: null, paired: true },
    { type: "heartbeat", config: null, paired: false },
    { type: "recovered", purchase: { purchaseId: t.purchase().id, number: "3K7-0192" } },
    ...actions.map((action): FlowEvent => ({ type: "action", action })),
    ...purchases.map((purchase): FlowEvent => ({ type: "purchase", purchase })),
    ...[undefined, "removed", "verifyFailed", "expired"].map(
      (reason): FlowEvent => ({
        type: "scriptDone",
        sessionId: "s1",
        purpose: "write",
        report: reason === undefined ? report : { ...report, failure: { step: 0, reason: "removed" } },
      }),
    ),
    { type: "printed", ref, result: { ok: true } },
    { type: "printed", ref, result: { ok: false, reason: "paperOut" } },
    { type: "tick" },
    { type: "answered", ref, to: "openSession", answer: t.ok({ id: "late", script: t.script("late", "probe") }) },
    ...failures.map((answer): FlowEvent => ({ type: "answered", ref, to: "openSession", answer })),
    ...(["image", "report", "wantScript"] as const).flatMap((to) =>
      [...card.map(t.ok), ...failures].map((answer): FlowEvent => ({ type: "answered", ref, to, answer })),
    ),
    ...(["newPurchase", "confirm", "attempt", "cancel", "purchase"] as const).flatMap((to) =>
      [...purchases.map(t.ok), ...failures].map((answer): FlowEvent => ({ type: "answered", ref, to, answer })),
    ),
  ];
}

const names = Object.keys(wayTo).filter((name): name is StageName => name in wayTo);

describe("the table", () => {
  it.each(names)("%s meets every event: no throw, a view that stands, a state that was not touched", (name) => {
    const w = t.world();
    wayTo[name](w);
    expect(w.state().stage.name).toBe(name);
    const before = w.state();
    const frozen = JSON.stringify(before);
    for (const ref of [before.awaiting ?? -1, -7]) {
      for (const event of everyEvent(ref)) {
        const { state } = step(before, event, { now: 6_000, id: "key" });
        const view = viewOf(state, "kiosk-1");
        expect(view.screen.name).toBeTruthy();
        if (view.limit !== null) expect(view.limit.totalMs).toBeGreaterThan(0);
        expect(JSON.stringify(before)).toBe(frozen);
      }
    }
  });

  it.each(names)("%s ends by itself, or waits only for the customer's card or a bounded request", (name) => {
    const w = t.world();
    wayTo[name](w);
    const state = w.state();
    const mayWait = ["home", "wrongWay"].includes(name) || state.awaiting !== null || state.running !== null;
    expect(mayWait || wakeAt(state) !== null).toBe(true);
  });

  it("a stage has no way back between the scan and the verified card", () => {
    for (const name of ["payWaiting", "unsettled", "writing"] as const) {
      const w = t.world();
      wayTo[name](w);
      const before = w.state();
      for (const action of actions) {
        const { state, effects } = step(before, { type: "action", action }, { now: 6_000, id: "key" });
        expect([state.stage, effects]).toEqual([before.stage, []]);
      }
    }
  });
});

/** Random events in which answers mostly fit what is awaited, so that the sequences get far. */
const happening = fc.oneof(
  { weight: 20, arbitrary: fc.constant("go on") },
  { weight: 2, arbitrary: fc.constant("card") },
  { weight: 3, arbitrary: fc.nat() },
);

interface Run {
  state: FlowState;
  /** Account number of the card that is in, and of cards that were. */
  owner: number;
  asked: Effect[];
  now: number;
}

/** The event by which a sale goes on from here. */
function fittingEvent({ state, owner, asked }: Run): FlowEvent {
  const request = asked.findLast((e) => "ref" in e && e.ref === state.awaiting);
  const running = asked.findLast((e) => e.do === "runScript");
  const ref = state.awaiting ?? -1;
  const version = asked.length + 2;
  if (state.running !== null && running?.do === "runScript") {
    const { sessionId, powerUpId, script } = running;
    return {
      type: "scriptDone",
      sessionId,
      purpose: script.purpose,
      report: { ...report, scriptId: script.id, powerUpId },
    };
  }
  switch (request?.do) {
    case "openSession":
      return {
        type: "answered",
        ref,
        to: "openSession",
        answer: t.ok({ id: `s${ref}`, script: t.script(`pr${ref}`, "probe") }),
      };
    case "image":
      return { type: "answered", ref, to: "image", answer: t.ok(t.accountAnswer(`owner${owner}.`)) };
    case "newPurchase":
      return { type: "answered", ref, to: "newPurchase", answer: t.ok(t.purchase()) };
    case "confirm":
      return { type: "answered", ref, to: "confirm", answer: t.ok(t.paying({ version })) };
    case "attempt":
      return {
        type: "answered",
        ref,
        to: "attempt",
        answer: t.ok(t.paying({ version, acceptsCode: false, attempt: t.attempt("pending") })),
      };
    case "wantScript":
      return {
        type: "answered",
        ref,
        to: "wantScript",
        answer: t.ok({
          kind: "script",
          script: t.script(`w${ref}`, "write"),
          purchase: t.purchase({ version }),
          resumed: false,
        }),
      };
    case "report":
      return {
        type: "answered",
        ref,
        to: "report",
        answer: t.ok({ kind: "delivered", purchase: t.purchase({ version }), resumed: false }),
      };
    default:
      break;
  }
  switch (state.stage.name) {
    case "account":
      return { type: "action", action: state.stage.account.entry === "" ? { do: "key", key: "5" } : { do: "ok" } };
    case "confirm":
      return { type: "action", action: { do: "pay" } };
    case "pay":
      return { type: "scanner", event: { type: "code", code: t.wechatCode } };
    case "payWaiting":
      return { type: "purchase", purchase: t.purchase({ version, state: "paid" }) };
    default:
      return { type: "tick" };
  }
}

function cardEvent(run: Run): FlowEvent {
  const { card } = run.state;
  if (card !== null) return { type: "reader", event: { type: "removed", powerUpId: card.powerUpId } };
  run.owner += 1;
  return { type: "reader", event: { type: "inserted", powerUpId: `p-${run.owner}`, atr: "3b04" } };
}

function randomRun(
  steps: (string | number)[],
  check: (run: Run, effects: Effect[], event: FlowEvent, before: FlowState) => void,
): Run {
  const run: Run = { state: initialState(0), owner: 0, asked: [], now: 0 };
  const opening: FlowEvent[] = [
    { type: "reader", event: { type: "ready" } },
    { type: "scanner", event: { type: "ready" } },
    { type: "heartbeat", config: t.config, paired: true },
  ];
  for (const [i, choice] of [...opening, ...steps].entries()) {
    const others = everyEvent(run.state.awaiting ?? -1).filter((e) => e.type !== "reader" || !("powerUpId" in e.event));
    const event =
      typeof choice === "object"
        ? choice
        : choice === "card"
          ? cardEvent(run)
          : typeof choice === "string"
            ? fittingEvent(run)
            : (others[choice % others.length] ?? { type: "tick" });
    // The customers of the fixed events are nobody's card here.
    const text = JSON.stringify(event);
    if (text.includes('"accountNumber":"B"')) continue;
    // An answer of another kind than its request is no answer to it.
    const request = run.asked.findLast((e) => "ref" in e && e.ref === run.state.awaiting);
    if (event.type === "answered" && event.ref === run.state.awaiting && event.to !== request?.do) continue;
    run.now += 700;
    const before = run.state;
    const stepped = step(before, event, { now: run.now, id: `key${i}` });
    run.state = stepped.state;
    run.asked.push(...stepped.effects);
    check(run, stepped.effects, event, before);
  }
  return run;
}

describe("random sequences", () => {
  const sequences = fc.array(happening, { maxLength: 80, size: "max" });

  it("reach every part of a sale (else the properties below would say nothing)", () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(sequences, (steps) => {
        randomRun(["card", ...steps], (run) => reached.add(run.state.stage.name));
      }),
      { numRuns: 300, seed: 1 },
    );
    for (const name of ["account", "confirm", "pay", "payWaiting", "unsettled", "writing", "success", "writeFailed"]) {
      expect(reached).toContain(name);
    }
  });

  it("never show or keep another card's customer (I6)", () => {
    fc.assert(
      fc.property(sequences, (steps) => {
        randomRun(["card", ...steps], ({ state, owner }) => {
          const kept = JSON.stringify(state).match(/owner\d+\./g) ?? [];
          const allowed = state.card === null ? [] : [`owner${owner}.`];
          expect(kept.every((each) => allowed.includes(each))).toBe(true);
        });
      }),
      { numRuns: inject("long") ? 2_000 : 200 },
    );
  });

  it("never send a second code while one is in flight, nor one outside the payment page", () => {
    fc.assert(
      fc.property(sequences, (steps) => {
        randomRun(["card", ...steps], (_run, effects, _event, before) => {
          const attempts = effects.filter((e) => e.do === "attempt");
          expect(attempts.length).toBeLessThanOrEqual(
            before.stage.name === "pay" && before.stage.givenUp === null ? 1 : 0,
          );
        });
      }),
      { numRuns: inject("long") ? 2_000 : 200 },
    );
  });

  it("run a script only on the card that is in, and end each session exactly once, after its report", () => {
    fc.assert(
      fc.property(sequences, (steps) => {
        const ended: string[] = [];
        const run = randomRun(["card", ...steps], ({ state, asked }, effects, event) => {
          for (const effect of effects) {
            if (effect.do === "runScript") expect(effect.powerUpId).toBe(state.card?.powerUpId);
            if (effect.do === "report") expect(ended).not.toContain(effect.sessionId);
            // The fixed late answer comes any number of times; each is a session of its own.
            if (effect.do === "endSession" && effect.sessionId !== "late") ended.push(effect.sessionId);
          }
          expect(asked.length).toBeGreaterThanOrEqual(effects.length);
          expect(event).toBeDefined();
        });
        expect(new Set(ended).size).toBe(ended.length);
        if (run.state.card === null) expect(run.state.session).toBeNull();
      }),
      { numRuns: inject("long") ? 2_000 : 200 },
    );
  });

  it("use an idempotency key for one request only", () => {
    fc.assert(
      fc.property(sequences, (steps) => {
        const { asked } = randomRun(["card", ...steps], () => undefined);
        const keys = asked.flatMap((e) => ("key" in e ? [e.key] : []));
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: inject("long") ? 2_000 : 200 },
    );
  });
});

/** Random sequences of events keep what must always hold. */
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { everyEvent, report } from "./everyEvent.testkit.ts";
import { initialState, step } from "./flow.ts";
import * as t from "./testWorld.ts";
import type { Effect, FlowEvent, FlowState } from "./types.ts";

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

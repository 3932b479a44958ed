/** Every stage meets every kind of event. */
import { describe, expect, it } from "vitest";
import { actions, everyEvent, gasAnswer } from "./everyEvent.testkit.ts";
import { step, wakeAt } from "./flow.ts";
import * as t from "./testWorld.ts";
import type { StageName } from "./types.ts";
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

/** For the tests of this folder: a flow with its clock, and views of the centre as they come over the wire. */
import type {
  CardAnswer,
  CustomerView,
  Problem,
  PurchaseView,
  RefusalCode,
  Report,
  TerminalConfig,
} from "@citygas/api";
import type { CardScript } from "@citygas/gascard";
import type { Action, Screen } from "../view.ts";
import { initialState, step, wakeAt } from "./flow.ts";
import type { Answered, Effect, FlowEvent, FlowState } from "./types.ts";
import { viewOf } from "./viewOf.ts";

export const config: TerminalConfig = {
  terminalId: "0190a000-0000-7000-8000-000000000001",
  terminal: "1号机",
  company: "洪通燃气",
  unit: "库尔勒",
  hotline: "0996-2959627",
  nowMs: 0,
  settings: { codeWindowMs: 60_000, successWindowMs: 30_000, idleMs: 60_000 },
};
export const customer = (accountNumber: string): CustomerView => ({
  accountNumber,
  name: "**1",
  address: "**1室",
  balanceFen: 30,
  cardTail: "0140",
});
export function purchase(over: Partial<PurchaseView> = {}): PurchaseView {
  return {
    id: "0190a000-0000-7000-8000-00000000aaaa",
    number: "3K7-0192",
    version: 1,
    state: "quoted",
    reason: null,
    breakdown: {
      lines: [],
      goodsFen: 120_000,
      debtFen: 0,
      deductions: [],
      balanceOffsetFen: 30,
      payableFen: 119_970,
      delivers: { kind: "amount", meterCreditFen: 120_000 },
    },
    attempt: null,
    acceptsCode: false,
    dueAtMs: null,
    nowMs: 1_000_000,
    url: "http://centre/r/abc",
    refund: null,
    ...over,
  };
}
export const paying = (over: Partial<PurchaseView> = {}): PurchaseView =>
  purchase({ version: 2, state: "paying", acceptsCode: true, dueAtMs: 1_060_000, ...over });
export const attempt = (state: NonNullable<PurchaseView["attempt"]>["state"], over = {}): PurchaseView["attempt"] => ({
  id: "0190a000-0000-7000-8000-00000000bbbb",
  channel: "wechat",
  state,
  refused: null,
  needsPassword: false,
  ...over,
});
export const accountAnswer = (accountNumber = "031140086"): CardAnswer => ({
  kind: "account",
  customer: customer(accountNumber),
  unit: "money",
  maximum: { value: 150_000, rule: "limit" },
  quick: [5_000, 10_000],
  notice: null,
});
export const script = (id: string, purpose: CardScript["purpose"]): CardScript => ({
  id,
  purpose,
  steps: [],
  deadlineAt: 2_000_000,
});
export const wechatCode = "131234567890123456";

export function problem(
  code: RefusalCode,
  over: Partial<Problem> = {},
): { ok: false; kind: "problem"; problem: Problem } {
  return { ok: false, kind: "problem", problem: { type: "", title: "", status: 422, code, zh: "", en: "", ...over } };
}
export const unreachable = { ok: false, kind: "unreachable" } as const;
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

export interface World {
  state(): FlowState;
  screen(): Screen;
  /** What the last event asked for. */
  effects(): Effect[];
  /** Everything asked for so far, of one kind. */
  all<D extends Effect["do"]>(kind: D): Extract<Effect, { do: D }>[];
  happen(event: FlowEvent): Screen;
  act(action: Action): Screen;
  /** Answers the awaited request; a case `to` the flow does not await is still delivered, as late. */
  answer(answered: Answered): Screen;
  /** Lets the time pass, with every tick the flow asked for on the way. */
  pass(ms: number): Screen;
  insert(powerUpId?: string): Screen;
  remove(powerUpId?: string): Screen;
  scan(code?: string): Screen;
  done(scriptId: string, purpose: CardScript["purpose"], failure?: Report["failure"], sessionId?: string): Screen;
  news(view: PurchaseView): Screen;
}

export function world(): World {
  let now = 5_000;
  let id = 0;
  let state = initialState(now);
  let effects: Effect[] = [];
  const asked: Effect[] = [];
  const screen = () => viewOf(state, "kiosk-1").screen;
  const happen = (event: FlowEvent): Screen => {
    const stepped = step(state, event, { now, id: `key-${id++}` });
    state = stepped.state;
    effects = stepped.effects;
    asked.push(...effects);
    return screen();
  };
  const self: World = {
    state: () => state,
    screen,
    effects: () => effects,
    // The filter keeps exactly the members of that kind.
    all: <D extends Effect["do"]>(kind: D) => asked.filter((e): e is Extract<Effect, { do: D }> => e.do === kind),
    happen,
    act: (action) => happen({ type: "action", action }),
    answer: (answered) => happen({ type: "answered", ref: state.awaiting ?? -1, ...answered }),
    pass: (ms) => {
      const end = now + ms;
      for (let at = wakeAt(state); at !== null && at <= end; at = wakeAt(state)) {
        now = Math.max(now, at);
        happen({ type: "tick" });
      }
      now = end;
      return screen();
    },
    insert: (powerUpId = "p1") => happen({ type: "reader", event: { type: "inserted", powerUpId, atr: "3b04" } }),
    remove: (powerUpId = "p1") => happen({ type: "reader", event: { type: "removed", powerUpId } }),
    scan: (code = wechatCode) => happen({ type: "scanner", event: { type: "code", code } }),
    done: (scriptId, purpose, failure, sessionId = "s1") =>
      happen({
        type: "scriptDone",
        sessionId,
        purpose,
        report: { scriptId, powerUpId: "p1", results: [], ...(failure === undefined ? {} : { failure }) },
      }),
    news: (view) => happen({ type: "purchase", purchase: view }),
  };
  happen({ type: "reader", event: { type: "ready" } });
  happen({ type: "scanner", event: { type: "ready" } });
  happen({ type: "heartbeat", config, paired: true });
  return self;
}

/** The first steps of a sale, each function from where the one before ends. */
export function toAccount(w: World, answer: CardAnswer = accountAnswer(), powerUpId = "p1", sessionId = "s1"): Screen {
  w.insert(powerUpId);
  w.answer({ to: "openSession", answer: ok({ id: sessionId, script: script(`probe-${sessionId}`, "probe") }) });
  w.done(`probe-${sessionId}`, "probe", undefined, sessionId);
  return w.answer({ to: "image", answer: ok(answer) });
}
export const onPhoneAnswer: CardAnswer = {
  kind: "refused",
  code: "purchase.onPhone",
  value: null,
  number: "3K7-0192",
};
export const toYielding = (w: World): Screen => toAccount(w, onPhoneAnswer);
/** A card whose refund two people allowed: the script that proves it empty runs. */
export const toTakingBack = (w: World): Screen =>
  toAccount(w, {
    kind: "script",
    script: script("r1", "refund"),
    purchase: purchase({ version: 7, state: "unknown" }),
    resumed: true,
  });
export function toConfirm(w: World): Screen {
  toAccount(w);
  for (const key of ["1", "2", "0", "0"] as const) w.act({ do: "key", key });
  w.act({ do: "ok" });
  return w.answer({ to: "newPurchase", answer: ok(purchase()) });
}
export function toPay(w: World): Screen {
  toConfirm(w);
  w.act({ do: "pay" });
  return w.answer({ to: "confirm", answer: ok(paying()) });
}
export function toPayWaiting(w: World): Screen {
  toPay(w);
  w.scan();
  return w.answer({
    to: "attempt",
    answer: ok(paying({ version: 3, acceptsCode: false, attempt: attempt("submitted") })),
  });
}
export function toWriting(w: World): Screen {
  toPayWaiting(w);
  w.news(purchase({ version: 4, state: "paid", attempt: attempt("paid") }));
  return w.answer({
    to: "wantScript",
    answer: ok({
      kind: "script",
      script: script("w1", "write"),
      purchase: purchase({ version: 5, state: "issued", attempt: attempt("paid") }),
      resumed: false,
    }),
  });
}
export function toSuccess(w: World): Screen {
  toWriting(w);
  w.done("w1", "write");
  const delivered = purchase({ version: 6, state: "delivered", attempt: attempt("paid") });
  return w.answer({ to: "report", answer: ok({ kind: "delivered", purchase: delivered, resumed: false }) });
}

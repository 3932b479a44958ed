/** One event of every kind that a flow can meet, and what they are made of. */
import type { Action } from "../view.ts";
import * as t from "./testWorld.ts";
import type { FlowEvent } from "./types.ts";

export const gasAnswer = {
  kind: "gasOnCard" as const,
  gas: { kind: "volume" as const, volumeL: 1_000 },
  boughtOn: null,
  notice: null,
};

export const actions: Action[] = [
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
export const report = { scriptId: "w1", powerUpId: "p1", results: [] };

/** One event of each kind there is, `ref` being the awaited one. */
export function everyEvent(ref: number): FlowEvent[] {
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
    ...([undefined, "removed", "verifyFailed", "expired"] as const).map(
      (reason): FlowEvent => ({
        type: "scriptDone",
        sessionId: "s1",
        purpose: "write",
        report: reason === undefined ? report : { ...report, failure: { step: 0, reason } },
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

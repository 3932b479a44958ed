/** Small parts of purchase steps: a due time, a task, an end. */
import type { TaskRequest } from "../aggregates.ts";
import type { Instant } from "../units.ts";
import type { PurchaseEffect, PurchaseStep } from "./machine.ts";
import type { Purchase } from "./types.ts";

export const settled = (p: Purchase, now: Instant, effects: PurchaseEffect[]): PurchaseStep => ({
  purchase: { ...p, dueAt: null, settledAt: now },
  effects: [...effects, { effect: "dropTask", kind: "purchaseDue" }],
});

export const withTask = (step: PurchaseStep, task: TaskRequest): PurchaseStep => ({
  purchase: step.purchase,
  effects: [...step.effects, { effect: "task", task }],
});

export const dueAt = (p: Purchase, at: Instant): PurchaseStep => ({
  purchase: { ...p, dueAt: at },
  effects: [{ effect: "task", task: { kind: "purchaseDue", ref: p.id, dueAt: at } }],
});

/** Litres or fen, as its meter counts. */
export const deliveredAmount = ({ breakdown: { delivers } }: Purchase): number =>
  delivers.kind === "volume" ? delivers.volumeL : delivers.meterCreditFen;

/** No card stands between it and its meter. */
export const isOverLink = ({ cardId }: Purchase): boolean => cardId === null;

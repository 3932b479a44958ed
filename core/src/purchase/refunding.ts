/** Money on its way back: one fixed number, a few tries, then people. */
import { refundRetryAt } from "../payment/refundTimers.ts";
import type { Instant } from "../units.ts";
import { type PurchaseEffect, type PurchaseStep, purchaseTimers } from "./machine.ts";
import { dueAt, settled, withTask } from "./steps.ts";
import type { Purchase } from "./types.ts";

/** One fixed refund number; gateway money goes back by its channel, balance money into the balance. */
export function refund(p: Purchase, reason: NonNullable<Purchase["reason"]>, now: Instant): PurchaseStep {
  const amountFen = p.breakdown.payableFen;
  const next: Purchase = {
    ...p,
    reason,
    refund: {
      no: `F${p.id.replaceAll("-", "")}`,
      amountFen,
      sentAt: null,
      failures: 0,
      stuck: false,
      why: null,
      paidOut: null,
      refundedAt: null,
    },
  };
  const free: PurchaseEffect[] = [{ effect: "closeOnCard" }];
  if (amountFen === 0 || p.paidAttemptId === null) {
    const done = refunded({ ...next, state: "refunding" }, now);
    return { purchase: done.purchase, effects: [...free, ...done.effects] };
  }
  const step = dueAt({ ...next, state: "refunding" }, now + purchaseTimers.refundCatchMs);
  return {
    purchase: step.purchase,
    effects: [...free, ...step.effects, { effect: "task", task: { kind: "refund", ref: p.id, dueAt: now } }],
  };
}

export function refundSent(p: Purchase, now: Instant): PurchaseStep | null {
  if (p.refund === null || p.refund.stuck) return null;
  const sent = { ...p, refund: { ...p.refund, sentAt: p.refund.sentAt ?? now } };
  return dueAt(sent, now + purchaseTimers.refundCatchMs);
}

export function refundFailed(p: Purchase, why: string, now: Instant): PurchaseStep | null {
  if (p.refund === null || p.refund.stuck) return null;
  const failures = p.refund.failures + 1;
  const failed = { ...p, refund: { ...p.refund, failures, why } };
  const at = refundRetryAt(failures, now);
  if (at === null) return refundStuck(failed, why, now);
  return withTask(dueAt(failed, at + purchaseTimers.refundCatchMs), { kind: "refund", ref: p.id, dueAt: at });
}

export function refundStuck(p: Purchase, why: string, now: Instant): PurchaseStep | null {
  if (p.refund === null || p.refund.stuck) return null;
  const stuck: Purchase = { ...p, refund: { ...p.refund, stuck: true, why } };
  const step = withTask(dueAt(stuck, now + purchaseTimers.staffAlarmMs), { kind: "staff", ref: p.id, dueAt: now });
  return { purchase: step.purchase, effects: [...step.effects, { effect: "dropTask", kind: "refund" }] };
}

export function refunded(p: Purchase, now: Instant): PurchaseStep {
  const tier: PurchaseEffect[] = p.breakdown.tier !== null ? [{ effect: "releaseTier" }] : [];
  return settled({ ...p, state: "refunded", refund: p.refund && { ...p.refund, refundedAt: now } }, now, [
    { effect: "payBack" },
    ...tier,
    { effect: "dropTask", kind: "refund" },
  ]);
}

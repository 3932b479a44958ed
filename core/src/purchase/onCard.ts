/**
 * The part of the purchase that is about its card: scripts that leave, what a reading or a report settles, and a card
 * that is replaced under it. (purchase-protocol, "Purchase", "Refund".)
 */
import { strongerProof } from "../card/replacement.ts";
import type { Instant } from "../units.ts";
import { type PurchaseEffect, type PurchaseEvent, type PurchaseStep, purchaseTimers } from "./machine.ts";
import { refund } from "./refunding.ts";
import { deliveredAmount, dueAt, isOverLink, settled, withTask } from "./steps.ts";
import type { IssuedScript, Purchase } from "./types.ts";

type Of<T extends PurchaseEvent["type"]> = Extract<PurchaseEvent, { type: T }>;

export const twoPeople = (by: readonly [string, string] | undefined): boolean => by !== undefined && by[0] !== by[1];

export function issue(p: Purchase, e: Of<"scriptIssued">): PurchaseStep | null {
  // A refund script needs an earlier sale script: from `paid` a refund needs no card.
  if (e.script.kind === "refund" && p.state === "paid") return null;
  // Where the meter is waited for, it may have taken the number for nothing already: it is not written again.
  if (p.awaitsMeter && e.script.kind === "sale") return null;
  const next: Purchase = {
    ...p,
    state: e.script.kind === "sale" ? "issued" : "unknown",
    script: e.script,
    countBefore: e.countBefore,
    totalBefore: e.totalBefore,
    issuedToPhone: p.issuedToPhone || (e.toPhone && e.script.kind === "sale"),
    refundTried: p.refundTried || e.script.kind === "refund",
    refundNeeds: strongerProof(p.refundNeeds, e.needs ?? "image"),
  };
  const step = dueAt(next, e.script.deadlineAt);
  const count: PurchaseEffect = {
    effect: "countScript",
    turn: e.script.turn ?? null,
    toPhone: e.toPhone && e.script.kind === "sale",
    changesTo: e.script.secret?.changesTo ?? null,
  };
  return { purchase: step.purchase, effects: [count, ...step.effects] };
}

export function unknown(p: Purchase, now: Instant): PurchaseStep {
  const step = dueAt({ ...p, state: "unknown" }, now + (purchaseTimers.remindDays[0] ?? 1) * 86_400_000);
  return isOverLink(p) ? withTask(step, { kind: "meterAsk", ref: p.meterId, dueAt: now }) : step;
}

/** Reminders 1, 7, 30 days after the payment, then a staff task each day. The claim itself never expires. */
export function remind(p: Purchase, now: Instant): PurchaseStep {
  const since = p.paidAt ?? now;
  const nextDay = purchaseTimers.remindDays.find((d) => since + d * 86_400_000 > now);
  if (nextDay !== undefined) return dueAt(p, since + nextDay * 86_400_000);
  return withTask(dueAt(p, now + purchaseTimers.staffAlarmMs), { kind: "staff", ref: p.id, dueAt: now });
}

export function deliver(p: Purchase, now: Instant, reason: Purchase["reason"]): PurchaseStep {
  const effects: PurchaseEffect[] = [{ effect: "closeOnCard" }, { effect: "deliver" }];
  if (p.countBefore !== null) {
    effects.push({
      effect: "countOnCard",
      count: p.countBefore + 1,
      amount: deliveredAmount(p),
    });
  }
  if (p.breakdown.tier !== null) effects.push({ effect: "useTier" });
  return settled({ ...p, state: "delivered", reason, awaitsMeter: false }, now, effects);
}

/** The script that is out left its mark on the card, so the secret that it presented or set is the one there. */
const secretSeen = (script: IssuedScript): PurchaseEffect[] =>
  script.secret === undefined
    ? []
    : [{ effect: "secretKnown", version: script.secret.changesTo ?? script.secret.presents }];

export function cardSettled(p: Purchase, e: Of<"cardSettled">, now: Instant): PurchaseStep | null {
  if (p.script === null || p.script.id !== e.scriptId) return null;
  const step = deliver(p, now, null);
  // A meter's word says nothing of the script that is out.
  const seen = e.as === "written" ? secretSeen(p.script) : [];
  return { purchase: step.purchase, effects: [...seen, ...step.effects] };
}

/** The refund script that is out, or null: no other one proves anything. */
const refundScript = (p: Purchase, scriptId: string): IssuedScript | null =>
  p.script?.id === scriptId && p.script.kind === "refund" && p.countBefore !== null ? p.script : null;

/** The image alone proves a refund only where nothing more is needed; the meter's word always does. */
export function proven(p: Purchase, e: Of<"refundProven">, now: Instant): PurchaseStep | null {
  const script = refundScript(p, e.scriptId);
  if (script === null || p.countBefore === null) return null;
  const enough = e.by === "returnArea" ? p.refundNeeds === "returnArea" && p.awaitsMeter : p.refundNeeds === "image";
  if (!enough) return null;
  const step = refund({ ...p, awaitsMeter: false }, "customer", now);
  return {
    purchase: step.purchase,
    effects: [...secretSeen(script), { effect: "countOnCard", count: p.countBefore + 1, amount: 0 }, ...step.effects],
  };
}

/** The refund image was read back where that is not enough: its return area is blank, and the meter has the next word. */
export function refundStands(p: Purchase, e: Of<"refundStands">): PurchaseStep | null {
  const script = refundScript(p, e.scriptId);
  if (script === null || p.refundNeeds !== "returnArea") return null;
  return { purchase: { ...p, awaitsMeter: true }, effects: secretSeen(script) };
}

export function toManual(p: Purchase, now: Instant): PurchaseStep {
  return withTask(dueAt({ ...p, state: "manual" }, now + purchaseTimers.staffAlarmMs), {
    kind: "staff",
    ref: p.id,
    dueAt: now,
  });
}

/** No script was out: the claim goes on with the new card as with the old one. */
export function replacedUnwritten(p: Purchase, e: Of<"cardReplaced">): PurchaseStep | null {
  if (e.script !== null) return null;
  return { purchase: { ...p, replaced: true }, effects: [{ effect: "replaceCard" }] };
}

/**
 * A script was out: whether its purchase is on the card that is gone nobody knows, so the new one carries it under the
 * same number, and the meter takes only the first of the two. Taken back instead (class B, count n+1 with amount 0), the
 * meter's own word is the only proof. Once a refund script was out, the meter may have taken the number for nothing:
 * then class B goes no other way.
 */
export function replacedWritten(p: Purchase, e: Of<"cardReplaced">, now: Instant): PurchaseStep | null {
  const { script } = e;
  if (script === null || p.countBefore === null) return null;
  const back = script.kind === "refund";
  const needs = strongerProof(p.refundNeeds, e.needs);
  if (back && (needs !== "returnArea" || !(p.refundTried || twoPeople(e.approvedBy)))) return null;
  if (!back && needs === "returnArea" && p.refundTried) return null;
  if (p.state === "manual" && !twoPeople(e.approvedBy)) return null;
  const step = unknown(
    { ...p, script, replaced: true, refundTried: p.refundTried || back, refundNeeds: needs, awaitsMeter: back },
    now,
  );
  return { purchase: step.purchase, effects: [{ effect: "replaceCard" }, ...step.effects] };
}

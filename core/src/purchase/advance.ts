/**
 * One event on a purchase together with its attempts: the two machines coupled. What an attempt's change means for its
 * purchase (started, paid, ended) and what a purchase's giving up means for its attempts (cancel) happen in the same
 * step, so that no commit ever shows one without the other. `compose` turns the changes into a commit; `foldPurchase`
 * replays a log with the very same function (I8).
 */
import type { AttemptEvent, AttemptJob, AttemptRefusal } from "../payment/events.ts";
import { attemptIsFinal, attemptStep } from "../payment/machine.ts";
import type { Attempt } from "../payment/types.ts";
import type { Id, Instant, Result } from "../units.ts";
import { err, ok } from "../units.ts";
import {
  type PurchaseEffect,
  type PurchaseEvent,
  type PurchaseRefusal,
  type PurchaseSettings,
  purchaseStep,
} from "./machine.ts";
import type { Purchase } from "./types.ts";

/** As logged: an event of the purchase itself, or of one of its attempts. */
export type LoggedEvent =
  | { type: "purchase"; event: PurchaseEvent }
  | { type: "attempt"; attemptId: Id; event: AttemptEvent };

export interface PurchaseWithAttempts {
  purchase: Purchase | null;
  attempts: ReadonlyMap<Id, Attempt>;
}

/** In the order in which it happened. */
export type Change =
  | { of: "purchase"; effect: PurchaseEffect; purchase: Purchase }
  | { of: "attempt"; before: Attempt | null; after: Attempt; jobs: AttemptJob[] };

export interface Advanced {
  purchase: Purchase;
  attempts: ReadonlyMap<Id, Attempt>;
  changes: Change[];
}

/** The purchase and its attempts after `logged` at `now`, and what changed; a refusal changes nothing. */
export function advance(
  from: PurchaseWithAttempts,
  logged: LoggedEvent,
  now: Instant,
  settings?: PurchaseSettings,
): Result<Advanced, PurchaseRefusal | AttemptRefusal> {
  let purchase = from.purchase;
  let attempts = from.attempts;
  const changes: Change[] = [];
  // Bounded: an event leads to at most one purchase step per attempt and one cancel per live attempt.
  const queue: LoggedEvent[] = [logged];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (next.type === "purchase") {
      const step = purchaseStep(purchase, next.event, now, settings);
      if (!step.ok) return step;
      purchase = step.value.purchase;
      for (const effect of step.value.effects) {
        changes.push({ of: "purchase", effect, purchase });
        if (effect.effect === "cancelAttempts" || effect.effect === "closeAttempts") {
          const type = effect.effect === "cancelAttempts" ? "cancelWanted" : "closeWanted";
          queue.push(
            ...effect.attemptIds.map((attemptId): LoggedEvent => ({ type: "attempt", attemptId, event: { type } })),
          );
        }
      }
      continue;
    }
    const before = attempts.get(next.attemptId) ?? null;
    const step = attemptStep(before, next.event, now);
    if (!step.ok) return step;
    const after = step.value.attempt;
    // Not awaited any more: an attempt of the past may still be settled, but it brings this purchase no money.
    const awaited = before === null || purchase?.liveAttemptIds.includes(after.id) === true;
    if (next.event.type === "resolved" && after.state === "paid" && !(awaited && purchase?.state === "paying"))
      return err({ code: "wrongState", state: "manual", event: "resolved" });
    attempts = new Map(attempts).set(next.attemptId, after);
    changes.push({ of: "attempt", before, after, jobs: step.value.jobs });
    const told = awaited ? meansForPurchase(before, after) : null;
    if (told !== null) queue.push({ type: "purchase", event: told });
  }
  if (purchase === null) throw new Error("an attempt without a purchase");
  return ok({ purchase, attempts, changes });
}

function meansForPurchase(before: Attempt | null, after: Attempt): PurchaseEvent | null {
  if (before === null)
    return {
      type: "attemptStarted",
      attemptId: after.id,
      until: after.kind === "code" ? after.createdAt : after.deadlineAt,
    };
  if (before.state === after.state || attemptIsFinal(before)) return null;
  if (after.state === "paid") return { type: "attemptPaid", attemptId: after.id };
  return attemptIsFinal(after) ? { type: "attemptEnded", attemptId: after.id } : null;
}

/** Replays a purchase's log. Throws when it does not fold: the log or the code was changed. */
export function foldPurchase(
  log: readonly { at: Instant; event: LoggedEvent }[],
  settings?: PurchaseSettings,
): { purchase: Purchase; attempts: ReadonlyMap<Id, Attempt> } {
  let state: PurchaseWithAttempts = { purchase: null, attempts: new Map() };
  for (const { at, event } of log) {
    const next = advance(state, event, at, settings);
    if (!next.ok) throw new Error(`log does not fold: ${JSON.stringify(next.error)}`);
    state = next.value;
  }
  if (state.purchase === null) throw new Error("an empty log");
  return { purchase: state.purchase, attempts: state.attempts };
}

/** Which event of a purchase is news for a customer who has left. Pure. */
import { type Attempt, type Instant, isOverLink, type LoggedEvent, type Purchase } from "@citygas/core";
import type { NoticeKey } from "@citygas/texts";

export interface Happened {
  at: Instant;
  event: LoggedEvent;
  before: Purchase | null;
  after: Purchase;
  /** The attempt that the event was about, before and after it. */
  attempt: { before: Attempt | null; after: Attempt } | null;
}

const dayMs = 86_400_000;
/** Reminders come 1, 7 and 30 days after the payment; what is due later calls staff, not the customer. */
const lastReminderMs = 30.5 * dayMs;

/** null: no news. What was unknown when the customer left, and is known now; and what still waits for them. */
export function noticeOf({ at, event, before, after, attempt }: Happened): NoticeKey | null {
  if (before === null) return null;
  const late = attempt?.after.lateSuccess?.refunded === true && attempt.before?.lateSuccess?.refunded !== true;
  if (late) return "lateRefunded";
  if (before.state !== after.state) return changed(before, after);
  if (after.refund?.stuck === true && before.refund?.stuck !== true) return "refundStuck";
  return event.type === "purchase" && event.event.type === "due" ? reminder(after, at) : null;
}

function changed(before: Purchase, after: Purchase): NoticeKey | null {
  switch (after.state) {
    case "delivered":
      // Over a link nobody stands by: that the gas has come is news in any case.
      if (isOverLink(after)) return "recharged";
      return before.state === "unknown" || before.state === "manual" ? "delivered" : null;
    case "refunded":
      if (after.breakdown.payableFen === 0) return null;
      return after.refund?.paidOut == null ? "refunded" : "paidOut";
    case "void":
      return before.state === "closing" ? "cancelled" : null;
    default:
      return null;
  }
}

function reminder(p: Purchase, at: Instant): NoticeKey | null {
  const age = p.paidAt === null ? 0 : at - p.paidAt;
  if (age < dayMs || age > lastReminderMs) return null;
  if (isOverLink(p)) return p.state === "unknown" || p.state === "paid" ? "rechargeWaits" : null;
  if (p.state === "unknown") return "unknown";
  return p.state === "paid" && p.later ? "later" : null;
}

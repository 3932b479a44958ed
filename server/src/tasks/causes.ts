/** What a staff task is about, as it is now, and whether its cause is gone. */
import type { Attempt, CardState, Id, Purchase } from "@citygas/core";
import type { Store } from "../store/port.ts";

/** A task names one of these; what was never in the store is none of them. */
export interface Subject {
  purchase: Purchase | null;
  attempt: Attempt | null;
  card: CardState | null;
}

export async function subjectOf(store: Store, ref: Id): Promise<Subject> {
  const loaded = await store.load([
    { kind: "purchase", id: ref },
    { kind: "attempt", id: ref },
    { kind: "card", id: ref },
  ]);
  return {
    purchase: loaded.get("purchase", ref)?.state ?? null,
    attempt: loaded.get("attempt", ref)?.state ?? null,
    card: loaded.get("card", ref)?.state ?? null,
  };
}

/**
 * gone: nothing is left to do. remains: the machine says that somebody must still do something. unclear: only a person
 * can tell, and closes it by hand.
 */
export function causeOf(
  kind: string,
  createdAt: number,
  { purchase, attempt, card }: Subject,
): "gone" | "remains" | "unclear" {
  if (purchase !== null && kind.startsWith("purchase.")) return asLongAs(purchaseNeeds(purchase) === kind);
  if (attempt !== null && kind === "attempt.lateSuccess") return asLongAs(attempt.lateSuccess?.refunded === false);
  if (attempt !== null && kind.startsWith("attempt.")) return asLongAs(`attempt.${attempt.state}` === kind);
  // Read again since, and nothing was wrong with it: what a card disagreed about is settled.
  if (card !== null && (kind === "card.countMismatch" || kind === "card.badChecksum" || kind === "card.secretCounter"))
    return (card.lastReading?.at ?? 0) > createdAt ? "gone" : "unclear";
  return "unclear";
}

const asLongAs = (holds: boolean): "gone" | "remains" => (holds ? "remains" : "gone");

/** The kind of task that this purchase's state asks for (tasks/staffAlarm.ts names them so). */
const purchaseNeeds = ({ state, refund }: Purchase): string =>
  state === "refunding" && refund?.stuck === true ? "purchase.refundStuck" : `purchase.${state}`;

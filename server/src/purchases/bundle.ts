/** A purchase with all that its events may touch, as the store has it now. */
import {
  type AggregateKind,
  type AggregateStates,
  emptyTierUse,
  type Id,
  type Purchase,
  type PurchaseBundle,
  type Ref,
  type Versioned,
} from "@citygas/core";
import type { Loaded, Store } from "../store/port.ts";

export interface OpenBundle extends PurchaseBundle {
  purchase: Versioned<Purchase>;
}

/**
 * undefined: no such purchase. Two reads: what belongs to a purchase is known only from its state. They needn't agree,
 * because every commit is guarded by the versions that were read.
 */
export async function loadBundle(store: Store, purchaseId: Id, attemptId?: Id): Promise<OpenBundle | undefined> {
  const found = (await store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
  if (found === undefined) return undefined;
  const p = found.state;
  const attemptIds = new Set([...p.liveAttemptIds, p.paidAttemptId, attemptId].filter((id) => id != null));
  const refs: Ref[] = [
    { kind: "account", id: p.accountId },
    { kind: "meter", id: p.meterId },
    ...[...attemptIds].map((id): Ref => ({ kind: "attempt", id })),
  ];
  if (p.cardId !== null) refs.push({ kind: "card", id: p.cardId });
  if (p.tierId !== null) refs.push({ kind: "tier", id: p.tierId });
  const loaded = await store.load(refs);
  return {
    purchase: found,
    attempts: [...attemptIds].flatMap((id) => loaded.get("attempt", id) ?? []),
    account: must(loaded, "account", p.accountId),
    meter: must(loaded, "meter", p.meterId),
    card: p.cardId === null ? null : must(loaded, "card", p.cardId),
    tier: p.tierId === null ? null : tierOf(loaded, p.tierId, p),
  };
}

/** The first purchase of a cycle finds no position: it starts empty, at version 0, and is made by the first hold. */
function tierOf(loaded: Loaded, id: Id, p: Purchase): PurchaseBundle["tier"] {
  const found = loaded.get("tier", id);
  if (found !== undefined) return found;
  const cycleKey = p.breakdown.tier?.cycleKey;
  return cycleKey === undefined
    ? null
    : { version: 0, state: { id, accountId: p.accountId, ...emptyTierUse(cycleKey) } };
}

/** @throws when a registered thing is not in the store: registration makes them together. */
export function must<K extends AggregateKind>(loaded: Loaded, kind: K, id: Id): Versioned<AggregateStates[K]> {
  const found = loaded.get(kind, id);
  if (found === undefined) throw new Error(`${kind} ${id} is not in the store`);
  return found;
}

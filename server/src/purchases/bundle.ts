/** A purchase with all that its events may touch, as the store has it now. */
import {
  type AggregateKind,
  type AggregateStates,
  type Attempt,
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

const readsMax = 5;

/**
 * undefined: no such purchase. What belongs to a purchase is known only from its state, so it is read twice, the second
 * time with all the rest at one moment: an account read after its purchase gave back what it held holds less than nothing.
 *
 * @throws when it changes under every read: whoever asked comes again.
 */
export async function loadBundle(store: Store, purchaseId: Id, attemptId?: Id): Promise<OpenBundle | undefined> {
  const own: Ref = { kind: "purchase", id: purchaseId };
  let found = (await store.load([own])).get("purchase", purchaseId);
  for (let reads = 0; found !== undefined && reads < readsMax; reads++) {
    const loaded = await store.load([own, ...refsOf(found.state, attemptId)]);
    const again = must(loaded, "purchase", purchaseId);
    if (again.version === found.version) return bundleOf(again, loaded, attemptId);
    found = again;
  }
  if (found === undefined) return undefined;
  throw new Error(`purchase ${purchaseId} changed under every read`);
}

function attemptIdsOf({ liveAttemptIds, paidAttemptId }: Purchase, attemptId: Id | undefined): Id[] {
  const ids = [...liveAttemptIds];
  for (const id of [paidAttemptId, attemptId]) if (id != null && !ids.includes(id)) ids.push(id);
  return ids;
}

function refsOf(p: Purchase, attemptId: Id | undefined): Ref[] {
  const refs: Ref[] = [
    { kind: "account", id: p.accountId },
    { kind: "meter", id: p.meterId },
  ];
  for (const id of attemptIdsOf(p, attemptId)) refs.push({ kind: "attempt", id });
  if (p.cardId !== null) refs.push({ kind: "card", id: p.cardId });
  if (p.tierId !== null) refs.push({ kind: "tier", id: p.tierId });
  return refs;
}

function bundleOf(purchase: Versioned<Purchase>, loaded: Loaded, attemptId: Id | undefined): OpenBundle {
  const { state: p } = purchase;
  const attempts: Versioned<Attempt>[] = [];
  for (const id of attemptIdsOf(p, attemptId)) {
    const attempt = loaded.get("attempt", id);
    if (attempt !== undefined) attempts.push(attempt);
  }
  return {
    purchase,
    attempts,
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

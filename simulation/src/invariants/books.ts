/** What the books must agree with among themselves. Each answers what is wrong, or null. */
import { isDeepStrictEqual } from "node:util";
import { foldPurchase, type Id, type Purchase } from "@citygas/core";
import { loggedEvent } from "@citygas/server";
import type { WorldStore } from "../world/store.ts";

/** I8: the purchase's log folds to its stored state. */
export function foldsToItself(store: WorldStore, p: Purchase): string | null {
  const log = store.log("purchase", p.id);
  try {
    const { purchase, attempts } = foldPurchase(log.map(({ at, event }) => ({ at, event: loggedEvent(event) })));
    if (!isDeepStrictEqual(purchase, p)) return `the log of ${p.number} folds to another state`;
    for (const [id, attempt] of attempts)
      if (!isDeepStrictEqual(store.peek("attempt", id)?.state, attempt))
        return `the log of ${p.number} folds to another payment`;
    return null;
  } catch (error) {
    return `the log of ${p.number} does not fold: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const holdsBalance = ["paying", "closing"];
const holdsTier = ["paying", "closing", "paid", "issued", "unknown", "manual", "refunding"];

/** I7: what is held and used of balance and tier volume is what the purchases say, and the ledger says the same. */
export function accountAgrees(store: WorldStore, accountId: Id): string | null {
  const account = store.peek("account", accountId)?.state;
  if (account === undefined) return null;
  let heldFen = 0;
  const tiers = new Map<Id, { heldL: number; usedL: number }>();
  for (const p of store.purchasesOf(accountId)) {
    if (holdsBalance.includes(p.state)) heldFen += p.breakdown.balanceOffsetFen;
    const use = p.breakdown.tier;
    if (use === null || p.tierId === null) continue;
    const tier = tiers.get(p.tierId) ?? { heldL: 0, usedL: 0 };
    if (holdsTier.includes(p.state)) tier.heldL += use.volumeL;
    if (p.state === "delivered") tier.usedL += use.volumeL;
    tiers.set(p.tierId, tier);
  }
  if (account.heldFen !== heldFen) return `${accountId} holds ${account.heldFen} fen, its purchases ${heldFen}`;
  for (const [id, { heldL, usedL }] of tiers) {
    const tier = store.peek("tier", id)?.state;
    if ((tier?.heldL ?? 0) !== heldL || (tier?.usedL ?? 0) !== usedL)
      return `tier of ${accountId}: held ${tier?.heldL}, used ${tier?.usedL}; its purchases say ${heldL}, ${usedL}`;
  }
  const sums = store.sums();
  const free = sums.get(`customer:${accountId}\nfen`) ?? 0;
  const held = sums.get(`held:${accountId}\nfen`) ?? 0;
  if (free + account.balanceFen !== 0)
    return `ledger of ${accountId}: ${-free} fen free, its row ${account.balanceFen}`;
  return held + account.heldFen === 0 ? null : `ledger of ${accountId}: ${-held} fen held, its row ${account.heldFen}`;
}

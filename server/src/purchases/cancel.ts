import type { PurchaseView } from "@citygas/api";
import { type Id, ok, type Result } from "@citygas/core";
import { markSeen } from "../cards/insertion.ts";
import type { TerminalFacts } from "../context.ts";
import { applyEvent, type KeyedRequest } from "./applyEvent.ts";
import { type Refused, refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { viewOf } from "./view.ts";

/**
 * The customer no longer wants it. `closing` until the gateway has confirmed that no money can come; `refunding` when
 * it was paid and no script was ever issued: of cancel and issue exactly one wins. From `issued` on a refund needs the
 * card's proof, so this refuses with `purchase.wrongState` (I3).
 */
export async function cancelPurchase(
  sale: SaleContext,
  terminal: TerminalFacts,
  purchaseId: Id,
  request: KeyedRequest,
): Promise<Result<PurchaseView, Refused>> {
  const applied = await applyEvent(
    sale,
    purchaseId,
    ({ purchase: { state } }) =>
      state.terminalId === terminal.id
        ? { do: "commit", event: { type: "purchase", event: { type: "gaveUp", reason: "customer" } } }
        : { do: "refuse", refused: { code: "purchase.notFound" } },
    { request },
  );
  if (!applied.ok) return applied;
  if (applied.value.purchase.state === "void" && applied.value.done === "now") await markSeen(sale, purchaseId);
  return applied.value.purchase.terminalId === terminal.id
    ? ok(await viewOf(sale, applied.value))
    : refused("purchase.notFound");
}

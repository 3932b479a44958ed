/** What all kinds that change a purchase share: the proposal's id names the event, so that it happens once. */
import { type Id, type LoggedEvent, ok, type Result } from "@citygas/core";
import { type ApplyOptions, applyEvent, type Decision } from "../../purchases/applyEvent.ts";
import type { OpenBundle } from "../../purchases/bundle.ts";
import { derivedId } from "../../purchases/derivedId.ts";
import { type Refused, refused } from "../../purchases/refused.ts";
import type { SaleContext } from "../../purchases/sale.ts";
import type { Proposal } from "../types.ts";

export const eventIdOf = ({ id }: Pick<Proposal, "id">): Id => derivedId("decision", id);

/** Was this proposal carried out before? Asked first: what it did makes most of the conditions untrue. */
export async function wasDone(sale: SaleContext, purchaseId: Id, proposal: Proposal): Promise<boolean> {
  const log = await sale.store.events({ kind: "purchase", id: purchaseId });
  return log.some(({ eventId }) => eventId === eventIdOf(proposal));
}

/**
 * `event` on the purchase, unless it was done before. `check` is asked once more just before, and what it saw must still
 * be so when the commit lands: a purchase that moved since is refused, not fought over.
 */
export async function decideOnce(
  sale: SaleContext,
  purchaseId: Id,
  proposal: Proposal,
  check: () => Promise<Result<{ version: number }, Refused>>,
  event: LoggedEvent,
  more: (bundle: OpenBundle) => Omit<Extract<Decision, { do: "commit" }>, "do" | "event"> = () => ({}),
): Promise<Result<unknown, Refused>> {
  if (await wasDone(sale, purchaseId, proposal)) return ok({ done: event.event.type });
  const seen = await check();
  if (!seen.ok) return seen;
  const id = `decision:${proposal.id}`;
  const options: ApplyOptions = {
    request: { eventId: eventIdOf(proposal), key: id, fingerprint: id },
    ...(event.type === "attempt" ? { attemptId: event.attemptId } : {}),
  };
  const applied = await applyEvent(
    sale,
    purchaseId,
    (bundle) =>
      bundle.purchase.version === seen.value.version
        ? { do: "commit", event, ...more(bundle) }
        : { do: "refuse", refused: { code: "server.unavailable" } },
    options,
  );
  if (applied.ok) return ok({ done: event.event.type });
  return applied.error.code === "purchase.wrongState" ? refused("decision.notApplicable") : applied;
}

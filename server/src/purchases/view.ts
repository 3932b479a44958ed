/** A purchase as terminals see it: the public contract's shape, made from the stored state. */
import type { BreakdownView, PurchaseView } from "@citygas/api";
import type { Attempt, Breakdown, Id, Purchase } from "@citygas/core";
import { type Applied, loggedEvent } from "./applyEvent.ts";
import type { SaleContext } from "./sale.ts";

export interface ViewSource {
  purchase: Purchase;
  version: number;
  attempts: ReadonlyMap<Id, Attempt>;
}

/** Reads nothing unless the newest attempt is over and was not part of what is at hand. */
export async function viewOf(sale: SaleContext, source: ViewSource | Applied): Promise<PurchaseView> {
  const { purchase: p, version } = source;
  const attempt = await newestAttempt(sale, source);
  const now = sale.now();
  return {
    id: p.id,
    number: p.number,
    version,
    state: p.state,
    reason: p.reason,
    breakdown: breakdownView(p.breakdown),
    attempt: attempt && attemptView(attempt),
    acceptsCode: p.state === "paying" && p.liveAttemptIds.length === 0 && (p.dueAt ?? now) > now,
    dueAtMs: p.dueAt,
    nowMs: now,
    url: `${sale.settings.publicUrl}/r/${p.token}`,
    refund: p.refund && {
      amountFen: p.refund.amountFen,
      done: p.refund.refundedAt !== null,
      stuck: p.refund.stuck,
    },
  };
}

async function newestAttempt(sale: SaleContext, { purchase: p, attempts }: ViewSource): Promise<Attempt | null> {
  const known = p.liveAttemptIds.at(-1) ?? p.paidAttemptId;
  if (known !== null) return attempts.get(known) ?? (await load(sale, known));
  // No money was ever asked for, or the purchase needed none.
  if (p.confirmedAt === null || p.breakdown.payableFen === 0) return null;
  const log = await sale.store.events({ kind: "purchase", id: p.id });
  for (const { event } of log.reverse()) {
    const logged = loggedEvent(event);
    if (logged.type === "attempt") return attempts.get(logged.attemptId) ?? (await load(sale, logged.attemptId));
  }
  return null;
}

const load = async (sale: SaleContext, id: Id): Promise<Attempt | null> =>
  (await sale.store.load([{ kind: "attempt", id }])).get("attempt", id)?.state ?? null;

const refusals = ["balance", "code", "risk", "other"] as const;

function attemptView(a: Attempt): PurchaseView["attempt"] {
  const refused = refusals.find((code) => code === a.refusedCode) ?? null;
  return {
    id: a.id,
    channel: a.channel,
    state: a.state,
    refused,
    needsPassword: a.state === "pending" && refused === null,
  };
}

export function breakdownView(b: Breakdown): BreakdownView {
  return {
    lines: b.lines.map(({ because, kind, tier, unitPriceE4, volumeL, amountFen }) => ({
      kind,
      tier,
      unitPriceE4,
      volumeL,
      amountFen,
      rule: because.rule,
      usedBeforeL: because.usedBeforeL,
      tierUptoL: because.tierUptoL,
    })),
    goodsFen: b.goodsFen,
    debtFen: b.debtFen,
    deductions: b.deductions.map(({ name, amountFen }) => ({ name, amountFen })),
    balanceOffsetFen: b.balanceOffsetFen,
    payableFen: b.payableFen,
    delivers: b.delivers,
  };
}

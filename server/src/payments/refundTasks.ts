/** A purchase's money goes back by the channel it came by, under one fixed refund number, until the gateway has done it. */
import type { Id, PurchaseEvent, RefundOutcome } from "@citygas/core";
import { applyEvent, decided } from "../purchases/applyEvent.ts";
import type { SaleContext } from "../purchases/sale.ts";
import type { Task } from "../store/port.ts";
import { done, type TaskEnd } from "./attemptTasks.ts";

/** The answer is looked for until the purchase's own timer asks anew, hourly: an event each minute would fill its log. */
const lookAgainMs = [10_000, 20_000, 30_000, 60_000, 300_000, 900_000, 900_000];

/** `refundSent` is durable before the bytes leave. What the gateway can't finish stays `refunding`, with a person. */
export async function refundPurchase(sale: SaleContext, task: Task): Promise<TaskEnd> {
  const p = (await sale.store.load([{ kind: "purchase", id: task.ref }])).get("purchase", task.ref)?.state;
  if (p === undefined || p.state !== "refunding" || p.refund === null || p.paidAttemptId === null) return done;
  const attempt = (await sale.store.load([{ kind: "attempt", id: p.paidAttemptId }])).get("attempt", p.paidAttemptId);
  const channel = attempt && sale.channels.get(attempt.state.channel);
  if (attempt === undefined || channel === undefined) {
    await apply(sale, p.id, { type: "refundStuck", why: "channel" });
    return done;
  }
  const { outTradeNo, amountFen: totalFen } = attempt.state;
  const number = { outTradeNo, refundNo: p.refund.no };
  let outcome: RefundOutcome = { kind: "notFound" };
  if (task.attempt > 1) outcome = await channel.queryRefund(number);
  if (outcome.kind === "notFound") {
    if (!(await apply(sale, p.id, { type: "refundSent" }))) return done;
    outcome = await channel.refund({ ...number, amountFen: p.refund.amountFen, totalFen, reason: p.number });
  }
  sale.log.info({ purchaseId: p.id, outcome: outcome.kind }, "refund answered");
  switch (outcome.kind) {
    case "done":
      await apply(sale, p.id, { type: "refundDone" });
      return done;
    case "failed":
      await apply(sale, p.id, { type: "refundStuck", why: outcome.code });
      return done;
    case "processing":
    case "notFound":
    case "unknown": {
      const again = lookAgainMs[task.attempt - 1];
      return again === undefined ? done : { retryAt: sale.now() + again };
    }
  }
}

async function apply(sale: SaleContext, purchaseId: Id, event: PurchaseEvent): Promise<boolean> {
  return decided(await applyEvent(sale, purchaseId, () => ({ do: "commit", event: { type: "purchase", event } })));
}

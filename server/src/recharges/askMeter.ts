import type { Id } from "@citygas/core";
import { done, type TaskEnd } from "../payments/attemptTasks.ts";
import { applyEvent, decided } from "../purchases/applyEvent.ts";
import type { SaleContext } from "../purchases/sale.ts";
import type { Task } from "../store/port.ts";

/** The n-th pause is five times as long as the one before: one that sleeps says by itself when it wakes. */
const firstPauseMs = 60_000;
const longestPauseMs = 6 * 3_600_000;
const noLinkMs = 60_000;

/** As long as a recharge waits for this meter it is asked for its record, on which all that follows stands. */
export async function askMeter(sale: SaleContext, { ref: meterId, attempt }: Task): Promise<TaskEnd> {
  const meter = (await sale.store.load([{ kind: "meter", id: meterId }])).get("meter", meterId)?.state;
  const queue = meter?.link?.queue ?? [];
  if (queue.length === 0) return done;
  if (meter?.retired !== undefined) {
    for (const id of queue) await giveBack(sale, id);
    return done;
  }
  if (sale.meterLink === undefined) {
    sale.log.error({ meterId }, "no link to meters is set up");
    return { retryAt: sale.now() + noLinkMs };
  }
  await sale.meterLink.send(meterId, { kind: "readRecord" });
  return { retryAt: sale.now() + Math.min(longestPauseMs, firstPauseMs * 5 ** Math.min(attempt - 1, 5)) };
}

/** It waits for a meter that is off the wall: nothing was sent, so the money goes back. */
async function giveBack(sale: SaleContext, purchaseId: Id): Promise<void> {
  const event = { type: "gaveUp", reason: "staff" } as const;
  decided(await applyEvent(sale, purchaseId, () => ({ do: "commit", event: { type: "purchase", event } })));
}

import type { Instant } from "@citygas/core";
import { done, type TaskEnd } from "../payments/attemptTasks.ts";
import type { Task } from "../store/port.ts";
import { applyEvent, decided } from "./applyEvent.ts";
import type { SaleContext } from "./sale.ts";

/**
 * A state's due time has come (I12); what happens then is the machine's. Early by the clock that decides, it waits: the one
 * that claimed the task may have been set since. Final, there is no more.
 */
export async function purchaseDue(sale: SaleContext, { ref }: Task): Promise<TaskEnd> {
  let waitsUntil: Instant | null = null;
  const applied = await applyEvent(sale, ref, ({ purchase: { state } }, now) => {
    const { dueAt } = state;
    const isDue = dueAt !== null && dueAt <= now;
    waitsUntil = isDue ? null : dueAt;
    return isDue ? { do: "commit", event: { type: "purchase", event: { type: "due" } } } : { do: "nothing" };
  });
  decided(applied);
  return waitsUntil === null ? done : { retryAt: waitsUntil };
}

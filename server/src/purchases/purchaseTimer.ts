import { finalStates } from "@citygas/core";
import { done, type TaskEnd } from "../payments/attemptTasks.ts";
import type { Task } from "../store/port.ts";
import { applyEvent, decided } from "./applyEvent.ts";
import type { SaleContext } from "./sale.ts";

/** A state's due time has come (I12); what happens then is the machine's. Early, it waits; final, there is no more. */
export async function purchaseDue(sale: SaleContext, task: Task): Promise<TaskEnd> {
  const p = (await sale.store.load([{ kind: "purchase", id: task.ref }])).get("purchase", task.ref)?.state;
  if (p === undefined || p.dueAt === null) return done;
  if (p.dueAt > sale.now()) return { retryAt: p.dueAt };
  decided(
    await applyEvent(sale, p.id, ({ purchase: { state } }, now) =>
      state.dueAt === null || state.dueAt > now || finalStates.some((final) => final === state.state)
        ? { do: "nothing" }
        : { do: "commit", event: { type: "purchase", event: { type: "due" } } },
    ),
  );
  return done;
}

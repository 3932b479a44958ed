import { done, type TaskEnd } from "../payments/attemptTasks.ts";
import type { SaleContext } from "../purchases/sale.ts";
import type { Task } from "../store/port.ts";
import { fileStaffTask } from "./staff.ts";

/** A machine asks for people: its purchase or attempt goes on the staff's list, once for each state it is in. */
export async function staffAlarm(sale: SaleContext, { ref }: Task): Promise<TaskEnd> {
  const loaded = await sale.store.load([
    { kind: "purchase", id: ref },
    { kind: "attempt", id: ref },
  ]);
  const purchase = loaded.get("purchase", ref)?.state;
  if (purchase !== undefined) {
    const { state, number, reason, refund } = purchase;
    const stuck = refund?.stuck === true;
    await fileStaffTask(sale, `purchase.${stuck ? "refundStuck" : state}`, ref, { number, reason });
    return done;
  }
  const attempt = loaded.get("attempt", ref)?.state;
  if (attempt !== undefined) {
    const { state, purchaseId, channel, outTradeNo, lateSuccess } = attempt;
    const kind = lateSuccess === null ? state : "lateSuccess";
    await fileStaffTask(sale, `attempt.${kind}`, ref, { purchaseId, channel, outTradeNo });
  }
  return done;
}

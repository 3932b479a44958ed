import type { Id } from "@citygas/core";
import { derivedId } from "../purchases/derivedId.ts";
import type { SaleContext } from "../purchases/sale.ts";

/**
 * Puts a case on the staff's list, once per kind, thing and occasion: an alarm that repeats itself is not a second case.
 * `doc` holds no secret, no payment code and no name.
 */
export async function fileStaffTask(
  sale: SaleContext,
  kind: string,
  ref: Id,
  doc: object,
  occasion = "",
): Promise<void> {
  sale.log.warn({ kind, ref }, "for staff");
  await sale.taskRows.addStaffTask({
    id: derivedId("staff", kind, ref, occasion),
    kind,
    ref,
    doc,
    createdAt: sale.now(),
  });
}

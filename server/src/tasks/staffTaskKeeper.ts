/** Keeps the staff's list true: closes what has lost its cause, and raises its voice about what waits too long. */
import type { Instant } from "@citygas/core";
import { timeKey } from "../http/page.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { causeOf, subjectOf } from "./causes.ts";
import { closeStaffTask, staffTaskPage, takeAged } from "./staffTaskRows.ts";

export const staffTaskAge = { alarmMs: 86_400_000, againMs: 86_400_000 } as const;
const page = 100;
const agedMax = 100;

export interface StaffTaskKeeper {
  /** One page of open tasks, going round; and the alarms that are due. */
  round(): Promise<void>;
}

export function staffTaskKeeper(sale: SaleContext): StaffTaskKeeper {
  let after = "";
  return {
    async round() {
      const now: Instant = sale.now();
      const tasks = await staffTaskPage(sale.db, { state: "open" }, after, page);
      for (const { id, kind, ref, createdAt } of tasks) {
        const cause = causeOf(kind, createdAt, await subjectOf(sale.store, ref));
        if (cause === "gone") await closeStaffTask(sale.db, id, now, null, null);
      }
      const last = tasks.at(-1);
      after = tasks.length < page || last === undefined ? "" : timeKey(last.createdAt, last.id);
      for (const { id, kind, ref, createdAt } of await takeAged(
        sale.db,
        now,
        staffTaskAge.alarmMs,
        staffTaskAge.againMs,
        agedMax,
      ))
        sale.log.error({ taskId: id, kind, ref, ageMs: now - createdAt }, "staff task waits too long");
    },
  };
}

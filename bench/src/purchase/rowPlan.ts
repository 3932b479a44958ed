/** Which rows a purchase writes, as counted in the database, spread over its transitions for the loop beside it. */

/** Rows written in one table; from the database's own counters. */
export interface TableRows {
  table: string;
  inserts: number;
  updates: number;
  deletes: number;
}

export interface RowOp {
  table: string;
  op: "insert" | "update" | "delete";
}

/** `after` − `before`, per purchase, rounded to whole rows; tables in which that leaves nothing are dropped. */
export function rowsPerPurchase(
  before: readonly TableRows[],
  after: readonly TableRows[],
  purchases: number,
): TableRows[] {
  return after
    .map((now) => {
      const then = before.find(({ table }) => table === now.table) ?? { inserts: 0, updates: 0, deletes: 0 };
      return {
        table: now.table,
        inserts: Math.round((now.inserts - then.inserts) / purchases),
        updates: Math.round((now.updates - then.updates) / purchases),
        deletes: Math.round((now.deletes - then.deletes) / purchases),
      };
    })
    .filter(({ inserts, updates, deletes }) => inserts + updates + deletes > 0);
}

/**
 * Each table's rows (inserts first, then updates, then deletes) spread evenly over the transitions, in order: what is
 * updated or deleted was inserted before, or stood there already.
 */
export function spreadOver(rows: readonly TableRows[], transitions: number): RowOp[][] {
  const plan: RowOp[][] = Array.from({ length: transitions }, () => []);
  for (const { table, inserts, updates, deletes } of rows) {
    const ops: RowOp["op"][] = [
      ...Array<"insert">(inserts).fill("insert"),
      ...Array<"update">(updates).fill("update"),
      ...Array<"delete">(deletes).fill("delete"),
    ];
    for (const [index, op] of ops.entries()) plan[Math.floor((index * transitions) / ops.length)]?.push({ table, op });
  }
  return plan;
}

/**
 * Reads a stored bill into `bill_line`: all of it or nothing, once. Several servers may begin at the same time; they
 * queue for the bill's row, and who comes second finds it done.
 */
import { finished } from "node:stream/promises";
import type { Id } from "@citygas/core";
import { type BillProblem, type BillSummary, readBill } from "@citygas/gateways";
import type { PoolClient } from "pg";
import { type CopyStreamQuery, from as copyFrom } from "pg-copy-streams";
import { archivedFile } from "./archive.ts";
import type { BillRow, BillState } from "./billRows.ts";
import type { ReconciliationContext } from "./context.ts";
import { copyLinesSql, copyRows } from "./copyRows.ts";
import { long } from "./heavy.ts";

/** Each COPY is short enough for the driver's limit on one statement. */
const linesPerCopy = 100_000;

class Refused extends Error {
  readonly problem: BillProblem;
  constructor(problem: BillProblem) {
    super(`bill refused: ${problem.kind}`);
    this.problem = problem;
  }
}

/** @returns the state it ends in; `refused` leaves no line behind. */
export async function importBill(rc: ReconciliationContext, billId: Id): Promise<BillState> {
  try {
    return await rc.heavy.transaction(async (client) => {
      const { rows } = await client.query<BillRow>(long("select * from bill where id = $1 for update", [billId]));
      const [bill] = rows;
      if (bill === undefined) throw new Error(`no bill ${billId}`);
      if (bill.state !== "stored") return bill.state;
      const number = await freeNumber(rc, client);
      const summary = await copyLines(rc, client, bill, number);
      await client.query(
        "update bill set state = 'imported', number = $2, summary = $3, imported_at = $4 where id = $1",
        [billId, number, JSON.stringify(summary), rc.now()],
      );
      return "imported";
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    rc.log.error({ billId, problem: error.problem }, "bill refused");
    await rc.db.query("update bill set state = 'refused', problem = $2 where id = $1 and state = 'stored'", [
      billId,
      JSON.stringify(error.problem),
    ]);
    return "refused";
  }
}

/**
 * Grows with time, so that the lines of a new bill come behind the older ones in the index. Two servers may take the same
 * one: the second is refused by the database and tries again.
 */
async function freeNumber(rc: ReconciliationContext, client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ last: number | null }>("select max(number) as last from bill");
  const [random = 0] = rc.random(1);
  return Math.max(rc.now() * 256 + random, (rows[0]?.last ?? 0) + 1);
}

async function copyLines(
  rc: ReconciliationContext,
  client: PoolClient,
  bill: BillRow,
  number: number,
): Promise<BillSummary> {
  if (bill.format === null) throw new Error(`bill ${bill.id} has no format`);
  const rows = copyRows();
  let copy: CopyStreamQuery | null = null;
  let inCopy = 0;
  let line = 0;
  const end = async (): Promise<void> => {
    if (copy === null) return;
    rows.end();
    copy.end(rows.taken());
    await finished(copy);
    copy = null;
    inCopy = 0;
  };
  const read = await readBill({
    file: archivedFile(rc.billsDir, bill.sha256),
    format: bill.format,
    day: bill.kind === "trade" ? bill.day : null,
    async take(batch) {
      if (copy === null) {
        copy = client.query(copyFrom(copyLinesSql));
        rows.begin();
      }
      for (const each of batch) rows.add(number, ++line, each);
      await written(copy, rows.taken());
      inCopy += batch.length;
      if (inCopy >= linesPerCopy) await end();
    },
  });
  await end();
  if (!read.ok) throw new Refused(read.error);
  return read.value;
}

/** Resolves when there is room for more. @throws what the database says against it. */
function written(copy: CopyStreamQuery, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    copy.once("error", reject);
    copy.write(rows, (error) => {
      copy.off("error", reject);
      if (error) reject(error);
      else resolve();
    });
  });
}

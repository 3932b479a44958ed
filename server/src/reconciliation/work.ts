/** What is to be done for one day of one channel, from the first question for its bill to the last open difference. */
import { afterNoBill, billAlarmAt, type Id, type Instant } from "@citygas/core";
import type { BillRequest, BillSource } from "@citygas/gateways";
import { derivedId } from "../purchases/derivedId.ts";
import { archive, incomingFile, isIntact, removeIncoming } from "./archive.ts";
import { askAttempts, askGateway } from "./ask.ts";
import { matchBank } from "./bank.ts";
import { addBill, type BillState, billsOfDay } from "./billRows.ts";
import { compareDay } from "./compare.ts";
import type { ReconciliationContext } from "./context.ts";
import { type DayAnswer, type DayRow, setBills } from "./days.ts";
import { importBill } from "./importBill.ts";
import { judgeDay } from "./judgeDifferences.ts";

export interface WorkEnd {
  nextAt: Instant | null;
  answer: DayAnswer;
}

const lookAgainMs = 3_600_000;

/** One round. Safe to repeat from the beginning at any point: each step finds what the one before has left. */
export async function workDay(rc: ReconciliationContext, row: DayRow): Promise<WorkEnd> {
  const source = rc.channels.get(row.channel)?.bills;
  if (source === undefined) return { nextAt: rc.now() + lookAgainMs, answer: { why: "no such channel is set up" } };
  const fundOffered = source.kinds.includes("fund");
  const wantsFund = fundOffered && row.fund_bill_id === null;
  if (row.state === "due" || (row.state === "compared" && wantsFund)) {
    const end = await obtainBills(rc, row, source, fundOffered);
    if (end !== null) return end;
    await freshStatistics(rc, "bill_line");
    await rc.reached("imported");
    await compareDay(rc, row.channel, row.day, fundOffered);
  } else if (row.state === "imported") await compareDay(rc, row.channel, row.day, fundOffered);
  await freshStatistics(rc, "reconciliation_difference");
  await rc.reached("compared");
  return await settle(rc, row);
}

/** A table that has just grown is planned for as it was before; servers that gather statistics by themselves may refuse. */
async function freshStatistics(
  rc: ReconciliationContext,
  table: "bill_line" | "reconciliation_difference",
): Promise<void> {
  await rc.db.query(`analyze ${table}`).catch((error: unknown) => rc.log.warn({ err: error, table }, "not analyzed"));
}

/** After the comparison, and again every hour while something waits. */
async function settle(rc: ReconciliationContext, row: DayRow): Promise<WorkEnd> {
  await judgeDay(rc, row);
  await askAttempts(rc, row);
  await askGateway(rc, row);
  await matchBank(rc, row.channel);
  const waiting = await judgeDay(rc, row);
  await tellStaff(rc, row);
  const missing = await fundIsMissing(rc, row);
  return { nextAt: waiting > 0 || missing ? rc.now() + lookAgainMs : null, answer: {} };
}

/** null: the bills stand at the day. */
async function obtainBills(
  rc: ReconciliationContext,
  row: DayRow,
  source: BillSource,
  fundOffered: boolean,
): Promise<WorkEnd | null> {
  const now = rc.now();
  const trade = await obtain(rc, row, source, "trade");
  if (trade.billId === null) return await noBill(rc, row, trade.why, { trade: trade.why });
  const fund = fundOffered ? await obtain(rc, row, source, "fund") : { billId: null, why: "notOffered" };
  if (fundOffered && fund.billId === null) {
    // The day goes on without it from 14:00 on; before, both come together.
    const end = await noBill(rc, row, fund.why, { fund: fund.why });
    if (now < billAlarmAt(row.day) || row.state === "compared") return end;
  }
  await setBills(rc.db, row, { trade: trade.billId, fund: fund.billId });
  return null;
}

type NoBill = "notReady" | "failed" | "refused";
type Obtained = { billId: Id; why: "ready" } | { billId: null; why: NoBill };

async function noBill(rc: ReconciliationContext, row: DayRow, why: string, answer: DayAnswer): Promise<WorkEnd> {
  const now = rc.now();
  const step = afterNoBill(row.day, now, why === "refused" || why === "notReady" ? why : "failed");
  if (step.alarm) await fileTask(rc, row, why === "refused" ? "badBill" : "noBill", { ...answer });
  return { nextAt: step.nextAt, answer };
}

async function obtain(
  rc: ReconciliationContext,
  row: DayRow,
  source: BillSource,
  kind: BillRequest["kind"],
): Promise<Obtained> {
  if (row.answer?.fresh !== true) {
    const known = (await billsOfDay(rc.db, row.channel, row.day)).filter((bill) => bill.kind === kind);
    const ready = known.find(({ state }) => state === "imported" || state === "empty");
    if (ready !== undefined) return { billId: ready.id, why: "ready" };
    const stored = known.find(({ state }) => state === "stored");
    if (stored !== undefined && (await isIntact(rc.billsDir, stored.sha256)))
      return obtained(stored.id, await importBill(rc, stored.id));
  }
  return await fetchBill(rc, row, source, kind);
}

async function fetchBill(
  rc: ReconciliationContext,
  { channel, day }: DayRow,
  source: BillSource,
  kind: BillRequest["kind"],
): Promise<Obtained> {
  const id = rc.newId();
  const incoming = await incomingFile(rc.billsDir, id);
  try {
    const fetched = await source.fetch({ day, kind }, incoming);
    rc.log.info({ channel, day, kind, answer: fetched.kind }, "bill fetched");
    const base = { id, channel, day, kind, fetched_at: rc.now() };
    switch (fetched.kind) {
      case "empty": {
        const row = await addBill(rc.db, { ...base, format: null, sha256: "", size_bytes: 0, state: "empty" });
        return { billId: row.id, why: "ready" };
      }
      case "file": {
        const { format, sha256, sizeBytes } = fetched;
        await archive(rc.billsDir, incoming, sha256);
        const row = await addBill(rc.db, { ...base, format, sha256, size_bytes: sizeBytes, state: "stored" });
        await rc.reached("fetched");
        return obtained(row.id, await importBill(rc, row.id));
      }
      case "notReady":
        return { billId: null, why: "notReady" };
      case "damaged":
      case "misconfigured":
      case "unknown":
        return { billId: null, why: "failed" };
    }
  } finally {
    await removeIncoming(incoming);
  }
}

const obtained = (billId: Id, state: BillState): Obtained =>
  state === "imported" || state === "empty" ? { billId, why: "ready" } : { billId: null, why: "refused" };

async function fundIsMissing(rc: ReconciliationContext, { channel, day }: DayRow): Promise<boolean> {
  if (rc.channels.get(channel)?.bills?.kinds.includes("fund") !== true) return false;
  const { rows } = await rc.db.query<{ missing: boolean }>(
    `select fund_bill_id is null as missing from reconciliation_day
     where channel = $1 and day = $2 and state = 'compared'`,
    [channel, day],
  );
  return rows[0]?.missing === true;
}

/** One case per day while there is something that only people can decide. */
async function tellStaff(rc: ReconciliationContext, row: DayRow): Promise<void> {
  const { rows } = await rc.db.query<{ count: number }>(
    `select count(*)::integer as count from reconciliation_difference
     where channel = $1 and day = $2 and state = 'open' and handling = 'staff'`,
    [row.channel, row.day],
  );
  const open = rows[0]?.count ?? 0;
  if (open > 0) await fileTask(rc, row, "differences", { open });
}

/** Once per day and kind. */
export async function fileTask(
  rc: ReconciliationContext,
  { channel, day }: Pick<DayRow, "channel" | "day">,
  what: "noBill" | "badBill" | "failed" | "differences",
  doc: object,
): Promise<void> {
  const kind = `reconciliation.${what}`;
  await rc.db.query(
    "insert into staff_task (id, kind, ref, doc, created_at) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
    [
      derivedId("staff", kind, channel, day),
      kind,
      `${channel}:${day}`,
      JSON.stringify({ channel, day, ...doc }),
      rc.now(),
    ],
  );
}

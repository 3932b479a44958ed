/** One day of one channel, compared four ways in one transaction: it is compared, or it is as it was. */
import { addDays, type ChannelName, type Day, dayAtStart, type Instant } from "@citygas/core";
import type { PoolClient } from "pg";
import { type BillRow, billById } from "./billRows.ts";
import { compareDelivery } from "./compareDelivery.ts";
import { type CompareScope, compareGateway, resolveGone } from "./compareGateway.ts";
import { compareLedger, type LedgerFigures } from "./compareLedger.ts";
import { comparePayout, type Fund, type FundFigures, netOf } from "./comparePayout.ts";
import type { ReconciliationContext } from "./context.ts";
import { type DayRow, lockDay } from "./days.ts";

export interface Figures extends LedgerFigures, FundFigures {
  billLines: number;
  billPayments: { count: number; amountFen: number };
  billRefunds: { count: number; amountFen: number };
  billReversals: { count: number; amountFen: number };
  /** Payments − refunds − reversals of the bill, before fees. */
  billNetFen: number;
  /** Lines that agree with our books to the fen. */
  matched: number;
}

/** @returns null when the day is not there, closed, or has no bill. */
export async function compareDay(
  rc: ReconciliationContext,
  channel: ChannelName,
  day: Day,
  fundOffered: boolean,
): Promise<Figures | null> {
  return rc.heavy.transaction(async (client) => {
    const row = await lockDay(client, channel, day);
    if (row === undefined || row.state === "closed" || row.trade_bill_id === null) return null;
    const now = rc.now();
    const figures = await compared(client, row, fundOffered, now);
    await client.query(
      `update reconciliation_day set state = 'compared', run = $3, figures = $4, compared_at = $5
       where channel = $1 and day = $2`,
      [channel, day, row.run + 1, JSON.stringify(figures), now],
    );
    return figures;
  });
}

async function compared(client: PoolClient, row: DayRow, fundOffered: boolean, now: Instant): Promise<Figures> {
  const trade = await billOf(client, row.trade_bill_id);
  const fund = await billOf(client, row.fund_bill_id);
  const scope: CompareScope = {
    channel: row.channel,
    day: row.day,
    from: dayAtStart(row.day),
    to: dayAtStart(addDays(row.day, 1)),
    billNumber: trade?.number ?? null,
    run: row.run + 1,
    now,
  };
  const summary = trade?.summary ?? null;
  const billNetFen = summary === null ? 0 : netOf(summary);
  await compareGateway(client, scope, {
    refunds: summary?.sums.refund?.count ?? 0,
    reversals: summary?.sums.reversed?.count ?? 0,
  });
  const bookedFen = await compareDelivery(client, scope);
  await resolveGone(client, scope, ["gateway"]);
  const ledger = await compareLedger(client, scope, { billNetFen, bookedFen });
  const funds = await comparePayout(client, scope, summary, fundOf(fund, fundOffered));
  await resolveGone(client, scope, ["ledger", "payout"]);
  const nothing = { count: 0, amountFen: 0 };
  const billLines = summary?.lines ?? 0;
  return {
    billLines,
    billPayments: summary?.sums.payment ?? nothing,
    billRefunds: summary?.sums.refund ?? nothing,
    billReversals: summary?.sums.reversed ?? nothing,
    billNetFen,
    matched: billLines - (await unmatchedLines(client, scope)),
    ...ledger,
    ...funds,
  };
}

function fundOf(fund: BillRow | null, offered: boolean): Fund {
  if (fund === null) return offered ? "missing" : "none";
  return fund.number === null || fund.summary === null ? "empty" : { number: fund.number, summary: fund.summary };
}

async function billOf(client: PoolClient, id: string | null): Promise<BillRow | null> {
  const bill = id === null ? undefined : await billById(client, id);
  if (id !== null && bill?.state !== "imported" && bill?.state !== "empty")
    throw new Error(`bill ${id} is not imported`);
  return bill ?? null;
}

async function unmatchedLines(client: PoolClient, { channel, day, run }: CompareScope): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from reconciliation_difference
     where channel = $1 and day = $2 and comparison = 'gateway' and side in ('theirs', 'both') and seen_run = $3`,
    [channel, day, run],
  );
  return rows[0]?.count ?? 0;
}

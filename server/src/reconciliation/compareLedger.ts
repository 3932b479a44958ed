/**
 * The books × both. Three sums that must agree for a day of a channel:
 *
 * - the moves of `gateway:CHANNEL` are exactly the payments and refunds that were booked on that day;
 * - the bill's net is our net plus what the found differences explain.
 *
 * Payments are compared with the bill by the gateway's time and stand in the books by ours: `shiftFen` is what that puts
 * on another day.
 */
import type { Fen } from "@citygas/core";
import type { PoolClient } from "pg";
import { type CompareScope, lateMoves, ourRefunds } from "./compareGateway.ts";
import { effectSql } from "./differenceRows.ts";
import { long } from "./heavy.ts";

export interface LedgerFigures {
  /** Payments − refunds on our side of the day. */
  oursNetFen: Fen;
  ourPayments: number;
  ourRefunds: number;
  /** Moves of `gateway:CHANNEL`, without what reconciliation itself entered. */
  ledgerNetFen: Fen;
  /** What the books' moves must be. */
  bookedNetFen: Fen;
  /** Booked on another day than paid. */
  shiftFen: Fen;
  /** Of the differences with the bill. */
  explainedFen: Fen;
}

const oursSql = `
select count(*)::integer as count, coalesce(sum(amount_fen), 0)::bigint as fen from (OURS) o`;

const ledgerSql = `
select coalesce(sum(p.amount), 0)::bigint as fen from posting p
where p.account = 'gateway:' || $1 and p.commodity = 'fen' and p.at >= $2 and p.at < $3
  and not exists (select 1 from reconciliation_entry r where r.event_id = p.event_id)`;

const paidSql = `
select count(*)::integer as count, coalesce(sum(a.amount_fen), 0)::bigint as fen from attempt a
where a.channel = $1 and a.paid_at >= $2 and a.paid_at < $3`;

const explainedSql = `
select coalesce(sum(${effectSql}), 0)::bigint as fen from reconciliation_difference d
where d.channel = $1 and d.day = $2 and d.comparison = 'gateway' and d.seen_run = $3`;

const differSql = `
insert into reconciliation_difference (id, channel, day, comparison, side, kind, class, state, reason, handling,
  blocks_refund, theirs_fen, ours_fen, at, seen_run, found_at, judged_at)
values (md5(concat_ws('|', $1::text, $2::text, 'books', $3::text))::uuid::text, $1, $2, 'ledger', 'both', 'books',
  'amount', 'open', $3, 'staff', false, $4, $5, $6, $7, $8, $8)
on conflict (id) do update set seen_run = excluded.seen_run, theirs_fen = excluded.theirs_fen,
  ours_fen = excluded.ours_fen`;

/** @param sums `bookedFen`: what the purchases booked on this day had paid (compareDelivery.ts). */
export async function compareLedger(
  client: PoolClient,
  scope: CompareScope,
  sums: { billNetFen: Fen; bookedFen: Fen },
): Promise<LedgerFigures> {
  const { channel, day, run, now, from, to } = scope;
  const one = async (text: string, params: unknown[]): Promise<{ count: number; fen: Fen }> => {
    const { rows } = await client.query<{ count: number; fen: Fen }>(long(text, params));
    return { count: rows[0]?.count ?? 0, fen: rows[0]?.fen ?? 0 };
  };
  const span = [channel, from, to];
  const ours = (list: string): string => oursSql.replace("OURS", list.replaceAll("$6", "$2").replaceAll("$7", "$3"));
  const paid = await one(paidSql, span);
  const late = await one(ours(lateMoves("<")), span);
  const refunds = await one(ours(ourRefunds), span);
  const ledger = await one(ledgerSql, span);
  const explained = await one(explainedSql, [channel, day, run]);
  const shiftFen = sums.bookedFen - paid.fen;
  const oursNetFen = paid.fen + late.fen - refunds.fen;
  const bookedNetFen = oursNetFen + shiftFen;
  const differ = async (reason: string, theirs: Fen, mine: Fen): Promise<void> => {
    if (theirs !== mine) await client.query(differSql, [channel, day, reason, theirs, mine, from, run, now]);
  };
  await differ("booksDiffer", bookedNetFen, ledger.fen);
  await differ("unexplained", sums.billNetFen, oursNetFen + explained.fen);
  return {
    oursNetFen,
    ourPayments: paid.count + late.count,
    ourRefunds: refunds.count,
    ledgerNetFen: ledger.fen,
    bookedNetFen,
    shiftFen,
    explainedFen: explained.fen,
  };
}

/**
 * Fund bill and fees × payouts on the bank's statement. The trade bill less fees must be what the fund bill moved; each
 * payout of the fund bill must arrive at the bank; what the gateway kept is booked as a fee. A gateway without a fund
 * bill pays out each day's net.
 */
import { type Fen, feeEntry } from "@citygas/core";
import type { BillSummary } from "@citygas/gateways";
import type { PoolClient } from "pg";
import { derivedId } from "../purchases/derivedId.ts";
import type { CompareScope } from "./compareGateway.ts";
import { postEntry } from "./entries.ts";

export interface FundFigures {
  tradeNetFen: Fen;
  /** null: there is no fund bill. */
  fundNetFen: Fen | null;
  feeFen: Fen;
  payoutFen: Fen;
}

/** `none`: this gateway makes no fund bill. `missing`: it does, and it isn't here yet. */
export type Fund = { number: number; summary: BillSummary } | "empty" | "none" | "missing";

/** What a day's trades leave in the account, before and after the gateway's fee. */
export const netOf = ({ sums }: Pick<BillSummary, "sums">): Fen =>
  sums.payment.amountFen - sums.refund.amountFen - sums.reversed.amountFen;

const insertInto = `
insert into reconciliation_difference (id, channel, day, comparison, side, kind, class, state, reason, handling,
  blocks_refund, out_trade_no, transaction_id, theirs_fen, ours_fen, at, seen_run, found_at, judged_at)`;
const foundAgain = `
on conflict (id) do update set seen_run = excluded.seen_run, theirs_fen = excluded.theirs_fen,
  ours_fen = excluded.ours_fen`;
const differenceId = (parts: string): string => `md5(concat_ws('|', $1::text, $2::text, ${parts}))::uuid::text`;

/** Payouts wait for the bank; moves that are none of ours are for people. Both are few. */
const fundLines = `${insertInto}
select ${differenceId("l.kind, l.transaction_id")}, $1::text, $2::text, 'payout', 'theirs', l.kind,
  case when l.kind = 'payout' then 'short' when l.amount_fen > 0 then 'long' else 'short' end,
  case when l.kind = 'payout' then 'waiting' else 'open' end,
  case when l.kind = 'payout' then 'notAtBank' else 'otherMove' end,
  case when l.kind = 'payout' then 'wait' else 'staff' end,
  false, l.out_trade_no, l.transaction_id, l.amount_fen, null, l.at, $3::integer, $4::bigint, $4::bigint
from bill_line l where l.bill = $5 and l.kind in ('payout', 'other') and l.amount_fen <> 0${foundAgain}`;

const single = `${insertInto}
values (${differenceId("$5::text, $6::text")}, $1, $2, 'payout', $7, $5, $8, $9, $10, $11, false, null, $6, $12, $13, $14,
  $3, $4, $4)${foundAgain}`;

export async function comparePayout(
  client: PoolClient,
  scope: CompareScope,
  trade: BillSummary | null,
  fund: Fund,
): Promise<FundFigures> {
  const { channel, day, run, now, from } = scope;
  const tradeFeeFen = trade?.feeFen ?? 0;
  const tradeNetFen = (trade === null ? 0 : netOf(trade)) - tradeFeeFen;
  const head = [channel, day, run, now];
  const add = (kind: string, key: string, rest: unknown[]): Promise<unknown> =>
    client.query(single, [...head, kind, key, ...rest]);
  if (fund === "missing") return { tradeNetFen, fundNetFen: null, feeFen: tradeFeeFen, payoutFen: 0 };
  if (fund === "none") {
    if (tradeNetFen > 0)
      await add("payout", `${channel}-${day}`, [
        "theirs",
        "short",
        "waiting",
        "notAtBank",
        "wait",
        tradeNetFen,
        null,
        from,
      ]);
    await bookFee(client, scope, tradeFeeFen);
    return { tradeNetFen, fundNetFen: null, feeFen: tradeFeeFen, payoutFen: Math.max(0, tradeNetFen) };
  }
  const sums = fund === "empty" ? null : fund.summary.sums;
  const feeFen = sums?.fee.amountFen ?? 0;
  const fundNetFen = sums === null ? 0 : sums.payment.amountFen - sums.refund.amountFen - feeFen;
  if (fundNetFen !== tradeNetFen)
    await add("fund", "net", ["both", "amount", "open", "fundDiffers", "staff", fundNetFen, tradeNetFen, from]);
  if (fund !== "empty") await client.query(fundLines, [...head, fund.number]);
  await bookFee(client, scope, feeFen);
  return { tradeNetFen, fundNetFen, feeFen, payoutFen: sums?.payout.amountFen ?? 0 };
}

/** Books what is not booked yet: a newer bill with another fee leads to one more entry. */
async function bookFee(client: PoolClient, scope: CompareScope, feeFen: Fen): Promise<void> {
  const { channel, day, now } = scope;
  const { rows } = await client.query<{ count: number; fen: Fen }>(
    `select count(*)::integer as count, coalesce(sum(amount_fen), 0)::bigint as fen from reconciliation_entry
     where channel = $1 and day = $2 and kind = 'fee'`,
    [channel, day],
  );
  const { count, fen } = rows[0] ?? { count: 0, fen: 0 };
  const missingFen = feeFen - fen;
  if (missingFen === 0) return;
  await postEntry(client, {
    eventId: derivedId("fee", channel, day, String(count)),
    channel,
    day,
    kind: "fee",
    amountFen: missingFen,
    at: now,
    event: { type: "feeBooked", channel, day },
    postings: feeEntry(channel, missingFen),
  });
}

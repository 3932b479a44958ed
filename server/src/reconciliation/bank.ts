/** The bank's statement: imported from an upload, its credits matched with the payouts of the gateways. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { type ChannelName, type Day, dayOf, type Id, type Instant, matchPayouts, payoutEntry } from "@citygas/core";
import { type BillLine, type BillProblem, type BillSummary, readBill } from "@citygas/gateways";
import { derivedId } from "../purchases/derivedId.ts";
import { archive, archivedFile, incomingFile } from "./archive.ts";
import { addBill } from "./billRows.ts";
import { billChannels, type ReconciliationContext } from "./context.ts";
import { addNotes, type DifferenceRow } from "./differenceRows.ts";
import { postEntry } from "./entries.ts";

export interface StatementResult {
  id: Id;
  state: "imported" | "refused";
  summary: BillSummary | null;
  problem: BillProblem | null;
  /** Payouts that were found on it. */
  matched: number;
}

/** Keeps the file, then takes its credits in; the same line in two uploads is one credit. */
export async function importStatement(rc: ReconciliationContext, unitId: Id, csv: Buffer): Promise<StatementResult> {
  const sha256 = createHash("sha256").update(csv).digest("hex");
  const incoming = await incomingFile(rc.billsDir, rc.newId());
  await writeFile(incoming, csv, { mode: 0o600 });
  await archive(rc.billsDir, incoming, sha256);
  const bill = await addBill(rc.db, {
    id: rc.newId(),
    channel: "bank",
    day: dayOf(rc.now()),
    kind: "bank",
    format: "bank-statement-csv",
    sha256,
    size_bytes: csv.length,
    state: "stored",
    fetched_at: rc.now(),
  });
  const credits: Credit[] = [];
  const seen = new Map<string, number>();
  const read = await readBill({
    file: archivedFile(rc.billsDir, sha256),
    format: "bank-statement-csv",
    day: null,
    async take(batch) {
      for (const line of batch) if (line.kind === "payout") credits.push(creditOf(unitId, line, seen));
    },
  });
  if (!read.ok) {
    await rc.db.query("update bill set state = 'refused', problem = $2 where id = $1", [
      bill.id,
      JSON.stringify(read.error),
    ]);
    return { id: bill.id, state: "refused", summary: null, problem: read.error, matched: 0 };
  }
  await rc.heavy.transaction(async (client) => {
    await client.query(
      `insert into bank_credit (id, bill_id, unit_id, day, reference, party, amount_fen)
       select u.id, $1, $2, u.day, u.reference, u.party, u.amount_fen
       from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[]) as u(id, day, reference, party, amount_fen)
       on conflict (id) do nothing`,
      [
        ...[bill.id, unitId, credits.map(({ id }) => id), credits.map(({ day }) => day)],
        ...[credits.map(({ reference }) => reference), credits.map(({ party }) => party)],
        credits.map(({ amountFen }) => amountFen),
      ],
    );
    await client.query("update bill set state = 'imported', summary = $2, imported_at = $3 where id = $1", [
      bill.id,
      JSON.stringify(read.value),
      rc.now(),
    ]);
  });
  let matched = 0;
  for (const [channel] of billChannels(rc)) matched += await matchBank(rc, channel);
  return { id: bill.id, state: "imported", summary: read.value, problem: null, matched };
}

interface Credit {
  id: Id;
  day: Day;
  reference: string;
  party: string;
  amountFen: number;
}

function creditOf(unitId: Id, line: BillLine, seen: Map<string, number>): Credit {
  const { transactionId: reference, amountFen } = line;
  const day = dayOf(line.at);
  const party = line.party ?? "";
  // Two credits may be alike in all but the balance: the second of a file is the second.
  const words = [unitId, day, reference, party, String(amountFen)];
  const nth = (seen.get(words.join("\n")) ?? 0) + 1;
  seen.set(words.join("\n"), nth);
  return { id: derivedId("bankCredit", ...words, String(nth)), day, reference, party, amountFen };
}

/** Whose payouts a counterparty's name announces; an acquirer is any bank, so it has no name of its own. */
const parties: readonly [name: string, channel: ChannelName][] = [
  ["财付通", "wechat"],
  ["微信支付", "wechat"],
  ["TENPAY", "wechat"],
  ["支付宝", "alipay"],
  ["ALIPAY", "alipay"],
];
export function partyFits(channel: ChannelName, party: string): boolean {
  const named = parties.find(([name]) => party.toUpperCase().includes(name))?.[1];
  return channel === "acquirer" ? named === undefined : named === channel;
}

const openMax = 1_000;

/** Finds the credits of open payouts; each pair becomes one entry into the bank's account. @returns how many. */
export async function matchBank(rc: ReconciliationContext, channel: ChannelName): Promise<number> {
  const payouts = await rc.db.query<DifferenceRow>(
    `select * from reconciliation_difference
     where channel = $1 and comparison = 'payout' and kind = 'payout' and side = 'theirs' and state <> 'resolved'
     order by day, id limit $2`,
    [channel, openMax],
  );
  if (payouts.rows.length === 0) return 0;
  const credits = await rc.db.query<{
    id: Id;
    unit_id: Id;
    day: Day;
    reference: string;
    party: string;
    amount_fen: number;
  }>(
    `select id, unit_id, day, reference, party, amount_fen from bank_credit
     where payout_id is null and amount_fen = any($1) order by day, id limit $2`,
    [payouts.rows.map((row) => row.theirs_fen), openMax],
  );
  const pairs = matchPayouts(
    payouts.rows.map((row) => ({
      id: row.id,
      day: dayOf(row.at),
      amountFen: row.theirs_fen ?? 0,
      reference: row.transaction_id ?? row.id,
    })),
    credits.rows
      .filter(({ party }) => partyFits(channel, party))
      .map(({ id, day, amount_fen, reference }) => ({ id, day, amountFen: amount_fen, reference })),
  );
  let matched = 0;
  for (const { payout, credit } of pairs) {
    const unitId = credits.rows.find(({ id }) => id === credit)?.unit_id;
    const row = payouts.rows.find(({ id }) => id === payout);
    if (unitId !== undefined && row !== undefined && (await bookPayout(rc, row, { id: credit, unitId }))) matched += 1;
  }
  return matched;
}

/** false: someone else was there first. */
function bookPayout(rc: ReconciliationContext, row: DifferenceRow, credit: { id: Id; unitId: Id }): Promise<boolean> {
  const now: Instant = rc.now();
  const amountFen = row.theirs_fen ?? 0;
  return rc.heavy.transaction(async (client) => {
    const open = await client.query(
      "select 1 from reconciliation_difference where id = $1 and state <> 'resolved' for update",
      [row.id],
    );
    if (open.rowCount !== 1) return false;
    const taken = await client.query("update bank_credit set payout_id = $2 where id = $1 and payout_id is null", [
      credit.id,
      row.id,
    ]);
    if (taken.rowCount !== 1) return false;
    await client.query(
      `update reconciliation_difference set state = 'resolved', reason = 'paidOut', handling = 'none',
         ours_fen = theirs_fen, resolved_at = $2 where id = $1`,
      [row.id, now],
    );
    await postEntry(client, {
      eventId: derivedId("payout", row.id),
      channel: row.channel,
      day: row.day,
      kind: "payout",
      amountFen,
      at: now,
      event: { type: "payoutBooked", channel: row.channel, creditId: credit.id },
      postings: payoutEntry(row.channel, credit.unitId, amountFen),
    });
    const doc = { creditId: credit.id, unitId: credit.unitId };
    await addNotes(client, rc.newId, [{ differenceId: row.id, at: now, actor: "system", action: "paidOut", doc }]);
    return true;
  });
}

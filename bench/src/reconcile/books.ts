/**
 * The day in the books: purchases, attempts, events, postings and card writes as a sale leaves them, of the same size.
 * Made by SQL, because a million sales through the product would take an hour; times, numbers and amounts are plan.ts'.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { amountFen, channel, dayStart, longs } from "./plan.ts";

/** What a sale's state holds beside what differs from sale to sale. */
const purchaseState = JSON.stringify({
  accountId: "0192f0c0-0000-7000-8000-000000000001",
  unitId: "0192f0c0-0000-7000-8000-000000000002",
  meterId: "0192f0c0-0000-7000-8000-000000000003",
  cardId: "0192f0c0-0000-7000-8000-000000000004",
  state: "delivered",
  channel: "kiosk",
  terminalId: "0192f0c0-0000-7000-8000-000000000005",
  tierId: null,
  breakdown: {
    tariffVersionId: "0192f0c0-0000-7000-8000-000000000006",
    lines: [{ kind: "tier", tier: 1, volumeL: 10_000, priceE4: 15_300, amountFen: 1_530 }],
    goodsFen: 1_530,
    debtFen: 0,
    deductions: [],
    balanceOffsetFen: 0,
    payableFen: 1_530,
    delivers: { kind: "volume", volumeL: 10_000 },
    tier: null,
  },
  later: false,
  liveAttemptIds: [],
  script: { id: "s", kind: "sale", before: "00".repeat(64), after: "11".repeat(64), powerUpId: "p" },
  reason: null,
  refund: null,
  outcomeSeen: true,
});
const attemptState = JSON.stringify({
  kind: "code",
  channel,
  state: "paid",
  cancelRequested: false,
  notFoundCount: 0,
  refusedCode: null,
  codeMask: "13****1234",
  drawerId: null,
  lateSuccess: null,
  payer: null,
  transactionId: "4200002026112200000000000000",
});

const no = "'K01_20261122_' || lpad(n::text, 9, '0')";
const fen = "(100 + (n::bigint * 7919) % 40000)";
const at = "($1::bigint + (n::bigint * 86399 / $2) * 1000)";
const id = (kind: string): string => `'0192f0c0-${kind}-7000-8000-' || lpad(n::text, 12, '0')`;
const series = "from generate_series($3::integer, $4::integer) n";

const statements = [
  `insert into purchase (id, version, state, status, account_id, unit_id, meter_id, card_id, number, token, quoted_at,
     paid_at, paid_attempt_id)
   select ${id("1111")}, 6, $5::jsonb || jsonb_build_object('id', ${id("1111")}, 'paidAt', ${at}), 'delivered', 'a', 'u', 'm', 'c',
     'N' || n, 'T' || n, ${at} - 30000, ${at}, ${id("2222")} ${series}`,
  `insert into attempt (id, version, state, status, purchase_id, channel, out_trade_no, amount_fen, paid_at)
   select ${id("2222")}, 3, $5::jsonb || jsonb_build_object('id', ${id("2222")}, 'outTradeNo', ${no}, 'amountFen', ${fen}, 'paidAt', ${at}),
     'paid', ${id("1111")}, '${channel}', ${no}, ${fen}, ${at} ${series}`,
  `insert into event (event_id, subject_kind, subject_id, seq, at, event)
   select ${id("3333")}, 'purchase', ${id("1111")}, 3, ${at}, $5::jsonb || jsonb_build_object('attemptId', ${id("2222")}) ${series}`,
  `insert into posting (event_id, seq, account, commodity, amount, at)
   select ${id("3333")}, s, case s when 0 then 'open:u' else 'gateway:${channel}' end, 'fen',
     case s when 0 then 0 - ${fen} else ${fen} end, ${at} ${series} cross join generate_series(0, 1) s where $5::text <> ''`,
  `insert into card_write (id, purchase_id, card_id, terminal_id, kind, before, after, issued_at, report, reported_at)
   select ${id("4444")}, ${id("1111")}, 'c', 't', 'sale', repeat('00', 256), repeat('11', 256), ${at} + 5000, $5::jsonb,
     ${at} + 9000 ${series}`,
];
const documents = [
  purchaseState,
  attemptState,
  JSON.stringify({ type: "attempt", event: { type: "answered", call: "query", outcome: { kind: "paid" } } }),
  "x",
  JSON.stringify({ results: [] }),
];

const perStatement = 50_000;

export async function makeBooks(pool: pg.Pool, payments: number, say: (text: string) => void): Promise<void> {
  if (amountFen(12_345) !== 100 + ((12_345 * 7_919) % 40_000)) throw new Error("plan and SQL say different amounts");
  for (const [index, text] of statements.entries()) {
    for (let from = 0; from < payments; from += perStatement) {
      const to = Math.min(payments, from + perStatement) - 1;
      await pool.query(text, [dayStart, payments, from, to, documents[index]]);
    }
  }
  // Attempts that ended without money here, and have some at the gateway.
  await pool.query(
    `insert into attempt (id, version, state, status, purchase_id, channel, out_trade_no, amount_fen)
     select 'ended-' || i, 2, $2::jsonb || jsonb_build_object('id', 'ended-' || i, 'state', 'failed', 'amountFen', 500 + i),
       'failed', 'gone', '${channel}', 'E01_20261122_' || i, 500 + i
     from generate_series(0, $1::integer - 1) i where i % 2 = 1`,
    [longs(payments), attemptState],
  );
  say("vacuum, as the night does it");
  for (const table of ["purchase", "attempt", "event", "posting", "card_write"])
    await pool.query(`vacuum analyze ${table}`);
  await pool.query("checkpoint");
  await sleep(500);
}

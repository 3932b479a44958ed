/** A company's books and a gateway's bills for tests: both sides made line by line, on a real PostgreSQL. */
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type Attempt,
  addDays,
  type ChannelName,
  type Day,
  dayAtStart,
  type Id,
  type Outcome,
  type Purchase,
  postings,
} from "@citygas/core";
import { type BillFetch, type BillRequest, type CodePayChannel, testChannel } from "@citygas/gateways";
import { pino } from "pino";
import { openPool } from "../store/database.ts";
import { attempt as sampleAttempt, purchase as samplePurchase } from "../store/samples.ts";
import { openSqlStore } from "../store/sql.ts";
import { freshDatabase } from "../store/testDatabase.ts";
import type { ReconciliationBase, ReconciliationContext } from "./context.ts";
import type { DifferenceRow } from "./differenceRows.ts";
import { openReconciliation, type Reconciliation } from "./reconciliation.ts";

export const day = "2026-11-22";
export const channel = "wechat";
const hourMs = 3_600_000;

export interface Line {
  type: "PAY" | "REFUND" | "REVERSED";
  no: string;
  refundNo?: string;
  transactionId: string;
  amountFen: number;
  feeFen?: number;
  at: number;
}
export interface Move {
  type: "交易" | "退款" | "扣除交易手续费" | "提现" | "基金";
  fen: number;
  flowId: string;
  at: number;
}

/** What the gateway makes of its days; a day that is not there is not made yet. */
export interface FakeGateway {
  trades: Map<Day, Line[] | string>;
  /** undefined: this gateway makes no fund bill. */
  funds: Map<Day, Move[]> | undefined;
  queries: Map<string, Outcome>;
  fetches: BillRequest[];
  queried: string[];
}

const beijing = (at: number): string => new Date(at + 8 * hourMs).toISOString().slice(0, 19);
const yuan = (fen: number): string => (Math.abs(fen) / 100).toFixed(2);

function tradeCsv(lines: readonly Line[]): string {
  const rows = lines.map(
    (l) =>
      `${l.type},${l.no},${l.refundNo ?? ""},${l.transactionId},${l.amountFen},${l.feeFen ?? 0},${beijing(l.at)}+08:00`,
  );
  const sum = (type: string): number => lines.reduce((total, l) => total + (l.type === type ? l.amountFen : 0), 0);
  const fee = lines.reduce((total, l) => total + (l.feeFen ?? 0), 0);
  const head = "type,outTradeNo,refundNo,transactionId,amountFen,feeFen,time";
  return [head, ...rows, `#lines,${lines.length},${sum("PAY")},${sum("REFUND")},${fee}`, ""].join("\n");
}

function fundCsv(moves: readonly Move[]): string {
  const head =
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
  const tick = (values: readonly (string | number)[]): string => values.map((value) => `\`${value}`).join(",");
  const rows = moves.map(({ type, fen, flowId, at }) =>
    tick([
      beijing(at).replace("T", " "),
      "",
      flowId,
      type,
      type,
      fen < 0 ? "支出" : "收入",
      yuan(fen),
      "0",
      "",
      "",
      "",
    ]),
  );
  const total = (sign: number): (string | number)[] => {
    const list = moves.filter(({ fen }) => fen * sign > 0);
    return [list.length, yuan(list.reduce((sum, { fen }) => sum + fen, 0))];
  };
  const foot = tick([moves.length, ...total(1), ...total(-1)]);
  return [head, ...rows, "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额", foot, ""].join("\n");
}

function fakeChannel(gateway: FakeGateway): CodePayChannel {
  return {
    ...testChannel(),
    name: channel,
    async query({ outTradeNo }) {
      gateway.queried.push(outTradeNo);
      return gateway.queries.get(outTradeNo) ?? { kind: "notFound", verified: true };
    },
    bills: {
      kinds: gateway.funds === undefined ? ["trade"] : ["trade", "fund"],
      async fetch(request, file): Promise<BillFetch> {
        gateway.fetches.push(request);
        const made = request.kind === "trade" ? gateway.trades.get(request.day) : gateway.funds?.get(request.day);
        if (made === undefined) return { kind: "notReady" };
        if (made.length === 0) return { kind: "empty" };
        const isTrade = request.kind === "trade";
        const csv = typeof made === "string" ? made : isTrade ? tradeCsv(made as Line[]) : fundCsv(made as Move[]); // by its kind
        writeFileSync(file, csv);
        return {
          kind: "file",
          format: isTrade ? "acquirer-trade-csv" : "wechat-fund-csv",
          sizeBytes: Buffer.byteLength(csv),
          sha256: createHash("sha256").update(csv).digest("hex"),
        };
      },
    },
  };
}

export interface Sold {
  purchase: Purchase;
  attempt: Attempt;
  version: number;
}
export interface SaleFacts {
  no: string;
  amountFen?: number;
  paidAt?: number;
  bookedAt?: number;
  /** Default: the fake gateway's. */
  channel?: ChannelName;
  /** Default: delivered. */
  state?: Purchase["state"];
  attemptState?: Attempt["state"];
  /** Of another purchase's: two attempts of one purchase. */
  purchaseId?: Id;
}

export interface Books {
  rc: ReconciliationContext;
  reconciliation: Reconciliation;
  gateway: FakeGateway;
  clock: { now: number };
  dataDir: string;
  /** What was logged as an error. */
  errors: string[];
  /** A payment in the books (or, by its state, one that ended), its purchase in the given state, with a card write. */
  sell(facts: SaleFacts): Promise<Sold>;
  /** The purchase's money went back by its channel. */
  refund(sold: Sold, at: number, paidOut?: boolean): Promise<string>;
  /** The attempt's machine found money after its end, and gave it back or not. */
  late(sold: Sold, at: number, refunded: boolean): Promise<void>;
  line(type: Line["type"], no: string, more?: Partial<Line>): Line;
  /** Another server on the same database. */
  another(reached?: ReconciliationContext["reached"]): Reconciliation;
  differences(where?: string): Promise<DifferenceRow[]>;
  ledger(account: string): Promise<number>;
  close(): Promise<void>;
}

export async function openBooks(
  options: {
    fund?: boolean;
    reached?: ReconciliationContext["reached"];
    channels?: ReadonlyMap<ChannelName, CodePayChannel>;
  } = {},
): Promise<Books> {
  const database = await freshDatabase();
  const db = openPool(database.connection, { max: 4, name: "test" });
  const store = openSqlStore(database.connection);
  const dataDir = mkdtempSync(path.join(tmpdir(), "citygas-reconciliation-"));
  const clock = { now: dayAtStart(addDays(day, 1)) + 10.5 * hourMs };
  const gateway: FakeGateway = {
    trades: new Map(),
    funds: options.fund === true ? new Map() : undefined,
    queries: new Map(),
    fetches: [],
    queried: [],
  };
  const errors: string[] = [];
  const ctx: ReconciliationBase = {
    db,
    now: () => clock.now,
    newId: randomUUID,
    random: (bytes: number) => new Uint8Array(bytes),
    channels: options.channels ?? new Map<ChannelName, CodePayChannel>([[channel, fakeChannel(gateway)]]),
    log: pino({ level: "error" }, { write: (line: string) => void errors.push(line) }),
  };
  const opened: Reconciliation[] = [];
  const another = (reached?: ReconciliationContext["reached"]): Reconciliation => {
    const made = openReconciliation(ctx, {
      database: database.connection,
      dataDir,
      ...(reached === undefined ? {} : { reached }),
    });
    opened.push(made);
    return made;
  };
  const reconciliation = another(options.reached);
  const commit = async (
    sold: Sold,
    event: { type: string; [key: string]: unknown },
    at: number,
    lines: ReturnType<typeof postings.payIn>,
  ): Promise<void> => {
    const { purchase, attempt, version } = sold;
    const result = await store.commit({
      eventId: randomUUID(),
      at,
      subject: { kind: "purchase", id: purchase.id },
      event,
      writes: [
        { kind: "purchase", id: purchase.id, expected: version, state: purchase },
        { kind: "attempt", id: attempt.id, expected: version, state: attempt },
      ],
      guards: [],
      postings: lines,
      tasks: { add: [], drop: [] },
    });
    if (result.kind !== "done") throw new Error(result.kind);
    sold.version += 1;
  };
  return {
    rc: reconciliation.context,
    reconciliation,
    gateway,
    clock,
    dataDir,
    errors,
    another,
    async sell({ no, amountFen = 100, paidAt = dayAtStart(day) + 12 * hourMs, bookedAt = paidAt, ...facts }) {
      const state = facts.attemptState ?? "paid";
      const paid = state === "paid";
      const attempt: Attempt = {
        ...sampleAttempt(randomUUID(), ""),
        ...{
          channel: facts.channel ?? channel,
          outTradeNo: no,
          amountFen,
          state,
          paidAt: paid ? paidAt : null,
          endedAt: paid ? null : paidAt,
        },
      };
      const sample = samplePurchase(
        facts.purchaseId ?? randomUUID(),
        "account-1",
        facts.state ?? (paid ? "delivered" : "void"),
      );
      const purchase: Purchase = {
        ...sample,
        paidAt: paid ? bookedAt : null,
        paidAttemptId: paid ? attempt.id : null,
        breakdown: { ...sample.breakdown, payableFen: amountFen, goodsFen: amountFen },
      };
      attempt.purchaseId = purchase.id;
      const sold: Sold = { purchase, attempt, version: 0 };
      const event = { type: "attempt", attemptId: attempt.id, event: { type: "answered" } };
      await commit(sold, event, bookedAt, paid ? postings.payIn(purchase, attempt) : []);
      if (paid)
        await db.query(
          `insert into card_write (id, purchase_id, card_id, terminal_id, kind, before, after, issued_at, report, reported_at)
           values ($1, $2, 'c', 't', 'sale', '', '', $3, '{}', $3)`,
          [randomUUID(), purchase.id, bookedAt],
        );
      return sold;
    },
    async refund(sold, at, paidOut = false) {
      const no = `F${sold.attempt.outTradeNo}`;
      const way = { way: "bank", drawerId: null, by: ["a", "b"], evidence: "e" } as const;
      const refund = { ...{ no, amountFen: sold.attempt.amountFen, stuck: false, why: null, sentAt: at, failures: 0 } };
      sold.purchase = {
        ...sold.purchase,
        state: "refunded",
        refund: { ...refund, paidOut: paidOut ? { ...way, by: ["a", "b"] } : null, refundedAt: at },
      };
      await db.query("delete from card_write where purchase_id = $1", [sold.purchase.id]);
      await commit(
        sold,
        { type: "purchase", event: { type: "refundDone" } },
        at,
        postings.payBack(sold.purchase, sold.attempt),
      );
      return no;
    },
    async late(sold, at, refunded) {
      const { attempt } = sold;
      const late = {
        transactionId: "L",
        refundNo: `R${attempt.outTradeNo}`,
        failures: 0,
        stuck: false,
        why: null,
        paidOut: null,
      };
      sold.attempt = { ...attempt, lateSuccess: { ...late, refunded: false } };
      const event = { type: "attempt", attemptId: attempt.id, event: { type: "answered" } };
      await commit(sold, event, at, postings.lateSuccess(sold.attempt));
      if (!refunded) return;
      sold.attempt = { ...attempt, lateSuccess: { ...late, refunded: true } };
      await commit(sold, event, at, postings.lateRefunded(sold.purchase, sold.attempt, null));
    },
    line: (type, no, more = {}) => ({
      ...{ type, no, transactionId: `T${type}${no}`, amountFen: 100, at: dayAtStart(day) + 12 * hourMs },
      ...(type === "REFUND" ? { refundNo: `F${no}` } : {}),
      ...more,
    }),
    async differences(where = "true") {
      const { rows } = await db.query<DifferenceRow>(
        `select * from reconciliation_difference where ${where} order by day, out_trade_no, side, kind`,
      );
      return rows;
    },
    async ledger(account) {
      const { rows } = await db.query<{ sum: number }>(
        "select coalesce(sum(amount), 0)::bigint as sum from posting where account = $1",
        [account],
      );
      return rows[0]?.sum ?? 0;
    },
    async close() {
      for (const each of opened) await each.stop();
      await store.close();
      await db.end();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The books for finance and supervisors: chart of accounts, trial balance, account statement, a purchase's trail. */
import { Id, ProblemSchema } from "@citygas/api";
import { type ChartLine, type Commodity, chartLine, chartOfAccounts } from "@citygas/core";
import { Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { requireStaff } from "../http/auth.ts";
import { pageFields, pageOf } from "../http/page.ts";
import { sendProblem } from "../http/problem.ts";
import { instantOf, Time, timeText } from "../registration/fields.ts";
import { TrailItemSchema } from "../trail/schema.ts";
import { trailOfPurchase } from "../trail/trail.ts";
import {
  balanceBefore,
  balances,
  balanceThrough,
  prefixSums,
  type StatementKey,
  type StatementRow,
  statementRows,
} from "./ledgerRows.ts";

const onRequest = requireStaff("finance", "supervisor");
const common = { tags: ["ledger"], security: [{ bearer: [] }] };
const Text = Type.String();
const Amount = Type.Integer();
const CommodityField = Type.Unsafe<Commodity>(
  Type.Union([Type.Literal("fen"), Type.Literal("litre"), Type.Literal("meterCredit")]),
);
const Account = Type.String({ pattern: "^[A-Za-z]{1,20}:[\\x21-\\x7e]{1,80}$", description: "such as gateway:wechat" });
const limitDefault = 50;

const ChartView = Type.Object({
  prefix: Text,
  of: Text,
  kind: Text,
  commodities: Type.Array(CommodityField),
  zh: Text,
  en: Text,
});
const TrialLine = Type.Object({
  prefix: Text,
  commodity: CommodityField,
  kind: Text,
  zh: Text,
  en: Text,
  debit: Amount,
  credit: Amount,
});
const BalanceView = Type.Object({
  account: Text,
  commodity: CommodityField,
  amount: Type.Integer({ description: "debit positive, credit negative" }),
  kind: Text,
  zh: Text,
  en: Text,
});
const StatementLine = Type.Object({
  eventId: Text,
  at: Text,
  amount: Amount,
  balance: Type.Integer({ description: "after this line" }),
  subject: Type.Object({ kind: Text, id: Text }),
  type: Text,
});

/** What is on no chart is a programmer's error, and shown as it is rather than hidden. */
const described = (account: string): Pick<ChartLine, "kind" | "zh" | "en"> => {
  const line = chartLine(account);
  return line === undefined
    ? { kind: "asset", zh: account, en: account }
    : { kind: line.kind, zh: line.zh, en: line.en };
};

export const ledgerRoutes: Routes = (app, ctx) => {
  app.get(
    "/ledger/chart",
    {
      onRequest,
      schema: {
        ...common,
        summary: "科目表 · Every kind of account that a posting may name",
        response: { 200: Type.Object({ items: Type.Array(ChartView) }), default: ProblemSchema },
      },
    },
    async () => ({ items: chartOfAccounts.map((line) => ({ ...line, commodities: [...line.commodities] })) }),
  );
  app.get(
    "/ledger/trial-balance",
    {
      onRequest,
      schema: {
        ...common,
        summary: "试算平衡 · Debits and credits by kind of account; each commodity's debits equal its credits",
        querystring: Type.Object({ before: Type.Optional(Time) }),
        response: {
          200: Type.Object({
            before: Type.Union([Text, Type.Null()]),
            lines: Type.Array(TrialLine),
            sums: Type.Array(Type.Object({ commodity: CommodityField, debit: Amount, credit: Amount })),
          }),
          default: ProblemSchema,
        },
      },
    },
    async ({ query }) => {
      const before = query.before === undefined ? null : instantOf(query.before);
      const lines = (await prefixSums(ctx.db, before)).map((line) => ({ ...line, ...described(`${line.prefix}:x`) }));
      const sums = (["fen", "litre", "meterCredit"] as const).map((commodity) => {
        const own = lines.filter((line) => line.commodity === commodity);
        const total = (of: "debit" | "credit"): number => own.reduce((sum, line) => sum + line[of], 0);
        return { commodity, debit: total("debit"), credit: total("credit") };
      });
      return { before: before === null ? null : timeText(before), lines, sums };
    },
  );
  app.get(
    "/ledger/accounts",
    {
      onRequest,
      schema: {
        ...common,
        summary: "账户余额 · Balances of single accounts, in the order of their names",
        querystring: Type.Object({
          ...pageFields,
          before: Type.Optional(Time),
          prefix: Type.Optional(Type.String({ maxLength: 100, description: "accounts that begin so" })),
        }),
        response: { 200: pageOf(BalanceView), default: ProblemSchema },
      },
    },
    async ({ query }) => {
      const limit = query.limit ?? limitDefault;
      const after = query.cursor === undefined ? "" : textOfCursor(query.cursor);
      const before = query.before === undefined ? null : instantOf(query.before);
      const rows = await balances(ctx.db, { before, after, limit: limit + 1, prefix: query.prefix ?? null });
      const accounts = [...new Set(rows.map(({ account }) => account))];
      const shown = new Set(accounts.slice(0, limit));
      const last = [...shown].at(-1);
      const items = rows
        .filter(({ account }) => shown.has(account))
        .map((row) => ({ ...row, ...described(row.account) }));
      return { items, next: accounts.length > limit && last !== undefined ? cursorOf(last) : null };
    },
  );
  statementRoute(app, ctx);
  app.get(
    "/ledger/purchases/:id/trail",
    {
      onRequest,
      schema: {
        ...common,
        summary: "一笔购气从扫码到入账 · A purchase from scan to posting: every event with its postings",
        params: Type.Object({ id: Id }),
        response: { 200: Type.Object({ items: Type.Array(TrailItemSchema) }), default: ProblemSchema },
      },
    },
    async (request, reply) => {
      const items = await trailOfPurchase(ctx.db, request.params.id);
      return items === undefined ? sendProblem(reply, "purchase.notFound") : reply.send({ items });
    },
  );
};

const statementRoute: Routes = (app, ctx) => {
  app.get(
    "/ledger/accounts/:account/statement",
    {
      onRequest,
      schema: {
        ...common,
        summary: "账户明细 · An account's postings in the order of time, with opening and closing balance",
        params: Type.Object({ account: Account }),
        querystring: Type.Object({
          ...pageFields,
          from: Type.Optional(Time),
          to: Type.Optional(Time),
          commodity: Type.Optional(CommodityField),
        }),
        response: {
          200: Type.Object({
            account: Text,
            commodity: CommodityField,
            zh: Text,
            en: Text,
            openingBalance: Amount,
            closingBalance: Amount,
            items: Type.Array(StatementLine),
            next: Type.Union([Text, Type.Null()]),
          }),
          default: ProblemSchema,
        },
      },
    },
    async (request, reply) => {
      const { account } = request.params;
      const chart = chartLine(account);
      if (chart === undefined) return sendProblem(reply, "notFound");
      const { query } = request;
      const commodity = query.commodity ?? chart.commodities[0] ?? "fen";
      const after = query.cursor === undefined ? null : readKey(textOfCursor(query.cursor));
      if (query.cursor !== undefined && after === null)
        return sendProblem(reply, "request.invalid", { detail: "cursor" });
      const from = query.from === undefined ? 0 : instantOf(query.from);
      const to = query.to === undefined ? ctx.now() + 1 : instantOf(query.to);
      const limit = query.limit ?? limitDefault;
      const rows = await statementRows(ctx.db, account, commodity, { from, to, after, limit: limit + 1 });
      const openingBalance = await balanceBefore(ctx.db, account, commodity, from);
      const closingBalance = await balanceBefore(ctx.db, account, commodity, Math.max(from, to));
      const begin = after === null ? openingBalance : await balanceThrough(ctx.db, account, commodity, after);
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return reply.send({
        ...{ account, commodity, zh: chart.zh, en: chart.en, openingBalance, closingBalance },
        items: linesOf(shown, begin),
        next: rows.length > limit && last !== undefined ? cursorOf(keyText(last)) : null,
      });
    },
  );
};

function linesOf(rows: readonly StatementRow[], begin: number) {
  let balance = begin;
  return rows.map((row) => {
    balance += row.amount;
    return {
      eventId: row.event_id,
      at: timeText(row.at),
      amount: row.amount,
      balance,
      subject: { kind: row.subject_kind, id: row.subject_id },
      type: row.event.type,
    };
  });
}

const cursorOf = (text: string): string => Buffer.from(text).toString("base64url");
const textOfCursor = (cursor: string): string => Buffer.from(cursor, "base64url").toString("utf8").replaceAll("\0", "");
const keyText = ({ at, seq, event_id }: StatementRow): string => `${at} ${seq} ${event_id}`;

/** null: no cursor of ours. */
function readKey(text: string): StatementKey | null {
  const match = /^(\d{1,15}) (\d{1,9}) (\S{1,80})$/.exec(text);
  return match === null ? null : { at: Number(match[1]), seq: Number(match[2]), eventId: match[3] ?? "" };
}

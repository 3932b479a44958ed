/** What staff do to an account: block it, put a debt on it, correct its balance. Each is one entry in its log. */
import {
  carriedOf,
  postings as corePostings,
  type Fen as FenAmount,
  type Id,
  ok,
  type Posting,
  withCarried,
} from "@citygas/core";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { AccountView, accounts, BlockReason } from "./accounts.ts";
import { Fen, Name, orNull, PositiveFen, timeText } from "./fields.ts";
import { changeAccount, type KeyedBy } from "./guarded.ts";
import { invalid, missing, type Registered } from "./outcome.ts";
import { readOne, registerAction } from "./resource.ts";

/** Chart of accounts: `adjustment:UNIT` is where a correction of a balance comes from or goes to. */
const entry = (from: string, to: string, amountFen: FenAmount): Posting[] => [
  { account: to, commodity: "fen", amount: amountFen },
  { account: from, commodity: "fen", amount: -amountFen },
];

/** Adds to (or takes from) the free balance. Refused when it would fall below zero. */
export function adjustBalance(
  ctx: ServerContext,
  accountId: Id,
  { amountFen, reason }: { amountFen: FenAmount; reason: string },
  by: KeyedBy,
): Promise<Registered<{ balanceFen: FenAmount }>> {
  const event = { type: "balanceAdjusted", amountFen, reason };
  const eventId = derivedId("adjustment", accountId, by.key, by.fingerprint);
  return changeAccount(ctx, accountId, { event, eventId, idempotency: by }, (account) => {
    const balanceFen = account.balanceFen + amountFen;
    if (amountFen === 0) return invalid("amountFen is 0");
    if (balanceFen < 0) return invalid("the free balance does not cover it");
    const postings = entry(`customer:${accountId}`, `adjustment:${account.unitId}`, amountFen);
    return ok({ state: { ...account, balanceFen }, postings });
  });
}

/**
 * What was left in replaced meters, all of it, as money: into the balance, at a price that people set. For an account whose
 * new meter can't take it.
 */
export function carriedToBalance(
  ctx: Pick<ServerContext, "store" | "now" | "newId">,
  accountId: Id,
  { counts, amountFen }: { counts: "volume" | "money"; amountFen: FenAmount },
  by: KeyedBy,
): Promise<Registered<unknown>> {
  const event = { type: "carriedToBalance", counts, amountFen };
  const eventId = derivedId("carriedToBalance", accountId, by.key, by.fingerprint);
  return changeAccount(ctx, accountId, { event, eventId, idempotency: by }, (account) => {
    const carried = carriedOf(account);
    const amount = counts === "volume" ? carried.volumeL : carried.meterCreditFen;
    if (amount === 0) return invalid("nothing is carried");
    const postings = [
      ...corePostings.carriedBack(accountId, account.unitId, counts, amount),
      ...entry(`customer:${accountId}`, `adjustment:${account.unitId}`, amountFen),
    ];
    return ok({
      state: { ...withCarried(account, counts, -amount), balanceFen: account.balanceFen + amountFen },
      postings,
    });
  });
}

/**
 * Something owed. The books first, then the row that a purchase settles: a repetition of the same request finds the
 * entry made and makes up the row, so the two can't part.
 */
export async function addDebt(
  ctx: ServerContext,
  accountId: Id,
  { amountFen, kind }: { amountFen: FenAmount; kind: string },
  by: KeyedBy,
): Promise<Registered<{ id: Id }>> {
  const id = derivedId("debt", accountId, by.key, by.fingerprint);
  const event = { type: "debtAdded", debtId: id, amountFen, kind };
  const booked = await changeAccount(ctx, accountId, { event, eventId: id, idempotency: by }, (account) =>
    ok({ state: account, postings: entry(`sales:${account.unitId}`, `receivable:${accountId}`, amountFen) }),
  );
  if (!booked.ok) return booked;
  await ctx.db.query(
    "insert into debt (id, account_id, amount_fen, kind, created_at) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
    [id, accountId, amountFen, kind, ctx.now()],
  );
  return ok({ id });
}

type Reason = "debt" | "safetyCheck" | "suspectedTampering" | "stopped";

/** Refuses sales at every channel, or (null) allows them again. The same request again, however late, changes nothing more. */
export function setBlock(
  ctx: ServerContext,
  accountId: Id,
  reason: Reason | null,
  by: KeyedBy,
): Promise<Registered<unknown>> {
  const event = reason === null ? { type: "unblocked" } : { type: "blocked", reason };
  const eventId = derivedId("block", accountId, by.key, by.fingerprint);
  return changeAccount(ctx, accountId, { event, eventId, idempotency: by }, (account) => {
    if ((account.block?.reason ?? null) === reason) return ok({ state: account });
    return ok({ state: { ...account, block: reason === null ? null : { reason, since: ctx.now() } } });
  });
}

const DebtView = Type.Object({
  id: Type.String(),
  amountFen: Fen,
  kind: Type.String(),
  createdAt: Type.String(),
  settledBy: orNull(Type.String()),
});

export function registerAccountMoney(app: App, ctx: ServerContext): void {
  const tag = "accounts";
  registerAction(app, ctx, {
    method: "PUT",
    path: "/accounts/:id/block",
    tag,
    summary: "停止向该用户售气 · Blocks sales to the account",
    keyed: true,
    body: Type.Object({ reason: BlockReason }),
    answer: AccountView,
    run: async (c, id, { reason }, key) => viewAfter(c, id, await setBlock(c, id, reason, key)),
  });
  registerAction(app, ctx, {
    method: "DELETE",
    path: "/accounts/:id/block",
    tag,
    summary: "恢复售气 · Lifts the block",
    keyed: true,
    answer: AccountView,
    run: async (c, id, _body, key) => viewAfter(c, id, await setBlock(c, id, null, key)),
  });
  registerAction(app, ctx, {
    method: "POST",
    path: "/accounts/:id/adjustments",
    tag,
    summary: "调整账户余额 · Corrects the balance; in production only as a decision, `account.adjust`",
    keyed: true,
    body: Type.Object({
      amountFen: Type.Integer({ minimum: -10_000_000_000, maximum: 10_000_000_000 }),
      reason: Name,
    }),
    answer: AccountView,
    status: 201,
    // Money that comes from nowhere takes two people; one alone may make it where nothing is real.
    run: async (c, id, body, key) =>
      c.settings.production
        ? { ok: false, error: { code: "decision.required" } }
        : viewAfter(c, id, await adjustBalance(c, id, body, key)),
  });
  registerAction(app, ctx, {
    method: "POST",
    path: "/accounts/:id/debts",
    tag,
    summary: "登记欠费 · Adds a debt",
    keyed: true,
    body: Type.Object({ amountFen: PositiveFen, kind: Name }),
    answer: Type.Object({ id: Type.String() }),
    status: 201,
    run: addDebt,
  });
  registerAction(app, ctx, {
    method: "GET",
    path: "/accounts/:id/debts",
    tag,
    summary: "查询欠费 · The account's debts, newest first, at most 100",
    answer: Type.Object({ items: Type.Array(DebtView) }),
    run: async (c, id) => ok({ items: await debtsOf(c, id) }),
  });
}

async function viewAfter(ctx: ServerContext, id: Id, done: Registered<unknown>) {
  if (!done.ok) return done;
  const view = await readOne(ctx, accounts.source, id);
  return view === undefined ? missing("account") : ok(view);
}

async function debtsOf(ctx: ServerContext, accountId: Id) {
  const { rows } = await ctx.db.query<{
    id: string;
    amount_fen: number;
    kind: string;
    created_at: number;
    settled_by: string | null;
  }>("select * from debt where account_id = $1 order by created_at desc, id limit 100", [accountId]);
  return rows.map((row) => ({
    id: row.id,
    amountFen: row.amount_fen,
    kind: row.kind,
    createdAt: timeText(row.created_at),
    settledBy: row.settled_by,
  }));
}

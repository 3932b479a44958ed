/**
 * Cashiers' drawers. The cash in a drawer is the ledger's `drawer:ID`, nothing else. The drawer itself is a guarded
 * account without a balance of its own: blocked = closed, and its log says who opened it with what and who counted it.
 * All that moves its cash also writes the drawer, so no note is taken while it is being counted.
 *
 * Chart of accounts: `float:UNIT` change money of the company, `drawerDifference:UNIT` what was too much or too little.
 */
import { type AccountState, type Fen, type Id, ok, type Posting, type Result, type Write } from "@citygas/core";
import type { ServerContext } from "../context.ts";
import type { KeyedRequest } from "../purchases/applyEvent.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Refused, refused } from "../purchases/refused.ts";

export interface Drawer {
  id: Id;
  unitId: Id;
  name: string;
  createdAt: number;
}

interface DrawerRow {
  id: string;
  unit_id: string;
  name: string;
  created_at: number;
}
const drawerOf = (row: DrawerRow): Drawer => ({
  id: row.id,
  unitId: row.unit_id,
  name: row.name,
  createdAt: row.created_at,
});

type Context = Pick<ServerContext, "db" | "store" | "now">;

export type DrawerEvent =
  | { type: "drawerMade"; by: Id }
  | { type: "drawerOpened"; by: Id; floatFen: Fen }
  | { type: "drawerClosed"; by: Id; countedFen: Fen; differenceFen: Fen }
  | { type: "drawerDeposited"; by: [Id, Id]; amountFen: Fen; reference: string };

export async function drawerById(db: Context["db"], id: Id): Promise<Drawer | undefined> {
  const { rows } = await db.query<DrawerRow>("select * from drawer where id = $1", [id]);
  return rows[0] && drawerOf(rows[0]);
}

export async function drawerPage(
  db: Context["db"],
  unitId: Id | undefined,
  after: Id,
  limit: number,
): Promise<Drawer[]> {
  const { rows } = await db.query<DrawerRow>(
    "select * from drawer where id > $1 and ($2::text is null or unit_id = $2) order by id limit $3",
    [after, unitId ?? null, limit],
  );
  return rows.map(drawerOf);
}

/** The same drawer again where the unit has one of this name. It is closed. notFound: no such unit. */
export async function makeDrawer(ctx: Context, unitId: Id, name: string, by: Id): Promise<Result<Drawer, Refused>> {
  const { rows } = await ctx.db.query("select 1 from company_unit where id = $1", [unitId]);
  if (rows.length === 0) return refused("notFound");
  const id = derivedId("drawer", unitId, name);
  const at = ctx.now();
  const state: AccountState = { id, unitId, balanceFen: 0, heldFen: 0, block: { reason: "stopped", since: at } };
  await ctx.store.commit({
    ...head(id, at, derivedId("drawerMade", id), { type: "drawerMade", by }),
    writes: [{ kind: "account", id, expected: 0, state }],
    postings: [],
  });
  await ctx.db.query(
    "insert into drawer (id, unit_id, name, created_at) values ($1, $2, $3, $4) on conflict do nothing",
    [id, unitId, name, at],
  );
  return ok({ id, unitId, name, createdAt: at });
}

/** Fen. */
export async function cashIn({ db }: Pick<ServerContext, "db">, drawerId: Id): Promise<Fen> {
  const { rows } = await db.query<{ sum: number }>(
    "select coalesce(sum(amount), 0)::bigint as sum from ledger_balance where account = $1 and commodity = 'fen'",
    [`drawer:${drawerId}`],
  );
  return rows[0]?.sum ?? 0;
}

export interface OpenDrawer {
  unitId: Id;
  openedBy: Id;
  /** Goes into the commit that moves its cash. */
  claim: Write;
}

/** notFound, or drawer.closed. */
export async function openDrawer(ctx: Context, id: Id): Promise<Result<OpenDrawer, Refused>> {
  const drawer = await drawerById(ctx.db, id);
  const found = (await ctx.store.load([{ kind: "account", id }])).get("account", id);
  if (drawer === undefined || found === undefined) return refused("notFound");
  if (found.state.block !== null) return refused("drawer.closed");
  const opened = await lastOpening(ctx, id);
  if (opened === undefined) throw new Error(`drawer ${id} is open and was never opened`);
  const claim: Write = { kind: "account", id, expected: found.version, state: found.state };
  return ok({ unitId: drawer.unitId, openedBy: opened.by, claim });
}

type Opening = Extract<DrawerEvent, { type: "drawerOpened" }>;

/** Whose drawer it is, or was last. */
export async function lastOpening({ db }: Pick<ServerContext, "db">, id: Id): Promise<Opening | undefined> {
  const { rows } = await db.query<{ event: Opening }>(
    `select event from event where subject_kind = 'account' and subject_id = $1 and event->>'type' = 'drawerOpened'
     order by seq desc limit 1`,
    [id],
  );
  return rows[0]?.event;
}

const triesMax = 10;
const move = (from: string, to: string, amount: Fen): Posting[] =>
  amount === 0
    ? []
    : [
        { account: to, commodity: "fen", amount },
        { account: from, commodity: "fen", amount: -amount },
      ];

interface Change {
  event: DrawerEvent;
  block: AccountState["block"];
  postings: Posting[];
}

/**
 * One change of a drawer, once per request. Its cash is read after the drawer was, and the commit wants the drawer
 * unmoved: whatever cash came or went in between makes it look again.
 */
async function changeDrawer(
  ctx: Context,
  id: Id,
  request: KeyedRequest,
  change: (drawer: AccountState, cashFen: Fen, version: number) => Result<Change, Refused>,
): Promise<Result<DrawerEvent, Refused>> {
  if ((await drawerById(ctx.db, id)) === undefined) return refused("notFound");
  for (let tries = 1; tries <= triesMax; tries++) {
    const before = await eventById(ctx, id, request.eventId);
    if (before !== undefined) return ok(before);
    const found = (await ctx.store.load([{ kind: "account", id }])).get("account", id);
    if (found === undefined) return refused("notFound");
    const wanted = change(found.state, await cashIn(ctx, id), found.version);
    if (!wanted.ok) return wanted;
    const { event, block, postings } = wanted.value;
    const committed = await ctx.store.commit({
      ...head(id, ctx.now(), request.eventId, event),
      writes: [{ kind: "account", id, expected: found.version, state: { ...found.state, block } }],
      postings,
      idempotency: { key: request.key, fingerprint: request.fingerprint },
    });
    if (committed.kind === "done") return ok(event);
    if (committed.kind === "replay" && !committed.sameRequest) return refused("request.keyReused");
  }
  return refused("server.unavailable");
}

/** The log of a drawer holds nothing but what stands here. */
async function eventById(ctx: Context, id: Id, eventId: Id): Promise<DrawerEvent | undefined> {
  const { rows } = await ctx.db.query<{ event: DrawerEvent }>(
    "select event from event where event_id = $1 and subject_kind = 'account' and subject_id = $2",
    [eventId, id],
  );
  return rows[0]?.event;
}

const head = (id: Id, at: number, eventId: Id, event: DrawerEvent) => ({
  eventId,
  at,
  subject: { kind: "account", id } as const,
  event,
  guards: [],
  tasks: { add: [], drop: [] },
});

/** `floatFen`: change money that is laid in now. drawer.open when it is. */
export const openShift = (ctx: Context, id: Id, by: Id, floatFen: Fen, request: KeyedRequest) =>
  changeDrawer(ctx, id, request, (drawer) => {
    if (drawer.block === null) return refused("drawer.open");
    const postings = move(`float:${drawer.unitId}`, `drawer:${id}`, floatFen);
    return ok({ event: { type: "drawerOpened", by, floatFen }, block: null, postings });
  });

/**
 * What was counted stays in the drawer until it is taken to the bank; what it differs by is posted as a difference.
 * `version`: of the drawer as it was counted. A count that arrives late would make a difference of all that came since:
 * drawer.moved.
 */
export const closeShift = (
  ctx: Context,
  id: Id,
  by: Id,
  { countedFen, version }: { countedFen: Fen; version: number },
  request: KeyedRequest,
) =>
  changeDrawer(ctx, id, request, (drawer, cashFen, current) => {
    if (drawer.block !== null) return refused("drawer.closed");
    if (current !== version) return refused("drawer.moved");
    const differenceFen = countedFen - cashFen;
    return ok({
      event: { type: "drawerClosed", by, countedFen, differenceFen },
      block: { reason: "stopped", since: ctx.now() },
      postings: move(`drawerDifference:${drawer.unitId}`, `drawer:${id}`, differenceFen),
    });
  });

/** Cash taken to the bank, by two people. drawer.tooLittle when there is less. */
export const deposit = (
  ctx: Context,
  id: Id,
  by: [Id, Id],
  { amountFen, reference }: { amountFen: Fen; reference: string },
  request: KeyedRequest,
) =>
  changeDrawer(ctx, id, request, (drawer, cashFen) => {
    if (cashFen < amountFen) return refused("drawer.tooLittle");
    return ok({
      event: { type: "drawerDeposited", by, amountFen, reference },
      block: drawer.block,
      postings: move(`drawer:${id}`, `bank:${drawer.unitId}`, amountFen),
    });
  });

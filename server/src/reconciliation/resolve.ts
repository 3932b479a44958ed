/** What people decide about differences: by maker and checker, each correction a new entry under the proposal's id. */
import { clearSuspenseEntry, type Id, ok, type ResolutionKind, type Result, resolutionEntry } from "@citygas/core";
import type { PoolClient } from "pg";
import type { Proposal } from "../decisions/types.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { ReconciliationContext } from "./context.ts";
import { addNotes, type DifferenceRow, differenceById, effectFen } from "./differenceRows.ts";
import { postEntry } from "./entries.ts";

type Done = Result<null, Refused>;
const notApplicable = (): Done => refused("decision.notApplicable");

/** How a difference was resolved by people. */
interface ResolvedBy {
  proposalId: Id;
  by: [Id, Id];
  resolution: ResolutionKind;
  amountFen: number;
  /** The proposal that took the amount out of suspense again. */
  clearedBy?: Id;
}
// Written by this module only.
const resolvedBy = (row: DifferenceRow): ResolvedBy | null => row.resolved_by as ResolvedBy | null;

/** Only where money of the gateway is in question can there be an entry. */
const hasEffect = ({ comparison, kind }: DifferenceRow): boolean =>
  comparison === "gateway" || (comparison === "payout" && (kind === "fund" || kind === "other"));

export function mayResolve(row: DifferenceRow | undefined, resolution: ResolutionKind): Done {
  if (row === undefined) return refused("notFound");
  if (row.state === "resolved") return notApplicable();
  return resolution === "explained" || hasEffect(row) ? ok(null) : notApplicable();
}

export function resolve(
  rc: ReconciliationContext,
  proposal: Proposal,
  resolution: ResolutionKind,
  by: [Id, Id],
): Promise<Done> {
  return locked(rc, proposal, async (client, row) => {
    if (resolvedBy(row)?.proposalId === proposal.id) return ok(null);
    const may = mayResolve(row, resolution);
    if (!may.ok) return may;
    const amountFen = resolution === "explained" ? 0 : effectFen(row);
    const now = rc.now();
    const mark: ResolvedBy = { proposalId: proposal.id, by, resolution, amountFen };
    await client.query(
      `update reconciliation_difference set state = 'resolved', handling = 'none', blocks_refund = false,
         resolved_at = $2, resolved_by = $3 where id = $1`,
      [row.id, now, JSON.stringify(mark)],
    );
    const postings = resolutionEntry(resolution, row.channel, amountFen);
    if (postings.length > 0)
      await postEntry(client, {
        ...{
          eventId: proposal.id,
          channel: row.channel,
          day: row.day,
          kind: "resolution",
          amountFen,
          at: now,
          postings,
        },
        event: { type: "differenceResolved", differenceId: row.id, resolution, by },
      });
    await addNotes(client, rc.newId, [
      {
        differenceId: row.id,
        at: now,
        actor: by.join(" "),
        action: "resolved",
        doc: { ...mark, evidence: proposal.evidence },
      },
    ]);
    return ok(null);
  });
}

export function mayClear(row: DifferenceRow | undefined): Done {
  if (row === undefined) return refused("notFound");
  const mark = resolvedBy(row);
  return mark?.resolution === "suspense" && mark.clearedBy === undefined ? ok(null) : notApplicable();
}

/** The amount leaves suspense: the gateway gave it back, or it is kept as over and short. */
export function clearSuspense(
  rc: ReconciliationContext,
  proposal: Proposal,
  to: "gateway" | "overShort",
  by: [Id, Id],
): Promise<Done> {
  return locked(rc, proposal, async (client, row) => {
    const mark = resolvedBy(row);
    if (mark?.clearedBy === proposal.id) return ok(null);
    const may = mayClear(row);
    if (!may.ok || mark === null) return may;
    const now = rc.now();
    await client.query("update reconciliation_difference set resolved_by = $2 where id = $1", [
      row.id,
      JSON.stringify({ ...mark, clearedBy: proposal.id } satisfies ResolvedBy),
    ]);
    const { amountFen } = mark;
    await postEntry(client, {
      ...{ eventId: proposal.id, channel: row.channel, day: row.day, kind: "clear", amountFen, at: now },
      event: { type: "suspenseCleared", differenceId: row.id, to, by },
      postings: clearSuspenseEntry(row.channel, to, amountFen),
    });
    const doc = { to, amountFen, proposalId: proposal.id, evidence: proposal.evidence };
    await addNotes(client, rc.newId, [
      { differenceId: row.id, at: now, actor: by.join(" "), action: "suspenseCleared", doc },
    ]);
    return ok(null);
  });
}

export function mayIgnore(row: DifferenceRow | undefined, prefix: string): Done {
  if (row === undefined) return refused("notFound");
  const fits = row.reason === "unknownNumber" && row.out_trade_no?.startsWith(prefix) === true;
  return fits ? ok(null) : notApplicable();
}

/** Numbers with this beginning are other terminals': those that wait are resolved by the next look at them. */
export function ignorePrefix(
  rc: ReconciliationContext,
  proposal: Proposal,
  prefix: string,
  by: [Id, Id],
): Promise<Done> {
  return locked(rc, proposal, async (client, row) => {
    const now = rc.now();
    await client.query(
      `insert into reconciliation_ignore (channel, prefix, note, added_at, added_by) values ($1, $2, $3, $4, $5)
       on conflict (channel, prefix) do nothing`,
      [row.channel, prefix, proposal.evidence, now, JSON.stringify({ proposalId: proposal.id, by })],
    );
    await client.query(
      `update reconciliation_day set next_at = $3 where state = 'compared' and channel = $1 and day in (
         select day from reconciliation_difference
         where channel = $1 and state in ('waiting', 'open') and left(out_trade_no, length($2)) = $2)`,
      [row.channel, prefix, now],
    );
    return ok(null);
  });
}

function locked(
  rc: ReconciliationContext,
  { ref }: Proposal,
  change: (client: PoolClient, row: DifferenceRow) => Promise<Done>,
): Promise<Done> {
  return rc.heavy.transaction(async (client) => {
    const row = await differenceById(client, ref, true);
    return row === undefined ? refused("notFound") : await change(client, row);
  });
}

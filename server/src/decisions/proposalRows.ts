/** SQL of what two people decide. */
import type { Id, Instant } from "@citygas/core";
import type { Pool } from "pg";
import { readTimeKey } from "../http/page.ts";
import { errorCode } from "../store/database.ts";
import type { Proposal } from "./types.ts";

export type ProposalState = "proposed" | "confirmed" | "done" | "failed" | "rejected" | "withdrawn";

export interface StoredProposal extends Proposal {
  state: ProposalState;
  fingerprint: string;
  checkerId: Id | null;
  decidedAt: Instant | null;
  /** The checker's, or who withdrew it. */
  words: string | null;
  tries: number;
  doneAt: Instant | null;
  /** What it led to, or the code it was refused with. */
  outcome: unknown;
}

interface Row {
  id: string;
  kind: string;
  ref: string;
  doc: unknown;
  evidence: string;
  fingerprint: string;
  maker_id: string;
  made_at: number;
  state: ProposalState;
  checker_id: string | null;
  decided_at: number | null;
  words: string | null;
  tries: number;
  done_at: number | null;
  outcome: unknown;
}

const proposalOf = (row: Row): StoredProposal => ({
  id: row.id,
  kind: row.kind,
  ref: row.ref,
  doc: row.doc,
  evidence: row.evidence,
  fingerprint: row.fingerprint,
  makerId: row.maker_id,
  madeAt: row.made_at,
  state: row.state,
  checkerId: row.checker_id,
  decidedAt: row.decided_at,
  words: row.words,
  tries: row.tries,
  doneAt: row.done_at,
  outcome: row.outcome,
});

/**
 * Adding one that is there does nothing.
 * @returns false: another one of this kind about the same thing is not settled yet.
 */
export async function addProposal(db: Pool, p: Proposal, fingerprint: string): Promise<boolean> {
  try {
    await db.query(
      `insert into proposal (id, kind, ref, doc, evidence, fingerprint, maker_id, made_at, state, open_key)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9) on conflict (id) do nothing`,
      [p.id, p.kind, p.ref, JSON.stringify(p.doc), p.evidence, fingerprint, p.makerId, p.madeAt, `${p.kind} ${p.ref}`],
    );
    return true;
  } catch (error) {
    if (errorCode(error) === "23505") return false;
    throw error;
  }
}

export async function proposalById(db: Pool, id: Id): Promise<StoredProposal | undefined> {
  const { rows } = await db.query<Row>("select * from proposal where id = $1", [id]);
  return rows[0] && proposalOf(rows[0]);
}

export interface ProposalFilter {
  state?: ProposalState | undefined;
  kind?: string | undefined;
  ref?: Id | undefined;
}

/** Newest first, after `after`. */
export async function proposalPage(
  db: Pool,
  { state, kind, ref }: ProposalFilter,
  after: string,
  limit: number,
): Promise<StoredProposal[]> {
  const from = readTimeKey(after, Number.MAX_SAFE_INTEGER);
  const { rows } = await db.query<Row>(
    `select * from proposal where (made_at, id) < ($1, $6) and ($2::text is null or state = $2) and ($3::text is null or kind = $3)
     and ($4::text is null or ref = $4) order by made_at desc, id desc limit $5`,
    [from.at, state ?? null, kind ?? null, ref ?? null, limit, from.id],
  );
  return rows.map(proposalOf);
}

export interface Verdict {
  state: "confirmed" | "rejected" | "withdrawn";
  by: Id;
  at: Instant;
  words: string | null;
}

/** Of several verdicts on one proposal the first one counts. @returns whether this one did. */
export async function settleProposal(
  db: Pool,
  id: Id,
  from: readonly ProposalState[],
  verdict: Verdict,
): Promise<boolean> {
  const { state, by, at, words } = verdict;
  const confirmed = state === "confirmed";
  const { rowCount } = await db.query(
    `update proposal set state = $3, checker_id = case when $3 = 'withdrawn' then checker_id else $4 end,
       decided_at = $5, words = $6, next_at = $7, open_key = case when $8 then open_key end
     where id = $1 and state = any($2)`,
    [id, from, state, by, at, words, confirmed ? at : null, confirmed],
  );
  return rowCount === 1;
}

/** Takes one confirmed proposal for `leaseMs`; undefined: it is done, or somebody else has it. */
export async function takeConfirmed(
  db: Pool,
  id: Id,
  now: Instant,
  leaseMs: number,
): Promise<StoredProposal | undefined> {
  const { rows } = await db.query<Row>(
    `update proposal set next_at = $3, tries = tries + 1
     where id = $1 and state = 'confirmed' and next_at <= $2 returning *`,
    [id, now, now + leaseMs],
  );
  return rows[0] && proposalOf(rows[0]);
}

/** Confirmed and not carried out, though it is time. */
export async function dueProposals(db: Pool, now: Instant, limit: number): Promise<Id[]> {
  const { rows } = await db.query<{ id: string }>(
    "select id from proposal where next_at <= $1 and state = 'confirmed' order by next_at limit $2",
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

export async function retryProposal(db: Pool, id: Id, at: Instant): Promise<void> {
  await db.query("update proposal set next_at = $2 where id = $1 and state = 'confirmed'", [id, at]);
}

export async function endProposal(
  db: Pool,
  id: Id,
  state: "done" | "failed",
  at: Instant,
  outcome: unknown,
): Promise<void> {
  await db.query(
    `update proposal set state = $2, done_at = $3, outcome = $4, next_at = null, open_key = null
     where id = $1 and state = 'confirmed'`,
    [id, state, at, JSON.stringify(outcome ?? null)],
  );
}

/** What a decision allows later, at a reader. */
export interface Grant {
  proposalId: Id;
  what: "sale" | "refund";
  by: [maker: Id, checker: Id];
  /** The purchase's script when it was carried out. */
  scriptId: Id | null;
}

/**
 * One about this purchase that has not lapsed and was not withdrawn: one that was decided about `scriptId` before others,
 * then the newest. When it was decided says little: servers' clocks differ.
 */
export async function liveGrant(
  db: Pool,
  purchaseId: Id,
  scriptId: Id | null,
  now: Instant,
): Promise<Grant | undefined> {
  const { rows } = await db.query<Row & { what: Grant["what"]; script_id: Id | null }>(
    `select *, outcome->>'grants' as what, outcome->>'scriptId' as script_id from proposal
     where ref = $1 and state = 'done' and outcome->>'grants' in ('sale', 'refund') and (outcome->>'until')::bigint > $2
     order by (outcome->>'scriptId' is not distinct from $3) desc, decided_at desc, id desc limit 1`,
    [purchaseId, now, scriptId],
  );
  const row = rows[0];
  if (row === undefined || row.checker_id === null) return undefined;
  return { proposalId: row.id, what: row.what, by: [row.maker_id, row.checker_id], scriptId: row.script_id };
}

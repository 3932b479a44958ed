/**
 * Who did what, in chains of rows that can't be changed, left out or put in unseen: each row's hash covers its content
 * and the row before it. One chain per server process, so that servers never queue for one row; a chain opens with the
 * heads that the other chains had then, so that their ends can't be cut off unseen either.
 *
 * A row is written before the act it tells of: a refused act leaves a row, an act never goes without.
 */
import { createHash } from "node:crypto";
import type { Id, Instant } from "@citygas/core";
import type { Pool } from "pg";

export interface AuditEntry {
  /** A member of the staff, or `admin` for the administrator's token. */
  actor: Id;
  /** `decision.confirmed`, `drawer.opened` … */
  action: string;
  /** What it was done to: an id. */
  subject: string;
  /** No secret, no payment code, no full name. */
  doc: object;
}

export interface AuditRow extends AuditEntry {
  chain: string;
  seq: number;
  at: Instant;
  previousHash: string;
  hash: string;
}

export interface AuditLog {
  /** Resolves once the row is durable. */
  append(entry: AuditEntry): Promise<void>;
}

const waitingMax = 1_000;
/** Other chains' heads that a new chain remembers: the newest ones. */
const headsMax = 100;

interface Head {
  seq: number;
  hash: string;
}

/** @param chain a name that no other process uses. */
export function openAudit(db: Pool, now: () => Instant, chain: string): AuditLog {
  let head: Head | null = null;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const write = async (entry: AuditEntry): Promise<void> => {
    const before: Head = head ?? (await headOf(db, chain)) ?? (await opened(db, now(), chain));
    // Until it is known to be there: after a failure the database says where the chain ends.
    head = null;
    head = await insert(db, { ...entry, chain, seq: before.seq + 1, at: now(), previousHash: before.hash });
  };

  return {
    async append(entry) {
      if (waiting >= waitingMax) throw new Error("the audit log does not keep up");
      waiting += 1;
      const mine = last.then(() => write(entry));
      last = mine.catch(() => undefined);
      try {
        await mine;
      } finally {
        waiting -= 1;
      }
    },
  };
}

async function headOf(db: Pool, chain: string): Promise<Head | null> {
  const { rows } = await db.query<Head>("select seq, hash from audit where chain = $1 order by seq desc limit 1", [
    chain,
  ]);
  return rows[0] ?? null;
}

async function opened(db: Pool, at: Instant, chain: string): Promise<Head> {
  const { rows } = await db.query<Head & { chain: string }>(
    `select a.chain, a.seq, a.hash from audit a
     join (select chain, max(seq) as seq from audit group by chain order by max(at) desc limit $1) h
       on h.chain = a.chain and h.seq = a.seq
     order by a.chain`,
    [headsMax],
  );
  const doc = { heads: rows.map((row) => ({ chain: row.chain, seq: row.seq, hash: row.hash })) };
  return await insert(db, {
    chain,
    seq: 1,
    at,
    actor: "server",
    action: "chain.opened",
    subject: chain,
    doc,
    previousHash: "",
  });
}

async function insert(db: Pool, row: Omit<AuditRow, "hash">): Promise<Head> {
  const hash = auditHash(row);
  await db.query(
    `insert into audit (chain, seq, at, actor, action, subject, doc, previous_hash, hash)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [row.chain, row.seq, row.at, row.actor, row.action, row.subject, JSON.stringify(row.doc), row.previousHash, hash],
  );
  return { seq: row.seq, hash };
}

/** SHA-256 over the row with its document in one order of fields, whatever order the database keeps it in. */
export function auditHash(row: Omit<AuditRow, "hash">): string {
  const { chain, seq, at, actor, action, subject, doc, previousHash } = row;
  return createHash("sha256")
    .update(JSON.stringify([chain, seq, at, actor, action, subject, canonical(doc), previousHash]))
    .digest("hex");
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, canonical(each)]);
}

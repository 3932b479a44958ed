/** SQL of terminals, their pairing codes and nonces. */
import type { Id, Instant } from "@citygas/core";
import type { Pool } from "pg";
import type { TerminalFacts } from "../context.ts";

export interface PairedTerminal {
  facts: TerminalFacts;
  publicKey: string;
  pairedAt: Instant;
}

interface TerminalRow {
  id: string;
  name: string;
  kind: TerminalFacts["kind"];
  public_key: string | null;
  paired_at: number | null;
  revoked_at: number | null;
  unit_id: string;
  unit_name: string;
  company_name: string;
  hotline: string;
}

const terminalSql = `
  select t.id, t.name, t.kind, t.public_key, t.paired_at, t.revoked_at,
         u.id as unit_id, u.name as unit_name, u.company_name, u.hotline
  from terminal t join company_unit u on u.id = t.unit_id
  where t.id = $1`;

async function terminalRow(db: Pool, id: Id): Promise<TerminalRow | undefined> {
  const { rows } = await db.query<TerminalRow>({ name: "terminal", text: terminalSql, values: [id] });
  return rows[0];
}

const factsOf = (row: TerminalRow): TerminalFacts => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  unit: { id: row.unit_id, name: row.unit_name, company: row.company_name, hotline: row.hotline },
});

/** Whether paired or not, revoked or not. */
export async function terminalFacts(db: Pool, id: Id): Promise<TerminalFacts | undefined> {
  const row = await terminalRow(db, id);
  return row && factsOf(row);
}

/** undefined: unknown, not paired, or revoked. */
export async function pairedTerminal(db: Pool, id: Id): Promise<PairedTerminal | undefined> {
  const row = await terminalRow(db, id);
  if (row === undefined || row.public_key === null || row.paired_at === null || row.revoked_at !== null)
    return undefined;
  return { facts: factsOf(row), publicKey: row.public_key, pairedAt: row.paired_at };
}

/** Stores the hash of a fresh one-time code; codes given out before it for this terminal no longer pair. */
export async function addPairingCode(
  db: Pool,
  code: { hash: string; terminalId: Id; expiresAt: Instant },
): Promise<void> {
  await db.query("delete from pairing_code where terminal_id = $1 and used_at is null", [code.terminalId]);
  await db.query("insert into pairing_code (hash, terminal_id, expires_at) values ($1, $2, $3)", [
    code.hash,
    code.terminalId,
    code.expiresAt,
  ]);
}

/**
 * Uses the code up and sets the key in one statement: of two at once one wins. The one who won may ask again with the
 * same key until the code expires, because the answer may have been lost; that changes nothing, so a terminal revoked
 * or paired anew meanwhile stays so. undefined: no such code, another's, or too late.
 */
export async function usePairingCode(db: Pool, hash: string, publicKey: string, now: Instant): Promise<Id | undefined> {
  const { rows } = await db.query<{ id: string }>(
    `with used as (
       update pairing_code set used_at = $3 where hash = $1 and used_at is null and expires_at > $3
       returning terminal_id)
     update terminal set public_key = $2, paired_at = $3, revoked_at = null
     from used where terminal.id = used.terminal_id returning terminal.id`,
    [hash, publicKey, now],
  );
  return rows[0]?.id ?? (await pairedBefore(db, hash, publicKey, now));
}

async function pairedBefore(db: Pool, hash: string, publicKey: string, now: Instant): Promise<Id | undefined> {
  const { rows } = await db.query<{ id: string }>(
    `select t.id from pairing_code c join terminal t on t.id = c.terminal_id
     where c.hash = $1 and c.used_at is not null and c.expires_at > $3
       and t.public_key = $2 and t.paired_at = c.used_at and t.revoked_at is null`,
    [hash, publicKey, now],
  );
  return rows[0]?.id;
}

/** false: seen before. Nonces that are no longer in any window go with it, so the table stays small. */
export async function takeNonce(
  db: Pool,
  terminalId: Id,
  nonce: string,
  now: Instant,
  expiresAt: Instant,
): Promise<boolean> {
  await db.query("delete from terminal_nonce where terminal_id = $1 and expires_at < $2", [terminalId, now]);
  const { rowCount } = await db.query(
    "insert into terminal_nonce (terminal_id, nonce, expires_at) values ($1, $2, $3) on conflict do nothing",
    [terminalId, nonce, expiresAt],
  );
  return rowCount === 1;
}

/** When this terminal's heartbeat was last written down; null: never. */
export async function terminalSeenAt(db: Pool, id: Id): Promise<Instant | null> {
  const { rows } = await db.query<{ last_seen_at: Instant | null }>("select last_seen_at from terminal where id = $1", [
    id,
  ]);
  return rows[0]?.last_seen_at ?? null;
}

/** Heartbeats come often; one write in `everyMs` tells enough. */
export async function terminalSeen(db: Pool, id: Id, now: Instant, everyMs: number): Promise<void> {
  await db.query(
    "update terminal set last_seen_at = $2 where id = $1 and (last_seen_at is null or last_seen_at < $3)",
    [id, now, now - everyMs],
  );
}

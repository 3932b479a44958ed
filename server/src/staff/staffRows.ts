/** SQL of the staff and their tokens. */
import type { Id, Instant } from "@citygas/core";
import type { Pool } from "pg";
import type { Role } from "../decisions/types.ts";

export interface StaffMember {
  id: Id;
  name: string;
  roles: Role[];
  createdAt: Instant;
  disabledAt: Instant | null;
}

interface StaffRow {
  id: string;
  name: string;
  roles: Role[];
  created_at: number;
  disabled_at: number | null;
}

export const memberOf = (row: StaffRow): StaffMember => ({
  id: row.id,
  name: row.name,
  roles: row.roles,
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
});

/** Adding one that is there does nothing. */
export async function addStaff(db: Pool, { id, name, roles, createdAt }: StaffMember): Promise<void> {
  await db.query(
    "insert into staff (id, name, roles, created_at) values ($1, $2, $3, $4) on conflict (id) do nothing",
    [id, name, JSON.stringify(roles), createdAt],
  );
}

export async function staffMember(db: Pool, id: Id): Promise<StaffMember | undefined> {
  const { rows } = await db.query<StaffRow>("select * from staff where id = $1", [id]);
  return rows[0] && memberOf(rows[0]);
}

/** In the order of ids, after `cursor`. */
export async function staffPage(db: Pool, cursor: Id, limit: number): Promise<StaffMember[]> {
  const { rows } = await db.query<StaffRow>("select * from staff where id > $1 order by id limit $2", [cursor, limit]);
  return rows.map(memberOf);
}

export async function changeRoles(db: Pool, id: Id, roles: readonly Role[]): Promise<void> {
  await db.query("update staff set roles = $2 where id = $1", [id, JSON.stringify(roles)]);
}

/** The first time it was done stays. */
export async function disableStaff(db: Pool, id: Id, now: Instant): Promise<void> {
  await db.query("update staff set disabled_at = $2 where id = $1 and disabled_at is null", [id, now]);
}

export interface StoredToken {
  id: string;
  staffId: Id;
  /** SHA-256 of the secret half, hex. */
  hash: string;
  createdAt: Instant;
  /** null: until it is revoked. */
  expiresAt: Instant | null;
}

/** @param instead all earlier tokens of this person end with it. */
export async function addToken(db: Pool, token: StoredToken, instead: boolean): Promise<void> {
  if (instead)
    await db.query("update staff_token set revoked_at = $2 where staff_id = $1 and revoked_at is null", [
      token.staffId,
      token.createdAt,
    ]);
  await db.query("insert into staff_token (id, staff_id, hash, created_at, expires_at) values ($1, $2, $3, $4, $5)", [
    token.id,
    token.staffId,
    token.hash,
    token.createdAt,
    token.expiresAt,
  ]);
}

/** Whose token this is, and the hash of its secret half; undefined when it ended or its holder is disabled. */
export async function liveToken(
  db: Pool,
  tokenId: string,
  now: Instant,
): Promise<{ hash: string; staff: StaffMember } | undefined> {
  const { rows } = await db.query<StaffRow & { hash: string }>({
    name: "staff-token",
    text: `select s.*, t.hash from staff_token t join staff s on s.id = t.staff_id
      where t.id = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > $2) and s.disabled_at is null`,
    values: [tokenId, now],
  });
  const row = rows[0];
  return row && { hash: row.hash, staff: memberOf(row) };
}

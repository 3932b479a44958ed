/**
 * Bearer tokens of the staff: `cgs.<id>.<secret>`. The id finds the row, the secret's hash is compared in constant time.
 * Signing in with password and one-time code, which the console brings, ends in such a token with an end.
 */
import { createHash } from "node:crypto";
import type { Id, Instant } from "@citygas/core";
import type { ServerContext } from "../context.ts";
import type { StaffFacts } from "../decisions/types.ts";
import { sameSecret } from "../http/auth.ts";
import { failureLimit } from "./failureLimit.ts";
import { addToken, liveToken } from "./staffRows.ts";

const idBytes = 9;
const secretBytes = 32;
const pattern = /^cgs\.([\w-]{12})\.([\w-]{43})$/;
const failuresMax = 10;
const windowMs = 60_000;

type TokenContext = Pick<ServerContext, "db" | "now" | "random">;

export interface IssueOptions {
  /** null: until it is revoked. */
  expiresAt: Instant | null;
  /** All earlier tokens of this person end. */
  instead: boolean;
}

/** A fresh token; this is the only time that it can be seen. */
export async function issueStaffToken(ctx: TokenContext, staffId: Id, options: IssueOptions): Promise<string> {
  const text = (bytes: number): string => Buffer.from(ctx.random(bytes)).toString("base64url");
  const [id, secret] = [text(idBytes), text(secretBytes)];
  const { expiresAt, instead } = options;
  await addToken(ctx.db, { id, staffId, hash: hashOf(secret), createdAt: ctx.now(), expiresAt }, instead);
  return `cgs.${id}.${secret}`;
}

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** undefined: unknown, wrong, ended, or its holder is disabled. `locked`: too many wrong secrets for this token lately. */
export type StaffAuthenticator = (token: string) => Promise<StaffFacts | "locked" | undefined>;

/**
 * Wrong secrets are counted by token, not by address: behind a proxy everybody has the same one, and whoever guesses
 * would lock out all.
 */
export function staffAuthenticator(ctx: Pick<ServerContext, "db" | "now">): StaffAuthenticator {
  const failures = failureLimit(failuresMax, windowMs);
  return async (token) => {
    const [, id, secret] = pattern.exec(token) ?? [];
    if (id === undefined || secret === undefined) return undefined;
    if (failures.isOver(id, ctx.now())) return "locked";
    const found = await liveToken(ctx.db, id, ctx.now());
    if (found === undefined || !sameSecret(hashOf(secret), found.hash)) {
      failures.note(id, ctx.now());
      return undefined;
    }
    const { name, roles } = found.staff;
    return { id: found.staff.id, name, roles };
  };
}

/**
 * One-time links of printed receipts. Only a hash is stored, so the table opens nothing; whoever holds the paper holds
 * the link. It is used up by binding, never by opening its page: a link preview must not burn it.
 */
import { createHash } from "node:crypto";
import type { Id, Instant } from "@citygas/core";
import type { Pool } from "pg";

export const bindLinkLifeMs = 7 * 86_400_000;
/** 128 bits: can't be guessed, so the stored hash needs no salt. */
const tokenBytes = 16;

export interface BindLink {
  hash: string;
  accountId: Id;
  purchaseId: Id;
  createdAt: Instant;
  expiresAt: Instant;
}

export interface BindRows {
  addLink(link: BindLink): Promise<void>;
}

export interface BindContext {
  bindRows: BindRows;
  now(): Instant;
  random(bytes: number): Uint8Array;
}

/** A fresh link's token, for the QR of one receipt. */
export async function issueBindLink(ctx: BindContext, purchase: { id: Id; accountId: Id }): Promise<string> {
  const token = Buffer.from(ctx.random(tokenBytes)).toString("base64url");
  const now = ctx.now();
  await ctx.bindRows.addLink({
    hash: bindHash(token),
    accountId: purchase.accountId,
    purchaseId: purchase.id,
    createdAt: now,
    expiresAt: now + bindLinkLifeMs,
  });
  return token;
}

export const bindHash = (token: string): string => createHash("sha256").update(`bind:${token}`).digest("hex");

export function sqlBindRows(db: Pool): BindRows {
  return {
    async addLink(link) {
      await db.query(
        "insert into bind_link (hash, account_id, purchase_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        [link.hash, link.accountId, link.purchaseId, link.createdAt, link.expiresAt],
      );
    },
  };
}

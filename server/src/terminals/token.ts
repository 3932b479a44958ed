/**
 * Terminal tokens: who, paired when, until when, and an HMAC over it with the servers' shared secret. Nothing is stored
 * per token; a terminal that is revoked or paired anew no longer matches its row, so its old tokens end with it.
 */
import { createHmac } from "node:crypto";
import type { Id, Instant } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { sameSecret } from "../http/auth.ts";

export const tokenLifeMs = 15 * 60_000;

const Claims = Compile(Type.Object({ t: Type.String(), p: Type.Integer(), e: Type.Integer() }));

export interface TokenClaims {
  terminalId: Id;
  pairedAt: Instant;
  expiresAt: Instant;
}

export function sealToken({ terminalId, pairedAt, expiresAt }: TokenClaims, secret: string): string {
  const body = Buffer.from(JSON.stringify({ t: terminalId, p: pairedAt, e: expiresAt })).toString("base64url");
  return `${body}.${mac(body, secret)}`;
}

/** The claims of a token that we made and that has not expired. */
export function openToken(token: string, secret: string, now: Instant): TokenClaims | undefined {
  const [body, seal, ...more] = token.split(".");
  if (body === undefined || seal === undefined || more.length > 0) return undefined;
  if (!sameSecret(seal, mac(body, secret))) return undefined;
  const claims: unknown = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
  if (!Claims.Check(claims) || claims.e <= now) return undefined;
  return { terminalId: claims.t, pairedAt: claims.p, expiresAt: claims.e };
}

const mac = (body: string, secret: string): string => createHmac("sha256", secret).update(body).digest("base64url");

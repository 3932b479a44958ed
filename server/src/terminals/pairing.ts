/**
 * Pairing and tokens. A person registers a terminal, gets a one-time code and types it in at the terminal; the terminal
 * makes its own key pair and sends the public half with the code. From then on it signs for short-lived tokens.
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { type TokenRequest, tokenMessage } from "@citygas/api";
import { err, type Id, type Instant, ok, type Result } from "@citygas/core";
import type { ServerContext, TerminalFacts } from "../context.ts";
import { addPairingCode, type PairedTerminal, pairedTerminal, takeNonce, usePairingCode } from "./terminalRows.ts";
import { openToken, sealToken, tokenLifeMs } from "./token.ts";

/** Farther off than this, a terminal's clock can't be trusted with countdowns and receipts (design §5). */
export const clockSkewMaxMs = 120_000;
const pairingCodeLifeMs = 24 * 3_600_000;
/** How long a revocation made by another server may go unnoticed here. */
const cacheMs = 5_000;
const cacheMax = 10_000;

/** Crockford's base 32: no letter that is read as a digit. 12 signs = 60 bits, so a stored hash needs no salt. */
const codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const codeLength = 12;

export interface PairingCode {
  /** For people: `7K3M-09QA-XT5C`. */
  code: string;
  expiresAt: Instant;
}

type TerminalContext = Pick<ServerContext, "db" | "now" | "random">;

/** A one-time code for this terminal; earlier unused ones are void. */
export async function issuePairingCode(ctx: TerminalContext, terminalId: Id): Promise<PairingCode> {
  const signs = [...ctx.random(codeLength)].map((byte) => codeLetters[byte % codeLetters.length]).join("");
  const expiresAt = ctx.now() + pairingCodeLifeMs;
  await addPairingCode(ctx.db, { hash: codeHash(signs), terminalId, expiresAt });
  return { code: signs.replace(/(.{4})(?=.)/g, "$1-"), expiresAt };
}

/** The code as typed: case, blanks and dashes don't matter, O is 0, I and L are 1. */
function codeHash(typed: string): string {
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return createHash("sha256").update(`pairing:${code}`).digest("hex");
}

/**
 * The same code with the same key again gives the same answer: the first one may have been lost.
 * auth.required: no such code, used by another key, or expired. request.invalid: not an Ed25519 public key.
 */
export async function pairTerminal(
  ctx: TerminalContext,
  code: string,
  publicKeyPem: string,
): Promise<Result<Id, "auth.required" | "request.invalid">> {
  const key = ed25519(publicKeyPem);
  if (key === undefined) return err("request.invalid");
  const pem = key.export({ type: "spki", format: "pem" }).toString();
  const terminalId = await usePairingCode(ctx.db, codeHash(code), pem, ctx.now());
  return terminalId === undefined ? err("auth.required") : ok(terminalId);
}

function ed25519(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

export interface TerminalAuth {
  /** `unknownTerminal`, a bad signature and a replayed nonce are one answer: auth.required. */
  token(
    request: TokenRequest,
  ): Promise<Result<{ token: string; expiresAt: Instant }, "auth.required" | "auth.clockSkew">>;
  /** Who holds the token; undefined when it doesn't count (any more). */
  verify(token: string): Promise<TerminalFacts | undefined>;
  /** Forgets what is remembered about a terminal: it was revoked or changed. */
  forget(terminalId: Id): void;
}

/** `secret`: shared by all servers of the database. */
export function terminalAuth(ctx: Pick<ServerContext, "db" | "now">, secret: string): TerminalAuth {
  const remembered = new Map<Id, { at: Instant; terminal: PairedTerminal | undefined }>();
  const terminalOf = async (id: Id): Promise<PairedTerminal | undefined> => {
    const found = remembered.get(id);
    if (found !== undefined && ctx.now() - found.at < cacheMs) return found.terminal;
    const terminal = await pairedTerminal(ctx.db, id);
    if (remembered.size >= cacheMax) remembered.clear();
    remembered.set(id, { at: ctx.now(), terminal });
    return terminal;
  };
  return {
    async token(request) {
      // Not from memory: a terminal that was paired anew a second ago signs with another key.
      const terminal = await pairedTerminal(ctx.db, request.terminalId);
      const now = ctx.now();
      if (terminal === undefined || !signed(request, terminal.publicKey)) return err("auth.required");
      if (Math.abs(now - request.timestampMs) > clockSkewMaxMs) return err("auth.clockSkew");
      // Kept until no clock within the window could make it count again.
      const fresh = await takeNonce(ctx.db, request.terminalId, request.nonce, now, now + 2 * clockSkewMaxMs);
      if (!fresh) return err("auth.required");
      remembered.delete(request.terminalId);
      const expiresAt = now + tokenLifeMs;
      const claims = { terminalId: request.terminalId, pairedAt: terminal.pairedAt, expiresAt };
      return ok({ token: sealToken(claims, secret), expiresAt });
    },
    async verify(token) {
      const claims = openToken(token, secret, ctx.now());
      if (claims === undefined) return undefined;
      const terminal = await terminalOf(claims.terminalId);
      return terminal?.pairedAt === claims.pairedAt ? terminal.facts : undefined;
    },
    forget: (terminalId) => void remembered.delete(terminalId),
  };
}

function signed({ terminalId, timestampMs, nonce, signature }: TokenRequest, publicKey: string): boolean {
  const message = Buffer.from(tokenMessage(terminalId, timestampMs, nonce));
  return verify(null, message, publicKey, Buffer.from(signature, "base64"));
}

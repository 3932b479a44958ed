/**
 * Who this terminal is: an Ed25519 key of its own (made here, never leaving the folder, mode 0600), the id the centre
 * gave it for a one-time code, and the short-lived tokens it signs for.
 *
 * The key is on the disk before the code is used. If the answer is lost, the same code is offered again with the same
 * key, so the centre can tell a repetition from a stranger.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { type Answer, fetchTerminalToken, pairTerminal, tokenMessage } from "@citygas/api";

export interface Identity {
  key: KeyObject;
  /** Null: not paired yet. */
  terminalId: string | null;
}

const keyFile = "terminal-key.pem";
const idFile = "terminal.json";
/** Tokens are renewed this long before they end. */
const renewBeforeMs = 60_000;

/** Reads the identity, making the key if there is none. Throws when what is there can't be read. */
export async function openIdentity(folder: string): Promise<Identity> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pem = await readIfThere(join(folder, keyFile));
  const key = pem === null ? generateKeyPairSync("ed25519").privateKey : createPrivateKey(pem);
  if (pem === null) await writeDurably(folder, keyFile, key.export({ type: "pkcs8", format: "pem" }).toString());
  const id = await readIfThere(join(folder, idFile));
  return { key, terminalId: id === null ? null : terminalIdOf(JSON.parse(id)) };
}

/** Pairs by the code and keeps the id. */
export async function pair(
  folder: string,
  serverUrl: string,
  identity: Identity,
  code: string,
): Promise<Answer<string>> {
  const publicKey = createPublicKey(identity.key).export({ type: "spki", format: "pem" }).toString();
  const paired = await pairTerminal({ serverUrl }, { code, publicKey });
  if (!paired.ok) return paired;
  const { terminalId } = paired.value;
  await writeDurably(folder, idFile, `${JSON.stringify({ terminalId })}\n`);
  return { ok: true, value: terminalId };
}

/** Tokens for the client, one request at a time, kept until shortly before they end. */
export function tokenSource(parts: {
  serverUrl: string;
  terminalId: string;
  key: KeyObject;
  /** Wall clock (ms since the epoch): the centre refuses one that is far off. */
  wallMs: () => number;
}): (fresh: boolean) => Promise<Answer<string>> {
  let kept: { token: string; expiresAtMs: number } | null = null;
  let asking: Promise<Answer<string>> | null = null;
  const ask = async (): Promise<Answer<string>> => {
    const { serverUrl, terminalId, key } = parts;
    const timestampMs = Math.round(parts.wallMs());
    const nonce = randomBytes(16).toString("hex");
    const signature = sign(null, Buffer.from(tokenMessage(terminalId, timestampMs, nonce)), key).toString("base64");
    const answer = await fetchTerminalToken({ serverUrl }, { terminalId, timestampMs, nonce, signature });
    if (!answer.ok) return answer;
    kept = answer.value;
    return { ok: true, value: answer.value.token };
  };
  return (fresh) => {
    if (!fresh && kept !== null && kept.expiresAtMs - parts.wallMs() > renewBeforeMs) {
      return Promise.resolve({ ok: true, value: kept.token });
    }
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}

function terminalIdOf(json: unknown): string {
  if (typeof json === "object" && json !== null && "terminalId" in json && typeof json.terminalId === "string") {
    return json.terminalId;
  }
  throw new Error(`${idFile}: no terminalId`);
}

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
}

async function writeDurably(folder: string, name: string, text: string): Promise<void> {
  const fresh = join(folder, `${name}.new`);
  const file = await open(fresh, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, join(folder, name));
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

import { randomBytes } from "node:crypto";
import type { Bank } from "./bank.ts";
import type { Book } from "./book.ts";
import { type CallbackMerchant, contentOf, type Letter, makeEnvelopes, type Spoil } from "./callbackMessages.ts";
import type { FaultTaker } from "./faults.ts";
import { type GatewayKeys, newestCertificate } from "./keys.ts";
import type { BankEvent } from "./money.ts";
import type { CallbackRow } from "./rows.ts";
import { PUBLIC_KEY_ID } from "./wechatSigning.ts";

/**
 * The gateways' messages to their merchant, sent until they are taken (facts/payments.md §1.3, §2.1). They are rows of
 * the book: a restart goes on sending.
 */
export interface CallbackSettings {
  /** The published waits between sendings, times this; 0: no wait at all. */
  delayFactor: number;
  /** Which key signs WeChat Pay's; "mixed": `publicKeyPercent` of them with the public key, as while a merchant migrates. */
  serial: "publicKey" | "certificate" | "mixed";
  publicKeyPercent: number;
}

export interface Callbacks {
  settings(): CallbackSettings;
  set(change: Partial<CallbackSettings>): void;
  /** Oldest first; what is over is kept for a while. */
  list(): CallbackRow[];
  /** Sends what is due now; resolves when each of these was answered or was not. */
  deliverDue(): Promise<void>;
  /** Sends one again that is over, as the merchant's platform lets a person do; false for an unknown one. */
  resend(id: string): boolean;
  close(): Promise<void>;
}

const SECONDS: Readonly<Record<"wechat" | "alipay", readonly number[]>> = {
  wechat: [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600],
  alipay: [240, 600, 600, 3600, 7200, 21_600, 54_000],
};
const ANSWER_WITHIN_MS = 5_000;
/** How often the time is looked at, and how long an out-of-order message waits at most. */
const LOOK_EVERY_MS = 250;
const REORDER_AT_MOST_MS = 60_000;
const AT_ONCE = 16;

export interface CallbackParts {
  book: Book;
  bank: Bank;
  faults: FaultTaker;
  keys: GatewayKeys;
  merchant: CallbackMerchant;
  now: () => number;
  wallClock: () => number;
  /** Sees what came of each sending. */
  onSent?: (row: CallbackRow) => void;
}

interface Answered {
  status: number;
  text: string;
}

async function post(url: string, { headers, body }: Letter, signal: AbortSignal): Promise<Answered | null> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: limit });
    return { status: response.status, text: await response.text() };
  } catch {
    return null;
  }
}

/** The gateway stops repeating for this answer only. */
function isTaken(row: CallbackRow, answer: Answered | null): boolean {
  if (answer === null) return false;
  if (row.gateway === "alipay") return answer.status === 200 && answer.text.trim() === "success";
  return answer.status === 200 || answer.status === 204;
}

export function makeCallbacks(parts: CallbackParts): Callbacks {
  const { book, bank, faults, now } = parts;
  const seal = makeEnvelopes(parts.keys, parts.wallClock);
  const settings: CallbackSettings = { delayFactor: 1, serial: "publicKey", publicKeyPercent: 50 };
  const flying = new Map<string, Promise<void>>();
  const ending = new AbortController();
  /** Messages that wait until another one was delivered. */
  const heldBack = new Set<string>();
  let sendings = 0;

  function serial(): string {
    sendings += 1;
    // Spread evenly, so that a few messages show both kinds.
    const share = (count: number): number => Math.floor((count * settings.publicKeyPercent) / 100);
    const byPublicKey =
      settings.serial === "mixed" ? share(sendings) > share(sendings - 1) : settings.serial === "publicKey";
    return byPublicKey ? PUBLIC_KEY_ID : newestCertificate(parts.keys).serial;
  }

  function firstAt(row: Pick<CallbackRow, "id" | "gateway">): number | null {
    if (faults.take("callbackLost", row.gateway)) return null;
    const lateMs = faults.takeMs("callbackLate", row.gateway);
    if (lateMs !== null) return now() + lateMs;
    if (!faults.take("callbackReordered", row.gateway)) return now();
    heldBack.add(row.id);
    return now() + REORDER_AT_MOST_MS;
  }

  function enqueue(event: BankEvent): void {
    const content = contentOf(event, parts.merchant, now());
    if (content === null) return;
    const id = `EV-${now()}${randomBytes(6).toString("hex")}`;
    const nextAt = firstAt({ id, gateway: content.gateway });
    const state = nextAt === null ? "lost" : "waiting";
    const row: CallbackRow = { id, ...content, createdAt: now(), tries: 0, lastStatus: null, nextAt, state };
    book.commit({ callbacks: [row] });
    // After the answer to the call that caused it, as a rule.
    setImmediate(() => void deliverDue());
  }

  /** Everything that goes out for one sending: the message itself last. */
  function spoils(row: CallbackRow): Spoil[] {
    const before: Spoil[] = [];
    if (faults.take("callbackForged", row.gateway)) before.push("forged");
    if (row.gateway === "wechat" && faults.take("callbackProbe", "wechat")) before.push("probe");
    if (row.gateway === "wechat" && faults.take("callbackStale", "wechat")) return [...before, "stale"];
    if (row.gateway === "wechat" && faults.take("callbackUndecryptable", "wechat")) return [...before, "undecryptable"];
    return faults.take("callbackDoubled", row.gateway) ? [...before, null, null] : [...before, null];
  }

  function after(row: CallbackRow, answer: Answered | null): CallbackRow {
    const tries = row.tries + 1;
    const answered = { ...row, tries, lastStatus: answer?.status ?? null };
    if (isTaken(row, answer)) return { ...answered, state: "taken", nextAt: null };
    const seconds = SECONDS[row.gateway === "alipay" ? "alipay" : "wechat"][tries - 1];
    if (seconds === undefined) return { ...answered, state: "givenUp", nextAt: null };
    return { ...answered, nextAt: now() + seconds * 1000 * settings.delayFactor };
  }

  async function send(row: CallbackRow): Promise<void> {
    heldBack.delete(row.id);
    let answer: Answered | null = null;
    const wanted = spoils(row);
    const doubled = wanted.filter((spoil) => spoil === null).length === 2;
    for (const spoil of doubled ? wanted.slice(0, -2) : wanted) {
      answer = await post(row.url, seal(row, serial(), spoil), ending.signal);
    }
    if (doubled) {
      const letters = [seal(row, serial(), null), seal(row, serial(), null)];
      const answers = await Promise.all(letters.map((letter) => post(row.url, letter, ending.signal)));
      answer = answers.find((each) => isTaken(row, each)) ?? null;
    }
    if (ending.signal.aborted) return;
    const sent = after(row, answer);
    const freed = [...heldBack].flatMap((id) => book.callbacks.get(id) ?? []);
    heldBack.clear();
    book.commit({ callbacks: [sent, ...freed.map((each) => ({ ...each, nextAt: now() }))] });
    parts.onSent?.(sent);
  }

  function due(): CallbackRow[] {
    return [...book.callbacks.values()].filter(
      ({ id, nextAt, state }) => state === "waiting" && nextAt !== null && nextAt <= now() && !flying.has(id),
    );
  }

  async function deliverDue(): Promise<void> {
    if (ending.signal.aborted) return;
    bank.settle();
    for (const row of due().slice(0, Math.max(0, AT_ONCE - flying.size))) {
      flying.set(
        row.id,
        send(row).finally(() => flying.delete(row.id)),
      );
    }
    await Promise.all(flying.values());
  }

  bank.onEvent(enqueue);
  const looking = setInterval(() => void deliverDue(), LOOK_EVERY_MS);
  looking.unref();

  return {
    settings: () => ({ ...settings }),
    set: (change) => void Object.assign(settings, change),
    list: () => [...book.callbacks.values()],
    deliverDue,
    resend(id) {
      const row = book.callbacks.get(id);
      if (row === undefined) return false;
      book.commit({ callbacks: [{ ...row, state: "waiting", nextAt: now() }] });
      setImmediate(() => void deliverDue());
      return true;
    },
    async close() {
      clearInterval(looking);
      ending.abort();
      await Promise.all(flying.values());
    },
  };
}

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Gateway } from "./names.ts";
import {
  type CallbackRow,
  type Change,
  type LedgerRow,
  type PayCalls,
  type PaymentCode,
  type PhoneRow,
  readChange,
  type Trade,
} from "./rows.ts";

/**
 * What the sandbox gateways must still know after a kill -9: trades, ledger, payment codes, phones. One change = one
 * line of an append-only JSON-lines file, holding all rows it touched, so that a charge, its trade and its payer's
 * balance are there together or not at all. A last line cut short was never acknowledged and is dropped.
 */
export interface Book {
  readonly trades: ReadonlyMap<string, Trade>;
  readonly ledger: readonly LedgerRow[];
  readonly codes: ReadonlyMap<string, PaymentCode>;
  readonly phones: ReadonlyMap<string, PhoneRow>;
  readonly payCalls: ReadonlyMap<string, PayCalls>;
  readonly callbacks: ReadonlyMap<string, CallbackRow>;
  /** Keys of the trades that time alone may change: unpaid, or with a refund under way. */
  readonly unsettled: ReadonlySet<string>;
  /** Writes one line, then shows the change: what a reader sees has been handed to the system. */
  commit(change: Change): void;
  close(): void;
}

/** A code this old pays no longer, and a code that isn't known is refused just the same. */
const FORGET_CODE_AFTER_MS = 3600_000;
/** Messages kept for the eye once they are over. */
const CALLBACKS_KEPT = 500;

function isUnsettled(trade: Trade): boolean {
  return (
    trade.state === "notPaid" ||
    trade.state === "userPaying" ||
    trade.refunds.some(({ state }) => state === "processing")
  );
}

export const tradeKey = (gateway: Gateway, outTradeNo: string): string => `${gateway}:${outTradeNo}`;

function readChanges(path: string): Change[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  // Every whole line ends in a line feed, so what follows the last one was cut off while it was written.
  lines.pop();
  return lines.map((line, index) => {
    const change = readChange(line);
    if (change === undefined) throw new Error(`${path}:${index + 1} is no change of the sandbox gateways' book`);
    return change;
  });
}

/** Opens the book in `dir` and rewrites its file as one line, so that it stays short however often it is restarted. */
export function openBook(dir: string): Book {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "gateways.jsonl");
  const trades = new Map<string, Trade>();
  const ledger: LedgerRow[] = [];
  const codes = new Map<string, PaymentCode>();
  const phones = new Map<string, PhoneRow>();
  const payCalls = new Map<string, PayCalls>();
  const callbacks = new Map<string, CallbackRow>();
  const unsettled = new Set<string>();

  function showTrade(trade: Trade): void {
    const key = tradeKey(trade.gateway, trade.outTradeNo);
    trades.set(key, trade);
    if (isUnsettled(trade)) unsettled.add(key);
    else unsettled.delete(key);
  }

  function forgetCallbacks(): void {
    for (const { id, state } of callbacks.values()) {
      if (callbacks.size <= CALLBACKS_KEPT) return;
      if (state !== "waiting") callbacks.delete(id);
    }
  }

  function forgetCodesBefore(instant: number): void {
    for (const code of codes.values()) {
      if (code.issuedAt >= instant) return; // they stand in the order of their issue
      codes.delete(code.code);
    }
  }

  function show(change: Change): void {
    for (const trade of change.trades ?? []) showTrade(trade);
    for (const row of change.ledger ?? []) ledger.push(row);
    for (const code of change.codes ?? []) {
      codes.set(code.code, code);
      forgetCodesBefore(code.issuedAt - FORGET_CODE_AFTER_MS);
    }
    for (const phone of change.phones ?? []) phones.set(phone.id, phone);
    for (const calls of change.payCalls ?? []) payCalls.set(tradeKey(calls.gateway, calls.outTradeNo), calls);
    for (const callback of change.callbacks ?? []) {
      callbacks.set(callback.id, callback);
      forgetCallbacks();
    }
  }

  for (const change of readChanges(path)) show(change);
  const whole: Change = {
    trades: [...trades.values()],
    ledger,
    codes: [...codes.values()],
    phones: [...phones.values()],
    payCalls: [...payCalls.values()],
    callbacks: [...callbacks.values()],
  };
  writeFileSync(`${path}.new`, `${JSON.stringify(whole)}\n`);
  renameSync(`${path}.new`, path);
  const file = openSync(path, "a");

  return {
    trades,
    ledger,
    codes,
    phones,
    payCalls,
    callbacks,
    unsettled,
    commit(change) {
      writeSync(file, `${JSON.stringify(change)}\n`);
      show(change);
    },
    close: () => closeSync(file),
  };
}

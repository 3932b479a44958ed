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
import { Type } from "typebox";
import { Compile } from "typebox/compile";

/**
 * What the sandbox gateways must still know after a kill -9: trades, ledger, payment codes, phones. One change = one
 * line of an append-only JSON-lines file, holding all rows it touched, so that a charge, its trade and its payer's
 * balance are there together or not at all. A last line cut short was never acknowledged and is dropped.
 */
const Gateway = Type.Union([Type.Literal("wechat"), Type.Literal("alipay")]);
const Refund = Type.Object({
  refundNo: Type.String(),
  refundId: Type.String(),
  amountFen: Type.Integer(),
  state: Type.Union([Type.Literal("processing"), Type.Literal("success"), Type.Literal("abnormal")]),
  /** Queries seen while processing; the second finds it done. */
  queries: Type.Integer(),
  at: Type.Integer(),
});
const Trade = Type.Object({
  gateway: Gateway,
  outTradeNo: Type.String(),
  tradeNo: Type.String(),
  amountFen: Type.Integer(),
  phoneId: Type.Union([Type.String(), Type.Null()]),
  state: Type.Union([
    Type.Literal("notPaid"),
    Type.Literal("userPaying"),
    Type.Literal("paid"),
    Type.Literal("closed"),
    Type.Literal("revoked"),
    Type.Literal("payError"),
  ]),
  /** Waits for the password and takes no answer (fault `userPayingForever`). */
  stuck: Type.Boolean(),
  createdAt: Type.Integer(),
  closesAt: Type.Integer(),
  paidAt: Type.Union([Type.Integer(), Type.Null()]),
  refunds: Type.Array(Refund),
});
const LedgerRow = Type.Object({
  seq: Type.Integer(),
  at: Type.Integer(),
  gateway: Gateway,
  kind: Type.Union([Type.Literal("charge"), Type.Literal("refund")]),
  amountFen: Type.Integer(),
  outTradeNo: Type.String(),
  tradeNo: Type.String(),
  refundNo: Type.Union([Type.String(), Type.Null()]),
  phoneId: Type.Union([Type.String(), Type.Null()]),
});
const Code = Type.Object({
  code: Type.String(),
  gateway: Gateway,
  phoneId: Type.String(),
  issuedAt: Type.Integer(),
  used: Type.Boolean(),
});
const Phone = Type.Object({
  id: Type.String(),
  name: Type.String(),
  wechatFen: Type.Integer(),
  alipayFen: Type.Integer(),
  askPassword: Type.Boolean(),
  noBalance: Type.Boolean(),
  offline: Type.Boolean(),
});
/** How often a pay call for an order arrived, whatever came of it: a caller must never send two. */
const PayCalls = Type.Object({ gateway: Gateway, outTradeNo: Type.String(), count: Type.Integer() });
const Change = Type.Object({
  trades: Type.Optional(Type.Array(Trade)),
  ledger: Type.Optional(Type.Array(LedgerRow)),
  codes: Type.Optional(Type.Array(Code)),
  phones: Type.Optional(Type.Array(Phone)),
  payCalls: Type.Optional(Type.Array(PayCalls)),
});

export type Refund = Type.Static<typeof Refund>;
export type Trade = Type.Static<typeof Trade>;
/** One movement of money; `amountFen` is positive, `kind` says the direction. */
export type LedgerRow = Type.Static<typeof LedgerRow>;
export type PaymentCode = Type.Static<typeof Code>;
export type PhoneRow = Type.Static<typeof Phone>;
export type PayCalls = Type.Static<typeof PayCalls>;
export type Change = Type.Static<typeof Change>;
const check = Compile(Change);

/** A code this old pays no longer, and a code that isn't known is refused just the same. */
const FORGET_CODE_AFTER_MS = 3600_000;

export interface Book {
  readonly trades: ReadonlyMap<string, Trade>;
  readonly ledger: readonly LedgerRow[];
  readonly codes: ReadonlyMap<string, PaymentCode>;
  readonly phones: ReadonlyMap<string, PhoneRow>;
  readonly payCalls: ReadonlyMap<string, PayCalls>;
  /** Writes one line, then shows the change: what a reader sees has been handed to the system. */
  commit(change: Change): void;
  close(): void;
}

export const tradeKey = (gateway: "wechat" | "alipay", outTradeNo: string): string => `${gateway}:${outTradeNo}`;

function readChanges(path: string): Change[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  // Every whole line ends in a line feed, so what follows the last one was cut off while it was written.
  lines.pop();
  return lines.map((line, index) => {
    const change: unknown = JSON.parse(line);
    if (!check.Check(change)) throw new Error(`${path}:${index + 1} is no change of the sandbox gateways' book`);
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

  function forgetCodesBefore(instant: number): void {
    for (const code of codes.values()) {
      if (code.issuedAt >= instant) return; // they stand in the order of their issue
      codes.delete(code.code);
    }
  }

  function show(change: Change): void {
    for (const trade of change.trades ?? []) trades.set(tradeKey(trade.gateway, trade.outTradeNo), trade);
    for (const row of change.ledger ?? []) ledger.push(row);
    for (const code of change.codes ?? []) {
      codes.set(code.code, code);
      forgetCodesBefore(code.issuedAt - FORGET_CODE_AFTER_MS);
    }
    for (const phone of change.phones ?? []) phones.set(phone.id, phone);
    for (const calls of change.payCalls ?? []) payCalls.set(tradeKey(calls.gateway, calls.outTradeNo), calls);
  }

  for (const change of readChanges(path)) show(change);
  const whole: Change = {
    trades: [...trades.values()],
    ledger,
    codes: [...codes.values()],
    phones: [...phones.values()],
    payCalls: [...payCalls.values()],
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
    commit(change) {
      writeSync(file, `${JSON.stringify(change)}\n`);
      show(change);
    },
    close: () => closeSync(file),
  };
}

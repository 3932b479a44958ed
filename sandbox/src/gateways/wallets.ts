import { randomInt } from "node:crypto";
import type { Bank } from "./bank.ts";
import { CODE_ACCEPTED_MS, CODE_LIVES_MS } from "./bankPay.ts";
import { openidsOf } from "./bankPrepay.ts";
import type { Book } from "./book.ts";
import { BALANCE, balanceOf } from "./money.ts";
import { GATEWAY_OF, type Gateway, WALLETS, type Wallet, walletOfCode } from "./names.ts";
import { type PaymentCode, type PhoneRow, walletOf } from "./rows.ts";

/** A phone as the workbench shows it. Each wallet holds its own money, in fen. */
export interface Phone {
  id: string;
  name: string;
  balanceFen: Record<Wallet, number>;
  settings: PhoneSettings;
  /** Messages to this number or these openids arrive here. */
  mobile: string | null;
  openids: { h5: string; mini: string };
}
export interface PhoneSettings {
  /** Every payment asks for the password. */
  askPassword: boolean;
  /** The wallets refuse as if empty. */
  noBalance: boolean;
  /** Codes still show and still pay without a password, but no password box can appear or be answered. */
  offline: boolean;
}
/** A code as shown now; it changes at `changesAt` or when it was used, and is taken until `acceptedUntil`. */
export interface ShownCode {
  wallet: Wallet;
  code: string;
  issuedAt: number;
  changesAt: number;
  acceptedUntil: number;
}
/** An open password box on a phone. */
export interface PasswordPrompt {
  phoneId: string;
  gateway: Gateway;
  wallet: Wallet;
  outTradeNo: string;
  amountFen: number;
  since: number;
}
/** `balanceFen`: in each of its wallets. */
export interface NewPhone {
  id: string;
  name: string;
  balanceFen: number;
  settings?: Partial<PhoneSettings>;
  mobile?: string;
}
export interface PhoneChange extends Partial<PhoneSettings> {
  balanceFen?: Partial<Record<Wallet, number>>;
  mobile?: string;
}
export type PasswordAnswer = "answered" | "noPrompt" | "offline" | "ignored" | "unknownPhone";

export interface Wallets {
  phones(): Phone[];
  phone(id: string): Phone | undefined;
  /** Makes a phone unless it exists (with whatever it has by now). */
  ensurePhone(phone: NewPhone): Phone;
  /** Changes settings or balances; undefined for an unknown phone. */
  setPhone(id: string, change: PhoneChange): Phone | undefined;
  /** The payment code this wallet shows now; undefined for an unknown phone. */
  showCode(phoneId: string, wallet: Wallet): ShownCode | undefined;
  /** Open password boxes, oldest first; those of offline phones are held back. */
  prompts(phoneId?: string): PasswordPrompt[];
  /** Answers the oldest password box of the phone: with the password, or by closing the box. */
  enterPassword(phoneId: string, enter: boolean): PasswordAnswer;
}

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join("");

/**
 * A fresh code in the published format (facts/payments.md §3): WeChat Pay 18 digits from 10…15, Alipay 18 from 28,
 * UnionPay 19 from 62, e-CNY 19 from 01.
 */
const NEW_CODE: Readonly<Record<Wallet, () => string>> = {
  wechat: () => `1${randomInt(6)}${digits(16)}`,
  alipay: () => `28${digits(16)}`,
  unionpay: () => `62${digits(17)}`,
  ecny: () => `01${digits(17)}`,
};

function toPhone(row: PhoneRow): Phone {
  const { id, name, askPassword, noBalance, offline, mobile } = row;
  const balance = (wallet: Wallet): number => balanceOf(row, wallet);
  return {
    id,
    name,
    balanceFen: {
      wechat: balance("wechat"),
      alipay: balance("alipay"),
      unionpay: balance("unionpay"),
      ecny: balance("ecny"),
    },
    settings: { askPassword, noBalance, offline },
    mobile,
    openids: openidsOf(id),
  };
}

export function makeWallets(book: Book, bank: Bank, now: () => number): Wallets {
  const find = (id: string): Phone | undefined => {
    const row = book.phones.get(id);
    return row === undefined ? undefined : toPhone(row);
  };

  function setPhone(id: string, change: PhoneChange): Phone | undefined {
    const row = book.phones.get(id);
    if (row === undefined) return undefined;
    const { balanceFen, ...settings } = change;
    const next: PhoneRow = { ...row, ...settings };
    for (const wallet of WALLETS) next[BALANCE[wallet]] = balanceFen?.[wallet] ?? balanceOf(row, wallet);
    book.commit({ phones: [next] });
    return find(id);
  }

  function current(phoneId: string, wallet: Wallet): PaymentCode {
    for (const code of [...book.codes.values()].reverse()) {
      if (code.phoneId !== phoneId || walletOfCode(code.code) !== wallet) continue;
      if (!code.used && now() - code.issuedAt < CODE_LIVES_MS) return code;
      break;
    }
    const gateway = GATEWAY_OF[wallet];
    const code: PaymentCode = { code: NEW_CODE[wallet](), gateway, phoneId, issuedAt: now(), used: false };
    book.commit({ codes: [code] });
    return code;
  }

  function prompts(phoneId?: string): PasswordPrompt[] {
    const open: PasswordPrompt[] = [];
    for (const trade of bank.waiting(phoneId)) {
      if (trade.phoneId === null || book.phones.get(trade.phoneId)?.offline !== false) continue;
      const { gateway, outTradeNo, amountFen, createdAt: since } = trade;
      open.push({ phoneId: trade.phoneId, gateway, wallet: walletOf(trade), outTradeNo, amountFen, since });
    }
    return open;
  }

  return {
    phones: () => [...book.phones.values()].map(toPhone),
    phone: find,
    ensurePhone({ id, name, balanceFen, settings, mobile }) {
      const existing = find(id);
      if (existing !== undefined) return existing;
      const plain = { askPassword: false, noBalance: false, offline: false };
      const money = { wechatFen: balanceFen, alipayFen: balanceFen, unionpayFen: balanceFen, ecnyFen: balanceFen };
      const row: PhoneRow = { id, name, ...money, ...plain, ...settings, mobile: mobile ?? null };
      book.commit({ phones: [row] });
      return toPhone(row);
    },
    setPhone,
    showCode(phoneId, wallet) {
      if (!book.phones.has(phoneId)) return undefined;
      const { code, issuedAt } = current(phoneId, wallet);
      return {
        wallet,
        code,
        issuedAt,
        changesAt: issuedAt + CODE_LIVES_MS,
        acceptedUntil: issuedAt + CODE_ACCEPTED_MS,
      };
    },
    prompts,
    enterPassword(phoneId, enter) {
      const phone = find(phoneId);
      if (phone === undefined) return "unknownPhone";
      if (phone.settings.offline) return "offline";
      const prompt = prompts(phoneId)[0];
      if (prompt === undefined) return "noPrompt";
      return bank.answer(prompt.gateway, prompt.outTradeNo, enter) ? "answered" : "ignored";
    },
  };
}

import { randomInt } from "node:crypto";
import { type Bank, CODE_ACCEPTED_MS, CODE_LIVES_MS } from "./bank.ts";
import type { Book, PaymentCode, PhoneRow } from "./book.ts";
import type { Gateway } from "./faults.ts";

/** A phone as the workbench shows it. Each wallet holds its own money, in fen. */
export interface Phone {
  id: string;
  name: string;
  balanceFen: Record<Gateway, number>;
  settings: PhoneSettings;
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
  gateway: Gateway;
  code: string;
  issuedAt: number;
  changesAt: number;
  acceptedUntil: number;
}
/** An open password box on a phone. */
export interface PasswordPrompt {
  phoneId: string;
  gateway: Gateway;
  outTradeNo: string;
  amountFen: number;
  since: number;
}
export type PasswordAnswer = "answered" | "noPrompt" | "offline" | "ignored" | "unknownPhone";

export interface Wallets {
  phones(): Phone[];
  phone(id: string): Phone | undefined;
  /** Makes a phone unless it exists (with whatever it has by now). */
  ensurePhone(phone: { id: string; name: string; balanceFen: number; settings?: Partial<PhoneSettings> }): Phone;
  /** Changes settings or balances; undefined for an unknown phone. */
  setPhone(
    id: string,
    change: Partial<PhoneSettings> & { balanceFen?: Partial<Record<Gateway, number>> },
  ): Phone | undefined;
  /** The payment code this wallet shows now; undefined for an unknown phone. */
  showCode(phoneId: string, gateway: Gateway): ShownCode | undefined;
  /** Open password boxes, oldest first; those of offline phones are held back. */
  prompts(phoneId?: string): PasswordPrompt[];
  /** Answers the oldest password box of the phone: with the password, or by closing the box. */
  enterPassword(phoneId: string, enter: boolean): PasswordAnswer;
}

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join("");

/** A fresh code in the published format: WeChat Pay 18 digits from 10…15, Alipay 18 digits from 28 (facts/payments.md §3). */
function newCode(gateway: Gateway): string {
  return gateway === "wechat" ? `1${randomInt(6)}${digits(16)}` : `28${digits(16)}`;
}

function toPhone(row: PhoneRow): Phone {
  const { id, name, wechatFen, alipayFen, askPassword, noBalance, offline } = row;
  return {
    id,
    name,
    balanceFen: { wechat: wechatFen, alipay: alipayFen },
    settings: { askPassword, noBalance, offline },
  };
}

export function makeWallets(book: Book, bank: Bank, now: () => number): Wallets {
  const find = (id: string): Phone | undefined => {
    const row = book.phones.get(id);
    return row === undefined ? undefined : toPhone(row);
  };

  function setPhone(
    id: string,
    change: Partial<PhoneSettings> & { balanceFen?: Partial<Record<Gateway, number>> },
  ): Phone | undefined {
    const row = book.phones.get(id);
    if (row === undefined) return undefined;
    const { balanceFen, ...settings } = change;
    const wechatFen = balanceFen?.wechat ?? row.wechatFen;
    const alipayFen = balanceFen?.alipay ?? row.alipayFen;
    book.commit({ phones: [{ ...row, ...settings, wechatFen, alipayFen }] });
    return find(id);
  }

  function current(phoneId: string, gateway: Gateway): PaymentCode {
    for (const code of [...book.codes.values()].reverse()) {
      if (code.phoneId !== phoneId || code.gateway !== gateway) continue;
      if (!code.used && now() - code.issuedAt < CODE_LIVES_MS) return code;
      break;
    }
    const code: PaymentCode = { code: newCode(gateway), gateway, phoneId, issuedAt: now(), used: false };
    book.commit({ codes: [code] });
    return code;
  }

  function prompts(phoneId?: string): PasswordPrompt[] {
    const open: PasswordPrompt[] = [];
    for (const trade of bank.waiting(phoneId)) {
      if (trade.phoneId === null || book.phones.get(trade.phoneId)?.offline !== false) continue;
      const { gateway, outTradeNo, amountFen, createdAt: since } = trade;
      open.push({ phoneId: trade.phoneId, gateway, outTradeNo, amountFen, since });
    }
    return open;
  }

  return {
    phones: () => [...book.phones.values()].map(toPhone),
    phone: find,
    ensurePhone({ id, name, balanceFen, settings }) {
      const existing = find(id);
      if (existing !== undefined) return existing;
      const plain = { askPassword: false, noBalance: false, offline: false };
      const row: PhoneRow = { id, name, wechatFen: balanceFen, alipayFen: balanceFen, ...plain, ...settings };
      book.commit({ phones: [row] });
      return toPhone(row);
    },
    setPhone,
    showCode(phoneId, gateway) {
      if (!book.phones.has(phoneId)) return undefined;
      const { code, issuedAt } = current(phoneId, gateway);
      return {
        gateway,
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

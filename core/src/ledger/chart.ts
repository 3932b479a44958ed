/**
 * The chart of accounts: every account that a posting may name, by what stands before the first colon; what follows is
 * the id of a channel, a unit, an account, a meter or a drawer. Debit positive, credit negative: an asset or expense
 * usually stands above zero, a liability or income below.
 */
import type { Commodity } from "../aggregates.ts";

export type AccountKind = "asset" | "liability" | "income" | "expense";

export interface ChartLine {
  /** What stands before the colon. */
  prefix: string;
  /** What the id behind the colon names. */
  of: "channel" | "unit" | "account" | "meter" | "drawer";
  kind: AccountKind;
  commodities: readonly Commodity[];
  zh: string;
  en: string;
}

const money = ["fen"] as const;

export const chartOfAccounts = [
  { prefix: "gateway", of: "channel", kind: "asset", commodities: money, zh: "渠道账户", en: "money at the gateway" },
  { prefix: "drawer", of: "drawer", kind: "asset", commodities: money, zh: "收银抽屉", en: "cash in a drawer" },
  { prefix: "float", of: "unit", kind: "asset", commodities: money, zh: "备用金", en: "change money outside drawers" },
  { prefix: "bank", of: "unit", kind: "asset", commodities: money, zh: "银行存款", en: "the company's bank account" },
  { prefix: "receivable", of: "account", kind: "asset", commodities: money, zh: "应收欠费", en: "debts of customers" },
  { prefix: "customer", of: "account", kind: "liability", commodities: money, zh: "客户余额", en: "customer balance" },
  { prefix: "held", of: "account", kind: "liability", commodities: money, zh: "占用余额", en: "held balance" },
  { prefix: "open", of: "unit", kind: "liability", commodities: money, zh: "已收待交付", en: "paid, not delivered" },
  { prefix: "returns", of: "channel", kind: "liability", commodities: money, zh: "待退款", en: "to be returned" },
  { prefix: "suspense", of: "channel", kind: "liability", commodities: money, zh: "对账挂账", en: "in suspense" },
  { prefix: "sales", of: "unit", kind: "income", commodities: money, zh: "售气收入", en: "sales" },
  { prefix: "discount", of: "unit", kind: "expense", commodities: money, zh: "优惠", en: "discounts" },
  { prefix: "fee", of: "channel", kind: "expense", commodities: money, zh: "渠道手续费", en: "gateway fees" },
  { prefix: "overShort", of: "channel", kind: "expense", commodities: money, zh: "长短款损益", en: "over and short" },
  {
    prefix: "drawerDifference",
    of: "unit",
    kind: "expense",
    commodities: money,
    zh: "抽屉长短款",
    en: "drawers over and short",
  },
  { prefix: "adjustment", of: "unit", kind: "expense", commodities: money, zh: "余额调整", en: "balance adjustments" },
  { prefix: "stock", of: "unit", kind: "liability", commodities: ["litre"], zh: "公司气量", en: "gas issued" },
  { prefix: "gas", of: "meter", kind: "asset", commodities: ["litre"], zh: "表内气量", en: "gas at the meter" },
  {
    prefix: "carried",
    of: "account",
    kind: "asset",
    commodities: ["litre", "meterCredit"],
    zh: "换表结转",
    en: "left in replaced meters",
  },
  {
    prefix: "credit",
    of: "unit",
    kind: "liability",
    commodities: ["meterCredit"],
    zh: "已发金额",
    en: "credit issued",
  },
  { prefix: "meter", of: "meter", kind: "asset", commodities: ["meterCredit"], zh: "表内金额", en: "meter's credit" },
  {
    prefix: "opening",
    of: "unit",
    kind: "liability",
    commodities: ["litre", "meterCredit"],
    zh: "期初",
    en: "taken over from before",
  },
] as const satisfies readonly ChartLine[];

const byPrefix = new Map<string, ChartLine>(chartOfAccounts.map((line) => [line.prefix, line]));

/** The line an account belongs to; undefined: it is on no chart, or has no id behind its colon. */
export function chartLine(account: string): ChartLine | undefined {
  const colon = account.indexOf(":");
  return colon < 1 || colon === account.length - 1 ? undefined : byPrefix.get(account.slice(0, colon));
}

/** May this account be posted to in this commodity? */
export const isOnChart = (account: string, commodity: Commodity): boolean =>
  chartLine(account)?.commodities.includes(commodity) ?? false;

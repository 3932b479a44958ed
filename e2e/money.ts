/**
 * Where all money is, by those who hold it: the gateways' own ledgers, and the books at the same moment. What is on
 * its way at that moment (the gateway may have moved it, the books can't know yet) is taken out by the purchase's name
 * on both sides; all else must agree to the fen, in each gateway, in each purchase and in one sentence.
 */
import type { AttemptState, PayOutWay, PurchaseState } from "@citygas/core";

export const gateways = ["wechat", "alipay", "acquirer"] as const;
type Gateway = (typeof gateways)[number];

export interface LedgerRow {
  /** `charge`, or money back. */
  kind: string;
  amountFen: number;
  outTradeNo: string;
}
/** What a gateway really took and gave back, and how often it was asked to take. */
export interface GatewayLedger {
  gateway: Gateway;
  rows: readonly LedgerRow[];
  payCalls: readonly { outTradeNo: string; count: number }[];
}
export interface BookedPurchase {
  id: string;
  number: string;
  status: PurchaseState;
  /** By a channel, and out of the balance. */
  payableFen: number;
  offsetFen: number;
  /** Of gas (L) or of meter credit (fen). */
  delivers: number;
  /** How the money went back where its channel could not. */
  paidOut: PayOutWay | null;
}
export interface BookedAttempt {
  purchaseId: string;
  orderNo: string;
  status: AttemptState;
  amountFen: number;
  /** Taken at a counter, in cash or at its terminal, not by a gateway. */
  byHand: boolean;
  late: { refunded: boolean; paidOut: PayOutWay | null } | null;
}
/** Sums of postings by account, commodity and the purchase they belong to. */
export interface BookedSum {
  purchaseId: string | null;
  account: string;
  commodity: "fen" | "litre" | "meterCredit";
  amount: number;
  /** The gateway's account that the same event moved; a bank account beside one got that gateway's payout. */
  beside: string | null;
  /** By the replacement of the purchase's meter: what was left in the old one, or burnt before it was bought. */
  bySwap: boolean;
}
/** All of one snapshot of the database. */
export interface Books {
  purchases: readonly BookedPurchase[];
  attempts: readonly BookedAttempt[];
  sums: readonly BookedSum[];
  /** Of all accounts' rows, free and held. */
  balancesFen: number;
}
export interface Sides {
  ledgers: readonly GatewayLedger[];
  books: Books;
}

const onItsWay: ReadonlySet<AttemptState> = new Set(["created", "submitted", "pending", "reversing", "manual"]);

/** Purchases whose money a gateway may have moved without the books' knowing: an intent is written, no answer yet. */
function moving({ purchases, attempts }: Books): ReadonlySet<string> {
  const found = new Set(purchases.filter(({ status }) => status === "refunding").map(({ id }) => id));
  for (const { purchaseId, status, late } of attempts)
    if (onItsWay.has(status) || late?.refunded === false) found.add(purchaseId);
  return found;
}

/** Where all money stands (fen). */
export interface Money {
  /** Charged less refunded, by the gateways' own ledgers; of purchases whose money is on its way, what the books say. */
  gatewayNetFen: number;
  /** In drawers and counters' terminals, and what people brought to the bank or paid out from it, by the books. */
  cashFen: number;
  /** Taken for purchases that were delivered. */
  deliveredFen: number;
  /** Of all customers, what is held for a purchase included. */
  balancesFen: number;
  /** Taken for purchases that are neither delivered nor refunded, or too late and not given back yet. */
  openFen: number;
  /** Booked by people on no sale's account: balances given or taken, suspense, over and short, change money. */
  byPeopleFen: number;
}

/** What was paid and not given back. */
const keepsMoney: ReadonlySet<PurchaseState> = new Set(["paid", "issued", "unknown", "manual", "delivered"]);
const isGateway = (account: string): boolean => gateways.some((name) => account === `gateway:${name}`);
/** Accounts of the sentence's other terms, of fees (which the gateways' ledgers hold too) and of what was sold. */
const ofSales = /^(gateway|fee|drawer|bank|customer|held|open|returns|sales|discount|receivable):/;

export function moneyOf({ ledgers, books }: Sides): Money {
  const { purchases, attempts, sums, balancesFen } = books;
  const out = moving(books);
  const rows = ledgers
    .flatMap((ledger) => ledger.rows)
    .filter(({ outTradeNo }) => !out.has(purchaseOf(books, outTradeNo) ?? ""));
  const fen = sums.filter(({ commodity }) => commodity === "fen");
  const booked = (which: (sum: BookedSum) => boolean): number => total(fen.filter(which), ({ amount }) => amount);
  const taken = (which: (state: PurchaseState) => boolean): number =>
    total(
      purchases.filter(({ status }) => which(status)),
      ({ payableFen, offsetFen }) => payableFen + offsetFen,
    );
  const late = attempts.filter((attempt) => attempt.late?.refunded === false);
  return {
    gatewayNetFen: netOf(rows) + booked(({ account, purchaseId }) => isGateway(account) && out.has(purchaseId ?? "")),
    cashFen: booked(
      ({ account, beside }) =>
        account.startsWith("drawer:") || account === "gateway:pos" || (account.startsWith("bank:") && beside === null),
    ),
    deliveredFen: taken((status) => status === "delivered"),
    balancesFen,
    openFen:
      taken((status) => status === "refunding" || (status !== "delivered" && keepsMoney.has(status))) +
      total(late, ({ amountFen }) => amountFen),
    byPeopleFen: 0 - booked(({ account }) => !ofSales.test(account)),
  };
}

/** The oracle of the protocol: gateway net + cash = value of delivered purchases + customer balances + what is in between. */
export function moneyAstray(money: Money): string[] {
  const has = money.gatewayNetFen + money.cashFen;
  const owed = money.deliveredFen + money.balancesFen + money.openFen + money.byPeopleFen;
  if (has === owed) return [];
  const terms = Object.entries(money).map(([term, fen]) => `${term} ${fen}`);
  return [
    `gateways and cash have ${has} fen, delivered, balances and what is open are ${owed} fen: ${terms.join(", ")}`,
  ];
}

/** Of gateways, books and purchases; each in words. */
export const moneyDisagreements = (sides: Sides): string[] => [
  ...unbalanced(sides),
  ...paidWrongly(sides),
  ...moneyAstray(moneyOf(sides)),
];

/** I7, and what the gateways took and did not give back is what the books say stands there, was their fee or was paid out. */
function unbalanced({ ledgers, books }: Sides): string[] {
  const found: string[] = [];
  for (const commodity of ["fen", "litre", "meterCredit"]) {
    const sum = total(
      books.sums.filter((each) => each.commodity === commodity),
      ({ amount }) => amount,
    );
    if (sum !== 0) found.push(`the postings in ${commodity} sum to ${sum}, not to 0`);
  }
  const out = moving(books);
  for (const { gateway, rows } of ledgers) {
    const own = [`gateway:${gateway}`, `fee:${gateway}`];
    const booked = books.sums.filter(
      ({ purchaseId, account, beside }) =>
        !out.has(purchaseId ?? "") &&
        (own.includes(account) || (account.startsWith("bank:") && beside === `gateway:${gateway}`)),
    );
    const has = netOf(rows.filter(({ outTradeNo }) => !out.has(purchaseOf(books, outTradeNo) ?? "")));
    const says = total(booked, ({ amount }) => amount);
    if (has !== says) found.push(`${gateway} has ${has} fen, the books say ${says} fen`);
  }
  return found;
}

/**
 * I11, and never a second charge: what the gateways took for a purchase is its price once, or nothing. And I1: what is
 * delivered by the purchase's state is delivered by its postings.
 */
function paidWrongly({ ledgers, books }: Sides): string[] {
  const found: string[] = [];
  for (const { outTradeNo, count } of ledgers.flatMap(({ payCalls }) => payCalls))
    if (count !== 1) found.push(`order ${outTradeNo} was asked to pay ${count} times`);
  const rows = ledgers.flatMap((ledger) => ledger.rows);
  for (const orderNo of new Set(rows.map(({ outTradeNo }) => outTradeNo)))
    if (purchaseOf(books, orderNo) === undefined) found.push(`the gateway has an order nobody made: ${orderNo}`);
  const out = moving(books);
  for (const { id, number, status, payableFen, paidOut, delivers } of books.purchases) {
    const [gas, should] = [gasOf(books, id), status === "delivered" ? delivers : 0];
    if (gas !== null && gas !== should)
      found.push(`purchase ${number} is ${status}: its postings should deliver ${should}, deliver ${gas}`);
    if (out.has(id)) continue;
    const attempts = books.attempts.filter(({ purchaseId }) => purchaseId === id);
    const has = netOf(rows.filter(({ outTradeNo }) => attempts.some(({ orderNo }) => orderNo === outTradeNo)));
    const byHand = attempts.some((attempt) => attempt.byHand && attempt.status === "paid");
    // What went back from a drawer, from the bank or into the balance is with the gateway still.
    const kept = !byHand && (keepsMoney.has(status) || paidOut !== null) ? payableFen : 0;
    const late = attempts.filter((attempt) => (attempt.late?.paidOut ?? null) !== null);
    const due = kept + total(late, ({ amountFen }) => amountFen);
    if (has !== due) found.push(`purchase ${number} is ${status}: the gateways should have ${due} fen, have ${has}`);
  }
  return found;
}

/**
 * Litres or meter credit that the purchase's postings brought to meters; null: its meter was replaced, and what was in the
 * old one stands among them.
 */
function gasOf({ sums }: Books, id: string): number | null {
  const own = sums.filter(({ purchaseId, account }) => purchaseId === id && /^(gas|meter):/.test(account));
  return own.some(({ bySwap }) => bySwap) ? null : total(own, ({ amount }) => amount);
}

/** Of which purchase an order is; undefined: of none in the books. */
const purchaseOf = (books: Books, orderNo: string): string | undefined =>
  books.attempts.find((attempt) => attempt.orderNo === orderNo)?.purchaseId;

const netOf = (rows: readonly LedgerRow[]): number =>
  total(rows, ({ kind, amountFen }) => (kind === "charge" ? amountFen : -amountFen));

function total<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}

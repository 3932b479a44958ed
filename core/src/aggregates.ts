/**
 * The guarded aggregates: what a transition may change, each with a version. Everything else (names, addresses,
 * tariffs, terminals …) is plain registration data and is not guarded.
 */

import type { CardClassName, CardSecret, ReadingOfCard } from "./card/types.ts";
import type { LinkState } from "./meter/recharge.ts";
import type { LastWord } from "./meter/replacement.ts";
import type { Attempt } from "./payment/types.ts";
import type { Purchase } from "./purchase/types.ts";
import type { TierUse } from "./tariff/types.ts";
import type { Fen, Id, Instant, Litre } from "./units.ts";

export interface AccountState {
  id: Id;
  unitId: Id;
  /** Free balance; what is promised to open purchases is in `heldFen` and no longer in here. */
  balanceFen: Fen;
  heldFen: Fen;
  /** Left in meters that were replaced, and not in the new one yet; left out: nothing. */
  carried?: Carried;
  /** Refuses a sale at every channel alike. */
  block: null | { reason: "debt" | "safetyCheck" | "suspectedTampering" | "stopped"; since: Instant };
}

/** By what the meter counted that it was left in. */
export interface Carried {
  volumeL: Litre;
  meterCreditFen: Fen;
}

export interface CardState {
  id: Id;
  accountId: Id;
  meterId: Id;
  layout: string;
  cardClass: CardClassName;
  /** Number on the card. */
  cardNumber: string;
  status: "current" | "lost" | "replaced" | "blocked";
  replacement: number;
  /** Purchase count the books believe the card holds, and the amount of that purchase (litres or fen). */
  count: number;
  lastAmount: number;
  /** Meter's total credited as last seen in a return area (litres or fen). */
  totalCredited: number;
  /** Count the meter accepted, as last seen in a return area; null = never seen. */
  acceptedCount: number | null;
  /** I4: the purchase that is open on this card. */
  openPurchaseId: Id | null;
  /** Grows with every script issued for the card and every replacement; an older image counts for nothing. */
  scriptSeq: number;
  /**
   * Its last script's place in the one order of sessions and scripts, so that of two servers' clocks neither need be
   * right. A session that opened after it reads the card as it left it. Left out: nothing ever did.
   */
  scriptTurn?: number;
  secret: CardSecret;
  lastReading: ReadingOfCard | null;
}

export interface MeterState {
  id: Id;
  accountId: Id;
  openPurchaseId: Id | null;
  /** It is off the wall and opens nothing any more. `word`: what it said then; null: nothing. */
  retired?: { at: Instant; replacedBy: Id; word: LastWord | null };
  /** It came in place of another, empty, and goes on counting from there. `indexL`: what its own index began with. */
  began?: { changeId: Id; at: Instant; totalCredited: number; indexL: Litre };
  /** It is recharged over a link. */
  link?: LinkState;
}

export interface TierState extends TierUse {
  id: Id;
  accountId: Id;
}

export interface AggregateStates {
  purchase: Purchase;
  attempt: Attempt;
  account: AccountState;
  card: CardState;
  meter: MeterState;
  tier: TierState;
}
export type AggregateKind = keyof AggregateStates;
export const aggregateKinds = [
  "purchase",
  "attempt",
  "account",
  "card",
  "meter",
  "tier",
] as const satisfies readonly AggregateKind[];

export interface Ref {
  kind: AggregateKind;
  id: Id;
}

/** One aggregate changed by a transition: guarded by `expected` (0 = must not exist yet), stored as expected + 1. */
export type Write = {
  [K in AggregateKind]: { kind: K; id: Id; expected: number; state: AggregateStates[K] };
}[AggregateKind];
/** One aggregate only looked at: must still have this version. */
export interface Guard {
  kind: AggregateKind;
  id: Id;
  expected: number;
}

export type Commodity = "fen" | "litre" | "meterCredit";
/** Debit positive, credit negative; a transition's postings sum to zero in each commodity (I7). */
export interface Posting {
  account: string;
  commodity: Commodity;
  amount: number;
}

export type TaskKind =
  | "purchaseDue"
  | "attemptSubmit"
  | "attemptQuery"
  | "attemptClose"
  | "attemptReverse"
  | "attemptLateCheck"
  | "lateRefund"
  | "refund"
  /** Of a meter on a link, as long as a recharge waits for it. */
  | "meterAsk"
  | "staff";
/** One task per (kind, ref): asking again replaces the due time and lifts the lease. */
export interface TaskRequest {
  kind: TaskKind;
  ref: Id;
  dueAt: Instant;
}

/**
 * What one event does, complete: committed as a whole or not at all. `event.aggregate` is the subject; its log gets
 * one more row with seq = its new version, so folding the log gives the stored state (I8).
 */
export interface Transition {
  eventId: Id;
  at: Instant;
  subject: { kind: "purchase" | "attempt" | "account" | "card"; id: Id };
  event: { type: string };
  writes: Write[];
  guards: Guard[];
  postings: Posting[];
  tasks: { add: TaskRequest[]; drop: { kind: TaskKind; ref: Id }[] };
  /** A customer's or terminal's Idempotency-Key, stored once for ever with the request's fingerprint. */
  idempotency?: { key: string; fingerprint: string };
}

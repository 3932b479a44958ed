import type { RefundProof } from "../card/types.ts";
import type { MeterRecord, SentRecharge } from "../meter/recharge.ts";
import type { PayOut } from "../payment/types.ts";
import type { Breakdown } from "../tariff/types.ts";
import type { Fen, Id, Instant } from "../units.ts";

export type PurchaseState =
  | "quoted"
  | "paying"
  | "closing"
  | "paid"
  | "issued"
  | "unknown"
  | "refunding"
  | "refunded"
  | "manual"
  | "delivered"
  | "void";

/** Open (I4) = may still lead to a write. */
export const openStates = ["paying", "paid", "issued", "unknown", "manual"] as const satisfies readonly PurchaseState[];
export const finalStates = ["delivered", "refunded", "void"] as const satisfies readonly PurchaseState[];

export interface IssuedScript {
  id: Id;
  /** What it puts on the card: the purchase, or count n+1 with amount 0. */
  kind: "sale" | "refund";
  terminalId: Id;
  powerUpId: string;
  /** The card's `scriptSeq` this script took: an image taken before it counts for nothing. */
  seq: number;
  /**
   * Its place in the one order in which sessions open and scripts are made, drawn before it left; left out: of the issuing
   * desk, or from before there was an order.
   */
  turn?: number;
  /** Images as lower-case hex. */
  before: string;
  after: string;
  issuedAt: Instant;
  deadlineAt: Instant;
  /** Which of the card's secrets it presents, and which one it leaves there. Left out: the one the card has. */
  secret?: { presents: number; changesTo: number | null };
}

export interface Purchase {
  id: Id;
  /** For people: "3K7-0192". Unique. */
  number: string;
  /** Opens /r/{token}; random, not the id. */
  token: string;
  state: PurchaseState;
  accountId: Id;
  unitId: Id;
  meterId: Id;
  /** null: it goes to its meter over a link. */
  cardId: Id | null;
  tierId: Id | null;
  channel: "kiosk" | "phone" | "desk" | "h5";
  terminalId: Id | null;
  breakdown: Breakdown;
  /** Writing later is allowed (圈存). */
  later: boolean;
  quotedAt: Instant;
  confirmedAt: Instant | null;
  paidAt: Instant | null;
  settledAt: Instant | null;
  /** When the current state is due, and what then (I12). null only in final states. */
  dueAt: Instant | null;
  /** The card's count before this purchase (the meter's own, over a link) and the meter's total then; set at the first issue. */
  countBefore: number | null;
  totalBefore: number | null;
  /** Attempts not yet final, and the one whose money this purchase has. */
  liveAttemptIds: Id[];
  paidAttemptId: Id | null;
  script: IssuedScript | null;
  /** What was sent to its meter over a link; left out: nothing was. */
  command?: SentRecharge;
  /** What that meter says and the books know nothing of: people look at it. Left out: nothing. */
  atOdds?: MeterRecord;
  /** Two people say that this meter is off the wall, and it says nothing of this purchase: nothing reaches it any more. */
  meterGone?: true;
  /** A reader holds the card: goes void as soon as the prepay elsewhere is known to be unpaid; paid, it goes on. */
  yielding: boolean;
  /** A script for it went to a phone. */
  issuedToPhone: boolean;
  /** Its card was replaced while it was open: the old one may turn up again. */
  replaced: boolean;
  /** A refund script was out: the meter may have taken its number for nothing. */
  refundTried: boolean;
  /** What a refund needs once a script was out. Fixed here: it only ever grows, and binds `manual` too. */
  refundNeeds: RefundProof;
  /** The refund image stands on the card; the meter's own word on it is still to come. */
  awaitsMeter: boolean;
  /** Why it is closing/void/refunding, for the customer's text. */
  reason:
    | null
    | "customer"
    | "timeout"
    | "quoteExpired"
    | "cardGone"
    | "terminalGone"
    | "windowOver"
    | "staff"
    | "paymentFailed"
    | "readerWins";
  /** `stuck`: its channel can't finish it, `why` says what it answered. `paidOut`: how it went back instead. */
  refund: null | {
    no: string;
    amountFen: Fen;
    /** When its channel was first about to be asked for it. */
    sentAt: Instant | null;
    /** How often its channel refused; a few times it is tried again. */
    failures: number;
    stuck: boolean;
    why: string | null;
    paidOut: PayOut | null;
    refundedAt: Instant | null;
  };
  /** The customer has seen the outcome (else it is shown at the next insertion). */
  outcomeSeen: boolean;
}

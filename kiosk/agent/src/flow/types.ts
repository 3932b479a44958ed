/** The flow machine's alphabet: its state, what happens to it, and what it asks to be done. All plain data. */
import type {
  Answer,
  CardAnswer,
  CardSessionView,
  CustomerView,
  Entry,
  PurchaseView,
  Report,
  TerminalConfig,
} from "@citygas/api";
import type { PaperState, PrintResult, ReaderEvent } from "@citygas/devices";
import type { CardScript } from "@citygas/gascard";
import type { Action, Delivered, Outcome, Screen, ViewMessage, VoicePrompt } from "../view.ts";

type ScreenOf<N extends Screen["name"]> = Extract<Screen, { name: N }>;
export type Refused = ScreenOf<"cancelled">["refused"];
export type Rejected = ScreenOf<"pay">["rejected"];
export type Wallet = "wechat" | "alipay";

/** What the account screen needs; kept through confirm so that 返回 leads back to it. */
export interface Account {
  customer: CustomerView;
  unit: "volume" | "money";
  maximum: { value: number; rule: string } | null;
  quick: number[];
  notice: Outcome | null;
  entry: string;
}
/** Why a purchase is being given up, if it is: decides the words once the centre confirms. */
export type GivenUp = "customer" | "timeout" | "cardPulled" | "payment";
/** What a script that is no probe is for. */
export type Purpose = Exclude<CardScript["purpose"], "probe">;
/** What may stand on the screens after a sale: no person's data. */
export interface Sold {
  purchaseId: string;
  number: string;
  delivers: Delivered;
  url: string;
}

export type Stage =
  | { name: "home" }
  | { name: "notes" }
  | { name: "insertCard" }
  | { name: "wrongWay" }
  | { name: "takeCard"; callAt: number }
  /** `report`: the probe's, once it has run. */
  | { name: "reading"; until: number; report: Report | null }
  /** The card's purchase is being closed on a phone; the centre is asked again at `askAt` with the same image. */
  | { name: "yielding"; number: string; report: Report; askAt: number | null }
  | { name: "account"; account: Account; error: ScreenOf<"account">["error"]; busy: boolean }
  | { name: "confirm"; account: Account; asked: Entry; purchase: PurchaseView; busy: boolean; requoted: boolean }
  /** `givenUp`: a cancellation is out and not answered; no code is taken any more. */
  | {
      name: "pay";
      purchase: PurchaseView;
      rejected: Rejected;
      wallet: Wallet | null;
      refused: Refused;
      givenUp: { by: "customer"; waitUntil: number } | null;
    }
  /** `sentAt`: when the code was scanned, for "long" and the end of patience. */
  | { name: "payWaiting"; purchase: PurchaseView; wallet: Wallet; sentAt: number; long: boolean }
  /** Neither paid nor cancelled is confirmed. `codeSent`: money may have moved. */
  | { name: "unsettled"; purchase: PurchaseView; by: GivenUp; codeSent: boolean }
  /**
   * `report`: what the last script did, until the centre has judged it. `round`: scripts run in this power-up. `purpose`:
   * gas is put on the card, or the card is to prove that none is on it, so that the money can go back.
   */
  | {
      name: "writing";
      purchase: PurchaseView;
      purpose: Purpose;
      resumed: boolean;
      report: Report | null;
      round: number;
    }
  | { name: "success"; sold: Sold; printable: boolean }
  | { name: "printing"; sold: Sold }
  | { name: "printed"; sold: Sold }
  | { name: "printFailed"; sold: Sold; reason: ScreenOf<"printFailed">["reason"] }
  | { name: "gasOnCard"; customer: CustomerView; gas: Delivered; boughtOn: string | null; notice: Outcome | null }
  | { name: "writeFailed"; sold: Sold; purpose: Purpose; why: ScreenOf<"writeFailed">["why"]; hall: boolean }
  | { name: "payTimeout"; number: string; url: string }
  | { name: "cancelled"; number: string; by: ScreenOf<"cancelled">["by"]; refused: Refused }
  | ScreenOf<"refunded">
  | {
      name: "refused";
      code: ScreenOf<"refused">["code"];
      value: number | null;
      number: string | null;
    }
  | { name: "cardPulled"; before: "payment" | "write"; number: string | null; url: string | null };
export type StageName = Stage["name"];
export type StageOf<N extends StageName> = Extract<Stage, { name: N }>;

/** When the stage ends by itself. `soft`: the customer may ask for more time. */
export interface Limit {
  until: number;
  totalMs: number;
  soft: boolean;
  /** The last ten seconds are still to be said aloud: whoever looks at the phone doesn't see the ring. */
  calls: boolean;
}
export interface FlowState {
  stage: Stage;
  /** Grows with every stage entered: an action made on an earlier one is not meant for this one. */
  epoch: number;
  limit: Limit | null;
  askMoreTime: boolean;
  /** What is in the slot; `atr` null: it does not answer. `fresh`: not yet read. */
  card: { powerUpId: string; atr: string | null; fresh: boolean } | null;
  /** The centre's session for that card; gone with the card (I6). */
  session: { id: string; powerUpId: string } | null;
  /** The script on the card now, which its session outlives when the card is pulled. */
  running: { sessionId: string; scriptId: string } | null;
  /** The request whose answer this stage waits for; any other answer is late. */
  awaiting: number | null;
  nextRef: number;
  /** The purchase whose events are being read. */
  watching: string | null;
  /** Our newest open purchase: known by number if its card comes back, also after a restart. */
  ours: { purchaseId: string; number: string } | null;
  up: { reader: boolean; scanner: boolean; server: boolean; paired: boolean };
  downSince: number;
  paper: ViewMessage["paper"];
  config: TerminalConfig | null;
  voice: { prompt: VoicePrompt; amountFen?: number; nonce: number } | null;
}

/** Requests and their answers; `ref` ties the two. */
export type Answered =
  | { to: "openSession"; answer: Answer<CardSessionView> }
  | { to: "image" | "report" | "wantScript"; answer: Answer<CardAnswer> }
  | { to: "newPurchase" | "confirm" | "attempt" | "cancel" | "purchase"; answer: Answer<PurchaseView> };

export type FlowEvent =
  | { type: "reader"; event: ReaderEvent }
  | { type: "scanner"; event: { type: "code"; code: string } | { type: "ready" } | { type: "fault" } }
  | { type: "paper"; state: PaperState }
  | { type: "heartbeat"; config: TerminalConfig | null; paired: boolean }
  /** After a restart: what the journal says is open. */
  | { type: "recovered"; purchase: { purchaseId: string; number: string } }
  | { type: "action"; action: Action }
  | ({ type: "answered"; ref: number } & Answered)
  | { type: "purchase"; purchase: PurchaseView }
  | { type: "scriptDone"; sessionId: string; purpose: CardScript["purpose"]; report: Report }
  | { type: "printed"; ref: number; result: PrintResult }
  | { type: "tick" };

/** `retryForMs`: repeat an unreachable call (same key) so long as the stage still waits for it. */
export type Effect =
  | { do: "openSession"; ref: number; powerUpId: string; atr: string; retryForMs: number }
  | { do: "image"; ref: number; sessionId: string; report: Report; retryForMs: number }
  | { do: "newPurchase"; ref: number; sessionId: string; entry: Entry; key: string; retryForMs: number }
  | { do: "confirm"; ref: number; purchaseId: string; key: string; retryForMs: number }
  | { do: "attempt"; ref: number; purchaseId: string; code: string; key: string; retryForMs: number }
  | { do: "wantScript"; ref: number; purchaseId: string; sessionId: string; key: string; retryForMs: number }
  | { do: "purchase"; ref: number; purchaseId: string; retryForMs: number }
  /** Goes on when the stage has moved on: giving up must reach the centre. */
  | { do: "cancel"; ref: number; purchaseId: string; key: string; retryForMs: number }
  /** Journalled, then sent until the centre has it, before the session's end. */
  | { do: "report"; ref: number; sessionId: string; report: Report; waitMs: number }
  | { do: "endSession"; sessionId: string }
  | { do: "runScript"; sessionId: string; powerUpId: string; script: CardScript }
  | { do: "watch"; purchaseId: string; after: number }
  | { do: "unwatch" }
  | { do: "print"; ref: number; purchaseId: string }
  | { do: "askPaper" }
  | { do: "journal"; entry: { kind: "purchaseOpened"; purchaseId: string; number: string } }
  | { do: "journal"; entry: { kind: "purchaseClosed"; purchaseId: string } };

/** What a step may use besides state and event: the agent's clock, and one fresh id. */
export interface StepInput {
  now: number;
  /** Becomes an Idempotency-Key when the step makes a request. */
  id: string;
}

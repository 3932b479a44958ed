/** Which kind of thing an event of a purchase's log was, and the sentence that tells it. */
import type {
  Attempt,
  AttemptEvent,
  CloseOutcome,
  LoggedEvent,
  Outcome,
  Purchase,
  PurchaseEvent,
  ReverseOutcome,
} from "@citygas/core";
import { never } from "@citygas/core";
import { type Language, type TrailKey, trailSentence, trailTexts, volume, yuan } from "@citygas/texts";

/** The purchase after the event, and the attempt that the event was about. */
export interface Told {
  event: LoggedEvent;
  purchase: Purchase;
  attempt: Attempt | null;
}

/** The event's stable name. */
export function trailKey({ event }: LoggedEventOnly): TrailKey {
  return event.type === "purchase" ? purchaseKey(event.event) : attemptKey(event.event);
}
type LoggedEventOnly = Pick<Told, "event">;

/** The event as a sentence. Nothing in it is secret or names a person. */
export function sentenceOf(told: Told, language: Language): string {
  const { event, purchase, attempt } = told;
  const texts = trailTexts[language];
  const { delivers, payableFen } = purchase.breakdown;
  const values: Record<string, string> = {
    goods: delivers.kind === "volume" ? volume(delivers.volumeL, language) : yuan(delivers.meterCreditFen, language),
    payable: yuan(payableFen, language),
    state: texts.states[purchase.state],
  };
  if (event.type === "purchase" && event.event.type === "gaveUp") values.reason = texts.reasons[event.event.reason];
  if (attempt !== null) {
    values.channel = texts.channels[attempt.channel];
    values.amount = yuan(attempt.amountFen, language);
  }
  return trailSentence(trailKey(told), values, language);
}

function purchaseKey(event: PurchaseEvent): TrailKey {
  switch (event.type) {
    case "scriptIssued":
      return event.script.kind === "sale" ? "purchase.scriptIssued" : "purchase.refundScriptIssued";
    case "cardSettled":
      return event.as === "written" ? "purchase.cardWritten" : "purchase.cardConsumed";
    case "decided":
      return event.to === "delivered" ? "purchase.decidedDelivered" : "purchase.decidedRefunding";
    default:
      return `purchase.${event.type}`;
  }
}

function attemptKey(event: AttemptEvent): TrailKey {
  switch (event.type) {
    case "answered":
      return answerKey(event.outcome);
    case "prepareAnswered":
      return event.outcome.kind === "prepared" ? "attempt.prepared" : "attempt.prepareFailed";
    case "closeAnswered":
      return closeKeys[event.outcome.kind];
    case "reverseAnswered":
      return reverseKeys[event.outcome.kind];
    case "created":
    case "submitted":
    case "notSubmitted":
    case "taken":
    case "cancelWanted":
    case "closeWanted":
    case "latePaidOut":
    case "lateCheckDone":
    case "lateRefunded":
    case "lateRefundFailed":
    case "lateRefundStuck":
    case "resolved":
      return `attempt.${event.type}`;
    default:
      return never(event, "attempt event");
  }
}

const answerKey = ({ kind }: Outcome): TrailKey => `attempt.${kind}`;
const closeKeys: Readonly<Record<CloseOutcome["kind"], TrailKey>> = {
  accepted: "attempt.closeAccepted",
  alreadyPaid: "attempt.closeAlreadyPaid",
  again: "attempt.closeAgain",
  unknown: "attempt.closeUnknown",
};
const reverseKeys: Readonly<Record<ReverseOutcome["kind"], TrailKey>> = {
  accepted: "attempt.reverseAccepted",
  again: "attempt.reverseAgain",
  tooLate: "attempt.reverseTooLate",
  unknown: "attempt.reverseUnknown",
};

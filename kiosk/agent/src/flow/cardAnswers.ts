/** What follows from the centre's answer to an image or a report. */
import { type CardAnswer, type Problem, type PurchaseView, type RefusalCode, refusalCodes } from "@citygas/api";
import type { Delivered } from "../view.ts";
import { type Ctx, canPrint, close, go, open, request, send, soldOf } from "./context.ts";
import { times } from "./times.ts";
import type { Purpose, Sold, StageOf } from "./types.ts";

/** The centre issues a script anew only for a good reason; a terminal does not go round for ever. */
const maxRounds = 4;

export function takeAnswer(c: Ctx, answer: CardAnswer): void {
  switch (answer.kind) {
    case "account": {
      const { customer, unit, maximum, quick, notice } = answer;
      const account = { customer, unit, maximum, quick, notice, entry: "" };
      const limitMs = c.state.config?.settings.idleMs ?? times.idleMs;
      go(c, { name: "account", account, error: null, busy: false }, { voice: "enterAmount", limitMs, soft: true });
      return;
    }
    case "script":
      runWrite(c, answer);
      return;
    case "delivered":
      delivered(c, answer.purchase, true);
      return;
    case "refunding":
      refunding(c, answer.purchase, true);
      return;
    case "gasOnCard": {
      const { customer, gas, boughtOn, notice } = answer;
      const voice = isEmpty(gas) ? "meterFirst" : "gasOnCard";
      go(c, { name: "gasOnCard", customer, gas, boughtOn, notice }, { voice, limitMs: times.dwellMs });
      return;
    }
    case "writeFailed":
      writeFailed(c, soldOf(answer.purchase), { purpose: purposeNow(c), why: failedBy(c), hall: answer.hall });
      return;
    case "refused":
      refuse(c, answer.code, answer.value, answer.number);
      return;
  }
}

function runWrite(c: Ctx, answer: Extract<CardAnswer, { kind: "script" }>): void {
  const { session, stage } = c.state;
  const { purchase, script } = answer;
  if (session === null) return;
  const before = stage.name === "writing" && stage.purchase.id === purchase.id ? stage : null;
  const round = (before?.round ?? 0) + 1;
  if (round > maxRounds) {
    writeFailed(c, soldOf(purchase), { purpose: purposeNow(c), why: "unknown", hall: false });
    return;
  }
  const purpose: Purpose = script.purpose === "refund" ? "refund" : "write";
  open(c, purchase);
  const resumed = before?.resumed ?? answer.resumed;
  const next: StageOf<"writing"> = { name: "writing", purchase, purpose, resumed, report: null, round };
  // The customer already sees "writing": the script's coming changes nothing for them.
  if (before?.purpose === purpose) c.state.stage = next;
  else go(c, next, { voice: purpose === "refund" ? "takingBack" : resumed ? "finishing" : writingPrompt(purchase) });
  c.state.running = { sessionId: session.id, scriptId: script.id };
  c.effects.push({ do: "runScript", sessionId: session.id, powerUpId: session.powerUpId, script });
}

/** `heard`: the centre knows (then there is a receipt to print). */
export function delivered(c: Ctx, purchase: PurchaseView, heard: boolean): void {
  close(c, purchase.id);
  const limitMs = c.state.config?.settings.successWindowMs ?? times.successWindowMs;
  const printable = heard && canPrint(c.state);
  go(
    c,
    { name: "success", sold: soldOf(purchase), printable },
    { voice: printable ? "success" : "successNoReceipt", limitMs },
  );
}

/** `byCard`: the card proved it, by an image that its meter has to take before it can buy again. */
export function refunding(c: Ctx, purchase: PurchaseView, byCard: boolean): void {
  close(c, purchase.id);
  const amountFen = purchase.refund?.amountFen ?? purchase.breakdown.payableFen;
  const { number, url } = purchase;
  const done = purchase.state === "refunded" || purchase.refund?.done === true;
  const balanceFen = purchase.breakdown.balanceOffsetFen;
  const stage: StageOf<"refunded"> = { name: "refunded", number, amountFen, balanceFen, url, done, meterFirst: byCard };
  const nothingPaid = amountFen === 0 && balanceFen === 0;
  go(c, stage, { voice: nothingPaid ? "takeCard" : done ? "refunded" : "refunding", limitMs: times.dwellMs });
}

export type Failure = Omit<StageOf<"writeFailed">, "name" | "sold">;
export function writeFailed(c: Ctx, sold: Sold, failure: Failure): void {
  const { purpose, why } = failure;
  const voice = why === "cardPulled" ? "cardPulled" : purpose === "refund" ? "takeBackFailed" : "writeFailed";
  go(c, { name: "writeFailed", sold, ...failure }, { voice, limitMs: 2 * times.dwellMs });
}

export function refuse(c: Ctx, code: RefusalCode, value: number | null, number: string | null): void {
  const voice = code === "server.unavailable" ? "offline" : "refused";
  go(c, { name: "refused", code, value, number }, { voice, limitMs: times.dwellMs });
}

/** A problem's code as one of the contract's; a server that names another says no more than "not now". */
export function problemCode(problem: Problem): RefusalCode {
  return refusalCodes.find((code) => code === problem.code) ?? "server.unavailable";
}
export function refuseProblem(c: Ctx, problem: Problem): void {
  refuse(c, problemCode(problem), problem.value ?? null, problem.number ?? null);
}

/** Tells the centre to give the purchase up; the answer, or its own timers, settle it. */
export function cancel(c: Ctx, purchaseId: string, awaited: boolean): void {
  const make = (ref: number) =>
    ({ do: "cancel", ref, purchaseId, key: c.id, retryForMs: times.cancelRetryMs }) as const;
  if (awaited) request(c, make);
  else send(c, make);
}

export function writingPrompt(purchase: PurchaseView): "paidWriting" | "writing" {
  return purchase.breakdown.payableFen > 0 ? "paidWriting" : "writing";
}

/** What the script of this stage was for; outside of one, gas is what a purchase is about. */
function purposeNow({ state: { stage } }: Ctx): Purpose {
  return stage.name === "writing" || stage.name === "writeFailed" ? stage.purpose : "write";
}

const isEmpty = (gas: Delivered): boolean => (gas.kind === "volume" ? gas.volumeL : gas.meterCreditFen) === 0;

/** Why the last script stopped, in the screen's words. */
function failedBy(c: Ctx): StageOf<"writeFailed">["why"] {
  const { stage, card } = c.state;
  if (card === null) return "cardPulled";
  if (stage.name !== "writing" || stage.report === null) return "unknown";
  switch (stage.report.failure?.reason) {
    case "removed":
    case "stale":
      return "cardPulled";
    case undefined:
    case "expired":
      return "unknown";
    default:
      return "card";
  }
}

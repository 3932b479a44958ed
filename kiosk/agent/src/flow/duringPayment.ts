/** The payment page, the wait for the wallet, and what is neither paid nor cancelled yet. */
import { cancel, problemCode, refuse } from "./cardAnswers.ts";
import { type Ctx, leave, request, say } from "./context.ts";
import { follow, toPay, toPayWaiting, toUnsettled } from "./payment.ts";
import { scannedKind } from "./paymentCode.ts";
import { type Rules, row } from "./rules.ts";
import { times } from "./times.ts";
import type { Answered, Rejected, StageOf } from "./types.ts";

export const pay: Rules<StageOf<"pay">> = row<"pay">({
  removed: (c, stage) => {
    if (stage.givenUp === null) cancel(c, stage.purchase.id, false);
    toUnsettled(c, stage.purchase, stage.givenUp?.by ?? "cardPulled");
  },
  scanned: (c, stage, code) => {
    if (stage.givenUp !== null || (c.state.limit !== null && c.now >= c.state.limit.until)) return;
    const kind = scannedKind(code);
    if (kind !== "wechat" && kind !== "alipay") {
      const rejected: Rejected = kind === "other" ? "notAPaymentCode" : kind;
      c.state.stage = { ...stage, rejected };
      say(c, "refused");
      return;
    }
    toPayWaiting(c, stage.purchase, kind);
    request(c, (ref) => ({
      do: "attempt",
      ref,
      purchaseId: stage.purchase.id,
      code,
      key: c.id,
      retryForMs: times.codeRetryMs,
    }));
  },
  act: (c, stage, action) => {
    if (action.do !== "back" || stage.givenUp !== null) return;
    // Asked first, said later: the page stays until the centre has confirmed, or for a moment.
    c.state.stage = { ...stage, givenUp: { by: "customer", waitUntil: c.now + times.cancelQuietMs } };
    cancel(c, stage.purchase.id, true);
  },
  answered: (c, stage, answered) => followAnswer(c, stage.purchase, answered, "customer"),
  news: (c, stage, purchase) => follow(c, purchase, stage.givenUp?.by ?? null),
  limit: (c, stage) => {
    if (stage.givenUp !== null) return;
    // The centre's own timer closes it too; asking makes the outcome known sooner.
    cancel(c, stage.purchase.id, false);
    toUnsettled(c, stage.purchase, "timeout");
  },
  wakeAt: (stage) => stage.givenUp?.waitUntil ?? null,
  wake: (c, stage) => toUnsettled(c, stage.purchase, "customer"),
});

export const payWaiting: Rules<StageOf<"payWaiting">> = row<"payWaiting">({
  // The card is gone and the wallet not yet heard: no gas could be written, so the money is not wanted. If it was
  // faster than the cancellation, it waits for the card.
  removed: (c, stage) => {
    cancel(c, stage.purchase.id, false);
    toUnsettled(c, stage.purchase, "cardPulled");
  },
  answered: (c, stage, answered) => {
    if (answered.to !== "attempt" && answered.to !== "purchase") return;
    const { answer } = answered;
    if (answer.ok || answer.kind === "unreachable") {
      followAnswer(c, stage.purchase, answered, null);
      return;
    }
    switch (problemCode(answer.problem)) {
      case "payment.inProgress":
        return;
      case "payment.notACode":
        return rejected(c, stage, "notAPaymentCode");
      case "payment.collectionCode":
        return rejected(c, stage, "collectionCode");
      case "payment.walletOff":
        return toPay(c, stage.purchase, "other");
      case "payment.channelDown":
        // Refused before anything was sent to a wallet.
        cancel(c, stage.purchase.id, false);
        return refuse(c, "payment.channelDown", null, stage.purchase.number);
      default:
        // The purchase is elsewhere than thought: ask where.
        if (answered.to === "attempt") askPurchase(c, stage.purchase.id);
        else toUnsettled(c, stage.purchase, "payment");
    }
  },
  news: (c, _stage, purchase) => follow(c, purchase, null),
  wakeAt: (stage) => stage.sentAt + (stage.long ? times.payPatienceMs : times.payLongMs),
  wake: (c, stage) => {
    if (stage.long) toUnsettled(c, stage.purchase, "payment");
    else c.state.stage = { ...stage, long: true };
  },
});

export const unsettled: Rules<StageOf<"unsettled">> = row<"unsettled">({
  readsCards: true,
  // Nothing was sent to a wallet: the customer may go, the centre's timers do the rest.
  act: (c, stage, action) => {
    if (!stage.codeSent && (action.do === "ok" || action.do === "done")) leave(c);
  },
  answered: (c, stage, answered) => followAnswer(c, stage.purchase, answered, stage.by),
  news: (c, stage, purchase) => follow(c, purchase, stage.by),
  limit: leave,
});

function followAnswer(
  c: Ctx,
  known: StageOf<"pay">["purchase"],
  { answer, to }: Answered,
  by: StageOf<"unsettled">["by"] | null,
): void {
  if (to !== "attempt" && to !== "cancel" && to !== "purchase") return;
  if (answer.ok) {
    // The narrowing of `to` does not reach `answer`, which was taken apart beside it.
    if ("state" in answer.value) follow(c, answer.value, by);
  } else if (answer.kind === "problem" && to === "cancel") {
    askPurchase(c, known.id);
  } else {
    toUnsettled(c, known, by ?? "payment");
  }
}

function askPurchase(c: Ctx, purchaseId: string): void {
  request(c, (ref) => ({ do: "purchase", ref, purchaseId, retryForMs: times.codeRetryMs }));
}

function rejected(c: Ctx, stage: StageOf<"payWaiting">, why: Exclude<Rejected, null>): void {
  toPay(c, stage.purchase, null);
  if (c.state.stage.name === "pay") c.state.stage = { ...c.state.stage, rejected: why, wallet: stage.wallet };
  say(c, "refused");
}

/** Where a purchase's state leads while money is concerned: one function, whoever brought the news. */
import type { PurchaseView } from "@citygas/api";
import { delivered, refunding, refuse, writeFailed, writingPrompt } from "./cardAnswers.ts";
import { type Ctx, close, go, request, say, soldOf, unwatch, watch } from "./context.ts";
import { times } from "./times.ts";
import type { GivenUp, Refused, StageOf, Wallet } from "./types.ts";

/** Goes where `purchase` leads. `by`: why it is being given up, if this terminal gave it up. */
export function follow(c: Ctx, purchase: PurchaseView, by: GivenUp | null): void {
  switch (purchase.state) {
    case "quoted":
      return;
    case "paying":
      followPaying(c, purchase, by);
      return;
    case "closing":
      toUnsettled(c, purchase, by ?? reasonOf(purchase));
      return;
    case "paid":
      if (c.state.session === null) pulledAfterPayment(c, purchase);
      else startWriting(c, purchase);
      return;
    case "issued":
    case "unknown":
      unwatch(c);
      writeFailed(c, soldOf(purchase), {
        purpose: "write",
        why: c.state.card === null ? "cardPulled" : "unknown",
        hall: false,
      });
      return;
    case "refunding":
    case "refunded":
      unwatch(c);
      refunding(c, purchase, false);
      return;
    case "manual":
      unwatch(c);
      close(c, purchase.id);
      refuse(c, "purchase.manual", null, purchase.number);
      return;
    case "delivered":
      unwatch(c);
      delivered(c, purchase, true);
      return;
    case "void":
      voided(c, purchase, by ?? reasonOf(purchase));
      return;
  }
}

function followPaying(c: Ctx, purchase: PurchaseView, by: GivenUp | null): void {
  const { attempt } = purchase;
  const over = attempt === null || attempt.state === "failed" || attempt.state === "reversed";
  const givenUp = by !== null && by !== "payment";
  if (givenUp || c.state.session === null) {
    toUnsettled(c, purchase, by ?? "cardPulled");
  } else if (over && purchase.acceptsCode) {
    toPay(c, purchase, attempt === null ? null : (attempt.refused ?? "other"));
  } else if (attempt !== null && ["created", "submitted", "pending", "paid"].includes(attempt.state)) {
    toPayWaiting(c, purchase, attempt.channel === "alipay" ? "alipay" : "wechat");
  } else {
    toUnsettled(c, purchase, "payment");
  }
}

/** The payment page. The window is the centre's: what is left of it, on the agent's clock. */
export function toPay(c: Ctx, purchase: PurchaseView, refused: Refused): void {
  const windowMs = c.state.config?.settings.codeWindowMs ?? times.codeWindowMs;
  const leftMs = purchase.dueAtMs === null ? windowMs : Math.max(0, purchase.dueAtMs - purchase.nowMs);
  watch(c, purchase);
  go(
    c,
    { name: "pay", purchase, rejected: null, wallet: null, refused, givenUp: null },
    { voice: refused === null ? "scanCode" : "refused", amountFen: purchase.breakdown.payableFen },
  );
  const calls = leftMs > times.askBeforeMs;
  c.state.limit = { until: c.now + leftMs, totalMs: Math.max(windowMs, leftMs), soft: false, calls };
}

export function toPayWaiting(c: Ctx, purchase: PurchaseView, wallet: Wallet): void {
  const { stage } = c.state;
  watch(c, purchase);
  const before = stage.name === "payWaiting" && stage.purchase.id === purchase.id ? stage : null;
  if (before === null) {
    go(c, { name: "payWaiting", purchase, wallet, sentAt: c.now, long: false }, { voice: "waitPayment" });
  } else {
    c.state.stage = { ...before, purchase, wallet };
  }
  const asks = purchase.attempt?.needsPassword === true;
  if (asks && before?.purchase.attempt?.needsPassword !== true) say(c, "enterPassword");
}

/** Neither paid nor cancelled is confirmed. Entering it twice keeps its clock. */
export function toUnsettled(c: Ctx, purchase: PurchaseView, by: GivenUp): void {
  const { stage } = c.state;
  watch(c, purchase);
  const codeSent = purchase.attempt !== null || stage.name === "payWaiting";
  if (stage.name === "unsettled" && stage.purchase.id === purchase.id) {
    c.state.stage = { ...stage, purchase, codeSent: codeSent || stage.codeSent };
    return;
  }
  const voice = codeSent ? "unknownPayment" : by === "timeout" ? "payTimeout" : "cardPulled";
  go(
    c,
    { name: "unsettled", purchase, by, codeSent },
    { ...(by === "customer" && !codeSent ? {} : { voice }), limitMs: times.unsettledMs },
  );
}

/** Paid, card in: from here to the verified card nothing can be pressed. */
export function startWriting(c: Ctx, purchase: PurchaseView): void {
  const { session } = c.state;
  if (session === null) return;
  unwatch(c);
  go(
    c,
    { name: "writing", purchase, purpose: "write", resumed: false, report: null, round: 0 },
    { voice: writingPrompt(purchase) },
  );
  request(c, (ref) => ({
    do: "wantScript",
    ref,
    purchaseId: purchase.id,
    sessionId: session.id,
    key: c.id,
    retryForMs: times.scriptRetryMs,
  }));
}

/** The money is in and the card is out: it waits for the card, here or at any reader. */
function pulledAfterPayment(c: Ctx, purchase: PurchaseView): void {
  const { number, url } = purchase;
  unwatch(c);
  go(c, { name: "cardPulled", before: "write", number, url }, { voice: "cardPulled", limitMs: 2 * times.dwellMs });
}

function voided(c: Ctx, purchase: PurchaseView, by: GivenUp): void {
  const { number, url, attempt } = purchase;
  unwatch(c);
  close(c, purchase.id);
  if (by === "timeout") {
    go(c, { name: "payTimeout", number, url }, { voice: "payTimeout", limitMs: times.dwellMs });
    return;
  }
  const stage: StageOf<"cancelled"> = { name: "cancelled", number, by, refused: attempt?.refused ?? null };
  go(c, stage, { ...(c.state.card === null ? {} : { voice: "takeCard" as const }), limitMs: times.dwellMs });
}

/** The centre's own reason, when this terminal did not give the purchase up itself. */
function reasonOf(purchase: PurchaseView): GivenUp {
  switch (purchase.reason) {
    case "customer":
      return "customer";
    case "timeout":
    case "quoteExpired":
      return "timeout";
    case "cardGone":
      return "cardPulled";
    default:
      return "payment";
  }
}

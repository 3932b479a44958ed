/** Home, notices, insert, reading, yielding, account, confirm: nothing is paid here yet, and every way back is open. */
import type { Answer, CardAnswer, PurchaseView, Report } from "@citygas/api";
import type { Action } from "../view.ts";
import { cancel, problemCode, refuse, refuseProblem, takeAnswer } from "./cardAnswers.ts";
import { type Ctx, go, inService, leave, open, request, say, unwatch } from "./context.ts";
import { asEntry, entryText, entryValue, typeKey } from "./entry.ts";
import { follow } from "./payment.ts";
import { type Rules, row } from "./rules.ts";
import { times } from "./times.ts";
import type { StageOf } from "./types.ts";

const idleMs = (c: Ctx): number => c.state.config?.settings.idleMs ?? times.idleMs;

export const home: Rules<StageOf<"home">> = row<"home">({
  readsCards: true,
  act: (c, _stage, action) => {
    if (action.do === "start" && inService(c.state)) toInsertCard(c, "welcome");
    if (action.do === "notes") go(c, { name: "notes" }, { limitMs: idleMs(c), soft: true });
  },
});
export const notes: Rules<StageOf<"notes">> = row<"notes">({
  readsCards: true,
  act: (c, _stage, action) => {
    if (action.do === "back") go(c, { name: "home" });
  },
  limit: leave,
});
export const insertCard: Rules<StageOf<"insertCard">> = row<"insertCard">({
  readsCards: true,
  act: (c, _stage, action) => {
    if (action.do === "back") leave(c);
    // With a card in, reading has begun by itself; 确定 without one says again what to do.
    if (action.do === "confirmInsert") say(c, "insertCard");
  },
  limit: leave,
});
export const wrongWay: Rules<StageOf<"wrongWay">> = row<"wrongWay">({
  readsCards: true,
  removed: (c) => toInsertCard(c, "insertCard"),
});
export const takeCard: Rules<StageOf<"takeCard">> = row<"takeCard">({
  readsCards: true,
  removed: (c) => go(c, { name: "home" }),
  wakeAt: (stage) => stage.callAt,
  wake: (c) => {
    c.state.stage = { name: "takeCard", callAt: c.now + times.callMs };
    say(c, "takeCard");
  },
});

export function toInsertCard(c: Ctx, voice: "welcome" | "insertCard"): void {
  go(c, { name: "insertCard" }, { voice, limitMs: idleMs(c), soft: true });
}

/** A fresh card in an idle kiosk: whatever was on the screen belonged to somebody else. */
export function startReading(c: Ctx): void {
  const { card } = c.state;
  if (card === null) return;
  c.state.card = { ...card, fresh: false };
  unwatch(c);
  if (card.atr === null) {
    go(c, { name: "wrongWay" }, { voice: "wrongWay" });
    return;
  }
  const { powerUpId, atr } = card;
  go(c, { name: "reading", until: c.now + times.readingMs, report: null }, { voice: "reading" });
  c.effects.push({ do: "askPaper" });
  request(c, (ref) => ({ do: "openSession", ref, powerUpId, atr, retryForMs: times.readingMs }));
}

export const reading: Rules<StageOf<"reading">> = row<"reading">({
  removed: pulledBeforePayment,
  answered: (c, stage, answered) => {
    if (!answered.answer.ok) return refuseAnswer(c, answered.answer);
    switch (answered.to) {
      case "openSession": {
        const { card } = c.state;
        const { id, script } = answered.answer.value;
        if (card === null) return;
        c.state.session = { id, powerUpId: card.powerUpId };
        c.state.running = { sessionId: id, scriptId: script.id };
        c.effects.push({ do: "runScript", sessionId: id, powerUpId: card.powerUpId, script });
        return;
      }
      case "image": {
        const answer = answered.answer.value;
        const { ours } = c.state;
        // The card of our own unfinished purchase is back (or never left, and the agent was restarted).
        if (answer.kind === "refused" && answer.code === "purchase.open" && ours?.number === answer.number && ours) {
          request(c, (ref) => ({
            do: "purchase",
            ref,
            purchaseId: ours.purchaseId,
            retryForMs: times.readingMs,
          }));
          return;
        }
        if (onPhone(answer) && stage.report !== null) toYielding(c, answer.number ?? "", stage.report);
        else takeAnswer(c, answer);
        return;
      }
      case "purchase":
        follow(c, answered.answer.value, null);
        return;
      default:
        return;
    }
  },
  scriptDone: (c, stage, { sessionId, report }) => {
    // A pulled card is told by the reader itself; anything else means that this card can't be read.
    const reason = report.failure?.reason;
    if (reason === "removed" || reason === "stale") return;
    if (reason !== undefined) return refuse(c, "card.unreadable", null, null);
    c.state.stage = { ...stage, report };
    request(c, (ref) => ({ do: "image", ref, sessionId, report, retryForMs: times.readingMs }));
  },
  wakeAt: (stage) => stage.until,
  wake: (c) => refuse(c, "server.unavailable", null, null),
});

const onPhone = (answer: CardAnswer): answer is Extract<CardAnswer, { kind: "refused" }> =>
  answer.kind === "refused" && answer.code === "purchase.onPhone";

function toYielding(c: Ctx, number: string, report: Report): void {
  go(
    c,
    { name: "yielding", number, report, askAt: c.now + times.yieldAskMs },
    { voice: "yielding", limitMs: times.yieldMs },
  );
}

/** No word of "nothing was charged" here: the phone may have paid. What it paid is kept for the card. */
const notYet = (c: Ctx, { number }: StageOf<"yielding">): void => refuse(c, "purchase.onPhone", null, number);

/**
 * The centre closes the order on the phone because this reader holds the card. The same image is put to it again until
 * it says what has become of the order: unpaid, the card may buy here; paid, the gas is written here.
 */
export const yielding: Rules<StageOf<"yielding">> = row<"yielding">({
  removed: notYet,
  limit: notYet,
  act: (c, _stage, action) => {
    if (action.do === "back") leave(c);
  },
  wakeAt: (stage) => stage.askAt,
  wake: (c, stage) => {
    const { session } = c.state;
    if (session === null) return;
    c.state.stage = { ...stage, askAt: null };
    const { report } = stage;
    request(c, (ref) => ({ do: "image", ref, sessionId: session.id, report, retryForMs: times.yieldMs }));
  },
  answered: (c, stage, { to, answer }) => {
    if (to !== "image") return;
    if (!answer.ok) return refuseAnswer(c, answer);
    // The narrowing of `to` does not reach `answer`, which was taken apart beside it.
    if (!("kind" in answer.value)) return;
    if (onPhone(answer.value)) c.state.stage = { ...stage, askAt: c.now + times.yieldAskMs };
    else takeAnswer(c, answer.value);
  },
});

export const account: Rules<StageOf<"account">> = row<"account">({
  removed: pulledBeforePayment,
  limit: leave,
  act: (c, stage, action) => {
    if (stage.busy) return;
    const { unit, entry } = stage.account;
    switch (action.do) {
      case "key":
        return setEntry(c, stage, typeKey(entry, action.key, unit));
      case "quick":
        // Only amounts that were offered: the screen owns nothing.
        if (stage.account.quick.includes(action.value)) setEntry(c, stage, entryText(action.value, unit));
        return;
      case "ok":
        return quote(c, stage);
      case "back":
        return leave(c);
      default:
        return;
    }
  },
  answered: (c, stage, answered) => {
    if (answered.to !== "newPurchase") return;
    if (answered.answer.ok) {
      toConfirm(c, stage, answered.answer.value);
      return;
    }
    const fromEntry = answered.answer.kind === "problem" && answered.answer.problem.code.startsWith("entry.");
    if (answered.answer.kind === "problem" && !fromEntry) return refuseProblem(c, answered.answer.problem);
    const error =
      answered.answer.kind === "problem"
        ? { code: problemCode(answered.answer.problem), value: answered.answer.problem.value ?? null }
        : { code: "server.unavailable" as const, value: null };
    c.state.stage = { ...stage, busy: false, error };
    rest(c);
    say(c, answered.answer.kind === "problem" ? "refused" : "offline");
  },
});

function setEntry(c: Ctx, stage: StageOf<"account">, entry: string): void {
  c.state.stage = { ...stage, account: { ...stage.account, entry }, error: null };
}

function quote(c: Ctx, stage: StageOf<"account">): void {
  const { session } = c.state;
  const { entry, unit, maximum } = stage.account;
  if (session === null) return;
  const value = entryValue(entry, unit);
  const error =
    value === 0
      ? { code: "entry.zero" as const, value: null }
      : maximum !== null && value > maximum.value
        ? {
            code: maximum.rule === "ceiling" ? ("entry.overCeiling" as const) : ("entry.overLimit" as const),
            value: maximum.value,
          }
        : null;
  if (error !== null) {
    c.state.stage = { ...stage, error };
    say(c, "refused");
    return;
  }
  c.state.stage = { ...stage, busy: true, error: null };
  askQuote(c, session.id, stage.account);
}

function askQuote(c: Ctx, sessionId: string, { entry, unit }: StageOf<"account">["account"]): void {
  const asked = asEntry(entryValue(entry, unit), unit);
  request(c, (ref) => ({
    do: "newPurchase",
    ref,
    sessionId,
    entry: asked,
    key: c.id,
    retryForMs: times.quoteRetryMs,
  }));
}

function toConfirm(c: Ctx, from: StageOf<"account"> | StageOf<"confirm">, purchase: PurchaseView): void {
  const { account: before } = from;
  const asked = asEntry(entryValue(before.entry, before.unit), before.unit);
  go(
    c,
    { name: "confirm", account: before, asked, purchase, busy: false, requoted: from.name === "confirm" },
    { voice: "checkPurchase", amountFen: purchase.breakdown.payableFen, limitMs: idleMs(c), soft: true },
  );
}

export const confirm: Rules<StageOf<"confirm">> = row<"confirm">({
  removed: (c, stage) => {
    // A confirmation under way may still make it a purchase that waits for money: it must not.
    if (stage.busy) cancel(c, stage.purchase.id, false);
    pulledBeforePayment(c);
  },
  limit: leave,
  act: (c, stage, action: Action) => {
    if (stage.busy) return;
    if (action.do === "back") {
      go(c, { name: "account", account: stage.account, error: null, busy: false }, { limitMs: idleMs(c), soft: true });
    }
    if (action.do !== "pay") return;
    c.state.stage = { ...stage, busy: true };
    request(c, (ref) => ({
      do: "confirm",
      ref,
      purchaseId: stage.purchase.id,
      key: c.id,
      retryForMs: times.quoteRetryMs,
    }));
  },
  answered: (c, stage, answered) => {
    const { answer } = answered;
    if (answered.to === "newPurchase") {
      if (answered.answer.ok) toConfirm(c, stage, answered.answer.value);
      else refuseAnswer(c, answered.answer);
      return;
    }
    if (answered.to !== "confirm") return;
    if (answered.answer.ok) {
      open(c, answered.answer.value);
      follow(c, answered.answer.value, null);
      return;
    }
    const code = answer.ok || answer.kind !== "problem" ? null : answer.problem.code;
    const { session } = c.state;
    if ((code === "purchase.quoteStale" || code === "purchase.quoteExpired") && session !== null) {
      askQuote(c, session.id, stage.account);
      return;
    }
    // Unanswered: the centre may have confirmed it. Nothing was sent to a wallet, so giving it up is safe.
    if (code === null) cancel(c, stage.purchase.id, false);
    refuseAnswer(c, answered.answer);
  },
});

/** Starts the customer's time anew after the machine kept them waiting. */
function rest(c: Ctx): void {
  if (c.state.limit !== null) c.state.limit = { ...c.state.limit, until: c.now + c.state.limit.totalMs };
}

function pulledBeforePayment(c: Ctx): void {
  go(c, { name: "cardPulled", before: "payment", number: null, url: null }, { voice: "cardPulled", limitMs: 10_000 });
}

function refuseAnswer(c: Ctx, answer: Exclude<Answer<unknown>, { ok: true }>): void {
  if (answer.kind === "problem") refuseProblem(c, answer.problem);
  else refuse(c, "server.unavailable", null, null);
}

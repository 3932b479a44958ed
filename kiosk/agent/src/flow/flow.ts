/**
 * The sale at the kiosk, as one pure machine: `step(state, event, {now, id})` gives the next state and what is to be
 * done. No clock, no randomness, no device, no network in here.
 *
 * The way of a sale (manual, chapter 1; words and rules in the reading of the manual):
 *
 *   home → insertCard → reading → account → confirm → pay → payWaiting → writing → success → printing → printed
 *
 * and what leaves it: wrongWay, refused, gasOnCard (reading); yielding (reading), which leads on to account or writing;
 * resumed writing, taking back included (reading); cancelled, payTimeout, unsettled (pay, payWaiting); writeFailed,
 * refunded (writing); cardPulled (anywhere); printFailed; takeCard, from where only the card's leaving leads home.
 *
 * What holds in every stage:
 * - The centre rules the purchase. News of it, by answer or by stream, goes through `follow`, which knows no order of
 *   arrival: older versions are dropped.
 * - One request is awaited at a time (`awaiting`); entering a stage makes every earlier answer a late one. A late answer
 *   can't move the flow, but what it opened is closed again (a session, a confirmed purchase).
 * - From the scan of a code to the verified card nothing can be pressed; there is no 返回 and no idle limit. Codes
 *   scanned outside the payment page, or while one is in flight, are dropped.
 * - The card's leaving wipes the session and leaves every stage that shows a person's data (I6).
 * - A session whose script is running when the card is pulled ends only after that script's report.
 * - Each stage that waits has an end: a limit, an own timer, or a request whose repetition is bounded.
 *
 * The table below has a row per stage and a cell per kind of event; a cell that isn't there is an event that does
 * nothing.
 */

import * as after from "./afterPayment.ts";
import * as before from "./beforePayment.ts";
import { cancel } from "./cardAnswers.ts";
import { type Ctx, close, inService, say } from "./context.ts";
import * as during from "./duringPayment.ts";
import type { Rules, Table } from "./rules.ts";
import { times } from "./times.ts";
import type { Answered, Effect, FlowEvent, FlowState, Stage, StepInput } from "./types.ts";

const table: Table = {
  home: before.home,
  notes: before.notes,
  insertCard: before.insertCard,
  wrongWay: before.wrongWay,
  takeCard: before.takeCard,
  reading: before.reading,
  yielding: before.yielding,
  account: before.account,
  confirm: before.confirm,
  pay: during.pay,
  payWaiting: during.payWaiting,
  unsettled: during.unsettled,
  writing: after.writing,
  success: after.success,
  printing: after.printing,
  printed: after.printed,
  printFailed: after.printFailed,
  gasOnCard: after.gasOnCard,
  writeFailed: after.writeFailedRow,
  payTimeout: after.payTimeout,
  cancelled: after.cancelled,
  refunded: after.refunded,
  refused: after.refused,
  cardPulled: after.cardPulled,
};

/** The row of a stage. Sound because `table` maps each name to the row of exactly that stage. */
function rulesOf(stage: Stage): Rules<Stage> {
  return table[stage.name];
}

/** A kiosk that has just been switched on: nothing is known to work yet. */
export function initialState(now: number): FlowState {
  return {
    stage: { name: "home" },
    epoch: 0,
    limit: null,
    askMoreTime: false,
    card: null,
    session: null,
    running: null,
    awaiting: null,
    nextRef: 1,
    watching: null,
    ours: null,
    up: { reader: false, scanner: false, server: false, paired: true },
    downSince: now,
    paper: "ok",
    config: null,
    voice: null,
  };
}

export function step(state: FlowState, event: FlowEvent, input: StepInput): { state: FlowState; effects: Effect[] } {
  const c: Ctx = { state: { ...state }, effects: [], now: input.now, id: input.id };
  happen(c, event);
  const { stage, card } = c.state;
  // The script of the card before has died with it, but its report must be in first.
  const free = rulesOf(stage).readsCards && c.state.running === null && inService(c.state);
  if (card?.fresh === true && free) before.startReading(c);
  if (inService(state) && !inService(c.state)) c.state.downSince = c.now;
  return { state: c.state, effects: c.effects };
}

/** When the machine wants its next `tick`, on the agent's clock; null: only an event moves it. */
export function wakeAt(state: FlowState): number | null {
  const { limit, stage } = state;
  const own = rulesOf(stage).wakeAt(stage);
  const limitAt =
    limit === null || waits(state)
      ? null
      : (limit.soft && !state.askMoreTime) || limit.calls
        ? limit.until - times.askBeforeMs
        : limit.until;
  if (own === null || limitAt === null) return own ?? limitAt;
  return Math.min(own, limitAt);
}

/** A customer's time does not run while they wait for us. */
function waits(state: FlowState): boolean {
  return state.limit?.soft === true && state.awaiting !== null;
}

function happen(c: Ctx, event: FlowEvent): void {
  const { state } = c;
  const { stage } = state;
  const rules = rulesOf(stage);
  switch (event.type) {
    case "reader":
      onReader(c, event.event);
      return;
    case "scanner":
      if (event.event.type === "code") rules.scanned(c, stage, event.event.code);
      else state.up = { ...state.up, scanner: event.event.type === "ready" };
      return;
    case "paper":
      state.paper = paperView(event.state);
      return;
    case "heartbeat":
      state.up = { ...state.up, server: event.config !== null || !event.paired, paired: event.paired };
      if (event.config !== null) state.config = event.config;
      return;
    case "recovered":
      state.ours = event.purchase;
      return;
    case "action":
      onAction(c, event.action);
      return;
    case "answered":
      if (event.ref === state.awaiting) {
        state.awaiting = null;
        rules.answered(c, stage, event);
      } else {
        late(c, event);
      }
      return;
    case "purchase": {
      const known = "purchase" in stage ? stage.purchase : null;
      const isNews = known !== null && event.purchase.id === known.id && event.purchase.version > known.version;
      if (isNews) rules.news(c, stage, event.purchase);
      return;
    }
    case "scriptDone":
      if (state.running?.scriptId !== event.report.scriptId) return;
      state.running = null;
      if (state.session?.id === event.sessionId) rules.scriptDone(c, stage, event);
      else after.reportOfPulledCard(c, event);
      return;
    case "printed":
      if (event.ref !== state.awaiting) return;
      state.awaiting = null;
      rules.printed(c, stage, event.result);
      return;
    case "tick":
      onTick(c);
      return;
  }
}

function onReader(c: Ctx, event: Extract<FlowEvent, { type: "reader" }>["event"]): void {
  const { state } = c;
  switch (event.type) {
    case "ready":
    case "fault":
      state.up = { ...state.up, reader: event.type === "ready" };
      return;
    case "inserted":
    case "mute":
      // A reader says when a card leaves; if it did not, the one before is gone all the same.
      if (state.card !== null) takeOut(c);
      c.state.card = { powerUpId: event.powerUpId, atr: event.type === "mute" ? null : event.atr, fresh: true };
      return;
    case "removed":
      if (state.card?.powerUpId === event.powerUpId) takeOut(c);
      return;
  }
}

function takeOut(c: Ctx): void {
  const { session, running } = c.state;
  c.state.card = null;
  c.state.session = null;
  if (session !== null && running?.sessionId !== session.id) {
    // A report made before goes first: the runner keeps the order.
    c.effects.push({ do: "endSession", sessionId: session.id });
  }
  const { stage } = c.state;
  rulesOf(stage).removed(c, stage);
}

function onAction(c: Ctx, action: Extract<FlowEvent, { type: "action" }>["action"]): void {
  const { state } = c;
  const { limit } = state;
  if (limit?.soft === true && action.do !== "finish") {
    // Whoever touches the screen is there.
    state.limit = { ...limit, until: c.now + limit.totalMs };
    state.askMoreTime = false;
  }
  if (action.do === "moreTime") return;
  const { stage } = state;
  if (action.do === "finish" && state.askMoreTime) rulesOf(stage).limit(c, stage);
  else rulesOf(stage).act(c, stage, action);
}

function onTick(c: Ctx): void {
  const { state } = c;
  const { limit, stage } = state;
  const rules = rulesOf(stage);
  if (limit !== null && !waits(state)) {
    if (c.now >= limit.until) {
      // Once only: a rule that leaves the stage as it is must not be asked for ever.
      state.limit = null;
      state.askMoreTime = false;
      rules.limit(c, stage);
      return;
    }
    if (limit.soft && !state.askMoreTime && c.now >= limit.until - times.askBeforeMs) {
      state.askMoreTime = true;
      say(c, "moreTime");
    }
    if (limit.calls && c.now >= limit.until - times.askBeforeMs) {
      state.limit = { ...limit, calls: false };
      say(c, "tenSeconds");
    }
  }
  const own = rules.wakeAt(stage);
  if (own !== null && c.now >= own) rules.wake(c, stage);
}

/** An answer nobody waits for any more: what it opened is closed again. */
function late(c: Ctx, event: { ref: number } & Answered): void {
  if (!event.answer.ok) return;
  switch (event.to) {
    case "openSession":
      c.effects.push({ do: "endSession", sessionId: event.answer.value.id });
      return;
    case "confirm":
      if (event.answer.value.state === "paying") cancel(c, event.answer.value.id, false);
      return;
    case "attempt":
    case "cancel":
    case "purchase": {
      const purchase = event.answer.value;
      happen(c, { type: "purchase", purchase });
      // Given up on the way: it is nobody's open purchase any more, whatever the screen shows by now.
      if (purchase.state === "void") close(c, purchase.id);
      return;
    }
    case "newPurchase":
    case "image":
    case "report":
    case "wantScript":
      return;
  }
}

function paperView(state: Extract<FlowEvent, { type: "paper" }>["state"]): FlowState["paper"] {
  switch (state) {
    case "full":
    case "unknown":
      return "ok";
    case "low":
      return "low";
    case "out":
    case "jammed":
      return state;
  }
}

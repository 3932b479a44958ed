/** From "paid" to the card in the customer's hand, and the screens that only tell an outcome. */
import { delivered, type Failure, refunding, refuseProblem, takeAnswer, writeFailed } from "./cardAnswers.ts";
import { type Ctx, go, leave, request, send, soldOf } from "./context.ts";
import { type Rules, row } from "./rules.ts";
import { times } from "./times.ts";
import type { FlowEvent, Sold, StageOf } from "./types.ts";

export const writing: Rules<StageOf<"writing">> = row<"writing">({
  removed: (c, stage) => {
    const { number, url } = soldOf(stage.purchase);
    if (c.state.running === null && stage.report === null && stage.round === 0) {
      // Paid, and no script has run: the money waits for the card.
      go(c, { name: "cardPulled", before: "write", number, url }, { voice: "cardPulled", limitMs: 2 * times.dwellMs });
      return;
    }
    const { awaiting } = c.state;
    writeFailed(c, soldOf(stage.purchase), { purpose: stage.purpose, why: "cardPulled", hall: false });
    // A report that is already out may still say that all of it was on the card before it was pulled.
    c.state.awaiting = awaiting;
  },
  scriptDone: (c, stage, { sessionId, report }) => {
    c.state.stage = { ...stage, report };
    request(c, (ref) => ({ do: "report", ref, sessionId, report, waitMs: times.reportWaitMs }));
  },
  answered: (c, stage, answered) => {
    if (answered.to !== "wantScript" && answered.to !== "report") return;
    const { answer } = answered;
    if (answer.ok) {
      takeAnswer(c, answer.value);
      return;
    }
    const verified = stage.report !== null && stage.report.failure === undefined;
    const failed = (why: Failure["why"]): void =>
      writeFailed(c, soldOf(stage.purchase), { purpose: stage.purpose, why, hall: false });
    if (answer.kind === "unreachable") {
      // Written and read back is written, whether the centre has heard it or not; the journal tells it later.
      if (!verified) failed("network");
      else if (stage.purpose === "refund") refunding(c, stage.purchase, true);
      else delivered(c, stage.purchase, false);
    } else if (answered.to === "wantScript" && answer.problem.code.startsWith("card.")) {
      refuseProblem(c, answer.problem);
    } else {
      failed("unknown");
    }
  },
});

/** The card was pulled while its script ran: the report goes up for the centre to judge, then the session ends. */
export function reportOfPulledCard(c: Ctx, event: Extract<FlowEvent, { type: "scriptDone" }>): void {
  const { sessionId, report } = event;
  if (event.purpose !== "probe") {
    const make = (ref: number) => ({ do: "report", ref, sessionId, report, waitMs: times.reportWaitMs }) as const;
    if (c.state.stage.name === "writeFailed") request(c, make);
    else send(c, make);
  }
  c.effects.push({ do: "endSession", sessionId });
}

const closes = new Set(["ok", "done", "finish", "back"]);
type ToldName =
  | "gasOnCard"
  | "writeFailed"
  | "payTimeout"
  | "cancelled"
  | "refunded"
  | "refused"
  | "cardPulled"
  | "success"
  | "printed"
  | "printFailed";

/** A screen that tells an outcome: it ends by a tap or by itself, and a card put in then is the next customer's. */
function told<N extends ToldName>(cells: Partial<Rules<StageOf<N>>>): Rules<StageOf<N>> {
  return row<N>({
    readsCards: true,
    limit: leave,
    act: (c, _stage, action) => {
      if (closes.has(action.do)) leave(c);
    },
    ...cells,
  });
}

export const gasOnCard: Rules<StageOf<"gasOnCard">> = told<"gasOnCard">({
  removed: (c) => go(c, { name: "home" }),
});
export const payTimeout: Rules<StageOf<"payTimeout">> = told<"payTimeout">({});
export const cancelled: Rules<StageOf<"cancelled">> = told<"cancelled">({});
export const refunded: Rules<StageOf<"refunded">> = told<"refunded">({});
export const refused: Rules<StageOf<"refused">> = told<"refused">({});
export const cardPulled: Rules<StageOf<"cardPulled">> = told<"cardPulled">({});
export const printed: Rules<StageOf<"printed">> = told<"printed">({});

export const writeFailedRow: Rules<StageOf<"writeFailed">> = told<"writeFailed">({
  answered: (c, stage, answered) => {
    if (answered.to !== "report" || !answered.answer.ok) return;
    const answer = answered.answer.value;
    // The customer's view of another reading has no place here: only what became of this purchase.
    if (answer.kind === "delivered") delivered(c, answer.purchase, true);
    else if (answer.kind === "writeFailed") c.state.stage = { ...stage, hall: answer.hall };
    else if (answer.kind === "refunding" || answer.kind === "refused") takeAnswer(c, answer);
  },
});

export const success: Rules<StageOf<"success">> = told<"success">({
  act: (c, stage, action) => {
    if (action.do === "print" && stage.printable) print(c, stage.sold);
    else if (closes.has(action.do)) leave(c);
  },
});
export const printFailed: Rules<StageOf<"printFailed">> = told<"printFailed">({
  act: (c, stage, action) => {
    if (action.do === "print") print(c, stage.sold);
    else if (closes.has(action.do)) leave(c);
  },
});
export const printing: Rules<StageOf<"printing">> = row<"printing">({
  printed: (c, { sold }, result) => {
    c.effects.push({ do: "askPaper" });
    const limitMs = c.state.config?.settings.successWindowMs ?? times.successWindowMs;
    if (result.ok) go(c, { name: "printed", sold }, { voice: "takeReceipt", limitMs });
    else go(c, { name: "printFailed", sold, reason: result.reason }, { limitMs });
  },
});

function print(c: Ctx, sold: Sold): void {
  go(c, { name: "printing", sold });
  request(c, (ref) => ({ do: "print", ref, purchaseId: sold.purchaseId }));
}

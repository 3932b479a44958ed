/** What the screen draws of a flow state. Pure; `seq` and `now` are the sender's. */
import type { Delivered, Screen, ViewMessage } from "../view.ts";
import { canPrint, inService } from "./context.ts";
import type { FlowState, StageName, StageOf } from "./types.ts";

const steps: Record<StageName, ViewMessage["step"]> = {
  home: 0,
  notes: 0,
  insertCard: 1,
  wrongWay: 1,
  takeCard: 0,
  reading: 1,
  yielding: 1,
  account: 2,
  confirm: 3,
  pay: 4,
  payWaiting: 4,
  unsettled: 4,
  writing: 5,
  success: 5,
  printing: 5,
  printed: 5,
  printFailed: 5,
  gasOnCard: 1,
  writeFailed: 5,
  payTimeout: 4,
  cancelled: 4,
  refunded: 5,
  refused: 1,
  cardPulled: 0,
};

/** `name`: what this kiosk is called before the centre has said so. */
export function viewOf(state: FlowState, name: string): Omit<ViewMessage, "seq" | "now"> {
  const { config, limit } = state;
  const screen = screenOf(state);
  const shown = screen.name === "outOfService";
  return {
    type: "view",
    header: {
      company: config?.company ?? "",
      unit: config?.unit ?? "",
      hotline: config?.hotline ?? "",
      terminal: config?.terminal ?? name,
    },
    step: shown ? 0 : steps[state.stage.name],
    cardLocked: locked(state),
    limit: shown || limit === null ? null : { until: limit.until, totalMs: limit.totalMs },
    askMoreTime: state.askMoreTime,
    voice: state.voice,
    paper: state.paper,
    screen,
  };
}

/** Not while a payment is being checked: nothing is on its way to the card, and its words say that one may go. */
function locked({ stage, card }: FlowState): boolean {
  if (card === null) return false;
  return stage.name === "reading" || stage.name === "writing" || stage.name === "payWaiting";
}

function screenOf(state: FlowState): Screen {
  const { stage } = state;
  const cardIn = state.card !== null;
  switch (stage.name) {
    case "home":
    case "insertCard":
      return inService(state) ? { name: stage.name } : outOfService(state);
    case "notes":
    case "wrongWay":
    case "takeCard":
    case "reading":
      return { name: stage.name };
    case "yielding":
      return { name: "yielding", number: stage.number };
    case "account":
      return accountScreen(stage);
    case "confirm": {
      const { account, purchase, busy, requoted } = stage;
      return { name: "confirm", customer: account.customer, breakdown: purchase.breakdown, busy, requoted };
    }
    case "pay": {
      const { purchase, rejected, wallet, refused } = stage;
      return { name: "pay", ...payment(purchase), rejected, wallet, refused };
    }
    case "payWaiting": {
      const { purchase, wallet, long } = stage;
      const password = purchase.attempt?.needsPassword === true;
      return { name: "payWaiting", ...payment(purchase), wallet, password, long };
    }
    case "unsettled":
      return unsettledScreen(stage, cardIn);
    case "writing":
      return writingScreen(stage);
    case "success": {
      const { number, delivers } = stage.sold;
      return { name: "success", number, delivers, printable: stage.printable && canPrint(state), cardIn };
    }
    case "printing":
      return { name: "printing" };
    case "printed":
      return { name: "printed", cardIn };
    case "printFailed":
      return { name: "printFailed", reason: stage.reason, url: stage.sold.url, cardIn };
    case "gasOnCard": {
      const { customer, gas, boughtOn, notice } = stage;
      return { name: "gasOnCard", customer, gas, boughtOn, notice };
    }
    case "writeFailed": {
      const { number, delivers, url } = stage.sold;
      const { why, hall } = stage;
      return stage.purpose === "refund"
        ? { name: "takeBackFailed", number, url, why, hall }
        : { name: "writeFailed", number, delivers, url, why, hall };
    }
    case "payTimeout":
      return { name: "payTimeout", confirmed: true, number: stage.number, url: stage.url };
    case "cancelled":
      return { name: "cancelled", number: stage.number, by: stage.by, refused: stage.refused, cardIn };
    case "refunded":
      return stage;
    case "refused":
      return { name: "refused", code: stage.code, value: stage.value, number: stage.number, cardIn };
    case "cardPulled":
      return { name: "cardPulled", before: stage.before, number: stage.number, url: stage.url };
  }
}

function outOfService({ up, downSince }: FlowState): Screen {
  const reason = !up.paired ? "paired" : !up.server ? "server" : !up.reader ? "reader" : "scanner";
  return { name: "outOfService", reason, since: downSince };
}

function accountScreen({ account, error, busy }: StageOf<"account">): Screen {
  const { customer, unit, maximum, entry, quick, notice } = account;
  return { name: "account", customer, unit, maximum, entry, quick, error, notice, busy };
}

function payment(purchase: StageOf<"pay">["purchase"]): { payableFen: number; number: string } {
  return { payableFen: purchase.breakdown.payableFen, number: purchase.number };
}

/** Before any code was sent there is nothing to verify: only the timeout or the pulled card to tell. */
function unsettledScreen(stage: StageOf<"unsettled">, cardIn: boolean): Screen {
  const { purchase, by, codeSent } = stage;
  const { number, url } = purchase;
  if (!codeSent && by === "timeout") return { name: "payTimeout", confirmed: false, number, url };
  if (!codeSent && by === "cardPulled") return { name: "cardPulled", before: "payment", number, url };
  const reversing = purchase.state === "closing" || purchase.attempt?.state === "reversing";
  return { name: "unknownPayment", ...payment(purchase), url, cancelling: by !== "payment" || reversing, cardIn };
}

function writingScreen(stage: StageOf<"writing">): Screen {
  const { number, breakdown } = stage.purchase;
  const delivers: Delivered = breakdown.delivers;
  const { payableFen, balanceOffsetFen } = breakdown;
  if (stage.purpose === "refund") return { name: "takingBack", number, amountFen: payableFen + balanceOffsetFen };
  return stage.resumed
    ? { name: "resuming", number, delivers }
    : { name: "writing", number, delivers, paid: payableFen > 0 };
}

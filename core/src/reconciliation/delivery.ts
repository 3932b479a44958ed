/** Payments × card writes and meter commands: money without gas, gas without money, the ones customers notice. */
import type { PurchaseState } from "../purchase/types.ts";
import { never } from "../units.ts";
import type { Judgement } from "./types.ts";

export interface DeliveryFacts {
  state: PurchaseState;
  /** Gateway or balance money is in the books for it. */
  paid: boolean;
  /** A card script or a meter command left for it. */
  sent: boolean;
  /** The last thing a terminal or meter reported about it is a sale that was carried out. */
  written: boolean;
  /** Two people decided that it was delivered. */
  decided: boolean;
}

/** null: money and gas agree. */
export function judgeDelivery(facts: DeliveryFacts, windowOver: boolean): Judgement | null {
  const { state, paid, sent, written, decided } = facts;
  const difference = (cls: Judgement["class"], reason: Judgement["reason"], waits: boolean): Judgement => ({
    class: cls,
    state: waits && !windowOver ? "waiting" : "open",
    reason,
    handling: waits && !windowOver ? "wait" : "staff",
    blocksRefund: false,
  });
  switch (state) {
    case "delivered":
      if (!paid) return difference("short", "gasWithoutMoney", false);
      return sent || decided ? null : difference("state", "deliveredWithoutWrite", false);
    case "refunded":
    case "void":
      return written ? difference("short", "gasWithoutMoney", false) : null;
    case "refunding":
      if (written) return difference("short", "gasWithoutMoney", false);
      return difference("long", "moneyWithoutGas", true);
    case "paid":
    case "issued":
    case "unknown":
    case "manual":
      return paid ? difference("long", "moneyWithoutGas", true) : null;
    case "quoted":
    case "paying":
    case "closing":
      return null;
    default:
      return never(state, "purchase state");
  }
}

/** 换表 under an open purchase: the old meter's word settles it, or it goes on for the new meter with the new card. */
import { strongerProof } from "../card/replacement.ts";
import { type Heard, heardOf, type LastWord } from "../meter/replacement.ts";
import type { Instant } from "../units.ts";
import type { PurchaseEvent, PurchaseStep } from "./machine.ts";
import { deliver, replacedUnwritten, replacedWritten, twoPeople } from "./onCard.ts";
import { wordOnRecharge } from "./onLink.ts";
import { refund } from "./refunding.ts";
import { deliveredAmount, isOverLink } from "./steps.ts";
import type { Purchase } from "./types.ts";

type MeterReplaced = Extract<PurchaseEvent, { type: "meterReplaced" }>;

/** What the old meter says of a purchase whose script was out; null: none was, so it can't have been asked for it. */
export const heardOfOpen = (p: Purchase, word: LastWord): Heard | null =>
  p.countBefore === null || p.totalBefore === null || p.script === null
    ? null
    : heardOf(word, { countBefore: p.countBefore, totalBefore: p.totalBefore, amount: deliveredAmount(p) });

/** No script was out: the claim goes on with the new card and the new meter. Over a link nothing carries it there. */
export function meterUnderUnwritten(p: Purchase, e: MeterReplaced): PurchaseStep | null {
  if (e.script !== null || isOverLink(p) || !twoPeople(e.change.approvedBy)) return null;
  const moved = replacedUnwritten(
    { ...p, meterId: e.change.newMeterId },
    { type: "cardReplaced", script: null, needs: e.needs },
  );
  return moved && withChange({ ...moved, effects: [] }, e);
}

export function meterUnderWritten(p: Purchase, e: MeterReplaced, now: Instant): PurchaseStep | null {
  const { word, approvedBy } = e.change;
  if (word === null || !twoPeople(approvedBy)) return null;
  if (isOverLink(p)) return meterUnderSent(p, word, e, now);
  switch (heardOfOpen(p, word)) {
    case "took":
      return withChange(deliver(p, now, null), e);
    case "notTaken": {
      const moved = { ...p, meterId: e.change.newMeterId };
      const step = replacedWritten(
        moved,
        { type: "cardReplaced", script: e.script, needs: e.needs, approvedBy: [...approvedBy] },
        now,
      );
      return step && withChange({ ...step, effects: step.effects.filter(({ effect }) => effect !== "replaceCard") }, e);
    }
    case "tookNumber":
      return isRefundProof(p) ? withChange(taken(p, now), e) : null;
    default:
      return null;
  }
}

/** Over a link: nothing reaches the old one any more, so that its word is proof either way. */
function meterUnderSent(p: Purchase, word: LastWord, e: MeterReplaced, now: Instant): PurchaseStep | null {
  switch (wordOnRecharge(p, word)) {
    case "took":
      return withChange(deliver(p, now, null), e);
    case "notTaken":
      return withChange(refund(p, "staff", now), e);
    default:
      return null;
  }
}

/** Class B, whose refund image was out: that the number was taken for nothing is what its refund waits for. */
export const isRefundProof = (p: Purchase): boolean =>
  p.refundTried && strongerProof(p.refundNeeds, "returnArea") === "returnArea";

function taken(p: Purchase, now: Instant): PurchaseStep {
  const step = refund({ ...p, awaitsMeter: false }, "customer", now);
  if (p.countBefore === null) throw new Error(`purchase ${p.id} was never issued`);
  const count = { effect: "countOnCard", count: p.countBefore + 1, amount: 0 } as const;
  return { purchase: step.purchase, effects: [count, ...step.effects] };
}

/** Last, when card and books are what the purchase's own end has made of them. */
const withChange = ({ purchase, effects }: PurchaseStep, { change }: MeterReplaced): PurchaseStep => ({
  purchase,
  effects: [...effects, { effect: "replaceMeter", change }],
});

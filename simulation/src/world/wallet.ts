/**
 * A purchase made on the customer's own phone: its dongle reads the card, the order is paid in a wallet, now or long after
 * the customer has gone to a kiosk with the card. A CPU card is written in the dongle; for a memory card it is bought for
 * later, where its company allows that.
 */
import type { PurchaseView } from "@citygas/api";
import type { Payer } from "@citygas/core";
import { startPrepay } from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import { prepaidOrderOf } from "./prepay.ts";
import { afterPaid, type Buyer, cancel, keyed, type Visit, waitForMoney } from "./visit.ts";

const askMs = 20_000;
const triesMax = 3;

/** Paid at once, a CPU card is written in the dongle. */
export async function payInWallet(visit: Visit, purchase: PurchaseView): Promise<void> {
  const { world, household } = visit;
  const ordered = await orderInWallet(visit, purchase);
  if (ordered === "left") return;
  const known = await waitForMoney(visit, purchase.id);
  if (known?.state !== "paid") return;
  if (ordered === "writtenLater" || !household.driver.application) {
    if (ordered === "writtenLater") world.faults.hit(ordered);
    return;
  }
  await afterPaid(visit, purchase.id);
}

/**
 * The wallet's own params lead to the order; what the payer does with it may come whenever it likes.
 * @returns `left`: nobody waits for it
 */
export async function orderInWallet(
  visit: Buyer,
  purchase: PurchaseView,
): Promise<"left" | "paidNow" | "writtenLater"> {
  const { world, household } = visit;
  const { scheduler, faults } = world;
  const fiber = scheduler.fiber();
  const payer: Payer = { app: "h5", openid: `openid-${household.plan.name}` };
  const outTradeNo = await order(visit, purchase.id, payer);
  if (outTradeNo === null) {
    await cancel(visit, purchase.id);
    return "left";
  }
  const gateway = world.gateways[0];
  const fault = world.calm ? null : faults.draw<FaultAt<"atWallet">>("atWallet", fiber);
  const trade = gateway?.trades.get(outTradeNo);
  if (trade !== undefined) trade.inHand = true;
  const paid = (): void => {
    if (gateway?.trades.get(outTradeNo)?.state !== "open") return;
    world.say(() => `the wallet pays ${outTradeNo.slice(-6)}`);
    gateway.pay(outTradeNo);
  };
  switch (fault) {
    case "orderLeftUnpaid":
      faults.hit(fault);
      return "left";
    case "orderCancelled":
      faults.hit(fault);
      await cancel(visit, purchase.id);
      return "left";
    case "orderPaidLater":
      // The customer goes to a kiosk with the card meanwhile; the reader there wins, or finds it paid.
      faults.hit(fault);
      scheduler.at(fiber.rng.int(20_000, 14 * 60_000), () => {
        if (gateway?.trades.get(outTradeNo)?.state === "closed") faults.hit("orderPaidAfterClose");
        paid();
      });
      return "left";
    default:
      scheduler.at(fiber.rng.int(1_000, 40_000), paid);
      return fault ?? "paidNow";
  }
}

/** @returns the order's number; null: there is none to pay. */
async function order(visit: Buyer, purchaseId: string, payer: Payer): Promise<string | null> {
  const { world, kiosk } = visit;
  for (let tries = 1; tries <= triesMax; tries++) {
    const request = keyed(visit, "order");
    await kiosk.journal({ kind: "codeSending", at: world.scheduler.now, purchaseId, key: request.key });
    const made = await kiosk.ask("order", askMs, (server) =>
      startPrepay(server.sale, server.payments, kiosk.terminal, purchaseId, payer, request),
    );
    if (made.ok) return prepaidOrderOf(made.value.params.package);
    if (
      made.kind === "problem" &&
      made.error.code !== "payment.inProgress" &&
      made.error.code !== "payment.channelDown"
    )
      return null;
    await world.scheduler.pause(5_000);
  }
  return null;
}

/** Orders that are paid later, at the gateway that has them: what the port makes of them, and what goes wrong on the way. */
import type { CloseOutcome, PrepayOutcome } from "@citygas/core";
import type { PrepayDoor } from "@citygas/gateways";
import type { FaultAt } from "../faults/kinds.ts";
import { lost, there } from "./channel.ts";
import type { Gateway } from "./gateway.ts";
import type { World } from "./world.ts";

const clientMs = 15_000;
const prefix = "prepay_id=";

/** The order that a wallet was handed. */
export const prepaidOrderOf = (packageText: string): string => packageText.slice(prefix.length);

export function openPrepay(world: World, gateway: Gateway): PrepayDoor {
  return {
    prepare: ({ outTradeNo, amountFen, expireAt }) => prepare(world, gateway, outTradeNo, amountFen, expireAt),
    payParams: ({ prepayId }, now, nonce) => ({
      appId: "app",
      timeStamp: String(Math.trunc(now / 1_000)),
      nonceStr: nonce,
      package: `${prefix}${prepayId}`,
      signType: "RSA",
      paySign: "signed",
    }),
    close: ({ outTradeNo }) => close(world, gateway, outTradeNo),
  };
}

/** Made again with the same number it is the same order. */
async function prepare(
  world: World,
  gateway: Gateway,
  no: string,
  amountFen: number,
  expireAt: number,
): Promise<PrepayOutcome> {
  const { scheduler, faults } = world;
  world.checks.orderLeaves(no);
  const fault = world.calm ? null : faults.draw<FaultAt<"prepare">>("prepare", world.callAbout(no, "prepare"));
  if (fault !== null) faults.hit(fault);
  if (fault === "prepareNotSent") return { kind: "notSent" };
  if (!(await there(world, gateway))) return lost("timeout");
  if (fault === "prepareRefused") return { kind: "refused", code: "NOAUTH" };
  if (gateway.trades.get(no)?.state === "closed") return { kind: "refused", code: "ORDER_CLOSED" };
  if (!gateway.trades.has(no)) Object.assign(gateway.order(no, amountFen, "open"), { inHand: false, isOrder: true });
  scheduler.at(Math.max(0, expireAt - scheduler.now), () => {
    if (gateway.trades.get(no)?.state === "open") gateway.reverse(no);
  });
  if (fault !== "prepareAnswerLost") return { kind: "prepared", prepayId: no };
  await scheduler.pause(clientMs);
  return lost("timeout");
}

async function close(world: World, gateway: Gateway, no: string): Promise<CloseOutcome> {
  const { scheduler, faults } = world;
  const fault = world.calm ? null : faults.draw<FaultAt<"close">>("close", world.callAbout(no, "close"));
  if (!(await there(world, gateway))) return lost("timeout");
  if (fault === "paidWhileClosing" && gateway.trades.get(no)?.state === "open") {
    faults.hit(fault);
    gateway.pay(no);
  }
  if (gateway.trades.get(no)?.state === "paid") return { kind: "alreadyPaid" };
  if (fault === "closeWithoutEffect") {
    faults.hit(fault);
    return { kind: "accepted" };
  }
  gateway.reverse(no);
  if (fault !== "closeAnswerLost") return { kind: "accepted" };
  faults.hit(fault);
  await scheduler.pause(clientMs);
  return lost("timeout");
}

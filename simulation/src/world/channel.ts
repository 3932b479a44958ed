/**
 * The port to a gateway as one server process has it: everything that facts/payments.md §8 lists happens here, between
 * the port and the gateway's own book. The calls never throw and end by the client's time limit.
 */
import type { Fen, Outcome, RefundOutcome, ReverseOutcome } from "@citygas/core";
import type { CodePayChannel, PayRequest } from "@citygas/gateways";
import type { Payments } from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import type { Gateway, Trade } from "./gateway.ts";
import { openPrepay } from "./prepay.ts";
import type { Process } from "./scheduler.ts";
import type { World } from "./world.ts";

/** The clients' time limit. */
const clientMs = 15_000;
const autoCloseMs = 45_000;
export const lost = (why: string): { kind: "unknown"; why: string } => ({ kind: "unknown", why });
export const paidOf = (trade: Trade): Outcome => ({
  kind: "paid",
  verified: true,
  transactionId: `T${trade.outTradeNo}`,
  amountFen: trade.paidFen,
  paidAt: null,
});

export function openChannel(world: World, gateway: Gateway, process: Process, payments: Payments): CodePayChannel {
  return {
    name: gateway.name,
    pay: (request) => pay(world, gateway, process, payments, request),
    query: ({ outTradeNo }) => query(world, gateway, outTradeNo),
    reverse: ({ outTradeNo }) => reverse(world, gateway, outTradeNo),
    refund: (request) => refund(world, gateway, request),
    queryRefund: ({ outTradeNo, refundNo }) => queryRefund(world, gateway, outTradeNo, refundNo),
    notifications: world.post.door,
    ...(gateway.name === "wechat" ? { prepay: openPrepay(world, gateway) } : {}),
  };
}

/** Goes on beside the request that made it, as the server's own call does. */
function pay(
  world: World,
  gateway: Gateway,
  process: Process,
  { inFlight }: Payments,
  { outTradeNo: no, amountFen, authCode }: PayRequest,
): Promise<Outcome> {
  const { scheduler, faults } = world;
  const fiber = scheduler.fiber();
  const strand = { name: `${fiber.name} pay`, process, rng: fiber.rng.fork("pay") };
  const call = scheduler.detach<Outcome>(strand);
  // The services add the strand to what is in flight before they next wait.
  const others = new Set(inFlight);
  queueMicrotask(() => {
    for (const sent of inFlight) if (!others.has(sent)) sent.then(call.ended, call.ended);
  });
  world.checks.payLeaves(gateway, no, amountFen, authCode);
  const fault = faults.draw<FaultAt<"pay">>("pay", strand);
  const there = strand.rng.int(100, 900);
  const answer = (outcome: Outcome, afterMs: number): void => call.release(outcome, Math.min(afterMs, clientMs));
  const hit = (): void => {
    if (fault !== null) faults.hit(fault);
    if (fault !== null) world.say(() => `gateway ${gateway.name}: ${fault} (${no.slice(-6)})`);
  };
  switch (fault) {
    case "payNotSent":
      hit();
      answer({ kind: "notSent" }, 5);
      return call.promise;
    case "payMisconfigured":
      hit();
      answer({ kind: "misconfigured", code: "SIGN_ERROR" }, there);
      return call.promise;
    case "payNeverArrives":
      hit();
      answer(lost("timeout"), clientMs);
      return call.promise;
    case "payForgedSuccess":
      hit();
      world.forged.add(no);
      answer(lost("bad signature"), there);
      return call.promise;
    default:
  }
  const late = fault === "payArrivesLate";
  gateway.onTheWay.add(no);
  if (late) answer(lost("timeout"), clientMs);
  scheduler.at(late ? strand.rng.int(16_000, 50_000) : there, () => {
    gateway.onTheWay.delete(no);
    // A payment code lives for about a minute; what comes later is refused. Closed meanwhile: it stays closed.
    if (late) {
      hit();
      gateway.order(no, amountFen, "paid");
      return;
    }
    answer(...carryOutPay(world, gateway, { no, amountFen, fault, hit, rng: strand.rng }));
  });
  return call.promise;
}

interface PayCall {
  no: string;
  amountFen: Fen;
  fault: FaultAt<"pay"> | null;
  hit: () => void;
  rng: { int(min: number, max: number): number };
}

/** What the gateway says, and after how many ms it is heard. */
type Answered = [outcome: Outcome, afterMs: number];

/** At the gateway. */
function carryOutPay(world: World, gateway: Gateway, { no, amountFen, fault, hit, rng }: PayCall): Answered {
  const { scheduler } = world;
  const back = rng.int(50, 600);
  const known = gateway.trades.get(no);
  if (known !== undefined) return [lost("number used before"), back];
  switch (fault) {
    case "payRefusedBalance":
      hit();
      gateway.order(no, amountFen, "closed");
      return [{ kind: "refused", verified: true, code: "NOT_ENOUGH", text: "balance" }, back];
    case "payRefusedCode":
      hit();
      return [{ kind: "refused", verified: true, code: "AUTH_CODE_INVALID", text: "code" }, back];
    case "payRefusedUnsigned":
      hit();
      gateway.order(no, amountFen, "paid");
      return [{ kind: "refused", verified: false, code: "FORBIDDEN", text: "other" }, back];
    case "payerIsSlow":
      hit();
      gateway.order(no, amountFen, "open");
      scheduler.at(rng.int(2_000, 50_000), () => gateway.pay(no));
      closeLater(world, gateway, no);
      return [{ kind: "inProgress", verified: true }, back];
    case "payerNeverPays":
      hit();
      gateway.order(no, amountFen, "open");
      closeLater(world, gateway, no);
      return [{ kind: "inProgress", verified: true }, back];
    case "payError":
      hit();
      gateway.order(no, amountFen, "payError");
      return [lost("SYSTEM_ERROR"), back];
    case "payRolledBack": {
      const trade = gateway.order(no, amountFen, gateway.name === "alipay" ? "closed" : "paid");
      if (gateway.name === "alipay") hit();
      return [paidOf(trade), back];
    }
    case "paidOtherAmount":
      hit();
      return [paidOf(gateway.order(no, amountFen, "paid", Math.max(1, amountFen - 7))), back];
    case "successAfterClose":
      gateway.order(no, amountFen, "closed");
      scheduler.at(rng.int(5_000, 55_000), () => {
        hit();
        world.lateByGateway.add(no);
        gateway.payAfterClose(no);
      });
      return [lost("SYSTEM_ERROR"), back];
    case "payServerErrorButCharged":
    case "payBadSignature":
    case "payAnswerLost":
    case "payAnsweredSlowly":
      hit();
      gateway.order(no, amountFen, "paid");
      return [lost(fault), fault === "payServerErrorButCharged" || fault === "payBadSignature" ? back : clientMs];
    default:
      return [paidOf(gateway.order(no, amountFen, "paid")), back];
  }
}

/** The gateway closes what stays unpaid. */
function closeLater(world: World, gateway: Gateway, no: string): void {
  world.scheduler.at(autoCloseMs, () => {
    if (gateway.trades.get(no)?.state === "open") gateway.reverse(no);
  });
}

/** @returns false: it answers nothing now. */
export async function there(world: World, gateway: Gateway): Promise<boolean> {
  const { scheduler } = world;
  if (scheduler.now < gateway.awayUntil) {
    await scheduler.pause(clientMs);
    return false;
  }
  await scheduler.pause(scheduler.fiber().rng.int(50, 500));
  return true;
}

async function query(world: World, gateway: Gateway, no: string): Promise<Outcome> {
  const { scheduler, faults } = world;
  const fault = world.calm ? null : faults.draw<FaultAt<"query">>("query", world.callAbout(no, "query"));
  if (fault === "gatewayAway") {
    faults.hit(fault);
    gateway.awayUntil = scheduler.now + 60_000;
  }
  if (!(await there(world, gateway))) return lost("timeout");
  switch (fault) {
    case "queryAnswerLost":
      faults.hit(fault);
      await scheduler.pause(clientMs);
      return lost("timeout");
    case "queryBadSignature":
      faults.hit(fault);
      return lost("bad signature");
    case "queryFindsNothing":
      // Replicas of a gateway lag once; two signed "not found" in a row are believed, so it does not lie twice.
      if (gateway.trades.has(no) && !world.notFoundOnce.has(no)) {
        world.notFoundOnce.add(no);
        faults.hit(fault);
        return { kind: "notFound", verified: true };
      }
      break;
    default:
  }
  return truthOf(gateway.trades.get(no));
}

function truthOf(trade: Trade | undefined): Outcome {
  switch (trade?.state) {
    case undefined:
      return { kind: "notFound", verified: true };
    case "open":
      return { kind: "inProgress", verified: true };
    case "payError":
      return { kind: "payError", verified: true };
    case "closed":
      return { kind: "closed", verified: true };
    case "paid":
      return trade === undefined ? { kind: "notFound", verified: true } : paidOf(trade);
  }
}

async function reverse(world: World, gateway: Gateway, no: string): Promise<ReverseOutcome> {
  const { scheduler, faults } = world;
  const fault = world.calm ? null : faults.draw<FaultAt<"reverse">>("reverse", world.callAbout(no, "reverse"));
  if (!(await there(world, gateway))) return lost("timeout");
  switch (world.tooLate.has(no) ? null : fault) {
    case "reverseRefusedOnce":
      faults.hit("reverseRefusedOnce");
      return { kind: "again", why: "USERPAYING" };
    case "reverseWithoutEffect":
      faults.hit("reverseWithoutEffect");
      return { kind: "accepted" };
    case "reverseAnswerLost":
      faults.hit("reverseAnswerLost");
      gateway.reverse(no);
      await scheduler.pause(clientMs);
      return lost("timeout");
    case "reverseLate":
      scheduler.at(scheduler.fiber().rng.int(1_000, 20_000), () => {
        if (gateway.trades.has(no)) faults.hit("reverseLate");
        if (!world.tooLate.has(no)) gateway.reverse(no);
      });
      await scheduler.pause(500);
      return lost("connection reset");
    case "reverseTooLate":
      if (gateway.trades.get(no)?.state !== "paid") break;
      faults.hit("reverseTooLate");
      world.tooLate.add(no);
      break;
    default:
  }
  // A window that is over stays over.
  if (world.tooLate.has(no)) return { kind: "tooLate", code: "TRADE_CANCEL_TIME_OUT" };
  gateway.reverse(no);
  return { kind: "accepted" };
}

/** As WeChat Pay says ABNORMAL: nobody gets this money back through it. */
const refundedNever: RefundOutcome = { kind: "failed", code: "USER_ACCOUNT_CLOSED", never: true };

async function refund(
  world: World,
  gateway: Gateway,
  { outTradeNo, refundNo, amountFen }: { outTradeNo: string; refundNo: string; amountFen: Fen },
): Promise<RefundOutcome> {
  const { scheduler, faults } = world;
  const fiber = world.callAbout(outTradeNo, "refund");
  const fault = world.calm ? null : faults.draw<FaultAt<"refund">>("refund", fiber);
  if (!(await there(world, gateway))) return lost("timeout");
  const trade = gateway.trades.get(outTradeNo);
  if (trade === undefined) return { kind: "failed", code: "RESOURCE_NOT_EXISTS", never: false };
  if (fault === "payerAccountClosed" && trade.refunds.size === 0) trade.payerGone = true;
  if (trade.payerGone) {
    faults.hit("payerAccountClosed");
    gateway.tell(trade, { kind: "refund", refundNo, amountFen, outcome: refundedNever });
    return refundedNever;
  }
  if (fault === "refundAbnormal" && trade.refunds.size === 0) trade.blockedUntil = scheduler.now + 3_600_000;
  if (scheduler.now < trade.blockedUntil) {
    faults.hit("refundAbnormal");
    return { kind: "failed", code: "USER_ACCOUNT_ABNORMAL", never: false };
  }
  if (gateway.refund(outTradeNo, refundNo, amountFen) === "refused")
    return { kind: "failed", code: "NOT_ENOUGH", never: false };
  world.checks.refundLands(outTradeNo);
  switch (fault) {
    case "refundProcessing":
      faults.hit(fault);
      trade.processingUntil = scheduler.now + fiber.rng.int(1_000, 90_000);
      return { kind: "processing" };
    case "refundAnswerLost":
      faults.hit(fault);
      await scheduler.pause(clientMs);
      return lost("timeout");
    default:
      await scheduler.pause(fiber.rng.int(20, 300));
      return { kind: "done", verified: true };
  }
}

async function queryRefund(world: World, gateway: Gateway, no: string, refundNo: string): Promise<RefundOutcome> {
  if (!(await there(world, gateway))) return lost("timeout");
  const trade = gateway.trades.get(no);
  if (!trade?.refunds.has(refundNo)) return { kind: "notFound" };
  return world.scheduler.now < trade.processingUntil ? { kind: "processing" } : { kind: "done", verified: true };
}

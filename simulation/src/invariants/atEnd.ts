/**
 * When everybody has come back and nothing fails any more: everything is settled, and what the gateways hold, what the
 * meters credited and what the books say are one and the same.
 */
import { type ChannelName, deliveredAmount } from "@citygas/core";
import { meterBefore, unit } from "../world/household.ts";
import { leftOver } from "../world/meterSwap.ts";
import type { World } from "../world/world.ts";
import { accountAgrees, foldsToItself } from "./books.ts";

export function checkAtEnd(world: World): void {
  const { store, gateways } = world;
  const all = store.all("purchase");
  for (const p of all)
    if (!["delivered", "refunded", "void"].includes(p.state))
      world.violate("I12", `${p.number} is still ${p.state} days after everybody came back`);
  for (const attempt of store.all("attempt"))
    if (!["paid", "reversed", "failed"].includes(attempt.state) || attempt.lateSuccess?.refunded === false)
      world.violate("I12", `payment ${attempt.outTradeNo.slice(-6)} is still ${attempt.state}`);
  for (const household of world.everybody()) {
    const delivered = all.filter((p) => p.accountId === household.accountId && p.state === "delivered");
    const sold = delivered.reduce((sum, p) => sum + deliveredAmount(p), 0);
    const credited = household.meter.totalCredited - meterBefore.total;
    if (credited > sold)
      world.violate("I2", `the meter of ${household.plan.name} credited ${credited}, delivered were ${sold}`);
    // A purchase that its owner set back, over a number that the meter has taken for nothing, is lost to nobody else.
    if (credited < sold && !household.tampered)
      world.violate("I1", `the meter of ${household.plan.name} credited ${credited}, delivered were ${sold}`);
    // On a card that was set back nothing is written as long as its meter refuses what it holds.
    if (leftOver(world, household) > 0 && !household.tampered)
      world.violate("I12", `${household.plan.name} still waits for what was left in its old meter`);
    const wrong = accountAgrees(store, household.accountId);
    if (wrong !== null) world.violate("I7", wrong);
  }
  for (const { plan, accountId, meters } of world.linked) {
    const delivered = all.filter((p) => p.accountId === accountId && p.state === "delivered");
    const sold = delivered.reduce((sum, p) => sum + deliveredAmount(p), 0);
    const credited = meters.reduce((sum, { record, began }) => sum + record.totalCredited - began, 0);
    if (credited !== sold)
      world.violate(
        credited > sold ? "I2" : "I1",
        `the meter of ${plan.name} credited ${credited}, delivered were ${sold}`,
      );
    const wrong = accountAgrees(store, accountId);
    if (wrong !== null) world.violate("I7", wrong);
  }
  for (const p of all) {
    const wrong = foldsToItself(store, p);
    if (wrong !== null) world.violate("I8", wrong);
  }
  /** Given back another way, so that the gateway keeps it. */
  const paidOutFor = (name: ChannelName): number => {
    let sum = 0;
    for (const attempt of store.all("attempt")) {
      if (attempt.channel !== name) continue;
      const p = store.peek("purchase", attempt.purchaseId)?.state;
      if (p?.paidAttemptId === attempt.id && p.refund?.paidOut != null) sum += p.refund.amountFen;
      if (attempt.lateSuccess?.paidOut != null) sum += attempt.amountFen;
    }
    return sum;
  };
  const paidBy = (name: ChannelName): number =>
    all.reduce((sum, p) => {
      const attempt = p.paidAttemptId === null ? undefined : store.peek("attempt", p.paidAttemptId)?.state;
      return p.state === "delivered" && attempt?.channel === name ? sum + attempt.amountFen : sum;
    }, 0);
  for (const gateway of gateways) {
    const net = gateway.netFen();
    const kept = paidBy(gateway.name) + paidOutFor(gateway.name);
    if (net > kept) world.violate("I1", `${gateway.name} holds ${net} fen, delivered or paid out for it was ${kept}`);
    if (net < kept) world.violate("I2", `${gateway.name} holds ${net} fen, delivered or paid out for it was ${kept}`);
    const book = store.sums().get(`gateway:${gateway.name}\nfen`) ?? 0;
    if (book !== net) world.violate("I7", `the books say ${book} fen at ${gateway.name}, it holds ${net}`);
  }
  const { drawerId, notesFen, posFen, bankFen, slips } = world.till;
  const booked = (account: string): number => store.sums().get(`${account}\nfen`) ?? 0;
  if (slips.size > 0) world.violate("I12", `${slips.size} slips at the counter that nobody answered`);
  const counted = [
    [`drawer:${drawerId}`, notesFen],
    ["gateway:pos", posFen],
    [`bank:${unit.id}`, -bankFen],
  ] as const;
  for (const [account, real] of counted)
    if (booked(account) !== real) world.violate("I7", `${account} has ${real} fen, its books say ${booked(account)}`);
  const leftByAccount = new Map(world.everybody().map((each) => [`carried:${each.accountId}`, leftOver(world, each)]));
  const byCommodity = new Map<string, number>();
  for (const [key, amount] of store.sums()) {
    const [account = "", commodity = ""] = key.split("\n");
    byCommodity.set(commodity, (byCommodity.get(commodity) ?? 0) + amount);
    if (/^(open|held|returns):/.test(account) && amount !== 0)
      world.violate("I7", `${account} holds ${amount} when nothing is open`);
    const left = leftByAccount.get(account) ?? 0;
    if (/^carried:/.test(account) && amount !== left)
      world.violate("I7", `${account} has ${amount} of an old meter, ${left} of it waits to be written`);
    if (/^receivable:/.test(account) && amount < 0) world.violate("I7", `${account}: a debt was paid twice`);
  }
  for (const [commodity, sum] of byCommodity) if (sum !== 0) world.violate("I7", `${commodity} sums to ${sum}`);
}

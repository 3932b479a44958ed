/**
 * 换表 on a link. The fitter takes the old meter off the wall, so that nothing reaches it any more, and reads its record
 * where it still shows one; two people state it. What the record does not tell of a recharge that was sent, two people decide
 * by what they see on site, and then the meter is replaced.
 */
import { numberAfter, type Purchase } from "@citygas/core";
import { decide, leftLying } from "./desk.ts";
import type { LinkedHome } from "./linkedHome.ts";
import type { World } from "./world.ts";

/** Longer than a recharge is waited for, and than any request is late. */
const againMs = 6 * 60_000;
const roundsMax = 4;
const nothing = async (): Promise<void> => undefined;

/** @returns whether it was replaced; if not, the old one is back on the wall, or nobody may put it there. */
export async function replaceLinked(world: World, home: LinkedHome, isSilent: boolean): Promise<boolean> {
  const { meter } = home;
  meter.isOff = true;
  world.say(() => `${meter.id} is taken off the wall${isSilent ? ", and says nothing" : ""}`);
  const { purchaseNo: acceptedCount, totalCredited } = meter.record;
  // All of it is burnt.
  const indexL = totalCredited - meter.began;
  const word = isSilent ? null : { acceptedCount, totalCredited, remaining: 0, indexL };
  const doc = {
    serial: `${home.plan.name}-${home.meters.length + 1}`,
    model: "M",
    newIndexL: 0,
    word,
    oldCard: "gone",
  };
  const wanted = { kind: "meter.replace", ref: meter.id, doc };
  for (let round = 1; round <= roundsMax; round++) {
    await decide(world, wanted, nothing);
    if (isReplaced(world, home)) return true;
    await world.scheduler.pause(againMs);
    await leftLying(world, wanted);
    if (isReplaced(world, home)) return true;
    const p = firstFor(world, meter.id);
    if (p?.state === "manual") await decideRecharge(world, p);
  }
  // Once two people have said that nothing reaches it any more, it stays so.
  meter.isOff = world.store.peek("meter", meter.id)?.state.link?.gone === true;
  return false;
}

/** The new one is on the wall, and counts for itself. */
function isReplaced(world: World, home: LinkedHome): boolean {
  const newId = world.store.peek("meter", home.meter.id)?.state.retired?.replacedBy;
  if (newId === undefined) return false;
  world.say(() => `the meter of ${home.plan.name} is replaced`);
  const { meter } = home.customer;
  home.customer = { ...home.customer, meter: meter && { ...meter, id: newId } };
  home.meter = world.meterNet.mount(newId, { purchaseNo: 0, amount: 0, totalCredited: 0 });
  home.meters.push(home.meter);
  return true;
}

/** The first in this meter's queue, as the books have it. */
export function firstFor(world: World, meterId: string): Purchase | undefined {
  const id = world.store.peek("meter", meterId)?.state.link?.queue[0];
  return id === undefined ? undefined : world.store.peek("purchase", id)?.state;
}

/** Whether the old meter has taken it shows on the site: what was burnt, what the stove still does. */
async function decideRecharge(world: World, { id, meterId, countBefore }: Purchase): Promise<void> {
  const isTaken = countBefore !== null && world.checks.wasCredited(meterId, numberAfter(countBefore));
  const doc = isTaken ? { to: "delivered" } : { to: "refunding", indexL: 0 };
  if ((await decide(world, { kind: "purchase.decide", ref: id, doc }, nothing)) === "done")
    world.faults.hit("decidedByTwo");
}

/** A household whose meter is on a link: it buys on its phone, the meter sleeps, and more than one recharge may wait for it. */
import type { Id } from "@citygas/core";
import { type Customer, quoteRecharge } from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import { startTotal } from "./cardBook.ts";
import { entryFor, openAccount, unit } from "./household.ts";
import type { Kiosk } from "./kiosk.ts";
import { replaceLinked } from "./linkedSwap.ts";
import type { LinkedMeter } from "./meterNet.ts";
import { eachVisit, standAt } from "./people.ts";
import type { HouseholdPlan, PlannedVisit } from "./plan.ts";
import { type Buyer, cancel, confirm, keyed } from "./visit.ts";
import { orderInWallet } from "./wallet.ts";
import type { World } from "./world.ts";

const hour = 3_600_000;
const day = 24 * hour;
const askMs = 20_000;
/** Its one byte turns over while these people buy. */
const startNumber = 250;

export interface LinkedHome {
  plan: HouseholdPlan;
  visit: string;
  phone: Kiosk;
  accountId: Id;
  customer: Customer;
  meter: LinkedMeter;
  /** One after the other, the last is on the wall. */
  meters: LinkedMeter[];
  /** A fitter is to come, or to come again: its meter shows its record still, or nothing. */
  fitterFor: null | "linkedReplaced" | "linkedSilent";
}

export async function moveIn(world: World, plan: HouseholdPlan, changeAt: number | null): Promise<LinkedHome> {
  const link = { counted: null, queue: [] };
  const { accountId, meterId, customer } = await openAccount(world, plan, `0031200${plan.name}`, changeAt, (ids) => [
    {
      kind: "meter",
      id: ids.meterId,
      expected: 0,
      state: { id: ids.meterId, accountId: ids.accountId, openPurchaseId: null, link },
    },
  ]);
  const record = { purchaseNo: startNumber, amount: 0, totalCredited: startTotal };
  const meter = world.meterNet.mount(meterId, record);
  const home: LinkedHome = {
    accountId,
    customer,
    plan,
    visit: "0",
    phone: world.addTerminal({ id: `phone-${plan.name}`, name: "手机", kind: "phone", unit }),
    meter,
    meters: [meter],
    fitterFor: null,
  };
  world.queries.registerMeter(meterId, accountId, plan.counts);
  everyDay(world, home, world.rng(`hour of ${plan.name}`).int(0, day));
  return home;
}

/** It wakes by itself once a day. */
function everyDay(world: World, home: LinkedHome, afterMs: number): void {
  world.scheduler.at(afterMs, () => {
    const fiber = world.callAbout(home.plan.name, "wake");
    const fault = world.calm ? null : world.faults.draw<FaultAt<"wake">>("wake", fiber);
    if (fault === null) world.meterNet.wake(home.meter);
    else world.faults.hit(fault);
    everyDay(world, home, day);
  });
}

export const liveOnLink = (world: World, home: LinkedHome): Promise<void> => eachVisit(world, home, buyOnPhone);

async function buyOnPhone(world: World, home: LinkedHome, visit: PlannedVisit): Promise<void> {
  await world.scheduler.pause(visit.waitMs);
  await standAt(world, home.phone, home, null, () => recharge(world, home, visit));
  await fitter(world, home);
}

/** Everybody comes back: the key is pressed until nothing waits any more. */
export async function wakeUp(world: World, home: LinkedHome): Promise<void> {
  for (let round = 1; round <= 12; round++) {
    await fitter(world, home);
    world.meterNet.wake(home.meter);
    await world.scheduler.pause(hour);
  }
}

async function fitter(world: World, home: LinkedHome): Promise<void> {
  if (home.fitterFor === null) return;
  const isReplaced = await replaceLinked(world, home, home.fitterFor === "linkedSilent");
  if (isReplaced) world.faults.hit(home.fitterFor);
  // Off the wall for good, it must be replaced by some other try.
  if (isReplaced || !home.meter.isOff) home.fitterFor = null;
}

async function recharge(world: World, home: LinkedHome, { wish }: PlannedVisit): Promise<void> {
  const { scheduler, faults } = world;
  const { phone: kiosk, accountId } = home;
  const entry = entryFor(home.plan.counts, wish.value);
  if (entry === null) return;
  const fiber = scheduler.fiber();
  const buyer: Buyer = { world, kiosk, household: home, stay: fiber.name, requests: 0 };
  const request = keyed(buyer, "quote");
  const quoted = await kiosk.ask("quote", askMs, (server) =>
    quoteRecharge(server.sale, kiosk.terminal, { accountId, entry }, request),
  );
  if (!quoted.ok) return;
  await scheduler.pause(fiber.rng.int(1_000, 8_000));
  const confirmed = await confirm(buyer, quoted.value, false);
  if (confirmed === null) return;
  if (confirmed.state === "paying" && (await orderInWallet(buyer, confirmed)) === "left") return;
  await scheduler.pause(fiber.rng.int(1_000, 120_000));
  const fault = world.calm ? null : faults.draw<FaultAt<"atQueue">>("atQueue", fiber);
  switch (fault) {
    case "wokenByKey":
      faults.hit(fault);
      world.meterNet.wake(home.meter);
      return;
    case "queuedCancelled":
      faults.hit(fault);
      if (fiber.rng.chance(500)) world.meterNet.wake(home.meter);
      await scheduler.pause(fiber.rng.int(1, 3_000));
      await cancel(buyer, quoted.value.id);
      return;
    case "linkedReplaced":
    case "linkedSilent":
      home.fitterFor = fault;
      return;
    case null:
  }
}

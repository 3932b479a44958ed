/** What customers do: to a kiosk, to the meter, home, to the desk; and what happens to them on the way. */
import { cancelPurchase } from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import { intoMeter, newChip, overwrite, type PhysicalCard } from "./card.ts";
import { decideManual, decidePayments, openPurchase, refundAtDesk, replaceCardOf, takeForFound } from "./desk.ts";
import type { Household, Wish } from "./household.ts";
import type { Kiosk } from "./kiosk.ts";
import { leftOver, replaceMeterOf } from "./meterSwap.ts";
import { phoneLies } from "./phone.ts";
import { kiosksPerWorld, type PlannedVisit } from "./plan.ts";
import { requestOf } from "./request.ts";
import { settleSlips } from "./till.ts";
import { atKiosk } from "./visit.ts";
import type { World } from "./world.ts";

const hour = 3_600_000;

/** The life of one household in this world: one strand per planned visit, each with a chance of its own. */
export async function eachVisit<H extends Pick<Household, "plan" | "visit">>(
  world: World,
  household: H,
  goOn: (world: World, household: H, visit: PlannedVisit) => Promise<void>,
): Promise<void> {
  for (const visit of household.plan.visits) {
    household.visit = visit.name;
    const name = `${household.plan.name} visit ${visit.name}`;
    const over = world.scheduler.hold<void>();
    world.spawn({ name, process: null, rng: world.rng(name) }, async () => {
      await goOn(world, household, visit);
      over.release(undefined);
    });
    await over.promise;
  }
}

export const live = (world: World, household: Household): Promise<void> => eachVisit(world, household, goOut);

async function goOut(world: World, household: Household, { waitMs, kiosk, at, wish }: PlannedVisit): Promise<void> {
  const { scheduler, faults } = world;
  const fiber = scheduler.fiber();
  await scheduler.pause(waitMs);
  await atHome(world, household);
  if (at === "kiosk") await toKiosk(world, household, kiosk, wish);
  else await toTerminal(world, household, at === "phone" ? household.phone : world.desk, wish);
  for (let again = 1; again <= 3 && household.unsettled; again++) {
    const fault = faults.draw<FaultAt<"atEnd">>("atEnd", fiber);
    if (fault !== null) faults.hit(fault);
    if (fault === "otherCardInserted") await neighbourComes(world, kiosk);
    await scheduler.pause(fault === "comesBackLate" ? fiber.rng.int(hour, 5 * hour) : fiber.rng.int(10_000, 90_000));
    const where = fault === "triesOtherKiosk" ? (kiosk + 1) % kiosksPerWorld : kiosk;
    await unfinished(world, household);
    await toKiosk(world, household, where, null);
  }
  if (household.needsDesk) await atDesk(world, household, decideManual);
  await scheduler.pause(fiber.rng.int(60_000, hour));
  await toMeter(world, household);
}

/** Everybody comes back: what is open is finished, the desk decides what is left to it, the meter takes the card. */
export async function comeBack(world: World, household: Household): Promise<void> {
  household.visit = "last";
  for (let round = 1; round <= 6; round++) {
    if (round > 1 && isSettled(world, household)) break;
    await toKiosk(world, household, round % kiosksPerWorld, null);
    await settleSlips(world);
    await decidePayments(world);
    if (round > 3) await giveUp(world, household);
    if (household.needsDesk || round > 3) await atDesk(world, household, decideManual);
    if (household.needsCard)
      household.needsCard = !(
        (await takeForFound(world, household)) || (await replaceCardOf(world, household, "unusable"))
      );
    await toMeter(world, household);
    await world.scheduler.pause(hour);
  }
  await toMeter(world, household);
  await toKiosk(world, household, 0, null);
  // What was left in an old meter may have been written at this very visit.
  await toMeter(world, household);
  for (let day = 1; day <= 3; day++) {
    await world.scheduler.pause(12 * hour);
    await decidePayments(world);
  }
}

/** What was ordered on a phone and can't be written, as on a card that was set back, is given up there: the money goes back. */
async function giveUp(world: World, household: Household): Promise<void> {
  const open = openPurchase(world, household);
  const { phone } = household;
  if (open?.state !== "paid" || open.terminalId !== phone.terminal.id) return;
  const request = requestOf(phone.newKey());
  await phone.ask("cancel", 600_000, (server) => cancelPurchase(server.sale, phone.terminal, open.id, request));
}

export async function toKiosk(world: World, household: Household, index: number, wish: Wish | null): Promise<void> {
  await toTerminal(world, household, world.kioskAt(index), wish);
}

/** Nothing is open, nothing waits for a card or for what was left in an old meter. */
function isSettled(world: World, household: Household): boolean {
  if (household.needsCard || leftOver(world, household) > 0) return false;
  return world.store.peek("card", household.cardId)?.state.openPurchaseId === null;
}

async function toTerminal(world: World, household: Household, at: Kiosk, wish: Wish | null): Promise<void> {
  await standAt(world, at, household, household.card, () => atKiosk(world, at, household, wish));
}

/** A visit to the counter; what takes long there leaves the customer time for something else. */
async function atDesk(world: World, household: Household, what: typeof decideManual): Promise<void> {
  const atReader = (): Promise<void> =>
    standAt(world, world.desk, household, household.card, () => atKiosk(world, world.desk, household, null));
  const meanwhile = async (): Promise<void> => {
    const { rng } = world.scheduler.fiber();
    if (rng.chance(500)) await toKiosk(world, household, rng.int(0, kiosksPerWorld - 1), null);
    else await toMeter(world, household);
  };
  await what(world, household, atReader, meanwhile);
}

/** One stay at a terminal, with a card in its reader or without one, until what is done there is over or the terminal has died. */
export async function standAt(
  world: World,
  kiosk: Kiosk,
  household: Pick<Household, "plan" | "visit">,
  card: PhysicalCard | null,
  work: () => Promise<void>,
): Promise<void> {
  const { scheduler } = world;
  await kiosk.enter();
  while (!kiosk.process.alive) await scheduler.pause(10_000);
  if (card !== null) kiosk.insert(card);
  const name = `${world.nextStay(household)} at ${kiosk.name}`;
  const visitor = scheduler.hold<"ended" | "died">();
  kiosk.visitor = visitor;
  world.spawn({ name, process: kiosk.process, rng: world.rng(name) }, async () => {
    await work();
    visitor.release("ended");
  });
  await visitor.promise;
  if (kiosk.visitor === visitor) kiosk.visitor = null;
  if (card !== null && kiosk.slot?.card === card) kiosk.takeCardOut();
  kiosk.leave();
}

/** The card goes into its meter. */
export async function toMeter(world: World, household: Household, card = household.card): Promise<void> {
  const { faults, scheduler } = world;
  const site = openPurchase(world, household) === null ? "atMeter" : "atMeterOpen";
  const fault = world.calm ? null : faults.draw<FaultAt<typeof site>>(site, scheduler.fiber());
  if (fault !== null) faults.hit(fault);
  if (fault === "skipsMeter") return;
  // Gas is burnt between two visits of the card.
  household.meter.registerL += 700;
  const torn = fault === null ? null : scheduler.fiber().rng.int(0, household.driver.areas.returned.length);
  household.meterTorn = torn !== null;
  if (torn !== null) household.wasTorn = true;
  // Pulled before it counts, a plain card has lost its amount to nobody: that is the meter's (its bytes come first).
  const { cardClass, areas } = household.driver;
  const pull = torn === null ? null : cardClass === "C" ? areas.purchase.length + torn : torn;
  household.meter = intoMeter(world, household.meter, card, pull);
  household.gasOnCard = false;
}

async function neighbourComes(world: World, kiosk: number): Promise<void> {
  if (world.neighbour !== null) await toKiosk(world, world.neighbour, kiosk, null);
}

/** What else is done about a purchase that is not finished, before the next try. */
async function unfinished(world: World, household: Household): Promise<void> {
  const toSomeKiosk = (): Promise<void> => toKiosk(world, household, world.scheduler.fiber().rng.int(0, 1), null);
  switch (world.faults.draw<FaultAt<"unfinished">>("unfinished", world.scheduler.fiber())) {
    case "wantsRefund":
      await atDesk(world, household, refundAtDesk);
      // Some try at home first whether the meter takes it after all.
      if (world.scheduler.fiber().rng.chance(500)) await toMeter(world, household);
      // And some let a phone say that the card was emptied.
      if (world.scheduler.fiber().rng.chance(300)) await phoneLies(world, household);
      return;
    case "falseImage":
      return await phoneLies(world, household);
    case "meterReplacedWhileOpen":
      if (await replaceMeterOf(world, household, toSomeKiosk)) world.faults.hit("meterReplacedWhileOpen");
      return;
    case "openRolledBack":
      return setBack(world, household, "openRolledBack");
    case "cardLostWhileOpen":
      await replaceCardOf(world, household, "lost");
      // Found in some pocket, it goes into the meter before the new one, or after it.
      if (household.lost !== null && world.scheduler.fiber().rng.chance(500)) await lostReachesMeter(world, household);
      return;
    default:
  }
}

async function lostReachesMeter(world: World, household: Household): Promise<void> {
  if (household.lost === null) return;
  world.faults.hit("lostCardReachesMeter");
  await toMeter(world, household, household.lost);
  household.lost = null;
}

/**
 * Somebody with the secret sets the card back to what it held before its last purchase. Not over a purchase that two
 * people may have allowed to be taken back: whoever can write the own card proves by it what they like
 * (docs/protocol.md, "Proof").
 */
function setBack(world: World, household: Household, fault: "cardRolledBack" | "openRolledBack"): void {
  const before = world.checks.lastBefore(household);
  const open = openPurchase(world, household);
  if (before === null || (open !== null && open.id === household.takesBack)) return;
  world.faults.hit(fault);
  household.tampered = true;
  overwrite(household.card, before);
  world.say(() => `${household.card.label} is set back to an older image`);
}

/** What happens to a card between two visits. */
async function atHome(world: World, household: Household): Promise<void> {
  const { faults, scheduler } = world;
  const fiber = scheduler.fiber();
  const fault = faults.draw<FaultAt<"atHome">>("atHome", fiber);
  switch (fault) {
    case "cardLost": {
      if (await replaceCardOf(world, household, "lost")) faults.hit(fault);
      return;
    }
    case "meterReplaced":
      if (await replaceMeterOf(world, household, () => toKiosk(world, household, 0, null))) faults.hit(fault);
      return;
    case "lostCardReachesMeter":
      return await lostReachesMeter(world, household);
    case "cardRolledBack":
      return setBack(world, household, fault);
    case "foreignCopy": {
      // A chip without a secret is its own copy: against that a plain card has nothing but its meter.
      if (household.driver.cardClass === "C") return;
      faults.hit(fault);
      const somebodys = Buffer.from("somebody's key..");
      const wrong = { secretHex: "123456", sealKey: somebodys, proofKey: somebodys };
      const copy: PhysicalCard = {
        ...household.card,
        label: `a copy of the ${household.card.label}`,
        chip: newChip(household.driver, household.card.chip.image(), wrong, fiber.rng.fork("copy")),
      };
      const kiosk = world.kioskAt(fiber.rng.int(0, kiosksPerWorld - 1));
      await standAt(world, kiosk, household, copy, () => atKiosk(world, kiosk, { ...household }, null));
      return;
    }
    default:
  }
}

/**
 * 换表. The fitter takes the old meter off the wall and reads its last word, two people state it, the centre moves what is
 * open, the desk writes a new card, and that card goes into the new meter first.
 */
import { fromHex } from "@citygas/gascard";
import type { MeterRow } from "@citygas/sandbox";
import { issueImage } from "@citygas/server";
import { intoMeter, newChip } from "./card.ts";
import { decide, leftLying } from "./desk.ts";
import type { Household } from "./household.ts";
import type { World } from "./world.ts";

const askMs = 600_000;
/** Longer than any request is late. */
const lateMs = 120_000;

/**
 * Once per household: its new meter stays. `meanwhile`: what the customer does while the paper lies there.
 * @returns whether it was replaced
 */
export async function replaceMeterOf(
  world: World,
  household: Household,
  meanwhile: () => Promise<void>,
): Promise<boolean> {
  const { desk, store } = world;
  const { cardId, meter, cardNumber, driver } = household;
  // What was written over by somebody tells nothing that two people could state.
  if (household.meterId !== meter.id || world.queries.firstMeterId(meter.id) !== meter.id || household.tampered)
    return false;
  const card = store.peek("card", cardId)?.state;
  if (card === undefined || card.status !== "current") return false;
  const word = {
    acceptedCount: meter.count,
    totalCredited: meter.totalCredited,
    remaining: meter.remaining,
    indexL: meter.registerL,
  };
  const doc = {
    serial: `${household.plan.name}-2`,
    model: "M",
    newIndexL: 0,
    word,
    cardSeq: card.scriptSeq,
    oldCard: "handedIn",
  };
  const wanted = { kind: "meter.replace", ref: meter.id, doc };
  // A refusal says nothing of a confirmation that is on its way still: the books are looked at again before the fitter
  // puts the old meter back.
  if ((await decide(world, wanted, meanwhile)) !== "done") {
    await world.scheduler.pause(lateMs);
    await leftLying(world, wanted);
  }
  const newMeterId = store.peek("card", cardId)?.state.meterId;
  if (newMeterId === undefined || newMeterId === meter.id) return false;
  world.say(() => `the meter of ${household.plan.name} is replaced`);
  if (leftOver(world, household) !== meter.remaining)
    world.violate("I1", `${meter.remaining} were left in ${meter.id}, ${leftOver(world, household)} are owed for it`);
  household.meterId = newMeterId;
  household.customer = {
    ...household.customer,
    meter: household.customer.meter && { ...household.customer.meter, id: newMeterId },
  };
  household.meter = fresh(meter, newMeterId);
  const image = await desk.ask("issue", askMs, (server) => issueImage(server.sale, cardId));
  const issued = image.ok ? fromHex(image.value.imageHex) : null;
  if (!image.ok || issued === null) return true;
  const keys = world.keysOf(cardNumber, 0);
  const label = `new meter's ${household.card.label}`;
  const secretHex = image.value.secretHex ?? keys.secretHex;
  household.card = {
    label,
    household: household.card.household,
    chip: newChip(driver, issued, { ...keys, secretHex }, world.rng(label)),
  };
  household.meter = intoMeter(world, household.meter, household.card, null);
  household.gasOnCard = false;
  return true;
}

/** Of the old meter's, still to be put into the new one: litres or fen. */
export function leftOver({ store }: World, { accountId }: Household): number {
  const carried = store.peek("account", accountId)?.state.carried;
  return carried === undefined ? 0 : carried.volumeL + carried.meterCreditFen;
}

const fresh = ({ label, device, unit, layout, batteryLow }: MeterRow, id: string): MeterRow => ({
  id,
  label,
  device,
  unit,
  ...(layout === undefined ? {} : { layout }),
  boundTo: null,
  replacement: 0,
  count: 0,
  totalCredited: 0,
  remaining: 0,
  registerL: 0,
  valve: "open",
  batteryLow,
});

/** A household: its account and card in the books, its card in the hand, its meter on the wall. */
import type { Entry } from "@citygas/api";
import type { AccountState, Id, TariffVersion, Write } from "@citygas/core";
import {
  type LayoutDriver,
  openAMoney,
  openAVolume,
  openBCpuMoney,
  openBCpuVolume,
  openBMoney,
  openBVolume,
  openCMoney,
  openCVolume,
} from "@citygas/gascard";
import type { MeterRow } from "@citygas/sandbox";
import type { Customer } from "@citygas/server";
import { newChip, type PhysicalCard } from "./card.ts";
import { newCardState, startCount, startTotal } from "./cardBook.ts";
import type { Kiosk } from "./kiosk.ts";
import type { CardKind, HouseholdPlan, Wish } from "./plan.ts";
import type { World } from "./world.ts";

export type { Wish };

export interface Household {
  plan: HouseholdPlan;
  phone: Kiosk;
  /** Which of the planned visits it is on. */
  visit: string;
  driver: LayoutDriver;
  accountId: Id;
  cardId: Id;
  meterId: Id;
  cardNumber: string;
  customer: Customer;
  meter: MeterRow;
  card: PhysicalCard;
  /** Not in the books any more, but somewhere. */
  lost: PhysicalCard | null;
  /** What the customer believes: something is not finished yet. */
  unsettled: boolean;
  /** The kiosk sent them to the hall. */
  needsDesk: boolean;
  gasOnCard: boolean;
  /** The kiosk can't go on with this card: the desk makes a new one from the books. */
  needsCard: boolean;
  /** Somebody wrote this card who should not: what it shows is no longer what we wrote. */
  tampered: boolean;
  /** The purchase that was proposed to be taken back at a reader. */
  takesBack: Id | null;
  /** The meter's own write was torn: its return area says nothing until it is written again. */
  meterTorn: boolean;
  /** It was torn at least once. */
  wasTorn: boolean;
  /** A phone said of this card what is not so. */
  liedAbout: boolean;
  entry(value: number): Entry | null;
}

export const areaCode = "0996";
export const unit = { id: "unit-1", name: "和静县", company: "洪通燃气", hotline: "0996-2959627" };

const noLimits = { perPurchaseFen: null, perPurchaseL: null, beforeChange: null };
/** Now, and dearer from the change on (null: no change). */
function tariffOf(counts: HouseholdPlan["counts"], startMs: number, changeAt: number | null): TariffVersion[] {
  const version = (id: string, from: number, dearerE4: number): TariffVersion => ({
    id: `${counts}-${id}`,
    tariffId: counts,
    name: "居民",
    effectiveFrom: from,
    pricing:
      counts === "money"
        ? { kind: "meter", tableE4: [{ uptoL: null, priceE4: 25_300 + dearerE4 }] }
        : {
            kind: "tiered",
            cycle: { kind: "calendarYear" },
            tiers: [
              { uptoL: 60_000, priceE4: 25_300 + dearerE4 },
              { uptoL: null, priceE4: 30_400 + dearerE4 },
            ],
            heating: null,
          },
    household: null,
    lowIncomeFreeL: 0,
    limits: counts === "money" ? { ...noLimits, perPurchaseFen: 150_000 } : noLimits,
  });
  const first = version("v1", startMs - 1_000_000_000, 0);
  return changeAt === null ? [first] : [first, version("v2", changeAt, 1_700)];
}

const drivers: Record<CardKind, Record<HouseholdPlan["counts"], LayoutDriver>> = {
  A: { volume: openAVolume, money: openAMoney },
  B: { volume: openBVolume, money: openBMoney },
  cpu: { volume: openBCpuVolume, money: openBCpuMoney },
  C: { volume: openCVolume, money: openCMoney },
};
const pages: Record<CardKind, NonNullable<MeterRow["layout"]>> = {
  A: "open-a",
  B: "open-b",
  cpu: "open-b-cpu",
  C: "open-c",
};

/** Its account with what is in the books beside it, and who buys. */
export async function openAccount(
  world: World,
  plan: HouseholdPlan,
  accountNumber: string,
  changeAt: number | null,
  writes: (ids: { accountId: Id; meterId: Id }) => Write[],
): Promise<{ accountId: Id; meterId: Id; customer: Customer }> {
  const { name, counts, balanceFen, debtFen } = plan;
  const [accountId, meterId] = [`account-${name}`, `meter-${name}`];
  const account: AccountState = { id: accountId, unitId: unit.id, balanceFen, heldFen: 0, block: null };
  await world.store.commit({
    eventId: `open-${name}`,
    at: world.scheduler.now,
    subject: { kind: "account", id: accountId },
    event: { type: "opened" },
    writes: [{ kind: "account", id: accountId, expected: 0, state: account }, ...writes({ accountId, meterId })],
    guards: [],
    postings: [
      { account: `customer:${accountId}`, commodity: "fen", amount: -balanceFen },
      { account: `adjustment:${unit.id}`, commodity: "fen", amount: balanceFen },
      { account: `receivable:${accountId}`, commodity: "fen", amount: debtFen },
      { account: `adjustment:${unit.id}`, commodity: "fen", amount: -debtFen },
    ],
    tasks: { add: [], drop: [] },
  });
  const customer: Customer = {
    accountId,
    accountNumber,
    holderName: `李小${name}`,
    address: "秦淮人家6号楼3单元501室",
    room: "501室",
    areaCode,
    unit,
    household: { persons: 3, personsUntil: null, lowIncomeUntil: null, heating: false, temporaryLimit: null },
    tariff: tariffOf(counts, world.scheduler.now, changeAt),
    deductions: [],
    debts: debtFen === 0 ? [] : [{ id: `debt-${name}`, amountFen: debtFen, kind: "bill" }],
    meter: {
      id: meterId,
      unit: counts === "volume" ? "volume" : "amount",
      ceiling: 0,
      settlement: "meter",
      model: "M",
    },
    quick: [10_000],
    later: plan.later,
    adoption: [],
  };
  return { accountId, meterId, customer };
}

/** What is keyed in for a wish; null: it comes to nothing. */
export const entryFor = (counts: HouseholdPlan["counts"], value: number): Entry | null =>
  value <= 0
    ? null
    : counts === "volume"
      ? { kind: "volume", volumeL: value - (value % 1_000) }
      : { kind: "amount", amountFen: value };

export async function settleIn(
  world: World,
  plan: HouseholdPlan & { card: CardKind },
  index: number,
  changeAt: number | null,
): Promise<Household> {
  const { name, counts } = plan;
  const driver = drivers[plan.card][counts];
  const cardId = `card-${name}`;
  const cardNumber = String(31_100_000 + index).padStart(10, "0");
  const { accountId, meterId, customer } = await openAccount(world, plan, cardNumber, changeAt, (ids) => [
    {
      kind: "meter",
      id: ids.meterId,
      expected: 0,
      state: { id: ids.meterId, accountId: ids.accountId, openPurchaseId: null },
    },
    { kind: "card", id: cardId, expected: 0, state: newCardState({ ...ids, id: cardId, cardNumber }, driver) },
  ]);
  world.cardIds.set(cardNumber, cardId);
  world.queries.registerMeter(meterId, accountId, counts);
  const image = driver.format({
    cardNumber,
    areaCode,
    role: "user",
    replacement: 0,
    count: startCount,
    totalCredited: startTotal,
    meterCeiling: 0,
  });
  const household: Household = {
    plan,
    phone: world.addTerminal({ id: `phone-${name}`, name: "手机", kind: "phone", unit }),
    visit: "0",
    driver,
    accountId,
    cardId,
    meterId,
    cardNumber,
    customer,
    meter: {
      id: meterId,
      label: name,
      device: "meter",
      unit: counts,
      layout: pages[plan.card],
      boundTo: { areaCode, cardNumber },
      replacement: 0,
      count: startCount,
      totalCredited: startTotal,
      remaining: 5_000,
      registerL: 31_480,
      valve: "open",
      batteryLow: false,
    },
    card: {
      label: `card of ${name}`,
      household: name,
      chip: newChip(driver, image, world.keysOf(cardNumber, 0), world.rng(`chip of ${name}`)),
    },
    lost: null,
    unsettled: false,
    needsDesk: false,
    gasOnCard: false,
    needsCard: false,
    tampered: false,
    takesBack: null,
    meterTorn: false,
    wasTorn: false,
    liedAbout: false,
    entry: (value) => entryFor(counts, value),
  };
  return household;
}

export const meterBefore = { count: startCount, total: startTotal };

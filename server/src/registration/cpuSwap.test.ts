/**
 * 换表 and 补卡 of a CPU card, on the sandbox's chip, which takes only what is sealed for its challenge, and with the
 * sandbox's meters: pulled at each command of its sale, before it and after, with the server killed before its commit and
 * after. What was bought and what was left is in the new meter, once.
 */
import { type LayoutDriver, openBCpuMoney, openBCpuVolume, openBSm4Money } from "@citygas/gascard";
import { type CpuCard, loadCard, type MeterRow } from "@citygas/sandbox";
import { expect, test } from "vitest";
import { type Cut, cpuAtr, cpuChip, noSeal, runOnChip, type Seal } from "../cards/cpuCard.testkit.ts";
import { endSession, takeReport } from "../cards/report.ts";
import { sealCommand } from "../cards/sealCommand.ts";
import { openSession, putImage, wantScript } from "../cards/sessions.ts";
import type { TerminalFacts } from "../context.ts";
import { byAmount, byVolume, type Earth, kiosk1, kiosk2, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  confirmed,
  ledger,
  makeWorld,
  pay,
  quoted,
  stateOf,
  value,
  volume,
  type World,
  workOff,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { replaceMeter } from "./meterReplacement.ts";
import { issueImage, replaceCard } from "./replacement.ts";

const total = 90_000;
const [bought, left] = [5_000, 700];

interface Home {
  earth: Earth;
  world: World;
  driver: LayoutDriver;
  chip: CpuCard;
  cardId: string;
  accountId: string;
  meter: MeterRow;
}

async function home(driver: LayoutDriver): Promise<Home> {
  const earth = makeEarth(openMemoryStore());
  const tariff = driver.unit === "volume" ? byVolume : byAmount;
  const { card, cardId, accountId } = await newAccount(earth, "r", { driver, tariff, total });
  const layout = driver.application?.cipher === "sm4" ? "open-b-sm4" : "open-b-cpu";
  const meter: MeterRow = {
    ...{ id: "m", label: "m", device: "meter", layout, unit: driver.unit, replacement: 0, count: 3 },
    ...{ totalCredited: total, remaining: left, registerL: 500, valve: "open", batteryLow: false },
    boundTo: { areaCode: "0996", cardNumber: card.number },
  };
  const chip = cpuChip(driver, card.image);
  loadCard(meter, chip, null, () => undefined);
  return { earth, world: makeWorld(earth), driver, chip, cardId, accountId, meter };
}

const into = (meter: MeterRow, chip: CpuCard): MeterRow => loadCard(meter, chip, null, () => undefined).meter;

let powerUps = 0;
async function insert({ earth, world }: Home, chip: CpuCard, terminal: TerminalFacts) {
  powerUps += 1;
  const powerUpId = `swap-${powerUps}`;
  earth.clock.now += 1_000;
  const { id, script } = await openSession(world.sale, terminal, { reader: "r", atr: cpuAtr, powerUpId });
  const probe = await runOnChip(chip, script, powerUpId, noSeal);
  return { sessionId: id, powerUpId, answer: value(await putImage(world.sale, terminal, id, probe)) };
}
type Visit = Awaited<ReturnType<typeof insert>>;

/** The script of an answer, carried out until the card is pulled. @returns how many steps it has, and what was said */
async function carriedOut(
  it: Home,
  chip: CpuCard,
  terminal: TerminalFacts,
  visit: Visit,
  answer: Visit["answer"],
  cut?: Cut,
) {
  if (answer.kind !== "script") throw new Error(answer.kind);
  const { script } = answer;
  const { sale } = it.world;
  const seal: Seal = async (step, challenge) => {
    const request = { scriptId: script.id, powerUpId: visit.powerUpId, step, challenge };
    return value(await sealCommand(sale, terminal, visit.sessionId, request)).apdu;
  };
  const report = await runOnChip(chip, script, visit.powerUpId, seal, cut);
  const said = value(await takeReport(sale, terminal, report));
  return { steps: script.steps.length, said: said.kind };
}

/** Bought at a kiosk, and the card pulled there; `cut` left out: all of it is written. */
async function sold(it: Home, cut?: Cut): Promise<{ id: string; steps: number }> {
  const { world, chip, driver } = it;
  const visit = await insert(it, chip, kiosk1);
  expect(visit.answer.kind).toBe("account");
  const { id } = await quoted(world, kiosk1, visit, driver.unit === "volume" ? volume(bought / 1_000) : amount(bought));
  await confirmed(world, kiosk1, id);
  await pay(world, kiosk1, id);
  const script = value(await wantScript(world.sale, kiosk1, id, visit.sessionId));
  const { steps } = await carriedOut(it, chip, kiosk1, visit, script, cut);
  await endSession(world.sale, kiosk1, visit.sessionId);
  it.earth.clock.now += 1_000;
  return { id, steps };
}

/** At the other kiosk; whatever it has for the card is written, as far as `cut`. */
async function visited(it: Home, chip: CpuCard, cut?: Cut): Promise<string> {
  const visit = await insert(it, chip, kiosk2);
  const { answer } = visit;
  if (cut !== undefined) expect(answer.kind).toBe("script");
  const said = answer.kind === "script" ? (await carriedOut(it, chip, kiosk2, visit, answer, cut)).said : answer.kind;
  await endSession(it.world.sale, kiosk2, visit.sessionId);
  await workOff(it.world);
  return answer.kind === "refused" ? answer.code : said;
}

/** The server dies at its commit, before or after it, and is asked once more. */
type Dies = "never" | "before" | "after";
function dying({ world }: Home, dies: Dies): World["sale"] {
  const { store } = world.sale;
  let died = dies === "never";
  const commit: typeof store.commit = async (transition) => {
    if (died) return await store.commit(transition);
    died = true;
    if (dies === "after") await store.commit(transition);
    throw new Error("killed");
  };
  return { ...world.sale, store: { ...store, commit } };
}

async function newChip({ world, driver, cardId }: Home): Promise<CpuCard> {
  const issued = value(await issueImage(world.sale, cardId));
  expect(issued.secretHex).toBeNull();
  return cpuChip(driver, Uint8Array.from(Buffer.from(issued.imageHex, "hex")));
}

async function swapped(it: Home, old: MeterRow, dies: Dies): Promise<{ chip: CpuCard; meter: MeterRow }> {
  const { cardId, accountId, earth } = it;
  const found = (await earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId);
  const stated = {
    ...{ newMeterId: "meter-new", newIndexL: 0, ceiling: 0, cardSeq: found?.state.scriptSeq ?? -1, handedIn: false },
    word: {
      acceptedCount: old.count,
      totalCredited: old.totalCredited,
      remaining: old.remaining,
      indexL: old.registerL,
    },
    ...{ owedFen: 0, approvedBy: ["u1", "u2"] as [string, string] },
  };
  const sale = dying(it, dies);
  const ask = () => replaceMeter(sale, cardId, stated, { key: "swap", fingerprint: "f" });
  if (dies !== "never") await expect(ask()).rejects.toThrow("killed");
  expect(await ask()).toMatchObject({ ok: true, value: { meterId: "meter-new", replacement: 1 } });
  const customer = earth.customers.get(accountId);
  if (customer?.meter) earth.customers.set(accountId, { ...customer, meter: { ...customer.meter, id: "meter-new" } });
  const meter: MeterRow = {
    ...old,
    ...{ boundTo: null, replacement: 0, count: 0, totalCredited: 0, remaining: 0, registerL: 0 },
  };
  return { chip: await newChip(it), meter };
}

/** Kiosk and meter in turn until there is nothing more to do. `cut`: of the first script that is met. */
async function untilQuiet(it: Home, chip: CpuCard, from: MeterRow, cut?: Cut): Promise<MeterRow> {
  let meter = from;
  for (let round = 0; round < 6; round++) {
    if ((await visited(it, chip, round === 0 ? cut : undefined)) === "account") return meter;
    meter = into(meter, chip);
  }
  throw new Error("six insertions did not settle it");
}

async function allIsIn(it: Home, id: string, meter: MeterRow): Promise<void> {
  expect(meter.remaining).toBe(bought + left);
  expect((await stateOf(it.world, id)).state).toBe("delivered");
  expect(await ledger(it.earth, `carried:${it.accountId}`)).toBe(0);
  expect(await ledger(it.earth, `${it.driver.unit === "volume" ? "gas" : "meter"}:meter-new`)).toBe(bought + left);
  await booksHold(it.earth);
}

const drivers = [openBCpuVolume, openBCpuMoney, openBSm4Money].map((driver) => [driver.name, driver] as const);
const ends = [false, true];

/** Each command of a sale's script, before it and after; then the whole of it. */
async function cutsOf(driver: LayoutDriver): Promise<(Cut | undefined)[]> {
  const { steps } = await sold(await home(driver));
  expect(steps).toBeGreaterThan(3);
  const cuts = Array.from({ length: steps }, (_, step) => ends.map((done): Cut => ({ step, done }))).flat();
  return [...cuts, undefined];
}

test.each(drivers)("%s: a meter replaced with a sale pulled at each command has all of it, once", async (_, driver) => {
  const met = new Set<string>();
  for (const cut of await cutsOf(driver))
    for (const taken of ends)
      for (const dies of ["never", "before", "after"] as const) {
        const it = await home(driver);
        const { id } = await sold(it, cut);
        const old = taken ? into(it.meter, it.chip) : it.meter;
        met.add(`${(await stateOf(it.world, id)).state}, ${old.count === 4 ? "taken" : "not taken"}`);
        const { chip, meter } = await swapped(it, old, dies);
        // The new card goes in first (docs/decisions/0004); of the one before it the meter then knows that it is old.
        const fresh = await untilQuiet(it, chip, into(into(meter, chip), it.chip));
        expect(await visited(it, it.chip)).toBe("card.replaced");
        await allIsIn(it, id, into(fresh, it.chip));
      }
  expect([...met].sort()).toEqual(["delivered, not taken", "delivered, taken", "unknown, not taken", "unknown, taken"]);
});

test.each(drivers)("%s: what was left, pulled at each command of its own write, comes once", async (_, driver) => {
  for (const cut of await cutsOf(driver)) {
    const it = await home(driver);
    const { id } = await sold(it);
    const { chip, meter } = await swapped(it, it.meter, "never");
    await allIsIn(it, id, await untilQuiet(it, chip, into(meter, chip), cut));
  }
});

test.each(drivers)("%s: a card replaced with a sale pulled at each command is loaded once", async (_, driver) => {
  for (const cut of await cutsOf(driver))
    for (const dies of ["never", "before", "after"] as const)
      for (const first of ["lost", "new"] as const) {
        const it = await home(driver);
        const { id } = await sold(it, cut);
        const sale = dying(it, dies);
        const ask = () => replaceCard(sale, it.cardId, { key: "replace", fingerprint: "f" });
        if (dies !== "never") await expect(ask()).rejects.toThrow("killed");
        expect(await ask()).toMatchObject({ ok: true, value: { replacement: 1 } });
        const chip = await newChip(it);
        expect(await visited(it, it.chip)).toBe("card.replaced");
        const order = first === "lost" ? [it.chip, chip] : [chip, it.chip];
        const loaded = order.reduce(into, it.meter);
        const meter = await untilQuiet(it, chip, loaded);
        expect([meter.count, meter.totalCredited]).toEqual([4, total + bought]);
        expect((await stateOf(it.world, id)).state).toBe("delivered");
        await booksHold(it.earth);
      }
});

/**
 * The chaos run: customers buy, the schedule strikes, then the world calms down and everything is compared. Every wait
 * has an end and says what it waited for; what ran out of time is told as such: it may be the machine's fault, and is no
 * disagreement.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Money, moneyOf } from "../money.ts";
import { oracleOf, settled } from "../oracle.ts";
import { sidesOf } from "../sides.ts";
import { TimeUp } from "../world.ts";
import { type ChaosCity, startChaosCity } from "./city.ts";
import { accounts, type Crowd, openCrowd, peopleFinish } from "./crowd.ts";
import { drawsOf } from "./draws.ts";
import { endsOf, type Gas, gasOf, moneySince, ownerless, toldWrongly } from "./figures.ts";
import { type Harm, harms, type Part, parts, type Stroke, scheduleOf } from "./schedule.ts";

export interface ChaosOptions {
  seed: number;
  kills: number;
  /** What the city says while it starts. */
  log(line: string): void;
  /** A line for people, every few seconds. */
  progress(line: string): void;
}

export interface ChaosOutcome {
  seed: number;
  /** By kind of process; the longest time until it served again (ms). */
  kills: Record<Part, { count: number; longestMs: number }>;
  harms: Record<Harm, number>;
  visits: number;
  /** Quoted since the beginning, by state. */
  states: Record<string, number>;
  /** From the money to gas or money back, of the slowest purchase (ms). */
  longestMs: number;
  /** From the last stroke until nothing was under way any more (ms). */
  calmMs: number;
  money: Money;
  gas: readonly Gas[];
  /** Each in words; empty when all agrees. */
  violations: string[];
  /** What was waited for and did not come in time, and what could therefore not be compared. */
  unfinished: string[];
  seconds: number;
  /** Logs of every process, kept when there was a violation or something was not finished. */
  logs: string;
}

const tellEveryMs = 3_000;
/** A kill that waits for its moment does not wait longer. */
const momentWithinMs = 6_000;
/** Parts of the six that may be dead at once. */
const deadMost = 2;
/** So many rounds of visits may finish nothing before it is given up. */
const looksMax = 6;
/** An order that its gateway never got is reversed for minutes before that is believed (core/src/payment/events.ts). */
const settledWithinMs = 660_000;
/** A task may be this late when all is calm: what a dead server had claimed comes back with its lease's end. */
const graceMs = 60_000;

export async function chaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const city = await startChaosCity(options.log);
  try {
    return await inCity(city, options);
  } finally {
    await city.stop();
  }
}

async function inCity(city: ChaosCity, { seed, kills, progress }: ChaosOptions): Promise<ChaosOutcome> {
  const [began, beganAt] = [performance.now(), Date.now()];
  const oracle = await oracleOf(city, accounts, peopleFinish);
  const moneyBefore = moneyOf(await sidesOf(city));
  const violations: string[] = [];
  const unfinished: string[] = [];
  const done = struckBy();
  const crowd = await openCrowd(city, drawsOf(seed));
  const seconds = (): number => Math.round((performance.now() - began) / 1_000);
  const stopTelling = tellEvery(async () => {
    const down = await city.down();
    progress(
      `${seconds()} s: ${done.killed()}/${kills} killed, ${done.harmed()} links harmed, ${crowd.sold()} sold in ${crowd.visits()} visits; down: ${down.join(", ") || "nothing"}`,
    );
  });
  /** A step that fails is told, and the next is tried all the same: what can be compared is compared. */
  const step = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const told = error instanceof TimeUp ? unfinished : violations;
      told.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  await step("while parts were killed", () => strike(city, crowd, scheduleOf(seed, kills), done));
  const calmFrom = performance.now();
  await step("healing", () => city.heal());
  await step("parts that were killed", () => done.allBack());
  await step("the customers", () => crowd.end());
  await step("customers come back with their cards", () => finishAll(city, crowd));
  await step("calming down", () => settled(city, settledWithinMs));
  await step("calming down", () => nothingLate(city));
  const calmMs = performance.now() - calmFrom;
  await stopTelling();
  crowd.close();

  const comparing = async (what: string, compare: () => Promise<string[]>): Promise<void> =>
    await step(what, async () => {
      violations.push(...(await compare()));
    });
  let money: Money = { gatewayNetFen: 0, cashFen: 0, deliveredFen: 0, balancesFen: 0, openFen: 0, byPeopleFen: 0 };
  let gas: Gas[] = [];
  let ends: Awaited<ReturnType<typeof endsOf>> = { states: {}, longestMs: 0 };
  await comparing("gateways, books, logs, cards and meters", () => oracle.disagreements());
  await step("the money", async () => {
    money = moneySince(moneyBefore, moneyOf(await sidesOf(city)));
  });
  await step("torn cards", async () => {
    unfinished.push(...(await oracle.unfinished()));
  });
  await comparing("what is not over", () => ownerless(city, Date.now(), graceMs));
  await comparing("what terminals said", () => toldWrongly(city, crowd.told));
  await step("cards and meters", async () => {
    gas = await gasOf(city, oracle, accounts);
  });
  await step("the purchases", async () => {
    ends = await endsOf(city, beganAt);
  });
  if (Object.values(ends.states).every((count) => count === 0)) violations.push("nobody bought anything");
  return {
    seed,
    kills: done.kills,
    harms: done.harms,
    visits: crowd.visits(),
    ...ends,
    calmMs,
    money,
    gas,
    violations,
    unfinished,
    seconds: seconds(),
    logs: city.dataDir,
  };
}

interface Struck {
  kills: ChaosOutcome["kills"];
  harms: ChaosOutcome["harms"];
  killed(): number;
  harmed(): number;
  kill(part: Part, back: Promise<number>): void;
  harm(harm: Harm): void;
  /** Resolves when fewer than so many parts are dead; those that never come back are `allBack`'s. */
  deadBelow(count: number): Promise<void>;
  /** Rejects with the first that didn't come back. */
  allBack(): Promise<void>;
}

function struckBy(): Struck {
  const kills = Object.fromEntries(parts.map((part) => [part, { count: 0, longestMs: 0 }])) as ChaosOutcome["kills"];
  const harmed = Object.fromEntries(harms.map((harm) => [harm, 0])) as ChaosOutcome["harms"];
  const backs: Promise<void>[] = [];
  const dead = new Set<Promise<void>>();
  return {
    kills,
    harms: harmed,
    killed: () => Object.values(kills).reduce((sum, { count }) => sum + count, 0),
    harmed: () => Object.values(harmed).reduce((sum, count) => sum + count, 0),
    kill: (part, back) => {
      kills[part].count += 1;
      const recorded = back.then((ms) => {
        kills[part].longestMs = Math.max(kills[part].longestMs, ms);
      });
      // `allBack` tells.
      const over = recorded
        .catch(() => undefined)
        .then(() => {
          dead.delete(over);
        });
      dead.add(over);
      backs.push(recorded);
    },
    harm: (harm) => {
      harmed[harm] += 1;
    },
    deadBelow: async (count) => {
      while (dead.size >= count) await Promise.race(dead);
    },
    allBack: async () => {
      await Promise.all(backs);
    },
  };
}

async function strike(city: ChaosCity, crowd: Crowd, schedule: readonly Stroke[], done: Struck): Promise<void> {
  for (const stroke of schedule) {
    await sleep(stroke.afterMs);
    if (stroke.do === "harm") {
      const line = city.line(stroke.link);
      line.harm(stroke.harm, stroke.delayMs);
      done.harm(stroke.harm);
      void sleep(stroke.forMs).then(() => line.heal());
      continue;
    }
    // Where parts come back slowly, the run grows longer: with all of them dead nobody could buy.
    await done.deadBelow(deadMost);
    if (stroke.moment !== "now") await Promise.race([crowd.reaches(stroke.moment), sleep(momentWithinMs)]);
    const { back } = await city.kill(stroke.part);
    done.kill(stroke.part, back);
  }
}

/** Everyone comes back with their card until no purchase waits for one: as long as it helps, and a few times more. */
async function finishAll(city: ChaosCity, crowd: Crowd): Promise<void> {
  let open = await waitForCards(city);
  let fruitless = 0;
  while (fruitless < looksMax) {
    // Before a terminal that does not serve a visit says nothing about the card.
    await city.heal().catch(onlyTimeUp);
    await crowd.look();
    const left = await waitForCards(city);
    if (left.length === 0) return;
    fruitless = left.length < open.length ? 0 : fruitless + 1;
    open = left;
  }
  throw new TimeUp(`still waiting for their cards after everyone came ${looksMax} times in vain: ${open.join(", ")}`);
}

function onlyTimeUp(error: unknown): void {
  if (!(error instanceof TimeUp)) throw error;
}

const waitForCards = async (city: ChaosCity): Promise<string[]> => {
  const open = await city.query<{ number: string; status: string }>(
    `select number, status from purchase where status in ('issued', 'unknown') and account_id in
     (select id from account_registration where number = any($1))`,
    [[...accounts]],
  );
  return open.map(({ number, status }) => `${number} (${status})`);
};

async function nothingLate(city: ChaosCity): Promise<void> {
  const end = performance.now() + graceMs;
  let late = await ownerless(city, Date.now(), 0);
  while (late.length > 0 && performance.now() < end) {
    await sleep(1_000);
    late = await ownerless(city, Date.now(), 0);
  }
  // What is left is told by the comparison that follows.
}

/** @returns ends it. */
function tellEvery(tell: () => Promise<void>): () => Promise<void> {
  const end = new AbortController();
  const telling = (async () => {
    while (!end.signal.aborted) {
      await tell();
      await sleep(tellEveryMs, undefined, { signal: end.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    end.abort();
    await telling;
  };
}

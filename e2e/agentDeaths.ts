/** The points at which a kiosk's agent dies, and a sale that goes on until it does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CrashPoint, Screen } from "@citygas/kiosk-agent";
import { reaches } from "./oracle.ts";
import { type Customer, type SaleStep, saleSteps } from "./steps.ts";
import { type Kiosk, until, type World } from "./world.ts";

type Name = Screen["name"];
export interface AgentDeath {
  /** A named point inside the agent, or the screen that is shown when it is killed from outside. */
  at: CrashPoint | { screen: Name };
  /** The screen the customer has before them when the agent is back. */
  back: Name;
  sold: boolean;
  phone?: "phone-2";
  /** Also in the short run. */
  short?: true;
}

const again = { back: "account", sold: false } as const;
const finished = { back: "success", sold: true } as const;
/** Delivered before the death; at the next look the card has gas on it. */
const done = { back: "gasOnCard", sold: true } as const;

export const agentDeaths: readonly AgentDeath[] = [
  { at: { screen: "home" }, back: "home", sold: false },
  { at: { screen: "insertCard" }, back: "home", sold: false },
  { at: "afterOpenSession", ...again },
  { at: "afterImage", ...again },
  { at: { screen: "account" }, ...again },
  { at: "afterQuote", ...again },
  { at: { screen: "confirm" }, ...again },
  { at: "afterConfirm", ...again },
  { at: { screen: "pay" }, ...again },
  { at: "afterJournalCode", ...again },
  { at: "afterAttempt", ...finished, short: true },
  { at: { screen: "payWaiting" }, back: "payWaiting", sold: true, phone: "phone-2", short: true },
  { at: "afterPaid", ...finished, short: true },
  { at: "afterJournalScript", ...finished },
  { at: "duringWrite", ...finished, short: true },
  { at: "beforeReport", ...finished, short: true },
  { at: "afterJournalReport", ...done, short: true },
  { at: "afterReport", ...done },
  { at: { screen: "success" }, ...done },
  { at: "afterJournalPrinting", ...done },
  { at: "afterPrint", ...done },
];

export const nameOf = ({ at }: AgentDeath): string => (typeof at === "string" ? at : `on the screen ${at.screen}`);

/** Begins a sale and goes on with it until the agent is dead. */
export async function sellUntilDead(world: World, who: Customer, death: AgentDeath): Promise<void> {
  const pid = pidOf(world, who.kiosk);
  let dead = false;
  const died = until(
    async () => pidOf(world, who.kiosk) !== pid,
    60_000,
    () => `${who.kiosk} did not die ${nameOf(death)}`,
  ).finally(() => {
    dead = true;
  });
  if (typeof death.at === "string") crashAt(world, who.kiosk, death.at);
  for (const step of await stepsUntil(world, who, death)) {
    await Promise.race([died, who.hand.sees(step.screen)]);
    if (dead) break;
    await step.act();
  }
  await died;
  who.hand.blink();
}

/** Orders the agent's death at its next passing of that point (kiosk/agent/src/crash.ts). */
export function crashAt(world: World, kiosk: Kiosk, point: CrashPoint): void {
  writeFileSync(join(world.dataDir, kiosk, "crash-at"), point);
}

/** From its next start on the agent ends at once, as on a broken disk. @returns what mends it */
export function breakAgent(world: World, kiosk: Kiosk): () => void {
  const file = join(world.dataDir, kiosk, "terminal.json");
  const whole = readFileSync(file);
  writeFileSync(file, "{");
  return () => writeFileSync(file, whole);
}

async function stepsUntil(world: World, who: Customer, { at, phone }: AgentDeath): Promise<SaleStep[]> {
  const steps = saleSteps(world, who, phone);
  const screen = typeof at === "string" ? null : at.screen;
  const killHere = { screen: screen ?? "home", act: () => world.kill(who.kiosk) };
  switch (screen) {
    case "home":
      return [killHere];
    case "insertCard":
      return [{ screen: "home", act: () => who.hand.act({ do: "start" }) }, killHere];
    case null:
      await world.sandbox.insert(who.card, who.kiosk);
      return steps;
    case "payWaiting": {
      await world.sandbox.insert(who.card, who.kiosk);
      // The screen waits from the scan on; "waiting" it is once the wallet has asked for its password.
      const pending = async () => {
        await reaches(world, who.account, "pending");
        world.kill(who.kiosk);
      };
      return [...steps.slice(0, 3), { screen, act: pending }];
    }
    default:
      await world.sandbox.insert(who.card, who.kiosk);
      return [
        ...steps.slice(
          0,
          steps.findIndex((step) => step.screen === screen),
        ),
        killHere,
      ];
  }
}

const pidOf = (world: World, kiosk: Kiosk): number | undefined => world.pids()[kiosk];

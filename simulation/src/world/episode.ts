/** One world from its first customer to the last open purchase settled. */
import { checkAtEnd } from "../invariants/atEnd.ts";
import { liveOnLink, wakeUp } from "./linkedHome.ts";
import { comeBack, live } from "./people.ts";
import type { Plan } from "./plan.ts";
import { World, type WorldOptions } from "./world.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** The days of a world: people live in it, then come back, then the last timers run. */
const lifeMs = 3 * day;
const comeBackMs = 2 * day;
const restMs = 9 * day;

export async function runEpisode(plan: Plan, options: WorldOptions): Promise<World> {
  const world = new World(plan, options);
  const { scheduler } = world;
  const over = (): boolean => world.violation !== null;
  const phase = async (ms: number): Promise<void> => await scheduler.run(scheduler.now + ms, over);
  await world.begin();
  let living = world.households.length + world.linked.length;
  for (const household of world.households) {
    const name = household.plan.name;
    world.spawn({ name, process: null, rng: world.rng(name) }, async () => {
      await live(world, household);
      living -= 1;
    });
  }
  for (const home of world.linked) {
    const { name } = home.plan;
    world.spawn({ name, process: null, rng: world.rng(name) }, async () => {
      await liveOnLink(world, home);
      living -= 1;
    });
  }
  await scheduler.run(scheduler.now + lifeMs, () => over() || living === 0);
  if (over()) return world;
  world.calm = true;
  for (const gateway of world.gateways) {
    gateway.awayUntil = 0;
    for (const trade of gateway.trades.values()) trade.blockedUntil = 0;
  }
  world.say(() => "everybody comes back; nothing fails any more");
  for (const household of world.everybody()) {
    const name = `${household.plan.name} again`;
    world.spawn(
      { name, process: null, rng: world.rng(name) },
      async () => {
        await comeBack(world, household);
      },
      20 * 60_000,
    );
  }
  for (const home of world.linked) {
    const name = `${home.plan.name} again`;
    world.spawn({ name, process: null, rng: world.rng(name) }, () => wakeUp(world, home), 20 * 60_000);
  }
  await phase(comeBackMs);
  await phase(restMs);
  if (!over()) checkAtEnd(world);
  return world;
}

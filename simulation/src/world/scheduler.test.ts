import { expect, it } from "vitest";
import { Rng } from "../chance/rng.ts";
import { type Fiber, type Process, Scheduler } from "./scheduler.ts";

const fiber = (name: string, process: Process | null = null): Fiber => ({ name, process, rng: Rng.of(name) });
const fails = (error: unknown): void => {
  throw error;
};
const forever = Number.POSITIVE_INFINITY;

it("takes events by time, of equal ones in the order they were asked for", async () => {
  const scheduler = new Scheduler(0);
  const seen: string[] = [];
  for (const [name, ms] of [
    ["late", 20],
    ["first", 5],
    ["second", 5],
  ] as const)
    scheduler.spawn(
      fiber(name),
      async () => {
        seen.push(`${name} ${scheduler.now}`);
        await scheduler.pause(10);
        seen.push(`${name} ${scheduler.now}`);
      },
      fails,
      ms,
    );
  await scheduler.run(forever, () => false);
  expect(seen).toEqual(["first 5", "second 5", "first 15", "second 15", "late 20", "late 30"]);
});

it("a process that dies takes what it waited for with it", async () => {
  const scheduler = new Scheduler(0);
  const process: Process = { name: "p", alive: true };
  let reached = false;
  scheduler.spawn(
    fiber("dies", process),
    async () => {
      await scheduler.pause(10);
      reached = true;
    },
    fails,
  );
  scheduler.at(5, () => {
    process.alive = false;
  });
  await scheduler.run(forever, () => false);
  expect(reached).toBe(false);
});

it("of several releases the first to come counts", async () => {
  const scheduler = new Scheduler(0);
  let heard = "";
  scheduler.spawn(
    fiber("waits"),
    async () => {
      const hold = scheduler.hold<string>();
      hold.release("timeout", 100);
      hold.release("answer", 40);
      heard = `${await hold.promise} at ${scheduler.now}`;
    },
    fails,
  );
  await scheduler.run(forever, () => false);
  expect(heard).toBe("answer at 40");
});

it("a strand that was split off goes on beside the one that made it", async () => {
  const scheduler = new Scheduler(0);
  const seen: string[] = [];
  scheduler.spawn(
    fiber("request"),
    async () => {
      const call = scheduler.detach<string>(fiber("call"));
      void call.promise
        .then(async (answer) => {
          seen.push(`${answer} ${scheduler.now}`);
          await scheduler.pause(5);
          seen.push(`stored ${scheduler.now}`);
        })
        .then(call.ended);
      call.release("paid", 50);
      await scheduler.pause(10);
      seen.push(`answered ${scheduler.now}`);
    },
    fails,
  );
  await scheduler.run(forever, () => false);
  expect(seen).toEqual(["answered 10", "paid 50", "stored 55"]);
});

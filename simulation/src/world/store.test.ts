import type { Store } from "@citygas/server";
import { expect, it } from "vitest";
import { faultTable } from "../faults/faults.ts";
import { untouched } from "../sabotage/seam.ts";
import { runEpisode } from "./episode.ts";
import { planOf } from "./plan.ts";
import { inTandem } from "./tandem.testkit.ts";

it("answers as the server's own store in memory does, through whole worlds with all faults", async () => {
  for (const seed of ["tandem 1", "tandem 2", "tandem 3"]) {
    // One for all servers of the world; filled before the first call, which waits for it.
    let tandem: Promise<Store> | null = null;
    const world = await runEpisode(planOf(seed), {
      faults: faultTable(),
      allowed: null,
      trace: false,
      freeze: true,
      seam: {
        ...untouched,
        store: (base) => {
          tandem ??= inTandem(base);
          const ready = (): Promise<Store> => tandem ?? inTandem(base);
          return {
            ...base,
            load: async (refs) => (await ready()).load(refs),
            commit: async (t) => (await ready()).commit(t),
            claim: async (now, limit, ms) => (await ready()).claim(now, limit, ms),
            finish: async (task) => (await ready()).finish(task),
            retry: async (task, dueAt) => (await ready()).retry(task, dueAt),
          };
        },
      },
    });
    expect(world.violation).toBeNull();
    expect(world.purchases).toBeGreaterThan(10);
  }
});

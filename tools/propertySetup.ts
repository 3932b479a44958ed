/**
 * What every property test gets (vitest `setupFiles`): the run's seed, the tier's count, and a tally of the cases that
 * really ran, which the long tier's table is made of. A test that wants another count says
 * `numRuns: inject("long") ? … : …`; one that tries cases without fast-check adds its own to `task.meta.cases`.
 */
import fc from "fast-check";
import { inject, TestRunner } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** True under `npm run test:long`. */
    long: boolean;
    /** Fixed in the short tier, fresh in the long one. */
    seed: number;
  }
  interface TaskMeta {
    /** Cases tried by this test. */
    cases?: number;
  }
}

fc.configureGlobal({
  seed: inject("seed"),
  numRuns: inject("long") ? 10_000 : 200,
  reporter: (details) => {
    const meta = TestRunner.getCurrentTest()?.meta;
    if (meta !== undefined) meta.cases = (meta.cases ?? 0) + details.numRuns;
    // The message carries seed and path of the counterexample.
    if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  },
});

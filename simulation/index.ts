/** The deterministic world: what the benches and the tests of others may run. */

export { faultKinds, type FaultName } from "./src/faults/kinds.ts";
export { type Violation, invariantNames } from "./src/invariants/violation.ts";
export { type Outcome, simulate, type SimulateOptions } from "./src/run/simulate.ts";

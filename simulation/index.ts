/** The deterministic world: what the benches and the tests of others may run. */

export { type FaultName, faultKinds } from "./src/faults/kinds.ts";
export { invariantNames, type Violation } from "./src/invariants/violation.ts";
export { type Outcome, type SimulateOptions, simulate } from "./src/run/simulate.ts";

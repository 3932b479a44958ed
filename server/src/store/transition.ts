/** What every store checks before it takes a transition, and which things two transitions may not share in a batch. */
import { type Guard, type Id, isOnChart, type Ref, type TaskRequest, type Transition, type Write } from "@citygas/core";

const tasksMax = 64;
const writesMax = 64;
const postingsMax = 256;

const broken = ({ eventId, event }: Transition, what: string): Error =>
  new Error(`transition ${eventId} (${event.type}): ${what}`);

function must(held: boolean, transition: Transition, what: string): asserts held {
  if (!held) throw broken(transition, what);
}

/** Names an aggregate, or whatever else has a kind and an id, by one text. */
export const refKey = (ref: { kind: string; id: string }): string => `${ref.kind}\n${ref.id}`;

/** A transition in the one form that stores write: nothing named twice. */
export interface Checked {
  transition: Transition;
  writes: readonly Write[];
  /** Without those that a write of the same version covers. */
  guards: readonly Guard[];
  /** The version that the subject gets, and its event's place in the log. */
  seq: number;
  add: readonly TaskRequest[];
  drop: Transition["tasks"]["drop"];
}

/**
 * @throws on a programmer's error: postings that don't sum to zero or stand on no chart, a subject that isn't written, a
 * thing named twice.
 */
export function checkTransition(transition: Transition): Checked {
  const { writes, postings, tasks, subject } = transition;
  must(writes.length <= writesMax && postings.length <= postingsMax, transition, "too large");
  must(tasks.add.length + tasks.drop.length <= tasksMax, transition, "too many tasks");
  must(Number.isSafeInteger(transition.at), transition, "at must be an integer");
  checkPostings(transition);
  for (const [index, write] of writes.entries()) {
    const { kind, id, expected, state } = write;
    must(Number.isSafeInteger(expected) && expected >= 0, transition, "versions are integers from 0");
    if (state.id !== id) throw broken(transition, `${kind} ${id} carries the state of ${state.id}`);
    if (writes.findIndex((each) => isSame(each, write)) < index)
      throw broken(transition, `${kind} ${id} is written twice`);
  }
  const own = writes.find((write) => isSame(write, subject));
  must(own !== undefined, transition, "its subject is not among its writes");
  const guards: Guard[] = [];
  for (const guard of transition.guards) {
    const already = [...writes, ...guards].find((each) => isSame(each, guard));
    const agrees = already === undefined || already.expected === guard.expected;
    must(agrees, transition, `two versions of ${guard.kind} expected`);
    if (already === undefined) guards.push(guard);
  }
  // What is asked for anew and dropped at once is asked for; the last request for a task stands.
  const add = lastOfEach(tasks.add);
  for (const task of add) must(Number.isSafeInteger(task.dueAt), transition, "dueAt must be an integer");
  const drop = lastOfEach(tasks.drop).filter((task) => !add.some((each) => isSameTask(each, task)));
  return { transition, writes, guards, seq: own.expected + 1, add, drop };
}

const isSame = (a: Ref, b: Ref): boolean => a.id === b.id && a.kind === b.kind;

type TaskName = Checked["drop"][number];
const isSameTask = (a: TaskName, b: TaskName): boolean => a.ref === b.ref && a.kind === b.kind;

/** In the places of the first. */
function lastOfEach<T extends TaskName>(tasks: readonly T[]): T[] {
  const kept: T[] = [];
  for (const task of tasks) {
    const at = kept.findIndex((each) => isSameTask(each, task));
    if (at < 0) kept.push(task);
    else kept[at] = task;
  }
  return kept;
}

/** Two transitions that share one of these are never in flight together. */
export function keysOf({ transition, writes, guards, add, drop }: Checked): string[] {
  const keys = [`event\n${transition.eventId}`, ...writes.map(refKey), ...guards.map(refKey)];
  for (const { kind, ref } of [...add, ...drop]) keys.push(`task\n${kind}\n${ref}`);
  if (transition.idempotency) keys.push(`key\n${transition.idempotency.key}`);
  return keys;
}

/** I7, and nothing is booked where nobody would look for it; before anything reaches a table. */
function checkPostings(transition: Transition): void {
  const sums = new Map<string, number>();
  for (const { account, commodity, amount } of transition.postings) {
    if (!Number.isSafeInteger(amount))
      throw broken(transition, `posting to ${account} must be an integer, got ${amount}`);
    if (!isOnChart(account, commodity)) throw broken(transition, `${account} is on no chart for ${commodity}`);
    const sum = (sums.get(commodity) ?? 0) + amount;
    must(Number.isSafeInteger(sum), transition, "postings leave the safe range");
    sums.set(commodity, sum);
  }
  for (const [commodity, sum] of sums) must(sum === 0, transition, `postings in ${commodity} sum to ${sum}, not zero`);
}

/** A value that must be unique and exists: purchase number, receipt token, merchant order number, a tier cycle. */
export class DuplicateValueError extends Error {
  /** Name of the constraint, e.g. `purchase_number_key`. */
  readonly constraint: string;
  constructor(constraint: string, options?: ErrorOptions) {
    super(`duplicate value: ${constraint}`, options);
    this.name = "DuplicateValueError";
    this.constraint = constraint;
  }
}

/** What must be unique beside ids, as the tables have it: under the name of its constraint. */
function uniqueValues(write: Write): { constraint: string; value: string }[] {
  switch (write.kind) {
    case "purchase":
      return [
        { constraint: "purchase_number_key", value: write.state.number },
        { constraint: "purchase_token_key", value: write.state.token },
      ];
    case "attempt":
      return [{ constraint: "attempt_out_trade_no_key", value: write.state.outTradeNo }];
    case "tier": {
      const { accountId, cycleKey } = write.state;
      return [{ constraint: "tier_position_account_id_cycle_key_key", value: `${accountId}\n${cycleKey}` }];
    }
    case "account":
    case "card":
    case "meter":
      return [];
  }
}

/** Whose each value is, for stores that have no tables. */
export class UniqueOwners {
  readonly #byConstraint = new Map<string, Map<string, Id>>();

  /** @throws {DuplicateValueError} when a value is another's already; nothing is taken then. */
  take(writes: readonly Write[]): void {
    const wanted: [owners: Map<string, Id>, value: string, id: Id][] = [];
    for (const write of writes)
      for (const { constraint, value } of uniqueValues(write)) {
        const owners = this.#byConstraint.get(constraint) ?? new Map<string, Id>();
        this.#byConstraint.set(constraint, owners);
        const owner = owners.get(value);
        if (owner === undefined) wanted.push([owners, value, write.id]);
        else if (owner !== write.id) throw new DuplicateValueError(constraint);
      }
    for (const [owners, value, id] of wanted) owners.set(value, id);
  }
}

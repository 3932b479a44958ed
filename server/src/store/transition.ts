/** What every store checks before it takes a transition, and which things two transitions may not share in a batch. */
import { type Guard, isOnChart, type TaskRequest, type Transition, type Write } from "@citygas/core";

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
  drop: readonly { kind: string; ref: string }[];
  /** Two transitions that share one of these are never in flight together. */
  keys: readonly string[];
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
  const written = new Map<string, number>();
  for (const write of writes) {
    const { kind, id, expected, state } = write;
    const key = refKey(write);
    must(Number.isSafeInteger(expected) && expected >= 0, transition, "versions are integers from 0");
    if (written.has(key)) throw broken(transition, `${kind} ${id} is written twice`);
    if (state.id !== id) throw broken(transition, `${kind} ${id} carries the state of ${state.id}`);
    written.set(key, expected);
  }
  const subjectVersion = written.get(refKey(subject));
  must(subjectVersion !== undefined, transition, "its subject is not among its writes");
  const guards = new Map<string, Guard>();
  for (const guard of transition.guards) {
    const key = refKey(guard);
    const already = written.get(key) ?? guards.get(key)?.expected;
    must(already === undefined || already === guard.expected, transition, `two versions of ${guard.kind} expected`);
    if (already === undefined) guards.set(key, guard);
  }
  // What is asked for anew and dropped at once is asked for; the last request for a task stands.
  const add = new Map(tasks.add.map((task) => [`${task.kind}\n${task.ref}`, task]));
  for (const task of add.values()) must(Number.isSafeInteger(task.dueAt), transition, "dueAt must be an integer");
  const drop = new Map(tasks.drop.map((task) => [`${task.kind}\n${task.ref}`, task]));
  for (const key of add.keys()) drop.delete(key);
  const keys = [`event\n${transition.eventId}`, ...written.keys(), ...guards.keys()];
  for (const key of [...add.keys(), ...drop.keys()]) keys.push(`task\n${key}`);
  if (transition.idempotency) keys.push(`key\n${transition.idempotency.key}`);
  return {
    transition,
    writes,
    guards: [...guards.values()],
    seq: subjectVersion + 1,
    add: [...add.values()],
    drop: [...drop.values()],
    keys,
  };
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

/** What must be unique beside ids: constraint name and value, as the tables have them. */
export function uniqueValues(write: Write): string[] {
  switch (write.kind) {
    case "purchase":
      return [`purchase_number_key\n${write.state.number}`, `purchase_token_key\n${write.state.token}`];
    case "attempt":
      return [`attempt_out_trade_no_key\n${write.state.outTradeNo}`];
    case "tier":
      return [`tier_position_account_id_cycle_key_key\n${write.state.accountId}\n${write.state.cycleKey}`];
    case "account":
    case "card":
    case "meter":
      return [];
  }
}

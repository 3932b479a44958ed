/**
 * A small world with a meter on a link: some recharges, paid from the balance, and the harshest link there is. Whatever was
 * ever said on it may arrive at any moment, in any order, as often as it likes, or never: each command that left the centre,
 * each record that the meter ever had. A server may die between its commit and its command. The rules are production's own
 * (`compose`, `rechargeTodo`); what follows a record is put together here as `heardFromMeter` does.
 */
import {
  type AccountState,
  compose,
  deliveredAmount,
  type MeterRecord,
  type MeterState,
  numberAfter,
  type Purchase,
  type PurchaseEvent,
  rechargeTodo,
} from "@citygas/core";
import { startTotal } from "../world/cardBook.ts";
import { quoteOf } from "./centre.ts";
import { explore, type Found, type Move, Table } from "./explore.ts";

export interface LinkSize {
  name: string;
  /** In fen, in the order in which they are bought. */
  recharges: readonly number[];
}

export const linkSizes: readonly LinkSize[] = [
  { name: "link, one recharge", recharges: [1_000] },
  { name: "link, three recharges", recharges: [1_000, 1_000, 2_000] },
  { name: "link, eight recharges", recharges: [1_000, 1_000, 2_000, 1_000, 3_000, 1_000, 2_000, 2_000] },
];

interface Recharge {
  purchaseNo: number;
  amount: number;
}

interface LinkWorld {
  account: AccountState;
  meter: MeterState;
  purchases: readonly Purchase[];
  /** What ever left the centre. */
  commands: readonly Recharge[];
  /** What the meter ever had for its record; the last is the one it has. */
  records: readonly MeterRecord[];
}

/** Its one byte turns over within three recharges. */
const startNumber = 254;
const startBalanceFen = 100_000;

/** When it is over, only how it ended. */
const whatMatters = (p: Purchase): Purchase =>
  p.state === "delivered" || p.state === "refunded" ? { ...p, countBefore: null, totalBefore: null, reason: null } : p;

/** The world after one event of the purchase at `index`; null where the machines refuse it. */
function after(world: LinkWorld, index: number, event: PurchaseEvent): LinkWorld | null {
  const purchase = world.purchases[index];
  const composed = compose({
    bundle: {
      purchase: purchase === undefined ? null : { version: 1, state: purchase },
      attempts: [],
      account: { version: 1, state: world.account },
      tier: null,
      card: null,
      meter: { version: 1, state: world.meter },
    },
    event: { type: "purchase", event },
    eventId: "e",
    now: 0,
  });
  if (!composed.ok) return null;
  const purchases = [...world.purchases];
  purchases[index] = whatMatters(composed.value.purchase);
  const next: LinkWorld = { ...world, purchases };
  for (const write of composed.value.transition.writes) {
    if (write.kind === "account") next.account = write.state;
    if (write.kind === "meter") next.meter = write.state;
  }
  return next;
}

function bought(world: LinkWorld, amountFen: number): LinkWorld | null {
  const index = world.purchases.length;
  const facts = { ...quoteOf(index, amountFen), cardId: null, channel: "phone", later: true } as const;
  const quoted = after(world, index, { type: "quoted", facts });
  return quoted && after(quoted, index, { type: "confirmed" });
}

function movesFrom(world: LinkWorld, { recharges }: LinkSize): Move<LinkWorld>[] {
  const moves: Move<LinkWorld>[] = [];
  const add = (label: string, next: LinkWorld | null): void => {
    if (next !== null) moves.push({ label, next });
  };
  const wanted = recharges[world.purchases.length];
  if (wanted !== undefined) add(`${wanted} are bought`, bought(world, wanted));
  for (const [index, { number, state }] of world.purchases.entries()) {
    if (state === "issued") add(`${number} is not answered in time`, after(world, index, { type: "due" }));
    add(`${number} is cancelled`, after(world, index, { type: "gaveUp", reason: "customer" }));
  }
  for (const command of world.commands) add(`the meter hears number ${command.purchaseNo}`, heard(world, command));
  for (const record of world.records) recordHeard(world, record, add);
  return moves;
}

/** At the meter: its next number is credited, any other one refused. */
function heard(world: LinkWorld, { purchaseNo, amount }: Recharge): LinkWorld | null {
  const last = world.records.at(-1);
  if (last === undefined || purchaseNo !== (last.purchaseNo + 1) % 256) return null;
  return { ...world, records: [...world.records, { purchaseNo, amount, totalCredited: last.totalCredited + amount }] };
}

/** At the centre. */
function recordHeard(
  world: LinkWorld,
  record: MeterRecord,
  add: (label: string, next: LinkWorld | null) => void,
): void {
  const { link } = world.meter;
  const index = world.purchases.findIndex(({ id }) => id === link?.queue[0]);
  const p = world.purchases[index];
  if (link === undefined || p === undefined) return;
  const label = `the centre hears record ${record.purchaseNo}`;
  switch (rechargeTodo(p, link, record)) {
    case "send": {
      const command = { id: "k", sentAt: 0, deadlineAt: 0 };
      const sent = after(world, index, { type: "rechargeSent", command, record });
      add(`${label} and dies`, sent);
      const leaves = { purchaseNo: numberAfter(record.purchaseNo), amount: deliveredAmount(p) };
      if (sent !== null) add(`${label} and sends ${p.number}`, { ...sent, commands: withOne(sent.commands, leaves) });
      return;
    }
    case "taken":
      add(label, after(world, index, { type: "rechargeTaken", record }));
      return;
    case "disagrees":
      add(label, after(world, index, { type: "recordDisagrees", record }));
      return;
    case "wait":
  }
}

/** What left before is there already. */
const withOne = (all: readonly Recharge[], one: Recharge): readonly Recharge[] =>
  all.some((each) => each.purchaseNo === one.purchaseNo && each.amount === one.amount) ? all : [...all, one];

const spentFen = ({ account }: LinkWorld): number => startBalanceFen - account.balanceFen - account.heldFen;
const creditedFen = ({ records }: LinkWorld): number => (records.at(-1)?.totalCredited ?? 0) - startTotal;

/** @param statesMax where it stops, visited or not. */
export function searchLink(size: LinkSize, statesMax: number): Found {
  const states = new Table<LinkWorld>();
  const link = { counted: null, queue: [] };
  return explore(
    {
      first: {
        account: { id: "a", unitId: "u", balanceFen: startBalanceFen, heldFen: 0, block: null },
        meter: { id: "m", accountId: "a", openPurchaseId: null, link },
        purchases: [],
        commands: [],
        records: [{ purchaseNo: startNumber, amount: 0, totalCredited: startTotal }],
      },
      enter: (world) => states.of(world),
      at: (number) => states.at(number),
      get size() {
        return states.size;
      },
      movesFrom: (world) => movesFrom(world, size),
      wrongIn,
      isEnd: (world) =>
        world.purchases.length === size.recharges.length &&
        world.purchases.every(({ state }) => state === "delivered" || state === "refunded") &&
        creditedFen(world) === spentFen(world),
      isManual: ({ purchases }) => purchases.some(({ state }) => state === "manual"),
    },
    statesMax,
  );
}

/** Never over, never lost, one in flight; and nobody but we recharges this meter, so people have nothing to decide. */
function wrongIn(world: LinkWorld): string | null {
  const [credited, spent] = [creditedFen(world), spentFen(world)];
  if (credited > spent) return `I2: the meter credited ${credited}, paid and not given back are ${spent}`;
  const delivered = world.purchases.filter(({ state }) => state === "delivered");
  const sold = delivered.reduce((sum, p) => sum + deliveredAmount(p), 0);
  if (sold > credited) return `I1: ${sold} count as delivered, the meter credited ${credited}`;
  const out = world.purchases.filter(({ state }) => state === "issued" || state === "unknown" || state === "manual");
  if (out.length > 1) return "I4: two recharges are out for one meter";
  const odd = world.purchases.some(({ state, atOdds }) => state === "manual" || atOdds !== undefined);
  return odd ? "I1: given to people, and nobody touched the meter but we" : null;
}

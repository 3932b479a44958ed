/**
 * The clerk's drawer: what the books say is in it, and the notes that really are. Money that was laid down stands on a slip
 * until the centre has answered, so that a terminal that dies between the two loses none.
 */
import type { PurchaseView } from "@citygas/api";
import type { Fen, Id } from "@citygas/core";
import {
  type CounterPayment,
  closeShift,
  type KeyedRequest,
  makeDrawer,
  openShift,
  payAtCounter,
} from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import { clerk } from "./desk.ts";
import { unit } from "./household.ts";
import { requestOf } from "./request.ts";
import { afterPaid, cancel, keyed, type Visit } from "./visit.ts";
import type { World } from "./world.ts";

interface Slip {
  purchaseId: Id;
  payment: CounterPayment;
  payableFen: Fen;
  request: KeyedRequest;
}

const floatFen = 50_000;
const noteFen = 1_000;
const askMs = 20_000;
/** The clerk asks so long; then the slip lies there until somebody asks again. */
const patienceMs = 600_000;

export class Till {
  drawerId: Id = "";
  /** Really in the drawer. */
  notesFen: Fen = 0;
  /** Really at the bank's terminal. */
  posFen: Fen = 0;
  /** Paid out by bank transfer. */
  bankFen: Fen = 0;
  readonly slips = new Set<Slip>();
  /** Purchases and late payments whose money was handed over here. */
  readonly paidOut = new Set<Id>();
}

export async function openTill({ store, queries, scheduler, till }: World): Promise<void> {
  const ctx = { db: queries.pool, store, now: () => scheduler.now };
  const made = await makeDrawer(ctx, unit.id, "1", clerk.id);
  if (!made.ok) throw new Error("no drawer");
  till.drawerId = made.value.id;
  const opened = await openShift(ctx, till.drawerId, clerk.id, floatFen, requestOf("open the drawer"));
  if (!opened.ok) throw new Error("the drawer stays closed");
  till.notesFen = floatFen;
}

/** In notes, or by the bank's terminal: announced, laid down, booked. */
export async function payAtDesk(visit: Visit, { id, breakdown: { payableFen } }: PurchaseView): Promise<void> {
  const { world, kiosk } = visit;
  const { faults, scheduler, till } = world;
  const fiber = scheduler.fiber();
  const cash = fiber.rng.chance(700);
  const { drawerId } = till;
  if (world.store.peek("account", drawerId)?.state.block !== null) await nextShift(world);
  const fault = world.calm ? null : faults.draw<FaultAt<"atCounter">>("atCounter", fiber);
  const named: CounterPayment = cash ? { method: "cash", drawerId } : { method: "pos" };
  const announcement = keyed(visit, "announcement");
  const announced = await kiosk.ask("announcement", askMs, (server) =>
    payAtCounter(server.sale, clerk, id, named, announcement),
  );
  if (!announced.ok || fault === "leavesCounter") {
    if (announced.ok) faults.hit("leavesCounter");
    await cancel(visit, id);
    return;
  }
  await scheduler.pause(fiber.rng.int(5_000, 40_000));
  const receivedFen = payableFen + (noteFen - (payableFen % noteFen));
  const payment: CounterPayment = cash
    ? { method: "cash", drawerId, receivedFen }
    : { method: "pos", posReference: `POS${till.slips.size}-${id.slice(-6)}` };
  const slip: Slip = { purchaseId: id, payment, payableFen, request: keyed(visit, "money") };
  till.slips.add(slip);
  const closes = fault === "drawerCounted" || fault === "drawerClosed";
  if (closes && (await countDrawer(world)) && fault === "drawerCounted") {
    faults.hit(fault);
    await nextShift(world);
  }
  const booked = await book(world, slip);
  if (fault === "drawerClosed" && cash && booked === "refused") faults.hit(fault);
  if (booked === "taken") await afterPaid(visit, id);
  else await cancel(visit, id);
}

/** Booked, the notes go into the drawer; refused, the customer has them back. */
async function book({ desk, till }: World, slip: Slip): Promise<"taken" | "refused" | "nobodyKnows"> {
  const { purchaseId, payment, payableFen, request } = slip;
  const booked = await desk.ask("money", patienceMs, (server) =>
    payAtCounter(server.sale, clerk, purchaseId, payment, request),
  );
  if (!booked.ok && booked.kind === "unreachable") return "nobodyKnows";
  if (!till.slips.delete(slip)) return booked.ok ? "taken" : "refused";
  if (!booked.ok) return "refused";
  if (payment.method === "pos") till.posFen += payableFen;
  else till.notesFen += (payment.receivedFen ?? 0) - (booked.value.changeFen ?? 0);
  return "taken";
}

/** Slips that nobody has answered yet. */
export async function settleSlips(world: World): Promise<void> {
  for (const slip of world.till.slips) await book(world, slip);
}

/** The shift ends in the middle of a payment, and its notes are counted. @returns whether it did */
async function countDrawer(world: World): Promise<boolean> {
  const { desk, till } = world;
  const request = requestOf(desk.newKey());
  const version = world.store.peek("account", till.drawerId)?.version ?? 0;
  const counted = { countedFen: till.notesFen, version };
  const closed = await desk.ask("count", askMs, (server) =>
    closeShift(server.sale, till.drawerId, clerk.id, counted, request),
  );
  if (closed.ok && closed.value.type === "drawerClosed" && closed.value.differenceFen !== 0)
    world.violate("I7", `the drawer holds ${till.notesFen} fen, its books differ by ${closed.value.differenceFen}`);
  return closed.ok;
}

async function nextShift({ desk, till }: World): Promise<void> {
  const request = requestOf(desk.newKey());
  await desk.ask("open", 3_600_000, (server) => openShift(server.sale, till.drawerId, clerk.id, 0, request));
}

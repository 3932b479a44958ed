/**
 * A customer before a terminal that may die at any moment: looks at what the screen shows now and does what it asks
 * for, and when it asks for nothing for too long takes the card and comes back another time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Screen, ViewMessage } from "@citygas/kiosk-agent";
import type { Hand } from "../hand.ts";
import { type Kiosk, type Sandbox, TimeUp } from "../world.ts";
import type { Draws } from "./draws.ts";

export interface Customer {
  account: string;
  card: string;
  meter: string;
}

export type Wallet = "wechat" | "alipay";
export interface Plan {
  /** What is keyed in; null: only looks whether an open purchase is finished. */
  entry: string | null;
  wallet: Wallet;
  /** Of the wallet: asks for none, and is given it or not where it asks. */
  password: "none" | "entered" | "closed";
  /** patient: to the end · backsOut: at the confirmation · leaves: takes the card while the payment is out. */
  temper: "patient" | "backsOut" | "leaves";
  /** The card is pulled in its next write after so many bytes. */
  tearAfterBytes: number | null;
  prints: boolean;
  /** The card goes into the meter afterwards. */
  loads: boolean;
}

/** What a terminal has said about a purchase for good. */
export interface Told {
  number: string;
  said: "delivered" | "refunded" | "cancelled";
}

export function planOf(draws: Draws, kiosk: Kiosk, visit: number): Plan {
  const draw = [kiosk, "visit", visit] as const;
  return {
    entry: String(draws.between(3, 12, ...draw, "entry")),
    wallet: draws.pick(["wechat", "alipay"], ...draw, "wallet"),
    password: draws.pick(["none", "none", "none", "entered", "entered", "closed"], ...draw, "password"),
    temper: draws.pick([...times(10, "patient" as const), "backsOut", "leaves"], ...draw, "temper"),
    tearAfterBytes: draws.chance(8, ...draw, "tears") ? draws.between(0, 60, ...draw, "after bytes") : null,
    prints: draws.chance(50, ...draw, "prints"),
    loads: draws.chance(85, ...draw, "loads"),
  };
}

const times = <T>(count: number, what: T): [T, ...T[]] => [what, ...Array.from({ length: count - 1 }, () => what)];

export interface Place {
  kiosk: Kiosk;
  hand: Hand;
  /** The phone of whoever stands here. */
  phone: string;
  sandbox: Sandbox;
  /** Told the name of each screen that appears. */
  saw(screen: Screen["name"]): void;
}

const lookEveryMs = 50;
/** A tap that changed nothing is tried again, as people do. */
const tapAgainMs = 4_000;
/** The card is in, and the terminal takes no notice: it is put in again, each time after twice as long. */
const unnoticedMs = 8_000;
const payPatienceMs = 25_000;
const patienceMs = 100_000;
const tableWithinMs = 60_000;
const keepsCard = new Set<string>(["resuming", "writing", "takingBack"] satisfies Screen["name"][]);

/** From the card put in to the card taken home. @throws TimeUp when the table itself is away for a minute. */
export async function visit(place: Place, who: Customer, plan: Plan): Promise<Told[]> {
  const { hand, sandbox } = place;
  const told: Told[] = [];
  await atTable(() => sandbox.phone({ askPassword: plan.password !== "none" }, place.phone));
  let before = await putIn(place, who);
  const end = performance.now() + patienceMs;
  let since = performance.now();
  let unnoticed = unnoticedMs;
  let shown = "";
  let tappedAt = 0;
  let tapped: ViewMessage | null = null;
  // Nobody pulls a card out of a write because it takes long; its terminal gives up by itself.
  while (performance.now() < end + (keepsCard.has(shown) ? patienceMs : 0)) {
    await sleep(lookEveryMs);
    const view = hand.view();
    if (view === null || view === before) {
      if (view === null || performance.now() - since < unnoticed) continue;
      before = await putIn(place, who);
      unnoticed *= 2;
      since = performance.now();
      continue;
    }
    before = null;
    const { screen } = view;
    if (screen.name !== shown) {
      shown = screen.name;
      since = performance.now();
      place.saw(screen.name);
      told.push(...toldBy(screen));
    }
    if (view === tapped && performance.now() - tappedAt < tapAgainMs) continue;
    tapped = view;
    tappedAt = performance.now();
    const next = await attempted(() => answer(place, who, plan, screen, performance.now() - since));
    if (next === "leave") break;
    if (next === "again") {
      before = await putIn(place, who);
      since = performance.now();
    }
  }
  await takeOut(place, who);
  if (plan.loads) await atTable(() => sandbox.load(who.meter, who.card));
  return told;
}

type Next = "wait" | "leave" | "again";

/** A line that broke under the hand, or a table that is away, is looked at again. */
async function attempted(act: () => Promise<Next>): Promise<Next> {
  try {
    return await act();
  } catch {
    return "wait";
  }
}

async function answer(place: Place, who: Customer, plan: Plan, screen: Screen, forMs: number): Promise<Next> {
  const { hand, sandbox, kiosk, phone } = place;
  switch (screen.name) {
    case "home":
    case "notes":
    case "insertCard":
    case "takeCard":
    case "wrongWay":
      return forMs > unnoticedMs ? "again" : "wait";
    case "outOfService":
    case "reading":
    case "resuming":
    case "writing":
    case "printing":
    case "yielding":
    case "takingBack":
      return "wait";
    case "account":
      return account(hand, plan, screen);
    case "confirm":
      if (screen.busy) return "wait";
      hand.act({ do: plan.temper === "backsOut" ? "back" : "pay" });
      return plan.temper === "backsOut" ? "leave" : "wait";
    case "pay":
      if (screen.refused !== null || forMs > payPatienceMs) return "leave";
      if (plan.tearAfterBytes !== null) await sandbox.tear(who.card, plan.tearAfterBytes);
      await sandbox.present(plan.wallet, kiosk, phone);
      return "wait";
    case "payWaiting":
      if (plan.temper === "leaves" || forMs > payPatienceMs) return "leave";
      if (screen.password) await sandbox.password(plan.password === "entered", phone);
      return "wait";
    case "unknownPayment":
      return forMs > payPatienceMs ? "leave" : "wait";
    case "success":
      if (!plan.prints || !screen.printable) return "leave";
      hand.act({ do: "print" });
      return "wait";
    case "printed":
    case "printFailed":
    case "gasOnCard":
    case "writeFailed":
    case "takeBackFailed":
    case "payTimeout":
    case "cancelled":
    case "refunded":
    case "refused":
    case "cardPulled":
      return "leave";
    default:
      return never(screen);
  }
}

function account(hand: Hand, plan: Plan, { busy, error, entry }: Extract<Screen, { name: "account" }>): Next {
  if (plan.entry === null || error !== null) return "leave";
  if (busy) return "wait";
  if (entry === plan.entry) hand.act({ do: "ok" });
  else {
    if (entry !== "") hand.act({ do: "key", key: "clear" });
    hand.key(plan.entry);
  }
  return "wait";
}

function toldBy(screen: Screen): Told[] {
  switch (screen.name) {
    case "success":
      return [{ number: screen.number, said: "delivered" }];
    case "refunded":
      return screen.done ? [{ number: screen.number, said: "refunded" }] : [];
    case "cancelled":
      return [{ number: screen.number, said: "cancelled" }];
    case "payTimeout":
      return screen.confirmed ? [{ number: screen.number, said: "cancelled" }] : [];
    default:
      return [];
  }
}

/** @returns what the screen showed until then, so that the last customer's words aren't taken for ours. */
async function putIn(place: Place, who: Customer): Promise<ViewMessage | null> {
  await takeOut(place, who);
  const before = place.hand.view();
  await atTable(async () => {
    if ((await readerOf(place, who)) === null) await place.sandbox.insert(who.card, place.kiosk);
  });
  return before;
}

async function takeOut(place: Place, who: Customer): Promise<void> {
  await atTable(async () => {
    if ((await readerOf(place, who)) !== null) await place.sandbox.remove(who.card);
  });
}

async function readerOf({ sandbox }: Place, { card }: Customer): Promise<string | null> {
  return (await sandbox.call<{ reader: string | null }>("GET", `/cards/${card}`)).reader;
}

/** The table is a process too, and may be dead for a moment. */
async function atTable(act: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + tableWithinMs;
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (performance.now() > end) throw new TimeUp(`the table was away for a minute: ${String(error)}`);
      await sleep(200);
    }
  }
}

function never(value: never): never {
  throw new Error(`no screen ${JSON.stringify(value)}`);
}

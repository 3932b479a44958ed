/** The way of a sale at a kiosk, screen by screen, without a browser; and what a person does with the card after it. */
import type { Action, Screen } from "@citygas/kiosk-agent";
import { cardOf, meterOf } from "./books.ts";
import { type Hand, type Shown, takeHand } from "./hand.ts";
import type { Kiosk, World } from "./world.ts";

/** A customer at a kiosk with their card. */
export interface Customer {
  account: string;
  card: string;
  meter: string;
  hand: Hand;
  kiosk: Kiosk;
  /** What they key in: some ten yuan's worth. */
  entry: string;
}

export async function customerAt(
  world: World,
  kiosk: Kiosk,
  account: string,
  entry: string,
  hand: Hand = takeHand(world, kiosk),
): Promise<Customer> {
  const [card, meter] = [await cardOf(world, account), await meterOf(world, account)];
  return { account, card, meter, hand, kiosk, entry };
}

/** Each of these households at one kiosk, with one pair of hands between them. */
export async function customersAt<Which extends string>(
  world: World,
  kiosk: Kiosk,
  households: Readonly<Record<Which, { account: string; entry: string }>>,
  all: readonly Which[],
): Promise<(which: Which) => Customer> {
  const hand = takeHand(world, kiosk);
  const who = new Map<Which, Customer>();
  for (const which of all) {
    const { account, entry } = households[which];
    who.set(which, await customerAt(world, kiosk, account, entry, hand));
  }
  return (which) => {
    const found = who.get(which);
    if (found === undefined) throw new Error(which);
    return found;
  };
}

type Name = Screen["name"];
export interface SaleStep {
  screen: Name;
  /** What the customer does when they see it. */
  act: () => unknown;
}

/** `wallet` asks for a password where the phone is `phone-2`. Ends with the receipt in the printer. */
export function saleSteps(world: World, who: Customer, phone: "phone-1" | "phone-2" = "phone-1"): SaleStep[] {
  const { hand, kiosk } = who;
  const act = (action: Action) => () => hand.act(action);
  const enter = () => {
    hand.key(who.entry);
    hand.act({ do: "ok" });
  };
  return [
    { screen: "account", act: enter },
    { screen: "confirm", act: act({ do: "pay" }) },
    { screen: "pay", act: () => world.sandbox.present("wechat", kiosk, phone) },
    { screen: "success", act: act({ do: "print" }) },
    { screen: "printed", act: () => undefined },
  ];
}

/** Puts the card in and goes on until `screen` is shown; does not act on that one. */
export async function goTo<N extends Name>(
  world: World,
  who: Customer,
  screen: N,
  phone?: "phone-1" | "phone-2",
): Promise<Shown<N>> {
  await world.sandbox.insert(who.card, who.kiosk);
  for (const step of saleSteps(world, who, phone)) {
    if (step.screen === screen) break;
    await who.hand.sees(step.screen);
    await step.act();
    if (step.screen === "pay") break;
  }
  return await who.hand.sees(screen);
}

/** Out of whatever reader it is in, and into the meter; a card that brings nothing new does no harm there. */
export async function carryHome(world: World, { card, meter }: Customer): Promise<void> {
  await takeOut(world, card);
  await world.sandbox.load(meter, card);
}

export async function takeOut(world: World, card: string): Promise<void> {
  const { reader } = await world.sandbox.call<{ reader: string | null }>("GET", `/cards/${card}`);
  if (reader !== null) await world.sandbox.remove(card);
}

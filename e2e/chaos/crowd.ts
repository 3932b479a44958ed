/** Customers who come to the two terminals again and again, each with a card, now to the one, now to the other. */
import type { Screen } from "@citygas/kiosk-agent";
import { cardOf, meterOf } from "../books.ts";
import { takeHand } from "../hand.ts";
import type { Kiosk } from "../world.ts";
import type { ChaosCity } from "./city.ts";
import { type Customer, type Place, type Plan, planOf, type Told, visit } from "./customer.ts";
import type { Draws } from "./draws.ts";
import type { Moment } from "./schedule.ts";

/**
 * Of the demo: cards in good order, by amount and by volume, with tiers, with a balance, with a debt. Those of class B on
 * memory cards, then one of class A, one of class B on a CPU card, one of class C.
 */
export const accounts = [
  "031140086",
  "031120300",
  "031120104",
  "031120105",
  "031140103",
  "031140108",
  "031140109",
  "031120109",
  "031140115",
  "031120110",
] as const;
/** Class C: no reader may go on with a write that broke off, so such a purchase waits for people. */
export const peopleFinish: readonly string[] = ["031120110"];
const kiosks: readonly { kiosk: Kiosk; phone: string }[] = [
  { kiosk: "kiosk-1", phone: "phone-1" },
  { kiosk: "kiosk-2", phone: "phone-2" },
];
const pocketFen = 100_000_000;

export interface Crowd {
  /** Sales the terminals said were delivered, so far. */
  sold(): number;
  visits(): number;
  told: readonly Told[];
  /** Resolves when some terminal is at that moment of a sale. */
  reaches(moment: Exclude<Moment, "now">): Promise<void>;
  /** Nobody begins to buy any more; resolves when the last has left. Rejects with what stopped a customer. */
  end(): Promise<void>;
  /** Everyone puts their card in once, buys nothing, and carries it home. */
  look(): Promise<void>;
  close(): void;
}

export async function openCrowd(city: ChaosCity, draws: Draws): Promise<Crowd> {
  const waiting: Customer[] = [];
  for (const account of accounts)
    waiting.push({ account, card: await cardOf(city, account), meter: await meterOf(city, account) });
  const told: Told[] = [];
  const awaited: { screen: Screen["name"]; reached: () => void }[] = [];
  const sold = new Set<string>();
  let [visits, ended] = [0, false];

  const places: Place[] = [];
  for (const { kiosk, phone } of kiosks) {
    await city.sandbox.call("POST", `/phones/${phone}/settings`, {
      balanceFen: { wechat: pocketFen, alipay: pocketFen },
    });
    places.push({
      kiosk,
      phone,
      hand: takeHand(city, kiosk),
      sandbox: city.sandbox,
      saw: (screen) => {
        for (const one of awaited.filter((each) => each.screen === screen)) one.reached();
      },
    });
  }
  const visitOf = async (place: Place, plan: Plan): Promise<void> => {
    const who = waiting.shift();
    if (who === undefined) throw new Error("more terminals than customers");
    try {
      const heard = await visit(place, who, plan);
      told.push(...heard);
      for (const { number, said } of heard) if (said === "delivered") sold.add(number);
      visits += 1;
    } finally {
      waiting.push(who);
    }
  };
  const lane = async (place: Place): Promise<void> => {
    for (let n = 0; !ended; n++) await visitOf(place, planOf(draws, place.kiosk, n));
  };
  const lanes = Promise.all(places.map(lane));
  // Whoever ends the crowd hears of it.
  lanes.catch(() => undefined);

  return {
    sold: () => sold.size,
    visits: () => visits,
    told,
    reaches: (moment) =>
      new Promise((resolve) => {
        const screen = moment === "paying" ? "payWaiting" : "writing";
        const one = {
          screen,
          reached: () => {
            awaited.splice(awaited.indexOf(one), 1);
            resolve();
          },
        } as const;
        awaited.push(one);
      }),
    end: async () => {
      ended = true;
      await lanes;
    },
    look: async () => {
      let left = waiting.length;
      const hand = async (place: Place): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await visitOf(place, looks);
        }
      };
      await Promise.all(places.map(hand));
    },
    close: () => {
      for (const { hand } of places) hand.close();
    },
  };
}

const looks: Plan = {
  entry: null,
  wallet: "wechat",
  password: "none",
  temper: "patient",
  tearAfterBytes: null,
  prints: false,
  loads: true,
};

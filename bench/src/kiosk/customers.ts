/** Customers of the demo city who buy again and again, each at one kiosk. */
import type { BenchCity, KioskName } from "./city.ts";
import type { KioskScreen } from "./screen.ts";

export interface Buyer {
  card: string;
  meter: string;
}

/** Accounts that may always buy: by amount and by volume at each kiosk. */
const accounts: Readonly<Record<KioskName, readonly string[]>> = {
  "kiosk-1": ["031140086", "031120104"],
  "kiosk-2": ["031120300", "031140109"],
};
const phones: Readonly<Record<KioskName, string>> = { "kiosk-1": "phone-1", "kiosk-2": "phone-3" };

/** Finds the kiosk's customers on the table, and puts money into the phone used there. */
export async function gather(city: BenchCity, kiosk: KioskName): Promise<Buyer[]> {
  const plenty = 10_000_000_00;
  const balanceFen = { wechat: plenty, alipay: plenty };
  const settings = { askPassword: false, noBalance: false, offline: false, balanceFen };
  await city.table("POST", `/phones/${phones[kiosk]}/settings`, settings);
  const { cards } = await city.table<{ cards: { id: string; accountNumber: string | null }[] }>("GET", "/cards");
  const { meters } = await city.table<{ meters: { id: string; label: string }[] }>("GET", "/meters");
  return accounts[kiosk].map((account) => {
    const card = cards.find(({ accountNumber }) => accountNumber === account);
    const meter = meters.find(({ label }) => label.startsWith(account));
    if (card === undefined || meter === undefined) throw new Error(`no card or meter of ${account} on the table`);
    return { card: card.id, meter: meter.id };
  });
}

/** One sale as a person makes it, from the home screen back to it; then the card goes into its meter. */
export async function buy(city: BenchCity, screen: KioskScreen, kiosk: KioskName, buyer: Buyer): Promise<void> {
  await screen.sees("home");
  await city.table("POST", `/cards/${buyer.card}/insert`, { reader: kiosk });
  const { quick } = await screen.sees("account", ({ busy }) => !busy);
  const [least] = quick;
  if (least === undefined) throw new Error("no quick amount to tap");
  screen.tap({ do: "quick", value: least });
  await screen.sees("account", ({ entry }) => entry !== "");
  screen.tap({ do: "ok" });
  await screen.sees("confirm", ({ busy }) => !busy);
  screen.tap({ do: "pay" });
  await screen.sees("pay");
  await city.table("POST", `/phones/${phones[kiosk]}/present`, { wallet: "wechat", kiosk });
  await screen.sees("success");
  screen.tap({ do: "done" });
  await screen.sees("takeCard");
  await city.table("POST", `/cards/${buyer.card}/remove`, {});
  await screen.sees("home");
  await city.table("POST", `/meters/${buyer.meter}/insert-card`, { card: buyer.card });
}

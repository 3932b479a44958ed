/** A kiosk's screen together with the table it stands on, and the steps that many tests begin or end with. */
import type { KioskScreen } from "./kiosk.ts";
import { toAccount } from "./kiosk.ts";
import { type Kiosk, until, type World } from "./world.ts";

export interface Stand {
  world: World;
  kiosk: KioskScreen;
  at: Kiosk;
}

/** From home to 购气信息, with these digits typed. */
export async function toConfirm({ world, kiosk, at }: Stand, card: string, digits: string): Promise<void> {
  await toAccount(kiosk, () => world.sandbox.insert(card, at));
  await kiosk.sees("确认用户信息");
  await kiosk.key(digits);
  await kiosk.tap("确定");
  await kiosk.sees("确认购气信息");
}

/** From home to 刷码支付. */
export async function toPay(stand: Stand, card: string, digits: string): Promise<void> {
  await toConfirm(stand, card, digits);
  await stand.kiosk.tap("刷码支付");
  await stand.kiosk.sees(/请在\s*\d+\s*秒内刷码支付/);
}

/** The card out, whatever is on the screen, and home again. */
export async function takeCard({ world, kiosk }: Stand, card: string): Promise<void> {
  await world.sandbox.remove(card);
  await goHome(kiosk);
}

/** Empties the reader and goes home, from wherever a test has left the kiosk. */
export async function clear({ world, kiosk, at }: Stand): Promise<void> {
  const { readers } = await world.sandbox.call<{ readers: { id: string; card: string | null }[] }>("GET", "/readers");
  const card = readers.find(({ id }) => id === at)?.card ?? null;
  if (card !== null) await world.sandbox.remove(card);
  await goHome(kiosk);
}

/** Closes what is said and waits for home. */
async function goHome({ page }: KioskScreen): Promise<void> {
  const home = page.locator('[data-screen="home"]');
  const closing = page.locator('[data-do="ok"], [data-do="done"], [data-do="back"]');
  await until(
    async () => {
      if ((await home.count()) > 0) return true;
      // A screen may go while it is being tapped; the next round looks again.
      if ((await closing.count()) > 0)
        await closing
          .last()
          .click({ timeout: 1_000 })
          .catch(() => undefined);
      return false;
    },
    20_000,
    () => "the kiosk did not come home",
  );
}

/** One terminal with its screen in the manual's language, and a camera before it. */
import type { Screen } from "@citygas/kiosk-agent";
import { fill, type KioskTexts, kioskTexts, type Language } from "@citygas/texts";
import type { Browser } from "playwright-core";
import { type KioskScreen, openKiosk } from "../kiosk.ts";
import { type Kiosk, until, type World } from "../world.ts";
import type { Camera } from "./camera.ts";
import { openGate } from "./gate.ts";
import type { Picture } from "./pictures.ts";

export interface Desk {
  world: World;
  at: Kiosk;
  screen: KioskScreen;
  t: KioskTexts;
  /** Waits until these words of the catalogue are on the screen, whatever stands for their `{values}`. */
  sees(...words: readonly string[]): Promise<void>;
  tap(name: string): Promise<void>;
  /** `sees`, and a picture of it. */
  shoot(picture: Picture, ...words: readonly string[]): Promise<void>;
  /** The same of a screen that passes by, while `act` brings it about. */
  shootPassing(
    picture: Picture,
    name: Screen["name"],
    act: () => Promise<unknown>,
    ...words: readonly string[]
  ): Promise<void>;
  /** To home, which begins afresh, and there into the manual's language; closes whatever is still said. */
  home(): Promise<void>;
  /** From home to the insert screen, and the card goes in. */
  insert(card: string): Promise<void>;
  /** The card out, and home. */
  takeCard(card: string): Promise<void>;
  /** The number of the hotline, as the header shows it. */
  hotline(): Promise<string>;
}

const patienceMs = 30_000;

export async function openDesk(
  browser: Browser,
  world: World,
  camera: Camera,
  language: Language,
  at: Kiosk,
): Promise<Desk> {
  const screen = await openKiosk(browser, world.url, at);
  const { page } = screen;
  const gate = await openGate(page);
  const t = kioskTexts[language];

  const sees: Desk["sees"] = async (...words) => {
    for (const one of words)
      await screen.sees(pattern(one), patienceMs).catch(async (cause: unknown) => {
        const shown = await page.locator("[data-screen]").getAttribute("data-screen");
        throw new Error(`${at} shows the screen ${shown}, and not the words "${one}"`, { cause });
      });
  };
  const tap: Desk["tap"] = (name) => screen.tap(name);
  const shoot: Desk["shoot"] = async (picture, ...words) => {
    await sees(...words);
    await camera.screen(page, picture);
  };
  async function home(): Promise<void> {
    const closing = page.getByRole("button", { name: new RegExp(`^(${t.frame.ok}|${t.success.finish})$`) });
    // Home begins afresh in Chinese.
    const fresh = page.locator('[data-screen="home"][lang="zh-CN"]');
    const isHome = async (): Promise<boolean> => {
      // What is said may close by itself meanwhile.
      if ((await closing.count()) > 0)
        await closing
          .first()
          .click({ timeout: 1_000 })
          .catch(() => undefined);
      return (await fresh.count()) > 0;
    };
    await until(isHome, patienceMs, () => `${at} does not come home`);
    if (language === "en") await tap(kioskTexts["zh-CN"].frame.otherLanguage);
    await sees(t.home.buy);
  }
  return {
    world,
    at,
    screen,
    t,
    sees,
    tap,
    home,
    shoot,
    shootPassing: async (picture, name, act, ...words) => {
      gate.holdAt(name);
      await act();
      await shoot(picture, ...words);
      gate.release();
    },
    insert: async (card) => {
      await tap(t.home.buy);
      await sees(t.insertCard.title);
      await world.sandbox.insert(card, at);
    },
    takeCard: async (card) => {
      await world.sandbox.remove(card);
      await home();
    },
    hotline: async () => {
      const shown = (await page.getByText(pattern(t.frame.hotline)).first().textContent()) ?? "";
      return shown.slice(t.frame.hotline.indexOf("{"));
    },
  };
}

/** `请在 {seconds} 秒内` as it stands on the screen, where a value has a box of its own and spaces may be lost. */
function pattern(words: string): RegExp {
  const values = Object.fromEntries([...words.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, "\u0000"]));
  const escaped = fill(words, values).replace(/[.*+?^$()|[\]\\{}]/g, "\\$&");
  return new RegExp(escaped.replace(/\s+/g, "\\s*").replaceAll("\u0000", ".+?"));
}

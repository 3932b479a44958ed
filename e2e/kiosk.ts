/** A kiosk's screen in Chromium, used as a person uses it: look for words, tap what is named. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import type { Kiosk } from "./world.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface KioskScreen {
  page: Page;
  /** Every message this page was ever sent by the agent. */
  told: readonly string[];
  /** Waits until these words are visible. */
  sees(words: string | RegExp, withinMs?: number): Promise<void>;
  seesNot(words: string): Promise<void>;
  tap(name: string | RegExp): Promise<void>;
  /** Taps the digits on the keypad. */
  key(digits: string): Promise<void>;
  hasButton(name: string): Promise<boolean>;
  /** axe's violations as text, empty when there are none. */
  axe(): Promise<string[]>;
  shot(path: string): Promise<void>;
  close(): Promise<void>;
}

export const landscape = { width: 1280, height: 1024 };
export const portrait = { width: 1080, height: 1920 };

export async function openKiosk(
  browser: Browser,
  url: string,
  kiosk: Kiosk = "kiosk-1",
  viewport = landscape,
): Promise<KioskScreen> {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce", hasTouch: true });
  const page = await context.newPage();
  const told: string[] = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => told.push(payload.toString())));
  await page.goto(`${url}/kiosk/?kiosk=${kiosk}`);
  // What is said for screen readers only lies on the page too, one pixel large.
  const drawn = page.locator(":not(.unseen, .unseen *)");
  const button = (name: string | RegExp) => page.getByRole("button", { name }).first();
  return {
    page,
    told,
    sees: (words, withinMs = 20_000) =>
      page.getByText(words).and(drawn).first().waitFor({ state: "visible", timeout: withinMs }),
    seesNot: async (words) => {
      const count = await page.getByText(words).count();
      if (count > 0) throw new Error(`the screen shows "${words}"`);
    },
    tap: (name) => button(name).click({ timeout: 20_000 }),
    key: async (digits) => {
      for (const digit of digits)
        await page
          .getByRole("button", { name: digit === "." ? "小数点" : digit, exact: true })
          .first()
          .click();
    },
    hasButton: async (name) => (await page.getByRole("button", { name }).count()) > 0,
    axe: () => axeOn(page),
    shot: async (path) => {
      await page.screenshot({ path });
    },
    close: () => context.close(),
  };
}

/** axe's violations on a page as text, empty when there are none. */
export async function axeOn(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    // axe was put on the page just now; its types belong to the page, not to this file.
    const axe = (
      globalThis as unknown as {
        axe: { run(o: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      }
    ).axe;
    const { violations } = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  });
}

export interface PhonePage {
  page: Page;
  /** Waits until these words are visible, and lets axe look at the page that shows them. */
  sees(words: string, withinMs?: number): Promise<void>;
  /** axe's violations so far. */
  findings: string[];
  /** How often the page was loaded whole. */
  readonly loads: number;
}

/** A page that people open on their own phone, such as the one behind a QR code. */
export async function openPhone(browser: Browser, url: string): Promise<PhonePage> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  const findings: string[] = [];
  let loads = 0;
  page.on("load", () => {
    loads += 1;
  });
  await page.goto(url);
  return {
    page,
    findings,
    get loads() {
      return loads;
    },
    sees: async (words, withinMs = 20_000) => {
      await page.getByText(words).first().waitFor({ state: "visible", timeout: withinMs });
      findings.push(...(await axeOn(page)));
    },
  };
}

/** From home to the account screen: taps the menu, puts the card in, says 确定. */
export async function toAccount(kiosk: KioskScreen, insert: () => Promise<unknown>): Promise<void> {
  await kiosk.tap("IC卡购气");
  await kiosk.sees("请芯片朝下插入您的燃气卡");
  await insert();
}

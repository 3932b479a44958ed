/// <reference lib="dom" />
/**
 * Looks hard at each screen that a test comes by: axe, whether all of it fits, whether fingers can hit it. Each screen
 * is looked at once per language and size of type. Pictures of them are kept in the folder that E2E_SHOTS names.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { KioskScreen } from "./kiosk.ts";

export interface AuditedKiosk extends KioskScreen {
  /** What was found wrong, by screen; empty when all is well. */
  findings: string[];
  /** Screens looked at, e.g. `pay` or `pay-en-large`. */
  looked: Set<string>;
}

/** The same kiosk; whatever it `sees` is looked at. `name` goes before its pictures' names. */
export function audited(kiosk: KioskScreen, name: string): AuditedKiosk {
  const findings: string[] = [];
  const looked = new Set<string>();
  async function look(): Promise<void> {
    const face = await kiosk.page.evaluate(faceOfScreen);
    if (looked.has(face)) return;
    looked.add(face);
    const folder = process.env.E2E_SHOTS;
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      await kiosk.shot(join(folder, `${name}-${face}.png`));
    }
    const found = [...(await misfitsOn(kiosk.page)), ...(await kiosk.axe())];
    // Gone meanwhile: what was found may belong to either.
    if ((await kiosk.page.evaluate(faceOfScreen)) !== face) looked.delete(face);
    else findings.push(...found.map((one) => `${face}: ${one}`));
  }
  return {
    ...kiosk,
    findings,
    looked,
    sees: async (words, withinMs) => {
      await kiosk.sees(words, withinMs);
      await look();
    },
  };
}

/** Runs in the page. */
function faceOfScreen(): string {
  const kiosk = document.querySelector(".kiosk");
  const language = kiosk?.getAttribute("lang") === "en" ? "-en" : "";
  const large = kiosk?.classList.contains("large") === true ? "-large" : "";
  const asked = document.querySelector(".cover") === null ? "" : "-covered";
  return `${kiosk?.getAttribute("data-screen") ?? "none"}${language}${large}${asked}`;
}

/** What sticks out of the kiosk's frame or of its own box, and what no finger can hit; as text, empty when all fits. */
export const misfitsOn = (page: Page): Promise<string[]> => page.evaluate(misfits);

/** Runs in the page: what sticks out of the kiosk's frame or of its own box, and buttons smaller than 96 px. */
function misfits(): string[] {
  const found: string[] = [];
  const kiosk = document.querySelector<HTMLElement>(".kiosk");
  if (kiosk === null) return ["there is no kiosk"];
  const frame = kiosk.getBoundingClientRect();
  const named = (element: Element): string =>
    `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}"> ${element.textContent?.slice(0, 30) ?? ""}`;
  for (const element of kiosk.querySelectorAll<HTMLElement>("*")) {
    if (element.closest(".unseen, svg") !== null) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    const out =
      box.left < frame.left - 1 ||
      box.top < frame.top - 1 ||
      box.right > frame.right + 1 ||
      box.bottom > frame.bottom + 1;
    if (out) found.push(`sticks out of the frame: ${named(element)}`);
    if (element.matches(".know, .act, .dialog, .content, .stage") && element.scrollHeight > element.clientHeight + 1)
      found.push(`does not fit into its box: ${named(element)}`);
    // The page is laid out for its own size, so CSS pixels are what the finger meets.
    if (element.matches("button") && Math.min(element.offsetWidth, element.offsetHeight) < 96)
      found.push(`too small for a finger (${element.offsetWidth}×${element.offsetHeight}): ${named(element)}`);
  }
  return found;
}

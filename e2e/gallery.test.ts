/// <reference lib="dom" />
/**
 * Every screen of the terminal and each of its faces, drawn by the screen's own gallery without a city: it fits, fingers
 * can hit what is to be pressed, and axe finds nothing, lying and upright, in both languages, in large type.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { buildGallery } from "@citygas/kiosk-screen";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { misfitsOn } from "./audit.ts";
import { launchChromium } from "./chromium.ts";
import { axeOn, landscape, portrait } from "./kiosk.ts";

const long = process.env.CITYGAS_LONG !== undefined;
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

let folder: string;
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "citygas-gallery-"));
  [browser] = await Promise.all([launchChromium(), buildGallery(folder)]);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The built files as the city would serve them. */
async function openGallery(viewport: { width: number; height: number }): Promise<Page> {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce", hasTouch: true });
  const page = await context.newPage();
  await page.route("http://gallery/kiosk/**", (route) => {
    const path = new URL(route.request().url()).pathname.slice("/kiosk/".length);
    return route.fulfill({ contentType: types[extname(path)] ?? "audio/ogg", body: readFileSync(join(folder, path)) });
  });
  await page.goto("http://gallery/kiosk/gallery.html");
  return page;
}

const sizes = { lying: landscape, upright: portrait };
/** The smallest words and the longest: what lies between fits with them. */
const shortFaces = new Set(["zh", "en-large"]);
const faces = { zh: "", "zh-large": "&large", en: "&lang=en", "en-large": "&lang=en&large" };

describe.each(Object.entries(sizes))("%s", (size, viewport) => {
  it.each(Object.entries(faces).filter(([face]) => long || shortFaces.has(face)))(
    "every screen, %s",
    { timeout: 300_000 },
    async (face, query) => {
      const page = await openGallery(viewport);
      const names = await page.locator("a").allTextContents();
      expect(names.length).toBeGreaterThan(40);
      const found: string[] = [];
      for (const name of names) {
        await page.goto(`http://gallery/kiosk/gallery.html?screen=${name}${query}`);
        await page.locator(".kiosk h1").first().waitFor();
        await page.evaluate(() => document.fonts.ready.then(() => undefined));
        // Colours and names do not change with the size: axe looks once in the short run.
        const axe = long || (size === "lying" && face === "zh") ? await axeOn(page) : [];
        found.push(...[...(await misfitsOn(page)), ...axe].map((one) => `${name}: ${one}`));
        const shots = process.env.E2E_SHOTS;
        if (shots !== undefined) {
          mkdirSync(shots, { recursive: true });
          await page.screenshot({ path: join(shots, `${size}-${face}-${name}.png`) });
        }
      }
      expect(found).toEqual([]);
      await page.context().close();
    },
  );
});

/**
 * `npm run manual` [zh-CN|en]: writes docs/manual/<language>/ anew: the operating manual with pictures of this build.
 * For each language it starts a city of its own, walks chapter 1 before its terminals, and fails loudly when a step
 * does not show the words that the manual quotes.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kioskTexts, type Language, languages } from "@citygas/texts";
import type { Browser } from "playwright-core";
import { launchChromium } from "../chromium.ts";
import { startWorld, type World } from "../world.ts";
import { type Camera, openCamera } from "./camera.ts";
import { openDesk } from "./desk.ts";
import { manualPages } from "./pages.ts";
import { pictures } from "./pictures.ts";
import { paperAndMeter } from "./table.ts";
import { manualText } from "./text.ts";
import { outOfService, refusals, unknownPayment, writeFailure } from "./trouble.ts";
import { picturedSale, query, saleByVolume, timeout } from "./walk.ts";

const folderOf = (language: Language): string =>
  fileURLToPath(new URL(`../../docs/manual/${language}/`, import.meta.url));

/** Walks the chapter; answers the hotline that the terminal shows. */
async function walk(browser: Browser, world: World, camera: Camera, language: Language): Promise<string> {
  const one = await openDesk(browser, world, camera, language, "kiosk-1");
  const other = await openDesk(browser, world, camera, language, "kiosk-2");
  const sales = async (): Promise<void> => {
    await picturedSale(one);
    await query(one);
    await paperAndMeter(browser, world, camera);
    await saleByVolume(one);
    await refusals(one, language);
  };
  await Promise.all([timeout(other), sales()]);
  await writeFailure(one, other);
  await unknownPayment(one);
  const hotline = await one.hotline();
  await outOfService(one);
  return hotline;
}

/** Writes one language and answers the bytes of its pictures. What was there stays until all of it is made. */
async function write(browser: Browser, language: Language): Promise<number> {
  const camera = openCamera();
  const world = await startWorld();
  let hotline: string;
  try {
    hotline = await walk(browser, world, camera, language);
  } finally {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await world.stop();
  }
  const screens = kioskTexts[language];
  const pages = manualPages(language, screens, manualText(language, screens, hotline));
  const missing = pictures.filter((picture) => !camera.taken.has(picture));
  if (missing.length > 0) throw new Error(`no picture was taken of ${missing.join(", ")}`);
  const unused = pictures.filter((picture) => !pages.some(({ markdown }) => markdown.includes(`/${picture}.png)`)));
  if (unused.length > 0) throw new Error(`no page shows ${unused.join(", ")}`);

  const folder = folderOf(language);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "pictures"), { recursive: true });
  let bytes = 0;
  for (const [picture, png] of camera.taken) {
    writeFileSync(join(folder, "pictures", `${picture}.png`), png);
    bytes += png.length;
  }
  for (const { file, markdown } of pages) {
    writeFileSync(join(folder, file), markdown);
    console.log(`docs/manual/${language}/${file}`);
  }
  console.log(`docs/manual/${language}/pictures/: ${camera.taken.size} pictures, ${Math.round(bytes / 1000)} kB`);
  return bytes;
}

const startedAt = performance.now();
const wanted = process.argv[2];
const chosen = languages.filter((language) => wanted === undefined || language === wanted);
if (chosen.length === 0) throw new Error(`no such language: ${wanted}; there are ${languages.join(", ")}`);
const browser = await launchChromium();
try {
  let bytes = 0;
  for (const language of chosen) bytes += await write(browser, language);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`manual: ${chosen.length} languages, ${Math.round(bytes / 1000)} kB of pictures, ${seconds} s`);
} finally {
  await browser.close();
}

import { mkdirSync, rmSync } from "node:fs";
import { launchChromium } from "../chromium.ts";
import { startWorld } from "../world.ts";
import { openCamera } from "./camera.ts";
import { openDesk } from "./desk.ts";
import { paperAndMeter } from "./table.ts";
import { outOfService, refusals, unknownPayment, writeFailure } from "./trouble.ts";
import { picturedSale, query, saleByVolume, timeout } from "./walk.ts";
const language = process.argv[2] === "en" ? "en" : "zh-CN";
const folder = `/tmp/manual-${language}`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const t0 = Date.now();
const log = (s: string) => console.log(((Date.now() - t0) / 1000).toFixed(1), s);
const [world, browser] = await Promise.all([startWorld(), launchChromium()]);
log("up");
const camera = openCamera(folder);
try {
  const one = await openDesk(browser, world, camera, language, "kiosk-1");
  const two = await openDesk(browser, world, camera, language, "kiosk-2");
  const rest = async () => {
    await picturedSale(one); log("sale");
    await query(one); log("query");
    await paperAndMeter(browser, world, camera); log("table");
    await saleByVolume(one); log("volume");
    await refusals(one, language); log("refusals");
  };
  await Promise.all([timeout(two), rest()]);
  log("timeout");
  await writeFailure(one, two); log("wf");
  await unknownPayment(one); log("unknown");
  await outOfService(one); log("oos");
} catch (e) {
  console.log(e);
  for (const c of browser.contexts()) for (const p of c.pages()) await p.screenshot({ path: `/tmp/fail-${Math.random()}.png` });
} finally {
  console.log([...camera.taken]);
  await browser.close();
  await world.stop();
}

/** The two things that stand beside the terminal: the paper, and the meter at home. Taken at the workbench. */
import type { Browser } from "playwright-core";
import type { World } from "../world.ts";
import type { Camera } from "./camera.ts";

/** Tall, so that a whole receipt is seen. */
const viewport = { width: 1366, height: 1700 };

/** Step 9's receipt, then step 11: the card goes into its meter. */
export async function paperAndMeter(browser: Browser, world: World, camera: Camera): Promise<void> {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(`${world.url}/workbench/?kiosk=kiosk-1`);
  const receipt = page.locator(".station.receipts .paper").first();
  await receipt.getByText("1199.70").first().waitFor({ state: "attached" });
  await camera.part(page, receipt, "receipt", 1.6);
  await page.locator(".station.tray .card", { hasText: "031140086" }).click();
  await page.getByRole("button", { name: "上表 To meter" }).click();
  const meter = page.locator(".station.meter");
  await meter.locator(".said:not(.bad)", { hasText: "1200" }).waitFor();
  await camera.part(page, meter, "meter", 1.6);
  await context.close();
}

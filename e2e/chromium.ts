/**
 * A Chromium for the browser tests: the one CITYGAS_CHROMIUM names, one that is installed, or one installed now:
 * Debian's package as root, otherwise the browser that playwright-core brings. Where none can be had, the error says
 * what to do.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const installed = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
];

/** Sandbox off because CI runs as root; voice allowed without a gesture as on a kiosk. */
const flags = [
  "--no-sandbox",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-dev-shm-usage",
  "--disable-gpu",
];

export async function launchChromium(): Promise<Browser> {
  const executablePath = find() ?? install();
  return chromium.launch({ executablePath, args: flags });
}

function find(): string | null {
  const named = process.env.CITYGAS_CHROMIUM;
  const own = chromium.executablePath();
  for (const path of [...(named === undefined ? [] : [named]), ...installed, own])
    if (path !== "" && isExecutable(path)) return path;
  return null;
}

function install(): string {
  try {
    if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
      console.log("installing Debian's chromium for the browser tests …");
      execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
      execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-cjk"], {
        stdio: "inherit",
      });
    } else {
      console.log("installing Playwright's chromium for the browser tests …");
      execFileSync(process.execPath, [playwrightCli, "install", "chromium"], { stdio: "inherit" });
    }
  } catch (error) {
    throw new Error(
      `no Chromium for the browser tests, and installing one failed (${error instanceof Error ? error.message : "?"}). Install Chromium, or set CITYGAS_CHROMIUM to its path.`,
    );
  }
  const path = find();
  if (path === null) throw new Error("Chromium was installed but not found; set CITYGAS_CHROMIUM to its path.");
  return path;
}

const playwrightCli = new URL("cli.js", import.meta.resolve("playwright-core/package.json")).pathname;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

/**
 * Goal: a kill -9 in the middle of a card write leaves the card as a card pulled there, and the next life of the
 * process shows it so. Steps are made a second long, so that the kill, sent after two of eight bytes, falls inside.
 */
let dir: string;
let child: ChildProcess | null = null;
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sandbox-kill-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

function ready(process: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    process.stdout?.on("data", (chunk) => {
      text += String(chunk);
      const url = /"url":"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    process.on("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}

function start(scale: string): Promise<string> {
  const seed = join(dir, "seed.json");
  writeFileSync(seed, JSON.stringify({ cards: [{ id: "c", label: "c", pscHex: "123456" }], meters: [], phones: [] }));
  const env = { ...process.env, SANDBOX_DIR: dir, SANDBOX_SEED: seed, SANDBOX_WRITE_TIME_SCALE: scale };
  child = spawn(process.execPath, ["--import", "tsx", MAIN], { env, stdio: ["ignore", "pipe", "inherit"] });
  return ready(child);
}

function killed(process: ChildProcess | null): Promise<void> {
  return new Promise((resolve) => {
    process?.on("exit", () => resolve());
    process?.kill("SIGKILL");
  });
}

async function image(url: string): Promise<string> {
  const body: unknown = await (await fetch(`${url}/sandbox/api/cards/c/image`)).json();
  return String(Object(body).hex);
}

test("killed in the middle of a write: what was programmed stays, the rest was never written", async () => {
  const url = await start("400");
  await fetch(`${url}/sandbox/api/cards/c/insert`, { method: "POST" });
  const { deviceUrls } = JSON.parse(readFileSync(join(dir, "ports.json"), "utf8"));
  const socket = connect(Number(new URL(deviceUrls["kiosk-1"].reader).port), "127.0.0.1");
  const answered = new Promise<void>((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
      if (text.includes('"id":2')) resolve();
    });
  });
  for (const [index, apdu] of ["ffa400000106", "ff20000003123456", "ffd000400800112233445566ff"].entries()) {
    socket.write(`${JSON.stringify({ id: index + 1, insertion: 1, apdu })}\n`);
  }
  await answered;
  while (!(await image(url)).slice(128).startsWith("0011"));
  await killed(child);
  socket.destroy();

  const again = await start("0");
  const hex = await image(again);
  expect(again).toBe(url);
  const written = hex.slice(128, 144);
  expect("00112233445566ff").toMatch(new RegExp(`^${written.replace(/(ff)+$/, "")}`));
  expect(written.startsWith("0011")).toBe(true);
  expect(written).not.toBe("00112233445566ff");
  const readers: unknown = await (await fetch(`${again}/sandbox/api/readers`)).json();
  expect(readers).toMatchObject({ readers: [{ card: "c", insertion: 2 }, {}, {}] });
});

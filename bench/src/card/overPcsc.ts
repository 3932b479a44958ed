/**
 * A card read and written through the whole of a terminal's part (executor, dialect, driver, pcsc-mini, pcscd, virtual
 * reader), beside the very same commands put to the same card without executor, dialect and driver. The chip takes no time,
 * so that what is left is ours and the service's.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CardReader, pcscReader } from "@citygas/devices";
import { type CardScript, openBVolume, planSteps, probeSteps, type ScriptStep, toHex } from "@citygas/gascard";
import { startSandbox } from "@citygas/sandbox";
import { runScript } from "@citygas/terminal";
import { busyProcesses, printFigure, say, spread } from "../figures.ts";
import { missingForPcsc, slotName, slotPort, startPcscService } from "./pcscService.ts";
import { type Recording, recordingPcsc } from "./recordingPcsc.ts";

const secret = "a1b2c3";
const rounds = 200;
const warmUp = 20;
const insertedMs = 20_000;

export async function cardOverPcsc(): Promise<void> {
  const missing = missingForPcsc();
  if (missing.length > 0) {
    say(`SKIPPED card-read-pcsc, card-write-pcsc: missing ${missing.join(", ")}`);
    return;
  }
  const dir = mkdtempSync(join(tmpdir(), "citygas-bench-card-"));
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const loadAtStart = busyProcesses();
    const service = await startPcscService(dir);
    opened.push(() => service.stop());
    const before = openBVolume.format(account);
    const cards = [{ id: "bench", label: "bench", imageHex: toHex(before), pscHex: secret }];
    const seed = { cards, meters: [], phones: [] };
    const vpcd = { "kiosk-1": slotPort };
    const sandbox = await startSandbox({ dir: join(dir, "world"), seed, vpcd, writeTimeScale: 0, now: Date.now });
    opened.push(() => sandbox.close());
    await inserted(sandbox.url);
    const recording = recordingPcsc(async () => await import("pcsc-mini"));
    const reader = pcscReader(slotName, { load: recording.load, onProblem: say });
    opened.push(() => reader.close());
    const powerUpId = await powerUp(reader);
    await measured({ reader, powerUpId, recording, before, cost: { shim: service.shim ? 1 : 0, loadAtStart, rounds } });
  } finally {
    for (const close of opened.reverse()) await close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const account = {
  cardNumber: "0311203086",
  areaCode: "0996",
  role: "user",
  replacement: 0,
  count: 0,
  totalCredited: 0,
  meterCeiling: 0,
} as const;
const purchase = {
  countBefore: 0,
  totalBefore: 0,
  amount: { kind: "volume", volumeL: 120_000 },
  boughtOn: "2026-11-29",
} as const;

async function inserted(url: string): Promise<void> {
  const answer = await fetch(`${url}/sandbox/api/cards/bench/insert`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ reader: "kiosk-1" }),
  });
  if (!answer.ok) throw new Error(`the sandbox did not insert the card: ${answer.status} ${await answer.text()}`);
}

function powerUp(reader: CardReader): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the card did not show up in PC/SC")), insertedMs);
    reader.subscribe((event) => {
      if (event.type !== "inserted") return;
      clearTimeout(timer);
      resolve(event.powerUpId);
    });
  });
}

interface Bench {
  reader: CardReader;
  powerUpId: string;
  recording: Recording;
  before: Uint8Array;
  cost: Record<string, number>;
}

async function measured({ reader, powerUpId, recording, before, cost }: Bench): Promise<void> {
  const after = openBVolume.purchaseImage(before, purchase);
  const probe = probeSteps("sle4442");
  // There and back, so that every write changes the same bytes.
  const ways = [planSteps(openBVolume, before, after, secret), planSteps(openBVolume, after, before, secret)];
  const run = async (steps: readonly ScriptStep[]): Promise<{ ms: number; commands: Uint8Array[] }> => {
    recording.taken();
    const at = performance.now();
    const script: CardScript = { id: "bench", purpose: "write", steps: [...steps], deadlineAt: 1 };
    const report = await runScript(script, { reader, powerUpId, serverNowMs: () => 1 });
    const ms = performance.now() - at;
    if (report.failure !== undefined) throw new Error(`step ${report.failure.step}: ${report.failure.reason}`);
    return { ms, commands: recording.taken() };
  };
  const again = async (commands: readonly Uint8Array[]): Promise<number> => {
    const at = performance.now();
    for (const command of commands) {
      const answer = await recording.raw(command);
      if (answer.length < 2) throw new Error("the card is gone");
    }
    return performance.now() - at;
  };
  const read = { ours: [] as number[], raw: [] as number[], commands: 0 };
  const write = { ours: [] as number[], raw: [] as number[], commands: 0 };
  for (let round = -warmUp; round < rounds; round++) {
    const probed = await run(probe);
    const rawRead = await again(probed.commands);
    const there = await run(ways[0] ?? []);
    const back = await run(ways[1] ?? []);
    const rawWrite = [await again(there.commands), await again(back.commands)];
    if (round < 0) continue;
    read.ours.push(probed.ms);
    read.raw.push(rawRead);
    read.commands = probed.commands.length;
    write.ours.push(there.ms, back.ms);
    write.raw.push(...rawWrite);
    write.commands = there.commands.length;
  }
  for (const [name, { ours, raw, commands }] of [
    ["card-read-pcsc", read],
    ["card-write-pcsc", write],
  ] as const) {
    const [mine, theirs] = [spread(ours), spread(raw)];
    printFigure({
      name,
      value: mine.p50,
      unit: "ms",
      baseline: theirs.p50,
      cost: { apdus: commands, p99Ms: mine.p99, baselineP99Ms: theirs.p99, ...cost },
    });
  }
}

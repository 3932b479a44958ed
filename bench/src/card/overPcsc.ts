/**
 * Cards read and written through the whole of a terminal's part (executor, dialect, driver, pcsc-mini, pcscd, virtual
 * reader), beside the very same commands put to the same card without executor, dialect and driver. The chip takes no time,
 * so that what is left is ours and the service's.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CardReader, pcscReader, type ReaderEvent } from "@citygas/devices";
import type { CardScript } from "@citygas/gascard";
import { startSandbox } from "@citygas/sandbox";
import { runScript } from "@citygas/terminal";
import { busyProcesses, printFigure, say, spread } from "../figures.ts";
import { type CardToMeasure, cardsToMeasure, sealedAgain, type WayToMeasure } from "./cardsToMeasure.ts";
import { missingForPcsc, slotName, slotPort, startPcscService } from "./pcscService.ts";
import { type Recording, recordingPcsc } from "./recordingPcsc.ts";

const rounds = 100;
const warmUp = 10;
const changesMs = 20_000;

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
    const all = cardsToMeasure();
    const cards = all.map(({ name, chip }) => ({ id: name, label: name, ...chip }));
    const seed = { cards, meters: [], phones: [] };
    const vpcd = { "kiosk-1": slotPort };
    const sandbox = await startSandbox({ dir: join(dir, "world"), seed, vpcd, writeTimeScale: 0, now: Date.now });
    opened.push(() => sandbox.close());
    const recording = recordingPcsc(async () => await import("pcsc-mini"));
    const reader = pcscReader(slotName, { load: recording.load, onProblem: say });
    opened.push(() => reader.close());
    const cost = { shim: service.shim ? 1 : 0, loadAtStart, rounds };
    for (const card of all) {
      await moved(sandbox.url, card.name, "insert");
      const powerUpId = await next(reader, "inserted");
      await measured({ card, reader, powerUpId, recording, cost });
      await moved(sandbox.url, card.name, "remove");
      await next(reader, "removed");
    }
  } finally {
    for (const close of opened.reverse()) await close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function moved(url: string, card: string, how: "insert" | "remove"): Promise<void> {
  const answer = await fetch(`${url}/sandbox/api/cards/${card}/${how}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(how === "insert" ? { reader: "kiosk-1" } : {}),
  });
  if (!answer.ok) throw new Error(`the sandbox did not ${how} the card: ${answer.status} ${await answer.text()}`);
}

/** The power-up that a card put in begins, or that a card taken out has ended. */
function next(reader: CardReader, type: "inserted" | "removed"): Promise<string> {
  return new Promise((resolve, reject) => {
    let ends: (() => void) | null = null;
    let inside: string | null = null;
    const timer = setTimeout(() => reject(new Error(`PC/SC did not tell that the card was ${type}`)), changesMs);
    const settle = (powerUpId: string): void => {
      clearTimeout(timer);
      resolve(powerUpId);
      // It may be told within the subscription itself.
      setImmediate(() => ends?.());
    };
    const hear = (event: ReaderEvent): void => {
      if (event.type === "inserted") inside = event.powerUpId;
      if (event.type === type) settle(event.powerUpId);
    };
    ends = reader.subscribe(hear);
    if (type === "removed" && inside === null) settle("");
  });
}

interface Bench {
  card: CardToMeasure;
  reader: CardReader;
  powerUpId: string;
  recording: Recording;
  cost: Record<string, number>;
}

async function measured({ card, reader, powerUpId, recording, cost }: Bench): Promise<void> {
  const run = async ({ steps, seal }: WayToMeasure): Promise<{ ms: number; commands: Uint8Array[] }> => {
    recording.taken();
    const at = performance.now();
    const script: CardScript = { id: "bench", purpose: "write", steps: [...steps], deadlineAt: 1 };
    const line = { reader, powerUpId, serverNowMs: () => 1, ...(seal === null ? {} : { seal }) };
    const report = await runScript(script, line);
    const ms = performance.now() - at;
    if (report.failure !== undefined)
      throw new Error(`${card.name}, step ${report.failure.step}: ${report.failure.reason}`);
    return { ms, commands: recording.taken() };
  };
  /**
   * The same bytes, save that a CPU card wants its command sealed for the challenge that it gave; that takes none of the
   * time.
   */
  const again = async (commands: readonly Uint8Array[]): Promise<number> => {
    let ms = 0;
    let answer: Uint8Array = new Uint8Array(0);
    for (const recorded of commands) {
      const isSealed = recorded[0] === 0x04 && recorded[1] === 0xd6;
      const { cipher } = card;
      const command = isSealed && cipher !== null ? sealedAgain(cipher, recorded, answer.slice(0, -2)) : recorded;
      const at = performance.now();
      answer = await recording.raw(command);
      ms += performance.now() - at;
      if (answer.at(-2) !== 0x90) throw new Error(`${card.name}: ${Buffer.from(answer).toString("hex")}`);
    }
    return ms;
  };
  const read = { ours: [] as number[], raw: [] as number[], commands: 0 };
  const write = { ours: [] as number[], raw: [] as number[], commands: 0 };
  for (let round = -warmUp; round < rounds; round++) {
    const probed = await run({ steps: card.probe, seal: null });
    const rawRead = await again(probed.commands);
    const there = await run(card.there);
    const back = await run(card.back);
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
    [`card-read-pcsc-${card.name}`, read],
    [`card-write-pcsc-${card.name}`, write],
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

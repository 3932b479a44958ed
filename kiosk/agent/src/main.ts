/** The kiosk agent as a process. Settings: `settings.ts`. Ends by SIGTERM or SIGINT; may be killed at any moment. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { terminalApi } from "@citygas/api";
import {
  type CardReader,
  type CodeScanner,
  escposPrinter,
  openReader,
  type Psam,
  psam,
  serialScanner,
  tcpScanner,
} from "@citygas/devices";
import { dllBridge, dllReader, openJournal } from "@citygas/terminal";
import { crasher } from "./crash.ts";
import { jsonLog, type Log } from "./log.ts";
import { type Identity, openIdentity, pair, tokenSource } from "./pairing.ts";
import { receiptBytes } from "./receipts.ts";
import { runAgent } from "./run.ts";
import { readSettings, type Settings, SettingsError } from "./settings.ts";
import { openDoor } from "./socket.ts";

/** Starts at the wall clock and never jumps. */
const nowMs = (): number => performance.timeOrigin + performance.now();
const log: Log = jsonLog((line) => process.stdout.write(line), Date.now);

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const crash = crasher(process.env, settings.folder);
  const identity = await openIdentity(settings.folder);
  const terminal = pairedTerminal(settings, identity);
  const journal = await openJournal(join(settings.folder, "journal.log"));
  if (journal.tornBytes > 0) log("journalTorn", { bytes: journal.tornBytes });
  const { serverUrl } = settings;
  const agent = runAgent({
    api: terminalApi({ serverUrl, token: terminal }),
    reader: readerOf(settings.reader),
    psam: psamOf(settings.psam),
    scanner: scannerAt(settings.scannerUrl),
    printer: escposPrinter(settings.printerUrl),
    journal,
    render: receiptBytes,
    name: settings.kioskName,
    nowMs,
    newId: randomUUID,
    log,
    crash,
    fatal: end,
  });
  const door = await openDoor(agent, { port: settings.port, origins: settings.origins });
  log("ready", { port: door.port, kiosk: settings.kioskName });
  const stop = (): void => {
    Promise.all([door.close(), agent.close()]).then(() => process.exit(0), end);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

/**
 * The token source of this terminal, pairing it first when it is not yet. Pairing happens inside the first call, so that
 * a kiosk whose centre is not up yet shows so and pairs when it comes.
 */
function pairedTerminal(settings: Settings, identity: Identity): ReturnType<typeof tokenSource> {
  const { serverUrl, folder, pairingCode } = settings;
  if (identity.terminalId === null && pairingCode === null) {
    throw new SettingsError("missing setting: CITYGAS_PAIRING_CODE (this kiosk is not paired)");
  }
  const source = (terminalId: string) => tokenSource({ serverUrl, terminalId, key: identity.key, wallMs: Date.now });
  let tokens = identity.terminalId === null ? null : source(identity.terminalId);
  let pairing: ReturnType<typeof pair> | null = null;
  return async (fresh) => {
    if (tokens === null && pairingCode !== null) {
      pairing ??= pair(folder, serverUrl, identity, pairingCode).finally(() => {
        pairing = null;
      });
      const paired = await pairing;
      if (!paired.ok) return paired.kind === "problem" ? notPaired(paired) : paired;
      log("paired", { terminalId: paired.value });
      tokens ??= source(paired.value);
    }
    return tokens === null ? { ok: false, kind: "unreachable" } : tokens(fresh);
  };
}

/** A refused code, whatever its problem is called, means one thing to the flow: this kiosk is not let in. */
function notPaired<P extends { problem: { code: string } }>(answer: P): P {
  log("pairingRefused", { problem: answer.problem.code });
  return { ...answer, problem: { ...answer.problem, code: "auth.required" } };
}

const onProblem = (problem: string): void => log("readerProblem", { problem });

function psamOf(setting: Settings["psam"]): Psam | null {
  return setting === null ? null : psam(openReader(setting.reader, { newId: randomUUID, onProblem }), setting.key);
}

function readerOf(setting: Settings["reader"]): CardReader {
  if (setting.kind !== "dll") return openReader(setting, { newId: randomUUID, onProblem });
  const { command, makers } = setting.bridge;
  const openBridge = (onChange: () => void) => dllBridge({ command, onChange, onProblem });
  return dllReader({ makers, openBridge, newId: randomUUID });
}

function scannerAt(url: string): CodeScanner {
  return url.startsWith("tcp://") ? tcpScanner(url) : serialScanner(url);
}

function end(error: unknown): void {
  log("ended", { error });
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof SettingsError ? 2 : 1);
}

main().catch(end);

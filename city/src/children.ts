/**
 * The processes of a city: started, watched, started again when they die, stopped together.
 *
 * A child that dies is started again after a pause that grows to 5 s and shrinks back after ten seconds of life; it is
 * never given up, because a kiosk without its server must come back by itself, and never started in a tight loop.
 * If this process is killed, the children see their channel close and end (`exitWithParent.ts`); each of them is built
 * to be killed at any moment, so nothing needs a farewell.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LogFile } from "./logFile.ts";

export interface ChildSpec {
  name: string;
  /** Entry module, absolute path. */
  entry: string;
  env: Record<string, string>;
  /** True once the child serves. Asked every 50 ms. */
  ready(): Promise<boolean>;
  readyTimeoutMs: number;
}

export interface Children {
  /**
   * Resolves when the child serves for the first time; rejects with its last words when it does not in time, or when all
   * are stopped.
   */
  start(spec: ChildSpec): Promise<void>;
  /** name → pid. */
  pids(): Record<string, number>;
  /** Told at once and whenever a child starts or ends. */
  onChange(listener: () => void): void;
  /** Ends all, newest first, and starts none any more; resolves when they are gone. Safe to call again. */
  stop(): Promise<void>;
}

const firstPauseMs = 200;
const longestPauseMs = 5_000;
const healthyAfterMs = 10_000;
const stopWithinMs = 5_000;

export function superviseChildren(logOf: (name: string) => LogFile): Children {
  const running = new Map<string, ChildProcess>();
  const pauses = new Set<NodeJS.Timeout>();
  const listeners: (() => void)[] = [];
  let stopping = false;

  const pids = (): Record<string, number> =>
    Object.fromEntries([...running].flatMap(([name, child]) => (child.pid === undefined ? [] : [[name, child.pid]])));
  const changed = (): void => {
    for (const listener of listeners) listener();
  };

  function launch(spec: ChildSpec, pauseMs: number): void {
    const log = logOf(spec.name);
    const startedAt = Date.now();
    const child = spawn(process.execPath, ["--import", tsx(), "--import", exitWithParent(), spec.entry], {
      env: { ...inherited(), ...spec.env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    running.set(spec.name, child);
    changed();
    child.stdout?.on("data", (chunk: Buffer) => log.write(chunk));
    child.stderr?.on("data", (chunk: Buffer) => log.write(chunk));
    child.on("error", (error) => log.write(`could not start: ${error.message}\n`));
    child.on("exit", (code, signal) => {
      running.delete(spec.name);
      if (stopping) return;
      changed();
      const nextPauseMs =
        Date.now() - startedAt > healthyAfterMs ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs);
      log.write(`ended (${signal ?? code}); starting again in ${nextPauseMs} ms\n`);
      const timer = setTimeout(() => {
        pauses.delete(timer);
        launch(spec, nextPauseMs);
      }, nextPauseMs);
      pauses.add(timer);
    });
  }

  async function start(spec: ChildSpec): Promise<void> {
    if (stopping) throw new Error(`${spec.name} is not started any more`);
    launch(spec, firstPauseMs);
    const until = Date.now() + spec.readyTimeoutMs;
    while (!(await spec.ready())) {
      if (stopping) throw new Error(`${spec.name} was stopped before it was ready`);
      if (Date.now() > until)
        throw new Error(
          `${spec.name} did not become ready in ${spec.readyTimeoutMs} ms. Its last words:\n${logOf(spec.name).tail()}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function stop(): Promise<void> {
    stopping = true;
    for (const timer of pauses) clearTimeout(timer);
    for (const child of [...running.values()].reverse()) await end(child);
  }

  return {
    start,
    stop,
    pids,
    onChange: (listener) => {
      listeners.push(listener);
      listener();
    },
  };
}

/** A child's settings are what its spec says; of ours it inherits none, so that it can refuse what it does not know. */
const inherited = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("CITYGAS_") && name !== "PORT" && name !== "HOST"),
  );

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
  await gone;
  clearTimeout(timer);
}

// Asked for when a child starts: whoever only builds pages with this package may run where nothing can be resolved.
const tsx = (): string => import.meta.resolve("tsx");
const exitWithParent = (): string =>
  import.meta.resolve(fileURLToPath(new URL("./exitWithParent.ts", import.meta.url)));

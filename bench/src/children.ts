/** Processes that a bench starts: each with a log file, ended with the bench. */
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface ChildOptions {
  /** Module, as a path from the repository's root. */
  entry: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  logFile: string;
}

export interface Child {
  pid: number;
  /** Its stdout, line by line, when `lines` was given; else stdout goes to the log too. */
  ended: Promise<number | null>;
  running(): boolean;
  /** Asks it to end, then makes it. */
  stop(): Promise<void>;
  lastWords(): string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const stopWithinMs = 20_000;
const started = new Set<ChildProcess>();
// However this process ends by itself, nothing that it started stays behind.
process.on("exit", () => {
  for (const child of started) child.kill("SIGTERM");
});

/** @param onLine takes each line of the child's stdout. */
export function startChild(options: ChildOptions, onLine?: (line: string) => void): Child {
  const log = openSync(options.logFile, "a", 0o600);
  const child = spawn(process.execPath, ["--import", "tsx", options.entry, ...(options.args ?? [])], {
    cwd: root,
    env: { ...inherited(), ...options.env },
    stdio: ["ignore", onLine === undefined ? log : "pipe", log],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.entry} can't be started`);
  started.add(child);
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      started.delete(child);
      resolve(code);
    });
  });
  if (onLine !== undefined) eachLine(child, onLine);
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    ended,
    running,
    stop: async () => {
      if (running()) child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
      await ended;
      clearTimeout(timer);
    },
    lastWords: () => readFileSync(options.logFile, "utf8").slice(-2_000),
  };
}

function eachLine(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = "";
  child.stdout?.setEncoding("utf8");
  child.stdout?.on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
}

/** The product's parts refuse settings they don't know, so of the caller's they get none. */
function inherited(): NodeJS.ProcessEnv {
  const own = /^(CITYGAS_|SANDBOX_|PORT$|HOST$|DATABASE_URL$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** Asks every 25 ms until it holds. @throws with what `problem` says when time is over. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  problem: () => string,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(problem());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

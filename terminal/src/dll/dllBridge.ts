/**
 * The process that holds the makers' DLLs, seen from here: requests as lines of JSON on its input, answers as lines on its
 * output (docs/dll-bridge.md). A 32-bit DLL may hang, crash or print; none of that may take the terminal with it.
 *
 * - One request in flight, none queued: a second one is refused. Each has a time; a process that is silent over it is killed,
 *   because what it is doing can't be called off in any other way.
 * - A line that is no answer to the request, or too long, ends the process too: who speaks out of step can't be believed.
 * - It is started again with a doubling, bounded wait, and only so often without an answer in between; then it stays down
 *   until the terminal is started again, which the screen shows.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { jsonObject, objectOf } from "@citygas/devices";

export type DllCall = "CheckGasCard" | "ReadGasCard" | "WriteNewCard" | "WriteGasCard" | "FormatGasCard";
export type DllArgs = Readonly<Record<string, string | number>>;
export type DllAnswer =
  /** What the DLL returned, and the fields it filled in. */
  | { ok: true; code: number; fields: Readonly<Record<string, unknown>> }
  /** `lost`: it was asked, and what came of it nobody knows. `notAsked`: nothing went out. */
  | { ok: false; reason: "lost" | "notAsked" };

export interface DllBridge {
  /** Makers whose DLLs it holds; empty while it is down. */
  makers(): readonly string[];
  call(maker: string, call: DllCall, args: DllArgs): Promise<DllAnswer>;
  close(): Promise<void>;
}

export interface DllBridgeOptions {
  /** The bridge's program and its arguments. No shell stands between. */
  command: readonly [program: string, ...args: string[]];
  /** For a call; a write may take seconds (ms). */
  callTimeoutMs?: number;
  /** For the first line (ms). */
  startTimeoutMs?: number;
  firstWaitMs?: number;
  longestWaitMs?: number;
  /** What is said to be wrong with it, for the log; never what was asked. */
  onProblem?: (problem: string) => void;
  /** It is there (again), or has gone. */
  onChange?: () => void;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;
interface Pending {
  id: number;
  settle: (answer: DllAnswer) => void;
}

const maxLineBytes = 16 * 1024;
const startsMax = 8;

export function dllBridge(options: DllBridgeOptions): DllBridge {
  const {
    command,
    callTimeoutMs = 15_000,
    startTimeoutMs = 10_000,
    firstWaitMs = 500,
    longestWaitMs = 30_000,
  } = options;
  const { onProblem = () => undefined, onChange = () => undefined } = options;
  let child: Child | null = null;
  let makers: readonly string[] = [];
  let pending: Pending | null = null;
  let lastId = 0;
  let retry: NodeJS.Timeout | null = null;
  let waitMs = firstWaitMs;
  let starts = 0;
  let closed = false;

  const gone = (problem: string): void => {
    const had = makers.length > 0;
    child = null;
    makers = [];
    pending?.settle({ ok: false, reason: "lost" });
    if (closed) return;
    onProblem(problem);
    if (had) onChange();
    if (starts >= startsMax) {
      onProblem(`started ${startsMax} times without an answer; not again`);
      return;
    }
    retry = setTimeout(start, waitMs);
    waitMs = Math.min(waitMs * 2, longestWaitMs);
  };
  const start = (): void => {
    retry = null;
    starts += 1;
    const [program, ...args] = command;
    const mine: Child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], windowsHide: true });
    child = mine;
    let rest = Buffer.alloc(0);
    let why = "it ended";
    const kill = (problem: string): void => {
      why = problem;
      clearTimeout(starting);
      mine.kill("SIGKILL");
    };
    const starting = setTimeout(() => kill("it does not say what it is"), startTimeoutMs);
    const onLine = (line: string) => {
      const message = parseDllLine(line);
      if (message === null) kill("a line that is none of this wire");
      else if (message.kind === "hello") {
        clearTimeout(starting);
        if (makers.length > 0) return kill("a second greeting");
        makers = message.makers;
        onChange();
      } else if (pending?.id !== message.id) kill("an answer to nothing that was asked");
      else {
        starts = 0;
        waitMs = firstWaitMs;
        pending.settle({ ok: true, code: message.code, fields: message.fields });
      }
    };
    mine.stdout.on("data", (chunk: Buffer) => {
      if (child !== mine) return;
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(0x0a); end !== -1 && child === mine && !mine.killed; end = rest.indexOf(0x0a)) {
        const line = rest.subarray(0, end).toString("utf8");
        rest = rest.subarray(end + 1);
        if (line.length > maxLineBytes) kill("a line without end");
        else onLine(line);
      }
      if (rest.length > maxLineBytes) {
        rest = Buffer.alloc(0);
        kill("a line without end");
      }
    });
    // A pipe that breaks is followed by the end of the process, which is what counts.
    mine.stdin.on("error", () => undefined);
    mine.stdout.on("error", () => undefined);
    const over = (problem: string): void => {
      clearTimeout(starting);
      if (child === mine) gone(problem);
    };
    mine.on("error", (error) => over(error.message));
    mine.on("exit", () => over(why));
  };
  start();

  return {
    makers: () => makers,
    call: (maker, call, args) => {
      const now = child;
      if (now === null || pending !== null || !makers.includes(maker))
        return Promise.resolve({ ok: false, reason: "notAsked" });
      return new Promise((resolve) => {
        lastId += 1;
        const timer = setTimeout(() => {
          onProblem(`${call} of ${maker} took too long`);
          now.kill("SIGKILL");
        }, callTimeoutMs);
        pending = {
          id: lastId,
          settle: (answer) => {
            clearTimeout(timer);
            pending = null;
            resolve(answer);
          },
        };
        now.stdin.write(`${JSON.stringify({ id: lastId, maker, call, args })}\n`);
      });
    },
    close: async () => {
      closed = true;
      if (retry !== null) clearTimeout(retry);
      const now = child;
      if (now === null || now.exitCode !== null || now.signalCode !== null) return;
      await new Promise<void>((resolve) => {
        now.once("exit", () => resolve());
        now.once("error", () => resolve());
        now.kill("SIGKILL");
      });
    },
  };
}

export type DllMessage =
  | { kind: "hello"; makers: readonly string[] }
  | { kind: "answer"; id: number; code: number; fields: Readonly<Record<string, unknown>> };

const version = 1;

/** null: not a line of this wire. */
export function parseDllLine(line: string): DllMessage | null {
  const json = jsonObject(line);
  if (json === null) return null;
  if (json.event === "ready") {
    const { makers } = json;
    if (json.version !== version || !Array.isArray(makers) || makers.length === 0 || makers.length > 64) return null;
    const names = makers.filter((name): name is string => typeof name === "string" && /^[a-z0-9]{1,24}$/.test(name));
    return names.length === makers.length && new Set(names).size === names.length
      ? { kind: "hello", makers: names }
      : null;
  }
  const { id, code } = json;
  const fields = json.fields === undefined ? {} : objectOf(json.fields);
  if (!Number.isInteger(id) || typeof id !== "number" || !Number.isInteger(code) || typeof code !== "number")
    return null;
  return fields === null ? null : { kind: "answer", id, code, fields };
}

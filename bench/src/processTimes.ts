/** CPU time of processes, from Linux' /proc (proc(5)). Elsewhere there is none, and figures say null. */
import { readdirSync, readFileSync } from "node:fs";

/** /proc counts in hundredths of a second on every Linux that Node runs on. */
const tickMs = 10;

export interface ProcessTimes {
  parent: number;
  /** User and system time of the process itself, and of children that it has waited for. */
  ownMs: number;
  reapedMs: number;
}

/** Reads a line of /proc/PID/stat; null when it is none. The name in brackets may hold blanks and brackets. */
export function parseStat(line: string): ProcessTimes | null {
  const close = line.lastIndexOf(")");
  if (close === -1) return null;
  // From the state (field 3) on: ppid is field 4, utime 14, stime 15, cutime 16, cstime 17.
  const fields = line.slice(close + 2).split(" ");
  const [parent, user, system, childUser, childSystem] = [1, 11, 12, 13, 14].map((i) =>
    Number(fields[i] ?? Number.NaN),
  );
  if (parent === undefined || user === undefined || system === undefined) return null;
  if (childUser === undefined || childSystem === undefined) return null;
  if (![parent, user, system, childUser, childSystem].every(Number.isFinite)) return null;
  return { parent, ownMs: (user + system) * tickMs, reapedMs: (childUser + childSystem) * tickMs };
}

/** Of one process, without children. null: gone, or no /proc. */
export const cpuMsOf = (pid: number): number | null => read(pid)?.ownMs ?? null;

/** Of a process, its living children and those it has reaped: PostgreSQL's postmaster with all its backends. */
export function cpuMsWithChildren(pid: number): number | null {
  const root = read(pid);
  if (root === null) return null;
  let sumMs = root.ownMs + root.reapedMs;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const child = read(Number(name));
    if (child !== null && child.parent === pid) sumMs += child.ownMs + child.reapedMs;
  }
  return sumMs;
}

function read(pid: number): ProcessTimes | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

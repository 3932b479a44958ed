/**
 * Named points at which a test lets the agent die as if its power were cut. The order is a file in the agent's folder
 * that names one point; it is taken away before the death, so the agent that is started again lives. Off unless
 * NODE_ENV is `test`: a kiosk in the field can't be talked into dying.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

export const crashPoints = [
  "afterOpenSession",
  "afterImage",
  "afterQuote",
  "afterConfirm",
  "afterJournalCode",
  "afterAttempt",
  "afterPaid",
  "afterJournalScript",
  "duringWrite",
  "beforeSeal",
  "afterSeal",
  "beforeReport",
  "afterJournalReport",
  "afterReport",
  "afterJournalPrinting",
  "afterPrint",
] as const;
export type CrashPoint = (typeof crashPoints)[number];

const orderFile = "crash-at";

/** Called at a point: throws TypeError when the order names no point, so that a test can't pass by a typing error. */
export function crasher(env: NodeJS.ProcessEnv, folder: string): (point: CrashPoint) => void {
  if (env.NODE_ENV !== "test") return () => undefined;
  const path = join(folder, orderFile);
  return (point) => {
    const at = readOrder(path);
    if (at === null) return;
    if (!crashPoints.some((known) => known === at)) throw new TypeError(`${orderFile}: no such point: ${at}`);
    if (at !== point) return;
    rmSync(path);
    process.kill(process.pid, "SIGKILL");
  };
}

function readOrder(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/**
 * Named points at which a test lets the agent die as if its power were cut. Off unless NODE_ENV is `test`: a kiosk in the
 * field can't be talked into dying.
 */
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
  "beforeReport",
  "afterJournalReport",
  "afterReport",
  "afterJournalPrinting",
  "afterPrint",
] as const;
export type CrashPoint = (typeof crashPoints)[number];

/** Throws TypeError for a name that is no point, so that a test can't pass by a typing error. */
export function crasher(env: NodeJS.ProcessEnv): (point: CrashPoint) => void {
  const at = env.CITYGAS_CRASH_AT;
  if (at === undefined || at === "" || env.NODE_ENV !== "test") return () => undefined;
  if (!crashPoints.some((point) => point === at)) throw new TypeError(`CITYGAS_CRASH_AT: no such point: ${at}`);
  return (point) => {
    if (point === at) process.kill(process.pid, "SIGKILL");
  };
}

/** One JSON line per event on standard output; secrets and payment codes are masked on the way. */
import { mask } from "@citygas/terminal";

export type Log = (event: string, fields?: Record<string, unknown>) => void;

export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (event, fields = {}) => {
    const masked = mask(fields);
    write(`${JSON.stringify({ at: new Date(now()).toISOString(), event, ...(masked as object) })}\n`);
  };
}

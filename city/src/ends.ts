/**
 * What ends a city from outside: Ctrl-C, a service manager's SIGTERM, a closed terminal, and the death of the npm that
 * started it. Each may come while the city is still starting.
 */

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const lookEveryMs = 500;

/** Aborts at the first of them; what comes later changes nothing. */
export function ends(): AbortSignal {
  const end = new AbortController();
  for (const signal of signals) process.on(signal, () => end.abort());
  // A closed terminal takes no more words, and that must not end the end.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  // npm passes on SIGINT and SIGTERM; killed with -9, or by a SIGHUP of its own, it passes on nothing.
  if (process.env.npm_lifecycle_event !== undefined) whenOrphaned(() => end.abort());
  return end.signal;
}

function whenOrphaned(then: () => void): void {
  const starter = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(timer);
    then();
  }, lookEveryMs);
  timer.unref();
}

/**
 * What must reach the centre in order: reports of scripts, and the ends of sessions. A report is in the journal before it
 * gets here and stays until the centre has answered it; a session's end is only a courtesy (sessions also end by
 * themselves) and is dropped after a few tries.
 *
 * Bounded by the flow: a kiosk whose centre can't be reached opens no session, so it makes no further report.
 */
import type { Answer, CardAnswer, Report, TerminalApi } from "@citygas/api";
import type { Journal } from "@citygas/terminal";
import { untilAnswered } from "./retry.ts";

type Item =
  | { kind: "report"; sessionId: string; report: Report; answered: (answer: Answer<CardAnswer>) => void }
  | { kind: "end"; sessionId: string };

export interface Outbox {
  /** `answered` is called once the centre has spoken; maybe never in this process's life. */
  report(sessionId: string, report: Report, answered: (answer: Answer<CardAnswer>) => void): void;
  end(sessionId: string): void;
  /** Resolves when nothing waits. */
  empty(): Promise<void>;
}

export interface OutboxParts {
  api: Pick<TerminalApi, "postReport" | "endSession">;
  journal: Journal;
  nowMs: () => number;
  sleep: (ms: number) => Promise<void>;
  closed: () => boolean;
  afterReport: () => void;
}

const endTriesMs = 5_000;
const reportRoundMs = 60_000;

export function outbox(parts: OutboxParts): Outbox {
  const items: Item[] = [];
  let working: Promise<void> | null = null;

  const deliver = async (item: Item): Promise<void> => {
    const { api, journal, nowMs, sleep, closed } = parts;
    const options = { nowMs, sleep, wanted: () => !closed() };
    if (item.kind === "end") {
      await untilAnswered(() => api.endSession(item.sessionId), { ...options, forMs: endTriesMs });
      return;
    }
    // Round after round, each with its own growing waits: a report is never given up while the process lives.
    while (!closed()) {
      const answer = await untilAnswered(() => api.postReport(item.sessionId, item.report), {
        ...options,
        forMs: reportRoundMs,
      });
      if (!answer.ok && answer.kind === "unreachable") continue;
      parts.afterReport();
      // A problem is an answer too: the centre has seen it, and would say the same again.
      await journal.write({ kind: "reportSent", at: nowMs(), scriptId: item.report.scriptId });
      item.answered(answer);
      return;
    }
  };
  const work = async (): Promise<void> => {
    for (let item = items[0]; item !== undefined && !parts.closed(); item = items[0]) {
      await deliver(item);
      items.shift();
    }
    working = null;
  };
  const add = (item: Item): void => {
    items.push(item);
    working ??= work();
  };
  return {
    report: (sessionId, report, answered) => add({ kind: "report", sessionId, report, answered }),
    end: (sessionId) => add({ kind: "end", sessionId }),
    empty: () => working ?? Promise.resolve(),
  };
}

/**
 * Runs the flow: events in, effects out, one timer, the heartbeat. The only place where the machine meets the world.
 *
 * A broken invariant in an effect ends the process (`fatal`): a kiosk that restarts and reads the card again is safe, one
 * that goes on with a state nobody understands is not.
 */
import type { ReceiptData, TerminalApi } from "@citygas/api";
import type { CardReader, CodeScanner, Psam, ReceiptPrinter } from "@citygas/devices";
import { type Journal, serverClock } from "@citygas/terminal";
import type { CrashPoint } from "./crash.ts";
import { type Performer, performer } from "./effects.ts";
import { type Feed, feed } from "./feed.ts";
import { initialState, step, wakeAt } from "./flow/flow.ts";
import type { FlowEvent, FlowState } from "./flow/types.ts";
import { cardReturn } from "./giveBack.ts";
import type { Log } from "./log.ts";
import { outbox } from "./outbox.ts";
import { type Metrics, stopwatch } from "./stopwatch.ts";
import type { ActionMessage } from "./view.ts";

export interface AgentParts {
  api: TerminalApi;
  reader: CardReader;
  psam: Psam | null;
  scanner: CodeScanner;
  printer: ReceiptPrinter;
  journal: Journal;
  render: (data: ReceiptData) => Uint8Array;
  name: string;
  /** Monotonic, and as ms since the epoch: the agent's clock. */
  nowMs: () => number;
  newId: () => string;
  log: Log;
  crash: (point: CrashPoint) => void;
  fatal: (error: unknown) => void;
}

export interface Agent {
  feed: Feed;
  /** Drops an action that was made on another screen than the one shown. */
  act(message: ActionMessage): void;
  stage(): FlowState["stage"]["name"];
  metrics(): Metrics;
  close(): Promise<void>;
}

const heartbeatMs = 5_000;
const retryHeartbeatMs = 1_000;
/** One lost heartbeat is a hiccup; the second says that the centre can't be reached. */
const heartbeatsLost = 2;
const paperEveryMs = 15_000;

export function runAgent(parts: AgentParts): Agent {
  const { nowMs, journal, log } = parts;
  let state = initialState(nowMs());
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  const sleepers = new Set<() => void>();
  const watch = stopwatch(nowMs);
  const clock = serverClock(nowMs);
  const views = feed(state, parts.name, Math.floor(nowMs()), nowMs);

  const giveBack = cardReturn(parts.reader, log);
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(sleeping);
        sleepers.delete(wake);
        resolve();
      };
      const sleeping = setTimeout(wake, ms);
      sleepers.add(wake);
      if (closed) wake();
    });

  const dispatch = (event: FlowEvent): void => {
    if (closed) return;
    const before = state;
    const stepped = step(state, event, { now: nowMs(), id: parts.newId() });
    state = stepped.state;
    if (before.stage.name !== state.stage.name) {
      watch.moved(before.stage.name, state.stage.name);
      log("stage", { from: before.stage.name, to: state.stage.name });
    }
    views.show(state);
    for (const effect of stepped.effects) void run(effect);
    giveBack(state);
    arm();
  };
  const arm = (): void => {
    if (timer !== null) clearTimeout(timer);
    const at = wakeAt(state);
    timer = at === null ? null : setTimeout(() => dispatch({ type: "tick" }), Math.max(1, Math.ceil(at - nowMs())));
  };
  const report = outbox({
    api: parts.api,
    journal,
    nowMs,
    sleep,
    closed: () => closed,
    afterReport: () => parts.crash("afterReport"),
  });
  const work: Performer = performer({
    api: parts.api,
    reader: crashingReader(watch.reader(parts.reader), parts.crash),
    psam: parts.psam,
    readerName: parts.name.slice(0, 64),
    printer: parts.printer,
    render: parts.render,
    journal,
    outbox: report,
    serverClock: clock,
    nowMs,
    sleep,
    crash: parts.crash,
    log,
    dispatch,
    awaited: (ref) => state.awaiting === ref,
    closed: () => closed,
  });
  const run = async (effect: Parameters<Performer["perform"]>[0]): Promise<void> => {
    try {
      await work.perform(effect);
    } catch (error) {
      if (closed) return;
      log("fatal", { effect: effect.do, error });
      parts.fatal(error);
    }
  };
  const heartbeat = async (): Promise<void> => {
    let lost = heartbeatsLost - 1;
    while (!closed) {
      const askedAt = nowMs();
      const answer = await parts.api.me();
      if (closed) return;
      if (answer.ok) {
        lost = 0;
        clock.observe(askedAt, nowMs(), answer.value.nowMs);
        dispatch({ type: "heartbeat", config: answer.value, paired: true });
      } else if (answer.kind === "problem" && answer.problem.code.startsWith("auth.")) {
        log("heartbeat", { problem: answer.problem.code });
        dispatch({ type: "heartbeat", config: null, paired: false });
      } else {
        lost += 1;
        if (lost >= heartbeatsLost) dispatch({ type: "heartbeat", config: null, paired: true });
      }
      await sleep(answer.ok ? heartbeatMs : retryHeartbeatMs);
    }
  };
  const paper = async (): Promise<void> => {
    while (!closed) {
      if (state.stage.name !== "printing") await work.perform({ do: "askPaper" });
      await sleep(paperEveryMs);
    }
  };

  const { openPurchase, unsentReports } = journal.state();
  if (openPurchase !== null) dispatch({ type: "recovered", purchase: openPurchase });
  // Before anything new is said: what the centre has not heard of the time before.
  for (const { sessionId, report: unsent } of unsentReports) {
    report.report(sessionId, unsent, (answer) => log("replayed", { scriptId: unsent.scriptId, ok: answer.ok }));
  }
  const unsubscribe = [
    parts.reader.subscribe((event) => {
      if (event.type === "inserted") watch.inserted();
      if (event.type === "removed") work.kill(event.powerUpId);
      dispatch({ type: "reader", event });
    }),
    parts.scanner.subscribe((event) => dispatch({ type: "scanner", event })),
  ];
  heartbeat().catch(parts.fatal);
  paper().catch(parts.fatal);

  return {
    feed: views,
    act: (message) => {
      if (views.accepts(message)) dispatch({ type: "action", action: message.action });
    },
    stage: () => state.stage.name,
    metrics: () => watch.metrics(),
    close: async () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      for (const stop of unsubscribe) stop();
      work.stop();
      for (const wake of [...sleepers]) wake();
      await Promise.all([parts.reader.close(), parts.psam?.close(), parts.scanner.close(), parts.printer.close()]);
      await journal.close();
    },
  };
}

/** Dies between two writes of one script, for the tests that kill a kiosk in the middle. */
function crashingReader(reader: CardReader, crash: (point: CrashPoint) => void): CardReader {
  return {
    ...reader,
    write: async (powerUpId, offset, data) => {
      const written = await reader.write(powerUpId, offset, data);
      crash("duringWrite");
      return written;
    },
  };
}

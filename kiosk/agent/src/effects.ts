/**
 * Does what the flow asks. Intent first: before a code is sent, a write script starts or a receipt is printed, the
 * journal has it on the disk. Every outcome comes back as an event; nothing here decides anything.
 */
import type { Answer, ReceiptData, TerminalApi } from "@citygas/api";
import type { CardReader, ReceiptPrinter } from "@citygas/devices";
import { type Journal, runScript, type ServerClock } from "@citygas/terminal";
import type { CrashPoint } from "./crash.ts";
import type { Answered, Effect, FlowEvent } from "./flow/types.ts";
import type { Log } from "./log.ts";
import type { Outbox } from "./outbox.ts";
import { type RetryOptions, untilAnswered } from "./retry.ts";

export interface EffectParts {
  api: TerminalApi;
  reader: CardReader;
  readerName: string;
  printer: ReceiptPrinter;
  render: (data: ReceiptData) => Uint8Array;
  journal: Journal;
  outbox: Outbox;
  serverClock: ServerClock;
  nowMs: () => number;
  sleep: (ms: number) => Promise<void>;
  crash: (point: CrashPoint) => void;
  log: Log;
  dispatch: (event: FlowEvent) => void;
  /** Is this request still the one the flow waits for? */
  awaited: (ref: number) => boolean;
  closed: () => boolean;
}

const unreachable = { ok: false, kind: "unreachable" } as const;
const earlierReportsMs = 3_000;
const receiptRetryMs = 5_000;
const watchWaitMs = 500;

export interface Performer {
  perform(effect: Effect): Promise<void>;
  /** Ends the scripts of a power-up that is over. */
  kill(powerUpId: string): void;
  stop(): void;
}

export function performer(parts: EffectParts): Performer {
  const { api, journal, crash, dispatch, nowMs } = parts;
  let watching: AbortController | null = null;
  let script: { powerUpId: string; controller: AbortController } | null = null;
  let askingPaper = false;
  /** The report on its way into the outbox: a session's end must not overtake it there. */
  let reporting: Promise<void> = Promise.resolve();

  const retrying = (ref: number, forMs: number): RetryOptions => ({
    forMs,
    nowMs,
    sleep: parts.sleep,
    wanted: () => parts.awaited(ref) && !parts.closed(),
  });
  const answered = (ref: number, event: Answered): void => dispatch({ type: "answered", ref, ...event });

  const perform = async (effect: Effect): Promise<void> => {
    switch (effect.do) {
      case "openSession": {
        const { ref, powerUpId, atr } = effect;
        // What happened to the last card first, so that the centre judges this one by it; but not at any price.
        await Promise.race([parts.outbox.empty(), parts.sleep(earlierReportsMs)]);
        const body = { reader: parts.readerName, atr, powerUpId };
        const answer = await untilAnswered(() => api.openSession(body), retrying(ref, effect.retryForMs));
        crash("afterOpenSession");
        return answered(ref, { to: "openSession", answer });
      }
      case "image": {
        const { ref, sessionId, report } = effect;
        const answer = await untilAnswered(() => api.putImage(sessionId, report), retrying(ref, effect.retryForMs));
        crash("afterImage");
        return answered(ref, { to: "image", answer });
      }
      case "newPurchase": {
        const { ref, sessionId, entry, key } = effect;
        const call = () => api.newPurchase(sessionId, entry, key);
        const answer = await untilAnswered(call, retrying(ref, effect.retryForMs));
        crash("afterQuote");
        return answered(ref, { to: "newPurchase", answer });
      }
      case "confirm": {
        const { ref, purchaseId, key } = effect;
        const answer = await untilAnswered(() => api.confirm(purchaseId, key), retrying(ref, effect.retryForMs));
        crash("afterConfirm");
        return answered(ref, { to: "confirm", answer });
      }
      case "attempt": {
        const { ref, purchaseId, code, key } = effect;
        await journal.write({ kind: "codeSending", at: nowMs(), purchaseId, key });
        crash("afterJournalCode");
        const answer = await untilAnswered(() => api.attempt(purchaseId, code, key), retrying(ref, effect.retryForMs));
        crash("afterAttempt");
        return answered(ref, { to: "attempt", answer });
      }
      case "wantScript": {
        const { ref, purchaseId, sessionId, key } = effect;
        crash("afterPaid");
        const call = () => api.wantScript(purchaseId, sessionId, key);
        return answered(ref, {
          to: "wantScript",
          answer: await untilAnswered(call, retrying(ref, effect.retryForMs)),
        });
      }
      case "purchase": {
        const { ref, purchaseId } = effect;
        const answer = await untilAnswered(() => api.purchase(purchaseId), retrying(ref, effect.retryForMs));
        return answered(ref, { to: "purchase", answer });
      }
      case "cancel": {
        const { ref, purchaseId, key } = effect;
        const options = { ...retrying(ref, effect.retryForMs), wanted: () => !parts.closed() };
        return answered(ref, {
          to: "cancel",
          answer: await untilAnswered(() => api.cancel(purchaseId, key), options),
        });
      }
      case "report":
        return sendReport(effect);
      case "endSession":
        await reporting;
        return parts.outbox.end(effect.sessionId);
      case "runScript":
        return run(effect);
      case "watch":
        watching?.abort();
        watching = new AbortController();
        return watch(effect.purchaseId, effect.after, watching.signal);
      case "unwatch":
        watching?.abort();
        watching = null;
        return;
      case "print":
        return print(effect);
      case "askPaper":
        return askPaper();
      case "journal":
        return journal.write({ ...effect.entry, at: nowMs() });
    }
  };

  const sendReport = async (effect: Extract<Effect, { do: "report" }>): Promise<void> => {
    const { ref, sessionId, report } = effect;
    let hear: (answer: Answered) => void = () => undefined;
    const heard = new Promise<Answered>((resolve) => {
      hear = resolve;
    });
    const enter = async (): Promise<void> => {
      crash("beforeReport");
      await journal.write({ kind: "report", at: nowMs(), sessionId, report });
      crash("afterJournalReport");
      parts.outbox.report(sessionId, report, (answer) => hear({ to: "report", answer }));
    };
    reporting = enter();
    await reporting;
    const silence = parts.sleep(effect.waitMs).then((): Answered => ({ to: "report", answer: unreachable }));
    answered(ref, await Promise.race([heard, silence]));
  };

  const run = async (effect: Extract<Effect, { do: "runScript" }>): Promise<void> => {
    const { sessionId, powerUpId, script: steps } = effect;
    const controller = new AbortController();
    script = { powerUpId, controller };
    if (steps.purpose !== "probe") {
      await journal.write({ kind: "scriptStarting", at: nowMs(), scriptId: steps.id, sessionId, powerUpId });
      crash("afterJournalScript");
    }
    const report = await runScript(steps, {
      reader: parts.reader,
      powerUpId,
      // Unknown time is past every deadline.
      serverNowMs: () => parts.serverClock.now() ?? Number.POSITIVE_INFINITY,
      signal: controller.signal,
    });
    if (script?.controller === controller) script = null;
    parts.log("script", { scriptId: steps.id, purpose: steps.purpose, failure: report.failure ?? null });
    dispatch({ type: "scriptDone", sessionId, purpose: steps.purpose, report });
  };

  const watch = async (purchaseId: string, after: number, signal: AbortSignal): Promise<void> => {
    let version = after;
    const hear = (purchase: Extract<FlowEvent, { type: "purchase" }>["purchase"]): void => {
      version = Math.max(version, purchase.version);
      if (!signal.aborted) dispatch({ type: "purchase", purchase });
    };
    while (!signal.aborted && !parts.closed()) {
      for await (const purchase of api.events(purchaseId, version, signal)) hear(purchase);
      if (signal.aborted) return;
      // The stream ended or broke: ask once what is so now, then listen again.
      const now = await api.purchase(purchaseId);
      if (now.ok) hear(now.value);
      await parts.sleep(watchWaitMs);
    }
  };

  const print = async (effect: Extract<Effect, { do: "print" }>): Promise<void> => {
    const { ref, purchaseId } = effect;
    const receipt: Answer<ReceiptData> = await untilAnswered(
      () => api.receipt(purchaseId),
      retrying(ref, receiptRetryMs),
    );
    if (!receipt.ok) return dispatch({ type: "printed", ref, result: { ok: false, reason: "offline" } });
    const bytes = parts.render(receipt.value);
    await journal.write({ kind: "printing", at: nowMs(), purchaseId });
    crash("afterJournalPrinting");
    const result = await parts.printer.print(bytes);
    crash("afterPrint");
    await journal.write({ kind: "printed", at: nowMs(), purchaseId, ok: result.ok });
    dispatch({ type: "printed", ref, result });
  };

  const askPaper = async (): Promise<void> => {
    if (askingPaper) return;
    askingPaper = true;
    try {
      dispatch({ type: "paper", state: await parts.printer.paper() });
    } finally {
      askingPaper = false;
    }
  };

  return {
    perform,
    kill: (powerUpId) => {
      if (script?.powerUpId === powerUpId) script.controller.abort();
    },
    stop: () => {
      watching?.abort();
      script?.controller.abort();
    },
  };
}

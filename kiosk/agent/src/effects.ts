/**
 * Does what the flow asks. Intent first: before a code is sent, a write script starts or a receipt is printed, the
 * journal has it on the disk. Every outcome comes back as an event; nothing here decides anything.
 */
import type { Answer, ReceiptData } from "@citygas/api";
import type { CardReader, Psam, ReceiptPrinter } from "@citygas/devices";
import { type Journal, psamSeal, runScript, type Seal, type ServerClock } from "@citygas/terminal";
import type { Answered, Effect, FlowEvent } from "./flow/types.ts";
import type { Log } from "./log.ts";
import type { Outbox } from "./outbox.ts";
import { ask, type RequestParts, retrying } from "./requests.ts";
import { untilAnswered } from "./retry.ts";

export interface EffectParts extends RequestParts {
  reader: CardReader;
  /** In the reader's second slot; null: commands to CPU cards are sealed at the centre. */
  psam: Psam | null;
  printer: ReceiptPrinter;
  render: (data: ReceiptData) => Uint8Array;
  journal: Journal;
  outbox: Outbox;
  serverClock: ServerClock;
  log: Log;
  dispatch: (event: FlowEvent) => void;
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

  const answered = (ref: number, event: Answered): void => dispatch({ type: "answered", ref, ...event });

  const perform = async (effect: Effect): Promise<void> => {
    switch (effect.do) {
      case "openSession":
        // What happened to the last card first, so that the centre judges this one by it; but not at any price.
        await Promise.race([parts.outbox.empty(), parts.sleep(earlierReportsMs)]);
        return answered(effect.ref, await ask(parts, effect));
      case "attempt":
        await journal.write({ kind: "codeSending", at: nowMs(), purchaseId: effect.purchaseId, key: effect.key });
        crash("afterJournalCode");
        return answered(effect.ref, await ask(parts, effect));
      case "image":
      case "newPurchase":
      case "confirm":
      case "wantScript":
      case "purchase":
      case "cancel":
        return answered(effect.ref, await ask(parts, effect));
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
    const centre = sealedAtCentre(sessionId, steps.deadlineAt, controller.signal);
    const sealer =
      parts.psam === null ? centre : psamSeal(parts.psam, centre, (problem) => parts.log("psam", { ...problem }));
    const report = await runScript(steps, {
      reader: parts.reader,
      powerUpId,
      // Unknown time is past every deadline.
      serverNowMs: () => parts.serverClock.now() ?? Number.POSITIVE_INFINITY,
      signal: controller.signal,
      seal: async (request, step) => {
        crash("beforeSeal");
        const apdu = await sealer(request, step);
        crash("afterSeal");
        return apdu;
      },
    });
    if (script?.controller === controller) script = null;
    parts.log("script", { scriptId: steps.id, purpose: steps.purpose, failure: report.failure ?? null });
    dispatch({ type: "scriptDone", sessionId, purpose: steps.purpose, report });
  };

  /** Asks until the centre answers or the script's time is over: the same challenge is given the same command. */
  const sealedAtCentre =
    (sessionId: string, deadlineAt: number, signal: AbortSignal): Seal =>
    async (request) => {
      const forMs = deadlineAt - (parts.serverClock.now() ?? Number.POSITIVE_INFINITY);
      const wanted = (): boolean => !signal.aborted && !parts.closed();
      const answer = await untilAnswered(() => api.seal(sessionId, request), {
        forMs,
        nowMs,
        sleep: parts.sleep,
        wanted,
      });
      return answer.ok ? answer.value.apdu : null;
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
      retrying(parts, ref, receiptRetryMs),
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

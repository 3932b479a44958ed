/**
 * A receipt printer over raw TCP. Before the data it is asked how it is (`DLE EOT`); after the data stands `GS r 1`,
 * whose answer comes only when the paper has moved. While it is waited for, `DLE EOT` is asked again and again, so that
 * paper that ended or sticks is known soon, and told from silence. Jobs run one at a time.
 */
import { isOrderedAnswer, isRealTimeAnswer, orderedPaperStatus, paperState, realTimeStatus } from "./escposStatus.ts";
import { openTcpLine } from "./lines/tcpLine.ts";
import type { PaperState, PrintResult, ReceiptPrinter } from "./peripherals.ts";

export interface EscposPrinterOptions {
  /** Wait for a real-time answer (ms). */
  statusTimeoutMs?: number;
  /** Wait for the paper beyond the time the bytes need (ms). */
  printGraceMs?: number;
  /** How often a printer that is printing is asked how it is (ms). */
  lookEveryMs?: number;
}

/** The slowest printers behind a network box are serial ones at 9600 baud: about one byte per ms. */
const msPerByte = 1.1;
const maxWaitingJobs = 4;
const nothing = new Uint8Array();

/** `url`: `tcp://host:port`. */
export function escposPrinter(url: string, options: EscposPrinterOptions = {}): ReceiptPrinter {
  const statusTimeoutMs = options.statusTimeoutMs ?? 1_000;
  const printGraceMs = options.printGraceMs ?? 6_000;
  const lookEveryMs = options.lookEveryMs ?? 2_000;
  let up = false;
  let waiter: { accepts: (byte: number) => boolean; take: (byte: number | null) => void } | null = null;
  /** The answer to `GS r` that came while `DLE EOT` was waited for. */
  let moved = false;
  let jobs = 0;
  let tail: Promise<unknown> = Promise.resolve();

  const line = openTcpLine(url, {
    up: () => {
      up = true;
    },
    down: () => {
      up = false;
      waiter?.take(null);
    },
    bytes: (chunk) => {
      for (const byte of chunk) {
        if (waiter?.accepts(byte) === true) waiter.take(byte);
        else if (isOrderedAnswer(byte)) moved = true;
      }
    },
  });
  /** Sends, and waits for one byte of the kind; null: none in time, or the line went down. */
  const ask = (bytes: Uint8Array, accepts: (byte: number) => boolean, timeoutMs: number): Promise<number | null> =>
    new Promise((resolve) => {
      const take = (byte: number | null): void => {
        clearTimeout(timer);
        waiter = null;
        resolve(byte);
      };
      const timer = setTimeout(() => take(null), timeoutMs);
      waiter = { accepts, take };
      if (!line.send(bytes)) take(null);
    });
  const askPaper = async (): Promise<PaperState> => {
    if (!up) return "unknown";
    const printer = await ask(realTimeStatus.printer, isRealTimeAnswer, statusTimeoutMs);
    if (printer === null) return "unknown";
    const cause = await ask(realTimeStatus.offlineCause, isRealTimeAnswer, statusTimeoutMs);
    const paper = await ask(realTimeStatus.paper, isRealTimeAnswer, statusTimeoutMs);
    return paperState({ printer, cause, paper });
  };
  const printNow = async (bytes: Uint8Array): Promise<PrintResult> => {
    const before = refusal(await askPaper());
    if (before !== null) return { ok: false, reason: before };
    // A receipt may bring the question itself, as its last bytes; asked twice it would answer the next job too.
    const asks = Buffer.from(bytes.subarray(-orderedPaperStatus.length)).equals(orderedPaperStatus);
    const data = asks ? bytes : Buffer.concat([bytes, orderedPaperStatus]);
    const after = await untilMoved(data, Math.ceil(bytes.length * msPerByte) + printGraceMs);
    if (after === null) return { ok: true };
    // What the printer still holds may come out later; on a fresh line its late answer can't be taken for another's.
    line.reset();
    return { ok: false, reason: after };
  };
  /** Sends a receipt and waits until it is on the paper (null), or why it won't be. Looking takes no time from the paper. */
  const untilMoved = async (data: Uint8Array, withinMs: number): Promise<PrintFailure | null> => {
    moved = false;
    let bytes = data;
    let leftMs = withinMs;
    let waitMs = Math.min(lookEveryMs, withinMs);
    while (leftMs > 0) {
      if ((await ask(bytes, isOrderedAnswer, waitMs)) !== null || moved) return null;
      bytes = nothing;
      leftMs -= waitMs;
      const now = refusal(await askPaper());
      if (moved) return null;
      if (now === "paperOut" || now === "jammed") return now;
      // Too busy to say how it is, it is left in peace for the rest of its time.
      waitMs = now === "offline" ? leftMs : Math.min(lookEveryMs, leftMs);
    }
    return refusal(await askPaper()) ?? "timeout";
  };
  const inTurn = <T>(job: () => Promise<T>, busy: T): Promise<T> => {
    if (jobs >= maxWaitingJobs) return Promise.resolve(busy);
    jobs += 1;
    const result = tail.then(job).finally(() => {
      jobs -= 1;
    });
    tail = result.catch(() => undefined);
    return result;
  };
  return {
    paper: () => inTurn<PaperState>(askPaper, "unknown"),
    print: (bytes) => inTurn<PrintResult>(() => printNow(bytes), { ok: false, reason: "timeout" }),
    close: () => line.close(),
  };
}

type PrintFailure = Extract<PrintResult, { ok: false }>["reason"];

function refusal(state: PaperState): Exclude<PrintFailure, "timeout"> | null {
  switch (state) {
    case "full":
    case "low":
      return null;
    case "out":
      return "paperOut";
    case "jammed":
      return "jammed";
    case "unknown":
      return "offline";
  }
}

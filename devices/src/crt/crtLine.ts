/**
 * One command of a CRT reader after the other, over any line: frame, ACK, ENQ, reply.
 *
 * What may be said twice: a frame that the reader refused (NAK: it took nothing), and a reply whose check was wrong (our NAK
 * asks for the reply again, not for the command). What may not: a command after which there was silence, since it may have
 * been carried out. Then the connection is dropped, so that nothing late is taken for an answer.
 */
import type { Line, OpenLine } from "../lines/line.ts";
import { type CrtReply, type CrtToken, control, crtFrame, crtReply, crtTokens } from "./crtFrames.ts";

export interface CrtLine {
  /** null: no reply that could be trusted. One at a time; `still` is asked when its turn has come. */
  command(body: Uint8Array, still: () => boolean): Promise<CrtReply | null>;
  close(): Promise<void>;
}

export interface CrtTimes {
  /** For the acknowledgement of a frame (ms). */
  ackTimeoutMs: number;
  /** For the reply: a card may have to be moved before it comes (ms). */
  replyTimeoutMs: number;
}

const triesMax = 3;
/** One command at a time is the rule of the port; more than a few at once is a mistake of the caller's. */
const maxWaiting = 8;

export interface CrtLineListener {
  up(): void;
  down(): void;
  /** A command had no reply that could be trusted; `f2`: something came that looks like the newer protocol's frames. */
  unanswered(why: "f2" | "silence"): void;
}

export function crtLine(open: OpenLine, times: CrtTimes, listener: CrtLineListener): CrtLine {
  const tokens = crtTokens();
  let hear: ((token: CrtToken | null) => void) | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let connection = 0;
  let heardF2 = false;

  const line: Line = open({
    up: () => {
      connection += 1;
      tokens.reset();
      heardF2 = false;
      listener.up();
    },
    down: () => {
      connection += 1;
      hear?.(null);
      listener.down();
    },
    bytes: (chunk) => {
      // What nobody waits for is late.
      for (const token of tokens.push(chunk)) {
        if (token.type === "f2") heardF2 = true;
        else hear?.(token);
      }
    },
  });

  /** Sends, and gives the next token; null: silence, or the line went down. */
  const next = (bytes: Uint8Array, timeoutMs: number): Promise<CrtToken | null> =>
    new Promise((resolve) => {
      const settle = (token: CrtToken | null): void => {
        clearTimeout(timer);
        hear = null;
        resolve(token);
      };
      const timer = setTimeout(() => settle(null), timeoutMs);
      hear = settle;
      if (!line.send(bytes)) settle(null);
    });

  const exchange = async (body: Uint8Array): Promise<CrtReply | null> => {
    const frame = crtFrame(body);
    let token = await next(frame, times.ackTimeoutMs);
    for (let tries = 1; token?.type === "nak" && tries < triesMax; tries++)
      token = await next(frame, times.ackTimeoutMs);
    if (token?.type !== "ack") return null;
    token = await next(Uint8Array.of(control.enq), times.replyTimeoutMs);
    for (let tries = 1; token?.type === "bad" && tries < triesMax; tries++) {
      token = await next(Uint8Array.of(control.nak), times.replyTimeoutMs);
    }
    return token?.type === "frame" ? crtReply(body, token.body) : null;
  };

  return {
    command: (body, still) => {
      if (waiting >= maxWaiting) return Promise.resolve(null);
      waiting += 1;
      const mine = turn.then(async () => {
        try {
          if (!still()) return null;
          const begun = connection;
          const reply = await exchange(body);
          if (reply === null && begun === connection) {
            listener.unanswered(heardF2 ? "f2" : "silence");
            line.reset();
          }
          return reply;
        } finally {
          waiting -= 1;
        }
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
    close: () => {
      hear?.(null);
      return line.close();
    },
  };
}

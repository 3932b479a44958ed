/**
 * Sends what was pressed, one action per view: the agent drops an action made on an older view, so a digit typed
 * before the last one was drawn waits here. At most eight wait; a new screen forgets them.
 */
import type { Action, ActionMessage, ViewMessage } from "@citygas/kiosk-agent";

export const mostWaiting = 8;
/** A key that changes nothing may bring no view; the next one goes then without it. */
export const answerWaitMs = 200;

export interface SenderOptions {
  send(message: ActionMessage): void;
  later(run: () => void, delayMs: number): () => void;
}

export interface Sender {
  act(action: Action): void;
  /** To be told of every view that is drawn. */
  drawn(view: ViewMessage): void;
}

export function createSender(options: SenderOptions): Sender {
  let view: ViewMessage | null = null;
  let waiting: Action[] = [];
  let unanswered: (() => void) | null = null;
  const settle = (): void => {
    unanswered?.();
    unanswered = null;
  };
  const next = (): void => {
    settle();
    const action = waiting.shift();
    if (action !== undefined && view !== null) send(view, action);
  };
  const send = (on: ViewMessage, action: Action): void => {
    options.send({ type: "action", seq: on.seq, action });
    unanswered = options.later(next, answerWaitMs);
  };
  return {
    act(action) {
      if (view === null || view.cardLocked) return;
      if (unanswered === null) return send(view, action);
      // Only typing may run ahead; a second tap on a button is impatience, not a second wish.
      if (action.do === "key" && waiting.length < mostWaiting) waiting.push(action);
    },
    drawn(newer) {
      const sameScreen = view !== null && view.screen.name === newer.screen.name;
      const answered = view === null || view.seq !== newer.seq;
      view = newer;
      if (!sameScreen) waiting = [];
      if (answered) next();
    },
  };
}

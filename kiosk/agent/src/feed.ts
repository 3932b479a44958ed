/**
 * The views as they go to the screens: numbered, sent only when something changed, and the gate for what comes back.
 *
 * An action names the view it was made on. It counts if that view belongs to the stage shown now: typing may run ahead of
 * the echo, but a tap made on an earlier stage's screen is dropped.
 */
import type { FlowState } from "./flow/types.ts";
import { viewOf } from "./flow/viewOf.ts";
import type { ActionMessage, ViewMessage } from "./view.ts";

export interface Feed {
  show(state: FlowState): void;
  current(): ViewMessage;
  accepts(message: ActionMessage): boolean;
  subscribe(listener: (view: ViewMessage) => void): () => void;
}

/** `firstSeq` above every number an earlier run of the agent gave (its clock will do): old taps stay old. */
export function feed(initial: FlowState, name: string, firstSeq: number, nowMs: () => number): Feed {
  const listeners = new Set<(view: ViewMessage) => void>();
  let body = viewOf(initial, name);
  let text = JSON.stringify(body);
  let seq = firstSeq;
  let stage = stageKey(initial, body.screen.name);
  let stageSeq = seq;
  const current = (): ViewMessage => ({ ...body, seq, now: nowMs() });
  return {
    show: (state) => {
      const next = viewOf(state, name);
      const nextText = JSON.stringify(next);
      const nextStage = stageKey(state, next.screen.name);
      if (nextText === text && nextStage === stage) return;
      body = next;
      text = nextText;
      seq += 1;
      if (nextStage !== stage) stageSeq = seq;
      stage = nextStage;
      const view = current();
      for (const listener of [...listeners]) listener(view);
    },
    current,
    accepts: (message) => message.seq >= stageSeq && message.seq <= seq,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function stageKey(state: FlowState, screen: string): string {
  return `${state.epoch} ${screen}`;
}

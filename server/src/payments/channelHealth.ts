/**
 * Which channels the next customer may be sent to (facts/payments.md §6, "network to the gateway is gone"). Two unknown
 * outcomes in a row stop a channel for a while; then one customer tries it. A wrong setup of ours stops it longer.
 * Per process and in memory: it spares customers a wait, no money hangs on it.
 */
import type { ChannelName, Instant, Outcome, PrepayOutcome } from "@citygas/core";

export const healthTimers = { restMs: 30_000, misconfiguredMs: 600_000, unknownsMax: 2 } as const;

export interface ChannelHealth {
  /** What a channel answered, to a payment, an order or a query. */
  note(channel: ChannelName, outcome: Answer, now: Instant): void;
  isDown(channel: ChannelName, now: Instant): boolean;
}

type Answer = Outcome | PrepayOutcome;

interface State {
  unknowns: number;
  downUntil: Instant;
}

export function channelHealth(): ChannelHealth {
  const states = new Map<ChannelName, State>();
  return {
    note(channel, outcome, now) {
      const state = states.get(channel) ?? { unknowns: 0, downUntil: 0 };
      states.set(channel, noted(state, outcome, now));
    },
    isDown: (channel, now) => (states.get(channel)?.downUntil ?? 0) > now,
  };
}

function noted(state: State, outcome: Answer, now: Instant): State {
  switch (outcome.kind) {
    case "misconfigured":
      return { ...state, downUntil: now + healthTimers.misconfiguredMs };
    case "unknown":
    case "notSent": {
      const unknowns = state.unknowns + 1;
      return {
        unknowns,
        downUntil: unknowns >= healthTimers.unknownsMax ? now + healthTimers.restMs : state.downUntil,
      };
    }
    default:
      return { unknowns: 0, downUntil: 0 };
  }
}

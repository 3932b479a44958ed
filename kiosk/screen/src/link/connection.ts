/**
 * The screen's only line: views come in, actions go out. When it breaks it is tried again for as long as the page
 * lives, at growing distances with an upper bound: a terminal without its agent has nothing else to do.
 */
import type { ActionMessage, ViewMessage } from "@citygas/kiosk-agent";

/** The part of a WebSocket that is used, so that tests can play one: events `open`, `message`, `close`. */
export interface Socket extends EventTarget {
  send(data: string): void;
}

export interface ConnectionOptions {
  open(): Socket;
  onView(view: ViewMessage): void;
  /** True once a view can come, false when the line is gone. */
  onConnected(connected: boolean): void;
  /** Runs `run` after `delayMs`. */
  later(run: () => void, delayMs: number): void;
}

/** Waits between attempts, ms; the last one repeats. */
export const retryDelaysMs = [250, 500, 1000, 2000, 4000] as const;

export interface Connection {
  /** Sends, or drops when the line is down: the view the tap was made on is gone then. */
  send(message: ActionMessage): void;
}

export function connect(options: ConnectionOptions): Connection {
  let failures = 0;
  let live: Socket | null = null;
  const attempt = (): void => {
    const socket = options.open();
    socket.addEventListener("open", () => {
      live = socket;
      options.onConnected(true);
    });
    socket.addEventListener("message", (event) => {
      const view = parseView("data" in event ? event.data : null);
      if (view === null) return;
      // Only a view proves that the agent is well; an accepted socket alone may be a proxy's.
      failures = 0;
      options.onView(view);
    });
    socket.addEventListener("close", () => {
      live = null;
      options.onConnected(false);
      const delayMs = retryDelaysMs[Math.min(failures, retryDelaysMs.length - 1)] ?? 4000;
      failures += 1;
      options.later(attempt, delayMs);
    });
  };
  attempt();
  return { send: (message) => live?.send(JSON.stringify(message)) };
}

/** A view, or null for anything else (another version's message must not break the screen). */
export function parseView(data: unknown): ViewMessage | null {
  if (typeof data !== "string") return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  const shaped =
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    value.type === "view" &&
    "seq" in value &&
    typeof value.seq === "number" &&
    "screen" in value &&
    typeof value.screen === "object" &&
    value.screen !== null &&
    "name" in value.screen;
  // The agent on the same machine made it from the same type; only the outline is checked again.
  return shaped ? (value as ViewMessage) : null;
}

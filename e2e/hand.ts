/**
 * A kiosk used without a browser: the screen's own socket, read and answered as the screen does. Every view that arrives
 * is looked at, so a stage that is over in a moment is seen too; after a lost line it connects again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Action, Screen, ViewMessage } from "@citygas/kiosk-agent";
import { WebSocket } from "ws";
import type { Kiosk, World } from "./world.ts";

type Name = Screen["name"];
export type Shown<N extends Name> = Extract<Screen, { name: N }>;

export interface Hand {
  readonly kiosk: Kiosk;
  /** The current view, once it or a later one shows one of these screens. */
  sees<N extends Name>(names: N | readonly N[], withinMs?: number): Promise<Shown<N>>;
  act(action: Action): void;
  /** The current view; null while the line is down. */
  view(): ViewMessage | null;
  key(digits: string): void;
  /** Forgets the current view, so that the next `sees` waits for what comes after a restart. */
  blink(): void;
  close(): void;
}

const patienceMs = 30_000;
const againMs = 50;

export function takeHand(world: Pick<World, "url">, kiosk: Kiosk): Hand {
  const url = `${world.url.replace("http", "ws")}/kiosk/socket/${kiosk}`;
  const lookers = new Set<() => void>();
  const past: string[] = [];
  let view: ViewMessage | null = null;
  let socket: WebSocket | null = null;
  let closed = false;

  const connect = (): void => {
    if (closed) return;
    const line = new WebSocket(url, { origin: world.url });
    socket = line;
    line.on("message", (data) => {
      // The agent sends views and nothing else (kiosk/agent/src/view.ts).
      view = JSON.parse(data.toString()) as ViewMessage;
      if (past.at(-1) !== view.screen.name) past.push(view.screen.name);
      for (const look of [...lookers]) look();
    });
    line.on("error", () => undefined);
    line.on("close", () => {
      view = null;
      void sleep(againMs).then(connect);
    });
  };
  connect();

  async function sees<N extends Name>(names: N | readonly N[], withinMs = patienceMs): Promise<Shown<N>> {
    const wanted: readonly string[] = typeof names === "string" ? [names] : names;
    // Of the wanted names by the check, which TypeScript does not follow into the union.
    const found = (): Shown<N> | null =>
      view !== null && wanted.includes(view.screen.name) ? (view.screen as Shown<N>) : null;
    const now = found();
    if (now !== null) return now;
    return await new Promise<Shown<N>>((resolve, reject) => {
      const look = (): void => {
        const screen = found();
        if (screen === null) return;
        end();
        resolve(screen);
      };
      const timer = setTimeout(() => {
        end();
        const seen = past.slice(-12).join(" → ");
        reject(new Error(`${kiosk} did not show ${wanted.join(" or ")}: ${seen}; now ${JSON.stringify(view?.screen)}`));
      }, withinMs);
      const end = (): void => {
        clearTimeout(timer);
        lookers.delete(look);
      };
      lookers.add(look);
    });
  }

  const act = (action: Action): void => {
    if (view === null || socket === null) throw new Error(`${kiosk} is not connected`);
    socket.send(JSON.stringify({ type: "action", seq: view.seq, action }));
  };
  return {
    kiosk,
    sees,
    act,
    view: () => view,
    key: (digits) => {
      for (const digit of digits) {
        const key = (["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const).find((known) => known === digit);
        if (key === undefined) throw new Error(`no key ${digit}`);
        act({ do: "key", key });
      }
    },
    blink: () => {
      view = null;
    },
    close: () => {
      closed = true;
      socket?.terminate();
    },
  };
}

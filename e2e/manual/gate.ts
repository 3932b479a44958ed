/**
 * Holds a terminal's screen at a view that would pass by before its picture is taken: what the agent says after it
 * waits at the gate. The agent goes on meanwhile, as it does when a line is slow.
 */
import type { Screen, ViewMessage } from "@citygas/kiosk-agent";
import type { Page, WebSocketRoute } from "playwright-core";

export interface Gate {
  /** Lets the first view of this screen through, and none after it, until `release`. */
  holdAt(name: Screen["name"]): void;
  release(): void;
}

/** Stands between a terminal's page and its agent; the page is loaded anew for it. */
export async function openGate(page: Page): Promise<Gate> {
  const waiting: (() => void)[] = [];
  let wanted: Screen["name"] | null = null;
  let closed = false;

  await page.routeWebSocket(/\/kiosk\/socket\//, (screen: WebSocketRoute) => {
    screen.connectToServer().onMessage((message) => {
      const pass = (): void => screen.send(message);
      if (closed) {
        waiting.push(pass);
        return;
      }
      pass();
      // The agent sends views and nothing else (kiosk/agent/src/view.ts).
      const view = JSON.parse(message.toString()) as ViewMessage;
      closed = view.screen.name === wanted;
    });
  });
  await page.reload();
  return {
    holdAt: (name) => {
      wanted = name;
    },
    release: () => {
      wanted = null;
      closed = false;
      for (const pass of waiting.splice(0)) pass();
    },
  };
}

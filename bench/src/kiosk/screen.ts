/** A kiosk's screen without a browser: it sees the agent's views and taps on them, as the contract says. */
import type { Action, Screen, ViewMessage } from "@citygas/kiosk-agent";
import { WebSocket } from "ws";

type ScreenName = Screen["name"];
type ScreenOf<N extends ScreenName> = Extract<Screen, { name: N }>;

export interface KioskScreen {
  /** The next view (or the one shown) of that name for which `fits` holds. @throws after 30 s, naming what is shown. */
  sees<N extends ScreenName>(name: N, fits?: (screen: ScreenOf<N>) => boolean): Promise<ScreenOf<N>>;
  /** On the view that is shown. */
  tap(action: Action): void;
  close(): void;
}

const patienceMs = 30_000;

export async function openScreen(url: string, kiosk: string): Promise<KioskScreen> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/kiosk/socket/${kiosk}`);
  let shown: ViewMessage | null = null;
  let onView: (() => void) | null = null;
  socket.on("message", (data) => {
    // The agent sends nothing but views.
    shown = JSON.parse(data.toString()) as ViewMessage;
    onView?.();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });

  const sees = <N extends ScreenName>(name: N, fits: (screen: ScreenOf<N>) => boolean = () => true) =>
    new Promise<ScreenOf<N>>((resolve, reject) => {
      const timer = setTimeout(() => {
        onView = null;
        reject(new Error(`${kiosk} shows ${JSON.stringify(shown?.screen)} and not ${name}`));
      }, patienceMs);
      onView = () => {
        const screen = shown?.screen;
        if (screen === undefined || !isNamed(screen, name) || !fits(screen)) return;
        clearTimeout(timer);
        onView = null;
        resolve(screen);
      };
      onView();
    });

  return {
    sees,
    tap: (action) => {
      if (shown === null) throw new Error("nothing is shown yet");
      socket.send(JSON.stringify({ type: "action", seq: shown.seq, action }));
    },
    close: () => socket.terminate(),
  };
}

const isNamed = <N extends ScreenName>(screen: Screen, name: N): screen is ScreenOf<N> => screen.name === name;

/** Joins the line to the agent, the voice and the drawing. */
import type { Action, ViewMessage } from "@citygas/kiosk-agent";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { chinaTime } from "./clock.ts";
import { Frame } from "./frame.tsx";
import { keyAction } from "./keyboard.ts";
import { firstSettings, type Settings } from "./kiosk.ts";
import { connect } from "./link/connection.ts";
import { createPresenter, type Presenter } from "./link/presenter.ts";
import { createSender, type Sender } from "./link/sender.ts";
import { playClip } from "./voice/audio.ts";
import { createPlayer } from "./voice/player.ts";

/** A wait longer than this says what is being waited for. */
const slowAfterMs = 400;
/** A press without an answer for this long was dropped. */
const answerAtMostMs = 5000;

/** Runs `run` after `delayMs` unless taken back. */
function later(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

/** `socketUrl`: where the agent's views come from. */
export function App({ socketUrl }: { socketUrl: string }): JSX.Element {
  const link = useLink(socketUrl);
  const { view, connected } = link;
  const [settings, setSettings] = useState<Settings>(firstSettings);
  const screenName = view?.screen.name;
  // The next customer starts afresh; whoever stands at the home screen may still choose.
  useEffect(() => {
    if (screenName === "home") setSettings(firstSettings);
  }, [screenName]);

  const player = useMemo(() => createPlayer({ play: playClip, hour: () => chinaTime(Date.now()).hour, later }), []);
  useEffect(() => player.mute(settings.muted), [player, settings.muted]);
  useEffect(() => {
    if (view) player.say(view.voice, view.screen.name, settings.language);
  }, [player, view, settings.language]);

  useKeyboard(view, link.act);
  const now = useSecondHand();
  return (
    <Frame
      view={view}
      disconnected={useAfter(!connected, slowAfterMs)}
      nowMs={now + link.clockAheadMs}
      settings={settings}
      slow={useAfter(link.waiting, slowAfterMs)}
      act={link.act}
      change={(change) => setSettings((old) => ({ ...old, ...change }))}
    />
  );
}

interface Link {
  view: ViewMessage | null;
  connected: boolean;
  /** A press other than typing has not been answered yet. */
  waiting: boolean;
  /** Agent's clock less this machine's, ms. */
  clockAheadMs: number;
  act(action: Action): void;
}

function useLink(socketUrl: string): Link {
  const [view, setView] = useState<ViewMessage | null>(null);
  const [connected, setConnected] = useState(false);
  const [waiting, setWaiting] = useState(false);
  const [clockAheadMs, setClockAheadMs] = useState(0);
  const sender = useRef<Sender | null>(null);
  const presenter = useRef<Presenter | null>(null);
  useEffect(() => {
    const newest = createPresenter({
      now: () => performance.now(),
      later,
      draw(next) {
        setView(next);
        setWaiting(false);
        sender.current?.drawn(next);
      },
    });
    const connection = connect({
      open: () => new WebSocket(socketUrl),
      later,
      onConnected: setConnected,
      onView(next) {
        setClockAheadMs(next.now - Date.now());
        newest.take(next);
      },
    });
    presenter.current = newest;
    sender.current = createSender({ send: connection.send, later });
  }, [socketUrl]);
  const act = (action: Action): void => {
    if (action.do !== "key") {
      setWaiting(true);
      // The agent may have dropped it: the button must not stay blocked.
      later(() => setWaiting(false), answerAtMostMs);
    }
    presenter.current?.pressed();
    sender.current?.act(action);
  };
  return { view, connected, waiting, clockAheadMs, act };
}

/** True once `condition` has held for `delayMs`. */
function useAfter(condition: boolean, delayMs: number): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    setHeld(false);
    return condition ? later(() => setHeld(true), delayMs) : undefined;
  }, [condition, delayMs]);
  return condition && held;
}

/** The time, drawn anew four times a second: a clock that shows seconds must not skip one. */
function useSecondHand(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function useKeyboard(view: ViewMessage | null, act: (action: Action) => void): void {
  const current = useRef({ view, act });
  current.current = { view, act };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { view: shown, act: run } = current.current;
      if (!shown || shown.cardLocked || shown.askMoreTime || event.ctrlKey || event.metaKey || event.altKey) return;
      const action = keyAction(event.key, shown.screen, event.target instanceof HTMLButtonElement);
      if (action === null) return;
      event.preventDefault();
      run(action);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** One drawn view: header, step bar, the screen, and what may lie over it. Pure: all it shows comes in. */
import type { Action, ViewMessage } from "@citygas/kiosk-agent";
import { fill, kioskTexts, voiceTexts } from "@citygas/texts";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { secondsUntil } from "./clock.ts";
import { Button } from "./components/button.tsx";
import { Header } from "./components/header.tsx";
import { ToneIcon } from "./components/icons.tsx";
import { Ring } from "./components/ring.tsx";
import { Steps } from "./components/steps.tsx";
import { type Kiosk, KioskContext, type Settings, useKiosk } from "./kiosk.ts";
import { ScreenView } from "./screens/screen.tsx";

export interface FrameProps {
  /** Null until the first view has come. */
  view: ViewMessage | null;
  /** The line is gone (for longer than a blink). */
  disconnected: boolean;
  /** The agent's clock now, ms. */
  nowMs: number;
  settings: Settings;
  slow: boolean;
  act(action: Action): void;
  change(settings: Partial<Settings>): void;
}

export function Frame(props: FrameProps): JSX.Element {
  const { view, settings, nowMs } = props;
  const t = kioskTexts[settings.language];
  const locked = view?.cardLocked ?? false;
  const kiosk: Kiosk = {
    t,
    language: settings.language,
    act: props.act,
    slow: props.slow,
    limit: view?.limit ? countdown(view.limit, nowMs) : null,
    locked,
    paper: view?.paper ?? "ok",
    settings,
    change: props.change,
  };
  const root = useRef<HTMLDivElement>(null);
  const screenName = view?.screen.name;
  useEffect(() => {
    root.current?.querySelector("h1")?.focus({ preventScroll: true });
  }, [screenName, view?.askMoreTime]);
  const hasOwnRing = screenName === "pay" || screenName === "success";
  const covered = props.disconnected || (view?.askMoreTime ?? false);
  return (
    <KioskContext.Provider value={kiosk}>
      <div
        ref={root}
        class={`kiosk ${locked ? "locked" : ""} ${settings.large ? "large" : ""}`}
        lang={settings.language}
        data-screen={screenName ?? "none"}
      >
        <Header header={view?.header ?? null} nowMs={nowMs} />
        {view && view.step > 0 && (
          <nav class="step-row">
            <Steps step={view.step} />
            {!hasOwnRing && <Ring size={88} />}
          </nav>
        )}
        <div class="content" {...(covered ? { inert: true } : {})}>
          {view && <ScreenView key={view.screen.name} screen={view.screen} />}
        </div>
        {view?.askMoreTime && !props.disconnected && <MoreTime />}
        {props.disconnected && <Connecting />}
        <p class="unseen" aria-live="polite">
          {view?.voice ? voiceTexts[settings.language][view.voice.prompt] : ""}
        </p>
      </div>
    </KioskContext.Provider>
  );
}

/** 还需要时间吗, over any screen. */
function MoreTime(): JSX.Element {
  const { t, limit } = useKiosk();
  return (
    <div class="cover">
      <div class="dialog info" role="alertdialog" aria-labelledby="more-time">
        <div class="dialog-body">
          <Ring size={144} />
          <div class="dialog-text">
            <h1 id="more-time" tabIndex={-1}>
              {t.moreTime.title}
            </h1>
            {limit && <p class="lead">{fill(t.moreTime.body, { seconds: limit.seconds })}</p>}
          </div>
        </div>
        <div class="dialog-buttons">
          <Button action={{ do: "finish" }}>{t.moreTime.no}</Button>
          <Button kind="primary" action={{ do: "moreTime" }}>
            {t.moreTime.yes}
          </Button>
        </div>
      </div>
    </div>
  );
}

function Connecting(): JSX.Element {
  const { t } = useKiosk();
  return (
    <div class="cover">
      <div class="dialog wait" role="alert">
        <div class="dialog-body">
          <ToneIcon tone="wait" size={112} />
          <div class="dialog-text">
            <h1 tabIndex={-1}>{t.connecting.title}</h1>
            <p class="lead">{t.connecting.body}</p>
            <p>{t.connecting.money}</p>
          </div>
        </div>
      </div>
    </div>
  );
}

/** Clocks of screen and agent differ by a few ms: a limit never shows more than it is in all. */
function countdown({ until, totalMs }: NonNullable<ViewMessage["limit"]>, nowMs: number): Kiosk["limit"] {
  const totalSeconds = Math.round(totalMs / 1000);
  return { seconds: Math.min(secondsUntil(until, nowMs), totalSeconds), totalSeconds };
}

import type { JSX } from "preact";
import { useKiosk } from "../kiosk.ts";

/** 大字, 语音 and the language, on every screen. */
export function Tools(): JSX.Element {
  const { t, settings, change } = useKiosk();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw and announce a form where there is none
    <div class="tools" role="group" aria-label={t.frame.tools}>
      <button
        type="button"
        class="button tool"
        aria-pressed={settings.large}
        onClick={() => change({ large: !settings.large })}
      >
        <svg width="40" height="34" viewBox="0 0 40 34" aria-hidden="true">
          <path d="M3 30L13 6l10 24M7 22h12M25 30l6-15 6 15M27.500 25h7" class="line" />
        </svg>
        <span>{t.frame.large}</span>
      </button>
      <button
        type="button"
        class="button tool"
        aria-pressed={!settings.muted}
        onClick={() => change({ muted: !settings.muted })}
      >
        <svg width="40" height="34" viewBox="0 0 40 34" aria-hidden="true">
          <path d="M5 12h7l9-8v26l-9-8H5z" class="line" />
          <path
            d={settings.muted ? "M27 12l10 10M37 12L27 22" : "M27 11a9 9 0 0 1 0 12M32 6a15 15 0 0 1 0 22"}
            class="line"
          />
        </svg>
        <span>{settings.muted ? t.frame.muted : t.frame.voice}</span>
      </button>
      <button
        type="button"
        class="button tool"
        lang={settings.language === "en" ? "zh-CN" : "en"}
        onClick={() => change({ language: settings.language === "en" ? "zh-CN" : "en" })}
      >
        <svg width="40" height="34" viewBox="0 0 40 34" aria-hidden="true">
          <circle cx="20" cy="17" r="14" class="line" />
          <path d="M6 17h28M20 3c-8 8-8 20 0 28M20 3c8 8 8 20 0 28" class="line" />
        </svg>
        <span>{t.frame.otherLanguage}</span>
      </button>
    </div>
  );
}

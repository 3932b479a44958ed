import type { JSX } from "preact";
import { useKiosk } from "../kiosk.ts";

const circled = ["①", "②", "③", "④", "⑤"];

/** The five steps: done ones ticked, the current one filled. */
export function Steps({ step }: { step: number }): JSX.Element {
  const { t } = useKiosk();
  return (
    <ol class="steps" aria-label={t.frame.stepsLabel}>
      {t.frame.steps.map((name, index) => {
        const state = index + 1 < step ? "done" : index + 1 === step ? "now" : "next";
        return (
          <li key={name} class={state} {...(state === "now" ? { "aria-current": "step" as const } : {})}>
            <span class="mark" aria-hidden="true">
              {state === "done" ? <Tick /> : circled[index]}
            </span>
            <span class="name">{name}</span>
            {state === "done" && <span class="unseen">{t.frame.stepDone}</span>}
          </li>
        );
      })}
    </ol>
  );
}

function Tick(): JSX.Element {
  return (
    <svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
      <path d="M5 14l6 6L21 7" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" />
    </svg>
  );
}

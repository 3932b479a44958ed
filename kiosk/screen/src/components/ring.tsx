import { fill } from "@citygas/texts";
import type { JSX } from "preact";
import { useKiosk } from "../kiosk.ts";

const radius = 42;
const around = 2 * Math.PI * radius;

/** Remaining time as a ring with the seconds in it; nothing where there is no limit. Amber with a bar at 10 s. */
export function Ring({ size = 96 }: { size?: number }): JSX.Element | null {
  const { limit, t } = useKiosk();
  if (limit === null) return null;
  const share = limit.totalSeconds <= 0 ? 0 : Math.min(1, limit.seconds / limit.totalSeconds);
  return (
    <div
      class={limit.seconds <= 10 ? "ring soon" : "ring"}
      style={{ width: `${size}px`, height: `${size}px`, fontSize: `${Math.round(size * 0.36)}px` }}
      role="timer"
      aria-label={fill(t.frame.secondsLeft, { seconds: limit.seconds })}
    >
      <svg width={size} height={size} viewBox="0 0 96 96" aria-hidden="true">
        <circle class="track" cx="48" cy="48" r={radius} />
        <circle
          class="left"
          cx="48"
          cy="48"
          r={radius}
          stroke-dasharray={around}
          stroke-dashoffset={around * (1 - share)}
          transform="rotate(-90 48 48)"
        />
      </svg>
      <span aria-hidden="true">{limit.seconds}</span>
    </div>
  );
}

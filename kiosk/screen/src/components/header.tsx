import type { ViewMessage } from "@citygas/kiosk-agent";
import { fill } from "@citygas/texts";
import type { JSX } from "preact";
import { chinaTime } from "../clock.ts";
import { useKiosk } from "../kiosk.ts";
import { Flame } from "./icons.tsx";

/** Company left, hotline in the middle, clock right, on every screen. */
export function Header({ header, nowMs }: { header: ViewMessage["header"] | null; nowMs: number }): JSX.Element {
  const { t } = useKiosk();
  const { time, date, weekday } = chinaTime(nowMs);
  return (
    <header class="top">
      <div class="company">
        <Flame />
        <span>{header?.company}</span>
      </div>
      <div class="hotline">
        {header && (
          <>
            <strong>{fill(t.frame.hotline, { hotline: header.hotline })}</strong>
            <span>
              {header.unit === header.company ? "" : `${header.unit} · `}
              {fill(t.frame.terminal, { terminal: header.terminal })}
            </span>
          </>
        )}
      </div>
      <time class="clock" dateTime={`${date}T${time}+08:00`}>
        <strong>{time}</strong>
        <span>
          {date} {t.frame.weekdays[weekday]}
        </span>
      </time>
    </header>
  );
}

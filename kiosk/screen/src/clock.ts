/** The header's clock: China's time, whatever zone the machine is set to. */
const chinaFormat = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Shanghai",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

export interface ChinaTime {
  /** `14:30:05` */
  time: string;
  /** `2026-11-23` */
  date: string;
  /** 0 = Sunday. */
  weekday: number;
  hour: number;
}

export function chinaTime(ms: number): ChinaTime {
  const parts = new Map(chinaFormat.formatToParts(ms).map((part) => [part.type, part.value]));
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? "";
  const date = `${part("year")}-${part("month")}-${part("day")}`;
  return {
    time: `${part("hour")}:${part("minute")}:${part("second")}`,
    date,
    weekday: new Date(`${date}T00:00:00Z`).getUTCDay(),
    hour: Number(part("hour")),
  };
}

/** Whole seconds until `untilMs`, never below zero. A started second counts, so a 60 s limit begins at 60. */
export function secondsUntil(untilMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
}

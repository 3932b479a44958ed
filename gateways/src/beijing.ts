import type { Instant } from "@citygas/core";

/**
 * Alipay's times are Beijing wall time without a zone, WeChat Pay's name it. China has kept UTC+8 without daylight
 * saving since 1992, so a fixed shift is right whatever the zone of the process.
 */
const SHIFT_MS = 8 * 3600_000;

/** 2026-11-22T02:00:00Z → "2026-11-22 10:00:00". */
export function beijingText(at: Instant): string {
  return new Date(at + SHIFT_MS).toISOString().slice(0, 19).replace("T", " ");
}

/** 2026-11-22T02:00:00Z → "2026-11-22T10:00:00+08:00", whole seconds as the gateways write them. */
export function beijingRfc3339(at: Instant): string {
  return `${beijingText(at).replace(" ", "T")}+08:00`;
}

/** The instant of "2026-11-22 10:00:00" in Beijing; null for anything else. */
export function beijingInstant(text: string | undefined): Instant | null {
  if (text === undefined || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return null;
  const at = Date.parse(`${text.replace(" ", "T")}+08:00`);
  return Number.isNaN(at) ? null : at;
}

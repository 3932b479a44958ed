/** When a refund that its channel refused is tried again, and until when there is a point in it. */
import type { Instant } from "../units.ts";
import type { ChannelName } from "./types.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const refundTimers = {
  /**
   * After the first refusal, the second …, always under the same refund number. What passes by itself (no money on the
   * merchant's account, too many at once) has passed by then; afterwards people look (facts/payments.md §1.6, §2.3).
   */
  retryAfterMs: [minuteMs, 5 * minuteMs, 15 * minuteMs, hourMs, 3 * hourMs, 6 * hourMs, 12 * hourMs],
  /** A year at WeChat Pay (facts/payments.md §1.4); null: not known here, the channel itself says so. */
  windowMs: {
    wechat: 365 * dayMs,
    alipay: null,
    acquirer: null,
    cash: null,
    pos: null,
    test: null,
  } satisfies Record<ChannelName, number | null>,
} as const;

/** When a refund refused `failures` times is tried again; null: no more, people take it up. */
export function refundRetryAt(failures: number, now: Instant): Instant | null {
  const afterMs = refundTimers.retryAfterMs[failures - 1];
  return afterMs === undefined ? null : now + afterMs;
}

/** Is it known without asking that the channel gives this money back no more? */
export function refundWindowOver(channel: ChannelName, paidAt: Instant, now: Instant): boolean {
  const windowMs = refundTimers.windowMs[channel];
  return windowMs !== null && now - paidAt > windowMs;
}

import { expect, it } from "vitest";
import { refundRetryAt, refundTimers, refundWindowOver } from "./refundTimers.ts";

const dayMs = 86_400_000;

it("tries a refused refund again seven times within a day", () => {
  const waits = refundTimers.retryAfterMs.map((_, index) => refundRetryAt(index + 1, 0));
  expect(waits).toEqual(refundTimers.retryAfterMs);
  expect(refundRetryAt(refundTimers.retryAfterMs.length + 1, 0)).toBeNull();
  expect(refundTimers.retryAfterMs.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(dayMs);
});

it("knows that WeChat Pay gives back for a year, and leaves the others to say so themselves", () => {
  expect(refundWindowOver("wechat", 0, 365 * dayMs)).toBe(false);
  expect(refundWindowOver("wechat", 0, 365 * dayMs + 1)).toBe(true);
  expect(refundWindowOver("alipay", 0, 3_650 * dayMs)).toBe(false);
});

import { expect, test } from "vitest";
import { channelHealth, healthTimers } from "./channelHealth.ts";

const unknown = { kind: "unknown", why: "timeout" } as const;
const answered = { kind: "notPaid", verified: true } as const;

test("two unknown outcomes in a row stop the channel for a while, then one more does", () => {
  const health = channelHealth();
  health.note("wechat", unknown, 0);
  expect(health.isDown("wechat", 0)).toBe(false);
  health.note("wechat", unknown, 10);
  expect(health.isDown("wechat", 10)).toBe(true);
  expect(health.isDown("alipay", 10)).toBe(false);
  const later = 10 + healthTimers.restMs;
  expect(health.isDown("wechat", later)).toBe(false);
  health.note("wechat", unknown, later);
  expect(health.isDown("wechat", later)).toBe(true);
});

test("a gateway that can't even be reached counts as one that says nothing", () => {
  const health = channelHealth();
  health.note("wechat", { kind: "notSent" }, 0);
  health.note("wechat", unknown, 0);
  expect(health.isDown("wechat", 0)).toBe(true);
});

test("any answer opens it again", () => {
  const health = channelHealth();
  health.note("wechat", unknown, 0);
  health.note("wechat", answered, 0);
  health.note("wechat", unknown, 0);
  expect(health.isDown("wechat", 0)).toBe(false);
  health.note("wechat", unknown, 0);
  health.note("wechat", answered, 0);
  expect(health.isDown("wechat", 0)).toBe(false);
});

test("a wrong setup stops it at once and longer", () => {
  const health = channelHealth();
  health.note("alipay", { kind: "misconfigured", code: "isv.invalid-signature" }, 0);
  expect(health.isDown("alipay", healthTimers.restMs)).toBe(true);
  expect(health.isDown("alipay", healthTimers.misconfiguredMs)).toBe(false);
});

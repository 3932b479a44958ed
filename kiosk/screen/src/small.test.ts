import { describe, expect, it } from "vitest";
import { chinaTime, secondsUntil } from "./clock.ts";
import { fit } from "./fit.ts";
import { fixtures } from "./fixtures.ts";
import { keyAction } from "./keyboard.ts";

function screen(name: string) {
  const found = fixtures.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no fixture ${name}`);
  return found.view.screen;
}

describe("clock", () => {
  it("is China's, across the date line of other zones", () => {
    expect(chinaTime(Date.UTC(2026, 11, 31, 16, 0, 0))).toEqual({
      time: "00:00:00",
      date: "2027-01-01",
      weekday: 5,
      hour: 0,
    });
  });

  it("counts a started second and never below zero", () => {
    expect([60_000, 59_999, 1, 0, -5].map((left) => secondsUntil(left, 0))).toEqual([60, 60, 1, 0, 0]);
  });
});

describe("fit", () => {
  it("keeps the designed size and shows all of it on others", () => {
    expect(fit(1280, 1024)).toEqual({ scale: 1, widthPx: 1280, heightPx: 1024 });
    expect(fit(1080, 1920)).toEqual({ scale: 1, widthPx: 1080, heightPx: 1920 });
    const small = fit(1366, 768);
    expect(small.heightPx).toBeCloseTo(1024);
    expect(small.widthPx).toBeGreaterThanOrEqual(1280);
  });
});

describe("keyboard", () => {
  it("types on the amount screen only", () => {
    expect(keyAction("7", screen("account-money"), false)).toEqual({ do: "key", key: "7" });
    expect(keyAction("Backspace", screen("account-money"), true)).toEqual({ do: "key", key: "backspace" });
    expect(keyAction("7", screen("pay"), false)).toBeNull();
  });

  it("goes back and confirms, but never pays by a stray Enter", () => {
    expect(keyAction("Escape", screen("confirm-meter"), false)).toEqual({ do: "back" });
    expect(keyAction("Escape", screen("writing"), false)).toBeNull();
    expect(keyAction("Enter", screen("account-money"), false)).toEqual({ do: "ok" });
    expect(keyAction("Enter", screen("account-money"), true)).toBeNull();
    expect(keyAction("Enter", screen("confirm-meter"), false)).toBeNull();
  });

  it("knows no keys by the names of an object's own properties", () => {
    expect(keyAction("constructor", screen("account-money"), false)).toBeNull();
  });
});

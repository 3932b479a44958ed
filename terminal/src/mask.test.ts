import { describe, expect, it } from "vitest";
import { mask } from "./mask.ts";
import { serverClock } from "./serverClock.ts";

describe("mask", () => {
  it("leaves no payment code and no card secret in anything that is logged", () => {
    const logged = JSON.stringify(
      mask({
        text: "scanned 131234567890123456 twice",
        effect: { do: "attempt", code: "281234567890123456", purchaseId: "u1" },
        script: { id: "w1", steps: [{ op: "present", secret: "a1b2c3" }] },
        error: new Error("bad 6212345678901234567"),
      }),
    );
    expect(logged).not.toMatch(/\d{16}/);
    expect(logged).not.toContain("a1b2c3");
    expect(logged).toContain("u1");
  });
});

describe("serverClock", () => {
  it("is never behind the server's, whatever the way took", () => {
    let local = 0;
    const clock = serverClock(() => local);
    expect(clock.now()).toBeNull();
    // Asked at 100, the server said 5000 at the end of its way, heard at 300.
    clock.observe(100, 300, 5_000);
    local = 300;
    expect(clock.now()).toBe(5_200);
    // A quicker answer bounds better; a slower one changes nothing; a server clock set forward does.
    clock.observe(300, 310, 5_110);
    expect(clock.now()).toBe(5_110);
    clock.observe(200, 300, 5_090);
    expect(clock.now()).toBe(5_110);
    clock.observe(300, 301, 9_000);
    expect(clock.now()).toBe(9_000);
  });
});

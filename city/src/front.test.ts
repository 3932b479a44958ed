import { describe, expect, it } from "vitest";
import { routeOf } from "./front.ts";

const targets = { server: 1, sandbox: 2, agents: { "kiosk-1": 3, "kiosk-2": 4 } };

describe("routeOf", () => {
  it.each<[string, object | null]>([
    ["/api/v1/purchases/x/events?after=3", { port: 1, path: "/api/v1/purchases/x/events?after=3" }],
    ["/docs/api", { port: 1, path: "/docs/api" }],
    ["/b/abc", { port: 1, path: "/b/abc" }],
    ["/bench", null],
    ["/workbench/trail", null],
    ["/r/abc", { port: 1, path: "/r/abc" }],
    ["/notify/wechat", { port: 1, path: "/notify/wechat" }],
    ["/sandbox/api/cards", { port: 2, path: "/sandbox/api/cards" }],
    ["/kiosk/socket/kiosk-2", { port: 4, path: "/socket" }],
    ["/kiosk/socket/kiosk-9", null],
    ["/kiosk/", null],
    ["/receipts", null],
    ["/apiary", null],
    ["/", null],
  ])("%s", (path, target) => expect(routeOf(path, targets)).toEqual(target));

  it("passes nothing to a sandbox that is not there", () => {
    expect(routeOf("/sandbox/api/cards", { ...targets, sandbox: null })).toBeNull();
  });
});

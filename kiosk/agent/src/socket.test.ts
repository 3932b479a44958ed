import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { parseAction } from "./actionMessage.ts";
import { feed } from "./feed.ts";
import { initialState } from "./flow/flow.ts";
import type { Agent } from "./run.ts";
import { type Door, openDoor, welcome } from "./socket.ts";
import type { ActionMessage, ViewMessage } from "./view.ts";

const doors: Door[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

async function setUp() {
  const acted: ActionMessage[] = [];
  let heard: (() => void) | null = null;
  const state = initialState(0);
  const views = feed(state, "kiosk-1", 100, () => 7);
  const agent: Agent = {
    feed: views,
    act: (message) => {
      acted.push(message);
      heard?.();
    },
    stage: () => "home",
    metrics: () => ({
      cardToAccount: { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 },
      paidToWritten: { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 },
    }),
    close: async () => undefined,
  };
  const door = await openDoor(agent, { port: 0, origins: [] });
  doors.push(door);
  const nextAction = () =>
    new Promise<void>((resolve) => {
      heard = resolve;
    });
  return { door, views, state, acted, nextAction };
}
const connect = (door: Door, origin?: string) =>
  new WebSocket(`ws://127.0.0.1:${door.port}/socket`, origin === undefined ? {} : { origin });
const nextView = (socket: WebSocket) =>
  new Promise<ViewMessage>((resolve) => socket.once("message", (data) => resolve(JSON.parse(data.toString()))));

describe("the agent's door", () => {
  it("gives every screen the view at once and at each change", async () => {
    const { door, views, state } = await setUp();
    const one = connect(door, "http://127.0.0.1:8080");
    const two = connect(door);
    expect(await Promise.all([nextView(one), nextView(two)])).toMatchObject([{ seq: 100, now: 7 }, { seq: 100 }]);
    const changed = Promise.all([nextView(one), nextView(two)]);
    views.show({ ...state, stage: { name: "notes" }, epoch: 1 });
    expect(await changed).toMatchObject([{ seq: 101, screen: { name: "notes" } }, { seq: 101 }]);
  });

  it("hands actions on and drops what is none", async () => {
    const { door, acted, nextAction } = await setUp();
    const screen = connect(door);
    await nextView(screen);
    const heard = nextAction();
    screen.send("{}");
    screen.send('{"type":"action","seq":1,"action":{"do":"launch"}}');
    screen.send('{"type":"action","seq":100,"action":{"do":"start"}}');
    await heard;
    expect(acted).toEqual([{ type: "action", seq: 100, action: { do: "start" } }]);
  });

  it("does not open to other sites", async () => {
    const { door } = await setUp();
    const screen = connect(door, "https://example.com");
    const failed = await new Promise<Error>((resolve) => screen.once("error", resolve));
    expect(failed.message).toContain("403");
  });

  it("answers health and metrics, and nothing else", async () => {
    const { door } = await setUp();
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${door.port}${path}`);
      return [response.status, await response.json()];
    };
    expect(await get("/health")).toEqual([200, { status: "ok", stage: "home", screen: "outOfService" }]);
    expect(await get("/metrics.json")).toMatchObject([200, { cardToAccount: { count: 0 } }]);
    expect((await get("/journal.log"))[0]).toBe(404);
  });
});

describe("welcome", () => {
  it.each([
    ["127.0.0.1:9", undefined, true],
    ["localhost:9", "http://localhost:8080", true],
    ["[::1]:9", "http://[::1]:8080", true],
    ["127.0.0.1:9", "null", false],
    ["127.0.0.1:9", "http://127.0.0.1.example.com", false],
    ["evil.example:9", undefined, false],
    ["kiosk.example:9", "https://kiosk.example", true],
    ["kiosk.example:9", "https://other.example", false],
  ])("host %s, origin %s: %s", (host, origin, expected) => {
    expect(welcome({ headers: { host, origin } }, ["https://kiosk.example"])).toBe(expected);
  });
});

describe("parseAction", () => {
  it.each([
    ["", null],
    ["null", null],
    ['{"type":"action","seq":"1","action":{"do":"ok"}}', null],
    ['{"type":"action","seq":1,"action":{"do":"key","key":"12"}}', null],
    ['{"type":"action","seq":1,"action":{"do":"quick","value":1.5}}', null],
    ['{"type":"action","seq":1,"action":{"do":"quick","value":5000}}', { do: "quick", value: 5000 }],
    ['{"type":"action","seq":1,"action":{"do":"key","key":"."}}', { do: "key", key: "." }],
  ])("%s", (text, action) => {
    expect(parseAction(text)?.action ?? null).toEqual(action);
  });
});

import fc from "fast-check";
import { afterEach, describe, expect, inject, it, vi } from "vitest";
import { gasCard, type StandIn, standIn } from "./dll.testkit.ts";
import { type DllBridge, type DllBridgeOptions, dllBridge, parseDllLine } from "./dllBridge.ts";

const open: DllBridge[] = [];
afterEach(async () => {
  for (const bridge of open.splice(0)) await bridge.close();
});
const card = { claimedBy: ["xianfeng"], fields: gasCard };

function started(
  over: Parameters<typeof standIn>[0] = {},
  options: Partial<DllBridgeOptions> = {},
): { exe: StandIn; bridge: DllBridge; problems: string[] } {
  const exe = standIn({ card, ...over });
  const problems: string[] = [];
  const bridge = dllBridge({
    command: exe.command,
    firstWaitMs: 1,
    longestWaitMs: 5,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  open.push(bridge);
  return { exe, bridge, problems };
}
const up = (bridge: DllBridge) => vi.waitUntil(() => bridge.makers().length > 0, { timeout: 20_000 });
const read = (bridge: DllBridge) => bridge.call("xianfeng", "ReadGasCard", {});

describe("dllBridge", () => {
  it("asks a maker and is answered, byte by byte if need be", async () => {
    const { bridge, exe } = started();
    expect(await read(bridge)).toEqual({ ok: false, reason: "notAsked" });
    await up(bridge);
    expect(bridge.makers()).toEqual(["xianfeng", "dandong"]);
    expect(await bridge.call("xianfeng", "CheckGasCard", {})).toEqual({ ok: true, code: 0, fields: {} });
    expect(await bridge.call("dandong", "CheckGasCard", {})).toMatchObject({ code: -14 });
    exe.set({ fault: { on: "ReadGasCard", kind: "slowly" } });
    expect(await read(bridge)).toEqual({ ok: true, code: 0, fields: gasCard });
    expect(await bridge.call("jinka", "CheckGasCard", {})).toEqual({ ok: false, reason: "notAsked" });
  });

  it("has one request in flight and queues none", async () => {
    const { bridge, exe } = started();
    await up(bridge);
    const [first, second] = await Promise.all([read(bridge), read(bridge)]);
    expect([first.ok, second]).toEqual([true, { ok: false, reason: "notAsked" }]);
    expect(exe.log().filter((line) => line === "xianfeng ReadGasCard")).toHaveLength(1);
  });

  it.each(["hangsBefore", "hangsAfter", "crashesBefore", "crashesAfter", "garbage", "oversized", "anothersId"])(
    "%s: the answer is lost, the call is not made again, and the process is started anew",
    async (kind) => {
      const { bridge, exe, problems } = started({}, { callTimeoutMs: kind.startsWith("hangs") ? 300 : 20_000 });
      await up(bridge);
      exe.set({ fault: { on: "WriteGasCard", kind } });
      const sale = { kh: gasCard.kh, dqdm: gasCard.dqdm, ql: 120, cs: 4, ljgql: 370, bkcs: 0, sqrq: "20261129" };
      expect(await bridge.call("xianfeng", "WriteGasCard", sale)).toEqual({ ok: false, reason: "lost" });
      await vi.waitUntil(() => exe.log().filter((line) => line === "start").length === 2, { timeout: 20_000 });
      await up(bridge);
      expect(exe.log().filter((line) => line.endsWith("WriteGasCard"))).toHaveLength(1);
      expect(problems.length).toBeGreaterThan(0);
      // What came of it, only a reading tells.
      const written = !kind.endsWith("Before");
      expect(await read(bridge)).toMatchObject({ fields: { cs: written ? 4 : 3 } });
    },
  );

  it.each(["dies", "garbage", "silent"] as const)(
    "that never comes up (%s) is started so often and no more",
    async (start) => {
      const { bridge, exe, problems } = started({ start }, { startTimeoutMs: 200 });
      await vi.waitUntil(() => problems.some((problem) => problem.includes("not again")), { timeout: 25_000 });
      expect(bridge.makers()).toEqual([]);
      // The slowest to start is killed before it has written its line.
      expect(exe.log().length).toBeLessThanOrEqual(8);
      expect(await read(bridge)).toEqual({ ok: false, reason: "notAsked" });
    },
  );

  it("a program that is not there is a problem, not a crash", async () => {
    const problems: string[] = [];
    const bridge = dllBridge({
      command: ["/no/such/bridge"],
      firstWaitMs: 1,
      longestWaitMs: 1,
      onProblem: (problem) => problems.push(problem),
    });
    open.push(bridge);
    await vi.waitUntil(() => problems.some((problem) => problem.includes("not again")), { timeout: 20_000 });
    expect(problems[0]).toContain("ENOENT");
  });

  it("closing ends a call and the process", async () => {
    const { bridge, exe } = started();
    await up(bridge);
    exe.set({ fault: { on: "ReadGasCard", kind: "hangsBefore" } });
    const running = read(bridge);
    await bridge.close();
    expect(await running).toEqual({ ok: false, reason: "lost" });
  });
});

describe("its lines", () => {
  it("are a greeting, an answer, or nothing", () => {
    expect(parseDllLine('{"event":"ready","version":1,"makers":["a","b"]}')).toEqual({
      kind: "hello",
      makers: ["a", "b"],
    });
    expect(parseDllLine('{"id":1,"code":-4}')).toEqual({ kind: "answer", id: 1, code: -4, fields: {} });
    for (const line of [
      "",
      "{}",
      "[]",
      '{"id":1}',
      '{"id":"1","code":0}',
      '{"id":1,"code":0.5}',
      '{"id":1,"code":0,"fields":[]}',
    ]) {
      expect(parseDllLine(line)).toBeNull();
    }
    for (const makers of [[], ["A"], ["a", "a"], [1], "a"]) {
      expect(parseDllLine(JSON.stringify({ event: "ready", version: 1, makers }))).toBeNull();
    }
    expect(parseDllLine('{"event":"ready","version":2,"makers":["a"]}')).toBeNull();
    const odd = fc.oneof(fc.integer(), fc.string(), fc.constantFrom(null, 1, "ready", ["a"], { kh: "1" }, -4));
    const greeting = fc.record({
      event: fc.constant("ready"),
      version: fc.constantFrom(1, 2),
      makers: fc.array(fc.constantFrom("a", "b", "C", 1)),
    });
    const line = fc.oneof(
      greeting.map((value) => JSON.stringify(value)),
      fc.string(),
      fc
        .record({ event: odd, version: odd, makers: odd, id: odd, code: odd, fields: odd }, { requiredKeys: [] })
        .map((value) => JSON.stringify(value)),
    );
    const kinds = new Set<string>();
    fc.assert(
      fc.property(line, (text) => {
        kinds.add(parseDllLine(text)?.kind ?? "nothing");
      }),
      { numRuns: inject("long") ? 1_000_000 : 5_000 },
    );
    expect([...kinds].sort()).toEqual(["answer", "hello", "nothing"]);
  });
});

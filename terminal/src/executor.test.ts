import type { CardReader, ReaderFailure, ReaderResult } from "@citygas/devices";
import type { CardScript, ScriptStep } from "@citygas/gascard";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runScript } from "./executor.ts";

/** A card in memory. `failAt`: the n-th call (0-based) fails so. `deaf`: written bytes that stay as they are. */
function fakeCard(options: { failAt?: number; reason?: ReaderFailure; deaf?: number[] } = {}) {
  const memory = new Uint8Array(256).map((_, i) => i);
  const calls: string[] = [];
  const call = <T>(name: string, value: () => T): ReaderResult<T> => {
    calls.push(name);
    if (calls.length - 1 === options.failAt) return { ok: false, reason: options.reason ?? "removed" };
    return { ok: true, value: value() };
  };
  const reader: CardReader = {
    subscribe: () => () => undefined,
    select: async () => call("select", () => null),
    read: async (_, offset, length) => call(`read ${offset}+${length}`, () => memory.slice(offset, offset + length)),
    counter: async () => call("counter", () => 7),
    present: async () => call("present", () => 7),
    write: async (_, offset, data) =>
      call(`write ${offset}+${data.length}`, () => {
        for (const [i, byte] of data.entries()) if (!options.deaf?.includes(offset + i)) memory[offset + i] = byte;
        return null;
      }),
    close: async () => undefined,
  };
  return { reader, calls, memory };
}
const steps: ScriptStep[] = [
  { op: "select", chip: "sle4442" },
  { op: "read", offset: 0, length: 2, expect: "0001" },
  { op: "counter", expect: 7 },
  { op: "present", secret: "a1b2c3" },
  { op: "write", offset: 64, data: "aabb" },
  { op: "write", offset: 66, data: "cc" },
];
const script = (over: Partial<CardScript> = {}): CardScript => ({
  id: "s",
  purpose: "write",
  steps,
  deadlineAt: 1_000,
  ...over,
});
const run = (reader: CardReader) => ({ reader, powerUpId: "p", serverNowMs: () => 1_000 });
const allCalls = ["select", "read 0+2", "counter", "present", "write 64+2", "read 64+2", "write 66+1", "read 66+1"];

describe("runScript", () => {
  it("does each step once, in order, and reads back what it wrote", async () => {
    const { reader, calls, memory } = fakeCard();
    expect(await runScript(script(), run(reader))).toEqual({
      scriptId: "s",
      powerUpId: "p",
      results: [
        { step: 1, data: "0001" },
        { step: 2, counter: 7 },
        { step: 3, counter: 7 },
        { step: 4, data: "aabb" },
        { step: 5, data: "cc" },
      ],
    });
    expect(calls).toEqual(allCalls);
    expect([...memory.slice(64, 67)]).toEqual([0xaa, 0xbb, 0xcc]);
  });

  it("stops at bytes it does not expect, before any secret is shown", async () => {
    const { reader, calls } = fakeCard();
    const other = script({ steps: steps.map((s) => (s.op === "read" ? { ...s, expect: "ffff" } : s)) });
    const report = await runScript(other, run(reader));
    expect(report.failure).toEqual({ step: 1, reason: "mismatch" });
    expect(report.results).toEqual([{ step: 1, data: "0001" }]);
    expect(calls).toEqual(["select", "read 0+2"]);
  });

  it("stops at a byte that did not take", async () => {
    const { reader, calls } = fakeCard({ deaf: [65] });
    const report = await runScript(script(), run(reader));
    expect(report.failure).toEqual({ step: 4, reason: "verifyFailed" });
    expect(report.results.at(-1)).toEqual({ step: 4, data: "aa41" });
    expect(calls.at(-1)).toBe("read 64+2");
  });

  it("starts nothing after the deadline, and at it still does", async () => {
    const { reader, calls } = fakeCard();
    let now = 998;
    const report = await runScript(script(), { reader, powerUpId: "p", serverNowMs: () => now++ });
    expect(report.failure).toEqual({ step: 3, reason: "expired" });
    expect(calls).toEqual(["select", "read 0+2", "counter"]);
  });

  it("starts nothing after it was killed", async () => {
    const { reader, calls } = fakeCard();
    const report = await runScript(script(), { ...run(reader), signal: AbortSignal.abort() });
    expect(report).toMatchObject({ results: [], failure: { step: 0, reason: "removed" } });
    expect(calls).toEqual([]);
  });

  it("whatever fails wherever: the calls are a prefix, nothing is tried twice, the reason is kept", async () => {
    const reasons: ReaderFailure[] = ["removed", "locked", "wrongSecret", "verifyFailed", "readerFault", "stale"];
    await fc.assert(
      fc.asyncProperty(fc.nat(allCalls.length - 1), fc.constantFrom(...reasons), async (failAt, reason) => {
        const { reader, calls } = fakeCard({ failAt, reason });
        const report = await runScript(script(), run(reader));
        expect(calls).toEqual(allCalls.slice(0, failAt + 1));
        expect(report.failure?.reason).toBe(reason);
        expect(report.results.every((result) => result.step < (report.failure?.step ?? -1))).toBe(true);
      }),
    );
  });
});

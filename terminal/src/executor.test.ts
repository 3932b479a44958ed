import type { CardReader, ReaderFailure, ReaderResult } from "@citygas/devices";
import type { CardScript, ScriptStep } from "@citygas/gascard";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runScript } from "./executor.ts";

const reasons: ReaderFailure[] = ["removed", "locked", "wrongSecret", "verifyFailed", "readerFault", "stale"];

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

/** A CPU card that answers from a list: `answers[i]` to the i-th command. */
function fakeCpuCard(answers: (string | ReaderFailure)[]) {
  const { reader } = fakeCard();
  const sent: string[] = [];
  const withTransmit: CardReader = {
    ...reader,
    transmit: async (_, apdu) => {
      sent.push(Buffer.from(apdu).toString("hex"));
      const answer = answers[sent.length - 1] ?? "6d00";
      if (/^[0-9a-f]+$/.test(answer)) return { ok: true, value: Uint8Array.from(Buffer.from(answer, "hex")) };
      return { ok: false, reason: reasons.find((reason) => reason === answer) ?? "readerFault" };
    },
  };
  return { reader: withTransmit, sent };
}

const cpuSteps: ScriptStep[] = [
  { op: "select", chip: "cpu" },
  { op: "exchange", apdu: "00b0810002", sw: "9000", part: { offset: 0, length: 2 }, expect: "0102" },
  { op: "seal", challengeBytes: 4, sw: "9000" },
];

describe("CPU cards", () => {
  const good = ["01029000", "aabbccdd9000", "9000"];
  const sealed = "04d6820005ff11223344";

  it("sends the challenge up and the finished command down, once", async () => {
    const { reader, sent } = fakeCpuCard(good);
    const asked: unknown[] = [];
    const seal = async (request: unknown) => {
      asked.push(request);
      return sealed;
    };
    const report = await runScript(script({ steps: cpuSteps }), { ...run(reader), seal });
    expect(report.failure).toBeUndefined();
    expect(report.results).toEqual([
      { step: 1, data: "01029000" },
      { step: 2, data: "9000" },
    ]);
    expect(asked).toEqual([{ scriptId: "s", powerUpId: "p", step: 2, challenge: "aabbccdd" }]);
    expect(sent).toEqual(["00b0810002", "0084000004", sealed]);
  });

  it.each([
    ["other bytes", ["01039000"], 1, "mismatch"],
    ["fewer bytes", ["019000"], 1, "mismatch"],
    ["another status word", ["6a82"], 1, "mismatch"],
    ["no challenge", ["01029000", "6d00"], 2, "mismatch"],
    ["a short challenge", ["01029000", "aabb9000"], 2, "mismatch"],
    ["a refused seal", ["01029000", "aabbccdd9000", "6988"], 2, "mismatch"],
    ["a card pulled in the seal", ["01029000", "aabbccdd9000", "removed"], 2, "removed"],
  ] as const)("stops at %s", async (_what, answers, step, reason) => {
    const { reader, sent } = fakeCpuCard([...answers]);
    const report = await runScript(script({ steps: cpuSteps }), { ...run(reader), seal: async () => sealed });
    expect(report.failure).toEqual({ step, reason });
    expect(sent).toHaveLength(answers.length);
  });

  it("sends nothing that the centre did not seal, or sealed too late", async () => {
    const late = fakeCpuCard(good);
    let now = 1_000;
    const seal = async () => {
      now = 1_001;
      return sealed;
    };
    const run = (reader: CardReader) => ({ reader, powerUpId: "p", serverNowMs: () => now });
    const report = await runScript(script({ steps: cpuSteps }), { ...run(late.reader), seal });
    expect(report.failure).toEqual({ step: 2, reason: "expired" });
    now = 1_000;
    const unsealed = fakeCpuCard(good);
    const none = await runScript(script({ steps: cpuSteps }), { ...run(unsealed.reader), seal: async () => null });
    expect(none.failure).toEqual({ step: 2, reason: "expired" });
    const alone = fakeCpuCard(good);
    expect((await runScript(script({ steps: cpuSteps }), run(alone.reader))).failure?.reason).toBe("expired");
    for (const { sent } of [late, unsealed, alone]) expect(sent).toEqual(["00b0810002", "0084000004"]);
  });

  it("stops at a reader that takes no CPU cards", async () => {
    const { reader } = fakeCard();
    const report = await runScript(script({ steps: cpuSteps }), run(reader));
    expect(report).toMatchObject({ results: [], failure: { step: 1, reason: "readerFault" } });
  });
});

describe("memory chips with more to them", () => {
  const rekey: ScriptStep[] = [{ op: "rekey", secret: "010203" }];
  const erase: ScriptStep[] = [{ op: "erase", offset: 22, length: 2, key: "a1a2" }];

  it("changes a secret where the reader can", async () => {
    const { reader } = fakeCard();
    const given: string[] = [];
    const able: CardReader = {
      ...reader,
      rekey: async (_, secret) => {
        given.push(Buffer.from(secret).toString("hex"));
        return { ok: true, value: 7 };
      },
    };
    expect((await runScript(script({ steps: rekey }), run(able))).results).toEqual([{ step: 0, counter: 7 }]);
    expect(given).toEqual(["010203"]);
    expect((await runScript(script({ steps: rekey }), run(reader))).failure?.reason).toBe("readerFault");
  });

  it("believes an erase only when the zone reads as erased", async () => {
    const { reader, memory } = fakeCard();
    const able = (works: boolean): CardReader => ({
      ...reader,
      erase: async (_, offset) => {
        if (works) memory.fill(0xff, offset, offset + 2);
        return { ok: true, value: null };
      },
    });
    const failed = await runScript(script({ steps: erase }), run(able(false)));
    expect(failed).toMatchObject({ results: [{ data: "1617" }], failure: { step: 0, reason: "verifyFailed" } });
    const done = await runScript(script({ steps: erase }), run(able(true)));
    expect(done).toMatchObject({ results: [{ step: 0, data: "ffff" }] });
    expect(done.failure).toBeUndefined();
    expect((await runScript(script({ steps: erase }), run(reader))).failure?.reason).toBe("readerFault");
  });
});

/** The executor's own scripts, on cards that only a maker's DLL can read and write: a process of its own plays the DLL. */
import type { CardReader, ReaderEvent } from "@citygas/devices";
import {
  type CardScript,
  classify,
  type DllCard,
  decodeReport,
  dllDriver,
  dllImage,
  identifyImage,
  planSteps,
  probeSteps,
  type ScriptStep,
} from "@citygas/gascard";
import { afterEach, describe, expect, it, vi } from "vitest";
import { runScript } from "../executor.ts";
import { dandong, gasCard, type StandIn, standIn, xianfeng } from "./dll.testkit.ts";
import { dllBridge } from "./dllBridge.ts";
import { dllReader } from "./dllReader.ts";

const driver = dllDriver(xianfeng);
const open: CardReader[] = [];
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.close();
});

function plugged(
  over: Parameters<typeof standIn>[0] = {},
  callTimeoutMs = 20_000,
): { exe: StandIn; reader: CardReader; events: ReaderEvent[] } {
  const exe = standIn(over);
  let named = 0;
  const reader = dllReader({
    makers: [xianfeng, dandong],
    newId: () => `p${++named}`,
    pollMs: 5,
    openBridge: (onChange) =>
      dllBridge({ command: exe.command, firstWaitMs: 1, longestWaitMs: 5, callTimeoutMs, onChange }),
  });
  open.push(reader);
  const events: ReaderEvent[] = [];
  reader.subscribe((event) => events.push(event));
  return { exe, reader, events };
}
const insertedAs = async (events: ReaderEvent[], powerUpId: string): Promise<void> => {
  await vi.waitUntil(() => events.some((event) => event.type === "inserted" && event.powerUpId === powerUpId), {
    timeout: 20_000,
  });
};
const claimed = (over: Partial<DllCard> = {}, claimedBy = ["xianfeng"]) => ({
  claimedBy,
  fields: { ...gasCard, ...over },
});
const script = (steps: ScriptStep[]): CardScript => ({ id: "s", purpose: "write", steps, deadlineAt: 1 });
const run = (reader: CardReader, powerUpId: string, steps: ScriptStep[]) =>
  runScript(script(steps), { reader, powerUpId, serverNowMs: () => 1 });

const before = dllImage(xianfeng, gasCard) ?? new Uint8Array(0);
const purchase = {
  countBefore: 3,
  totalBefore: 250_000,
  amount: { kind: "volume", volumeL: 120_000 },
  boughtOn: "2026-11-29",
} as const;
const after = driver.purchaseImage(before, purchase);
const sale = () => planSteps(driver, before, after, null);
const writes = (exe: StandIn): string[] => exe.log().filter((line) => line.endsWith("WriteGasCard"));

describe("dllReader", () => {
  it("probes without writing, sells with one call, and the last read is the card's own word", async () => {
    const { exe, reader, events } = plugged({ card: claimed() });
    await insertedAs(events, "p1");
    const probe = script(probeSteps("at24c02"));
    const report = decodeReport(probe, await run(reader, "p1", probe.steps));
    expect(report).toMatchObject({ ok: true, image: before });
    expect(writes(exe)).toEqual([]);
    const write = script(sale());
    expect(decodeReport(write, await run(reader, "p1", write.steps))).toMatchObject({ ok: true, image: after });
    expect(writes(exe)).toEqual(["xianfeng WriteGasCard"]);
    expect(exe.state().card?.fields).toEqual({ ...gasCard, ql: 120, cs: 4, ljgql: 370, sqrq: "20261129" });
    // The same script again finds another card than it expects, and calls nothing.
    expect((await run(reader, "p1", sale())).failure).toMatchObject({ reason: "mismatch" });
    expect(writes(exe)).toHaveLength(1);
  });

  it("takes in every sale, whichever of its bytes happen not to change", async () => {
    const { exe, reader, events } = plugged({ card: claimed() });
    await insertedAs(events, "p1");
    let card = gasCard;
    for (const ql of [1, 7, 255, 256, 300, 17]) {
      exe.set({ card: claimed({ ...card, ql: 0 }) });
      const now = dllImage(xianfeng, { ...card, ql: 0 }) ?? new Uint8Array(0);
      const sold = { ...purchase, countBefore: card.cs, amount: { kind: "volume", volumeL: ql * 1_000 } } as const;
      const report = await run(reader, "p1", planSteps(driver, now, driver.purchaseImage(now, sold), null));
      expect(report.failure).toBeUndefined();
      card = exe.state().card?.fields ?? card;
      expect(card).toMatchObject({ ql, cs: sold.countBefore + 1 });
    }
  });

  it("a DLL that says it has not written, has not; one that says it has and has not, is found out", async () => {
    const { exe, reader, events } = plugged({ card: claimed() });
    await insertedAs(events, "p1");
    exe.set({ fault: { on: "WriteGasCard", kind: "notWritten" } });
    expect((await run(reader, "p1", sale())).failure?.reason).toBe("verifyFailed");
    exe.set({ fault: { on: "WriteGasCard", kind: "pretends" } });
    expect((await run(reader, "p1", sale())).failure?.reason).toMatch(/verifyFailed|mismatch/);
    expect(exe.state().card?.fields.cs).toBe(3);
    exe.set({ card: claimed({ czsx: 100 }) });
    const low = dllImage(xianfeng, { ...gasCard, czsx: 100 }) ?? new Uint8Array(0);
    const report = await run(reader, "p1", planSteps(driver, low, driver.purchaseImage(low, purchase), null));
    expect(report.failure?.reason).toBe("verifyFailed");
    expect(exe.state().card?.fields.cs).toBe(3);
  });

  it("what is no sale on this card is written nowhere, and the last read says so", async () => {
    const { exe, reader, events } = plugged({ card: claimed({ ql: 50 }) });
    await insertedAs(events, "p1");
    const unloaded = dllImage(xianfeng, { ...gasCard, ql: 50 }) ?? new Uint8Array(0);
    const report = await run(reader, "p1", planSteps(driver, unloaded, driver.purchaseImage(unloaded, purchase), null));
    expect(report.failure?.reason).toBe("mismatch");
    expect(writes(exe)).toEqual([]);
  });

  it.each(["crashesBefore", "crashesAfter", "hangsAfter", "garbage"])(
    "%s in the write: a fault, no second call, and the next reading tells",
    async (kind) => {
      const { exe, reader, events } = plugged({ card: claimed() }, kind === "hangsAfter" ? 500 : 20_000);
      await insertedAs(events, "p1");
      exe.set({ fault: { on: "WriteGasCard", kind } });
      const report = await run(reader, "p1", sale());
      expect(report.failure?.reason).toBe("readerFault");
      await insertedAs(events, "p2");
      expect(writes(exe)).toHaveLength(1);
      expect((await run(reader, "p1", sale())).failure?.reason).toBe("stale");
      const probe = script(probeSteps("at24c02"));
      const found = decodeReport(probe, await run(reader, "p2", probe.steps));
      const written = kind !== "crashesBefore";
      expect(classify(driver, found.image ?? new Uint8Array(0), before, after, null, purchase)).toBe(
        written ? "written" : "unwritten",
      );
    },
  );

  it.each([
    ["two makers claim it", claimed({}, ["xianfeng", "dandong"]), { ok: false, problem: "undecided" }],
    ["nobody claims it", claimed({}, []), { ok: false, problem: "foreign" }],
    ["it is a tool card", { ...claimed(), tool: true }, { ok: true, identity: { role: "tool" } }],
    ["it says what can't be", claimed({ ql: 10, ljgql: 5 }), { ok: false, problem: "undecided" }],
  ])("where %s, the centre is told so and nothing is written", async (_what, card, told) => {
    const { exe, reader, events } = plugged({ card });
    await insertedAs(events, "p1");
    const probe = script(probeSteps("at24c02"));
    const found = decodeReport(probe, await run(reader, "p1", probe.steps));
    expect(identifyImage(found.image ?? new Uint8Array(0), "at24c02")).toMatchObject(told);
    expect((await reader.write("p1", 64, Uint8Array.of(1))).ok).toBe(false);
    expect(writes(exe)).toEqual([]);
  });

  it("sees cards come, go and change places, and shows nothing of one on another", async () => {
    const { exe, reader, events } = plugged();
    await vi.waitUntil(() => events.some(({ type }) => type === "ready"), { timeout: 20_000 });
    exe.set({ card: claimed() });
    await insertedAs(events, "p1");
    exe.set({ card: claimed({ kh: "0311203087" }) });
    await insertedAs(events, "p2");
    expect(await reader.read("p1", 0, 256)).toEqual({ ok: false, reason: "stale" });
    exe.set({ card: null });
    await vi.waitUntil(() => events.filter(({ type }) => type === "removed").length === 2, { timeout: 20_000 });
    expect(await reader.read("p2", 0, 256)).toEqual({ ok: false, reason: "removed" });
  });

  it("a card that comes while the makers are asked in turn is whose it is, never nobody's first", async () => {
    const { reader, events } = plugged({ card: claimed(), fault: { on: "CheckGasCard", kind: "noCard" } });
    await insertedAs(events, "p1");
    expect(await reader.read("p1", 0, 256)).toMatchObject({ ok: true, value: before });
    expect(events.filter(({ type }) => type === "inserted" || type === "removed")).toHaveLength(1);
  });

  it("a card pulled between its two looks is no card", async () => {
    const { exe, events } = plugged({ card: claimed(), fault: { on: "ReadGasCard", kind: "noCard" } });
    await insertedAs(events, "p1");
    expect(exe.log().filter((line) => line === "xianfeng ReadGasCard").length).toBeGreaterThan(1);
    expect(events.filter(({ type }) => type === "inserted")).toHaveLength(1);
    expect(events.filter(({ type }) => type === "removed")).toHaveLength(0);
  });

  it("a card changed within a script is another card", async () => {
    const { exe, reader, events } = plugged({ card: claimed() });
    await insertedAs(events, "p1");
    exe.set({ card: claimed({ kh: "0311203087" }) });
    expect((await run(reader, "p1", sale())).failure?.reason).toMatch(/removed|stale/);
    expect(writes(exe)).toEqual([]);
  });

  it("shows no secret, and takes no chip but its own", async () => {
    const { reader, events } = plugged({ card: claimed() });
    await insertedAs(events, "p1");
    expect(await reader.counter("p1")).toEqual({ ok: false, reason: "readerFault" });
    expect(await reader.present("p1", Uint8Array.of(1, 2, 3))).toEqual({ ok: false, reason: "readerFault" });
    expect(await reader.select("p1", "sle4442")).toEqual({ ok: false, reason: "readerFault" });
  });
});

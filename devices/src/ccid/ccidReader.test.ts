import { afterEach, describe, expect, it } from "vitest";
import type { CardReader, ReaderEvent } from "../card-reader.ts";
import { acsReader, chipInReader } from "../dialect/cards.testkit.ts";
import { collector } from "../testServer.ts";
import { type CardInSlot, type VirtualCcid, virtualCcid } from "./ccidReader.testkit.ts";
import { type CcidReaderOptions, ccidReader } from "./ccidReader.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const failed = (reason: string) => ({ ok: false, reason });
const open: CardReader[] = [];
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.close();
});

const sle4442 = (): CardInSlot => ({ atr: "3b04a2131091", card: acsReader(chipInReader("sle4442")) });

function plugged(options: Partial<CcidReaderOptions> = {}): {
  wire: VirtualCcid;
  reader: CardReader;
  events: ReturnType<typeof collector<ReaderEvent>>;
} {
  const wire = virtualCcid();
  let named = 0;
  const reader = ccidReader((listener) => wire.open(listener), {
    newId: () => `p${++named}`,
    pollMs: null,
    ...options,
  });
  open.push(reader);
  const events = collector<ReaderEvent>();
  reader.subscribe(events.push);
  return { wire, reader, events };
}
/** With a card in it, whose first power-up is "p1". */
async function withCard(options: Partial<CcidReaderOptions> = {}) {
  const all = plugged(options);
  all.wire.insert(sle4442(), true);
  expect((await all.events.next(3)).slice(1)).toEqual([
    { type: "ready" },
    { type: "inserted", powerUpId: "p1", atr: "3b04a2131091" },
  ]);
  return all;
}

describe("ccidReader", () => {
  it("reads, shows the secret and writes, in pieces of 20 bytes", async () => {
    const { wire, reader } = await withCard();
    expect(await reader.select("p1", "sle4442")).toEqual({ ok: true, value: null });
    expect(await reader.counter("p1")).toEqual({ ok: true, value: 7 });
    expect(await reader.present("p1", hex("a1b2c3"))).toEqual({ ok: true, value: 7 });
    const data = Uint8Array.from({ length: 60 }, (_, i) => i);
    expect(await reader.write("p1", 40, data)).toEqual({ ok: true, value: null });
    expect(await reader.read("p1", 40, 60)).toEqual({ ok: true, value: data });
    const whole = await reader.read("p1", 0, 256);
    expect(whole.ok && whole.value.length).toBe(256);
    expect(wire.longestWrite).toBe(20);
    expect(new Set(wire.heard.map(({ seq }) => seq)).size).toBe(wire.heard.length);
  });

  it("hears of cards that come and go; each is a power-up of its own", async () => {
    const { wire, reader, events } = plugged();
    await events.next(2);
    wire.insert(sle4442());
    await events.next(3);
    wire.remove();
    await events.next(4);
    wire.insert({ ...sle4442(), atr: null });
    const all = await events.next(5);
    expect(all.map(({ type }) => type)).toEqual(["fault", "ready", "inserted", "removed", "mute"]);
    expect(await reader.select("p1", "sle4442")).toEqual(failed("stale"));
    expect(await reader.select("p2", "sle4442")).toEqual(failed("readerFault"));
    wire.remove();
    await events.next(6);
    expect(await reader.select("p2", "sle4442")).toEqual(failed("removed"));
  });

  it("asks readers that don't tell", async () => {
    const { wire, events } = plugged({ pollMs: 1 });
    await events.next(2);
    wire.insert(sle4442(), true);
    await events.next(3);
    wire.remove(true);
    await events.next(4);
    // Out and in again between two questions: the chip has lost its power, so it is another power-up.
    wire.insert(sle4442(), true);
    await events.next(5);
    wire.insert(sle4442(), true);
    const all = await events.next(7);
    expect(all.slice(2).map(({ type }) => type)).toEqual(["inserted", "removed", "inserted", "removed", "inserted"]);
  });

  it("waits as long as the reader asks it to, and not for ever", async () => {
    const { wire, reader, events } = await withCard({ commandTimeoutMs: 200, longestWaitMs: 40 });
    wire.next = "timeExtensions";
    expect(await reader.select("p1", "sle4442")).toEqual({ ok: true, value: null });
    wire.next = "endlessTimeExtensions";
    expect(await reader.counter("p1")).toEqual(failed("readerFault"));
    const all = await events.next(7);
    expect(all.slice(3).map(({ type }) => type)).toEqual(["removed", "fault", "ready", "inserted"]);
  });

  it("drops a reply to an earlier command", async () => {
    const { wire, reader } = await withCard();
    await reader.select("p1", "sle4442");
    wire.next = "lateReplyFirst";
    expect(await reader.read("p1", 0, 2)).toEqual({ ok: true, value: hex("a213") });
  });

  it.each(["silence", "noise"] as const)("%s ends the connection and the power-up", async (what) => {
    const { wire, reader, events } = await withCard({ commandTimeoutMs: 20 });
    await reader.select("p1", "sle4442");
    wire.next = what;
    expect(await reader.read("p1", 0, 2)).toEqual(failed("readerFault"));
    const all = await events.next(7);
    expect(all.slice(3).map(({ type }) => type)).toEqual(["removed", "fault", "ready", "inserted"]);
    expect(wire.connections).toBe(2);
    expect(await reader.read("p1", 0, 2)).toEqual(failed("stale"));
  });

  it("a card torn out in a command is removed; one that fell silent is powered up anew", async () => {
    const { wire, reader, events } = await withCard();
    await reader.select("p1", "sle4442");
    wire.next = "mute";
    expect(await reader.read("p1", 0, 2)).toEqual(failed("removed"));
    expect((await events.next(5)).slice(3)).toMatchObject([
      { type: "removed", powerUpId: "p1" },
      { type: "inserted", powerUpId: "p2" },
    ]);
    expect(await reader.read("p1", 0, 2)).toEqual(failed("stale"));
    await reader.select("p2", "sle4442");
    wire.next = "removed";
    expect(await reader.read("p2", 0, 2)).toEqual(failed("removed"));
    expect((await events.next(6))[5]).toEqual({ type: "removed", powerUpId: "p2" });
  });

  it("a busy slot is the reader's fault and leaves the power-up as it is", async () => {
    const { wire, reader } = await withCard();
    await reader.select("p1", "sle4442");
    wire.next = "slotBusy";
    expect(await reader.read("p1", 0, 2)).toEqual(failed("readerFault"));
    expect(await reader.read("p1", 0, 2)).toEqual({ ok: true, value: hex("a213") });
  });

  it("does one thing at a time, and only so many wait", async () => {
    const { reader } = await withCard();
    await reader.select("p1", "sle4442");
    const all = await Promise.all(Array.from({ length: 20 }, () => reader.read("p1", 0, 2)));
    expect(all.filter(({ ok }) => ok)).toHaveLength(8);
    expect(all.filter((result) => !result.ok && result.reason === "readerFault")).toHaveLength(12);
  });

  it("a CPU card is taken off its power before it is asked", async () => {
    const { wire, reader } = await withCard();
    const before = wire.heard.length;
    expect(await reader.select("p1", "cpu")).toEqual({ ok: true, value: null });
    expect(wire.heard.slice(before).map(({ type }) => type)).toEqual(["iccPowerOff", "iccPowerOn"]);
    expect(await reader.transmit?.("p1", hex("0084000004"))).toEqual({ ok: true, value: hex("6e00") });
  });

  it("being asked where the card is never comes between its power going and coming back", async () => {
    const { wire, reader, events } = await withCard();
    for (let i = 0; i < 5; i++) {
      const selecting = reader.select("p1", "cpu");
      wire.tell();
      expect(await selecting).toEqual({ ok: true, value: null });
    }
    const types = wire.heard.map(({ type }) => type);
    expect(types.filter((type, at) => type === "iccPowerOff" && types[at + 1] !== "iccPowerOn")).toEqual([]);
    expect(types.filter((type) => type === "getSlotStatus").length).toBeGreaterThan(2);
    expect(await events.next(3)).toHaveLength(3);
  });

  it("what is under way when it is closed fails", async () => {
    const { wire, reader } = await withCard();
    await reader.select("p1", "sle4442");
    wire.next = "silence";
    const running = reader.read("p1", 0, 2);
    await reader.close();
    expect(await running).toEqual(failed("readerFault"));
  });
});

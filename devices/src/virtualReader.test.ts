import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { CardReader, ReaderEvent } from "./card-reader.ts";
import { collector, type TestDevice, testDevice } from "./testServer.ts";
import { virtualReader } from "./virtualReader.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

const stateLine = (card: { insertion: number; atr: string | null } | null) =>
  `${JSON.stringify({ event: "state", card })}\n`;

async function setUp(
  answer: (command: { id: number; insertion: number; apdu: string }) => object | null,
  card: { insertion: number; atr: string | null } | null,
  commandTimeoutMs = 5_000,
): Promise<{ device: TestDevice; reader: CardReader; events: ReturnType<typeof collector<ReaderEvent>> }> {
  const onData = (socket: Socket, bytes: Buffer) => {
    for (const line of bytes.toString().trim().split("\n")) {
      const reply = answer(JSON.parse(line));
      if (reply !== null) socket.write(`${JSON.stringify(reply)}\n`);
    }
  };
  const device = await testDevice(onData, stateLine(card));
  const reader = virtualReader(device.url, { commandTimeoutMs });
  open.push(reader, device);
  const events = collector<ReaderEvent>();
  reader.subscribe(events.push);
  return { device, reader, events };
}
function powerUpOf(event: ReaderEvent | undefined): string {
  if (event === undefined || !("powerUpId" in event)) throw new Error("no power-up");
  return event.powerUpId;
}

describe("virtualReader", () => {
  it("says what is in it, then reads, presents and writes", async () => {
    const apdus: string[] = [];
    const responses: Record<string, string> = {
      ffa400000106: "9000",
      ffa400000105: "6d00",
      ffb0000002: "a2139000",
      ff20000003a1b2c3: "9007",
      ffd00040020102: "9000",
      ffb1000004: "07ffffff9000",
    };
    const { reader, events } = await setUp(
      ({ id, insertion, apdu }) => {
        apdus.push(apdu);
        expect(insertion).toBe(12);
        return { id, response: responses[apdu] ?? "6d00" };
      },
      { insertion: 12, atr: "3b04a2131091" },
    );
    const [first, second, third] = await events.next(3);
    expect([first, second]).toEqual([{ type: "fault" }, { type: "ready" }]);
    expect(third).toMatchObject({ type: "inserted", atr: "3b04a2131091" });
    const powerUp = powerUpOf(third);
    expect(await reader.select(powerUp, "sle4428")).toEqual({ ok: false, reason: "readerFault" });
    expect(await reader.select(powerUp, "sle4442")).toEqual({ ok: true, value: null });
    expect(await reader.read(powerUp, 0, 2)).toEqual({ ok: true, value: Uint8Array.of(0xa2, 0x13) });
    expect(await reader.present(powerUp, Uint8Array.of(0xa1, 0xb2, 0xc3))).toEqual({ ok: true, value: 7 });
    expect(await reader.write(powerUp, 0x40, Uint8Array.of(1, 2))).toEqual({ ok: true, value: null });
    expect(await reader.counter(powerUp)).toEqual({ ok: true, value: 7 });
    expect(apdus).toHaveLength(6);
  });

  it("tells a mute card, and refuses commands for another power-up", async () => {
    const { device, reader, events } = await setUp(() => null, { insertion: 3, atr: null });
    const mute = (await events.next(3))[2];
    expect(mute?.type).toBe("mute");
    (await device.client()).write(stateLine(null) + stateLine({ insertion: 4, atr: "3b04" }));
    const all = await events.next(5);
    expect(all.slice(3).map((event) => event.type)).toEqual(["removed", "inserted"]);
    expect(await reader.select(powerUpOf(mute), "sle4442")).toEqual({ ok: false, reason: "stale" });
  });

  it("hands `removed` on in the middle of a command", async () => {
    const { reader, events } = await setUp(({ id }) => ({ id, error: "removed" }), { insertion: 1, atr: "3b04" });
    const powerUp = powerUpOf((await events.next(3))[2]);
    expect(await reader.select(powerUp, "sle4442")).toEqual({ ok: false, reason: "removed" });
  });

  it("a lost line ends the power-up and fails what is under way; the same card comes back as a new one", async () => {
    const { device, reader, events } = await setUp(() => null, { insertion: 7, atr: "3b04" });
    const before = powerUpOf((await events.next(3))[2]);
    const running = reader.select(before, "sle4442");
    device.dropClients();
    expect(await running).toEqual({ ok: false, reason: "readerFault" });
    const all = await events.next(7);
    expect(all.slice(3).map((event) => event.type)).toEqual(["removed", "fault", "ready", "inserted"]);
    expect(powerUpOf(all[6])).not.toBe(before);
  });

  it("a reader that does not answer is at fault", async () => {
    const { reader, events } = await setUp(() => null, { insertion: 7, atr: "3b04" }, 20);
    const powerUp = powerUpOf((await events.next(3))[2]);
    expect(await reader.select(powerUp, "sle4442")).toEqual({ ok: false, reason: "readerFault" });
  });

  it("an answer with half a status word is a fault", async () => {
    const { reader, events } = await setUp(
      ({ id, apdu }) => ({ id, response: apdu.startsWith("ffa4") ? "9000" : "90" }),
      { insertion: 7, atr: "3b04" },
    );
    const powerUp = powerUpOf((await events.next(3))[2]);
    await reader.select(powerUp, "sle4442");
    expect(await reader.present(powerUp, Uint8Array.of(1, 2, 3))).toEqual({ ok: false, reason: "readerFault" });
  });

  it("refuses an address that is none", () => {
    expect(() => virtualReader("http://127.0.0.1:1")).toThrow(TypeError);
  });
});

import { At24c, blankChip, CpuCard, Sle4428, Sle4442 } from "@citygas/sandbox";
import { afterEach, describe, expect, it } from "vitest";
import type { CardReader, ReaderEvent } from "../card-reader.ts";
import { openTcpLine } from "../lines/tcpLine.ts";
import { collector, testDevice } from "../testServer.ts";
import { crtDevice } from "./crtDevice.testkit.ts";
import { type CrtReaderOptions, crtReader } from "./crtReader.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const failed = (reason: string) => ({ ok: false, reason });
const done = { ok: true, value: null };
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

type Motorised = CardReader & Required<Pick<CardReader, "release" | "retain" | "transmit" | "rekey">>;
function motorised(reader: CardReader): Motorised {
  const { release, retain, transmit, rekey } = reader;
  if (!release || !retain || !transmit || !rekey) throw new Error("not motorised");
  return { ...reader, release, retain, transmit, rekey };
}

function built(options: Partial<CrtReaderOptions> = {}) {
  const device = crtDevice();
  const problems: string[] = [];
  let named = 0;
  const made = crtReader((listener) => device.open(listener), {
    newId: () => `p${++named}`,
    pollMs: 1,
    ackTimeoutMs: 30,
    replyTimeoutMs: 30,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  const reader = motorised(made);
  open.push(reader);
  const events = collector<ReaderEvent>();
  reader.subscribe(events.push);
  return { device, reader, events, problems };
}
const sle4442 = () => new Sle4442(blankChip("a1b2c3"));
/** With an SLE4442 inside and selected, whose power-up is "p1". */
async function withCard(options: Partial<CrtReaderOptions> = {}) {
  const all = built(options);
  const chip = sle4442();
  await all.events.next(2);
  all.device.insert(chip);
  expect((await all.events.next(3))[2]).toEqual({ type: "inserted", powerUpId: "p1", atr: "3b04a2131091" });
  expect(await all.reader.select("p1", "sle4442")).toEqual(done);
  return { ...all, chip };
}

describe("crtReader", () => {
  it("is ready once the reader was initialised without moving a card", async () => {
    const { device, events } = built();
    expect(await events.next(2)).toEqual([{ type: "fault" }, { type: "ready" }]);
    expect(device.done.slice(0, 3)).toEqual(["3033", "3330", "3130"]);
  });

  it("reads, shows the secret, writes, and gives the card back when it was read again", async () => {
    const { device, reader, chip, events } = await withCard();
    expect(await reader.counter("p1")).toEqual({ ok: true, value: 7 });
    expect(await reader.present("p1", hex("a1b2c3"))).toEqual({ ok: true, value: 7 });
    const data = Uint8Array.from({ length: 200 }, (_, i) => i);
    expect(await reader.write("p1", 40, data)).toEqual(done);
    expect(chip.read(40, 200)).toEqual(data);
    expect(await reader.release("p1")).toEqual(failed("verifyFailed"));
    expect(await reader.read("p1", 40, 100)).toEqual({ ok: true, value: data.slice(0, 100) });
    expect(await reader.release("p1")).toEqual(failed("verifyFailed"));
    expect(device.position).toBe("inside");
    expect(await reader.read("p1", 0, 256)).toMatchObject({ ok: true });
    expect(await reader.release("p1")).toEqual(done);
    expect(device.position).toBe("atGate");
    expect((await events.next(4))[3]).toEqual({ type: "removed", powerUpId: "p1" });
    expect(device.done.slice(-2).filter((command) => command !== "3130")).toContain("3230");
    expect(await reader.read("p1", 0, 1)).toEqual(failed("removed"));
    expect(await reader.release("p1")).toEqual(failed("removed"));
  });

  it("gives back what can't be read any more only when it is told so", async () => {
    const { device, reader } = await withCard();
    await reader.present("p1", hex("a1b2c3"));
    // The write is carried out and its answer says it was not: it may be on the card, so it counts.
    device.fault("5333", { at: "reply", kind: { error: "99" }, times: 1 });
    expect(await reader.write("p1", 40, hex("01"))).toEqual(failed("readerFault"));
    expect(await reader.release("p1")).toEqual(failed("verifyFailed"));
    expect(await reader.release("p1", "giveBack")).toEqual(done);
    expect(device.position).toBe("atGate");
  });

  it("captures a card, once, and not another one", async () => {
    const { device, reader, events } = await withCard();
    expect(await reader.retain("p0")).toEqual(failed("stale"));
    expect(await reader.retain("p1")).toEqual(done);
    expect(device.position).toBe("none");
    await events.next(4);
    expect(await reader.retain("p1")).toEqual(failed("removed"));
    expect(device.done.filter((command) => command === "3233")).toHaveLength(1);
  });

  it("a card at the gate is no insertion: one that nobody let in yet, or that was given back and left there", async () => {
    const { device, reader, events } = built();
    device.insert(sle4442());
    expect(device.position).toBe("atGate");
    await events.next(3);
    expect(device.position).toBe("inside");
    await reader.release("p1");
    expect(device.position).toBe("atGate");
    const left = device.done.length;
    while (device.done.length < left + 6) await new Promise((resolve) => setImmediate(resolve));
    expect(device.done.slice(left).every((command) => command === "3130")).toBe(true);
    expect((await events.next(4)).map(({ type }) => type)).toEqual(["fault", "ready", "inserted", "removed"]);
    device.insert(sle4442());
    expect((await events.next(5))[4]).toMatchObject({ type: "inserted", powerUpId: "p2" });
  });

  it("tells what does not answer, and gives that back too", async () => {
    const { device, reader, events } = built();
    await events.next(2);
    device.insert("nothing");
    expect((await events.next(3))[2]).toEqual({ type: "mute", powerUpId: "p1" });
    expect(await reader.select("p1", "sle4442")).toEqual(failed("readerFault"));
    expect(await reader.release("p1")).toEqual(done);
    expect(device.position).toBe("atGate");
  });

  it("drives the other chips, and CPU cards as they are", async () => {
    const { device, reader, events } = built();
    await events.next(2);
    let seen = 2;
    const insert = async (card: Parameters<typeof device.insert>[0]) => {
      device.insert(card);
      seen += 1;
      const event = (await events.next(seen))[seen - 1];
      if (event?.type !== "inserted") throw new Error(JSON.stringify(event));
      return event;
    };
    const out = async (powerUpId: string) => {
      await reader.release(powerUpId, "giveBack");
      seen += 1;
      await events.next(seen);
      device.pullOut();
    };
    const sle4428 = await insert(new Sle4428([0xa1, 0xb2]));
    expect(sle4428.atr).toBe("3b0492231091");
    await reader.select(sle4428.powerUpId, "sle4428");
    expect(await reader.counter(sle4428.powerUpId)).toEqual({ ok: true, value: 255 });
    expect(await reader.present(sle4428.powerUpId, hex("0000"))).toEqual(failed("wrongSecret"));
    expect(await reader.present(sle4428.powerUpId, hex("a1b2"))).toEqual({ ok: true, value: 255 });
    expect(await reader.write(sle4428.powerUpId, 600, hex("0102"))).toEqual(done);
    expect(await reader.read(sle4428.powerUpId, 600, 2)).toEqual({ ok: true, value: hex("0102") });
    expect(await reader.rekey(sle4428.powerUpId, hex("c3d4"))).toEqual({ ok: true, value: 255 });
    await out(sle4428.powerUpId);

    const at24c02 = await insert(new At24c("at24c02"));
    expect(at24c02.atr).toBe("3b044932432e");
    await reader.select(at24c02.powerUpId, "at24c02");
    expect(await reader.write(at24c02.powerUpId, 250, hex("010203"))).toEqual(done);
    expect(await reader.read(at24c02.powerUpId, 250, 3)).toEqual({ ok: true, value: hex("010203") });
    expect(await reader.counter(at24c02.powerUpId)).toEqual(failed("readerFault"));
    await out(at24c02.powerUpId);

    const cpu = await insert(
      CpuCard.of({
        kind: "cpu",
        aidHex: "a001",
        cipher: "3des",
        files: [{ sfi: 1, contentHex: "01020304", keyHex: "01".repeat(16) }],
        externalKeyHex: "03".repeat(16),
        tries: 3,
      }),
    );
    expect(cpu.atr).toBe("3b67000043495459474153");
    expect(await reader.select(cpu.powerUpId, "cpu")).toEqual(done);
    expect(await reader.transmit(cpu.powerUpId, hex("00a4040002a001"))).toMatchObject({ ok: true });
    expect(await reader.transmit(cpu.powerUpId, hex("00b0810004"))).toEqual({ ok: true, value: hex("010203049000") });
    const apdus = ["513300a4040002a001", "513300b0810004"];
    expect(device.done.filter((command) => command.startsWith("5133"))).toEqual(apdus);
  });

  it("says a frame again that was refused, three times at most", async () => {
    const { device, reader } = await withCard();
    device.fault("5333", { at: "command", kind: "nak", times: 2 });
    const before = device.done.length;
    expect(await reader.read("p1", 0, 2)).toEqual({ ok: true, value: hex("a213") });
    expect(device.done.slice(before).filter((command) => command.startsWith("5333"))).toHaveLength(1);
    device.fault("5333", { at: "command", kind: "nak", times: 99 });
    expect(await reader.read("p1", 0, 2)).toEqual(failed("readerFault"));
  });

  it("asks for a reply again whose check is wrong, and never has a command done twice for it", async () => {
    const { device, reader, chip } = await withCard();
    device.fault("533300200301", { at: "reply", kind: "badCheck", times: 1 });
    const before = device.done.length;
    expect(await reader.present("p1", hex("000000"))).toEqual(failed("wrongSecret"));
    expect(device.done.slice(before).filter((command) => command.startsWith("533300200301"))).toHaveLength(1);
    expect(chip.errorCounter).toBe(3);
    device.fault("5333", { at: "reply", kind: "badCheck", times: 99 });
    expect(await reader.read("p1", 0, 2)).toEqual(failed("readerFault"));
  });

  it.each([
    ["no acknowledgement", { at: "command", kind: "silence", times: 1 }],
    ["nothing to answer", { at: "command", kind: "eot", times: 1 }],
    ["noise", { at: "command", kind: "noise", times: 1 }],
    ["no reply", { at: "reply", kind: "silence", times: 1 }],
    ["EOT for a reply", { at: "reply", kind: "eot", times: 1 }],
    ["another command's reply", { at: "reply", kind: "another", times: 1 }],
  ] as const)("%s: the command is not said again, the connection and the power-up end", async (_what, fault) => {
    const { device, reader, events, chip } = await withCard();
    device.fault("533300200301", fault);
    expect(await reader.present("p1", hex("000000"))).toEqual(failed("readerFault"));
    const tries = device.done.filter((command) => command.startsWith("533300200301")).length;
    expect(tries).toBe(fault.at === "reply" ? 1 : 0);
    expect(chip.errorCounter).toBe(fault.at === "reply" ? 3 : 7);
    const all = await events.next(7);
    expect(all.slice(3).map(({ type }) => type)).toEqual(["removed", "fault", "ready", "inserted"]);
    expect(device.connections).toBe(2);
    expect(await reader.read("p1", 0, 1)).toEqual(failed("stale"));
  });

  it("a jam takes it out of service, until the reader says that all is well", async () => {
    const { device, reader, events, problems } = await withCard();
    device.fault("3230", { at: "reply", kind: { error: "10" }, times: 1 });
    expect(await reader.release("p1")).toEqual(failed("readerFault"));
    const all = await events.next(7);
    expect(all.slice(3).map(({ type }) => type)).toEqual(["removed", "fault", "ready", "inserted"]);
    expect(problems).toContain("the card reader says: jam");
  });

  it("a card that sticks on its way out is no power-up any more; taken out by hand, all is well again", async () => {
    const { device, reader, events, problems } = await withCard();
    device.jam();
    expect(await reader.release("p1")).toEqual(failed("readerFault"));
    expect((await events.next(5)).slice(3).map(({ type }) => type)).toEqual(["removed", "fault"]);
    const asked = device.done.length;
    while (device.done.length < asked + 4) await new Promise((resolve) => setImmediate(resolve));
    expect(problems).toEqual(["the card reader says: jam"]);
    device.pullOut();
    expect((await events.next(6))[5]).toEqual({ type: "ready" });
  });

  it("power lost in the middle of a write: the card stays inside, half written, as another power-up", async () => {
    const { device, reader, events, chip } = await withCard();
    await reader.present("p1", hex("a1b2c3"));
    device.failInWrite();
    expect(await reader.write("p1", 40, hex("01020304"))).toEqual(failed("readerFault"));
    expect(chip.read(40, 4)).toEqual(hex("0102ffff"));
    const all = await events.next(7);
    expect(all.slice(3).map(({ type }) => type)).toEqual(["removed", "fault", "ready", "inserted"]);
    expect(device.position).toBe("inside");
    expect(await reader.read("p1", 40, 4)).toEqual(failed("stale"));
    await reader.select("p2", "sle4442");
    expect(await reader.read("p2", 40, 4)).toEqual({ ok: true, value: hex("0102ffff") });
    // Its power was gone, and with it the secret that was shown.
    await reader.write("p2", 40, hex("05"));
    expect(await reader.read("p2", 40, 4)).toEqual({ ok: true, value: hex("0102ffff") });
  });

  it("stays out of service while it is jammed", async () => {
    const { device, events } = built();
    await events.next(2);
    device.fault("3", { at: "reply", kind: { error: "10" }, times: 1_000 });
    expect((await events.next(3))[2]).toEqual({ type: "fault" });
    const asked = device.connections;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    device.fault("ffff", { at: "reply", kind: "silence", times: 1 });
    expect((await events.next(4))[3]).toEqual({ type: "ready" });
    expect(device.connections).toBe(asked);
  });

  it.each([
    ["f2", /begin with F2/],
    ["silence", /begins with 02/],
  ] as const)(
    "%s to every frame: out of service for a reason that is told once, not at each try",
    async (kind, why) => {
      const { device, events, problems } = built();
      await events.next(2);
      device.fault("3", { at: "command", kind, times: 1_000 });
      expect((await events.next(3))[2]).toEqual({ type: "fault" });
      while (device.connections < 5) await new Promise((resolve) => setImmediate(resolve));
      expect(problems.filter((problem) => why.test(problem))).toHaveLength(1);
      expect(problems).toHaveLength(1);
      device.fault("ffff", { at: "reply", kind: "silence", times: 1 });
      expect((await events.next(4))[3]).toEqual({ type: "ready" });
    },
  );

  it("works the same over a real TCP line", async () => {
    const device = crtDevice();
    const wire = await testDevice((socket, bytes) => device.feed(bytes, (answer) => socket.write(answer)));
    const reader = motorised(
      crtReader((listener) => openTcpLine(wire.url, listener), { newId: () => "t1", pollMs: 5 }),
    );
    open.push(reader, wire);
    const events = collector<ReaderEvent>();
    reader.subscribe(events.push);
    await events.next(2);
    device.insert(sle4442());
    await events.next(3);
    await reader.select("t1", "sle4442");
    expect(await reader.read("t1", 0, 4)).toEqual({ ok: true, value: hex("a2131091") });
    expect(await reader.release("t1")).toEqual(done);
  });
});

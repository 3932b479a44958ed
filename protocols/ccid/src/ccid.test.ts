import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import {
  answers,
  type Command,
  ccidError,
  decodeCommand,
  decodeReply,
  type Exchange,
  encodeCommand,
  encodeReply,
  inChunks,
  isOfCard,
  type Level,
  maxDataBytes,
  powerOn,
  type ReaderMessage,
  type Reply,
  reassembler,
  slotStatus,
  transmit,
} from "../index.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const numRuns = inject("long") ? 1_000_000 : 5_000;

const byte = fc.nat(255);
const data = fc.uint8Array({ maxLength: 300 });
const level = fc.constantFrom<Level>("whole", "begin", "end", "middle", "goOn");
const named = { slot: byte, seq: byte };
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    ...named,
    type: fc.constant("iccPowerOn" as const),
    voltage: fc.constantFrom("auto", "5V", "3V", "1.8V"),
  }),
  fc.record({ ...named, type: fc.constantFrom("iccPowerOff", "getSlotStatus", "getParameters", "resetParameters") }),
  fc.record({ ...named, type: fc.constant("xfrBlock" as const), bwi: byte, level, data }),
  fc.record({ ...named, type: fc.constant("escape" as const), data }),
  fc.record({ ...named, type: fc.constant("setParameters" as const), protocol: byte, data }),
);
const status = fc.record({
  icc: fc.constantFrom("active", "inactive", "absent"),
  command: fc.constantFrom("ok", "failed", "wait"),
  error: byte,
});
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ ...named, status, type: fc.constant("dataBlock" as const), level, data }),
  fc.record({ ...named, status, type: fc.constant("slotStatus" as const), clock: byte }),
  fc.record({ ...named, status, type: fc.constant("parameters" as const), protocol: byte, data }),
  fc.record({ ...named, status, type: fc.constant("escape" as const), data }),
);
const message: fc.Arbitrary<ReaderMessage> = fc.oneof(
  { weight: 4, arbitrary: reply },
  fc.record({
    type: fc.constant("notifySlotChange" as const),
    slots: fc.array(fc.record({ present: fc.boolean(), changed: fc.boolean() }), { minLength: 4, maxLength: 4 }),
  }),
);
/** Where to cut a stream; sizes from one byte on, so that BLE's 20 are among them. */
const cuts = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 40 });
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    parts.push(bytes.slice(at, at + size));
    at += size;
  }
  return parts;
}

describe("messages", () => {
  it("are the specification's bytes", () => {
    const named = { slot: 0, seq: 7 };
    expect(text(encodeCommand({ ...named, type: "iccPowerOn", voltage: "auto" }))).toBe("62000000000007000000");
    expect(text(encodeCommand({ ...named, type: "iccPowerOn", voltage: "1.8V" }))).toBe("62000000000007030000");
    expect(text(encodeCommand({ ...named, type: "iccPowerOff" }))).toBe("63000000000007000000");
    expect(text(encodeCommand({ ...named, type: "getSlotStatus" }))).toBe("65000000000007000000");
    const select = { type: "xfrBlock", bwi: 0, level: "whole", data: hex("ffa400000106") } as const;
    expect(text(encodeCommand({ ...named, ...select }))).toBe("6f060000000007000000ffa400000106");
    expect(text(encodeCommand({ ...named, ...select, level: "goOn", data: hex("") }))).toBe("6f000000000007001000");
    expect(text(encodeCommand({ ...named, type: "escape", data: hex("e0000045") }))).toBe(
      "6b040000000007000000e0000045",
    );
    const long = { ...named, type: "escape", data: new Uint8Array(0x0102) } as const;
    expect(text(encodeCommand(long).subarray(0, 10))).toBe("6b020100000007000000");
    expect(decodeReply(hex("80 06000000 00 07 00 00 00 3b0492231091"))).toEqual({
      type: "dataBlock",
      ...named,
      status: { icc: "active", command: "ok", error: 0 },
      level: "whole",
      data: hex("3b0492231091"),
    });
    expect(decodeReply(hex("80 00000000 00 07 42 fe 00"))).toMatchObject({
      status: { icc: "absent", command: "failed", error: 0xfe },
    });
    expect(decodeReply(hex("80 00000000 00 07 80 03 00"))).toMatchObject({ status: { command: "wait", error: 3 } });
    expect(decodeReply(hex("50 03"))).toMatchObject({ slots: [{ present: true, changed: true }, {}, {}, {}] });
    expect(decodeReply(hex("50 02"))).toMatchObject({ slots: [{ present: false, changed: true }, {}, {}, {}] });
  });

  it("mean after decoding what they meant before encoding", () => {
    fc.assert(fc.property(command, (value) => void expect(decodeCommand(encodeCommand(value))).toEqual(value)));
    fc.assert(fc.property(message, (value) => void expect(decodeReply(encodeReply(value))).toEqual(value)));
  });

  it("from any bytes are themselves again or nothing", () => {
    const kind = fc.constantFrom(0x50, 0x61, 0x62, 0x63, 0x65, 0x6b, 0x6c, 0x6d, 0x6f, 0x80, 0x81, 0x82, 0x83);
    const some = fc
      .tuple(fc.oneof(kind, byte), fc.nat(6), fc.uint8Array({ maxLength: 16 }))
      .map(([type, length, rest]) => Uint8Array.of(type, length, 0, 0, 0, ...rest));
    let known = 0;
    fc.assert(
      fc.property(some, (bytes) => {
        const back = decodeReply(bytes);
        const asked = decodeCommand(bytes);
        if (back !== null) known++;
        // What the specification reserves may differ; what it means may not.
        if (back !== null) expect(decodeReply(encodeReply(back))).toEqual(back);
        if (asked !== null) expect(decodeCommand(encodeCommand(asked))).toEqual(asked);
        if (back !== null && asked !== null) throw new Error("a message of both");
      }),
      { numRuns },
    );
    expect(known).toBeGreaterThan(0);
  });

  it("refuse what is no byte and what is too long", () => {
    expect(() => encodeCommand({ type: "getSlotStatus", slot: 0, seq: 256 })).toThrow(RangeError);
    expect(() => encodeCommand({ type: "escape", slot: 0, seq: 1, data: new Uint8Array(maxDataBytes + 1) })).toThrow(
      RangeError,
    );
    expect(decodeReply(hex("80 01000000 00 07 00 00 00"))).toBeNull();
    expect(decodeReply(hex("80 00000000 00 07 03 00 00"))).toBeNull();
    expect(decodeReply(hex("80 00000000 00 07 c0 00 00"))).toBeNull();
  });

  it("a reply belongs to the command with its number, its slot and its kind, and to no other", () => {
    fc.assert(
      fc.property(command, reply, (asked, given) => {
        const same = given.seq === asked.seq && given.slot === asked.slot;
        if (answers(given, asked) && !same) throw new Error("another's");
      }),
    );
    const asked = { type: "xfrBlock", bwi: 0, level: "whole", data: hex("00"), slot: 0, seq: 7 } as const;
    const given = {
      type: "dataBlock",
      level: "whole",
      data: hex("9000"),
      slot: 0,
      seq: 7,
      status: { icc: "active", command: "ok", error: 0 },
    } as const;
    expect(answers(given, asked)).toBe(true);
    expect(answers({ ...given, seq: 6 }, asked)).toBe(false);
    expect(answers({ ...given, slot: 1 }, asked)).toBe(false);
    expect(answers({ ...given, type: "escape" }, asked)).toBe(false);
  });

  it("errors have words, and say whether it was the card", () => {
    expect([0xfe, 0xfd, 0xfc, 0xfb, 0xf8, 0xf7, 0xf6, 0xf4, 0xf2, 0xe0, 0x00, 0x05, 0x07, 0x90].map(ccidError)).toEqual(
      [
        "mute",
        "parity",
        "overrun",
        "hardware",
        "badAtr",
        "badAtr",
        "protocol",
        "procedureByte",
        "busyAutoSequence",
        "slotBusy",
        "unsupported",
        "badSlot",
        "badParameter",
        "other",
      ],
    );
    expect(isOfCard("mute")).toBe(true);
    expect(isOfCard("slotBusy")).toBe(false);
  });
});

describe("reassembly", () => {
  it("gives the same messages however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), cuts, (sent, sizes) => {
        const stream = Buffer.concat(sent.map(encodeReply));
        const whole = reassembler("reader", { slots: 4 });
        const got = cut(stream, sizes)
          .flatMap((chunk) => whole.push(chunk))
          .map(decodeReply);
        expect(got).toEqual(sent);
        expect(whole.broken).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 6 }), (sent) => {
        const whole = reassembler("host");
        const chunks = inChunks(Buffer.concat(sent.map(encodeCommand)), 20);
        expect(chunks.every((chunk) => chunk.length <= 20)).toBe(true);
        expect(chunks.flatMap((chunk) => whole.push(chunk)).map(decodeCommand)).toEqual(sent);
      }),
    );
  });

  it("noise gives no message that was not in it, never throws, and keeps no more than one message", () => {
    const noise = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    let broke = 0;
    fc.assert(
      fc.property(noise, (chunks) => {
        const whole = reassembler("reader", { maxBytes: 300 });
        const got = chunks.flatMap((chunk) => whole.push(chunk));
        const all = Buffer.concat(chunks);
        if (
          !all
            .subarray(
              0,
              got.reduce((sum, one) => sum + one.length, 0),
            )
            .equals(Buffer.concat(got))
        )
          throw new Error("made up");
        if (whole.broken) broke++;
        if (whole.broken && whole.push(hex("5001")).length > 0) throw new Error("went on");
      }),
      { numRuns },
    );
    expect(broke).toBeGreaterThan(0);
  });

  it("stands still when the stream is out of step, until it is reset", () => {
    const whole = reassembler("reader");
    expect(whole.push(hex("00"))).toEqual([]);
    expect(whole.broken).toBe(true);
    expect(whole.push(hex("5001"))).toEqual([]);
    whole.reset();
    expect(whole.push(hex("5001"))).toEqual([hex("5001")]);
    whole.push(hex("80 ffffffff"));
    expect(whole.broken).toBe(true);
    // SpringCard marks an enciphered message so; we don't speak that.
    whole.reset();
    whole.push(hex("80 06000080"));
    expect(whole.broken).toBe(true);
  });
});

/** Plays a reader of the extended level: `blockBytes` a message in, `replyBytes` a message out. */
function played(exchange: Exchange<Uint8Array>, card: (apdu: Uint8Array) => Uint8Array, replyBytes: number) {
  const sent: Level[] = [];
  const named = { slot: 0, seq: 0, status: { icc: "active", command: "ok", error: 0 } } as const;
  let apdu: Uint8Array = new Uint8Array(0);
  let rest: Uint8Array[] | null = null;
  let turn = exchange.next();
  while (turn.done !== true) {
    const asked = turn.value;
    if (asked.type !== "xfrBlock") throw new Error(asked.type);
    sent.push(asked.level);
    apdu = Buffer.concat([apdu, asked.data]);
    const isOver = asked.level === "whole" || asked.level === "end";
    if (isOver) rest = inChunks(card(apdu), replyBytes);
    const total = rest?.length ?? 0;
    const data = rest?.shift() ?? new Uint8Array(0);
    const isFirst = isOver;
    const level: Level =
      rest === null
        ? "goOn"
        : rest.length > 0
          ? isFirst
            ? "begin"
            : "middle"
          : isFirst && total <= 1
            ? "whole"
            : "end";
    turn = exchange.next({ ...named, type: "dataBlock", level, data });
  }
  return { outcome: turn.value, sent, apdu };
}

describe("an exchange", () => {
  it("chains commands and answers of any length, in order", () => {
    const size = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
        fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
        size,
        size,
        (apdu, answer, out, back) => {
          const { outcome, sent, apdu: got } = played(transmit(apdu, out), () => answer, back);
          expect(text(got)).toBe(text(apdu));
          expect(outcome.ok && text(outcome.value)).toBe(text(answer));
          const commands = Math.ceil(apdu.length / out);
          expect(sent.slice(0, commands)).toEqual(
            commands === 1 ? ["whole"] : ["begin", ...new Array(commands - 2).fill("middle"), "end"],
          );
          expect(sent).toHaveLength(commands + Math.ceil(answer.length / back) - 1);
        },
      ),
    );
  });

  it("ends at a failure and at nonsense, whatever the reader says", () => {
    let ends = 0;
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 4, maxLength: 4 }),
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        (replies, apdu) => {
          const exchange = transmit(apdu, 20);
          let turn = exchange.next();
          for (const each of replies) {
            if (turn.done === true) break;
            turn = exchange.next(each);
          }
          if (turn.done !== true) return;
          ends++;
          if (turn.value.ok && replies[0]?.status.command !== "ok") throw new Error("went over a failure");
        },
      ),
    );
    expect(ends).toBeGreaterThan(0);
  });

  it("a reader that sends empty blocks for ever is left", () => {
    const exchange = transmit(hex("00b0000000"));
    exchange.next();
    const empty = {
      slot: 0,
      seq: 0,
      status: { icc: "active", command: "ok", error: 0 },
      type: "dataBlock",
      level: "begin",
      data: hex(""),
    } as const;
    expect(exchange.next(empty)).toMatchObject({ done: true, value: { ok: false, error: "reply" } });
  });

  it("powers on to an ATR or a reason", () => {
    const given = (status: Reply["status"], data = "3b04a2131091") => {
      const exchange = powerOn();
      expect(exchange.next().value).toEqual({ type: "iccPowerOn", voltage: "auto" });
      return exchange.next({ slot: 0, seq: 0, status, type: "dataBlock", level: "whole", data: hex(data) }).value;
    };
    const good = { icc: "active", command: "ok", error: 0 } as const;
    expect(given(good)).toEqual({ ok: true, value: hex("3b04a2131091"), icc: "active" });
    expect(given({ icc: "absent", command: "failed", error: 0xfe })).toEqual({
      ok: false,
      error: "mute",
      icc: "absent",
    });
    expect(given(good, "")).toEqual({ ok: false, error: "reply", icc: "active" });
    const asked = slotStatus();
    asked.next();
    expect(
      asked.next({ slot: 0, seq: 0, status: { ...good, icc: "absent" }, type: "slotStatus", clock: 0 }).value,
    ).toEqual({
      ok: true,
      value: null,
      icc: "absent",
    });
  });
});

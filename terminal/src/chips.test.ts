/** Scripts of the card drivers, carried out by the executor on chips that behave as their datasheets say. */
import type { CardReader, ReaderResult } from "@citygas/devices";
import {
  type CardScript,
  type CpuCipher,
  classify,
  cpuMac,
  decodeReport,
  fromHex,
  type LayoutDriver,
  macInput,
  openBCpuVolume,
  openCVolume,
  plannedWrites,
  planSteps,
  probeSteps,
  type ScriptStep,
  sealOfStep,
  toHex,
  withMac,
} from "@citygas/gascard";
import { At24c, At88sc102, CpuCard, Sle4428 } from "@citygas/sandbox";
import { describe, expect, it } from "vitest";
import { runScript } from "./executor.ts";
import { account, purchase } from "./layoutCard.testkit.ts";

const done = <T>(value: T): ReaderResult<T> => ({ ok: true, value });
const failed = (
  reason: "removed" | "wrongSecret" | "locked" | "readerFault",
): { ok: false; reason: typeof reason } => ({
  ok: false,
  reason,
});
const noReader: CardReader = {
  subscribe: () => () => undefined,
  select: async () => done(null),
  read: async () => failed("readerFault"),
  counter: async () => failed("readerFault"),
  present: async () => failed("readerFault"),
  write: async () => failed("readerFault"),
  close: async () => undefined,
};
const script = (steps: ScriptStep[]): CardScript => ({ id: "s", purpose: "write", steps, deadlineAt: 1 });
const run = (reader: CardReader) => ({ reader, powerUpId: "p", serverNowMs: () => 1 });
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

const imagesOf = (driver: LayoutDriver) => {
  const before = driver.format(account);
  return { before, after: driver.purchaseImage(before, purchase) };
};

describe("an AT24C02", () => {
  /** `cutAt`: the write, counted from 0, during which the card is pulled. */
  function withCard(cutAt = Number.POSITIVE_INFINITY) {
    const chip = new At24c("at24c02");
    const { before, after } = imagesOf(openCVolume);
    for (const [at, byte] of before.entries()) chip.writePage(at, Uint8Array.of(byte));
    let writes = 0;
    const reader: CardReader = {
      ...noReader,
      read: async (_, offset, length) => done(chip.read(offset, length)),
      write: async (_, offset, data) => {
        const cut = writes++ === cutAt;
        chip.writePage(offset, data, cut ? "erased" : null);
        return cut ? failed("removed") : done(null);
      },
    };
    return { chip, reader, before, after };
  }

  it("takes a sale, and a probe reads it back", async () => {
    const { reader, before, after } = withCard();
    const write = script(planSteps(openCVolume, before, after, null));
    expect(decodeReport(write, await runScript(write, run(reader)))).toEqual({ ok: true, image: after, counter: null });
    const probe = script(probeSteps("at24c02"));
    expect(decodeReport(probe, await runScript(probe, run(reader)))).toMatchObject({ ok: true, image: after });
  });

  it("pulled in any of its writes is torn, and nothing else", async () => {
    const { before, after } = imagesOf(openCVolume);
    const all = plannedWrites(openCVolume, before, after).length;
    expect(all).toBeGreaterThan(10);
    for (let cutAt = 0; cutAt < all; cutAt++) {
      const { chip, reader } = withCard(cutAt);
      const report = await runScript(script(planSteps(openCVolume, before, after, null)), run(reader));
      expect(report.failure?.reason).toBe("removed");
      const now = chip.read(0, 256);
      // A byte whose new value is FF is done when it is erased.
      const wanted = now.every((byte, at) => byte === after[at]) ? "written" : "torn";
      expect(classify(openCVolume, now, before, after, null, purchase)).toBe(wanted);
    }
  });

  it("goes on at the beginning of the page when a write runs over its end", () => {
    const chip = new At24c("at24c02");
    chip.writePage(6, Uint8Array.of(1, 2, 3));
    expect(toHex(chip.read(0, 9))).toBe("03ffffffffff0102ff");
  });
});

describe("an SLE4428", () => {
  function withCard() {
    const chip = new Sle4428([0x12, 0x34]);
    const reader: CardReader = {
      ...noReader,
      select: async () => {
        chip.powerOff();
        return done(null);
      },
      read: async (_, offset, length) => done(chip.read(offset, length)),
      counter: async () => done(chip.errorCounter),
      present: async (_, secret) => {
        if (chip.present(secret)) return done(chip.errorCounter);
        return failed(chip.errorCounter === 0 ? "locked" : "wrongSecret");
      },
      write: async (_, offset, data) => {
        for (const [i, value] of data.entries()) {
          for (const step of chip.updateSteps(offset + i, value)) chip.apply(step, offset + i, value);
        }
        return done(null);
      },
    };
    return { chip, reader };
  }
  const write = (secret: string): ScriptStep[] => [
    ...probeSteps("sle4428").slice(0, -1),
    { op: "counter", expect: 0xff },
    { op: "present", secret },
    { op: "write", offset: 64, data: "a5005a" },
    ...probeSteps("sle4428").slice(1, -1),
  ];

  it("reads the same before and after its code, which no image holds", async () => {
    const { reader } = withCard();
    const one = script(write("1234"));
    const report = decodeReport(one, await runScript(one, run(reader)));
    expect(report).toMatchObject({ ok: true, counter: 0xff });
    expect(report.image).toHaveLength(1021);
    expect(toHex(report.image?.slice(64, 67) ?? new Uint8Array(0))).toBe("a5005a");
  });

  it("loses one try to a wrong code, is not asked again, and the next script stops at the counter", async () => {
    const { chip, reader } = withCard();
    const wrong = await runScript(script(write("0000")), run(reader));
    expect(wrong.failure?.reason).toBe("wrongSecret");
    expect(chip.errorCounter.toString(2).replaceAll("0", "")).toHaveLength(7);
    const next = await runScript(script(write("1234")), run(reader));
    expect(next.failure).toMatchObject({ reason: "mismatch" });
    expect(chip.errorCounter.toString(2).replaceAll("0", "")).toHaveLength(7);
  });

  it("after eight wrong codes it is locked for ever", () => {
    const { chip } = withCard();
    for (let i = 0; i < 8; i++) expect(chip.present(bytes("0000"))).toBe(false);
    expect(chip.present(bytes("1234"))).toBe(false);
  });
});

describe("an AT88SC102", () => {
  function withCard() {
    const chip = new At88sc102({ code: [1, 2], zone1: [1, 2, 3, 4, 5, 6], zone2: [7, 8, 9, 10] });
    const reader: CardReader = {
      ...noReader,
      read: async (_, offset, length) => done(chip.read(offset, length)),
      counter: async () => done(chip.attempts),
      present: async (_, code) => (chip.present(code) ? done(chip.attempts) : failed("wrongSecret")),
      write: async (_, offset, data) => {
        for (const [i, value] of data.entries()) chip.write(offset + i, value);
        return done(null);
      },
      erase: async (_, offset, key) => {
        chip.erase(offset, key);
        return done(null);
      },
    };
    return { chip, reader };
  }
  const open: ScriptStep[] = [
    { op: "select", chip: "at88sc102" },
    { op: "counter", expect: 0xff },
    { op: "present", secret: "0102" },
  ];
  const zone1 = { op: "erase", offset: 22, length: 64, key: "010203040506" } as const;

  it("clears bits, and gets them back only with the zone's key", async () => {
    const { reader } = withCard();
    const down: ScriptStep = { op: "write", offset: 22, data: "0f" };
    const up: ScriptStep = { op: "write", offset: 22, data: "f0" };
    expect((await runScript(script([...open, down]), run(reader))).failure).toBeUndefined();
    expect((await runScript(script([...open, up]), run(reader))).failure).toEqual({ step: 3, reason: "verifyFailed" });
    const wrongKey = { ...zone1, key: "010203040507" };
    const refused = await runScript(script([...open, wrongKey]), run(reader));
    expect(refused.failure).toEqual({ step: 3, reason: "verifyFailed" });
    expect((await runScript(script([...open, zone1, up]), run(reader))).failure).toBeUndefined();
  });

  it("gives out neither code nor keys, and a probe reads around them", async () => {
    const { reader } = withCard();
    const probe = script(probeSteps("at88sc102"));
    const found = decodeReport(probe, await runScript(probe, run(reader)));
    expect(found).toMatchObject({ ok: true, counter: 0xff });
    expect(found.image).toHaveLength(178);
  });

  it("is locked after four wrong codes, and lets its second zone be erased so often only", () => {
    const { chip } = withCard();
    expect(chip.present(bytes("0102"))).toBe(true);
    for (let i = 0; i < 128; i++) expect(chip.erase(92, bytes("0708090a"))).toBe(true);
    expect(chip.erase(92, bytes("0708090a"))).toBe(false);
    chip.powerOff();
    for (let i = 0; i < 4; i++) expect(chip.present(bytes("0000"))).toBe(false);
    expect(chip.present(bytes("0102"))).toBe(false);
  });
});

describe.each(["tripleDes", "sm4"] as const)("a CPU card under %s", (cipher: CpuCipher) => {
  const key = bytes("8d136beeb8b0460362b0a3c836af2131");
  const aid = bytes(openBCpuVolume.application?.aid ?? "");

  function withCard() {
    const { before, after } = imagesOf(openBCpuVolume);
    let drawn = 0;
    const chip = new CpuCard({
      aid,
      cipher: cipher === "sm4" ? "sm4" : "3des",
      files: (openBCpuVolume.application?.files ?? []).map(({ sfi, offset, length }) => ({
        sfi,
        content: before.slice(offset, offset + length),
        key: sfi === 2 ? key : bytes("00112233445566778899aabbccddeeff"),
      })),
      externalKey: key,
      internalKeys: [],
      random: (length) => new Uint8Array(length).fill(++drawn),
    });
    const sent: Uint8Array[] = [];
    const reader: CardReader = {
      ...noReader,
      select: async () => {
        chip.powerOff();
        return done(null);
      },
      transmit: async (_, apdu) => {
        sent.push(apdu);
        return done(chip.apdu(apdu));
      },
    };
    return { chip, reader, sent, before, after };
  }
  const seal =
    (before: Uint8Array, after: Uint8Array, by: Uint8Array) =>
    async ({ step, challenge }: { step: number; challenge: string }): Promise<string> => {
      const update = sealOfStep(openBCpuVolume, before, after, step)?.update;
      if (update === undefined) throw new Error(`step ${step} is no seal`);
      return toHex(withMac(update, cpuMac(cipher, by, bytes(challenge), macInput(update))));
    };

  it("takes amount and count in one sealed command", async () => {
    const { reader, before, after, sent } = withCard();
    const write = script(planSteps(openBCpuVolume, before, after, null));
    const report = await runScript(write, { ...run(reader), seal: seal(before, after, key) });
    expect(decodeReport(write, report)).toEqual({ ok: true, image: after, counter: null });
    expect(sent.filter(([, ins]) => ins === 0xd6)).toHaveLength(1);
    expect(classify(openBCpuVolume, after, before, after, null, purchase)).toBe("written");
  });

  it("takes none under another key, and none a second time", async () => {
    const { chip, reader, before, after, sent } = withCard();
    const write = script(planSteps(openBCpuVolume, before, after, null));
    const forged = await runScript(write, { ...run(reader), seal: seal(before, after, bytes("00".repeat(16))) });
    expect(forged).toMatchObject({ failure: { reason: "mismatch" } });
    expect(forged.results.at(-1)?.data).toBe("6988");
    expect(toHex(chip.file(2))).toBe(toHex(before.slice(48, 88)));
    await runScript(write, { ...run(reader), seal: seal(before, after, key) });
    const sealed = sent.findLast(([, ins]) => ins === 0xd6) ?? new Uint8Array(0);
    expect(toHex(chip.apdu(sealed))).toBe("6984");
    chip.apdu(Uint8Array.of(0x00, 0x84, 0x00, 0x00, 0x08));
    expect(toHex(chip.apdu(sealed))).toBe("6988");
    expect(toHex(chip.apdu(Uint8Array.of(0x00, 0xd6, 0x82, 0x00, 0x01, 0x00)))).toBe("6882");
  });
});

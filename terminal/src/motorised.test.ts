/**
 * A purchase of each layout by the executor on a card in a motorised reader, over a TCP line to the sandbox's: written whole,
 * and with the reader's power lost in the middle of it, after which the card is still inside and is finished there.
 */
import { type CardReader, openReader, parseReader, type ReaderEvent } from "@citygas/devices";
import {
  type CardScript,
  classify,
  cpuMac,
  decodeReport,
  fromHex,
  type LayoutDriver,
  macInput,
  openAVolume,
  openBCpuVolume,
  openBVolume,
  openCVolume,
  planSteps,
  probeSteps,
  resumeImages,
  type ScriptStep,
  sealOfStep,
  toHex,
  withMac,
} from "@citygas/gascard";
import { type AnyChip, At24c, blankChip, CpuCard, ReaderSlot, Sle4442, serveCrt } from "@citygas/sandbox";
import { afterEach, describe, expect, it } from "vitest";
import { runScript } from "./executor.ts";
import { account, purchase } from "./layoutCard.testkit.ts";

const secret = "a1b2c3";
const cpuKey = "8d136beeb8b0460362b0a3c836af2131";
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

function chipOf({ chip, application }: LayoutDriver, image: Uint8Array): AnyChip {
  if (chip === "sle4442") return new Sle4442({ ...blankChip(secret), memoryHex: toHex(image) });
  if (chip === "at24c02") return At24c.of({ kind: "at24c02", memoryHex: toHex(image) });
  const files = (application?.files ?? []).map(({ sfi, offset, length }) => ({
    sfi,
    contentHex: toHex(image.slice(offset, offset + length)),
    keyHex: cpuKey,
  }));
  const aidHex = application?.aid ?? "";
  return CpuCard.of({ kind: "cpu", aidHex, cipher: "3des", files, externalKeyHex: cpuKey, tries: 3 });
}

/** The power-up that comes next, or is there. */
const inserted = (reader: CardReader, not = ""): Promise<string> =>
  new Promise((resolve) => {
    const hear = (event: ReaderEvent): void => {
      if (event.type === "inserted" && event.powerUpId !== not) resolve(event.powerUpId);
    };
    reader.subscribe(hear);
  });

/** A card of this layout in a motorised reader. `losesPower`: in the middle of its first write. */
async function withCard(layout: LayoutDriver, losesPower: boolean) {
  const before = layout.format(account);
  const after = layout.purchaseImage(before, purchase);
  const chip = chipOf(layout, before);
  let fails = losesPower;
  const powerFails = (): boolean => {
    const now = fails;
    fails = false;
    return now;
  };
  const slot: ReaderSlot = new ReaderSlot(0, {
    stepPause: async () => undefined,
    chipChanged: () => undefined,
    written: () => undefined,
    changed: () => server.announce(),
  });
  const faults = { frame: () => null, reply: () => null, jam: () => false, powerFails };
  const server = await serveCrt(slot, 0, faults, () => undefined);
  opened.push(server);
  const setting = parseReader({ reader: `crt:tcp://127.0.0.1:${server.port}`, dialect: null, baudRate: null });
  if ("wrong" in setting) throw new Error(setting.why);
  let named = 0;
  const reader = openReader(setting, { newId: () => `p${++named}`, onProblem: () => undefined });
  opened.push(reader);
  slot.insert({ id: "card", chip, mute: false, tearAfterBytes: null }, false);

  const run = async (powerUpId: string, steps: ScriptStep[], to: Uint8Array) => {
    const script: CardScript = { id: "s", purpose: "write", steps, deadlineAt: 1 };
    const seal = async ({ step, challenge }: { step: number; challenge: string }): Promise<string> => {
      const update = sealOfStep(layout, before, to, step)?.update;
      if (update === undefined) throw new Error(`step ${step} is no seal`);
      return toHex(withMac(update, cpuMac("tripleDes", bytes(cpuKey), bytes(challenge), macInput(update))));
    };
    return decodeReport(script, await runScript(script, { reader, powerUpId, serverNowMs: () => 1, seal }));
  };
  const probe = async (powerUpId: string): Promise<Uint8Array> => {
    const { image } = await run(powerUpId, probeSteps(layout.chip, layout.application ?? undefined), after);
    if (image === null) throw new Error("nothing was read");
    return image;
  };
  const presented = layout.chip === "sle4442" ? secret : null;
  const write = (powerUpId: string, from: Uint8Array, to: Uint8Array) =>
    run(powerUpId, planSteps(layout, from, to, presented), to);
  return { before, after, chip, reader, server, probe, write };
}

describe.each([openAVolume, openBVolume, openBCpuVolume, openCVolume].map((layout) => [layout.name, layout] as const))(
  "%s in a motorised reader",
  (_name, layout) => {
    it("is read, written and given back", async () => {
      const { before, after, chip, reader, server, probe, write } = await withCard(layout, false);
      const powerUpId = await inserted(reader);
      expect(await probe(powerUpId)).toEqual(before);
      expect(await write(powerUpId, before, after)).toMatchObject({ ok: true, image: after });
      expect(chip.image()).toEqual(after);
      expect(await reader.release?.(powerUpId)).toEqual({ ok: true, value: null });
      expect(server.state).toEqual({ place: "atGate", jammed: false });
    });

    it("loses power in the middle of a write: still inside, torn or untouched, and finished there", async () => {
      const { before, after, chip, reader, server, probe, write } = await withCard(layout, true);
      const powerUpId = await inserted(reader);
      expect((await write(powerUpId, before, after)).ok).toBe(false);
      expect(server.state.place).toBe("inside");
      const next = await inserted(reader, powerUpId);
      const now = await probe(next);
      expect(now).toEqual(Uint8Array.from(chip.image()));
      // A CPU card takes a command whole or not at all.
      const isCut = layout.chip !== "cpu";
      expect(classify(layout, now, before, after, null, purchase)).toBe(isCut ? "torn" : "unwritten");
      const resume = resumeImages(layout, now, after);
      expect(await write(next, resume.before, resume.after)).toMatchObject({ ok: true });
      expect(chip.image()).toEqual(after);
    });
  },
);

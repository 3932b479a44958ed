/** The planner's script on a CPU card beside a PSAM: both are the sandbox's, which reads none of our code. */
import { type CardReader, psam, virtualReader } from "@citygas/devices";
import {
  type CardScript,
  cpuMac,
  diversifiedKey,
  fromHex,
  macInput,
  openBCpuVolume,
  planSteps,
  type ScriptStep,
  sealOfStep,
  toHex,
  withMac,
} from "@citygas/gascard";
import { CpuCard, Psam, psamSlot, serveReader } from "@citygas/sandbox";
import { afterEach, describe, expect, it } from "vitest";
import { runScript, type Seal } from "./executor.ts";
import { type PsamProblem, psamSeal } from "./psamSeal.ts";

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
const master = bytes("ffeeddccbbaa99887766554433221100");
const driver = openBCpuVolume;
const { application } = driver;
if (application === null) throw new Error("no CPU card");
const { cipher, files, aid } = application;
const before = driver.format({
  cardNumber: "0311203086",
  areaCode: "0996",
  role: "user",
  replacement: 0,
  count: 3,
  totalCredited: 0,
  meterCeiling: 0,
});
const after = driver.purchaseImage(before, {
  countBefore: 3,
  totalBefore: 0,
  amount: { kind: "volume", volumeL: 12_000 },
  boughtOn: "2026-11-29",
});
const factor = "0311203086ffffff";
const cardKey = diversifiedKey(cipher, master, bytes(factor));

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A PSAM in a slot of its own, on the virtual reader's wire. `usage`: as it numbers its master. */
async function module(over: { usage?: number; cipher?: "sm4" | "3des"; absent?: boolean } = {}) {
  const kind = over.cipher ?? (cipher === "sm4" ? "sm4" : "3des");
  const slot = psamSlot(new Psam({ cipher: kind, master, usage: over.usage ?? 0x28, version: 1 }));
  const heard: string[] = [];
  const server = await serveReader(
    {
      state: () => (over.absent === true ? null : slot.state()),
      exchange: (insertion, apdu) => {
        heard.push(toHex(apdu));
        return slot.exchange(insertion, apdu);
      },
    },
    0,
  );
  ends.push(() => server.close());
  const reader = virtualReader(`tcp://127.0.0.1:${server.port}`);
  const awaited = over.absent === true ? "ready" : "inserted";
  await new Promise<void>((resolve) => {
    reader.subscribe(({ type }) => {
      if (type === awaited) resolve();
    });
  });
  const ours = { cipher: kind === "sm4" ? "sm4" : "tripleDes", usage: 0x28, version: 1, directoryId: 0x1001 } as const;
  const found = psam(reader, ours);
  ends.push(() => found.close());
  return { psam: found, heard };
}

function card() {
  let drawn = 0;
  const chip = new CpuCard({
    aid: bytes(aid),
    cipher: cipher === "sm4" ? "sm4" : "3des",
    externalKey: new Uint8Array(16),
    internalKeys: [],
    files: files.map(({ sfi, offset, length }) => ({
      sfi,
      content: before.slice(offset, offset + length),
      key: sfi === 2 ? cardKey : new Uint8Array(16),
    })),
    random: (length) => new Uint8Array(length).fill(++drawn),
  });
  const unable = async () => ({ ok: false, reason: "readerFault" }) as const;
  const reader: CardReader = {
    subscribe: () => () => undefined,
    close: async () => undefined,
    select: async () => {
      chip.powerOff();
      return { ok: true, value: null };
    },
    read: unable,
    counter: unable,
    present: unable,
    write: unable,
    transmit: async (_, apdu) => ({ ok: true, value: chip.apdu(apdu) }),
  };
  return { chip, reader };
}

/** As the centre adds it for a kiosk (server, cards/unsealed.ts). */
const steps = planSteps(driver, before, after, null).map((step, index): ScriptStep => {
  if (step.op !== "seal") return step;
  const sealed = sealOfStep(driver, before, after, index);
  if (sealed === null) throw new Error("no seal");
  return { ...step, unsealed: { cipher, factor, command: toHex(macInput(sealed.update)) } };
});
const withoutUnsealed = planSteps(driver, before, after, null);

async function written(
  seal: Seal,
  over: { steps?: ScriptStep[]; now?: () => number; script?: Partial<CardScript> } = {},
) {
  const { chip, reader } = card();
  const script: CardScript = { id: "s", purpose: "write", steps: over.steps ?? steps, deadlineAt: 1_000 };
  const report = await runScript(script, { reader, powerUpId: "p", serverNowMs: over.now ?? (() => 1_000), seal });
  return { report, image: chip.image() };
}

/** The centre, as it seals or as it can't be reached. */
function centre(reachable: boolean) {
  const asked: string[] = [];
  const seal: Seal = async ({ challenge, step }) => {
    asked.push(challenge);
    const update = sealOfStep(driver, before, after, step)?.update;
    if (!reachable || update === undefined) return null;
    return toHex(withMac(update, cpuMac(cipher, cardKey, bytes(challenge), macInput(update))));
  };
  return { seal, asked };
}

function sealerOf(module: Parameters<typeof psamSeal>[0], fallback: Seal) {
  const problems: PsamProblem[] = [];
  return { problems, seal: psamSeal(module, fallback, (problem) => problems.push(problem)) };
}

describe("a PSAM beside the card", () => {
  it("seals with no centre, and is told one card's factor and one command, never asked for a key", async () => {
    const { psam, heard } = await module();
    const away = centre(false);
    const { seal, problems } = sealerOf(psam, away.seal);
    const { report, image } = await written(seal);
    expect(report.failure).toBeUndefined();
    expect(image).toEqual(after);
    expect([away.asked, problems]).toEqual([[], []]);
    const seals = steps.filter(({ op }) => op === "seal").length;
    expect(heard.map((apdu) => apdu.slice(0, 4))).toEqual([
      "00a4",
      ...Array.from({ length: seals }, () => ["801a", "80fa"]).flat(),
    ]);
    expect(heard.filter((apdu) => apdu.startsWith("801a"))).toEqual(Array(seals).fill(`801a280108${factor}`));
    for (const secret of [toHex(master), toHex(cardKey)]) expect(heard.join(" ")).not.toContain(secret);
  });

  it.each([
    ["is missing", { absent: true }, { reason: "missing" }],
    ["has no such key", { usage: 0x29 }, { reason: "refused", command: "key", answer: "6a88" }],
    ["has another cipher", { cipher: cipher === "sm4" ? "3des" : "sm4" }, { reason: "otherCipher" }],
  ] as const)("that %s: says so, and the centre seals for the same challenge", async (_what, over, problem) => {
    const { psam } = await module(over);
    const there = centre(true);
    const { seal, problems } = sealerOf(psam, there.seal);
    const { report, image } = await written(seal);
    expect(report.failure).toBeUndefined();
    expect(image).toEqual(after);
    expect(problems).toEqual(there.asked.map(() => problem));
    expect(there.asked.length).toBeGreaterThan(0);
  });

  it("neither it nor the centre: the card is as it was, and the report says that nothing was sealed", async () => {
    const { psam } = await module({ absent: true });
    const { seal } = sealerOf(psam, centre(false).seal);
    const { report, image } = await written(seal);
    expect(report.failure?.reason).toBe("expired");
    expect(image).toEqual(before);
  });

  it("is not given a command that the centre keeps to itself", async () => {
    const { psam, heard } = await module();
    const there = centre(true);
    const { report } = await written(sealerOf(psam, there.seal).seal, { steps: withoutUnsealed });
    expect(report.failure).toBeUndefined();
    expect(there.asked).toHaveLength(withoutUnsealed.filter(({ op }) => op === "seal").length);
    expect(heard).toEqual([]);
  });

  it("that took its time: what it made after the script's deadline reaches no card", async () => {
    const { psam, heard } = await module();
    let now = 1_000;
    const { seal } = sealerOf(psam, centre(false).seal);
    const late: Seal = async (request, step) => {
      const made = await seal(request, step);
      now = 1_001;
      return made;
    };
    const { report, image } = await written(late, { now: () => now });
    expect(report.failure?.reason).toBe("expired");
    expect(heard.some((apdu) => apdu.startsWith("80fa"))).toBe(true);
    expect(image).toEqual(before);
  });

  it("a command for another challenge or another card opens nothing", async () => {
    const { psam } = await module();
    const other = psamSeal(psam, centre(false).seal, () => undefined);
    const replayed: Seal = (request, step) => other({ ...request, challenge: "00".repeat(8) }, step);
    const foreign: Seal = (request, step) =>
      other(request, { ...step, ...(step.unsealed && { unsealed: { ...step.unsealed, factor: "0".repeat(16) } }) });
    for (const seal of [replayed, foreign]) {
      const { report, image } = await written(seal);
      expect(report.failure?.reason).toBe("mismatch");
      expect(image).toEqual(before);
    }
  });
});

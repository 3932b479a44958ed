/**
 * What is read and written over PC/SC: a purchase of each layout on its chip, and sixteen bytes on each chip that no layout
 * of ours uses. Each write goes there and back, so that every one of them changes the same bytes.
 */
import {
  type CpuCipher,
  cpuMac,
  fromHex,
  type LayoutDriver,
  layouts,
  macInput,
  type PurchaseOnCard,
  planSteps,
  probeSteps,
  proofChallengeBytes,
  type ScriptStep,
  sealOfStep,
  toHex,
  withMac,
} from "@citygas/gascard";
import type { SeedCard } from "@citygas/sandbox";
import { issued } from "./issued.ts";

export interface WayToMeasure {
  steps: readonly ScriptStep[];
  /** Of a CPU card: its sealed command for a challenge. */
  seal: ((request: { step: number; challenge: string }) => Promise<string>) | null;
}

export interface CardToMeasure {
  /** The layout's name, or the chip's. */
  name: string;
  chip: Omit<SeedCard, "id" | "label">;
  /** null: no CPU card. */
  cipher: CpuCipher | null;
  probe: readonly ScriptStep[];
  there: WayToMeasure;
  back: WayToMeasure;
}

const secret = "a1b2c3";
const cpuKey = "8d136beeb8b0460362b0a3c836af2131";

function ofLayout(layout: LayoutDriver): CardToMeasure {
  const before = layout.format(issued);
  const after = layout.purchaseImage(before, purchaseOf(layout));
  const presented = layout.chip === "sle4442" ? secret : null;
  const way = (from: Uint8Array, to: Uint8Array): WayToMeasure => ({
    steps: planSteps(layout, from, to, presented),
    seal: layout.application === null ? null : sealed(layout, layout.application.cipher, from, to),
  });
  return {
    name: layout.name,
    cipher: layout.application?.cipher ?? null,
    chip: chipOf(layout, before),
    probe: probeSteps(layout.chip, layout.application ?? undefined, new Uint8Array(proofChallengeBytes)),
    there: way(before, after),
    back: way(after, before),
  };
}

const purchaseOf = ({ unit }: LayoutDriver): PurchaseOnCard => ({
  countBefore: 0,
  totalBefore: 0,
  amount: unit === "volume" ? { kind: "volume", volumeL: 120_000 } : { kind: "money", amountFen: 12_000 },
  boughtOn: "2026-11-29",
});

function chipOf({ application, chip }: LayoutDriver, image: Uint8Array): CardToMeasure["chip"] {
  if (application !== null) {
    const files = application.files.map(({ sfi, offset, length }) => ({
      sfi,
      contentHex: toHex(image.slice(offset, offset + length)),
      keyHex: cpuKey,
    }));
    const internalKeys = application.proofKeyId === null ? [] : [{ id: application.proofKeyId, keyHex: cpuKey }];
    return {
      chip: {
        kind: "cpu",
        aidHex: application.aid,
        cipher: application.cipher === "sm4" ? "sm4" : "3des",
        files,
        externalKeyHex: cpuKey,
        tries: 3,
        internalKeys,
      },
    };
  }
  if (chip === "at24c02") return { chip: { kind: chip, memoryHex: toHex(image) } };
  if (chip === "sle4442") return { imageHex: toHex(image), pscHex: secret };
  throw new Error(`a layout on ${chip}: say here how its card is made`);
}

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

function sealed(
  layout: LayoutDriver,
  cipher: CpuCipher,
  before: Uint8Array,
  after: Uint8Array,
): NonNullable<WayToMeasure["seal"]> {
  return async ({ step, challenge }) => {
    const update = sealOfStep(layout, before, after, step)?.update;
    if (update === undefined) throw new Error(`step ${step} is no seal`);
    return toHex(withMac(update, cpuMac(cipher, bytes(cpuKey), bytes(challenge), macInput(update))));
  };
}

/** The recorded command of a CPU card, sealed again for another challenge. */
export function sealedAgain(cipher: CpuCipher, command: Uint8Array, challenge: Uint8Array): Uint8Array {
  const [head, data] = [command.slice(0, 5), command.slice(5, -4)];
  const update = { head, data };
  return withMac(update, cpuMac(cipher, bytes(cpuKey), challenge, macInput(update)));
}

const ff = (length: number): string => "ff".repeat(length);
const one = "0123456789abcdeffedcba9876543210";
const other = "f0e1d2c3b4a5968778695a4b3c2d1e0f";

/** `open`: what must be done before a write of these sixteen bytes at `offset`. */
function ofChip(
  name: "sle4428" | "at24c01" | "at24c16" | "at88sc102",
  chip: NonNullable<SeedCard["chip"]>,
  offset: number,
  open: readonly ScriptStep[],
): CardToMeasure {
  const way = (data: string): WayToMeasure => ({
    steps: [{ op: "select", chip: name }, ...open, { op: "write", offset, data }],
    seal: null,
  });
  return { name, cipher: null, chip: { chip }, probe: probeSteps(name), there: way(one), back: way(other) };
}
const shown = (code: string): ScriptStep[] => [
  { op: "counter", expect: 0xff },
  { op: "present", secret: code },
];

export const cardsToMeasure = (): CardToMeasure[] => [
  ...layouts.map(ofLayout),
  ofChip(
    "sle4428",
    { kind: "sle4428", memoryHex: `92231091${ff(1018)}a1b2`, lockedBytes: [0, 1, 2, 3] },
    64,
    shown("a1b2"),
  ),
  ofChip("at24c01", { kind: "at24c01", memoryHex: ff(128) }, 64, []),
  ofChip("at24c16", { kind: "at24c16", memoryHex: ff(2_048) }, 64, []),
  ofChip("at88sc102", { kind: "at88sc102", memoryHex: `${ff(10)}a1b2${ff(74)}010203040506${ff(86)}` }, 22, [
    ...shown("a1b2"),
    { op: "erase", offset: 22, length: 64, key: "010203040506" },
  ]),
];

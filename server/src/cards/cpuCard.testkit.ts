/** A CPU card in a hand: the sandbox's chip, which checks every sealed command, and a terminal that carries scripts out on it. */
import {
  type CardScript,
  fromHex,
  type LayoutDriver,
  type ScriptReport,
  type StepFailure,
  toHex,
} from "@citygas/gascard";
import { CpuCard, type CpuCardSetup } from "@citygas/sandbox";
import { proofKey, sealKey } from "./card.testkit.ts";

export const cpuAtr = "3b6900005a5350303132333435";
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

/** The chip of a card whose bytes are `image`. Its challenges repeat with every new chip, never on one. */
export function cpuChip(
  { name, application }: LayoutDriver,
  image: Uint8Array,
  key: Uint8Array = sealKey,
  internalKeys: CpuCardSetup["internalKeys"] = [{ id: 1, key: proofKey }],
): CpuCard {
  if (application === null) throw new Error(`${name} is on no CPU card`);
  let drawn = 0;
  return new CpuCard({
    aid: bytes(application.aid),
    cipher: application.cipher === "sm4" ? "sm4" : "3des",
    externalKey: new Uint8Array(16),
    internalKeys,
    files: application.files.map(({ sfi, offset, length }) => ({
      sfi,
      content: image.slice(offset, offset + length),
      key: sfi === 2 ? key : new Uint8Array(16),
    })),
    random: (length) => {
      drawn += 1;
      return new Uint8Array(length).fill(drawn);
    },
  });
}

/** One finished command for the card's challenge; null: nobody seals. */
export type Seal = (step: number, challenge: string) => Promise<string | null>;
export const noSeal: Seal = async () => null;

/** The card is pulled at that step: before the card was given its command, or when it had done it and nobody heard. */
export interface Cut {
  step: number;
  done: boolean;
}

/** What a terminal does with such a script. */
export async function runOnChip(
  chip: CpuCard,
  script: CardScript,
  powerUpId: string,
  seal: Seal,
  cut?: Cut,
): Promise<ScriptReport> {
  const results: ScriptReport["results"] = [];
  const stop = (step: number, reason: StepFailure): ScriptReport => {
    if (reason === "removed") chip.powerOff();
    return { scriptId: script.id, powerUpId, results, failure: { step, reason } };
  };
  for (const [step, todo] of script.steps.entries()) {
    const pulled = cut?.step === step;
    if (pulled && !cut.done) return stop(step, "removed");
    if (todo.op === "select") chip.powerOff();
    else if (todo.op === "exchange") {
      const data = toHex(chip.apdu(bytes(todo.apdu)));
      if (pulled) return stop(step, "removed");
      results.push({ step, data });
      if (!data.endsWith(todo.sw) || (todo.expect !== undefined && todo.expect !== data.slice(0, -4)))
        return stop(step, "mismatch");
    } else if (todo.op === "seal") {
      const challenge = toHex(chip.apdu(Uint8Array.of(0, 0x84, 0, 0, todo.challengeBytes))).slice(0, -4);
      const apdu = await seal(step, challenge);
      if (apdu === null) return stop(step, "expired");
      const data = toHex(chip.apdu(bytes(apdu)));
      if (pulled) return stop(step, "removed");
      results.push({ step, data });
      if (!data.endsWith(todo.sw)) return stop(step, "mismatch");
    } else throw new Error(`no ${todo.op} on a CPU card`);
    if (pulled) return stop(step, "removed");
  }
  return { scriptId: script.id, powerUpId, results };
}

/**
 * What a PSAM of the terminal's own seals, added to a script's steps. Kiosks and desks may have such a module; a phone is
 * given finished commands only, one challenge at a time.
 */
import type { IssuedScript } from "@citygas/core";
import { fromHex, type LayoutDriver, macInput, type ScriptStep, sealOfStep, toHex } from "@citygas/gascard";
import type { TerminalFacts } from "../context.ts";
import { factorOf } from "../keys/masterKey.ts";

export function withUnsealed(
  steps: ScriptStep[],
  driver: LayoutDriver,
  script: Pick<IssuedScript, "before" | "after">,
  cardNumber: string,
  terminal: Pick<TerminalFacts, "kind">,
): ScriptStep[] {
  const { application } = driver;
  if (terminal.kind === "phone" || application === null) return steps;
  const [before, after] = [fromHex(script.before), fromHex(script.after)];
  if (before === null || after === null) return steps;
  const factor = toHex(factorOf(cardNumber));
  return steps.map((step, index): ScriptStep => {
    const sealed = step.op === "seal" ? sealOfStep(driver, before, after, index) : null;
    if (step.op !== "seal" || sealed === null) return step;
    return { ...step, unsealed: { cipher: application.cipher, factor, command: toHex(macInput(sealed.update)) } };
  });
}

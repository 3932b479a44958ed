/** Whatever the layout drivers plan, for whatever chip, the public contract carries to a terminal and back. */
import { ReportSchema, ScriptSchema } from "@citygas/api";
import {
  type CardScript,
  chips,
  layouts,
  planSteps,
  probeSteps,
  type ScriptReport,
  type ScriptStep,
} from "@citygas/gascard";
import { Check } from "typebox/value";
import { expect, test } from "vitest";

const id = "01890a5d-ac96-774b-bcce-b302099a8057";
const script = (steps: ScriptStep[]): CardScript => ({ id, purpose: "write", steps, deadlineAt: 1 });
const purchase = { countBefore: 255, totalBefore: 0x00ff_fffe, boughtOn: "2026-11-23" };

test.each(Object.values(chips).map(({ kind }) => [kind] as const))("a probe of %s", (kind) => {
  expect(Check(ScriptSchema, script(probeSteps(kind)))).toBe(true);
});

test.each(layouts.map((driver) => [driver.name, driver] as const))("a sale on %s, its longest", (_, driver) => {
  const before = driver.format({
    cardNumber: "999999999999",
    areaCode: "0996",
    role: "user",
    replacement: 0,
    count: 255,
    totalCredited: 0x00ff_fffe,
    meterCeiling: 0,
  });
  const amount =
    driver.unit === "volume"
      ? ({ kind: "volume", volumeL: 0x7eff_fffe } as const)
      : ({ kind: "money", amountFen: 0x7eff_fffe } as const);
  const price = { nowE4: 0x7eff_fffe, next: { priceE4: 0x7dfd_fdfd, from: "2031-12-31" } };
  const after = driver.purchaseImage(before, { ...purchase, amount, price });
  const { secret } = chips[driver.chip];
  const given = (byte: string) => (secret === null ? null : byte.repeat(secret.bytes));
  const steps = planSteps(driver, before, after, given("a1"), given("b2"));
  expect(Check(ScriptSchema, script(steps))).toBe(true);
  const report: ScriptReport = {
    scriptId: id,
    powerUpId: "p",
    results: steps.map((_step, step) => ({ step, data: "9000" })),
  };
  expect(Check(ReportSchema, report)).toBe(true);
  // What makes a step can't be left out or be something else.
  for (const step of steps) {
    for (const name of Object.keys(step).filter((each) => !["expect", "part"].includes(each))) {
      const { [name]: _left, ...rest } = step as unknown as Record<string, unknown>;
      expect(Check(ScriptSchema, { ...script([]), steps: [rest] }), `${step.op} without ${name}`).toBe(false);
    }
  }
});

test("steps that only zone chips have", () => {
  expect(Check(ScriptSchema, script([{ op: "erase", offset: 22, length: 64, key: "a1a2a3a4a5a6" }]))).toBe(true);
  expect(Check(ScriptSchema, script([{ op: "present", secret: "A1B2C3" }]))).toBe(false);
});

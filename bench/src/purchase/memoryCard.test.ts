import { openBMoney, planSteps, toHex } from "@citygas/gascard";
import { describe, expect, it } from "vitest";
import { memoryCard } from "./memoryCard.ts";

const blank = openBMoney.format({
  cardNumber: "1",
  areaCode: "0996",
  role: "user",
  replacement: 0,
  count: 0,
  totalCredited: 0,
  meterCeiling: 0,
});
const secretHex = "a1b2c3";
const issued = () => memoryCard({ layout: openBMoney.name, imageHex: toHex(blank), secretHex });
const bought = openBMoney.purchaseImage(blank, {
  countBefore: 0,
  amount: { kind: "money", amountFen: 5_000 },
  totalBefore: 0,
  boughtOn: "2026-01-02",
});
const write = (secret: string) =>
  ({ id: "w", purpose: "write", steps: planSteps(openBMoney, blank, bought, secret), deadlineAt: 0 }) as const;

describe("a card in memory", () => {
  it("is written by a script, and shows so in the report", () => {
    const script = write(secretHex);
    const report = issued().run({ ...script, steps: [...script.steps] }, "p");
    expect(report.failure).toBeUndefined();
    expect(report.results.at(-1)?.data).toBe(toHex(bought));
  });

  it("stops the run for a script that is not for it", () => {
    const script = write("000000");
    expect(() => issued().run({ ...script, steps: [...script.steps] }, "p")).toThrow(/secret/);
    const card = issued();
    const right = write(secretHex);
    card.run({ ...right, steps: [...right.steps] }, "p");
    expect(() => card.run({ ...right, steps: [...right.steps] }, "p")).toThrow(/expects/);
  });

  it("gives its purchase to the meter once", () => {
    const card = issued();
    expect(() => card.intoMeter()).toThrow(/nothing/);
    const script = write(secretHex);
    card.run({ ...script, steps: [...script.steps] }, "p");
    card.intoMeter();
    const probe = {
      id: "r",
      purpose: "probe",
      steps: [{ op: "read", offset: 0, length: 256 }],
      deadlineAt: 0,
    } as const;
    const read = card.run({ ...probe, steps: [...probe.steps] }, "q").results[0]?.data ?? "";
    const facts = openBMoney.read(Uint8Array.from(Buffer.from(read, "hex")));
    expect(facts).toMatchObject({ ok: true, facts: { returned: { count: 1, totalCredited: 5_000 } } });
    expect(() => card.intoMeter()).toThrow(/nothing/);
  });
});

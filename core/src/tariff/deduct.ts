import { type Fen, type Litre, never } from "../units.ts";
import { divideHalfUp, litresPerM3, sumFen } from "./rounding.ts";
import type { Deduction, DeductionRule } from "./types.ts";

/**
 * 优惠: what each rule takes off, in the rules' order, before the balance is used (manual step 5). Each is worked out on
 * the whole goods and rounded half up once; together they never exceed the goods, and debts are not reduced by them.
 * Rules that give nothing leave no row.
 */
export function deductionsFor(rules: readonly DeductionRule[], goods: { goodsFen: Fen; volumeL: Litre }): Deduction[] {
  const deductions: Deduction[] = [];
  for (const rule of rules) {
    const leftFen = goods.goodsFen - sumFen(deductions);
    const amountFen = Math.min(leftFen, worthFen(rule, goods));
    if (amountFen > 0) deductions.push({ ruleId: rule.id, kind: rule.kind, name: rule.name, amountFen });
  }
  return deductions;
}

function worthFen(rule: DeductionRule, { goodsFen, volumeL }: { goodsFen: Fen; volumeL: Litre }): Fen {
  switch (rule.kind) {
    case "fixed":
      return goodsFen >= rule.minGoodsFen ? rule.amountFen : 0;
    case "permille": {
      const worth = goodsFen >= rule.minGoodsFen ? divideHalfUp(goodsFen, rule.permille, 1000) : 0;
      return rule.maxFen === null ? worth : Math.min(worth, rule.maxFen);
    }
    case "perVolume":
      return divideHalfUp(Math.min(volumeL, rule.maxVolumeL), rule.fenPerM3, litresPerM3);
    default:
      return never(rule, "deduction rule");
  }
}

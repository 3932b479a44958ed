/** Every wrong rule, by name. Nothing outside this package can reach them. */
import { centreSabotages } from "./centre.ts";
import { linkSabotages } from "./links.ts";
import { paymentSabotages } from "./payments.ts";
import type { Sabotage } from "./sabotage.ts";
import { terminalSabotages } from "./terminals.ts";

export const sabotages: readonly Sabotage[] = [
  ...paymentSabotages,
  ...centreSabotages,
  ...terminalSabotages,
  ...linkSabotages,
];
export const sabotageNamed = (name: string): Sabotage | undefined => sabotages.find((each) => each.name === name);

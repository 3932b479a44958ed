/**
 * `npm run simulate:sabotages [-- PURCHASES SEED [NAME…]]`: every wrong rule in turn (or those named), until it is found.
 * Prints the table of docs/protocol.md. Exit 1 when one is not found.
 */
import { live, withSabotage } from "../run/replay.ts";
import { shrink } from "../run/shrink.ts";
import { simulate } from "../run/simulate.ts";
import { sabotageNamed, sabotages } from "./all.ts";
import type { Sabotage } from "./sabotage.ts";

const [purchasesMax = 200_000, seed = 1] = process.argv.slice(2, 4).map(Number);
const named = process.argv.slice(4).map((name) => sabotageNamed(name) ?? fail(`no sabotage is named ${name}`));
if (!Number.isSafeInteger(purchasesMax) || !Number.isSafeInteger(seed)) fail("PURCHASES and SEED are whole numbers");

function fail(text: string): never {
  throw new Error(text);
}

/** One row of the table; null: not found. */
async function row(sabotage: Sabotage): Promise<string | null> {
  const { name, about } = sabotage;
  const outcome = await simulate({ purchases: purchasesMax, seed, fault: null, sabotage });
  if (outcome.broken === null) return null;
  const { replay, violation, tries } = await shrink(outcome.broken.replay, outcome.broken.violation);
  const households = Object.values(replay.visits ?? {});
  const visits = households.reduce((sum, { length }) => sum + length, 0);
  const { length } = (await live(replay, { trace: true })).trace;
  const left = `${households.length} / ${visits} / ${replay.faults?.length ?? 0}`;
  console.error(`${name}: ${violation.invariant}, ${outcome.purchases} purchases, ${tries} tries: ${violation.text}`);
  return `| \`${name}\` | ${about} | ${outcome.purchases} | ${violation.invariant} | ${left} | ${length} |`;
}

console.log(
  "| sabotage | wrong rule | purchases until found | broken | households / visits / faults left | lines of the story |",
);
console.log("| --- | --- | ---: | --- | ---: | ---: |");
const missed: string[] = [];
for (const sabotage of named.length > 0 ? named : sabotages) {
  const found = await withSabotage(sabotage, () => row(sabotage));
  if (found === null) missed.push(sabotage.name);
  console.log(found ?? `| \`${sabotage.name}\` | ${sabotage.about} | **not within ${purchasesMax}** | | | |`);
}
if (missed.length > 0) console.log(`\nnot found: ${missed.join(", ")}`);
process.exit(missed.length === 0 ? 0 : 1);

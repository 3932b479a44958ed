/**
 * `npm run simulate:search [-- STATES]`: small worlds of growing size, each visited as far as STATES. One line of JSON per
 * world. Exit 1 on a hole.
 */
import { search } from "./search.ts";
import { largeSizes, sizes } from "./sizes.ts";

const statesMax = Number(process.argv[2] ?? 1_000_000);
if (!Number.isSafeInteger(statesMax) || statesMax < 1) throw new Error(`${process.argv[2]}: not a number of states`);
let holes = 0;
for (const { name, ...size } of [...sizes, ...largeSizes]) {
  const began = performance.now();
  const { violation, deadEnd, ...counts } = search(size, statesMax);
  if (violation !== null) console.log(`VIOLATION ${violation.text}\n  ${violation.way.join("\n  ")}`);
  if (deadEnd.length > 0) console.log(`from here no end is reached:\n  ${deadEnd.join("\n  ")}`);
  if (violation !== null || deadEnd.length > 0) holes += 1;
  const seconds = Math.round(performance.now() - began) / 1000;
  console.log(JSON.stringify({ world: name, ...counts, violations: violation === null ? 0 : 1, seconds }));
}
process.exit(holes === 0 ? 0 : 1);

/**
 * `npm run simulate:search [-- STATES [NAME…]]`: small worlds of growing size, all or those named, each visited as far as
 * STATES. One line of JSON per world. Exit 1 on a hole.
 */
import { linkSizes, searchLink } from "./link.ts";
import { search } from "./search.ts";
import { largeSizes, sizes } from "./sizes.ts";

/** More keys than these don't fit into one Map. */
const statesLimit = 16_000_000;
const [statesMax = statesLimit] = process.argv.slice(2, 3).map(Number);
if (!Number.isSafeInteger(statesMax) || statesMax < 1 || statesMax > statesLimit)
  throw new Error(`${process.argv[2]}: not a number of states, 1 to ${statesLimit}`);
const named = process.argv.slice(3);
const all = [
  ...linkSizes.map((size) => ({ name: size.name, visit: () => searchLink(size, statesMax) })),
  ...[...sizes, ...largeSizes].map(({ name, ...size }) => ({ name, visit: () => search(size, statesMax) })),
];
const worlds = all.filter(({ name }) => named.length === 0 || named.includes(name));
if (worlds.length < named.length) throw new Error(`worlds: ${all.map(({ name }) => name).join("; ")}`);
let holes = 0;
for (const { name, visit } of worlds) {
  const began = performance.now();
  const { violation, deadEnd, ...counts } = visit();
  if (violation !== null) console.log(`VIOLATION ${violation.text}\n  ${violation.way.join("\n  ")}`);
  if (deadEnd.length > 0) console.log(`from here no end is reached:\n  ${deadEnd.join("\n  ")}`);
  if (violation !== null || deadEnd.length > 0) holes += 1;
  const seconds = Math.round(performance.now() - began) / 1000;
  console.log(JSON.stringify({ world: name, ...counts, violations: violation === null ? 0 : 1, seconds }));
}
process.exit(holes === 0 ? 0 : 1);

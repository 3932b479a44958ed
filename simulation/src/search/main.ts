/** `npm run simulate:search [-- STATES]`: the small world, visited as far as STATES. Last line is JSON. Exit 1 on a hole. */
import { search } from "./search.ts";

const statesMax = Number(process.argv[2] ?? 2_000_000);
if (!Number.isSafeInteger(statesMax) || statesMax < 1) throw new Error(`${process.argv[2]}: not a number of states`);
const began = performance.now();
const { violation, deadEnd, ...counts } = search(statesMax);
if (violation !== null) console.log(`VIOLATION ${violation.text}\n  ${violation.way.join("\n  ")}`);
if (deadEnd.length > 0) console.log(`from here no end is reached:\n  ${deadEnd.join("\n  ")}`);
const violations = violation === null ? 0 : 1;
console.log(JSON.stringify({ ...counts, violations, seconds: Math.round(performance.now() - began) / 1000 }));
process.exit(violations > 0 || counts.deadEnds > 0 ? 1 : 0);

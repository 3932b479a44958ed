/** Builds the pages and ends: for those who start several cities at once, which would build them side by side. */
import { buildPages } from "./pages.ts";

await buildPages((line) => console.log(line));

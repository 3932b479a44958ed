import { buildPages } from "@citygas/city";

/** The pages are built once, before two cities begin to start side by side. */
export const setup = (): Promise<void> => buildPages((line) => console.log(line));

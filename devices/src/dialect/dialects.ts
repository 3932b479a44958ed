import { acs, acsEc2, acsEc2Reversed, acsReversed } from "./acs.ts";
import type { MemoryCardDialect } from "./memoryCardDialect.ts";
import { omnikey } from "./omnikey.ts";
import { pcsc3 } from "./pcsc3.ts";

/** Those a setting may name. */
export const dialects = {
  acs,
  "acs-ec2": acsEc2,
  "acs-reversed": acsReversed,
  "acs-ec2-reversed": acsEc2Reversed,
  omnikey,
  pcsc3,
} as const satisfies Record<string, MemoryCardDialect>;
export type DialectName = keyof typeof dialects;

export const isDialectName = (name: string): name is DialectName => Object.hasOwn(dialects, name);

/**
 * The dialect of a reader that PC/SC calls so. A name that says nothing gets the ACS commands, which most readers that take
 * memory cards at all have copied; one that does not know them refuses the first, which changes nothing.
 */
export const dialectOf = (readerName: string): MemoryCardDialect =>
  /omnikey|cardman|hid global/i.test(readerName) ? omnikey : acs;

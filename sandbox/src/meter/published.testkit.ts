/** The worked examples of docs/cards as they are published: what a meter must make of each card, byte by byte. */
import { readFileSync } from "node:fs";
import { bytesOf } from "../hex.ts";
import type { MeterRow } from "../state/rows.ts";
import { type Page, type PageName, pages } from "./pages.ts";

export interface Published {
  name: string;
  page: Page;
  unit: "volume" | "money";
  /** The image at each of the example's four moments. */
  issued: Uint8Array;
  seen: Uint8Array;
  bought: Uint8Array;
  taken: Uint8Array;
}

const moments = {
  issued: "As issued, never in a meter:",
  seen: "After the meter has seen it:",
  bought: "After the purchase:",
  taken: "After the meter took it:",
} as const;

/** Puts the lines "area offset hex hex …" of one moment into the image. */
function withLines(image: Uint8Array, section: string, moment: string): Uint8Array {
  const [, block] = new RegExp(`${moment}\\n\\n\`\`\`text\\n([^\`]*)\`\`\``).exec(section) ?? [];
  if (block === undefined) throw new Error(`the page says nothing of: ${moment}`);
  const written = image.slice();
  for (const line of block.trim().split("\n")) {
    const [, offset = "", hex = ""] = /^\w+ +(\d+) +([0-9a-f ]+)$/.exec(line) ?? [];
    written.set(bytesOf(hex.replaceAll(" ", "")), Number(offset));
  }
  return written;
}

function examplesOf(name: PageName): Published[] {
  const page = pages[name];
  const text = readFileSync(new URL(`../../../docs/cards/${name}.md`, import.meta.url), "utf8");
  const sections = text.split("## Example: ").slice(1);
  return sections.map((section) => {
    const [, example = "", unit] = /^`(open-[\w-]+-(volume|money))`/.exec(section) ?? [];
    const blank = new Uint8Array(page.bytes).fill(0xff);
    if (page.identity.from > 0) blank.set(bytesOf("a2131091"));
    const issued = withLines(blank, section, moments.issued);
    const seen = withLines(issued, section, moments.seen);
    const bought = withLines(seen, section, moments.bought);
    const taken = withLines(bought, section, moments.taken);
    return { name: example, page, unit: unit === "money" ? "money" : "volume", issued, seen, bought, taken };
  });
}

export const published: readonly Published[] = (
  ["open-a", "open-b", "open-b-cpu", "open-b-sm4", "open-c"] as const
).flatMap(examplesOf);

/** The meter of the example, before it knows any card. */
export function factoryMeter({ page, unit }: Published): MeterRow {
  return {
    id: "m",
    label: "m",
    device: "meter",
    layout: page.name,
    unit,
    boundTo: null,
    replacement: 0,
    count: 0,
    totalCredited: 0,
    remaining: unit === "volume" ? 3_520 : 250,
    registerL: 31_480,
    valve: "open",
    batteryLow: false,
  };
}

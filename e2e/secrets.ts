/** Whatever opens a card of a city, and whether any of it stands in what the city wrote. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./world.ts";

/** A secret by itself, or at the end of the command that presents or changes one; not the same digits in a longer word. */
export function holds(text: string, secret: string): boolean {
  return new RegExp(`(?:^|[^0-9a-f]|ff20000003|ffd2000103)${secret}(?:[^0-9a-f]|$)`, "i").test(text);
}

interface ChipSecrets {
  secretHex?: string;
  files?: { sfi: number; keyHex: string }[];
  internalKeys?: { keyHex: string }[];
}

interface TableChange {
  cards?: { id: string; chip: ChipSecrets }[];
}

/** Whatever these cards ever opened to, as the table itself remembers it, and the masters. */
export function secretsUsed({ dataDir }: World, cards: readonly string[]): string[] {
  const keys = join(dataDir, "server", "keys");
  const table = readFileSync(join(dataDir, "sandbox", "world.jsonl"), "utf8")
    .trim()
    .split("\n");
  const chips = table
    .flatMap((line) => (JSON.parse(line) as TableChange).cards ?? [])
    .filter(({ id }) => cards.includes(id))
    .flatMap(({ chip: { secretHex, files = [], internalKeys = [] } }) => [
      ...(secretHex === undefined ? [] : [secretHex]),
      ...files.filter(({ sfi }) => sfi === 2).map(({ keyHex }) => keyHex),
      ...internalKeys.map(({ keyHex }) => keyHex),
    ]);
  return [...readdirSync(keys).map((name) => readFileSync(join(keys, name), "utf8").trim()), ...new Set(chips)];
}

/** Everything the city's parts wrote to be read by people or by themselves after a death. */
export function logFiles(dataDir: string): { name: string; text: string }[] {
  const read = (folder: string) =>
    readdirSync(join(dataDir, folder))
      .filter((name) => name.endsWith(".log"))
      .map((name) => ({ name, text: readFileSync(join(dataDir, folder, name), "utf8") }));
  return ["log", "kiosk-1", "kiosk-2"].flatMap(read);
}

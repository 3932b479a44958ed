/**
 * Holds the arrows between the rooms (docs/architecture.md): who may import whom, one door per package, no way round.
 * Prints each violation and exits 1, or prints how much it read.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** package → packages it may import. `types:` = with `import type` only. Tests may import what is listed in `inTests` too. */
const arrows: Record<string, readonly string[]> = {
  core: [],
  gascard: [],
  ccid: [],
  receipt: [],
  api: [],
  texts: [],
  gateways: ["core"],
  devices: ["ccid"],
  terminal: ["gascard", "devices", "api"],
  server: ["core", "gascard", "api", "texts", "gateways", "devices"],
  "kiosk-agent": ["gascard", "api", "texts", "devices", "terminal", "receipt"],
  "kiosk-screen": ["texts", "types:api", "types:kiosk-agent"],
  sandbox: [],
  simulation: ["core", "gascard", "gateways", "terminal", "server", "sandbox", "types:api"],
  city: [
    "core",
    "gascard",
    "api",
    "texts",
    "gateways",
    "devices",
    "terminal",
    "server",
    "kiosk-agent",
    "kiosk-screen",
    "sandbox",
  ],
  bench: ["core", "gascard", "api", "gateways", "devices", "terminal", "server", "kiosk-agent", "sandbox", "city"],
  e2e: ["core", "api", "texts", "sandbox", "city", "kiosk-screen", "types:kiosk-agent"],
};
/**
 * The adapters are tested against the sandbox's wire, readers on its chips, the server's store on the city's launcher, its
 * money by the oracle of the whole city.
 */
const inTests: Record<string, readonly string[]> = {
  devices: ["sandbox"],
  gateways: ["sandbox"],
  server: ["city", "sandbox", "e2e"],
  terminal: ["sandbox"],
  "kiosk-agent": ["sandbox"],
  "kiosk-screen": ["api"],
};

const folders: readonly (readonly [folder: string, name: string])[] = [
  ["protocols/gascard", "gascard"],
  ["protocols/ccid", "ccid"],
  ["protocols/receipt", "receipt"],
  ["kiosk/agent", "kiosk-agent"],
  ["kiosk/screen", "kiosk-screen"],
  ...[
    "core",
    "api",
    "texts",
    "gateways",
    "devices",
    "terminal",
    "server",
    "sandbox",
    "simulation",
    "city",
    "bench",
    "e2e",
  ].map((n) => [n, n] as const),
];

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.tsx"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((f) => f !== "");

const violations: string[] = [];
for (const file of files) {
  const home = folders.find(([folder]) => file.startsWith(`${folder}/`));
  if (home === undefined) continue;
  const text = readFileSync(join(root, file), "utf8");
  const test = /\.(test|testkit)\.tsx?$|testDatabase|globalSetup|vitest\.setup/.test(file);
  for (const match of text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?[^"';]*?from\s+["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g,
  )) {
    const typeOnly = match[1] !== undefined;
    const target = match[2] ?? match[3] ?? "";
    const problem = target.startsWith(".")
      ? wayRound(file, home[0], target)
      : wrongArrow(home[1], target, typeOnly, test);
    if (problem !== null) violations.push(`${file}: ${problem}`);
  }
}

function wayRound(file: string, folder: string, target: string): string | null {
  const path = relative(root, resolve(root, dirname(file), target));
  return path.startsWith(`${folder}/`)
    ? null
    : `imports ${target}, which leaves ${folder}; go through the package's door`;
}

function wrongArrow(from: string, target: string, typeOnly: boolean, test: boolean): string | null {
  const match = /^@citygas\/([\w-]+)(\/.*)?$/.exec(target);
  if (match === null) return null;
  const [, to = "", deep] = match;
  if (deep !== undefined) return `imports ${target}: a package has one door, its index.ts`;
  if (to === from) return `imports its own door`;
  const allowed = [...(arrows[from] ?? []), ...(test ? (inTests[from] ?? []) : [])];
  if (allowed.includes(to) || (typeOnly && allowed.includes(`types:${to}`))) return null;
  return `${from} must not import ${to}`;
}

for (const line of violations) console.error(line);
console.log(`structure: ${files.length} files, ${violations.length} violations`);
process.exit(violations.length === 0 ? 0 : 1);

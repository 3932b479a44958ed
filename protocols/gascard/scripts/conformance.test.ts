/** Goal: whoever runs the kit by its command learns from the exit code and the words whether a layout holds, and why not. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { wrongLayouts } from "../src/conformance/wrongLayouts.testkit.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const script = here("conformance.ts");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "citygas-conformance-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", script, ...args], {
    cwd: here("../../.."),
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

/** A module as somebody else writes it, with these lines. */
function moduleOf(name: string, lines: string): string {
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, lines);
  return file;
}
const reExported = (name: string): string =>
  moduleOf(name, `export { ${name} } from ${JSON.stringify(here("../index.ts"))};\n`);

test.each(["openAVolume", "openBCpuVolume", "openBSm4Money", "openCVolume"])("%s holds: 0, each check said", (name) => {
  const { code, out, err } = run(reExported(name));
  expect([code, err]).toEqual([0, ""]);
  const [head, ...checks] = out.trimEnd().split("\n");
  expect(head).toMatch(/^open-[\w-]+: class [ABC] on \w+, \d{4,} points$/);
  expect(checks.length).toBeGreaterThan(10);
  for (const line of checks) expect(line).toMatch(/^ {2}ok {5}.+ \(\d+ points\)$/);
});

test("the template holds: 0", () => {
  expect(run(here("../template/my-maker.ts"))).toMatchObject({ code: 0, err: "" });
});

test("a module of many layouts has each of them tried, and each once", () => {
  const from = JSON.stringify(here("../index.ts"));
  const { code, out } = run(
    moduleOf(
      "many",
      `import { openCMoney, openCVolume } from ${from};\nexport { openCMoney };\nexport default [openCVolume, openCMoney];\n`,
    ),
  );
  expect(code).toBe(0);
  const named = out.split("\n").flatMap((line) => /^(open-[\w-]+): class/.exec(line)?.[1] ?? []);
  expect(named.sort()).toEqual(["open-c-money", "open-c-volume"]);
});

/** Each takes a process of its own: all of them in the long tier. */
const tried = inject("long") ? wrongLayouts : wrongLayouts.slice(0, 5);

test.each(tried.map(([what, , breaks], index) => [what, breaks, index] as const))(
  "a driver that %s: 1, and the check that found it says what it found",
  (_what, breaks, index) => {
    const file = moduleOf(
      `wrong-${index}`,
      `import { wrongLayouts } from ${JSON.stringify(here("../src/conformance/wrongLayouts.testkit.ts"))};
export default wrongLayouts[${index}]?.[1];
`,
    );
    const { code, out, err } = run(file);
    expect([code, err]).toEqual([1, ""]);
    const broken = out.split("\n").find((line) => line.startsWith(`  BROKEN ${breaks} (`));
    expect(broken).toMatch(/ points\): .{5,}/);
  },
);

test("one wrong layout beside a right one: 1, and both are said", () => {
  const file = moduleOf(
    "both",
    `export { openCVolume } from ${JSON.stringify(here("../index.ts"))};
import { wrongLayouts } from ${JSON.stringify(here("../src/conformance/wrongLayouts.testkit.ts"))};
export const wrong = { ...wrongLayouts[0]?.[1], name: "wrong" };
`,
  );
  const { code, out } = run(file);
  expect(code).toBe(1);
  expect(out).toMatch(/^open-c-volume: class C/m);
  expect(out).toMatch(/^wrong: class B/m);
});

test.each([
  ["no path", [], "npm run card-conformance -- path/to/driver.ts"],
  ["two paths", ["a.ts", "b.ts"], "npm run card-conformance -- path/to/driver.ts"],
  ["an option that there is not", ["--longer", "a.ts"], "--longer"],
  ["a path that is not there", ["/nowhere/driver.ts"], "/nowhere/driver.ts can't be loaded"],
] as const)("%s: 2, and why", (_what, args, why) => {
  const { code, out, err } = run(...args);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(why);
});

test.each([
  ["a module that exports something else", "export const layout = { name: 'mine', read: 1 };\n", "no layout driver"],
  ["a module that exports nothing", "export {};\n", "no layout driver"],
  ["a module that throws", "throw new Error('not today');\n", "can't be loaded: not today"],
  ["a module that is no program", "this is no program\n", "can't be loaded"],
])("%s: 2, and why", (what, lines, why) => {
  const { code, err } = run(moduleOf(what.replaceAll(" ", "-"), lines));
  expect(code).toBe(2);
  expect(err).toContain(why);
});

test("asked for help it helps: 0", () => {
  const { code, out } = run("--help");
  expect(code).toBe(0);
  for (const word of ["path/to/driver.ts", "--long", "0", "1", "2"]) expect(out).toContain(word);
});

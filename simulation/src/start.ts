/** `npm run simulate`, `simulate:sabotages`, `simulate:search`: compiles the program and runs it in a process of its own. */
import { spawn } from "node:child_process";
import { compile, worldFlags } from "./run/compile.ts";

const programs = new Map([
  ["simulate", { entry: "./main.ts", flags: worldFlags }],
  ["sabotages", { entry: "./sabotage/main.ts", flags: worldFlags }],
  ["search", { entry: "./search/main.ts", flags: ["--max-old-space-size=12000", "--enable-source-maps"] }],
]);
const [name = "", ...words] = process.argv.slice(2);
const program = programs.get(name);
if (program === undefined) throw new Error(`no program is named ${name}`);
const { file } = await compile(new URL(program.entry, import.meta.url));
const child = spawn(process.execPath, [...program.flags, file, ...words], { stdio: "inherit" });
// A terminal's Ctrl-C reaches both; a kill of this process alone is handed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void child.kill(signal));
child.on("close", (code) => process.exit(code ?? 1));

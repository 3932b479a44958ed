// Plays a bridge with two makers' DLLs in it, for tests: `node standIn.testkit.mjs STATE.json`. What lies in the reader and
// what goes wrong next stand in that file, which it reads before each call and writes after each write. Its makers keep to
// the interface of 2012 as docs/dll-bridge.md has it; nothing here is of the product.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [file] = process.argv.slice(2);
const load = () => JSON.parse(readFileSync(file, "utf8"));
const save = (state) => {
  writeFileSync(`${file}.mine`, JSON.stringify(state));
  renameSync(`${file}.mine`, file);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const first = load();
appendFileSync(`${file}.log`, "start\n");
if (first.start === "silent") setInterval(() => undefined, 1_000);
else if (first.start === "dies") process.exit(3);
else if (first.start === "garbage") process.stdout.write("DLL v1.3 loaded\r\n");
else say({ event: "ready", version: 1, makers: first.makers ?? ["xianfeng", "dandong"] });

const calls = {
  CheckGasCard: ({ card }, maker) => {
    if (card === null) return { code: -4 };
    if (card.claimedBy.includes(maker)) return { code: card.tool ? 1 : 0 };
    return { code: -14 };
  },
  ReadGasCard: ({ card }, maker) => {
    if (card === null) return { code: -4 };
    return card.claimedBy.includes(maker) ? { code: 0, fields: card.fields } : { code: -14 };
  },
  WriteGasCard: ({ card }, maker, args) => {
    if (card === null) return { code: -4 };
    if (!card.claimedBy.includes(maker)) return { code: -14 };
    if (card.fields.kh !== args.kh || card.fields.dqdm !== args.dqdm) return { code: -16 };
    if (args.ql > card.fields.czsx) return { code: -18 };
    // Amount and count as given, never added.
    const { ql, cs, ljgql, sqrq } = args;
    Object.assign(card.fields, { ql, cs, ljgql, sqrq });
    return { code: 0 };
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, maker, call, args } = JSON.parse(line);
  const state = load();
  appendFileSync(`${file}.log`, `${maker} ${call}\n`);
  const fault = state.fault !== undefined && state.fault.on === call ? state.fault.kind : null;
  if (fault !== null) delete state.fault;
  if (fault !== null) save(state);
  if (fault === "hangsBefore") return;
  if (fault === "crashesBefore") process.exit(9);
  const said = { notWritten: { code: -10 }, pretends: { code: 0 }, noCard: { code: -4 } }[fault];
  const answer = said ?? calls[call]?.(state, maker, args) ?? { code: -3 };
  if (call === "WriteGasCard") save(state);
  if (fault === "crashesAfter") process.exit(9);
  if (fault === "hangsAfter") return;
  if (fault === "garbage") process.stdout.write("ic_init ok\n");
  if (fault === "oversized") process.stdout.write("x".repeat(64 * 1024));
  else if (fault === "anothersId") say({ id: id + 1, ...answer });
  else if (fault === "slowly") for (const char of `${JSON.stringify({ id, ...answer })}\n`) process.stdout.write(char);
  else say({ id, ...answer });
});

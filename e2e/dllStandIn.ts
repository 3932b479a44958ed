/**
 * Two makers' DLLs behind a bridge, played by a process of its own (terminal/src/dll/standIn.testkit.mjs), and its
 * reader's slot.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the DLL reads from the card (docs/dll-bridge.md). */
export type DllFields = Record<string, string | number> & { ql: number; cs: number; syql: number };
interface Slot {
  card: null | { claimedBy: string[]; tool?: boolean; fields: DllFields };
  /** What goes wrong at the next such call. */
  fault?: { on: string; kind: string };
}

export interface DllStandIn {
  /** For CITYGAS_READERS. */
  reader: string;
  set(over: Partial<Slot>): void;
  /** What lies in it. */
  slot(): Slot["card"];
  fields(): DllFields;
  /** What the DLLs were asked for, in order, as `MAKER CALL`. */
  calls(): string[];
  close(): void;
}

export function dllStandIn(): DllStandIn {
  const folder = mkdtempSync(join(tmpdir(), "citygas-dll-"));
  const [state, config] = [join(folder, "state.json"), join(folder, "dll.json")];
  const program = fileURLToPath(new URL("../terminal/src/dll/standIn.testkit.mjs", import.meta.url));
  const makers = [
    { name: "xianfeng", mark: "XF" },
    { name: "dandong", mark: "DD" },
  ];
  writeFileSync(config, JSON.stringify({ command: [process.execPath, program, state], makers }));
  const now = (): Slot => (existsSync(state) ? (JSON.parse(readFileSync(state, "utf8")) as Slot) : { card: null });
  const set = (over: Partial<Slot>): void => {
    // Whole or not at all: the process reads it at any moment.
    writeFileSync(`${state}.ours`, JSON.stringify({ ...now(), ...over }));
    renameSync(`${state}.ours`, state);
  };
  set({});
  return {
    reader: `dll:${config}`,
    set,
    slot: () => now().card,
    fields: () => {
      const { card } = now();
      if (card === null) throw new Error("no card");
      return card.fields;
    },
    calls: () =>
      existsSync(`${state}.log`)
        ? readFileSync(`${state}.log`, "utf8")
            .trim()
            .split("\n")
            .filter((l) => l !== "start")
        : [],
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

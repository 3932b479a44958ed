/** What every terminal with a card reader shares: the script executor, the journal, the server's clock, masking. */

export { type DllBridge, type DllBridgeOptions, dllBridge } from "./src/dll/dllBridge.ts";
export { type DllConfig, parseDllConfig } from "./src/dll/dllConfig.ts";
export { type DllReaderOptions, dllReader } from "./src/dll/dllReader.ts";
export { runScript, type ScriptRun, type Seal } from "./src/executor.ts";
export {
  emptyJournal,
  encodeLine,
  fold as foldJournal,
  type Journal,
  type JournalEntry,
  type JournalOptions,
  type JournalState,
  openJournal,
  parseJournal,
  type UnsentReport,
} from "./src/journal.ts";
export { mask } from "./src/mask.ts";
export { type PsamProblem, psamSeal } from "./src/psamSeal.ts";
export { type ServerClock, serverClock } from "./src/serverClock.ts";

/**
 * Where a wrong rule can be put in place of the right one: every port that production code is given in this world, and
 * every thing that goes through it. Without a sabotage all of them hand on what they got.
 */
import type { CardAnswer } from "@citygas/api";
import type { Id } from "@citygas/core";
import type { CardScript, ScriptReport } from "@citygas/gascard";
import type { CodePayChannel } from "@citygas/gateways";
import type { Decisions, MeterLink, MeterWord, SaleContext, Store, TerminalFacts } from "@citygas/server";
import type { ServerClock } from "@citygas/terminal";
import type { CardReader } from "../world/card.ts";
import type { Gateway } from "../world/gateway.ts";
import type { Household } from "../world/household.ts";
import type { Kiosk } from "../world/kiosk.ts";
import type { WorldStore } from "../world/store.ts";
import type { World } from "../world/world.ts";

export interface Seam {
  /** The store as services see it. */
  store(base: WorldStore, world: World): Store;
  /** A gateway as services see it. */
  channel(base: CodePayChannel, gateway: Gateway, world: World): CodePayChannel;
  context(base: SaleContext, world: World): SaleContext;
  /** What two people do. */
  decisions(base: Decisions): Decisions;
  /** The way to meters on a link, and what comes back. */
  meterLink(base: MeterLink, world: World): MeterLink;
  meterWord(word: MeterWord, meterId: Id, world: World): MeterWord;
  reader(base: CardReader, kiosk: Kiosk, world: World): CardReader;
  kioskClock(base: ServerClock, now: () => number): ServerClock;
  /** The script that a kiosk really carries out. */
  script(script: CardScript, kiosk: Kiosk): CardScript;
  /** What a kiosk says that a script did. */
  report(report: ScriptReport, script: CardScript): ScriptReport;
  /** What a kiosk says that a probe saw. */
  image(report: ScriptReport, household: Household): ScriptReport;
  answer(answer: CardAnswer, household: Household): CardAnswer;
  /** What the centre takes a phone for. */
  phone(terminal: TerminalFacts): TerminalFacts;
  /** Journal entries are not waited for. */
  skipsSync: boolean;
  /** The desk hands out a replacement with the count before the last purchase. */
  replacementForgetsCount: boolean;
}

export const untouched: Seam = {
  store: (base) => base,
  channel: (base) => base,
  context: (base) => base,
  decisions: (base) => base,
  meterLink: (base) => base,
  meterWord: (word) => word,
  reader: (base) => base,
  kioskClock: (base) => base,
  script: (script) => script,
  report: (report) => report,
  image: (report) => report,
  answer: (answer) => answer,
  phone: (terminal) => terminal,
  skipsSync: false,
  replacementForgetsCount: false,
};

import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { emptyJournal, encodeLine, fold, type JournalEntry, openJournal, parseJournal } from "./journal.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "journal-"));
});
afterEach(() => rm(folder, { recursive: true }));
const path = () => join(folder, "journal.log");

const report = (scriptId: string): JournalEntry => ({
  kind: "report",
  at: 3,
  sessionId: "s1",
  report: { scriptId, powerUpId: "p1", results: [{ step: 0, data: "a213" }], failure: { step: 1, reason: "removed" } },
});
const sale: JournalEntry[] = [
  { kind: "purchaseOpened", at: 1, purchaseId: "u1", number: "3K7-0192" },
  { kind: "codeSending", at: 2, purchaseId: "u1", key: "k1" },
  { kind: "scriptStarting", at: 2, scriptId: "w1", sessionId: "s1", powerUpId: "p1" },
  report("w1"),
  { kind: "reportSent", at: 4, scriptId: "w1" },
  { kind: "purchaseClosed", at: 5, purchaseId: "u1" },
];

describe("journal", () => {
  it("says after a restart what was under way", async () => {
    for (const upto of sale.keys()) {
      await rm(path(), { force: true });
      const first = await openJournal(path());
      for (const entry of sale.slice(0, upto + 1)) await first.write(entry);
      await first.close();
      const again = await openJournal(path());
      expect(again.state()).toEqual(sale.slice(0, upto + 1).reduce(fold, emptyJournal));
      expect(again.tornBytes).toBe(0);
      await again.close();
    }
  });

  it("cut at any byte: gives every whole line, cuts the rest off, and goes on", async () => {
    const whole = Buffer.concat(sale.map(encodeLine));
    const ends = sale.map((_, i) => Buffer.concat(sale.slice(0, i + 1).map(encodeLine)).length);
    for (let cut = 0; cut <= whole.length; cut++) {
      const lines = ends.filter((end) => end <= cut).length;
      const parsed = parseJournal(whole.subarray(0, cut));
      expect(parsed.entries).toEqual(sale.slice(0, lines));
      expect(parsed.goodBytes).toBe(ends[lines - 1] ?? 0);
    }
    await writeFile(path(), whole.subarray(0, whole.length - 5));
    const journal = await openJournal(path());
    expect(journal.tornBytes).toBeGreaterThan(0);
    expect(journal.state().openPurchase).toEqual({ purchaseId: "u1", number: "3K7-0192" });
    await journal.write({ kind: "purchaseClosed", at: 9, purchaseId: "u1" });
    await journal.close();
    expect(parseJournal(await readFile(path())).entries).toHaveLength(sale.length);
  });

  it("any changed byte is noticed: torn when it is in the last line, else it throws", () => {
    const whole = Buffer.concat(sale.map(encodeLine));
    const lastStart = Buffer.concat(sale.slice(0, -1).map(encodeLine)).length;
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        if (at >= lastStart) {
          // A line end put into the last line leaves bytes behind it, which no tear does.
          const outcome = attempt(() => parseJournal(damaged).entries);
          expect(outcome === "threw" || outcome.length === sale.length - 1).toBe(true);
        } else if (at === lastStart - 1) {
          // The line end before the last line is gone: the two are one damaged last line.
          expect(parseJournal(damaged).entries).toEqual(sale.slice(0, -2));
        } else {
          expect(() => parseJournal(damaged)).toThrow(/damaged line/);
        }
      }),
      { numRuns: inject("long") ? 100_000 : 1_000 },
    );
  });

  it("stays small: two hundred sales leave what is still unsent, and only that", async () => {
    const journal = await openJournal(path(), { compactAtBytes: 2_000 });
    await journal.write(report("unsent"));
    for (let i = 0; i < 200; i++) for (const entry of sale) await journal.write(entry);
    const size = (await stat(path())).size;
    const state = journal.state();
    await journal.close();
    expect(size).toBeLessThan(4_500);
    expect(state.unsentReports.map((unsent) => unsent.report.scriptId)).toEqual(["unsent"]);
    const again = await openJournal(path());
    expect(again.state()).toEqual(state);
    await again.close();
  });

  it("a half-made compaction is thrown away", async () => {
    const journal = await openJournal(path());
    await journal.write(report("w1"));
    await journal.close();
    await writeFile(`${path()}.new`, "half");
    const again = await openJournal(path());
    expect(again.state().unsentReports).toHaveLength(1);
    await again.close();
    await expect(readFile(`${path()}.new`)).rejects.toThrow();
  });

  it("keeps the order of the calls and is for its owner's eyes", async () => {
    const journal = await openJournal(path());
    await Promise.all(sale.map((entry) => journal.write(entry)));
    await journal.close();
    expect(parseJournal(await readFile(path())).entries).toEqual(sale);
    expect((await stat(path())).mode & 0o777).toBe(0o600);
  });
});

function attempt<T>(act: () => T): T | "threw" {
  try {
    return act();
  } catch {
    return "threw";
  }
}

/** A damaged world file: the world of some true beginning, or an error that names file and line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { blankChip } from "../chip/sle4442.ts";
import { openWorldBook } from "./world-book.ts";

const dir = mkdtempSync(join(tmpdir(), "sandbox-fuzz-"));
const path = join(dir, "world.jsonl");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const card = (id: string) => ({ id, label: id, accountNumber: null, mute: false, chip: blankChip() });
const book = openWorldBook(dir);
for (const id of ["a", "b", "c"]) book.commit({ cards: [card(id)], paper: [{ kiosk: `kiosk-${id}`, paper: "low" }] });
book.close();
const whole = readFileSync(path);

test("cut or overwritten anywhere", () => {
  const seen = { opened: 0, threw: 0 };
  const bytes = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0x0a, 0x22, 0x7d)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.nat(whole.length), bytes, fc.boolean(), (at, put, cut) => {
      const rest = cut ? whole.subarray(whole.length) : whole.subarray(at + put.length);
      writeFileSync(path, Buffer.concat([whole.subarray(0, at), Buffer.from(put), rest]));
      try {
        openWorldBook(dir).close();
        seen.opened += 1;
      } catch (error) {
        seen.threw += 1;
        if (!(error instanceof Error) || !/world\.jsonl:\d+ is no change/.test(error.message)) throw error;
      }
    }),
    { numRuns: inject("long") ? 20_000 : 300 },
  );
  expect(Math.min(seen.opened, seen.threw)).toBeGreaterThan(0);
});

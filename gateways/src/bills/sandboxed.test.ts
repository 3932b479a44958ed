/** Daily bills of the sandbox's gateways, each fetched as from the real ones. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { useKit } from "../sandboxed.testkit.ts";
import type { BillFormat } from "./port.ts";
import { readBill } from "./read.ts";
import type { BillLine } from "./readTypes.ts";

const kit = useKit();
const dir = mkdtempSync(join(tmpdir(), "citygas-bills-"));
afterAll(() => rmSync(dir, { recursive: true }));
const dayOf = (at: number): string => new Date(at + 8 * 3600_000).toISOString().slice(0, 10);

/** Every problem says what is wrong with the file; without one, what was read is what was there. */
async function readAs(file: string, format: BillFormat, day: string | null) {
  const lines: BillLine[] = [];
  const read = await readBill({ file, format, day, take: async (batch) => void lines.push(...batch) });
  return read.ok ? { lines, problem: null } : { lines: [], problem: read.error.kind };
}

describe.each(["wechat", "alipay"] as const)("the fund bill of %s", (name) => {
  test.each([
    ["fundTruncated", name === "wechat" ? "damaged" : "archive"],
    ["fundReordered", "same lines"],
    ["fundLineDoubled", "lineTwice"],
    ["fundWrongEncoding", "encoding"],
    ["fundWrongSums", "sum"],
  ] as const)("%s: %s", async (fault, outcome) => {
    await kit.pay(name);
    const day = dayOf(kit.clock.now);
    const file = join(dir, `${name}-spoilt`);
    const fetched = async () => {
      const bill = await kit.channel(name).bills?.fetch({ day, kind: "fund" }, file);
      return bill?.kind === "file" ? await readAs(file, bill.format, null) : { lines: [], problem: bill?.kind };
    };
    const sound = await fetched();
    kit.gateways.faults.arm(fault, { gateway: name });
    const spoilt = await fetched();
    if (outcome === "same lines") expect(spoilt.lines.toReversed()).toEqual(sound.lines);
    else expect(spoilt).toMatchObject({ lines: [], problem: outcome });
    expect(await fetched()).toEqual(sound);
  });
});

test.each([
  ["bankTruncated", "sum"],
  ["bankReordered", "same lines"],
  ["bankLineDoubled", "sum"],
  ["bankWrongEncoding", "encoding"],
  ["bankWrongSums", "sum"],
] as const)("the bank's statement, %s: %s", async (fault, outcome) => {
  for (const name of ["wechat", "alipay"] as const) await kit.pay(name);
  kit.clock.now += 24 * 3600_000;
  const file = join(dir, "statement");
  const fetched = async () => {
    writeFileSync(file, kit.gateways.bankStatementFile(dayOf(kit.clock.now)));
    return await readAs(file, "bank-statement-csv", null);
  };
  const sound = await fetched();
  expect(sound.lines.length).toBeGreaterThan(1);
  kit.gateways.faults.arm(fault);
  const spoilt = await fetched();
  if (outcome === "same lines") expect(spoilt.lines.toReversed()).toEqual(sound.lines);
  else expect(spoilt).toMatchObject({ lines: [], problem: outcome });
});

describe.each(["wechat", "alipay", "acquirer"] as const)("%s", (name) => {
  async function fetchBill(kind: "trade" | "fund" = "trade", day = dayOf(kit.clock.now)) {
    const file = join(dir, `${name}-${kind}`);
    const fetched = await kit.channel(name).bills?.fetch({ day, kind }, file);
    return { file, fetched };
  }

  test("a day's bill stands in the file, whole", async () => {
    await kit.pay(name);
    const kinds = kit.channel(name).bills?.kinds ?? [];
    for (const kind of kinds) {
      const { file, fetched } = await fetchBill(kind);
      const bytes = readFileSync(file);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      expect(fetched).toEqual({ kind: "file", format: expect.any(String), sizeBytes: bytes.byteLength, sha256 });
    }
    expect(kinds).toEqual(name === "acquirer" ? ["trade"] : ["trade", "fund"]);
  });

  test("a day without payments is empty", async () => {
    expect((await fetchBill("trade", "2020-01-01")).fetched).toEqual({ kind: "empty" });
  });

  test("billNotReady: later; gatewayDown: unknown", async () => {
    await kit.pay(name);
    kit.gateways.faults.arm("billNotReady", { gateway: name });
    const { file, fetched } = await fetchBill();
    // Alipay has no word for it that is known.
    expect(fetched?.kind).toBe(name === "alipay" ? "unknown" : "notReady");
    kit.gateways.faults.arm("gatewayDown", { gateway: name });
    expect((await fetchBill()).fetched?.kind).toBe("unknown");
    expect(existsSync(file)).toBe(false);
  });

  test.each(["billDamaged", "billTruncated"] as const)("%s is noticed where a hash was announced", async (fault) => {
    await kit.pay(name);
    kit.gateways.faults.arm(fault, { gateway: name });
    const { file, fetched } = await fetchBill();
    // Alipay announces none: there the zip's own sums tell the reader.
    expect(fetched?.kind).toBe(name === "alipay" ? "file" : "damaged");
    expect(existsSync(file)).toBe(name === "alipay");
  });
});

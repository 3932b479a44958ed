/** Bills that are broken at random: never a throw, never more or other money than the file says of itself. */
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { acquirerTrade, alipayTrade, alipayZip, type Trade, wechatTrade } from "./bills.testkit.ts";
import type { BillFormat } from "./port.ts";
import { readBytes } from "./read.ts";
import { splitQuoted } from "./readBank.ts";
import { readLines } from "./readLines.ts";
import { fingerprints } from "./readTally.ts";
import type { BillLine } from "./readTypes.ts";

const day = "2026-11-22";
const numRuns = inject("long") ? 250_000 : 3_000;

const anyTrades: fc.Arbitrary<Trade[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom<Trade["kind"]>("payment", "refund", "reversed"),
      amountFen: fc.integer({ min: 1, max: 99_999_999 }),
      feeFen: fc.integer({ min: 0, max: 5_000 }),
      second: fc.integer({ min: 0, max: 86_399 }),
    }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map(({ kind, amountFen, feeFen, second }, index) => ({
      ...{ kind, amountFen, feeFen, outTradeNo: `K01_${index}`, transactionId: `T${index}` },
      ...(kind === "refund" ? { refundNo: `F${index}` } : {}),
      time: new Date(Date.parse(`${day}T00:00:00Z`) + second * 1_000).toISOString().slice(0, 19).replace("T", " "),
    })),
  );
const writers: Record<string, (trades: readonly Trade[]) => Buffer> = {
  "wechat-trade-csv": (trades) => Buffer.from(wechatTrade(trades)),
  "alipay-trade-zip": (trades) => alipayZip(alipayTrade(trades)),
  "acquirer-trade-csv": (trades) => Buffer.from(acquirerTrade(trades)),
};
const formats = Object.keys(writers) as BillFormat[]; // the record's own keys

async function read(format: BillFormat, content: Buffer) {
  const lines: BillLine[] = [];
  const take = async (batch: BillLine[]): Promise<void> => void lines.push(...batch);
  // Behind its end a file has no bytes; a buffer would throw.
  const read = async (piece: Buffer, at: number): Promise<number> =>
    at < content.length ? content.copy(piece, 0, at) : 0;
  return { result: await readBytes({ size: content.length, read }, { format, day, take }), lines };
}
const netOf = (lines: readonly { kind: string; amountFen: number }[]): number =>
  lines.reduce((sum, { kind, amountFen }) => sum + (kind === "payment" ? amountFen : -amountFen), 0);

describe.each(formats)("%s", (format) => {
  const write = writers[format] ?? (() => Buffer.alloc(0));

  it("what is written is read, to the fen", async () => {
    await fc.assert(
      fc.asyncProperty(anyTrades, async (trades) => {
        const { result, lines } = await read(format, write(trades));
        expect(result.ok).toBe(true);
        expect(lines.map(({ kind, amountFen, outTradeNo }) => [kind, amountFen, outTradeNo])).toEqual(
          trades.map(({ kind, amountFen, outTradeNo }) => [kind, amountFen, outTradeNo]),
        );
      }),
      { numRuns: Math.min(numRuns, 20_000) },
    );
  });

  it("cut anywhere it is no bill", async () => {
    const whole = write([
      {
        kind: "payment",
        outTradeNo: "K01_1",
        transactionId: "T1",
        amountFen: 12_345,
        feeFen: 74,
        time: `${day} 10:00:00`,
      },
    ]);
    const text = format.endsWith("csv") ? whole.toString("utf8").trimEnd().length : 0;
    const bytes = format.endsWith("csv") ? Buffer.byteLength(whole.toString("utf8").slice(0, text)) : whole.length;
    // Behind the last digit that counts there are only a line's end and decimals that are 0.
    for (let length = 0; length < bytes - 6; length += format.endsWith("zip") ? 7 : 1)
      expect((await read(format, whole.subarray(0, length))).result.ok, `${length} of ${bytes}`).toBe(false);
  });

  it("broken at random it is refused, or says what it said before", async () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      how: fc.constantFrom("set", "insert", "delete"),
      byte: fc.integer({ min: 0, max: 255 }),
      length: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(anyTrades, fc.array(change, { minLength: 1, maxLength: 4 }), async (trades, changes) => {
        let bytes = write(trades);
        for (const { at, how, byte, length } of changes) {
          const place = Math.floor(at * bytes.length);
          const [before, after] = [bytes.subarray(0, place), bytes.subarray(place + (how === "insert" ? 0 : length))];
          const put = how === "delete" ? Buffer.alloc(0) : Buffer.alloc(how === "set" ? length : 1, byte);
          bytes = Buffer.concat([before, put, after]);
        }
        const { result, lines } = await read(format, bytes);
        if (!result.ok) return;
        const { sums } = result.value;
        expect(netOf(lines)).toBe(sums.payment.amountFen - sums.refund.amountFen - sums.reversed.amountFen);
        for (const { amountFen } of lines) expect(Number.isSafeInteger(amountFen) && amountFen >= 0).toBe(true);
      }),
      { numRuns },
    );
  });
});

it("any bytes at all are no bill, and no throw", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<BillFormat>(...formats, "wechat-fund-csv", "alipay-fund-zip", "bank-statement-csv"),
      fc.uint8Array({ maxLength: 400 }),
      async (format, bytes) => {
        expect((await read(format, Buffer.from(bytes))).result.ok).toBe(false);
      },
    ),
    { numRuns },
  );
});

it("lines are the same however the file is cut into pieces", async () => {
  const cut = fc.tuple(fc.string({ unit: "grapheme", maxLength: 200 }), fc.array(fc.nat(30), { maxLength: 20 }));
  await fc.assert(
    fc.asyncProperty(cut, async ([text, sizes]) => {
      const bytes = Buffer.from(text.replaceAll("a", "\n").replaceAll("b", "\r\n"));
      async function* pieces(): AsyncGenerator<Buffer> {
        let at = 0;
        for (const size of sizes) {
          yield bytes.subarray(at, at + size);
          at += size;
        }
        yield bytes.subarray(at);
      }
      const lines: string[] = [];
      const collect = (block: Buffer, from: number, to: number): null => {
        lines.push(block.toString("utf8", from, to));
        return null;
      };
      expect(await readLines(pieces(), "utf-8", collect, async () => undefined)).toBeNull();
      const expected = bytes.toString("utf8").split("\n");
      if (expected.at(-1) === "") expected.pop();
      expect(lines).toEqual(expected.map((line) => line.replace(/\r$/, "")));
    }),
  );
});

it("a line longer than the limit is refused before it fills the memory", async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(16_384, 0x41);
  }
  const problem = await readLines(
    endless(),
    "utf-8",
    () => null,
    async () => undefined,
  );
  expect(problem).toEqual({ kind: "tooLarge", what: "line" });
});

it("quoted fields come back as they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 8 }), (values) => {
      const line = values.map((value) => `"${value.replaceAll('"', '""')}"`).join(",");
      expect(splitQuoted(line)).toEqual(values);
    }),
  );
});

it("a set of fingerprints knows each text once", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 6 }), { maxLength: 5_000, size: "max" }), (texts) => {
      const seen = fingerprints();
      const known = new Set<string>();
      for (const text of texts) {
        expect(seen.add(text)).toBe(!known.has(text));
        known.add(text);
      }
    }),
    { numRuns: 20 },
  );
});

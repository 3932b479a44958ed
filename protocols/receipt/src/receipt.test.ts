import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { renderReceipt } from "../index.ts";
import { pictured, tiered, words } from "./example.ts";
import type { ReceiptInput } from "./input.ts";
import { readPaper } from "./paper.ts";
import { escaped, printable } from "./printable.ts";

const narrow = { charsPerLine: 32, texts: words } as const;
const wide = { charsPerLine: 48, texts: words } as const;

/** Columns a line takes: a Chinese character two. */
function columns(line: string): number {
  return [...line].reduce((sum, character) => sum + ((character.codePointAt(0) ?? 0) < 0x80 ? 1 : 2), 0);
}

describe("the pictured purchase", () => {
  it("prints these bytes on 58 mm paper", () => {
    const { escpos } = renderReceipt(pictured, narrow);
    expect(Buffer.from(escpos).toString("latin1").split("\n").map(hex)).toMatchSnapshot();
  });

  it("prints these lines on both papers", () => {
    expect(renderReceipt(pictured, narrow).text).toMatchSnapshot();
    expect(renderReceipt(tiered, wide).text).toMatchSnapshot();
    expect(renderReceipt({ ...tiered, reprint: true }, narrow).text).toMatchSnapshot();
  });

  it("draws this picture", () => {
    expect(renderReceipt(pictured, wide).svg).toMatchSnapshot();
  });

  it("says everything a receipt must", () => {
    const { text, rasters, cuts, endsWithQuestion } = readPaper(renderReceipt(pictured, wide).escpos);
    for (const part of [
      "洪通燃气",
      "新疆巴州洪通燃气",
      "3K7-0192",
      "031140086",
      "*********1",
      "4321",
      "由表计价",
      "￥1199.70",
      "-￥0.30",
      "微信支付",
      "4200002026112300000001",
      "2026-11-23 14:30:05",
      "0996-2959627",
      "芯片朝下",
      "蜂鸣声",
    ])
      expect(text).toContain(part);
    expect(rasters).toHaveLength(1);
    expect(cuts).toBe(1);
    expect(endsWithQuestion).toBe(true);
  });

  it("breaks no payment number and no address in two, also on narrow paper", () => {
    const long = {
      ...pictured,
      channelNumber: "2026112300000000000000000002",
      customer: { ...pictured.customer, address: "样例工业园*号楼**3室" },
    };
    const { text } = readPaper(renderReceipt(long, narrow).escpos);
    for (const whole of [long.channelNumber, long.customer.address]) expect(text).toContain(whole);
  });

  it("leaves out what a purchase with nothing to pay has not", () => {
    const { text } = renderReceipt({ ...pictured, channel: null, channelNumber: null, paidAtMs: null }, wide);
    expect(text).toContain("无需付款");
    expect(text).not.toContain("支付单号");
    expect(text).not.toContain("付款时间");
  });
});

describe("printable", () => {
  it.each([
    ["m³", "m3"],
    ["㎥", "m3"],
    ["\u00a5120", "￥120"],
    ["张㐂龘", "张〓龘"],
    ["a\n{command:\\x1b@}", "a {command:\\x1b@}"],
    ["\u202eabc\u200b", "abc"],
    ["😀", "〓"],
    ["  a\u3000\u00a0b ", "a b"],
  ])("%j becomes %j", (value, paper) => {
    expect(printable(value)).toBe(paper);
  });

  it("cuts what is too long", () => {
    expect(printable("甲".repeat(300), 5)).toBe("甲甲甲甲…");
  });

  it("keeps a text of only - or = from being a rule or a cut", () => {
    expect(escaped("---")).toBe("－－－");
    expect(escaped("=")).toBe("＝");
  });
});

describe("whatever the data say", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...'\\|{}~_"`^-=;:,xn01w*\n\r\t\x1b\x1d 甲³¥'), maxLength: 40 }),
    fc.constantFrom(
      "{command:\\x1b@\\x1dr\\x01}",
      "{code:1;option:qrcode}",
      "{image:AAAA}",
      "=",
      "-",
      "|",
      "\\",
      "{w:1}",
    ),
  );
  const data = fc
    .record({
      company: hostile,
      unit: hostile,
      terminal: hostile,
      number: hostile,
      name: hostile,
      address: hostile,
      cardTail: hostile,
      accountNumber: hostile,
      deduction: hostile,
      channel: fc.option(hostile),
      channelNumber: fc.option(hostile),
      hotline: hostile,
      path: hostile,
    })
    .map(
      (odd): ReceiptInput => ({
        ...tiered,
        ...odd,
        customer: { ...tiered.customer, ...odd },
        breakdown: { ...tiered.breakdown, deductions: [{ name: odd.deduction, amountFen: 100 }] },
        bindUrl: `https://gas.example/b/${encodeURIComponent(odd.path.replace(/\p{Cs}/gu, ""))}`,
      }),
    );

  it.each([narrow, wide])("the printer gets only text, one code, one cut, one question", (options) => {
    fc.assert(
      fc.property(data, (input) => {
        const paper = readPaper(renderReceipt(input, options).escpos);
        expect(paper.rasters).toHaveLength(1);
        expect(paper.cuts).toBe(1);
        expect(paper.endsWithQuestion).toBe(true);
        const squeezed = plain(paper.text);
        for (const value of [input.number, input.customer.name, input.customer.address, input.hotline]) {
          expect(squeezed).toContain(plain(printable(value)));
        }
      }),
      { numRuns: inject("long") ? 500 : 40 },
    );
  });

  it.each([narrow, wide])("no line is longer than the paper, and the amounts stay", (options) => {
    fc.assert(
      fc.property(data, (input) => {
        const { text } = renderReceipt(input, options);
        for (const line of text.split("\n")) expect(columns(line.trimEnd())).toBeLessThanOrEqual(options.charsPerLine);
        expect(text).toContain("￥137.29");
        expect(text).toContain("47.4 方");
      }),
      { numRuns: inject("long") ? 500 : 40 },
    );
  });
});

/** Without blanks, and full-width - and = (a lone one's disguise) as themselves: what a reader takes in. */
function plain(text: string): string {
  return text.replace(/\s/g, "").replace(/－/g, "-").replace(/＝/g, "=");
}

function hex(line: string): string {
  return Buffer.from(line, "latin1").toString("hex");
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decimalLitres,
  decimalYuan,
  decimalYuanShort,
  money,
  speechAmount,
  speechTokens,
  unitPrice,
  volume,
  yuan,
  yuanShort,
} from "../index.ts";

describe("written amounts", () => {
  it("write money with the full-width sign and two decimals", () => {
    expect(money(12_000)).toBe("\uFFE5120.00");
    expect(money(-30)).toBe("-\uFFE50.30");
    expect(yuan(119_970, "zh-CN")).toBe("1199.70元");
    expect(yuanShort(150_000, "zh-CN")).toBe("1500元");
    expect(decimalYuanShort(30)).toBe("0.30");
  });

  it("write gas without trailing zeros", () => {
    expect(volume(47_400, "zh-CN")).toBe("47.4 方");
    expect(volume(9_999_999_000, "en")).toBe("9999999 m³");
    expect(decimalLitres(5)).toBe("0.005");
  });

  it("write unit prices with two to four decimals", () => {
    expect(unitPrice(25_500)).toBe("2.55");
    expect(unitPrice(25_525)).toBe("2.5525");
    expect(unitPrice(20_000)).toBe("2.00");
    expect(unitPrice(25_550)).toBe("2.555");
  });

  it("lose nothing: the digits read back are the amount", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (value) => {
        expect(Number(decimalYuan(value).replace(".", ""))).toBe(value === 0 ? 0 : value);
        const [whole = "", fraction = ""] = decimalLitres(Math.abs(value)).split(".");
        expect(Number(whole + fraction.padEnd(3, "0"))).toBe(Math.abs(value));
      }),
    );
  });

  it("refuse what is no integer", () => {
    expect(() => money(0.5)).toThrow(RangeError);
  });
});

describe("spoken amounts", () => {
  it.each([
    [0, "零元"],
    [5, "五分"],
    [60, "六角"],
    [105, "一元零五分"],
    [200, "两元"],
    [1_000, "十元"],
    [1_200, "十二元"],
    [5_860, "五十八元六角"],
    [11_000, "一百一十元"],
    [10_500, "一百零五元"],
    [119_970, "一千一百九十九元七角"],
    [200_200, "两千零二元"],
    [1_001_000, "一万零一十元"],
    [9_999_999, "九万九千九百九十九元九角九分"],
  ])("%i fen is %s", (fen, words) => {
    expect(speechAmount(fen, "zh-CN")).toBe(words);
  });

  it.each([
    [5_860, "fifty eight point six zero yuan"],
    [119_970, "one thousand one hundred ninety nine point seven zero yuan"],
    [5, "zero point zero five yuan"],
  ])("%i fen is %s", (fen, words) => {
    expect(speechAmount(fen, "en")).toBe(words);
  });

  it("say different amounts differently", () => {
    const said = new Map<string, number>();
    for (let fen = 0; fen < 30_000; fen++) {
      const words = speechAmount(fen, "zh-CN");
      expect(said.get(words), `${fen} sounds like ${said.get(words)}`).toBeUndefined();
      said.set(words, fen);
    }
  });

  it("stay silent where words would be nonsense", () => {
    expect(speechTokens(-1, "zh-CN")).toEqual([]);
    expect(speechTokens(10_000_000, "en")).toEqual([]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryText, entryValue, typeKey } from "./entry.ts";
import { scannedKind } from "./paymentCode.ts";

const keys = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "backspace", "clear"] as const;

describe("the entry", () => {
  it("reads yuan as fen and cubic metres as litres, exactly", () => {
    expect(entryValue("1199.7", "money")).toBe(119_970);
    expect(entryValue("0.07", "money")).toBe(7);
    expect(entryValue("47.4", "volume")).toBe(47_400);
    expect(entryValue("", "money")).toBe(0);
    expect(entryValue("5.", "money")).toBe(500);
    expect(() => entryValue("1e5", "money")).toThrow(RangeError);
  });

  it("whatever is typed is a value, and never a longer one than the keypad allows", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...keys)), fc.constantFrom("money", "volume"), (typed, unit) => {
        const entry = typed.reduce((text, key) => typeKey(text, key, unit), "");
        const value = entryValue(entry, unit);
        expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        expect(entry).toMatch(/^(0|[1-9]\d{0,6})?(\.\d{0,3})?$/);
      }),
    );
  });

  it("a quick amount reads back as itself", () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.constantFrom("money", "volume"), (value, unit) => {
        expect(entryValue(entryText(value, unit), unit)).toBe(value);
      }),
    );
    expect(entryText(5_000, "money")).toBe("50");
    expect(entryText(47_400, "volume")).toBe("47.4");
  });

  it("no key does what it should not", () => {
    expect(typeKey("", ".", "money")).toBe("0.");
    expect(typeKey("1.2", ".", "money")).toBe("1.2");
    expect(typeKey("1.25", "9", "money")).toBe("1.25");
    expect(typeKey("15", ".", "volume")).toBe("15");
    expect(typeKey("0", "5", "money")).toBe("5");
    expect(typeKey("1234567", "8", "money")).toBe("1234567");
  });
});

describe("scannedKind", () => {
  it.each([
    ["101234567890123456", "wechat"],
    ["151234567890123456", "wechat"],
    ["161234567890123456", "other"],
    ["13123456789012345", "other"],
    ["2512345678901234", "alipay"],
    ["301234567890123456789012", "alipay"],
    ["3012345678901234567890123", "other"],
    ["241234567890123456", "other"],
    ["6212345678901234567", "unionpay"],
    ["WXP://F2F0", "collectionCode"],
    ["http://qr.alipay.com/fkx", "collectionCode"],
    ["https://example.com/", "other"],
    ["", "other"],
  ])("%s is %s", (text, kind) => {
    expect(scannedKind(text)).toBe(kind);
  });
});

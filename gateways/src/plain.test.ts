import fc from "fast-check";
import { expect, test } from "vitest";
import { plainText, safeCode } from "./plain.ts";

test("codes of gateways, libraries and networks pass", () => {
  for (const code of ["NOT_ENOUGH", "ACQ.TRADE_NOT_EXIST", "isp.unknow-error", "ECONNRESET", "10003"]) {
    expect(safeCode(code)).toBe(code);
  }
});

test("nothing that could hold a payment code passes", () => {
  const authCode = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 16, maxLength: 24 });
  fc.assert(
    fc.property(authCode, fc.string(), fc.string(), (code, before, after) => {
      expect(safeCode(`${before}${code}${after}`)).toBe("noCode");
    }),
  );
  expect(safeCode("付款码 130000000000000001 无效")).toBe("noCode");
  expect(safeCode(undefined)).toBe("noCode");
});

test("a wallet's text never holds what Alipay refuses, is never empty, never too long", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 40 }), (text, maxLength) => {
      const plain = plainText(text, maxLength);
      expect(plain).not.toMatch(/[/=&\p{Cc}]/u);
      expect([...plain].length).toBeGreaterThan(0);
      expect([...plain].length).toBeLessThanOrEqual(maxLength);
    }),
  );
  expect(plainText("燃气/充值=1&2", 40)).toBe("燃气 充值 1 2");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { maskCode, routeCode, schemeOf } from "./route.ts";

const digits = (min: number, max = min) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: min, maxLength: max });

test("every WeChat code: 18 digits from 10 to 15", () => {
  fc.assert(
    fc.property(fc.constantFrom(..."012345"), digits(16), (second, rest) => {
      expect(routeCode(`1${second}${rest}`)).toEqual({ channel: "wechat" });
    }),
  );
});

test("every Alipay code: 16 to 24 digits from 25 to 30", () => {
  fc.assert(
    fc.property(fc.constantFrom("25", "26", "27", "28", "29", "30"), digits(14, 22), (head, rest) => {
      expect(routeCode(`${head}${rest}`)).toEqual({ channel: "alipay" });
    }),
  );
});

test.each([
  ["6212345678901234567", { reject: "unionpay" }],
  ["0112345678901234567", { reject: "ecny" }],
  ["wxp://f2f0abcdef", { reject: "collectionCode", wallet: "wechat" }],
  ["weixin://wxpay/bizpayurl?pr=abc", { reject: "collectionCode", wallet: "wechat" }],
  ["https://payapp.wechatpay.cn/qr/abc", { reject: "collectionCode", wallet: "wechat" }],
  ["HTTPS://QR.ALIPAY.COM/FKX01234", { reject: "collectionCode", wallet: "alipay" }],
  ["https://qr.95516.com/00010000/62", { reject: "collectionCode", wallet: "unionpay" }],
  ["https://qr.alipay.com.evil.example/", { reject: "notAPaymentCode" }],
  ["031140086", { reject: "notAPaymentCode" }],
  ["160000000000000001", { reject: "notAPaymentCode" }],
  ["13000000000000000", { reject: "notAPaymentCode" }],
  ["1300000000000000011", { reject: "notAPaymentCode" }],
  [`fp${"a".repeat(33)}`, { reject: "notAPaymentCode" }],
  ["", { reject: "notAPaymentCode" }],
] as const)("%s", (text, route) => {
  expect(routeCode(text)).toEqual(route);
});

test("an acquirer gets the schemes it takes, and nothing of the others", () => {
  const [unionpay, ecny] = ["6212345678901234567", "0112345678901234567"];
  expect(routeCode(unionpay, ["unionpay"])).toEqual({ channel: "acquirer" });
  expect(routeCode(ecny, ["unionpay"])).toEqual({ reject: "ecny" });
  expect(routeCode(ecny, ["ecny"])).toEqual({ channel: "acquirer" });
  expect(routeCode(unionpay, ["ecny"])).toEqual({ reject: "unionpay" });
  expect(routeCode("130000000000000001", ["unionpay", "ecny"])).toEqual({ channel: "wechat" });
  expect(routeCode("621234567890123456", ["unionpay", "ecny"])).toEqual({ reject: "notAPaymentCode" });
  expect([schemeOf(` ${unionpay}\n`), schemeOf(ecny), schemeOf("x")]).toEqual(["unionpay", "ecny", undefined]);
});

test("what a scanner adds around a code doesn't count; inside it does", () => {
  expect(routeCode("130000000000000001\r\n")).toEqual({ channel: "wechat" });
  expect(routeCode("1300000000 00000001")).toEqual({ reject: "notAPaymentCode" });
});

test("anything can be routed and masked, and a mask shows six characters at most", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), digits(18)), (text) => {
      routeCode(text);
      expect(maskCode(text)).toMatch(/^(..\*{4}.{4}|\*{4})$/su);
    }),
  );
  expect(maskCode("134567890123456789\n")).toBe("13****6789");
  expect(maskCode("1345678")).toBe("****");
});

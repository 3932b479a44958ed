/** What Alipay's answers begin with (facts/payments.md §2.3). */
export type AlipayBody = Record<string, string>;
export const success = (rest: AlipayBody): AlipayBody => ({ code: "10000", msg: "Success", ...rest });
export const failed = (subCode: string, text: string): AlipayBody => ({
  code: "40004",
  msg: "Business Failed",
  sub_code: subCode,
  sub_msg: text,
});
export const invalid = (subCode: string): AlipayBody => ({
  code: "40002",
  msg: "Invalid Arguments",
  sub_code: subCode,
});

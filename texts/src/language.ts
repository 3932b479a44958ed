/** Languages of the product, the first is the one shown unless the customer asks. BCP 47. */
export const languages = ["zh-CN", "en"] as const;
export type Language = (typeof languages)[number];

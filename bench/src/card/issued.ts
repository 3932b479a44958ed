/** What a card holds that was issued and never sold to. */
export const issued = {
  cardNumber: "0311203086",
  areaCode: "0996",
  role: "user",
  replacement: 0,
  count: 0,
  totalCredited: 0,
  meterCeiling: 0,
} as const;

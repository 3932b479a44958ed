/** Every state in plain words, masked, and refreshing exactly while something may still happen. */
import type { Purchase, PurchaseState } from "@citygas/core";
import { carriedTexts, fill, languages, linkTexts, outcomeTexts, outcomeTones } from "@citygas/texts";
import { expect, it } from "vitest";
import { purchase } from "../store/samples.ts";
import { isOver, type OutcomeFacts, outcomeKey, outcomePage } from "./page.ts";

const states: PurchaseState[] = [
  "quoted",
  "paying",
  "closing",
  "paid",
  "issued",
  "unknown",
  "refunding",
  "refunded",
  "manual",
  "delivered",
  "void",
];
const facts = (p: Partial<Purchase>): OutcomeFacts => ({
  purchase: { ...purchase("p1", "a1"), number: "3K7-0192", cardId: "c1", ...p },
  company: "洪通燃气",
  unit: "巴州营业部",
  hotline: "0996-2959627",
  accountNumber: "031140086",
  maskedName: "*<b>",
});

it.each(states)("%s says what happened, what it means, what to do; and refreshes while it is not over", (state) => {
  const page = outcomePage(facts({ state }));
  const text = outcomeTexts["zh-CN"][outcomeKey(facts({ state }).purchase)];
  expect(page).toContain(text.what);
  expect(page).toContain("3K7-0192");
  expect(page).not.toMatch(/\{\w+\}/);
  expect(page.includes('http-equiv="refresh"')).toBe(!isOver(facts({ state }).purchase));
});

it("keeps the gas bought for later apart from what is given back, and a stuck refund from a running one", () => {
  expect(outcomeKey(facts({ state: "paid", later: true }).purchase)).toBe("later");
  expect(outcomeKey(facts({ state: "paid" }).purchase)).toBe("paid");
  const refund = {
    no: "F1",
    amountFen: 100,
    sentAt: null,
    failures: 0,
    stuck: true,
    why: null,
    paidOut: null,
    refundedAt: null,
  };
  expect(outcomeKey(facts({ state: "refunding", refund }).purchase)).toBe("refundStuck");
});

it("speaks of no money where what was left in an old meter is written", () => {
  const { breakdown } = facts({}).purchase;
  for (const state of ["paid", "issued", "unknown", "refunding", "refunded", "manual", "delivered"] as const) {
    const page = outcomePage(facts({ state, breakdown: { ...breakdown, payableFen: 0, fromCarried: true } }));
    expect(page, state).toContain(fill(carriedTexts["zh-CN"][state]?.what ?? "?", {}));
    expect(page, state).not.toMatch(/\{\w+\}|钱已付|钱没有丢|已退款|原路退回|[Rr]efund|Your money/);
  }
});

it("speaks of the meter and of no card where a recharge goes over a link", () => {
  for (const key of ["quoted", "paying", "later", "issued", "unknown", "manual", "delivered"] as const) {
    const state = key === "later" ? "paid" : key;
    const page = outcomePage(facts({ state, later: true, cardId: null }));
    expect(page, key).toContain(fill(linkTexts["zh-CN"][key]?.what ?? "?", {}));
    expect(page, key).not.toMatch(/\{\w+\}|卡|自助机|\bcard\b|terminal/);
  }
});

it("puts names in as text, never as markup, and needs nothing from elsewhere", () => {
  const page = outcomePage(facts({ state: "delivered" }));
  expect(page).toContain("*&lt;b&gt;");
  expect(page).not.toContain("<b>*");
  expect(page).not.toMatch(/(src|href)="(?!tel:)/);
});

it("names the sum that comes back: what was paid and what the balance gave", () => {
  const base = facts({ state: "refunded" });
  const breakdown = { ...base.purchase.breakdown, payableFen: 119_970, balanceOffsetFen: 30 };
  expect(outcomePage(facts({ state: "refunded", breakdown }))).toContain("1200.00元");
});

it.each(languages)("has each text filled by known values in %s", (language) => {
  for (const { what, money, next } of [
    ...Object.values(outcomeTexts[language]),
    ...Object.values(carriedTexts[language]),
    ...Object.values(linkTexts[language]),
  ])
    for (const text of [what, money, next]) fill(text, { goods: "", paid: "", number: "", hotline: "" });
  expect(Object.keys(outcomeTexts[language]).sort()).toEqual(Object.keys(outcomeTones).sort());
});

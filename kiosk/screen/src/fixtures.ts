/** One view of each screen and of each of its faces: for the gallery and the tests. */
import type { BreakdownView, CustomerView } from "@citygas/api";
import type { Screen, ViewMessage } from "@citygas/kiosk-agent";

const customer: CustomerView = {
  accountNumber: "031140086",
  name: "*********1",
  address: "**************501室",
  balanceFen: 30,
  cardTail: "4321",
};
const line = { tier: 0, unitPriceE4: 0, volumeL: 0, rule: "", usedBeforeL: 0, tierUptoL: null };
const pictured: BreakdownView = {
  lines: [{ ...line, kind: "meterCredit", amountFen: 120_000 }],
  goodsFen: 120_000,
  debtFen: 0,
  deductions: [],
  balanceOffsetFen: 30,
  payableFen: 119_970,
  delivers: { kind: "amount", meterCreditFen: 120_000 },
};
const tiered: BreakdownView = {
  lines: [
    { ...line, kind: "debt", amountFen: 1_250 },
    { ...line, kind: "gas", tier: 1, unitPriceE4: 25_500, volumeL: 30_000, amountFen: 7_650 },
    { ...line, kind: "gas", tier: 2, unitPriceE4: 30_625, volumeL: 17_400, amountFen: 5_329 },
  ],
  goodsFen: 12_979,
  debtFen: 1_250,
  deductions: [{ name: "新用户优惠", amountFen: 500 }],
  balanceOffsetFen: 30,
  payableFen: 13_699,
  delivers: { kind: "volume", volumeL: 47_400 },
};
const gas = { kind: "volume", volumeL: 47_400 } as const;
const credit = { kind: "amount", meterCreditFen: 120_000 } as const;
const number = "3K7-0192";
const url = "https://gas.example/r/7Hq2kPz9VtX4mN8wQ3sL";
/** 2026-11-23 14:30:05 in China. */
const now = Date.UTC(2026, 10, 23, 6, 30, 5);

export interface Fixture {
  name: string;
  view: ViewMessage;
}

type Rest = Partial<Omit<ViewMessage, "screen" | "limit">> & { seconds?: number; ofSeconds?: number };

function fixture(name: string, screen: Screen, rest: Rest = {}): Fixture {
  const { seconds, ofSeconds, ...others } = rest;
  const limit = seconds === undefined ? null : { until: now + seconds * 1000, totalMs: (ofSeconds ?? 60) * 1000 };
  return {
    name,
    view: {
      type: "view",
      seq: 1,
      now,
      header: { company: "洪通燃气", unit: "新疆巴州洪通燃气", hotline: "0996-2959627", terminal: "01" },
      step: 0,
      cardLocked: false,
      askMoreTime: false,
      voice: null,
      paper: "ok",
      screen,
      limit,
      ...others,
    },
  };
}

const account = {
  name: "account",
  customer,
  unit: "money",
  maximum: { value: 150_000, rule: "限购" },
  entry: "1200",
  quick: [5_000, 10_000, 20_000, 50_000, 100_000],
  error: null,
  notice: null,
  busy: false,
} as const satisfies Screen;
const pay = { name: "pay", payableFen: 119_970, number, rejected: null, wallet: null, refused: null } as const;
const payWaiting = {
  name: "payWaiting",
  payableFen: 119_970,
  number,
  wallet: "wechat",
  password: false,
  long: false,
} as const;
const success = { name: "success", number, delivers: credit, printable: true, cardIn: true } as const;
const writeFailed = { name: "writeFailed", number, delivers: gas, url, why: "cardPulled", hall: false } as const;
const refunded = {
  name: "refunded",
  number,
  amountFen: 119_970,
  balanceFen: 0,
  url,
  done: true,
  meterFirst: false,
} as const;
const step2 = { step: 2, seconds: 96, ofSeconds: 120 } as const;
const step4 = { step: 4, seconds: 47 } as const;
const step5 = { step: 5, seconds: 28, ofSeconds: 30 } as const;

export const fixtures: readonly Fixture[] = [
  fixture("home", { name: "home" }),
  fixture("home-paper-out", { name: "home" }, { paper: "out" }),
  fixture("notes", { name: "notes" }, { seconds: 50 }),
  fixture("out-of-service", { name: "outOfService", reason: "server", since: now - 600_000 }),
  fixture("insert-card", { name: "insertCard" }, { seconds: 42, step: 1 }),
  fixture("reading", { name: "reading" }, { step: 1, cardLocked: true, voice: { prompt: "reading", nonce: 1 } }),
  fixture("wrong-way", { name: "wrongWay" }, { step: 1, seconds: 20 }),
  fixture("yielding", { name: "yielding", number }, { step: 1, seconds: 71, ofSeconds: 90 }),
  fixture("resuming", { name: "resuming", number, delivers: gas }, { step: 5, cardLocked: true }),
  fixture("account-money", account, step2),
  fixture("account-empty", { ...account, entry: "" }, step2),
  fixture(
    "account-volume-error",
    {
      ...account,
      unit: "volume",
      maximum: { value: 9_999_999_000, rule: "" },
      entry: "99999999",
      quick: [50_000, 100_000, 150_000, 200_000, 250_000],
      error: { code: "entry.overCeiling", value: 500_000 },
      notice: { kind: "refunded", number, delivers: gas, amountFen: 12_087, at: now },
    },
    step2,
  ),
  fixture("account-more-time", account, { step: 2, seconds: 9, ofSeconds: 120, askMoreTime: true }),
  fixture(
    "confirm-meter",
    { name: "confirm", customer, breakdown: pictured, busy: false, requoted: false },
    { step: 3, seconds: 80, ofSeconds: 120 },
  ),
  fixture(
    "confirm-tiers",
    { name: "confirm", customer, breakdown: tiered, busy: false, requoted: true },
    { step: 3, seconds: 80, ofSeconds: 120 },
  ),
  fixture(
    "confirm-free",
    {
      name: "confirm",
      customer,
      breakdown: { ...pictured, balanceOffsetFen: 120_000, payableFen: 0 },
      busy: false,
      requoted: false,
    },
    { step: 3, seconds: 80, ofSeconds: 120 },
  ),
  fixture("pay", pay, step4),
  fixture("pay-collection-code", { ...pay, rejected: "collectionCode", wallet: "wechat" }, step4),
  fixture("pay-refused", { ...pay, refused: "balance" }, { step: 4, seconds: 8 }),
  fixture("pay-waiting", payWaiting, { step: 4, cardLocked: true }),
  fixture("pay-waiting-long", { ...payWaiting, wallet: "alipay", long: true }, { step: 4, cardLocked: true }),
  fixture("pay-password", { ...payWaiting, password: true }, { step: 4, cardLocked: true }),
  fixture("pay-timeout", { name: "payTimeout", confirmed: true, number, url }, { step: 4 }),
  fixture("pay-timeout-unconfirmed", { name: "payTimeout", confirmed: false, number, url }, { step: 4 }),
  fixture(
    "unknown-payment",
    { name: "unknownPayment", number, url, payableFen: 119_970, cancelling: false, cardIn: true },
    { step: 4 },
  ),
  fixture(
    "cancelled",
    { name: "cancelled", number, by: "payment", refused: "balance", cardIn: true },
    { step: 4, seconds: 20 },
  ),
  fixture("writing", { name: "writing", number, delivers: credit, paid: true }, { step: 5, cardLocked: true }),
  fixture("writing-free", { name: "writing", number, delivers: gas, paid: false }, { step: 5, cardLocked: true }),
  fixture("taking-back", { name: "takingBack", number, amountFen: 119_970 }, { step: 5, cardLocked: true }),
  fixture("success", success, step5),
  fixture("success-no-receipt", { ...success, printable: false, cardIn: false }, step5),
  fixture("printing", { name: "printing" }, { step: 5 }),
  fixture("printed", { name: "printed", cardIn: true }, step5),
  fixture("print-failed", { name: "printFailed", reason: "paperOut", url, cardIn: true }, step5),
  fixture(
    "gas-on-card",
    { name: "gasOnCard", customer, gas, boughtOn: "2026-11-20", notice: null },
    { step: 1, seconds: 40 },
  ),
  fixture(
    "meter-first",
    { name: "gasOnCard", customer, gas: { kind: "volume", volumeL: 0 }, boughtOn: "2026-11-20", notice: null },
    { step: 1, seconds: 40 },
  ),
  fixture("write-failed", writeFailed, { step: 5, seconds: 110, ofSeconds: 120 }),
  fixture("write-failed-hall", { ...writeFailed, why: "unknown", hall: true }, { step: 5 }),
  fixture(
    "take-back-failed",
    { name: "takeBackFailed", number, url, why: "cardPulled", hall: false },
    { step: 5, seconds: 110, ofSeconds: 120 },
  ),
  fixture("refunded", refunded, { step: 5, seconds: 30 }),
  fixture("refunded-nothing-paid", { ...refunded, amountFen: 0 }, { step: 5, seconds: 30 }),
  fixture("refunding", { ...refunded, done: false, balanceFen: 30, meterFirst: true }, { step: 5, seconds: 30 }),
  fixture(
    "refused",
    { name: "refused", code: "account.debt", value: 12_550, number: null, cardIn: true },
    { step: 1, seconds: 30 },
  ),
  fixture(
    "refused-open",
    { name: "refused", code: "purchase.manual", value: null, number, cardIn: false },
    { step: 1, seconds: 30 },
  ),
  fixture("card-pulled", { name: "cardPulled", before: "payment", number: null, url: null }, { step: 3, seconds: 30 }),
  fixture(
    "card-pulled-paid",
    { name: "cardPulled", before: "write", number, url },
    { step: 5, seconds: 100, ofSeconds: 120 },
  ),
  fixture("take-card", { name: "takeCard" }),
];

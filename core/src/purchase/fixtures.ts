/** Plain values for the tests of this folder and of the services: one household, one card, one meter. */
import type { AccountState, CardState, MeterState, TierState } from "../aggregates.ts";
import { firstSecret } from "../card/replacement.ts";
import type { Breakdown } from "../tariff/types.ts";
import type { PurchaseBundle, Versioned } from "./compose.ts";
import type { QuoteFacts } from "./machine.ts";
import type { IssuedScript } from "./types.ts";

/** The pictured sale: 1200 元 on a by-amount card, balance 0.30, payable 1199.70. */
export const picturedBreakdown: Breakdown = {
  tariffVersionId: "t1",
  lines: [],
  goodsFen: 120_000,
  debtFen: 0,
  deductions: [],
  balanceOffsetFen: 30,
  payableFen: 119_970,
  delivers: { kind: "amount", meterCreditFen: 120_000 },
  tier: null,
};
/** 50 m³ in tier 1, nothing off. */
export const volumeBreakdown: Breakdown = {
  ...picturedBreakdown,
  goodsFen: 12_650,
  balanceOffsetFen: 0,
  payableFen: 12_650,
  delivers: { kind: "volume", volumeL: 50_000 },
  tier: { cycleKey: "2026", volumeL: 50_000, heatingL: 0 },
};

export const quoteFacts = (id: string, breakdown: Breakdown, over: Partial<QuoteFacts> = {}): QuoteFacts => ({
  id,
  number: `3K7-${id}`,
  token: `token-${id}`,
  accountId: "acc1",
  unitId: "unit1",
  meterId: "m1",
  cardId: "c1",
  tierId: "tier1",
  channel: "kiosk",
  terminalId: "kiosk-1",
  later: false,
  breakdown,
  ...over,
});

const v1 = <T>(state: T): Versioned<T> => ({ version: 1, state });
const account: AccountState = { id: "acc1", unitId: "unit1", balanceFen: 30, heldFen: 0, block: null };
const card: CardState = {
  id: "c1",
  accountId: "acc1",
  meterId: "m1",
  layout: "open-b-money",
  cardClass: "B",
  cardNumber: "1",
  status: "current",
  replacement: 0,
  count: 6,
  lastAmount: 0,
  totalCredited: 84_000,
  acceptedCount: 6,
  openPurchaseId: null,
  scriptSeq: 0,
  secret: firstSecret,
  lastReading: null,
};
const meter: MeterState = { id: "m1", accountId: "acc1", openPurchaseId: null };
const tier: TierState = {
  id: "tier1",
  accountId: "acc1",
  cycleKey: "2026",
  usedL: 100_000,
  heldL: 0,
  heatingUsedL: 0,
  heatingHeldL: 0,
};

export const emptyBundle = (): PurchaseBundle => ({
  purchase: null,
  attempts: [],
  account: v1(account),
  tier: v1(tier),
  card: v1(card),
  meter: v1(meter),
});

export const script = (id: string, kind: IssuedScript["kind"] = "sale", at = 0): IssuedScript => ({
  id,
  kind,
  terminalId: "kiosk-1",
  powerUpId: "pu1",
  seq: 1,
  before: "00",
  after: "01",
  issuedAt: at,
  deadlineAt: at + 60_000,
});

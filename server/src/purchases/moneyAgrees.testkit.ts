/** The oracle of the whole city's tests (e2e/money.ts), asked of an earth: its bank, its purchases and what was posted. */
import type { Attempt } from "@citygas/core";
import { moneyDisagreements, type Sides } from "@citygas/e2e";
import { expect } from "vitest";
import { attemptIdOf } from "../callbacks/memoryNotifications.testkit.ts";
import type { Earth } from "./earth.testkit.ts";

/** Fails with a sentence for each fen that bank, purchases, balances and postings don't agree on. */
export async function moneyAgrees(earth: Earth): Promise<void> {
  expect(moneyDisagreements(await sidesOf(earth))).toEqual([]);
}

async function sidesOf({ store, bank, purchases, accounts, postings }: Earth): Promise<Sides> {
  const attempts = await attemptsOf({ store, bank, purchases });
  const rows = [...bank.trades].flatMap(([outTradeNo, trade]) => {
    const { takenFen, givenBackFen } = bank.moved(trade);
    return [
      { kind: "charge", amountFen: takenFen, outTradeNo },
      { kind: "refund", amountFen: givenBackFen, outTradeNo },
    ].filter(({ amountFen }) => amountFen !== 0);
  });
  return {
    // That nothing is asked twice, the bank sees to itself.
    ledgers: [{ gateway: "wechat", rows, payCalls: [] }],
    books: {
      purchases: [...purchases.values()].map(({ id, number, state: status, breakdown: b, refund }) => ({
        ...{ id, number, status, payableFen: b.payableFen, offsetFen: b.balanceOffsetFen },
        delivers: b.delivers.kind === "volume" ? b.delivers.volumeL : b.delivers.meterCreditFen,
        paidOut: refund?.paidOut?.way ?? null,
      })),
      attempts: attempts.map(({ purchaseId, outTradeNo: orderNo, state: status, amountFen, channel, lateSuccess }) => ({
        ...{ purchaseId, orderNo, status, amountFen, byHand: channel === "cash" || channel === "pos" },
        late: lateSuccess && { refunded: lateSuccess.refunded, paidOut: lateSuccess.paidOut?.way ?? null },
      })),
      sums: postings,
      balancesFen: [...accounts.values()].reduce((sum, { balanceFen, heldFen }) => sum + balanceFen + heldFen, 0),
    },
  };
}

/** Those that the bank knows, and those that purchases name. */
async function attemptsOf({ store, bank, purchases }: Pick<Earth, "store" | "bank" | "purchases">): Promise<Attempt[]> {
  const named = [...purchases.values()].flatMap((p) => [...p.liveAttemptIds, p.paidAttemptId ?? []].flat());
  const ids = [...new Set([...[...bank.trades.keys()].map(attemptIdOf), ...named])];
  const found = await store.load(ids.map((id) => ({ kind: "attempt", id })));
  return ids.flatMap((id) => found.get("attempt", id)?.state ?? []);
}

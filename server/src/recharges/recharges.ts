/**
 * What a meter on a link says, and what follows: its record settles the first recharge in its queue or lets it be sent. The
 * commit stands before each command (I5): who dies between the two has sent nothing, and the record will say so.
 * (core/src/meter/recharge.ts.)
 */
import {
  deliveredAmount,
  type Id,
  type MeterRecord,
  numberAfter,
  type PurchaseEvent,
  type RechargeTodo,
  rechargeQueueMax,
  rechargeTodo,
} from "@citygas/core";
import { applyEvent, type Decision, decided } from "../purchases/applyEvent.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { settleDebtsOf } from "../purchases/settleDebts.ts";
import type { MeterWord } from "./link.ts";

/** The meter has just answered, so it is awake. */
export const answerMs = 5 * 60_000;

/** @throws when the store stays away: the link keeps what the meter said, and says it again. */
export async function heardFromMeter(sale: SaleContext, meterId: Id, word: MeterWord): Promise<void> {
  if (word.kind !== "record") {
    if ((await firstInQueue(sale, meterId)) !== null) await sale.meterLink?.send(meterId, { kind: "readRecord" });
    return;
  }
  // Bounded: each turn but the last ends one recharge.
  for (let turn = 0; turn <= rechargeQueueMax; turn++) {
    const purchaseId = await firstInQueue(sale, meterId);
    if (purchaseId === null || !(await takeTurn(sale, meterId, purchaseId, word.record))) return;
  }
}

async function firstInQueue({ store }: SaleContext, meterId: Id): Promise<Id | null> {
  return (await store.load([{ kind: "meter", id: meterId }])).get("meter", meterId)?.state.link?.queue[0] ?? null;
}

/** @returns whether this recharge is over, and the next one's turn has come. */
async function takeTurn(sale: SaleContext, meterId: Id, purchaseId: Id, record: MeterRecord): Promise<boolean> {
  const applied = await applyEvent(sale, purchaseId, ({ purchase: { state: p }, meter }, now): Decision => {
    const link = meter?.state.link;
    const event = link?.queue[0] === p.id ? eventOf(sale, rechargeTodo(p, link, record), record, now) : null;
    return event === null ? { do: "nothing" } : { do: "commit", event: { type: "purchase", event } };
  });
  // Refused: what it was about has moved on, and so will the meter's next word.
  if (!decided(applied) || !applied.ok) return false;
  const { purchase, event, done } = applied.value;
  if (done !== "now" || event?.type !== "purchase") return false;
  switch (event.event.type) {
    case "rechargeSent": {
      const [purchaseNo, amount] = [numberAfter(record.purchaseNo), deliveredAmount(purchase)];
      await sale.meterLink?.send(meterId, { kind: "recharge", purchaseNo, amount });
      return false;
    }
    case "rechargeTaken":
      await settleDebtsOf(sale, purchase);
      return true;
    default:
      return false;
  }
}

function eventOf(sale: SaleContext, todo: RechargeTodo, record: MeterRecord, now: number): PurchaseEvent | null {
  switch (todo) {
    case "send":
      return { type: "rechargeSent", command: { id: sale.newId(), sentAt: now, deadlineAt: now + answerMs }, record };
    case "taken":
      return { type: "rechargeTaken", record };
    case "disagrees":
      return { type: "recordDisagrees", record };
    case "wait":
      return null;
  }
}

/** What the customer sees of a card at which nothing is in the way of a sale, or gas that waits for the meter. */
import type { CardAnswer } from "@citygas/api";
import type { Id, Purchase } from "@citygas/core";
import { customerView } from "../purchases/customerView.ts";
import { maximumOf, priceFacts } from "../purchases/pricing.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { markSeen, type Situation } from "./insertion.ts";
import { meterRoomOf } from "./reading.ts";

type Answer<K extends CardAnswer["kind"]> = Extract<CardAnswer, { kind: K }>;
type Notice = Answer<"account">["notice"];

/** How far back an unseen outcome is looked for. */
const recentMax = 5;

export async function accountAnswer(sale: SaleContext, seen: Situation): Promise<Answer<"account">> {
  const { customer, account, card, driver, facts } = complete(seen);
  const price = await priceFacts(sale, customer, meterRoomOf(facts, customer.meter));
  return {
    kind: "account",
    customer: customerView(customer, account.state, card.state.cardNumber),
    unit: driver.unit,
    maximum: maximumOf(price),
    quick: [...customer.quick],
    notice: await unseenOutcome(sale, card.state.id),
  };
}

export async function gasAnswer(sale: SaleContext, seen: Situation): Promise<Answer<"gasOnCard">> {
  const { customer, account, card, facts } = complete(seen);
  return {
    kind: "gasOnCard",
    customer: customerView(customer, account.state, card.state.cardNumber),
    gas:
      facts.gas.kind === "volume"
        ? { kind: "volume", volumeL: facts.gas.volumeL }
        : { kind: "amount", meterCreditFen: facts.gas.amountFen },
    boughtOn: facts.boughtOn,
    notice: await unseenOutcome(sale, card.state.id),
  };
}

/** @throws when the decision let a card pass that is not whole: core's rules forbid it. */
function complete({ customer, account, card, reading }: Situation) {
  const { driver, facts } = reading;
  if (customer === null || account === null || card === null || driver === null || facts === null)
    throw new Error("a card without facts can't be sold to");
  return { customer, account, card, driver, facts };
}

/** The last outcome that came about while nobody looked; shown once. */
async function unseenOutcome(sale: SaleContext, cardId: Id): Promise<Notice> {
  const ids = await sale.purchaseRows.purchasesOfCard(cardId, recentMax);
  const loaded = await sale.store.load(ids.map((id) => ({ kind: "purchase", id })));
  const last = ids
    .map((id) => loaded.get("purchase", id)?.state)
    .find((p) => p !== undefined && p.confirmedAt !== null);
  const kind = last && !last.outcomeSeen ? outcomeKind(last) : null;
  if (last === undefined || kind === null) return null;
  // Written and reported by a terminal: that one told the customer, so there is no news.
  const script = last.state === "delivered" && last.script !== null ? await sale.cardRows.write(last.script.id) : null;
  if (script?.reportedDone === true) return null;
  await markSeen(sale, last.id);
  return {
    kind,
    number: last.number,
    delivers: last.breakdown.delivers,
    amountFen: last.refund?.amountFen ?? last.breakdown.payableFen,
    at: last.settledAt ?? sale.now(),
  };
}

function outcomeKind(p: Purchase): NonNullable<Notice>["kind"] | null {
  switch (p.state) {
    case "delivered":
      return "delivered";
    case "refunded":
      return "refunded";
    case "refunding":
      return "refunding";
    case "void":
      return "cancelled";
    default:
      return null;
  }
}

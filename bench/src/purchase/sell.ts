/** One whole sale as a kiosk makes it, from the card put in to the card taken out. */
import { randomUUID } from "node:crypto";
import type { CardAnswer, CardSessionView, PurchaseView } from "@citygas/api";
import type { SaleCard } from "./job.ts";
import type { MemoryCard } from "./memoryCard.ts";
import type { Wire } from "./wire.ts";

export const saleSteps = ["session", "image", "quote", "confirm", "pay", "script", "report"] as const;
export type SaleStep = (typeof saleSteps)[number];

/** How long each step took (ms), from asking to having the answer. `pay`: from the code sent to the stream saying paid. */
export type SaleTimes = Record<SaleStep, number>;

/** ATR of an SLE4442. */
const atr = "a2131091";

export async function sell(wire: Wire, card: MemoryCard, entry: SaleCard["entry"], code: string): Promise<SaleTimes> {
  const times: Partial<SaleTimes> = {};
  const timed = async <T>(step: SaleStep, work: Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work;
    times[step] = performance.now() - from;
    return result;
  };
  const powerUpId = randomUUID();
  const session = await timed(
    "session",
    wire.call<CardSessionView>("POST", "/card-sessions", { reader: "bench", atr, powerUpId }),
  );
  const probed = card.run(session.script, powerUpId);
  const seen = await timed("image", wire.call<CardAnswer>("PUT", `/card-sessions/${session.id}/image`, probed));
  if (seen.kind !== "account") throw new Error(`the card leads to ${JSON.stringify(seen)}`);

  const body = { cardSessionId: session.id, entry };
  const quoted = await timed("quote", wire.call<PurchaseView>("POST", "/purchases", body, randomUUID()));
  const path = `/purchases/${quoted.id}`;
  const confirmed = await timed("confirm", wire.call<PurchaseView>("POST", `${path}/confirm`, {}, randomUUID()));
  // As at a kiosk, the stream is open before the code is scanned.
  const paid = wire.paid(quoted.id, confirmed.version);
  const attempt = wire.call<PurchaseView>("POST", `${path}/attempts`, { code }, randomUUID());
  await timed("pay", Promise.all([paid, attempt]));

  const want = { cardSessionId: session.id };
  const answer = await timed("script", wire.call<CardAnswer>("POST", `${path}/script`, want, randomUUID()));
  if (answer.kind !== "script") throw new Error(`no script but ${JSON.stringify(answer)}`);
  const written = card.run(answer.script, powerUpId);
  const delivered = await timed(
    "report",
    wire.call<CardAnswer>("POST", `/card-sessions/${session.id}/reports`, written),
  );
  if (delivered.kind !== "delivered") throw new Error(`not delivered but ${JSON.stringify(delivered)}`);
  await wire.call("POST", `/card-sessions/${session.id}/end`, {});
  card.intoMeter();
  return whole(times);
}

function whole(times: Partial<SaleTimes>): SaleTimes {
  const { session = 0, image = 0, quote = 0, confirm = 0, pay = 0, script = 0, report = 0 } = times;
  return { session, image, quote, confirm, pay, script, report };
}

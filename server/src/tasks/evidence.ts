/** All that is known about what a staff task is about: what a person needs to decide, on one page. */
import type { Attempt, Id, ImageClass, Instant, Purchase } from "@citygas/core";
import type { CardSession, Probed } from "../cards/cardRows.ts";
import { imageClassOf, readingOf } from "../cards/reading.ts";
import { loggedEvent } from "../purchases/applyEvent.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { trailOfPurchase } from "../trail/trail.ts";
import { subjectOf } from "./causes.ts";

const readingsMax = 5;
const writesMax = 20;

interface WriteRow {
  id: string;
  terminal_id: string;
  kind: string;
  before: string;
  after: string;
  issued_at: number;
  report: { failure?: { step: number; reason: string } } | null;
  reported_at: number | null;
}

/** `ref` as the task has it: a purchase, an attempt (its purchase is shown too) or a card. */
export async function evidenceFor(sale: SaleContext, ref: Id) {
  const subject = await subjectOf(sale.store, ref);
  const purchaseId = subject.purchase?.id ?? subject.attempt?.purchaseId ?? subject.card?.openPurchaseId ?? null;
  const purchase = purchaseId === null ? null : (await subjectOf(sale.store, purchaseId)).purchase;
  const cardId = subject.card?.id ?? purchase?.cardId ?? null;
  return {
    purchase: purchase && told(purchase),
    attempts: purchase === null ? [] : await attemptsOf(sale, purchase.id),
    gatewaySaid: purchase === null ? [] : await gatewayAnswers(sale, purchase.id),
    card: subject.card,
    writes: purchase === null ? [] : await writesOf(sale, purchase.id),
    readings: cardId === null ? [] : await readingsOf(sale, cardId, purchase),
    trail: purchase === null ? [] : ((await trailOfPurchase(sale.db, purchase.id)) ?? []),
  };
}

/** The token opens the customer's own page. */
function told({ token: _, ...purchase }: Purchase): Omit<Purchase, "token"> {
  return purchase;
}

async function attemptsOf(sale: SaleContext, purchaseId: Id): Promise<Attempt[]> {
  const { rows } = await sale.db.query<{ state: Attempt }>("select state from attempt where purchase_id = $1", [
    purchaseId,
  ]);
  return rows.map(({ state }) => state).sort((a, b) => a.createdAt - b.createdAt);
}

/** The last words on each attempt and on the refund. */
async function gatewayAnswers(
  sale: SaleContext,
  purchaseId: Id,
): Promise<{ at: Instant; about: string; said: object }[]> {
  const last = new Map<string, { at: Instant; about: string; said: object }>();
  for (const { at, event } of await sale.store.events({ kind: "purchase", id: purchaseId })) {
    const logged = loggedEvent(event);
    const { type } = logged.event;
    if (logged.type === "attempt" && (type.endsWith("nswered") || type.startsWith("lateRefund")))
      last.set(logged.attemptId, { at, about: logged.attemptId, said: logged.event });
    if (logged.type === "purchase" && type.startsWith("refund") && type !== "refundProven")
      last.set("refund", { at, about: "refund", said: logged.event });
  }
  return [...last.values()];
}

async function writesOf(sale: SaleContext, purchaseId: Id) {
  const { rows } = await sale.db.query<WriteRow>(
    "select * from card_write where purchase_id = $1 order by issued_at desc, id desc limit $2",
    [purchaseId, writesMax],
  );
  return rows.map((row) => ({
    scriptId: row.id,
    terminalId: row.terminal_id,
    kind: row.kind,
    before: row.before,
    after: row.after,
    issuedAt: row.issued_at,
    reportedAt: row.reported_at,
    failure: row.report?.failure ?? null,
  }));
}

/** What readers saw of the card lately, each against the script that is out now. */
async function readingsOf(sale: SaleContext, cardId: Id, purchase: Purchase | null) {
  const { rows } = await sale.db.query<{ created_at: number; terminal_id: string; doc: Pick<CardSession, "probed"> }>(
    "select created_at, terminal_id, doc from card_session where card_id = $1 order by created_at desc limit $2",
    [cardId, readingsMax],
  );
  return rows.flatMap(({ created_at: at, terminal_id: terminalId, doc: { probed } }) =>
    probed === null ? [] : [{ at, terminalId, image: probed.image, looksLike: classOf(probed, purchase) }],
  );
}

function classOf(probed: Probed, purchase: Purchase | null): ImageClass | null {
  return purchase === null ? null : imageClassOf(purchase, readingOf(probed));
}

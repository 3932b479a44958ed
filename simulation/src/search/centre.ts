/** The centre in the small world: production's decisions and commits, put together as the card services do. */
import {
  type CardDecision,
  compose,
  decideInsertion,
  type ImageClass,
  type Purchase,
  type PurchaseEvent,
} from "@citygas/core";
import { classify, fromHex, type PurchaseOnCard, planSteps, resumeImages } from "@citygas/gascard";
import { amounts, areaCode, bytesOf, driver, hexOf, type Reader, type Running, type State } from "./state.ts";

const isOpen = (p: Purchase): boolean => ["paying", "paid", "issued", "unknown", "manual"].includes(p.state);
export const openOf = ({ purchases }: State): Purchase | null => purchases.find((p) => p !== null && isOpen(p)) ?? null;

/** The state after one event of a purchase; null where the machines refuse it. */
export function apply(s: State, index: number, event: PurchaseEvent): State | null {
  const purchase = s.purchases[index] ?? null;
  const composed = compose({
    bundle: {
      purchase: purchase && { version: 1, state: purchase },
      attempts: [],
      account: { version: 1, state: s.account },
      tier: null,
      card: { version: 1, state: s.card },
      meter: { version: 1, state: s.meterBook },
    },
    event: { type: "purchase", event },
    eventId: "e",
    now: 0,
  });
  if (!composed.ok) return null;
  const next: State = { ...s, purchases: [...s.purchases] };
  next.purchases[index] = composed.value.purchase;
  for (const write of composed.value.transition.writes) {
    if (write.kind === "account") next.account = write.state;
    // Only whether a script was issued since matters, and that stands in the readers.
    if (write.kind === "card") next.card = { ...write.state, scriptSeq: 0 };
    if (write.kind === "meter") next.meterBook = write.state;
  }
  return next;
}

const indexOf = (s: State, p: Purchase): number => s.purchases.findIndex((each) => each?.id === p.id);
export const applyTo = (s: State, p: Purchase, event: PurchaseEvent): State | null => apply(s, indexOf(s, p), event);

export function onCard(p: Purchase, before: { count: number; total: number }): PurchaseOnCard {
  const { delivers } = p.breakdown;
  return {
    countBefore: p.countBefore ?? before.count,
    totalBefore: p.totalBefore ?? before.total,
    amount: { kind: "money", amountFen: delivers.kind === "amount" ? delivers.meterCreditFen : 0 },
    boughtOn: "1970-01-01",
  };
}

function classOf(p: Purchase, image: Uint8Array): ImageClass | null {
  const { script } = p;
  const [before, after] = [fromHex(script?.before ?? ""), fromHex(script?.after ?? "")];
  if (script === null || before === null || after === null || p.countBefore === null) return null;
  const purchase = onCard(p, { count: 0, total: 0 });
  if (script.kind === "sale") return classify(driver, image, before, after, null, purchase);
  return classify(driver, image, before, driver.purchaseImage(before, purchase), after, purchase);
}

/** What this image leads to at this reader. */
export function decisionFor(s: State, reader: 0 | 1, approved: null | "refund"): CardDecision {
  const { image } = s.readers[reader];
  const bytes = bytesOf(image?.hex ?? "");
  const found = driver.read(bytes);
  const identity = driver.identify(bytes);
  const open = openOf(s);
  return decideInsertion({
    now: 0,
    read: {
      identity: identity && { cardNumber: identity.cardNumber, role: identity.role, replacement: identity.replacement },
      problem: found.ok ? null : found.problem === "upsideDown" ? "unreadable" : found.problem,
      facts: found.ok
        ? {
            count: found.facts.count,
            amount: found.facts.gas.kind === "money" ? found.facts.gas.amountFen : 0,
            acceptedCount: found.facts.returned?.count ?? null,
            totalCredited: found.facts.returned?.totalCredited ?? null,
          }
        : null,
      secretCounter: "full",
      fresh: image?.fresh ?? false,
    },
    card: s.card,
    account: s.account,
    open: open && { purchase: open, image: classOf(open, bytes) },
    reader: reader === 0 ? "kiosk" : "desk",
    adoption: null,
    approved,
  });
}

export function withReader(s: State, reader: 0 | 1, change: Partial<Reader>): State {
  const readers: State["readers"] = [...s.readers];
  readers[reader] = { ...s.readers[reader], ...change };
  return { ...s, readers };
}

/** A script for the open purchase leaves: every other image and script is old from now on. */
export function issue(s: State, reader: 0 | 1, kind: "sale" | "refund"): State | null {
  const p = openOf(s);
  const image = bytesOf(s.readers[reader].image?.hex ?? "");
  if (p === null) return null;
  const found = driver.read(image);
  const facts = found.ok ? found.facts : null;
  const before = { count: facts?.count ?? s.card.count, total: facts?.returned?.totalCredited ?? s.card.totalCredited };
  const earlier = p.script?.kind === "sale" ? fromHex(p.script.after) : null;
  const purchase = onCard(p, before);
  const after =
    kind === "refund"
      ? driver.refundImage(image, purchase)
      : earlier !== null
        ? resumeImages(driver, image, earlier).after
        : driver.purchaseImage(image, purchase);
  const issued = applyTo(s, p, {
    type: "scriptIssued",
    script: {
      id: "s",
      kind,
      terminalId: `r${reader}`,
      powerUpId: `r${reader}`,
      seq: 0,
      before: hexOf(image),
      after: hexOf(after),
      issuedAt: 0,
      deadlineAt: 0,
    },
    countBefore: purchase.countBefore,
    totalBefore: purchase.totalBefore,
    toPhone: false,
  });
  if (issued === null) return null;
  const aged = issued.readers.map((each) => ({
    ...each,
    image: each.image && { ...each.image, fresh: false },
    running: each.running && { ...each.running, current: false },
    // The report of another script changes nothing.
    report: null,
  }));
  const next: State = { ...issued, readers: [aged[0] ?? s.readers[0], aged[1] ?? s.readers[1]] };
  const running = s.readers[reader].live ? { kind, current: true, steps: stepsOf(image, after) } : null;
  return withReader(next, reader, { running, image: null });
}

function stepsOf(before: Uint8Array, after: Uint8Array): Running["steps"] {
  return planSteps(driver, before, after, "000000").flatMap((step, index): Running["steps"] => {
    if (step.op === "write") return [{ op: "write", offset: step.offset, data: step.data }];
    if (step.op !== "read" || step.expect === undefined) return [];
    return [{ op: index <= 1 ? "expect" : "last", offset: 0, data: step.expect }];
  });
}

/** Priced, confirmed, and paid from the balance. */
export function sell(s: State, index: 0 | 1): State | null {
  const amountFen = amounts[index];
  const quoted = apply(s, index, {
    type: "quoted",
    facts: {
      id: `p${index}`,
      number: `P${index}`,
      token: `t${index}`,
      accountId: "a",
      unitId: "u",
      meterId: "m",
      cardId: "c",
      tierId: null,
      channel: "kiosk",
      terminalId: "r0",
      later: false,
      breakdown: {
        tariffVersionId: "v",
        lines: [],
        goodsFen: amountFen,
        debtFen: 0,
        deductions: [],
        balanceOffsetFen: amountFen,
        payableFen: 0,
        delivers: { kind: "amount", meterCreditFen: amountFen },
        tier: null,
      },
    },
  });
  return quoted && apply(quoted, index, { type: "confirmed" });
}

export { areaCode };

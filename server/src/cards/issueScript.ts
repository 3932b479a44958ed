/**
 * The script that puts a purchase on a card. Both images and the card's next sequence are durable in the purchase's log
 * before the script leaves; the secret is in no row and no log. (purchase-protocol, "Card scripts".)
 */
import type { CardAnswer } from "@citygas/api";
import {
  type CardState,
  dayOf,
  type Instant,
  type IssuedScript,
  type MeterPrice,
  meterPriceAt,
  ok,
  type Purchase,
  type Result,
} from "@citygas/core";
import {
  type CardScript,
  chips,
  fromHex,
  type LayoutDriver,
  layoutByName,
  mayWriteAt,
  planSteps,
  refundProof,
  resumeImages,
  type ScriptStep,
  sameBytes,
  toHex,
} from "@citygas/gascard";
import type { TerminalFacts } from "../context.ts";
import { applyEvent } from "../purchases/applyEvent.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { viewOf } from "../purchases/view.ts";
import type { CardSession } from "./cardRows.ts";
import type { Situation } from "./insertion.ts";
import { onCard } from "./reading.ts";

/** Issues the open purchase's script for the card of this session. `resumed`: nobody asked for it, the insertion led to it. */
export async function issueScript(
  sale: SaleContext,
  session: CardSession,
  seen: Situation,
  terminal: TerminalFacts,
  resumed: boolean,
): Promise<Result<CardAnswer, Refused> | "again"> {
  const { open, card, probed, grant, customer } = seen;
  const kind = seen.decision.kind === "writeRefund" ? "refund" : "sale";
  const { driver, image, facts } = seen.reading;
  if (open === null || card === null || driver === null || image === null) throw new Error("nothing to write");
  // Who alters a memory card's unkeyed checksums on the way mints gas, and a plain card can be copied.
  if (!mayWriteAt(driver, terminal.kind)) return refused("auth.forbidden");
  if (probed.seq === null) return refused("card.stale");
  const secret = await secretOf(sale, driver, card.state);
  const scriptId = sale.newId();
  const applied = await applyEvent(sale, open.state.id, (bundle, now) => {
    // The image was looked at with these versions: whatever moved since is looked at again.
    if (bundle.purchase.version !== open.version || bundle.card?.state.scriptSeq !== probed.seq)
      return { do: "nothing" };
    const p = bundle.purchase.state;
    // I9: what the meter reads is of now, however long ago the purchase was confirmed.
    const price = driver.unit === "money" ? meterPriceAt(customer?.tariff ?? [], now) : null;
    const before = { count: facts?.count ?? card.state.count, total: totalBefore(seen) };
    const images =
      kind === "refund"
        ? refundImagesOf(driver, image, p, before, now)
        : imagesOf(driver, image, p, before, now, price);
    const toPhone = terminal.kind === "phone";
    const phoneScript = p.issuedToPhone || toPhone || bundle.card.state.secret.onPhone;
    // Two people sent it here to be written, and it holds all of it: that is for them to decide.
    if (sameBytes(images.before, images.after)) return { do: "refuse", refused: { code: "purchase.manual" } };
    const script: IssuedScript = {
      id: scriptId,
      kind,
      terminalId: terminal.id,
      powerUpId: session.powerUpId,
      seq: bundle.card.state.scriptSeq + 1,
      before: toHex(images.before),
      after: toHex(images.after),
      issuedAt: now,
      deadlineAt: now + sale.settings.scriptMs,
    };
    return {
      do: "commit",
      event: {
        type: "purchase",
        event: {
          type: "scriptIssued",
          script,
          countBefore: p.countBefore ?? before.count,
          totalBefore: p.totalBefore ?? before.total,
          toPhone,
          needs: refundProof(driver, { phoneScript, replaced: p.replaced }),
          ...(grant === null ? {} : { approvedBy: grant.by }),
        },
      },
    };
  });
  if (!applied.ok && applied.error.code === "purchase.manual" && resumed)
    return ok({ kind: "refused", code: "purchase.manual", value: null, number: open.state.number });
  if (!applied.ok) return applied.error.code === "purchase.wrongState" ? "again" : applied;
  if (applied.value.done !== "now") return "again";
  const { purchase } = applied.value;
  const script = issuedOf(purchase);
  await sale.cardRows.addWrite({
    ...script,
    purchaseId: purchase.id,
    cardId: card.state.id,
    price: priceOnCard(driver, script),
  });
  const steps = writeSteps(driver, script, secret, probed.counter);
  return ok({
    kind: "script",
    script: cardScript(script, steps),
    purchase: await viewOf(sale, applied.value),
    resumed,
  });
}

/** The meter's total before the purchase: its own word on this card, or what the books had of it last. */
function totalBefore({ card, reading }: Situation): number {
  return reading.facts?.returned?.totalCredited ?? card?.state.totalCredited ?? 0;
}

/**
 * A script that was out before is finished with the same purchase area: its date and checksum are already proven. Its
 * price may have aged since; the new one goes on with it.
 */
function imagesOf(
  driver: LayoutDriver,
  now: Uint8Array,
  p: Purchase,
  before: { count: number; total: number },
  at: Instant,
  price: MeterPrice | null,
): { before: Uint8Array; after: Uint8Array } {
  const earlier = p.script?.kind === "sale" ? fromHex(p.script.after) : null;
  if (earlier === null) return { before: now, after: driver.purchaseImage(now, onCard(p, before, dayOf(at), price)) };
  const resumed = resumeImages(driver, now, earlier);
  const boughtOn = driver.purchaseArea(earlier)?.boughtOn ?? null;
  if (price === null || boughtOn === null || sameBytes(resumed.before, resumed.after)) return resumed;
  return { before: now, after: driver.purchaseImage(resumed.after, onCard(p, before, boughtOn, price)) };
}

/** @throws for layouts that have no refund image: core's rules send none of their cards here. */
function refundImagesOf(
  driver: LayoutDriver,
  now: Uint8Array,
  p: Purchase,
  before: { count: number; total: number },
  at: Instant,
): { before: Uint8Array; after: Uint8Array } {
  if (driver.refundImage === null) throw new Error(`${driver.name} has no refund image`);
  return { before: now, after: driver.refundImage(now, onCard(p, before, dayOf(at))) };
}

function issuedOf({ id, script }: Purchase): IssuedScript {
  if (script === null) throw new Error(`purchase ${id} has no script`);
  return script;
}

const cardScript = ({ id, kind, deadlineAt }: IssuedScript, steps: ScriptStep[]): CardScript => ({
  id,
  purpose: kind === "sale" ? "write" : "refund",
  steps,
  deadlineAt,
});

/** null: the chip has none. */
const secretOf = async (sale: SaleContext, { chip }: LayoutDriver, card: CardState): Promise<string | null> => {
  const { secret } = chips[chip];
  const { version } = card.secret;
  return secret === null ? null : await sale.keys.cardSecret(card.cardNumber, { bytes: secret.bytes, version });
};

/** `counter`: as the probe saw it. One short is what our own torn `present` leaves; the decision has judged it. */
function writeSteps(
  driver: LayoutDriver,
  { before, after }: Pick<IssuedScript, "before" | "after">,
  secret: string | null,
  counter: number | null,
): ScriptStep[] {
  const [from, to] = [fromHex(before), fromHex(after)];
  if (from === null || to === null) throw new Error("a script without images");
  return planSteps(driver, from, to, secret).map(
    (step): ScriptStep =>
      step.op === "counter" ? { op: "counter", ...(counter === null ? {} : { expect: counter }) } : step,
  );
}

/** What the meter is told by the card that this script writes. */
function priceOnCard(driver: LayoutDriver, { after }: IssuedScript): MeterPrice | null {
  const image = fromHex(after);
  const found = image === null ? null : driver.read(image);
  return found?.ok === true && driver.unit === "money" ? found.facts.price : null;
}

/** The issued script as a report is judged by it: the secret's bytes and the counter play no part in that. */
export function scriptForReport(script: IssuedScript, layout: string): CardScript {
  const driver = layoutByName(layout);
  if (driver === null) throw new Error(`no driver for layout ${layout}`);
  const { secret } = chips[driver.chip];
  const anySecret = secret === null ? null : "00".repeat(secret.bytes);
  return cardScript(script, writeSteps(driver, script, anySecret, null));
}

/**
 * The same script once more, when the terminal asks again for what this very power-up was given and has not reported:
 * the answer was lost. Harmless if it was not: the script's first step expects `before`. null: there is none.
 */
export async function sameScriptAgain(
  sale: SaleContext,
  session: CardSession,
  { open, card, reading: { driver }, probed }: Situation,
  terminal: TerminalFacts,
): Promise<Result<CardAnswer, Refused> | null> {
  const script = open?.state.script ?? null;
  if (open === null || card === null || driver === null || script === null) return null;
  const out = open.state.state === "issued" || (open.state.state === "unknown" && script.kind === "refund");
  if (!out) return null;
  const here = script.terminalId === terminal.id && script.powerUpId === session.powerUpId;
  const madeFromThisImage = script.issuedAt >= session.createdAt && script.before === probed.image;
  if (!here || !madeFromThisImage || sale.now() >= script.deadlineAt) return null;
  // The process may have died between the commit and this row.
  await sale.cardRows.addWrite({
    ...script,
    purchaseId: open.state.id,
    cardId: card.state.id,
    price: priceOnCard(driver, script),
  });
  const secret = await secretOf(sale, driver, card.state);
  const steps = writeSteps(driver, script, secret, probed.counter);
  const purchase = await viewOf(sale, { purchase: open.state, version: open.version, attempts: new Map() });
  return ok({ kind: "script", script: cardScript(script, steps), purchase, resumed: false });
}

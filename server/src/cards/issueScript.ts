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
  type RefundProof,
  type Result,
  strongerProof,
} from "@citygas/core";
import {
  type CardScript,
  chips,
  fromHex,
  type LayoutDriver,
  layoutByName,
  mayWriteAt,
  type PurchaseOnCard,
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
import { type LastTry, numberOf, secretUse } from "./cardSecrets.ts";
import type { Situation } from "./insertion.ts";
import { onCard } from "./reading.ts";
import { withUnsealed } from "./unsealed.ts";

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
  // A change that is in question is settled at a kiosk or desk first.
  if (terminal.kind === "phone" && card.state.secret.pending !== null) return refused("auth.forbidden");
  const last = await lastTry(sale, open.state.script, driver.name);
  const counterFull = seen.reading.read.secretCounter === "full";
  const scriptId = sale.newId();
  // Drawn before the script can leave: whoever opens a session later reads what it may have written.
  const turn = await sale.cardRows.nextTurn();
  const applied = await applyEvent(sale, open.state.id, (bundle, now) => {
    // The image was looked at with these versions: whatever moved since is looked at again.
    if (bundle.purchase.version !== open.version || bundle.card?.state.scriptSeq !== probed.seq)
      return { do: "nothing" };
    const p = bundle.purchase.state;
    // I9: what the meter reads is of now, however long ago the purchase was confirmed.
    const price = driver.unit === "money" ? meterPriceAt(customer?.tariff ?? [], now) : null;
    const before = { count: facts?.count ?? card.state.count, total: totalBefore(seen) };
    const toPhone = terminal.kind === "phone";
    const phoneScript = p.issuedToPhone || toPhone || bundle.card.state.secret.onPhone;
    const needs = strongerProof(p.refundNeeds, refundProof(driver, { phoneScript, replaced: p.replaced }));
    const change = changesSecret(driver, kind, needs);
    const secret = chips[driver.chip].secret && secretUse(bundle.card.state.secret, last, counterFull, change);
    const key = secret !== null && change ? { keyVersion: numberOf(secret) } : {};
    const images =
      kind === "refund"
        ? refundImagesOf(driver, image, p, before, now, needs, key)
        : imagesOf(driver, image, p, before, now, price, key);
    // Two people sent it here to be written, and it holds all of it: that is for them to decide.
    if (kind === "sale" && sameBytes(images.before, images.after))
      return { do: "refuse", refused: { code: "purchase.manual" } };
    const script: IssuedScript = {
      id: scriptId,
      kind,
      terminalId: terminal.id,
      powerUpId: session.powerUpId,
      seq: bundle.card.state.scriptSeq + 1,
      turn,
      before: toHex(images.before),
      after: toHex(images.after),
      issuedAt: now,
      deadlineAt: now + sale.settings.scriptMs,
      ...(secret === null ? {} : { secret }),
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
          needs,
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
  const price = priceOnCard(driver, script);
  await sale.cardRows.addWrite({ purchaseId: purchase.id, cardId: card.state.id, price, ...script });
  const steps = await stepsFor(sale, driver, card.state, script, probed.counter, terminal);
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
  key: Pick<PurchaseOnCard, "keyVersion">,
): { before: Uint8Array; after: Uint8Array } {
  const earlier = p.script?.kind === "sale" ? fromHex(p.script.after) : null;
  if (earlier === null) {
    const purchase = { ...onCard(p, before, dayOf(at), price), ...key };
    return { before: now, after: driver.purchaseImage(now, purchase) };
  }
  const resumed = resumeImages(driver, now, earlier);
  const boughtOn = driver.purchaseArea(earlier)?.boughtOn ?? null;
  if (boughtOn === null || sameBytes(resumed.before, resumed.after)) return resumed;
  const purchase = { ...onCard(p, before, boughtOn, price), ...key };
  return { before: now, after: driver.purchaseImage(resumed.after, purchase) };
}

/**
 * Where the meter's word is needed, the area it stands in is blanked with it: what is found there later was written later.
 * @throws for layouts that have no refund image: core's rules send none of their cards here.
 */
function refundImagesOf(
  driver: LayoutDriver,
  now: Uint8Array,
  p: Purchase,
  before: { count: number; total: number },
  at: Instant,
  needs: RefundProof,
  key: Pick<PurchaseOnCard, "keyVersion">,
): { before: Uint8Array; after: Uint8Array } {
  if (driver.refundImage === null) throw new Error(`${driver.name} has no refund image`);
  const earlier = p.script?.kind === "refund" ? fromHex(p.script.after) : null;
  const boughtOn = (earlier && driver.purchaseArea(earlier)?.boughtOn) ?? dayOf(at);
  const blankReturn = needs === "returnArea" && chips[driver.chip].secret !== null;
  return { before: now, after: driver.refundImage(now, { ...onCard(p, before, boughtOn), ...key }, { blankReturn }) };
}

async function lastTry(sale: SaleContext, script: IssuedScript | null, layout: string): Promise<LastTry | null> {
  if (script === null) return null;
  const written = await sale.cardRows.write(script.id);
  const failedStep = written?.failedStep ?? null;
  const changeAt = scriptForReport(script, layout).steps.findIndex(({ op }) => op === "rekey");
  return {
    script,
    wasWrong: written?.wrongSecret === true,
    stoppedBefore: failedStep !== null && failedStep < changeAt,
  };
}

/** Its layout wants another secret with each write, or the proof of this refund wants one. */
function changesSecret(driver: LayoutDriver, kind: IssuedScript["kind"], needs: RefundProof): boolean {
  if (!chips[driver.chip].steps.some((op) => op === "rekey")) return false;
  if (driver.secretChange === "eachWrite") return true;
  return kind === "refund" && (needs === "returnArea" || driver.cardClass === "A");
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

interface Secrets {
  /** null: the chip has none. */
  presented: string | null;
  /** null: it stays. */
  next: string | null;
}

async function secretsOf(
  sale: SaleContext,
  { chip }: LayoutDriver,
  card: CardState,
  script: IssuedScript,
): Promise<Secrets> {
  const { secret } = chips[chip];
  if (secret === null) return { presented: null, next: null };
  const { presents, changesTo } = script.secret ?? { presents: card.secret.version, changesTo: null };
  const of = (version: number) => sale.keys.cardSecret(card.cardNumber, { bytes: secret.bytes, version });
  return { presented: await of(presents), next: changesTo === null ? null : await of(changesTo) };
}

/** All that this terminal gets for this one script; made when it is asked for, and in no row. */
async function stepsFor(
  sale: SaleContext,
  driver: LayoutDriver,
  card: CardState,
  script: IssuedScript,
  counter: number | null,
  terminal: TerminalFacts,
): Promise<ScriptStep[]> {
  const steps = writeSteps(driver, script, await secretsOf(sale, driver, card, script), counter);
  return withUnsealed(steps, driver, script, card.cardNumber, terminal);
}

/** `counter`: as the probe saw it. One short is what our own torn `present` leaves; the decision has judged it. */
function writeSteps(
  driver: LayoutDriver,
  { before, after, kind }: Pick<IssuedScript, "before" | "after" | "kind">,
  { presented, next }: Secrets,
  counter: number | null,
): ScriptStep[] {
  const [from, to] = [fromHex(before), fromHex(after)];
  if (from === null || to === null) throw new Error("a script without images");
  return planSteps(driver, from, to, presented, next, kind === "refund").map(
    (step): ScriptStep =>
      step.op === "counter" ? { op: "counter", ...(counter === null ? {} : { expect: counter }) } : step,
  );
}

/** What the meter is told by the card that this script writes. */
function priceOnCard(driver: LayoutDriver, { after }: IssuedScript): MeterPrice | null {
  const image = driver.unit === "money" ? fromHex(after) : null;
  const found = image === null ? null : driver.read(image);
  return found?.ok === true ? found.facts.price : null;
}

/** The issued script as a report is judged by it: the secret's bytes and the counter play no part in that. */
export function scriptForReport(script: IssuedScript, layout: string): CardScript {
  const driver = layoutByName(layout);
  if (driver === null) throw new Error(`no driver for layout ${layout}`);
  const { secret } = chips[driver.chip];
  const anySecret = secret === null ? null : "00".repeat(secret.bytes);
  const secrets = { presented: anySecret, next: script.secret?.changesTo == null ? null : anySecret };
  return cardScript(script, writeSteps(driver, script, secrets, null));
}

/** Is a counter that is one short what this script left? Unless its terminal reported that another step was its last. */
export async function leavesOneShort(sale: SaleContext, script: IssuedScript | null, layout: string): Promise<boolean> {
  const failedStep = script === null ? undefined : (await sale.cardRows.write(script.id))?.failedStep;
  if (script === null || failedStep === undefined) return true;
  const op = failedStep === null ? null : scriptForReport(script, layout).steps[failedStep]?.op;
  return op === "present" || op === "rekey";
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
  const madeFromThisImage = (script.turn ?? 0) > (session.turn ?? 0) && script.before === probed.image;
  if (!here || !madeFromThisImage || sale.now() >= script.deadlineAt) return null;
  // The process may have died between the commit and this row.
  await sale.cardRows.addWrite({
    ...script,
    purchaseId: open.state.id,
    cardId: card.state.id,
    price: priceOnCard(driver, script),
  });
  const steps = await stepsFor(sale, driver, card.state, script, probed.counter, terminal);
  const purchase = await viewOf(sale, { purchase: open.state, version: open.version, attempts: new Map() });
  return ok({ kind: "script", script: cardScript(script, steps), purchase, resumed: false });
}

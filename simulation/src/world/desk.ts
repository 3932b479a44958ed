/**
 * The counter. Lost cards are replaced by the production services. Two things that the centre has no service for yet are
 * done here by the rules of the protocol, over production's own transitions, and marked as stand-ins: a refund script
 * for an unwritten purchase ("Refund"), and what two people decide of a purchase that is `manual`.
 */
import type { AttemptEvent, IssuedScript, Purchase } from "@citygas/core";
import { classify, fromHex, type PurchaseOnCard, planSteps, toHex } from "@citygas/gascard";
import { applyEvent, issueImage, replaceCard, setCardStatus, takeReport } from "@citygas/server";
import { newChip, type PhysicalCard, writeBytes } from "./card.ts";
import type { Household } from "./household.ts";
import type { World } from "./world.ts";

const twoPeople: [string, string] = ["staff-1", "staff-2"];
const askMs = 20_000;

/** @returns false: not now (a purchase is open, the centre is away). */
export async function replaceLostCard(world: World, household: Household): Promise<boolean> {
  const { desk } = world;
  const { cardId } = household;
  if (household.lost !== null || openPurchase(world, household) !== null) return false;
  const key = desk.newKey();
  const lost = await desk.ask("lost", askMs, (server) => setCardStatus(server.sale, cardId, "lost"));
  if (!lost.ok) return false;
  const replaced = await desk.ask("replace", askMs, (server) =>
    replaceCard(server.sale, cardId, { key, fingerprint: key }),
  );
  if (!replaced.ok) {
    await desk.ask("found", 600_000, (server) => setCardStatus(server.sale, cardId, "current"));
    return false;
  }
  const image = await desk.ask("issue", 600_000, (server) => issueImage(server.sale, cardId));
  if (!image.ok) return false;
  const issued = fromHex(image.value.imageHex);
  const secret = image.value.secretHex;
  if (issued === null || secret === null) throw new Error("the issuing desk got no image of a memory card");
  const bytes = world.seam.replacementForgetsCount ? forgetCount(household, issued) : issued;
  const { label, household: owner } = household.card;
  household.lost = household.card;
  household.card = { label: `new ${label}`, household: owner, chip: newChip(bytes, secret), secret };
  world.say(() => `${label} is lost and replaced`);
  return true;
}

/** The wrong rule: the last purchase, which the meter may not have seen, gets a number of its own. */
function forgetCount({ driver }: Household, image: Uint8Array): Uint8Array {
  const area = driver.purchaseArea(image);
  if (area === null || area.amount === 0) return image;
  const amount =
    driver.unit === "volume"
      ? { kind: "volume" as const, volumeL: area.amount }
      : { kind: "money" as const, amountFen: area.amount };
  return driver.purchaseImage(image, { countBefore: area.count, totalBefore: 0, amount, boughtOn: "2026-01-01" });
}

function openPurchase(world: World, household: Household): Purchase | null {
  const openId = world.store.peek("card", household.cardId)?.state.openPurchaseId ?? null;
  return openId === null ? null : (world.store.peek("purchase", openId)?.state ?? null);
}

function onCard(p: Purchase): PurchaseOnCard | null {
  const { delivers } = p.breakdown;
  if (p.countBefore === null || p.totalBefore === null) return null;
  return {
    countBefore: p.countBefore,
    totalBefore: p.totalBefore,
    boughtOn: "2026-01-01",
    amount:
      delivers.kind === "volume"
        ? { kind: "volume", volumeL: delivers.volumeL }
        : { kind: "money", amountFen: delivers.meterCreditFen },
  };
}

/** Stand-in. What the desk does while the card stands in its reader; the image is read here and now. */
export async function refundAtDesk(world: World, household: Household): Promise<void> {
  const { desk, faults } = world;
  const p = openPurchase(world, household);
  const purchase = p === null ? null : onCard(p);
  if (p === null || p.script === null || purchase === null || household.tampered || desk.slot === null) return;
  if (p.state !== "unknown" || p.script.kind !== "sale" || household.card.chip.errorCounter !== 7) return;
  const image = household.card.chip.read();
  const [before, after] = [fromHex(p.script.before), fromHex(p.script.after)];
  if (before === null || after === null) return;
  if (classify(household.driver, image, before, after, null, purchase) !== "unwritten") return;
  world.checks.imageTaken("desk", desk.slot.powerUpId);
  faults.hit("wantsRefund");
  world.say(() => `the desk takes ${p.number} back from ${household.card.label}`);
  await writeRefund(world, household, p, image, household.driver.refundImage(image, purchase));
}

async function writeRefund(
  world: World,
  household: Household,
  p: Purchase,
  before: Uint8Array,
  after: Uint8Array,
): Promise<void> {
  const { desk, scheduler, seam } = world;
  const powerUpId = desk.slot?.powerUpId ?? "";
  const id = world.newId();
  const issued = await desk.ask<IssuedScript | null>("refund script", askMs, async ({ sale }) => {
    const applied = await applyEvent(sale, p.id, (bundle, now) => {
      const { state, script: last, countBefore, totalBefore } = bundle.purchase.state;
      const moved = state !== "unknown" || last?.id !== p.script?.id;
      if (moved || bundle.card === null || countBefore === null || totalBefore === null) return { do: "nothing" };
      const script: IssuedScript = {
        id,
        kind: "refund",
        terminalId: desk.terminal.id,
        powerUpId,
        seq: bundle.card.state.scriptSeq + 1,
        before: toHex(before),
        after: toHex(after),
        issuedAt: now,
        deadlineAt: now + 60_000,
      };
      const event = { type: "scriptIssued" as const, script, countBefore, totalBefore, toPhone: false };
      return { do: "commit", event: { type: "purchase", event } };
    });
    if (!applied.ok) return applied;
    const { script } = applied.value.purchase;
    if (applied.value.done !== "now" || script === null) return { ok: true, value: null };
    await sale.cardRows.addWrite({ ...script, purchaseId: p.id, cardId: household.cardId });
    return { ok: true, value: script };
  });
  if (!issued.ok || issued.value === null) return;
  const { deadlineAt } = issued.value;
  if (seam.skipsRefundImage) {
    await desk.ask("proof", askMs, ({ sale }) =>
      applyEvent(sale, p.id, () => ({
        do: "commit",
        event: { type: "purchase", event: { type: "refundProven", scriptId: id } },
      })),
    );
    return;
  }
  const steps = planSteps(household.driver, before, after, household.card.secret);
  const report = await desk.run({ id, purpose: "refund", steps, deadlineAt }, "desk", powerUpId);
  const told = await desk.ask("report", askMs, (server) => takeReport(server.sale, desk.terminal, report));
  if (!told.ok && told.kind === "unreachable") return;
  await desk.journal({ kind: "reportSent", at: scheduler.now, scriptId: report.scriptId });
}

/** Stand-in. Two people look at the meter and at the card and decide; the gas counts where it is. */
export async function decideManual(world: World, household: Household): Promise<void> {
  const p = openPurchase(world, household);
  const purchase = p === null ? null : onCard(p);
  household.needsDesk = false;
  if (p === null || purchase === null || p.state !== "manual" || p.script === null) return;
  const count = purchase.countBefore + 1;
  const taken = world.checks.wasCredited(household.meterId, count);
  const area = household.driver.purchaseArea(household.card.chip.read());
  const there = area?.count === count && area.amount > 0 && household.meter.count < count;
  const to = taken || there ? "delivered" : "refunding";
  if (!there) putBack(household, p, purchase, taken);
  world.say(() => `two people decide ${p.number}: ${to}`);
  await world.desk.ask("decision", askMs, ({ sale }) =>
    applyEvent(sale, p.id, ({ purchase: { state } }) =>
      state.state === "manual"
        ? {
            do: "commit",
            event: { type: "purchase", event: { type: "decided", to, by: twoPeople, evidence: "meter and card seen" } },
          }
        : { do: "nothing" },
    ),
  );
}

/** The desk sets the card to what the books will say: after the purchase where the meter has it, else before it. */
function putBack(household: Household, p: Purchase, purchase: PurchaseOnCard, taken: boolean): void {
  const { driver } = household;
  const card: PhysicalCard = household.card;
  const sale = fromHex(p.script?.before ?? "");
  if (sale === null) return;
  const clean = driver.purchaseArea(sale) === null ? null : sale;
  const image = taken ? driver.purchaseImage(card.chip.read(), purchase) : clean;
  if (image === null) return;
  const { offset, length } = driver.areas.purchase;
  writeBytes(card, offset, image.subarray(offset, offset + length));
}

/**
 * Stand-in. What people find on the gateway's own page about money that the machines gave up on: what is not ours goes
 * back by hand, what went back already is written down, what the gateway refused is paid back again.
 */
export async function decidePayments(world: World): Promise<void> {
  const { store, desk } = world;
  for (const attempt of store.all("attempt")) {
    const gateway = world.gateways.find(({ name }) => name === attempt.channel);
    const lateStuck = attempt.lateSuccess?.refunded === false;
    if (gateway === undefined || (attempt.state !== "manual" && !lateStuck)) continue;
    if (attempt.state === "manual") gateway.reverse(attempt.outTradeNo);
    if (gateway.holdsFen(attempt.outTradeNo) > 0) continue;
    world.say(() => `people see that payment ${attempt.outTradeNo.slice(-6)} went back`);
    const event: AttemptEvent = lateStuck
      ? { type: "lateRefunded" }
      : { type: "resolved", to: "reversed", transactionId: null, by: twoPeople };
    await desk.ask("payment", askMs, ({ sale }) =>
      applyEvent(
        sale,
        attempt.purchaseId,
        () => ({ do: "commit", event: { type: "attempt", attemptId: attempt.id, event } }),
        { attemptId: attempt.id },
      ),
    );
  }
  for (const p of store.all("purchase")) {
    const attempt = p.paidAttemptId === null ? undefined : store.peek("attempt", p.paidAttemptId)?.state;
    const gateway = world.gateways.find(({ name }) => name === attempt?.channel);
    if (p.state !== "refunding" || p.refund?.stuck !== true || attempt === undefined || gateway === undefined) continue;
    gateway.refund(attempt.outTradeNo, p.refund.no, p.refund.amountFen);
    if (gateway.holdsFen(attempt.outTradeNo) > 0) continue;
    world.say(() => `people pay ${p.number} back on the gateway's own page`);
    await desk.ask("payment", askMs, ({ sale }) =>
      applyEvent(sale, p.id, () => ({ do: "commit", event: { type: "purchase", event: { type: "refundDone" } } })),
    );
  }
}

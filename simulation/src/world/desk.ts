/**
 * The counter: what two people decide and what the issuing desk makes, all by the production services. What people see
 * (the card in their reader, the meter on the wall, the gateway's own page) is the world's truth; what they do with it
 * may be late, doubled, or decided on a screen that was true an hour ago.
 */
import type { Attempt, Id, Purchase } from "@citygas/core";
import { fromHex, type LayoutDriver } from "@citygas/gascard";
import { issueImage, replaceCard, type StaffFacts, setCardStatus } from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import { newChip } from "./card.ts";
import type { Household } from "./household.ts";
import type { World } from "./world.ts";

export const clerk: StaffFacts = { id: "staff-1", name: "王芳", roles: ["cashier", "supervisor", "finance"] };
const otherClerk: StaffFacts = { id: "staff-2", name: "陈晨", roles: ["cashier", "supervisor", "finance"] };
export const checker: StaffFacts = { id: "staff-3", name: "李娜", roles: ["supervisor", "finance", "operations"] };
const otherChecker: StaffFacts = { id: "staff-4", name: "高峰", roles: ["supervisor", "finance", "operations"] };
const askMs = 20_000;
const hour = 3_600_000;
/** A confirmed proposal is carried out by any server when the one that began has died: looked after as the janitor does. */
const sweepEveryMs = 30_000;
const sweepsMax = 40;

interface Wanted {
  kind: string;
  ref: string;
  doc: object;
}
type Decided = "done" | "refused" | "nobodyKnows";

/** Proposed by one, confirmed by another. `meanwhile`: what the customer does while the paper lies there. */
export async function decide(world: World, wanted: Wanted, meanwhile: () => Promise<void>): Promise<Decided> {
  const { desk, faults, scheduler } = world;
  const fiber = scheduler.fiber();
  const fault = world.calm ? null : faults.draw<FaultAt<"decision">>("decision", fiber);
  const key = desk.newKey();
  const proposal = { ...wanted, evidence: "meter and card seen" };
  const propose = (by: StaffFacts, name: string) =>
    desk.ask("proposal", askMs, (server) => server.decisions().propose(by, proposal, { key: name, fingerprint: name }));
  const made = await propose(clerk, key);
  if (!made.ok && made.kind === "problem" && made.error.code === "decision.open") await leftLying(world, wanted);
  if (!made.ok) return made.kind === "problem" ? "refused" : "nobodyKnows";
  const { id } = made.value;
  world.say(() => `${clerk.name} proposes ${wanted.kind} ${JSON.stringify(wanted.doc)}`);
  if (fault === "twoClerks") {
    faults.hit(fault);
    const second = await propose(otherClerk, desk.newKey());
    if (second.ok) world.violate("I1", `${wanted.kind} about ${wanted.ref} is proposed twice at a time`);
  }
  if (fault === "screenIsStale") {
    faults.hit(fault);
    world.say(() => "the paper lies there, and the customer goes");
    await meanwhile();
    await scheduler.pause(fiber.rng.int(60_000, 2 * hour));
  }
  if (fault === "proposalRejected") {
    faults.hit(fault);
    await desk.ask("rejection", askMs, (server) => server.decisions().reject(checker, id, "look again"));
    return "refused";
  }
  const confirm = (by: StaffFacts) =>
    desk.ask("confirmation", askMs, (server) => server.decisions().confirm(by, id, null));
  if (fault === "confirmsOwn") {
    const own = await confirm(clerk);
    if (own.ok) world.violate("I3", `${wanted.kind} about ${wanted.ref} is confirmed by the one who proposed it`);
    else if (own.kind === "problem") faults.hit(fault);
  }
  if (fault === "confirmedTwice") {
    faults.hit(fault);
    const name = `${fiber.name} second checker`;
    world.spawn({ name, process: null, rng: world.rng(name) }, async () => void (await confirm(otherChecker)), 5);
  }
  const confirmed = await confirm(checker);
  if (!confirmed.ok && confirmed.kind === "problem" && world.queries.proposal(id)?.state === "proposed")
    return "refused";
  return await carriedOut(world, id);
}

/** One that somebody made when the centre was away stands on the checker's list: it is looked at again first. */
export async function leftLying(world: World, { kind, ref }: Wanted): Promise<void> {
  const id = world.queries.openProposal(kind, ref);
  if (id === undefined) return;
  const rejected = await world.desk.ask("rejection", askMs, (server) =>
    server.decisions().reject(checker, id, "look again"),
  );
  if (!rejected.ok) await carriedOut(world, id);
}

async function carriedOut(world: World, id: string): Promise<Decided> {
  const { desk, scheduler } = world;
  for (let sweep = 1; sweep <= sweepsMax; sweep++) {
    const state = world.queries.proposal(id)?.state;
    if (state === "done") return "done";
    if (state !== "confirmed") return "refused";
    await scheduler.pause(sweepEveryMs);
    await desk.ask("sweep", askMs, async (server) => ({ ok: true, value: await server.decisions().sweep() }));
  }
  return "nobodyKnows";
}

export function openPurchase(world: World, household: Household): Purchase | null {
  const openId = world.store.peek("card", household.cardId)?.state.openPurchaseId ?? null;
  return openId === null ? null : (world.store.peek("purchase", openId)?.state ?? null);
}

/** A purchase that is not written is to be taken back: two people allow it, and the card in the desk's reader proves it. */
export async function refundAtDesk(
  world: World,
  household: Household,
  atReader: () => Promise<void>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const p = openPurchase(world, household);
  if (p === null || household.tampered || (p.state !== "unknown" && p.state !== "issued")) return;
  household.takesBack = p.id;
  const decided = await decide(world, { kind: "purchase.refundAtReader", ref: p.id, doc: {} }, meanwhile);
  if (decided !== "done") return;
  world.faults.hit("wantsRefund");
  world.say(() => `two people allow that ${p.number} is taken back`);
  await atReader();
}

/** Two people look at meter and card and decide what no machine could; the gas counts where it is. */
export async function decideManual(
  world: World,
  household: Household,
  atReader: () => Promise<void>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  household.needsDesk = false;
  const p = openPurchase(world, household);
  if (p === null || p.state !== "manual" || p.countBefore === null) return;
  const doc = gasIsThere(world, household, p) ? { to: "delivered" } : notThere(world, household, p);
  if (doc.to === "delivered" || household.driver.cardClass === "C") world.faults.hit("decidedByTwo");
  if ((await decide(world, { kind: "purchase.decide", ref: p.id, doc }, meanwhile)) !== "done") return;
  if (doc.to !== "delivered") await atReader();
  // Not even two people get anything written on it: another card carries what is open.
  if (openPurchase(world, household)?.state === "manual" && household.driver.cardClass !== "C")
    household.needsCard = true;
}

/** The meter has taken it, or will. */
function gasIsThere(world: World, household: Household, { meterId, countBefore }: Purchase): boolean {
  const count = (countBefore ?? 0) + 1;
  if (world.checks.wasCredited(meterId, count)) return true;
  const area = household.driver.purchaseArea(household.card.chip.image());
  return area?.count === count && area.amount > 0 && household.meter.count < count;
}

function notThere(world: World, { driver, meter }: Household, p: Purchase): { to: string; indexL?: number } {
  const again = world.scheduler.fiber().rng.chance(500);
  if (driver.cardClass === "C") return again ? { to: "issuedAgain" } : { to: "refunding", indexL: meter.registerL };
  return p.refundNeeds === "none" || (again && !p.refundTried) ? { to: "issuedAgain" } : { to: "refunding" };
}

/**
 * 补卡. Lost: from the first commit on it is refused everywhere, and may still be found. `unusable`: it is handed in.
 * @returns false: not now (the centre is away; of class C the meter must have taken all that was delivered)
 */
export async function replaceCardOf(world: World, household: Household, why: "lost" | "unusable"): Promise<boolean> {
  const { desk, seam } = world;
  const { cardId, driver } = household;
  if (why === "lost" && household.lost !== null) return false;
  const plain = driver.cardClass === "C";
  const open = openPurchase(world, household);
  if (plain && open !== null) return false;
  const books = world.store.peek("card", cardId)?.state;
  const loaded = books === undefined || books.lastAmount === 0 || world.checks.wasCredited(books.meterId, books.count);
  if (plain && why === "lost" && !loaded) return false;
  if (!(await setStatus(world, cardId, "lost", askMs))) return false;
  const key = desk.newKey();
  const replaced = await desk.ask("replace", askMs, (server) =>
    replaceCard(server.sale, cardId, { key, fingerprint: key }),
  );
  if (!replaced.ok && !(replaced.kind === "problem" && (await byTwo(world, household, plain, loaded)))) {
    await setStatus(world, cardId, "current", 600_000);
    return false;
  }
  const image = await desk.ask("issue", 600_000, (server) => issueImage(server.sale, cardId));
  if (!image.ok) return false;
  const issued = fromHex(image.value.imageHex);
  if (issued === null) throw new Error("the issuing desk got no image");
  const bytes = seam.replacementForgetsCount ? forgetCount(driver, issued) : issued;
  const keys = world.keysOf(household.cardNumber, 0);
  const { label, household: owner } = household.card;
  if (why === "lost") household.lost = household.card;
  household.card = {
    label: `new ${label}`,
    household: owner,
    chip: newChip(
      driver,
      bytes,
      { ...keys, secretHex: image.value.secretHex ?? keys.secretHex },
      world.rng(`new ${label}`),
    ),
  };
  world.say(() => `${label} is ${why} and replaced${open === null ? "" : `, ${open.number} goes along`}`);
  if (open !== null && why === "lost") world.faults.hit("cardLostWhileOpen");
  return true;
}

/** 恢复: the customer shows the card that is held for lost; "lost" may have arrived after its sender gave it up. */
export async function takeForFound(world: World, { cardId }: Household): Promise<boolean> {
  const isLost = world.store.peek("card", cardId)?.state.status === "lost";
  return isLost && (await setStatus(world, cardId, "current", 600_000));
}

async function setStatus({ desk }: World, cardId: Id, status: "lost" | "current", forMs: number): Promise<boolean> {
  const key = desk.newKey();
  const by = { key, fingerprint: key };
  return (await desk.ask(status, forMs, (server) => setCardStatus(server.sale, cardId, status, by))).ok;
}

/** By evidence: what the class wants beside the books. */
async function byTwo(world: World, household: Household, plain: boolean, loaded: boolean): Promise<boolean> {
  const open = openPurchase(world, household);
  const taken = household.driver.cardClass === "B" && open?.refundTried === true;
  const doc = plain
    ? loaded
      ? { carries: "loaded", indexL: household.meter.registerL }
      : { carries: "handedIn" }
    : { carries: taken ? "refund" : "carry" };
  const nothing = async (): Promise<void> => undefined;
  return (await decide(world, { kind: "card.replace", ref: household.cardId, doc }, nothing)) === "done";
}

/** The wrong rule: the last purchase, which the meter may not have seen, gets a number of its own. */
function forgetCount(driver: LayoutDriver, image: Uint8Array): Uint8Array {
  const area = driver.purchaseArea(image);
  if (area === null || area.amount === 0 || driver.cardClass !== "B") return image;
  const amount =
    driver.unit === "volume"
      ? { kind: "volume" as const, volumeL: area.amount }
      : { kind: "money" as const, amountFen: area.amount };
  return driver.purchaseImage(image, { countBefore: area.count, totalBefore: 0, amount, boughtOn: "2026-01-01" });
}

/**
 * Money that the machines gave up on. What is not ours goes back on the gateway's own page, then two people say so; what
 * the gateway will never give back is paid out another way.
 */
export async function decidePayments(world: World): Promise<void> {
  for (const attempt of world.store.all("attempt")) {
    if (attempt.state === "manual") await resolve(world, attempt);
    if (attempt.lateSuccess?.stuck === true && !attempt.lateSuccess.refunded)
      await payOut(world, "lateRefund.payOut", attempt.id, attempt.amountFen);
  }
  for (const p of world.store.all("purchase"))
    if (p.state === "refunding" && p.refund?.stuck === true)
      await payOut(world, "refund.payOut", p.id, p.refund.amountFen);
}

/** Two people decide; then, and only then, the money is handed over. */
async function payOut(world: World, kind: string, ref: string, amountFen: number): Promise<void> {
  const { till, scheduler } = world;
  const { rng } = scheduler.fiber();
  const ways = [
    { way: "bank", reference: `B${ref.slice(-6)}` },
    { way: "cash", drawerId: till.drawerId, reference: `R${ref.slice(-6)}` },
    { way: "balance" },
  ];
  const doc = rng.pick(ways);
  if (till.paidOut.has(ref) || (await decide(world, { kind, ref, doc }, async () => undefined)) !== "done") return;
  if (till.paidOut.has(ref)) return;
  till.paidOut.add(ref);
  world.faults.hit("paidOutAnotherWay");
  world.say(() => `${amountFen} fen are paid out: ${doc.way}`);
  if (doc.way === "cash") till.notesFen -= amountFen;
  if (doc.way === "bank") till.bankFen += amountFen;
}

async function resolve(world: World, attempt: Attempt): Promise<void> {
  const gateway = world.gateways.find(({ name }) => name === attempt.channel);
  if (gateway === undefined) return;
  gateway.reverse(attempt.outTradeNo);
  if (gateway.holdsFen(attempt.outTradeNo) > 0) return;
  world.say(() => `people give payment ${attempt.outTradeNo.slice(-6)} back on the gateway's page`);
  await decide(world, { kind: "attempt.resolve", ref: attempt.id, doc: { to: "reversed" } }, async () => undefined);
}

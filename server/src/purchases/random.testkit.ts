/** What may happen in a random schedule: to whom, where, and with which card (random.test.ts). */
import type { Id, Purchase } from "@citygas/core";
import { type CardScript, fromHex } from "@citygas/gascard";
import fc from "fast-check";
import { expect } from "vitest";
import { intoMeter, issuedCard, type TestCard } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { wantScript } from "../cards/sessions.ts";
import { isUsable } from "../decisions/kinds/purchase.ts";
import type { Grant } from "../decisions/proposalRows.ts";
import { drainPayments, startAttempt } from "../payments/payments.ts";
import { startPrepay } from "../payments/prepay.ts";
import { type Carries, issueImage, replaceCard } from "../registration/replacement.ts";
import type { CloseFate, PayFate, PrepareFate, RefundFate } from "./bank.testkit.ts";
import { cancelPurchase } from "./cancel.ts";
import { confirmPurchase } from "./confirm.ts";
import { type Earth, phone1, terminals } from "./earth.testkit.ts";
import { quotePurchase } from "./quote.ts";
import {
  amount,
  code,
  deliver,
  insert,
  keyed,
  makeWorld,
  pass,
  type Visit,
  type World,
  write,
} from "./world.testkit.ts";

const fates: PayFate[] = ["paid", "lost", "silent", "refused", "password", "misconfigured"];
const prepareFates: PrepareFate[] = ["lost", "silent", "refused", "notSent"];
const closeFates: CloseFate[] = ["closed", "ignored", "silent"];
const refundFates: RefundFate[] = ["never", "later", "processing", "silent"];
/** Two kiosks, and a phone with a card reader at it. */
const places = [...terminals, phone1];
const atPhone = places.indexOf(phone1);
const kiosk = fc.integer({ min: 0, max: 1 });
const anywhere = fc.integer({ min: 0, max: atPhone });
const card = fc.integer({ min: 0, max: 1 });
/** The card that was lost, where there is one. */
const old = fc.integer({ min: 0, max: 4 }).map((n) => n === 0);
const fen = fc.integer({ min: 1, max: 2_000 });
const fate = fc.oneof({ weight: 3, arbitrary: fc.constant<PayFate>("paid") }, fc.constantFrom(...fates));
export const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("insert" as const), kiosk: anywhere, card, told: fc.boolean(), old }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("sell" as const), kiosk, fen, fate }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      kiosk: anywhere,
      pullAfter: fc.integer({ min: -1, max: 30 }),
      lost: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("sellOnPhone" as const), card, fen, payer: fc.boolean() }) },
  fc.record({ do: fc.constant("order" as const), kiosk: fc.constant(atPhone), payer: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("payOrder" as const), which: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("callbacks" as const), times: fc.integer({ min: 0, max: 2 }) }) },
  fc.record({ do: fc.constant("prepareFate" as const), fate: fc.constantFrom(...prepareFates) }),
  fc.record({ do: fc.constant("closeFate" as const), fate: fc.constantFrom(...closeFates) }),
  fc.record({ do: fc.constant("refundFate" as const), fate: fc.constantFrom(...refundFates) }),
  fc.record({ do: fc.constant("quote" as const), kiosk: anywhere, fen }),
  fc.record({ do: fc.constant("confirm" as const), kiosk: anywhere }),
  fc.record({ do: fc.constant("pay" as const), kiosk, fate }),
  fc.record({ do: fc.constant("cancel" as const), kiosk: anywhere }),
  fc.record({ do: fc.constant("pull" as const), kiosk: anywhere, told: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("meter" as const), card, old }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("replace" as const),
      card,
      carries: fc.constantFrom<Carries>("carry", "carry", "carry", "refund", "used"),
      byTwo: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("allow" as const),
      card,
      what: fc.constantFrom("refund", "refund", "sale"),
    }),
  },
  fc.record({ do: fc.constant("withdraw" as const), card }),
  // By chance alone a sale hardly ever gets as far as this.
  { weight: 2, arbitrary: fc.record({ do: fc.constant("toPhone" as const), card, fen }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("takeBack" as const), card, kiosk }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("lose" as const),
      card,
      fen,
      carries: fc.constantFrom<Carries>("carry", "refund"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lie" as const), card, shown: fc.boolean(), which: fc.nat(7) }) },
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1_000, 6_000, 20_000, 70_000, 1_900_000) }),
  fc.record({ do: fc.constant("gateway" as const), down: fc.boolean() }),
  fc.record({ do: fc.constant("password" as const) }),
  fc.record({ do: fc.constant("kill" as const) }),
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export interface Scene {
  earth: Earth;
  world: World;
  /** The card that each household has in hand. */
  cards: TestCard[];
  cardIds: Id[];
  /** Those that were lost, the last one first. */
  lost: [TestCard[], TestCard[]];
  /** What is in each reader: a card is in one place only. */
  readers: ({ card: number; inside: TestCard; visit: Visit; purchaseId: string | null } | null)[];
  grants: Map<Id, Grant>;
  /** What a script taught the phone: the secret it presented, and all that it ever saw of the card. */
  phone: Map<TestCard, { secret: string; images: Uint8Array[] }>;
  lied: boolean;
  /** What each confirmed purchase costs, as it was when it was confirmed. */
  bills: Map<Id, string>;
}

/** A process, and what two people allowed (decisions/kinds/purchase.ts, `grantOf`). */
export function startServer(scene: Pick<Scene, "grants">, earth: Earth): World {
  const world = makeWorld(earth);
  world.sale.grantOf = async (p) => {
    const grant = scene.grants.get(p.id);
    return grant !== undefined && isUsable(grant, p) ? grant : undefined;
  };
  return world;
}

const inHand = ({ cards, lost }: Scene, card: number, old: boolean): TestCard | undefined =>
  (old ? lost[card]?.[0] : undefined) ?? cards[card];
const inReader = ({ readers }: Scene, it: TestCard): boolean => readers.some((reader) => reader?.inside === it);

export const openOn = async ({ earth, cardIds }: Scene, card: number): Promise<Purchase | undefined> => {
  const cardId = cardIds[card] ?? "";
  const id = (await earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state.openPurchaseId;
  return id == null ? undefined : earth.purchases.get(id);
};

const key = (scene: Scene) => keyed(scene.world.sale.newId());

export async function act(scene: Scene, todo: Step): Promise<void> {
  const { world, earth, readers } = scene;
  earth.clock.now += 100;
  switch (todo.do) {
    case "pass":
      return await pass(world, todo.ms);
    case "gateway":
      earth.bank.down = todo.down;
      return;
    case "password":
      return earth.bank.payOpen();
    case "payOrder": {
      const orders = [...earth.bank.trades].filter(([, { order }]) => order !== null);
      earth.bank.payOrder(orders[todo.which]?.[0] ?? "");
      return;
    }
    case "callbacks":
      return await deliver(world, todo.times);
    case "prepareFate":
      return void earth.bank.prepareFates.push(todo.fate);
    case "closeFate":
      return void earth.bank.closeFates.push(todo.fate);
    case "refundFate":
      return void earth.bank.refundFates.push(todo.fate);
    case "sellOnPhone":
      await act(scene, { do: "insert", kiosk: atPhone, card: todo.card, told: true, old: false });
      await atKiosk(scene, { do: "quote", kiosk: atPhone, fen: todo.fen });
      await atKiosk(scene, { do: "confirm", kiosk: atPhone });
      return await atKiosk(scene, { do: "order", kiosk: atPhone, payer: todo.payer });
    case "kill":
      // Pay calls of the old process end unheard; tests of single kill points stand in kill.test.ts.
      await drainPayments(world.payments);
      scene.world = startServer(scene, earth);
      return;
    case "meter": {
      const it = inHand(scene, todo.card, todo.old);
      if (it && !inReader(scene, it)) intoMeter(it);
      return;
    }
    case "replace":
      return await replace(scene, todo);
    case "allow": {
      const open = await openOn(scene, todo.card);
      if (open && ["issued", "unknown", "manual"].includes(open.state)) allow(scene, open, todo.what);
      return;
    }
    case "withdraw": {
      const open = await openOn(scene, todo.card);
      if (open) scene.grants.delete(open.id);
      return;
    }
    case "lie":
      return await lie(scene, todo);
    case "lose":
      // Written, and nobody heard of it; then the card is lost.
      await act(scene, { do: "insert", kiosk: 0, card: todo.card, told: true, old: false });
      await atKiosk(scene, { do: "sell", kiosk: 0, fen: todo.fen, fate: "paid" });
      await atKiosk(scene, { do: "write", kiosk: 0, pullAfter: 30, lost: true });
      return await replace(scene, { do: "replace", card: todo.card, carries: todo.carries, byTwo: true });
    case "toPhone":
      // Paid at a kiosk, taken home, and written at the phone, where it may be.
      await act(scene, { do: "insert", kiosk: 0, card: todo.card, told: true, old: false });
      await atKiosk(scene, { do: "sell", kiosk: 0, fen: todo.fen, fate: "paid" });
      await atKiosk(scene, { do: "pull", kiosk: 0, told: true });
      return await act(scene, { do: "insert", kiosk: atPhone, card: todo.card, told: true, old: false });
    case "takeBack":
      await act(scene, { do: "allow", card: todo.card, what: "refund" });
      await act(scene, { do: "insert", kiosk: todo.kiosk, card: todo.card, told: true, old: false });
      return await atKiosk(scene, { do: "write", kiosk: todo.kiosk, pullAfter: 30, lost: false });
    case "insert": {
      const it = inHand(scene, todo.card, todo.old);
      if (!it) return;
      // The card that is in this reader, and the card from where it is, come out first.
      for (const [at, reader] of readers.entries())
        if (reader && (at === todo.kiosk || reader.inside === it))
          await atKiosk(scene, { do: "pull", kiosk: at, told: todo.told });
      const visit = await insert(world, terminalOf(todo.kiosk), it).catch(refusedThere);
      if (visit === null) return;
      shown(scene, todo.card, visit.answer);
      if (todo.kiosk === atPhone && visit.answer.kind === "script") heard(scene, it, visit.answer.script);
      readers[todo.kiosk] = { card: todo.card, inside: it, visit, purchaseId: null };
      return;
    }
    default:
      return await atKiosk(scene, todo);
  }
}

export function allow({ grants }: Scene, { id, script }: Purchase, what: "sale" | "refund"): void {
  grants.set(id, { proposalId: `for ${id}`, what, by: ["u1", "u2"], scriptId: script?.id ?? null });
}

/** Wherever the old card is and whatever runs on it, from here on it is the lost one. */
async function replace(scene: Scene, { card, carries, byTwo }: Extract<Step, { do: "replace" }>): Promise<void> {
  const { world, cards, cardIds, lost } = scene;
  const [before, cardId] = [cards[card], cardIds[card]];
  if (!before || cardId === undefined) return;
  // Two people look at the meter before they say so.
  const books = (await scene.earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state;
  if (carries === "used" && before.meter.count !== books?.count) return;
  const how = { carries, ...(byTwo ? { approvedBy: ["u1", "u2"] as [Id, Id] } : {}) };
  const done = await replaceCard(world.sale, cardId, key(scene), how);
  if (!done.ok) return;
  const image = await issueImage(world.sale, cardId);
  if (!image.ok) throw new Error(`replaced, and no image: ${image.error.code}`);
  lost[card === 0 ? 0 : 1].unshift(before);
  cards[card] = issuedCard(before, image.value.imageHex, image.value.secretHex ?? "");
}

/** The phone shows, or puts on the card, what it saw of it; only with a secret that still opens it can it write. */
async function lie(scene: Scene, { card, shown: only, which }: Extract<Step, { do: "lie" }>): Promise<void> {
  const { cards, phone, world } = scene;
  const it = cards[card];
  const known = it && phone.get(it);
  const image = known?.images[which % known.images.length];
  if (!it || !known || !image || inReader(scene, it)) return;
  scene.lied = true;
  if (only) return void (await insert(world, phone1, { ...it, image }).catch(refusedThere));
  // Its identity is the issuer's, and the phone has no key for it.
  if (known.secret === it.secret) it.image = image.slice();
}

/** What goes through the phone it keeps. */
function heard({ phone }: Scene, it: TestCard, script: CardScript): void {
  const present = script.steps.find((step) => step.op === "present");
  if (present?.op !== "present") return;
  const known = phone.get(it) ?? { secret: "", images: [] };
  const after = it.image.slice();
  for (const step of script.steps) if (step.op === "write") after.set(fromHex(step.data) ?? [], step.offset);
  phone.set(it, { secret: present.secret, images: [...known.images, it.image.slice(), after] });
}

type KioskStep = Extract<Step, { do: "sell" | "write" | "quote" | "confirm" | "order" | "pay" | "cancel" | "pull" }>;

/** A phone may not write what a kiosk would go on with. */
function refusedThere(error: unknown): null {
  if (error instanceof Error && error.message === "refused: auth.forbidden") return null;
  throw error;
}

/** I6, I10: an answer at a reader knows the card in it and no other, and masks what it knows. */
export function shown({ earth }: Scene, card: number, answer: unknown): void {
  const text = JSON.stringify(answer);
  const [mine, others] = card === 0 ? ["account-a", "account-b"] : ["account-b", "account-a"];
  const other = earth.customers.get(others);
  const forbidden = [other?.accountNumber ?? "", others];
  for (const p of earth.purchases.values()) if (p.accountId === others) forbidden.push(p.id, p.number, p.token);
  for (const id of [mine, others]) {
    const customer = earth.customers.get(id);
    forbidden.push(customer?.holderName ?? "", customer?.address ?? "");
  }
  for (const word of forbidden) expect(text.includes(word), word).toBe(false);
}

async function atKiosk(scene: Scene, todo: KioskStep): Promise<void> {
  const { world, earth, readers } = scene;
  const terminal = terminalOf(todo.kiosk);
  const reader = readers[todo.kiosk];
  if (!reader) return;
  const { visit, purchaseId, inside } = reader;
  switch (todo.do) {
    case "quote": {
      const body = { cardSessionId: visit.sessionId, entry: amount(todo.fen) };
      const made = await quotePurchase(world.sale, terminal, body, key(scene));
      if (made.ok) reader.purchaseId = made.value.id;
      shown(scene, reader.card, made);
      return;
    }
    case "sell":
      await atKiosk(scene, { ...todo, do: "quote" });
      await atKiosk(scene, { ...todo, do: "confirm" });
      return await atKiosk(scene, { ...todo, do: "pay" });
    case "order": {
      if (!purchaseId) return;
      const payer = { app: "h5", openid: todo.payer ? "oPayer1" : "oPayer2" } as const;
      await startPrepay(world.sale, world.payments, terminal, purchaseId, payer, key(scene));
      return;
    }
    case "confirm":
      if (purchaseId) await confirmPurchase(world.sale, terminal, purchaseId, key(scene));
      return;
    case "pay":
      if (!purchaseId) return;
      earth.bank.fates = [todo.fate];
      await startAttempt(world.sale, world.payments, terminal, purchaseId, code, key(scene));
      return await drainPayments(world.payments);
    case "cancel":
      if (purchaseId) await cancelPurchase(world.sale, terminal, purchaseId, key(scene));
      return;
    case "write": {
      const asked = purchaseId ? await wantScript(world.sale, terminal, purchaseId, visit.sessionId) : null;
      const answer = visit.answer.kind === "script" ? visit.answer : asked?.ok ? asked.value : null;
      if (answer?.kind !== "script" || answer.script.deadlineAt < earth.clock.now) return;
      if (terminal.kind === "phone") heard(scene, inside, answer.script);
      const whole = todo.pullAfter > 20;
      // The reader runs a script once; a card that is pulled is out, and its power-up is over.
      if (todo.lost)
        await write(
          { ...world, sale: unheard(world) },
          terminal,
          inside,
          visit,
          answer,
          whole ? undefined : todo.pullAfter,
        ).catch(() => undefined);
      else await write(world, terminal, inside, visit, answer, whole ? undefined : todo.pullAfter);
      readers[todo.kiosk] = null;
      return;
    }
    case "pull":
      if (todo.told) await endSession(world.sale, terminal, visit.sessionId);
      readers[todo.kiosk] = null;
      return;
  }
}

/** The network is gone: the card was written, nobody hears of it. */
const unheard = ({ sale }: World): World["sale"] => ({
  ...sale,
  cardRows: { ...sale.cardRows, write: () => Promise.reject(new Error("no network")) },
});

export function terminalOf(index: number) {
  const terminal = places[index];
  if (terminal === undefined) throw new Error("no such kiosk");
  return terminal;
}

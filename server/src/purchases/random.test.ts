/**
 * Random schedules of everything that people, cards, gateways and dying servers may do, over the real services. After
 * each step no card has two open purchases; at the end, when all had time to settle, I1, I2, I7, I8 and I11 hold.
 */
import { finalStates, openStates } from "@citygas/core";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { intoMeter, type TestCard } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { wantScript } from "../cards/sessions.ts";
import { drainPayments, startAttempt } from "../payments/payments.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { PayFate } from "./bank.testkit.ts";
import { cancelPurchase } from "./cancel.ts";
import { confirmPurchase } from "./confirm.ts";
import { type Earth, makeEarth, newAccount, terminals } from "./earth.testkit.ts";
import { quotePurchase } from "./quote.ts";
import {
  amount,
  booksHold,
  code,
  insert,
  keyed,
  ledger,
  makeWorld,
  pass,
  type Visit,
  type World,
  write,
} from "./world.testkit.ts";

const fates: PayFate[] = ["paid", "lost", "silent", "refused", "password", "misconfigured"];
const kiosk = fc.integer({ min: 0, max: 1 });
const card = fc.integer({ min: 0, max: 1 });
const fen = fc.integer({ min: 1, max: 2_000 });
const fate = fc.oneof({ weight: 3, arbitrary: fc.constant<PayFate>("paid") }, fc.constantFrom(...fates));
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("insert" as const), kiosk, card, told: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("sell" as const), kiosk, fen, fate }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      kiosk,
      pullAfter: fc.integer({ min: -1, max: 30 }),
      lost: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant("quote" as const), kiosk, fen }),
  fc.record({ do: fc.constant("confirm" as const), kiosk }),
  fc.record({ do: fc.constant("pay" as const), kiosk, fate }),
  fc.record({ do: fc.constant("cancel" as const), kiosk }),
  fc.record({ do: fc.constant("pull" as const), kiosk, told: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("meter" as const), card }) },
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1_000, 6_000, 20_000, 70_000, 1_900_000) }),
  fc.record({ do: fc.constant("gateway" as const), down: fc.boolean() }),
  fc.record({ do: fc.constant("password" as const) }),
  fc.record({ do: fc.constant("kill" as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Scene {
  earth: Earth;
  world: World;
  cards: TestCard[];
  /** What is in each reader: a card is in one place only. */
  readers: ({ card: number; visit: Visit; purchaseId: string | null } | null)[];
}

const key = (scene: Scene) => keyed(scene.world.sale.newId());

async function act(scene: Scene, todo: Step): Promise<void> {
  const { world, earth, readers, cards } = scene;
  earth.clock.now += 100;
  switch (todo.do) {
    case "pass":
      return await pass(world, todo.ms);
    case "gateway":
      earth.bank.down = todo.down;
      return;
    case "password":
      return earth.bank.payOpen();
    case "kill":
      // Pay calls of the old process end unheard; tests of single kill points stand in kill.test.ts.
      await drainPayments(world.payments);
      scene.world = makeWorld(earth);
      return;
    case "meter": {
      const inHand = cards[todo.card];
      if (inHand && !readers.some((reader) => reader?.card === todo.card)) intoMeter(inHand);
      return;
    }
    case "insert": {
      const inHand = cards[todo.card];
      if (!inHand) return;
      // The card that is in this reader, and the card from where it is, come out first.
      for (const [at, reader] of readers.entries())
        if (reader && (at === todo.kiosk || reader.card === todo.card))
          await atKiosk(scene, { do: "pull", kiosk: at, told: todo.told });
      const visit = await insert(world, terminalOf(todo.kiosk), inHand);
      readers[todo.kiosk] = { card: todo.card, visit, purchaseId: null };
      return;
    }
    default:
      return await atKiosk(scene, todo);
  }
}

type KioskStep = Exclude<Step, { do: "pass" | "gateway" | "password" | "kill" | "meter" | "insert" }>;

async function atKiosk(scene: Scene, todo: KioskStep): Promise<void> {
  const { world, earth, readers, cards } = scene;
  const terminal = terminalOf(todo.kiosk);
  const reader = readers[todo.kiosk];
  const inside = reader && cards[reader.card];
  if (!reader || !inside) return;
  const { visit, purchaseId } = reader;
  switch (todo.do) {
    case "quote": {
      const body = { cardSessionId: visit.sessionId, entry: amount(todo.fen) };
      const made = await quotePurchase(world.sale, terminal, body, key(scene));
      if (made.ok) reader.purchaseId = made.value.id;
      return;
    }
    case "sell":
      await atKiosk(scene, { ...todo, do: "quote" });
      await atKiosk(scene, { ...todo, do: "confirm" });
      return await atKiosk(scene, { ...todo, do: "pay" });
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

function terminalOf(index: number) {
  const terminal = terminals[index];
  if (terminal === undefined) throw new Error("no such kiosk");
  return terminal;
}

function neverTwoOpen({ earth }: Scene): void {
  const open = [...earth.purchases.values()].filter((p) => openStates.some((state) => state === p.state));
  expect(new Set(open.map((p) => p.cardId)).size).toBe(open.length);
}

/** Everybody comes back: gateway up, both cards read once more and written if they must be, days pass. */
async function settle(scene: Scene): Promise<void> {
  const { earth } = scene;
  earth.bank.down = false;
  await pass(scene.world, 20 * 60_000, 10_000);
  for (const card of scene.cards) {
    const visit = await insert(scene.world, terminalOf(0), card);
    if (visit.answer.kind === "script") await write(scene.world, terminalOf(0), card, visit, visit.answer);
    intoMeter(card);
  }
  // A gateway that was away for long is asked hourly; three answers must agree.
  await pass(scene.world, 6 * 3_600_000, 120_000);
}

test("random schedules leave nobody's money and nobody's gas behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: "max" }), async (steps) => {
      const earth = makeEarth(openMemoryStore());
      const cards = [(await newAccount(earth, "a", { balanceFen: 500 })).card, (await newAccount(earth, "b")).card];
      const scene: Scene = { earth, world: makeWorld(earth), cards, readers: [null, null] };
      for (const todo of steps) {
        await act(scene, todo);
        neverTwoOpen(scene);
      }
      await settle(scene);
      const all = [...earth.purchases.values()];
      for (const p of all) expect(finalStates).toContain(p.state);
      const delivered = all.filter((p) => p.state === "delivered");
      const sum = (of: (p: (typeof all)[number]) => number) => delivered.reduce((total, p) => total + of(p), 0);
      expect(cards.reduce((total, card) => total + card.meter.total - 90_000, 0)).toBe(
        sum((p) => p.breakdown.goodsFen),
      );
      expect(earth.bank.netFen()).toBe(sum((p) => p.breakdown.payableFen));
      expect(await ledger(earth, "gateway:wechat")).toBe(earth.bank.netFen());
      expect(await ledger(earth, "held:account-a")).toBe(0);
      expect(await ledger(earth, "open:unit-1")).toBe(0);
      await booksHold(earth);
    }),
    { numRuns: inject("long") ? 1_500 : 100 },
  );
});

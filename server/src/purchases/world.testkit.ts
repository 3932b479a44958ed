/** One server process on an earth, and what people do at its terminals. Time stands still unless moved. */
import { createHash } from "node:crypto";
import type { CardAnswer, PurchaseView } from "@citygas/api";
import { type AccountState, foldPurchase, type Id, type Purchase, type Result } from "@citygas/core";
import { chips } from "@citygas/gascard";
import type { Pool } from "pg";
import { pino } from "pino";
import { afterEach, expect } from "vitest";
import { type Callbacks, openCallbacks } from "../callbacks/callbacks.ts";
import { runScript, type TestCard, testKeys } from "../cards/card.testkit.ts";
import { takeReport } from "../cards/report.ts";
import { openSession, putImage, wantScript } from "../cards/sessions.ts";
import type { TerminalFacts } from "../context.ts";
import { drainPayments, newPayments, type Payments, startAttempt } from "../payments/payments.ts";
import { startPrepay } from "../payments/prepay.ts";
import type { Store } from "../store/port.ts";
import { type TaskRunner, taskRunner } from "../tasks/runner.ts";
import { type KeyedRequest, loggedEvent } from "./applyEvent.ts";
import { confirmPurchase } from "./confirm.ts";
import { derivedId } from "./derivedId.ts";
import { type Earth, latestInMemory, terminals } from "./earth.testkit.ts";
import { moneyAgrees } from "./moneyAgrees.testkit.ts";
import { quotePurchase } from "./quote.ts";
import type { Refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";

/** After every test, whatever it is about, the books of its earth must hold; what lies in SQL is asked by whoever closes it. */
afterEach(async () => {
  const earth = latestInMemory();
  if (earth !== null) await booksHold(earth);
});

/** One process. Drop it and make another on the same earth to kill a server. */
export interface World {
  earth: Earth;
  sale: SaleContext;
  payments: Payments;
  runner: TaskRunner;
  callbacks: Callbacks;
}

export function makeWorld(earth: Earth, store: Store = earth.store): World {
  const uuid = (): Id => {
    earth.ids.next += 1;
    return derivedId("test", String(earth.ids.next));
  };
  const sale: SaleContext = {
    store,
    // Rows are given below; nothing here reaches for the pool.
    db: null as unknown as Pool,
    now: () => earth.clock.now,
    newId: uuid,
    random: (bytes) => createHash("sha512").update(uuid()).digest().subarray(0, bytes),
    channels: new Map([["wechat", earth.bank.channel]]),
    keys: testKeys,
    registry: {
      customer: async (id) => earth.customers.get(id),
      cardIdByNumber: async (number) => earth.cardIds.get(number),
      terminal: async (id) => terminals.find((terminal) => terminal.id === id),
    },
    log: pino({ level: "silent" }),
    settings: {
      publicUrl: "http://city",
      finishMs: 30 * 60_000,
      idleMs: 60_000,
      scriptMs: 60_000,
      debts: "rows",
      production: false,
    },
    ...earth.rows,
    committed: () => undefined,
  };
  const payments = newPayments();
  const callbacks = openCallbacks(sale, payments, earth.notifications);
  return { earth, sale, payments, runner: taskRunner(sale, payments), callbacks };
}

/** An Idempotency-Key and the request it came with. */
export const keyed = (key: string, body = ""): KeyedRequest => ({
  key,
  fingerprint: `${key} ${body}`,
  eventId: derivedId("event", key, body),
});
const freshKey = (world: World, what: string): KeyedRequest => keyed(`${what}-${world.sale.newId()}`);

export function value<T>(result: Result<T, Refused>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.code}`);
  return result.value;
}

interface Seen {
  sessionId: Id;
  powerUpId: string;
  answer: CardAnswer;
}
export interface Visit extends Seen {
  /** What the centre makes of the same image now. */
  ask(): Promise<CardAnswer>;
}

let powerUps = 0;

/** The card goes into a reader and is probed. */
export async function insert(world: World, terminal: TerminalFacts, card: TestCard): Promise<Visit> {
  powerUps += 1;
  const powerUpId = `power-${powerUps}`;
  const atr = chips[card.driver.chip].atr ?? "";
  const { id, script } = await openSession(world.sale, terminal, { reader: "r", atr, powerUpId });
  const probe = runScript(card, script, powerUpId);
  const ask = async (): Promise<CardAnswer> => value(await putImage(world.sale, terminal, id, probe));
  return { sessionId: id, powerUpId, answer: await ask(), ask };
}

/** Runs the script of an answer on the card and reports it. */
export async function write(
  world: World,
  terminal: TerminalFacts,
  card: TestCard,
  visit: Pick<Visit, "powerUpId">,
  answer: CardAnswer,
  pullAfter?: number,
): Promise<CardAnswer> {
  if (answer.kind !== "script") throw new Error(`no script but ${JSON.stringify(answer)}`);
  return value(await takeReport(world.sale, terminal, runScript(card, answer.script, visit.powerUpId, pullAfter)));
}

export const amount = (amountFen: number) => ({ kind: "amount", amountFen }) as const;
export const volume = (volumeM3: number) => ({ kind: "volume", volumeL: volumeM3 * 1000 }) as const;
export const code = "134512345678901234";

export async function quoted(
  world: World,
  terminal: TerminalFacts,
  visit: Seen,
  entry: Parameters<typeof quotePurchase>[2]["entry"],
): Promise<PurchaseView> {
  const body = { cardSessionId: visit.sessionId, entry };
  return value(await quotePurchase(world.sale, terminal, body, freshKey(world, "quote")));
}

export async function confirmed(world: World, terminal: TerminalFacts, id: Id): Promise<PurchaseView> {
  return value(await confirmPurchase(world.sale, terminal, id, freshKey(world, "confirm")));
}

/** Presents a code and waits for the pay call's answer to be stored. */
export async function pay(world: World, terminal: TerminalFacts, id: Id): Promise<PurchaseView> {
  const view = value(await startAttempt(world.sale, world.payments, terminal, id, code, freshKey(world, "pay")));
  await drainPayments(world.payments);
  return view;
}

/** Pay params for the payer's phone. */
export const prepaid = async (world: World, terminal: TerminalFacts, id: Id, openid = "oPayer1") =>
  await startPrepay(world.sale, world.payments, terminal, id, { app: "mini", openid }, freshKey(world, "prepay"));

/** What the bank sent by itself arrives, each as often as `times`. */
export async function deliver(world: World, times = 1): Promise<void> {
  const { bank } = world.earth;
  for (const message of bank.outbox.splice(0))
    for (let time = 0; time < times; time++) await world.callbacks.take(bank.channel.name, message);
  await world.callbacks.drain();
}

export const wanted = async (world: World, terminal: TerminalFacts, id: Id, visit: Seen): Promise<CardAnswer> =>
  value(await wantScript(world.sale, terminal, id, visit.sessionId));

/** To `paid`, at a kiosk, with the card still in. */
export async function bought(
  world: World,
  terminal: TerminalFacts,
  card: TestCard,
  entry: Parameters<typeof quotePurchase>[2]["entry"],
): Promise<{ visit: Visit; id: Id }> {
  const visit = await insert(world, terminal, card);
  const { id } = await quoted(world, terminal, visit, entry);
  await confirmed(world, terminal, id);
  await pay(world, terminal, id);
  return { visit, id };
}

/** Moves the clock on by steps, doing what falls due. */
export async function pass(world: World, ms: number, stepMs = 5_000): Promise<void> {
  const until = world.earth.clock.now + ms;
  while (world.earth.clock.now < until) {
    world.earth.clock.now = Math.min(until, world.earth.clock.now + stepMs);
    await workOff(world);
  }
}

/** Does all that is due now; a task that asks for itself over and over fails the test. */
export async function workOff(world: World): Promise<void> {
  for (let rounds = 0; rounds < 50; rounds++) if ((await world.runner.runDue()) === 0) return;
  throw new Error("tasks never end");
}

export async function stateOf(world: World, id: Id): Promise<Purchase> {
  const found = (await world.earth.store.load([{ kind: "purchase", id }])).get("purchase", id);
  if (found === undefined) throw new Error(`no purchase ${id}`);
  return found.state;
}

export async function accountOf(world: World, id: Id): Promise<AccountState> {
  const found = (await world.earth.store.load([{ kind: "account", id }])).get("account", id);
  if (found === undefined) throw new Error(`no account ${id}`);
  return found.state;
}

/** I7, I8: the books sum to zero in each commodity, each purchase's log folds to its row, and the bank agrees with both. */
export async function booksHold(earth: Earth): Promise<void> {
  const sums: Record<string, number> = {};
  for (const { commodity, amount: sum } of await earth.store.trialBalance())
    sums[commodity] = (sums[commodity] ?? 0) + sum;
  for (const sum of Object.values(sums)) expect(sum).toBe(0);
  for (const id of earth.purchases.keys()) {
    const row = (await earth.store.load([{ kind: "purchase", id }])).get("purchase", id);
    const log = await earth.store.events({ kind: "purchase", id });
    const folded = foldPurchase(log.map(({ at, event }) => ({ at, event: loggedEvent(event) })));
    expect(folded.purchase).toEqual(row?.state);
  }
  await moneyAgrees(earth);
}

export async function ledger(earth: Earth, account: string): Promise<number> {
  const lines = await earth.store.trialBalance();
  return lines.filter((line) => line.account === account).reduce((sum, line) => sum + line.amount, 0);
}

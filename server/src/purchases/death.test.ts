/**
 * kill -9 of the server process over every commit of a sale, while the database is at that very commit: its effect is
 * lost with the server, or kept though nobody heard of it. The terminal repeats what was not answered, as it does; the
 * sale ends as gas, paid once. Real PostgreSQL, real processes, the gateway's own wire.
 */
import { randomUUID } from "node:crypto";
import { type CardScript, fromHex, openBMoney } from "@citygas/gascard";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { runScript, type TestCard } from "../cards/card.testkit.ts";
import { type Caller, type DeathWorld, type Effect, startDeathWorld } from "../payments/death.testkit.ts";

const long = inject("long");
let world: DeathWorld;
beforeAll(async () => {
  world = await startDeathWorld(30);
}, 120_000);
afterAll(() => world.stop());

type Reply = Awaited<ReturnType<Caller["post"]>>;
type Ask = () => Promise<Reply>;

/** One request, with the same Idempotency-Key each time it is sent. */
const request = (url: string, body: object = {}): Ask => {
  const key = randomUUID();
  return () => world.kiosk.post(url, body, key);
};

/** The server dies over the event that `ask` leads to, and another one starts. */
async function killedOver(event: string, effect: Effect, ask: Ask): Promise<void> {
  const goOn = await world.holdEvents(event);
  const unanswered = ask().catch(() => undefined);
  await world.held();
  await world.kill();
  await unanswered;
  await goOn(effect);
  await world.start();
}

/** The same, where it is wanted; then the terminal asks, or asks again, and is answered. */
async function asked(event: string, effect: Effect | undefined, ask: Ask): Promise<Record<string, unknown>> {
  if (effect !== undefined) await killedOver(event, effect, ask);
  const { status, body } = await ask();
  if (status >= 300) throw new Error(`${event}: ${status} ${JSON.stringify(body)}`);
  return body;
}

type Event = "quoted" | "confirmed" | "created" | "submitted" | "answered" | "scriptIssued" | "cardSettled";
/** What becomes of the commits of a sale that the server is killed over. */
type Effects = Partial<Record<Event, Effect>>;
const few: Effects = { created: "lost", answered: "kept", cardSettled: "lost" };
const all: readonly [cardId: string, Effects][] = [
  [
    "qinhuai",
    {
      quoted: "kept",
      confirmed: "lost",
      created: "lost",
      submitted: "lost",
      answered: "kept",
      scriptIssued: "kept",
      cardSettled: "lost",
    },
  ],
  [
    "replacement",
    {
      quoted: "lost",
      confirmed: "kept",
      created: "kept",
      submitted: "kept",
      answered: "lost",
      scriptIssued: "lost",
      cardSettled: "kept",
    },
  ],
];

test.each(long ? all : [["qinhuai", few] as const])(
  "killed over the commits of a sale (%s): it ends as gas, paid once",
  async (cardId, effects) => {
    const before = world.gateways.ledger.netFen();
    const { sessionId, powerUpId, imageHex, secret } = await world.insert(world.kiosk, cardId);
    const card: TestCard = {
      number: cardId,
      driver: openBMoney,
      image: fromHex(imageHex) ?? new Uint8Array(),
      counter: 7,
      secret,
      meter: { count: 0, total: 0 },
    };
    const had = openBMoney.purchaseArea(card.image);

    const quote = request("/purchases", { cardSessionId: sessionId, entry: { kind: "amount", amountFen: 3_000 } });
    const id = String((await asked("quoted", effects.quoted, quote)).id);
    await asked("confirmed", effects.confirmed, request(`/purchases/${id}/confirm`));

    const scan = (): Ask => request(`/purchases/${id}/attempts`, { code: world.codeOf("wechat", "phone-1") });
    let scanned = scan();
    if (effects.created !== undefined) await killedOver("created", effects.created, scanned);
    // Announced and never sent: ten seconds later another code is asked for.
    if (effects.created === "kept") {
      await world.attemptReaches(id, "failed", 60_000);
      scanned = scan();
    }
    // Called sent and never sent: taken back at its deadline, which takes two minutes.
    if (effects.submitted !== undefined) {
      await killedOver("submitted", effects.submitted, scanned);
      await world.attemptReaches(id, effects.submitted === "lost" ? "failed" : "reversed", 300_000);
      scanned = scan();
    }
    if (effects.answered === undefined) await scanned();
    else await killedOver("answered", effects.answered, scanned);
    await world.reaches(id, "paid", 60_000);

    const want = request(`/purchases/${id}/script`, { cardSessionId: sessionId });
    const { script } = await asked("scriptIssued", effects.scriptIssued, want);
    // The API's own schema has checked it.
    const report = runScript(card, script as CardScript, powerUpId);
    expect(report.failure).toBeUndefined();
    await asked("cardSettled", effects.cardSettled, request(`/card-sessions/${sessionId}/reports`, report));

    expect(await world.stateOf(id)).toBe("delivered");
    const has = openBMoney.purchaseArea(card.image);
    expect(has).toMatchObject({ count: (had?.count ?? 0) + 1, amount: 3_000 });
    const { rows } = await world.db.query<{ fen: number }>(
      "select (state->'breakdown'->>'payableFen')::int as fen from purchase where id = $1",
      [id],
    );
    expect(world.gateways.ledger.netFen() - before).toBe(rows[0]?.fen);
    const { rows: sums } = await world.db.query<{ sum: number }>(
      "select sum(amount)::bigint as sum from ledger_balance group by commodity",
    );
    for (const { sum } of sums) expect(sum).toBe(0);
  },
  900_000,
);

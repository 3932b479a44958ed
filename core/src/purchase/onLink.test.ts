/** A recharge over a link: what a record says of it, and what follows for the purchase, its meter and the queue. */
import { describe, expect, it } from "vitest";
import type { MeterState } from "../aggregates.ts";
import { type MeterRecord, numberAfter, rechargeQueueMax, recordSays } from "../meter/recharge.ts";
import { compose, type PurchaseBundle } from "./compose.ts";
import { emptyBundle, picturedBreakdown, quoteFacts } from "./fixtures.ts";
import { type PurchaseEvent, purchaseStep } from "./machine.ts";
import { mayStillBeTaken, rechargeTodo } from "./onLink.ts";
import type { Purchase } from "./types.ts";

const amount = 120_000;
const record = (purchaseNo: number, totalCredited: number): MeterRecord => ({ purchaseNo, amount, totalCredited });
const stands = record(255, 84_000);
const took = record(0, 84_000 + amount);
const command = { id: "k1", sentAt: 10, deadlineAt: 20 };
const free = { ...picturedBreakdown, payableFen: 0, balanceOffsetFen: 0 };

function after(...events: PurchaseEvent[]): Purchase {
  let p: Purchase | null = null;
  const quoted: PurchaseEvent = { type: "quoted", facts: quoteFacts("p1", free, { cardId: null, later: true }) };
  for (const event of [quoted, { type: "confirmed" } as const, ...events]) {
    const step = purchaseStep(p, event, 10);
    if (!step.ok) throw new Error(`${event.type}: ${step.error.code}`);
    p = step.value.purchase;
  }
  if (p === null) throw new Error("nothing happened");
  return p;
}
const sent: PurchaseEvent = { type: "rechargeSent", command, record: stands };
const refuses = (p: Purchase, event: PurchaseEvent): boolean => !purchaseStep(p, event, 30).ok;

describe("a record", () => {
  it.each([
    ["took", took],
    ["notTaken", stands],
    ["older", record(254, 83_999)],
    ["older", record(0, 0)],
    // Its number for another amount, the amount under another number, further on.
    ["disagrees", record(0, 84_001)],
    ["disagrees", record(1, 84_000 + amount)],
    ["disagrees", record(0, 84_000)],
    ["disagrees", record(3, 500_000)],
  ] as const)("%s: %o", (says, read) => {
    expect(recordSays(read, stands, amount)).toBe(says);
  });

  it("has one byte for its number", () => {
    expect([numberAfter(254), numberAfter(255), numberAfter(0)]).toEqual([255, 0, 1]);
  });
});

describe("the first in the queue", () => {
  const link = { counted: { purchaseNo: 255, totalCredited: 84_000 }, queue: ["p1"] };
  const unknown = after(sent, { type: "due" });
  it.each([
    ["paid", after(), stands, "send"],
    ["paid", after(), record(254, 80_000), "wait"],
    ["paid", after(), took, "disagrees"],
    ["issued", after(sent), stands, "wait"],
    ["issued", after(sent), took, "taken"],
    ["issued", after(sent), record(9, 900_000), "disagrees"],
    ["unknown", unknown, stands, "send"],
    ["unknown", unknown, took, "taken"],
    ["unknown", unknown, record(254, 80_000), "wait"],
    ["delivered", after(sent, { type: "rechargeTaken", record: took }), took, "wait"],
  ] as const)("%s", (state, p, read, todo) => {
    expect(p.state).toBe(state);
    expect(rechargeTodo(p, link, read)).toBe(todo);
  });

  it("is sent wherever its meter stands, when that was never read", () => {
    expect(rechargeTodo(after(), { counted: null, queue: ["p1"] }, record(77, 5))).toBe("send");
  });
});

describe("the purchase", () => {
  it("can be given up until it is sent, and never after", () => {
    const gaveUp: PurchaseEvent = { type: "gaveUp", reason: "customer" };
    expect(after(gaveUp).state).toBe("refunded");
    for (const p of [after(sent), after(sent, { type: "due" })]) expect(refuses(p, gaveUp)).toBe(true);
  });

  it("keeps its number: sent again only when the record says that it was not taken", () => {
    const unknown = after(sent, { type: "due" });
    expect(unknown.state).toBe("unknown");
    for (const read of [took, record(254, 80_000), record(1, 300_000)])
      expect(refuses(unknown, { type: "rechargeSent", command, record: read })).toBe(true);
    const again = after(
      sent,
      { type: "due" },
      { type: "rechargeSent", command: { ...command, id: "k2" }, record: stands },
    );
    expect(again).toMatchObject({ state: "issued", countBefore: 255, totalBefore: 84_000, command: { id: "k2" } });
    expect(refuses(after(sent), sent)).toBe(true);
  });

  it("is delivered by no other record than the one that shows it", () => {
    for (const read of [stands, record(0, 84_001), record(1, 84_000 + amount)])
      expect(refuses(after(sent), { type: "rechargeTaken", record: read })).toBe(true);
    expect(refuses(after(), { type: "rechargeTaken", record: took })).toBe(true);
  });

  it("goes to people where the record fits neither, and is paid back only if the meter is past its number", () => {
    const decided: PurchaseEvent = { type: "decided", to: "refunding", by: ["a", "b"], evidence: "e" };
    const past = after(sent, { type: "recordDisagrees", record: record(0, 84_001) });
    expect([past.state, mayStillBeTaken(past), past.refundNeeds]).toEqual(["manual", false, "index"]);
    expect(purchaseStep(past, decided, 40)).toMatchObject({ ok: true, value: { purchase: { state: "refunded" } } });
    const still = after(sent, { type: "recordDisagrees", record: record(255, 84_001) });
    expect([still.state, mayStillBeTaken(still)]).toEqual(["manual", true]);
    expect(refuses(still, decided)).toBe(true);
  });

  it("goes by the word of a meter that is off the wall, and otherwise by people", () => {
    const change = { id: "c", newMeterId: "m2", newIndexL: 0, counts: "money", owedFen: 0 } as const;
    const by: [string, string] = ["a", "b"];
    const replaced = (word: MeterRecord | null, approvedBy = by): PurchaseEvent => ({
      type: "meterReplaced",
      change: {
        ...change,
        approvedBy,
        word: word && { acceptedCount: word.purchaseNo, totalCredited: word.totalCredited, remaining: 0, indexL: 0 },
      },
      script: null,
      needs: "index",
    });
    const unknown = after(sent, { type: "due" });
    expect(after(sent, { type: "due" }, replaced(took)).state).toBe("delivered");
    expect(after(sent, { type: "due" }, replaced(stands)).state).toBe("refunded");
    for (const event of [replaced(null), replaced(record(0, 84_001)), replaced(took, ["a", "a"])])
      expect(refuses(unknown, event)).toBe(true);
    expect(refuses(after(), replaced(stands))).toBe(true);
    const silent = after(sent, { type: "due" }, { type: "meterDisagrees", word: null });
    expect([silent.state, mayStillBeTaken(silent)]).toEqual(["manual", false]);
  });

  it("calls people once for one record of which nothing is known, and can still be given up", () => {
    const odd: PurchaseEvent = { type: "recordDisagrees", record: record(9, 900_000) };
    const p = after(odd);
    expect([p.state, refuses(p, odd)]).toEqual(["paid", true]);
    expect(refuses(p, { type: "recordDisagrees", record: record(10, 900_000) })).toBe(false);
    expect(refuses(p, { type: "gaveUp", reason: "customer" })).toBe(false);
  });
});

describe("the meter", () => {
  const bundle = (p: Purchase | null, link: MeterState["link"]): PurchaseBundle => ({
    ...emptyBundle(),
    card: null,
    purchase: p && { version: 1, state: p },
    meter: { version: 1, state: { id: "m1", accountId: "acc1", openPurchaseId: null, ...(link && { link }) } },
  });
  const composed = (p: Purchase, link: MeterState["link"], event: PurchaseEvent) =>
    compose({ bundle: bundle(p, link), event: { type: "purchase", event }, eventId: "e", now: 30 });
  const linkAfter = (p: Purchase, link: MeterState["link"], event: PurchaseEvent) => {
    const done = composed(p, link, event);
    if (!done.ok) return done.error.code;
    const { writes, tasks } = done.value.transition;
    const meter = writes.find((write) => write.kind === "meter")?.state as MeterState | undefined;
    return { ...meter?.link, asks: tasks.add.some(({ kind }) => kind === "meterAsk") };
  };
  const counted = { purchaseNo: 255, totalCredited: 84_000 };
  const quoted = (): Purchase => ({ ...after(), state: "quoted", confirmedAt: null });

  it("has a place in its queue for what is paid, and is asked where it stands", () => {
    const confirmed = linkAfter(quoted(), { counted: null, queue: ["p0"] }, { type: "confirmed" });
    expect(confirmed).toEqual({ counted: null, queue: ["p0", "p1"], asks: true });
    const full = Array.from({ length: rechargeQueueMax }, (_, i) => `q${i}`);
    expect(linkAfter(quoted(), { counted: null, queue: full }, { type: "confirmed" })).toBe("queueFull");
    expect(() => composed(quoted(), undefined, { type: "confirmed" })).toThrow("no link");
  });

  it("is sent the first of them, and only where it stands where the books believe", () => {
    expect(linkAfter(after(), { counted: null, queue: ["p1"] }, sent)).toMatchObject({ counted });
    expect(linkAfter(after(), { counted, queue: ["p0", "p1"] }, sent)).toBe("notNext");
    expect(linkAfter(after(), { counted: { ...counted, totalCredited: 1 }, queue: ["p1"] }, sent)).toBe("notNext");
  });

  it("has taken what its record shows, and is asked for the next one", () => {
    const taken: PurchaseEvent = { type: "rechargeTaken", record: took };
    const standsNow = { purchaseNo: 0, totalCredited: 84_000 + amount };
    expect(linkAfter(after(sent), { counted, queue: ["p1"] }, taken)).toEqual({
      counted: standsNow,
      queue: [],
      asks: false,
    });
    expect(linkAfter(after(sent), { counted, queue: ["p1", "p2"] }, taken)).toMatchObject({
      queue: ["p2"],
      asks: true,
    });
    const gaveUp: PurchaseEvent = { type: "gaveUp", reason: "customer" };
    expect(linkAfter(after(), { counted, queue: ["p1", "p2"] }, gaveUp)).toMatchObject({
      counted,
      queue: ["p2"],
      asks: true,
    });
  });
});

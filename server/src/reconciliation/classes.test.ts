/** Each class of difference and each automatic handling, on a real PostgreSQL. */
import { addDays, billDueAt, dayAtStart } from "@citygas/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refundIsHeld } from "./ask.ts";
import { type CompareScope, compareGateway } from "./compareGateway.ts";
import { compareLedger } from "./compareLedger.ts";
import { dayRow } from "./days.ts";
import { type Books, channel, day, openBooks } from "./reconciliation.testkit.ts";

const hourMs = 3_600_000;
let books: Books;
beforeEach(async () => {
  books = await openBooks();
});
afterEach(async () => {
  await books.close();
  expect(books.errors).toEqual([]);
});

const run = (): Promise<number> => books.reconciliation.scheduler.runDue();
/** The two days after, without a bill line: the window closes. */
async function passWindow(): Promise<void> {
  for (const each of [1, 2]) {
    books.gateway.trades.set(addDays(day, each), []);
    books.clock.now = billDueAt(addDays(day, each));
    await run();
  }
  // What waits is looked at again within the hour.
  books.clock.now += hourMs;
  await run();
}
const bill = (...lines: ReturnType<Books["line"]>[]): void => void books.gateway.trades.set(day, lines);
const tasks = async (): Promise<object[]> => (await books.rc.db.query("select kind, ref from task order by ref")).rows;
const figures = async () => (await dayRow(books.rc.db, channel, day))?.figures;

it("matched: payments, refunds, late successes and their refunds, reversals of what was never paid here", async () => {
  await books.sell({ no: "K_1" });
  const refunded = await books.sell({ no: "K_2" });
  await books.refund(refunded, dayAtStart(day) + 13 * hourMs);
  const late = await books.sell({ no: "K_3", attemptState: "failed" });
  await books.late(late, dayAtStart(day) + 14 * hourMs, true);
  await books.sell({ no: "K_4", attemptState: "reversed" });
  bill(
    ...[books.line("PAY", "K_1", { feeFen: 1 }), books.line("PAY", "K_2"), books.line("REFUND", "K_2")],
    ...[books.line("PAY", "K_3"), books.line("REFUND", "K_3", { refundNo: "RK_3" })],
    ...[books.line("PAY", "K_4"), books.line("REVERSED", "K_4", { transactionId: "TPAYK_4" })],
  );
  expect(await run()).toBe(1);
  const open = await books.differences("state <> 'resolved' and comparison <> 'payout'");
  expect(open).toEqual([]);
  expect(await figures()).toMatchObject({
    billLines: 7,
    matched: 5,
    billNetFen: 100,
    oursNetFen: 100,
    ledgerNetFen: 100,
  });
  expect(await books.ledger("fee:wechat")).toBe(1);
});

it("an empty bill is a result", async () => {
  bill();
  await run();
  expect(await dayRow(books.rc.db, channel, day)).toMatchObject({
    state: "compared",
    figures: { billLines: 0, matched: 0 },
  });
  expect(await books.differences()).toEqual([]);
});

describe("long", () => {
  it("an attempt that ended here asks its gateway; its late success explains the line", async () => {
    const ended = await books.sell({ no: "K_1", attemptState: "failed" });
    bill(books.line("PAY", "K_1"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { class: "long", state: "open", reason: "endedHere", handling: "askAttempt", attempt_id: ended.attempt.id },
    ]);
    expect(await tasks()).toEqual([{ kind: "attemptLateCheck", ref: ended.attempt.id }]);
    // The attempt's machine does its work the next day …
    await books.late(ended, books.clock.now + 60_000, true);
    books.clock.now += hourMs;
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { state: "resolved", reason: "lateSuccess" },
    ]);
    // … and its half of that day finds this one.
    const next = books.line("REFUND", "K_1", { refundNo: "RK_1", at: books.clock.now });
    books.gateway.trades.set(addDays(day, 1), [next]);
    books.clock.now = billDueAt(addDays(day, 1));
    await run();
    expect(await books.differences("state <> 'resolved' and comparison = 'gateway'")).toEqual([]);
    expect(await books.differences("comparison = 'ledger'")).toEqual([]);
  });

  it("one that nobody finds at the gateway goes to people, asked once", async () => {
    await books.sell({ no: "K_1", attemptState: "reversed" });
    bill(books.line("PAY", "K_1"));
    await run();
    await books.rc.db.query("delete from task");
    // A second round before the attempt has had its hour asks nothing again.
    await books.rc.db.query("update reconciliation_day set next_at = 0");
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([{ handling: "askAttempt", asked: 1 }]);
    expect(await tasks()).toEqual([]);
    books.clock.now += hourMs;
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { handling: "staff", state: "open", asked: 1 },
    ]);
    expect(await tasks()).toEqual([]);
  });

  it("an unknown number is for people, one with an ignored beginning is not", async () => {
    await books.rc.db.query(
      "insert into reconciliation_ignore (channel, prefix, note, added_at, added_by) values ($1, 'VEND_', 'n', 0, '{}')",
      [channel],
    );
    bill(books.line("PAY", "VEND_1"), books.line("PAY", "vEND_1"), books.line("REFUND", "VEND_9"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { out_trade_no: "VEND_1", state: "resolved", reason: "ignoredNumber" },
      { out_trade_no: "VEND_9", state: "resolved", reason: "ignoredNumber" },
      { out_trade_no: "vEND_1", state: "open", reason: "unknownNumber", handling: "staff" },
    ]);
    const { rows } = await books.rc.db.query("select kind, ref from staff_task");
    expect(rows).toEqual([{ kind: "reconciliation.differences", ref: `${channel}:${day}` }]);
  });
});

describe("short", () => {
  it("waits for the next two days, then the gateway is asked, then people", async () => {
    await books.sell({ no: "K_1" });
    bill();
    await run();
    expect(await books.differences()).toMatchObject([{ class: "short", state: "waiting", reason: "notInBill" }]);
    expect(books.gateway.queried).toEqual([]);
    await passWindow();
    expect(books.gateway.queried).toEqual(["K_1"]);
    expect(await books.differences()).toMatchObject([
      { class: "short", state: "open", handling: "staff", answer: { kind: "notFound" } },
    ]);
  });

  it("a gateway that can't tell is asked three times, then people are", async () => {
    await books.sell({ no: "K_1" });
    bill();
    books.gateway.queries.set("K_1", { kind: "unknown", why: "timeout" });
    await run();
    await passWindow();
    for (let hour = 1; hour <= 4; hour++) {
      expect(books.gateway.queried).toHaveLength(Math.min(hour, 3));
      expect(await books.differences("out_trade_no = 'K_1'")).toMatchObject([
        { state: "open", answer: null, asked: Math.min(hour, 3), handling: hour < 3 ? "askGateway" : "staff" },
      ]);
      books.clock.now += hourMs;
      await run();
    }
  });

  it("a line of the next day is its other half (cut-off)", async () => {
    await books.sell({ no: "K_1", paidAt: dayAtStart(addDays(day, 1)) - 1_000 });
    bill();
    await run();
    const late = books.line("PAY", "K_1", { at: dayAtStart(addDays(day, 1)) + 1_000 });
    books.gateway.trades.set(addDays(day, 1), [late]);
    books.clock.now = billDueAt(addDays(day, 1));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { day, side: "ours", state: "resolved", reason: "cutOff" },
      { day: addDays(day, 1), side: "theirs", state: "resolved", reason: "cutOff" },
    ]);
  });

  it("a line of the day before as well, whichever bill comes first", async () => {
    await books.sell({ no: "K_0" });
    await books.sell({ no: "K_1", paidAt: dayAtStart(addDays(day, 1)) + 1_000 });
    bill(books.line("PAY", "K_0"), books.line("PAY", "K_1", { at: dayAtStart(addDays(day, 1)) - 1_000 }));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { state: "waiting", reason: "notBookedYet" },
    ]);
    books.gateway.trades.set(addDays(day, 1), []);
    books.clock.now = billDueAt(addDays(day, 1));
    await run();
    expect(await books.differences("comparison = 'gateway' and state <> 'resolved'")).toEqual([]);
  });
});

it("amount: always for people, and stops the refund until they have decided", async () => {
  await books.sell({ no: "K_1" });
  await books.sell({ no: "K_2", attemptState: "failed" });
  bill(books.line("PAY", "K_1", { amountFen: 99 }), books.line("PAY", "K_2", { amountFen: 7 }));
  await run();
  expect(await books.differences("comparison = 'gateway'")).toMatchObject([
    { class: "amount", side: "both", theirs_fen: 99, ours_fen: 100, handling: "staff", blocks_refund: true },
    { class: "amount", side: "theirs", theirs_fen: 7, handling: "staff", blocks_refund: true },
  ]);
  expect(await tasks()).toEqual([]);
  expect([await refundIsHeld(books.rc.db, "K_1"), await refundIsHeld(books.rc.db, "K_3")]).toEqual([true, false]);
});

it("amount: halves of two days that differ are one difference", async () => {
  await books.sell({ no: "K_0" });
  await books.sell({ no: "K_1", paidAt: dayAtStart(addDays(day, 1)) - 1_000 });
  bill(books.line("PAY", "K_0"));
  await run();
  const late = books.line("PAY", "K_1", { amountFen: 101, at: dayAtStart(addDays(day, 1)) + 1_000 });
  books.gateway.trades.set(addDays(day, 1), [late]);
  books.clock.now = billDueAt(addDays(day, 1));
  await run();
  await books.rc.db.query("update reconciliation_day set next_at = 0 where day = $1", [day]);
  await run();
  expect(await books.differences("comparison = 'gateway'")).toMatchObject([
    { day, side: "ours", state: "resolved", reason: "otherAmount" },
    { day: addDays(day, 1), side: "theirs", state: "open", class: "amount", handling: "staff", blocks_refund: true },
  ]);
});

describe("state", () => {
  it("reversed there and paid here", async () => {
    await books.sell({ no: "K_1" });
    bill(books.line("PAY", "K_1"), books.line("REVERSED", "K_1"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { kind: "reversed", class: "state", reason: "reversedThere", state: "open", handling: "staff" },
    ]);
  });

  it("a refund on one side only: theirs at once when we don't know it, ours after the window", async () => {
    await books.sell({ no: "K_1" });
    const ours = await books.sell({ no: "K_2" });
    await books.refund(ours, dayAtStart(day) + 15 * hourMs);
    bill(books.line("PAY", "K_1"), books.line("REFUND", "K_1"), books.line("PAY", "K_2"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject(
      [
        { out_trade_no: "K_1", reason: "unknownRefund", state: "open" },
        { out_trade_no: "K_2", reason: "notInBill", class: "state", state: "waiting" },
      ].map((each) => (each.out_trade_no === "K_2" ? { ...each, reason: "refundNotInBill" } : each)),
    );
    await passWindow();
    expect(await books.differences("out_trade_no = 'K_2' and comparison = 'gateway'")).toMatchObject([
      { class: "state", state: "open", handling: "staff" },
    ]);
  });

  it("one that is still in flight waits, then is for people", async () => {
    await books.sell({ no: "K_1", attemptState: "pending", state: "paying" });
    bill(books.line("PAY", "K_1"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([{ state: "waiting", reason: "inFlight" }]);
    await passWindow();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { state: "open", class: "state", handling: "staff" },
    ]);
  });
});

describe("duplicate", () => {
  it("two attempts of one purchase: the one that the purchase doesn't have gives its money back", async () => {
    const paid = await books.sell({ no: "K_2" });
    const { rows } = await books.rc.db.query<{ state: object }>("select state from attempt");
    const other = { ...rows[0]?.state, id: "other", outTradeNo: "K_1", state: "failed", paidAt: null };
    await books.rc.db.query(
      `insert into attempt (id, version, state, status, purchase_id, channel, out_trade_no, amount_fen)
       values ('other', 1, $1, 'failed', $2, $3, 'K_1', 100)`,
      [JSON.stringify(other), paid.purchase.id, channel],
    );
    bill(books.line("PAY", "K_1"), books.line("PAY", "K_2"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { class: "duplicate", reason: "otherAttemptPaid", handling: "askAttempt" },
    ]);
    expect(await tasks()).toEqual([{ kind: "attemptLateCheck", ref: "other" }]);
  });

  it("one number paid twice in one bill, or again days later", async () => {
    await books.sell({ no: "K_1" });
    await books.sell({ no: "K_2" });
    const again = (no: string, transactionId: string) =>
      books.line("PAY", no, { transactionId, at: books.line("PAY", "x").at + 1 });
    bill(books.line("PAY", "K_1"), again("K_1", "SECOND"), books.line("PAY", "K_2"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { out_trade_no: "K_1", transaction_id: "SECOND", class: "duplicate", reason: "paidTwice", handling: "staff" },
    ]);
    books.gateway.trades.set(addDays(day, 1), [{ ...again("K_2", "THIRD"), at: dayAtStart(addDays(day, 1)) + 1 }]);
    books.clock.now = billDueAt(addDays(day, 1));
    await run();
    expect(await books.differences("transaction_id = 'THIRD'")).toMatchObject([
      { class: "duplicate", reason: "paidTwice" },
    ]);
    expect(await books.differences("comparison = 'ledger'")).toEqual([]);
  });

  it("more orders twice in a bill than a bill can have: it is none to go on with", async () => {
    const twice = ["K_1", "K_2"].flatMap((no) => [books.line("PAY", no), books.line("PAY", no, { transactionId: no })]);
    const back = [books.line("REFUND", "K_1"), books.line("REFUND", "K_1", { refundNo: "F2", transactionId: "F2" })];
    bill(...twice, ...back);
    await run();
    const { rows } = await books.rc.db.query<{ number: number }>("select number from bill where kind = 'trade'");
    const span = { from: dayAtStart(day), to: dayAtStart(addDays(day, 1)) };
    const scope = { channel, day, ...span, billNumber: rows[0]?.number ?? null, run: 2, now: books.clock.now } as const;
    const compared = (most: number, refunds = 2) =>
      books.rc.heavy.transaction((client) => compareGateway(client, scope, { refunds, reversals: 0 }, most));
    const told = (most: number) => `more than ${most} orders stand in the bill twice`;
    await expect(compared(1)).rejects.toThrow(told(1));
    await expect(compared(0, 0)).rejects.toThrow(told(0));
    await compared(2);
    const found = await books.differences("seen_run = 2 and transaction_id in ('K_1', 'K_2', 'F2')");
    expect(found).toHaveLength(3);
  });

  it("the second line has another amount: one difference, and the sums still explain themselves", async () => {
    await books.sell({ no: "K_1" });
    bill(
      books.line("PAY", "K_1"),
      books.line("PAY", "K_1", { transactionId: "SECOND", amountFen: 33, at: books.clock.now - 20 * hourMs }),
    );
    await run();
    const live = await books.differences("state <> 'resolved' and comparison in ('gateway', 'ledger')");
    expect(live).toMatchObject([{ class: "amount", transaction_id: "SECOND", theirs_fen: 33, ours_fen: null }]);
  });

  it("refunded by the gateway and by people", async () => {
    const sold = await books.sell({ no: "K_1" });
    await books.refund(sold, dayAtStart(day) + 15 * hourMs, true);
    bill(books.line("PAY", "K_1"), books.line("REFUND", "K_1"));
    await run();
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([
      { class: "duplicate", reason: "refundedTwice" },
    ]);
    expect(await books.differences("comparison = 'ledger'")).toEqual([]);
  });
});

describe("payments × card writes", () => {
  it("money without gas waits for the sale's own timers, then is for people; done since, it is gone", async () => {
    const stuck = await books.sell({ no: "K_1", state: "unknown" });
    const later = await books.sell({ no: "K_2", state: "issued" });
    bill(books.line("PAY", "K_1"), books.line("PAY", "K_2"));
    await run();
    expect(await books.differences("comparison = 'delivery'")).toMatchObject([
      { state: "waiting", reason: "moneyWithoutGas", purchase_id: stuck.purchase.id },
      { state: "waiting", purchase_id: later.purchase.id },
    ]);
    await books.rc.db.query("update purchase set status = 'delivered' where id = $1", [later.purchase.id]);
    await passWindow();
    expect(await books.differences("comparison = 'delivery'")).toMatchObject([
      { class: "long", state: "open", handling: "staff" },
      { state: "resolved", reason: "deliveredSince" },
    ]);
  });

  it("gas without money, and delivered without anything written", async () => {
    const both = await books.sell({ no: "K_1" });
    await books.rc.db.query("update purchase set status = 'refunded' where id = $1", [both.purchase.id]);
    const nothing = await books.sell({ no: "K_2" });
    await books.rc.db.query("delete from card_write where purchase_id = $1", [nothing.purchase.id]);
    bill(books.line("PAY", "K_1"), books.line("PAY", "K_2"));
    await run();
    expect(await books.differences("comparison = 'delivery'")).toMatchObject([
      { class: "short", reason: "gasWithoutMoney", state: "open" },
      { class: "state", reason: "deliveredWithoutWrite", state: "open" },
    ]);
  });
});

describe("what proves that gas went out, or stayed", () => {
  const failed = { failure: { step: 2, reason: "removed" } };
  type Write = [kind: "sale" | "refund", report: object | null];
  const delivered = { status: "delivered" } as const;
  const back = { status: "refunded" } as const;
  const backSoon = { status: "refunding" } as const;
  it.each<[string, { status: string; decided?: true }, Write[], string | null]>([
    ["refunded, nothing ever issued", back, [], null],
    ["refunded, its write not told of", back, [["sale", null]], null],
    ["refunded, its write failed", back, [["sale", failed]], null],
    [
      "refunded by the refund image",
      back,
      [
        ["sale", {}],
        ["refund", {}],
      ],
      null,
    ],
    [
      "refunded, its refund image failed and the sale before it did not",
      back,
      [
        ["sale", {}],
        ["refund", failed],
      ],
      null,
    ],
    [
      "refunded, and the last word is a sale that was carried out",
      back,
      [
        ["sale", failed],
        ["sale", {}],
      ],
      "gasWithoutMoney",
    ],
    [
      "refunded, and written after the refund image",
      back,
      [
        ["refund", {}],
        ["sale", {}],
      ],
      "gasWithoutMoney",
    ],
    ["being refunded, though it was written", backSoon, [["sale", {}]], "gasWithoutMoney"],
    ["being refunded, nothing written", backSoon, [["sale", failed]], "moneyWithoutGas"],
    ["delivered, nothing ever issued", delivered, [], "deliveredWithoutWrite"],
    ["delivered, nothing issued, by two people's word", { ...delivered, decided: true }, [], null],
    ["delivered, its write not told of: the card was read", delivered, [["sale", null]], null],
  ])("%s", async (_name, { status, decided }, writes, reason) => {
    const { db } = books.rc;
    const { purchase } = await books.sell({ no: "K_1" });
    await db.query("delete from card_write where purchase_id = $1", [purchase.id]);
    // Their ids run the other way: what came last is told by its time.
    for (const [nth, [kind, report]] of writes.entries())
      await db.query(
        `insert into card_write (id, purchase_id, card_id, terminal_id, kind, before, after, issued_at, report)
         values ($1, $2, 'c', 't', $3, '', '', $4, $5)`,
        [`w${9 - nth}`, purchase.id, kind, nth, report === null ? null : JSON.stringify(report)],
      );
    await db.query("update purchase set status = $2 where id = $1", [purchase.id, status]);
    if (decided)
      await db.query(`update purchase set state = state || '{"reason": "staff"}' where id = $1`, [purchase.id]);
    bill(books.line("PAY", "K_1"));
    await run();
    const open = await books.differences("comparison = 'delivery' and state <> 'resolved'");
    expect(open.map((each) => each.reason)).toEqual(reason === null ? [] : [reason]);
  });
});

it("over a link: a recharge that was sent is its own evidence, one that never was is looked at", async () => {
  const { db } = books.rc;
  const command = JSON.stringify({ command: { id: "k", sentAt: 0, deadlineAt: 0 } });
  for (const [no, sent] of [
    ["K_1", command],
    ["K_2", "{}"],
  ] as const) {
    const { purchase } = await books.sell({ no });
    await db.query("delete from card_write where purchase_id = $1", [purchase.id]);
    await db.query("update purchase set card_id = null, state = state || $2::jsonb where id = $1", [purchase.id, sent]);
  }
  bill(books.line("PAY", "K_1"), books.line("PAY", "K_2"));
  await run();
  const open = await books.differences("comparison = 'delivery' and state <> 'resolved'");
  expect(open).toMatchObject([{ out_trade_no: "K_2", reason: "deliveredWithoutWrite" }]);
});

describe("the books", () => {
  it("a posting too many is found", async () => {
    await books.sell({ no: "K_1" });
    await books.rc.db.query(
      "insert into posting (event_id, seq, account, commodity, amount, at) values ('x', 0, 'gateway:wechat', 'fen', 5, $1)",
      [dayAtStart(day) + hourMs],
    );
    bill(books.line("PAY", "K_1"));
    await run();
    expect(await books.differences("comparison = 'ledger'")).toMatchObject([
      { class: "amount", reason: "booksDiffer", theirs_fen: 100, ours_fen: 105, handling: "staff" },
    ]);
  });

  it("a sum that the comparisons leave unexplained is a difference of its own", async () => {
    await books.sell({ no: "K_1" });
    bill(books.line("PAY", "K_1"));
    await run();
    const span = { from: dayAtStart(day), to: dayAtStart(addDays(day, 1)) };
    const scope: CompareScope = { channel, day, ...span, billNumber: null, run: 2, now: books.clock.now };
    await books.rc.heavy.transaction((client) => compareLedger(client, scope, { billNetFen: 150, bookedFen: 100 }));
    expect(await books.differences("comparison = 'ledger'")).toMatchObject([
      { class: "amount", reason: "unexplained", theirs_fen: 150, ours_fen: 100, handling: "staff" },
    ]);
  });

  it("paid before midnight and booked after it is a shift, not a difference", async () => {
    const midnight = dayAtStart(addDays(day, 1));
    await books.sell({ no: "K_1", paidAt: midnight - 1_000, bookedAt: midnight + 4_000 });
    bill(books.line("PAY", "K_1", { at: midnight - 1_000 }));
    await run();
    expect(await books.differences("comparison in ('gateway', 'ledger')")).toEqual([]);
    expect(await figures()).toMatchObject({ shiftFen: -100, ledgerNetFen: 0, oursNetFen: 100 });
    books.gateway.trades.set(addDays(day, 1), []);
    books.clock.now = billDueAt(addDays(day, 1));
    await run();
    expect(await books.differences("comparison in ('gateway', 'ledger')")).toEqual([]);
  });
});

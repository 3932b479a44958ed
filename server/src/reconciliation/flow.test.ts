/** From the gateway's file to the closed day: schedule, bad files, repetition, two servers, deaths, people, the bank. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { addDays, billAlarmAt, billDueAt, dayAtStart } from "@citygas/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Proposal } from "../decisions/types.ts";
import { archivedFile } from "./archive.ts";
import { importStatement, matchBank } from "./bank.ts";
import { billsOfDay } from "./billRows.ts";
import { compareDay } from "./compare.ts";
import { claimDay, dayRow, releaseDay } from "./days.ts";
import { postEntry } from "./entries.ts";
import { importBill } from "./importBill.ts";
import { judgeDay } from "./judgeDifferences.ts";
import { assign, closeDay } from "./people.ts";
import { type Books, channel, day, openBooks } from "./reconciliation.testkit.ts";

const hourMs = 3_600_000;
const finance = { id: "f1", name: "甲", roles: ["finance"] as const };
let books: Books;
let expectedErrors = 0;
beforeEach(async () => {
  expectedErrors = 0;
  books = await openBooks();
});
afterEach(async () => {
  await books.close();
  expect(books.errors).toHaveLength(expectedErrors);
});

const run = (): Promise<number> => books.reconciliation.scheduler.runDue();
const row = () => dayRow(books.rc.db, channel, day);
const staffTasks = async (): Promise<string[]> =>
  (await books.rc.db.query<{ kind: string }>("select kind from staff_task order by kind")).rows.map(({ kind }) => kind);
const count = async (table: string): Promise<number> =>
  (await books.rc.db.query<{ n: number }>(`select count(*)::integer as n from ${table}`)).rows[0]?.n ?? -1;

describe("when a bill is fetched", () => {
  it("at 10:30 the next day, then hourly, and a person is told at 14:00", async () => {
    await books.sell({ no: "K_1" });
    books.clock.now = billDueAt(day) - 1;
    expect(await run()).toBe(0);
    books.clock.now = billDueAt(day);
    expect(await run()).toBe(1);
    expect(await run()).toBe(0);
    expect(await row()).toMatchObject({
      state: "due",
      next_at: billDueAt(day) + hourMs,
      answer: { trade: "notReady" },
    });
    books.clock.now += hourMs;
    await run();
    expect(books.gateway.fetches).toHaveLength(2);
    expect(await staffTasks()).toEqual([]);
    books.clock.now = billAlarmAt(day);
    await run();
    expect(await staffTasks()).toEqual(["reconciliation.noBill"]);
    books.gateway.trades.set(day, [books.line("PAY", "K_1")]);
    books.clock.now += hourMs;
    await run();
    expect(await row()).toMatchObject({ state: "compared" });
  });

  it("keeps the file as it came, under its hash", async () => {
    books.gateway.trades.set(day, [books.line("PAY", "X_1")]);
    await run();
    const [bill] = await billsOfDay(books.rc.db, channel, day);
    const text = readFileSync(archivedFile(books.rc.billsDir, bill?.sha256 ?? ""), "utf8");
    expect(text).toContain("#lines,1,100,0,0");
    expect(bill).toMatchObject({ state: "imported", summary: { lines: 1 }, size_bytes: text.length });
  });

  it("days that were missed are caught up with, oldest first", async () => {
    await books.sell({ no: "K_1", paidAt: dayAtStart(addDays(day, -3)) + hourMs });
    for (const back of [-3, -2, -1, 0]) books.gateway.trades.set(addDays(day, back), []);
    expect(await run()).toBe(4);
    expect(books.gateway.fetches.map((each) => each.day)).toEqual([-3, -2, -1, 0].map((back) => addDays(day, back)));
  });
});

describe("a file that is not believed", () => {
  const good =
    "type,outTradeNo,refundNo,transactionId,amountFen,feeFen,time\nPAY,K_1,,T1,100,0,2026-11-22T12:00:00+08:00\n";
  const many = Array.from({ length: 9_000 }, (_, n) => `PAY,X_${n},,N${n},1,0,2026-11-22T12:00:00+08:00\n`).join("");
  it.each([
    ["wrongly summed", `${good}#lines,1,101,0,0\n`, "sum"],
    ["cut off", good, "truncated"],
    ["of another day", `${good.replace("11-22", "11-19")}#lines,1,100,0,0\n`, "otherDay"],
    ["wrongly summed after lines that are with the database already", `${good}${many}#lines,9001,1,0,0\n`, "sum"],
  ])(
    "%s: nothing is imported, the file is kept, people are told; a good one later is taken",
    async (_name, csv, kind) => {
      expectedErrors = 1;
      await books.sell({ no: "K_1" });
      books.gateway.trades.set(day, csv);
      await run();
      const [bill] = await billsOfDay(books.rc.db, channel, day);
      expect(bill).toMatchObject({ state: "refused", problem: { kind } });
      expect(readFileSync(archivedFile(books.rc.billsDir, bill?.sha256 ?? ""), "utf8")).toBe(csv);
      expect([await count("bill_line"), await count("reconciliation_difference")]).toEqual([0, 0]);
      expect(await staffTasks()).toEqual(["reconciliation.badBill"]);
      books.gateway.trades.set(day, [books.line("PAY", "K_1")]);
      books.clock.now += hourMs;
      await run();
      expect(await row()).toMatchObject({ state: "compared", figures: { matched: 1 } });
    },
  );
});

describe("a day that can't be gone on with", () => {
  it("is tried hourly, and a person is told at 14:00", async () => {
    expectedErrors = 3;
    await books.sell({ no: "K_1" });
    books.gateway.trades.set(day, [books.line("PAY", "K_1")]);
    const failing = books.another(async (point) => {
      if (point === "imported") throw new Error("no way on");
    });
    for (const now of [billDueAt(day), billAlarmAt(day), billAlarmAt(day) + hourMs]) {
      books.clock.now = now;
      expect(await failing.scheduler.runDue()).toBe(1);
      expect(await row()).toMatchObject({ run: 0, answer: { why: "error" }, next_at: now + hourMs });
      expect(await staffTasks()).toEqual(now < billAlarmAt(day) ? [] : ["reconciliation.failed"]);
      await books.rc.db.query("update reconciliation_day set state = 'due'");
    }
    books.clock.now += hourMs;
    await run();
    expect(await row()).toMatchObject({ state: "compared", run: 1, figures: { matched: 1 } });
  });
});

describe("once, whatever is repeated", () => {
  it("the same bill fetched again changes nothing; another one replaces it and its differences", async () => {
    await books.sell({ no: "K_1" });
    books.gateway.trades.set(day, [books.line("PAY", "K_1", { feeFen: 3 }), books.line("PAY", "X_1")]);
    await run();
    const again = async (): Promise<void> => {
      await books.rc.db.query(
        `update reconciliation_day set state = 'due', next_at = 0, answer = '{"fresh": true}' where day = $1`,
        [day],
      );
      await run();
    };
    await again();
    expect([await count("bill"), await count("bill_line"), await books.ledger("fee:wechat")]).toEqual([1, 2, 3]);
    expect(await books.differences("comparison = 'gateway' and state = 'open'")).toHaveLength(1);
    books.gateway.trades.set(day, [books.line("PAY", "K_1", { feeFen: 2 })]);
    await again();
    expect([await count("bill"), await books.ledger("fee:wechat")]).toEqual([2, 2]);
    expect(await books.differences("comparison = 'gateway'")).toMatchObject([{ state: "resolved", reason: "gone" }]);
    expect(await row()).toMatchObject({ run: 3, figures: { billLines: 1, matched: 1 } });
  });

  it("two servers that import one bill at once leave its lines once", async () => {
    books.gateway.trades.set(
      day,
      [1, 2, 3].map((n) => books.line("PAY", `X_${n}`)),
    );
    await run();
    await books.rc.db.query("delete from bill_line");
    await books.rc.db.query("update bill set state = 'stored', number = null");
    const [bill] = await billsOfDay(books.rc.db, channel, day);
    const other = books.another().context;
    const states = await Promise.all([books.rc, other, books.rc].map((rc) => importBill(rc, bill?.id ?? "")));
    expect(states).toEqual(["imported", "imported", "imported"]);
    expect(await count("bill_line")).toBe(3);
  });

  it("two servers that look at once do each day once", async () => {
    for (const back of [-2, -1, 0])
      books.gateway.trades.set(addDays(day, back), [
        books.line("PAY", `X_${back}`, { at: dayAtStart(addDays(day, back)) }),
      ]);
    await books.sell({ no: "K_1", paidAt: dayAtStart(addDays(day, -2)) + hourMs });
    const done = await Promise.all([run(), books.another().scheduler.runDue()]);
    // A day that both wanted at the same moment may be left to the next look.
    expect(done.reduce((sum, each) => sum + each, 0) + (await run())).toBe(3);
    expect(books.gateway.fetches).toHaveLength(3);
    expect(await count("bill_line")).toBe(3);
  });

  it("who comes back after its lease has lapsed does not take the day from whom has it now", async () => {
    await books.rc.db.query("insert into reconciliation_day (channel, day, state, next_at) values ($1, $2, 'due', 0)", [
      ...[channel, day],
    ]);
    const slow = await claimDay(books.rc.db, books.clock.now, "slow");
    books.clock.now += 15 * 60_000;
    expect(await claimDay(books.rc.db, books.clock.now, "next")).toMatchObject({ lease: "next", tries: 2 });
    if (slow === undefined) throw new Error("nothing was due");
    await releaseDay(books.rc.db, slow, null, { why: "slow" });
    expect(await row()).toMatchObject({ lease: "next", next_at: 0, answer: null });
  });

  it.each(["fetched", "imported", "compared"] as const)(
    "a server that dies after %s is followed by another",
    async (step) => {
      await books.sell({ no: "K_1" });
      books.gateway.trades.set(day, [books.line("PAY", "K_1", { feeFen: 1 }), books.line("PAY", "X_1")]);
      // It never comes back: its lease stands until it lapses.
      const dying = books.another((at) => (at === step ? new Promise(() => undefined) : Promise.resolve()));
      const hangs = dying.scheduler.runDue();
      await expect
        .poll(async () => (await row())?.lease !== null && (await stands(step)), { timeout: 10_000 })
        .toBe(true);
      expect(await run()).toBe(0);
      books.clock.now += 15 * 60_000;
      expect(await run()).toBe(1);
      expect(await row()).toMatchObject({ state: "compared", figures: { billLines: 2, matched: 1 } });
      expect(books.gateway.fetches).toHaveLength(1);
      expect([await count("bill_line"), await books.ledger("fee:wechat")]).toEqual([2, 1]);
      expect(await books.differences("comparison = 'gateway'")).toMatchObject([
        { reason: "unknownNumber", state: "open" },
      ]);
      expect(hangs).toBeInstanceOf(Promise);
    },
  );
  const stands = async (step: string): Promise<boolean> => {
    if (step === "fetched") return (await count("bill")) === 1;
    return step === "imported" ? (await row())?.state === "imported" : (await row())?.state === "compared";
  };
});

const proposal = (ref: string, doc: object, id = "11111111-0000-4000-8000-000000000001"): Proposal => ({
  ...{ id, kind: "k", ref, doc, evidence: "the gateway's letter", makerId: "m1", madeAt: 0 },
});
const decide = async (kind: string, made: Proposal): Promise<boolean> => {
  const found = books.reconciliation.decisions.find((each) => each.kind === `reconciliation.${kind}`);
  if (found === undefined) throw new Error(kind);
  // Kinds read nothing of the context that decisions/ hands them.
  const ctx = null as never;
  if (!(await found.check(ctx, made)).ok) return false;
  return (await found.carryOut(ctx, made, ["m1", "c1"])).ok;
};

describe("people", () => {
  it("a day closes when each difference is resolved or assigned, and stays closed", async () => {
    await books.sell({ no: "K_1" });
    books.gateway.trades.set(day, [books.line("PAY", "X_1", { feeFen: 100 })]);
    await run();
    const close = () => closeDay(books.rc, finance, channel, day);
    expect(await close()).toMatchObject({ ok: false, error: { code: "reconciliation.undecided" } });
    const [unknown] = await books.differences("out_trade_no = 'X_1'");
    expect(await decide("resolve", proposal(unknown?.id ?? "", { resolution: "explained" }))).toBe(true);
    const again = await assign(books.rc, finance, unknown?.id ?? "", "乙");
    expect(again).toMatchObject({ ok: false, error: { code: "decision.notApplicable" } });
    const [short] = await books.differences("out_trade_no = 'K_1'");
    // What only waits is not decided either.
    expect(short).toMatchObject({ state: "waiting" });
    expect(await close()).toMatchObject({ ok: false, error: { code: "reconciliation.undecided" } });
    await assign(books.rc, finance, short?.id ?? "", "乙");
    await books.rc.db.query("update reconciliation_day set state = 'imported'");
    expect(await close()).toMatchObject({ ok: false, error: { code: "reconciliation.notCompared" } });
    await books.rc.db.query("update reconciliation_day set state = 'compared'");
    expect(await close()).toMatchObject({ ok: true, value: { state: "closed", closed_by: "f1" } });
    expect(await close()).toMatchObject({ ok: false, error: { code: "reconciliation.closed" } });
    await books.rc.db.query("update reconciliation_day set next_at = 0");
    await run();
    // Closed while a server was at it: nothing comes of its comparison.
    expect(await compareDay(books.rc, channel, day, false)).toBeNull();
    expect(await row()).toMatchObject({ state: "closed", run: 1 });
  });

  it("what a person takes while it is judged stays with that person", async () => {
    await books.sell({ no: "K_1" });
    books.gateway.trades.set(day, []);
    await run();
    const [short] = await books.differences("out_trade_no = 'K_1'");
    let taken = false;
    const query = async (...asked: Parameters<typeof books.rc.db.query>) => {
      const found = await books.rc.db.query(...asked);
      // Once, behind the page that is judged, before what came of it is written down.
      if (!taken && String(asked[0]).includes("side <> 'both' and id > $3")) {
        taken = true;
        await assign(books.rc, finance, short?.id ?? "", "乙");
      }
      return found;
    };
    books.clock.now = dayAtStart(addDays(day, 9));
    await judgeDay({ ...books.rc, db: { query } as unknown as typeof books.rc.db }, { channel, day });
    expect(await books.differences("out_trade_no = 'K_1'")).toMatchObject([{ state: "assigned", assigned_to: "乙" }]);
  });

  it("a correction is a new entry, once; suspense is cleared once", async () => {
    books.gateway.trades.set(day, [books.line("PAY", "X_1", { amountFen: 700 })]);
    await run();
    const [unknown] = await books.differences("out_trade_no = 'X_1'");
    const ref = unknown?.id ?? "";
    const first = proposal(ref, { resolution: "suspense" });
    expect(await decide("resolve", first)).toBe(true);
    const kind = books.reconciliation.decisions[0];
    expect((await kind?.carryOut(null as never, first, ["m1", "c1"]))?.ok).toBe(true);
    expect([await books.ledger("gateway:wechat"), await books.ledger("suspense:wechat")]).toEqual([700, -700]);
    expect(
      await decide("resolve", proposal(ref, { resolution: "suspense" }, "22222222-0000-4000-8000-000000000002")),
    ).toBe(false);
    const clear = proposal(ref, { to: "gateway" }, "33333333-0000-4000-8000-000000000003");
    expect([
      await decide("clearSuspense", clear),
      await decide("clearSuspense", { ...clear, id: "44444444-0000-4000-8000-000000000004" }),
    ]).toEqual([true, false]);
    expect([await books.ledger("gateway:wechat"), await books.ledger("suspense:wechat")]).toEqual([0, 0]);
    const { rows } = await books.rc.db.query("select sum(amount)::bigint as sum from ledger_balance");
    expect(rows).toEqual([{ sum: 0 }]);
  });

  it("only the gateway's money can be entered: a difference of the books is explained, by finance and supervisors", async () => {
    await books.rc.db.query(
      "insert into posting (event_id, seq, account, commodity, amount, at) values ('x', 0, 'gateway:wechat', 'fen', 5, $1)",
      [dayAtStart(day) + hourMs],
    );
    books.gateway.trades.set(day, []);
    await run();
    const [extra] = await books.differences("comparison = 'ledger'");
    for (const resolution of ["suspense", "overShort", "fee"])
      expect(await decide("resolve", proposal(extra?.id ?? "", { resolution }))).toBe(false);
    expect(await decide("resolve", proposal(extra?.id ?? "", { resolution: "explained" }))).toBe(true);
    for (const { makers, checkers } of books.reconciliation.decisions)
      expect([makers, checkers]).toEqual([
        ["finance", "supervisor"],
        ["finance", "supervisor"],
      ]);
  });

  it("an entry that doesn't sum to zero is none", async () => {
    const entry = {
      eventId: "e",
      channel,
      day,
      kind: "fee",
      amountFen: 1,
      at: 0,
      event: { type: "feeBooked" },
    } as const;
    const postings = [{ account: "gateway:wechat", commodity: "fen", amount: 1 } as const];
    const posted = books.rc.heavy.transaction((client) => postEntry(client, { ...entry, postings }));
    await expect(posted).rejects.toThrow("fen sums to 1");
    expect(await count("posting")).toBe(0);
  });

  it("a short payment is written out of the gateway's account, a refund the other way", async () => {
    const sold = await books.sell({ no: "K_1" });
    await books.refund(sold, dayAtStart(day) + 13 * hourMs);
    await books.sell({ no: "K_2", amountFen: 40 });
    books.gateway.trades.set(day, [books.line("PAY", "K_1")]);
    await run();
    const [refund, payment] = await books.differences("comparison = 'gateway'");
    expect(await decide("resolve", proposal(refund?.id ?? "", { resolution: "overShort" }))).toBe(true);
    expect(await books.ledger("gateway:wechat")).toBe(140);
    // None of it is in suspense.
    const clear = proposal(refund?.id ?? "", { to: "gateway" }, "33333333-0000-4000-8000-000000000003");
    expect(await decide("clearSuspense", clear)).toBe(false);
    expect(
      await decide(
        "resolve",
        proposal(payment?.id ?? "", { resolution: "overShort" }, "22222222-0000-4000-8000-000000000002"),
      ),
    ).toBe(true);
    expect(await books.ledger("gateway:wechat")).toBe(100);
  });

  it("an ignored beginning explains what waits", async () => {
    await books.sell({ no: "VEND_OURS" });
    books.gateway.trades.set(day, [books.line("PAY", "VEND_1"), books.line("PAY", "VEND_2")]);
    await run();
    // What is ours is no other terminal's.
    const [ours] = await books.differences("out_trade_no = 'VEND_OURS'");
    expect(await decide("ignorePrefix", proposal(ours?.id ?? "", { prefix: "VEND_" }))).toBe(false);
    await assign(books.rc, finance, ours?.id ?? "", "乙");
    const [first] = await books.differences("out_trade_no = 'VEND_1'");
    expect(await decide("ignorePrefix", proposal(first?.id ?? "", { prefix: "KIOSK" }))).toBe(false);
    expect(await decide("ignorePrefix", proposal(first?.id ?? "", { prefix: "VEND_" }))).toBe(true);
    await run();
    expect(await books.differences("state not in ('resolved', 'assigned') and comparison = 'gateway'")).toEqual([]);
  });
});

describe("fund bill and bank", () => {
  beforeEach(async () => {
    await books.close();
    books = await openBooks({ fund: true });
  });
  const at = dayAtStart(day) + 12 * hourMs;
  const moves = (payoutFen = 900) => [
    { type: "交易" as const, fen: 1_000, flowId: "L1", at },
    { type: "扣除交易手续费" as const, fen: -6, flowId: "L2", at },
    { type: "提现" as const, fen: -payoutFen, flowId: "L3", at: dayAtStart(day) + 9 * hourMs },
  ];
  const statement = (fen: number, party = "财付通支付科技有限公司") =>
    Buffer.from(`date,reference,counterparty,amount,balance\n2026-11-23,B1,${party},${fen / 100}.00,${fen / 100}.00\n`);

  it("agree: fees are booked, the payout arrives at the bank once", async () => {
    await books.sell({ no: "K_1", amountFen: 1_000 });
    books.gateway.trades.set(day, [books.line("PAY", "K_1", { amountFen: 1_000, feeFen: 6 })]);
    books.gateway.funds?.set(day, moves());
    await run();
    expect(await books.differences()).toMatchObject([
      { comparison: "payout", kind: "payout", state: "waiting", theirs_fen: 900 },
    ]);
    expect((await importStatement(books.rc, "u1", statement(900, "某某公司"))).matched).toBe(0);
    expect((await importStatement(books.rc, "u1", statement(900))).matched).toBe(1);
    expect((await importStatement(books.rc, "u1", statement(900))).matched).toBe(0);
    expect([
      await books.ledger("gateway:wechat"),
      await books.ledger("bank:u1"),
      await books.ledger("fee:wechat"),
    ]).toEqual([94, 900, 6]);
    expect(await books.differences()).toMatchObject([{ state: "resolved", reason: "paidOut" }]);
    // Its own entries are not the business of the day on which they were made.
    const next = addDays(day, 1);
    books.gateway.trades.set(next, []);
    books.gateway.funds?.set(next, []);
    books.clock.now = billDueAt(next);
    await run();
    expect(await dayRow(books.rc.db, channel, next)).toMatchObject({ state: "compared", figures: { ledgerNetFen: 0 } });
    expect(await books.differences("comparison = 'ledger'")).toEqual([]);
  });

  it("differ: another net, moves that are none of ours, a payout that never arrives", async () => {
    await books.sell({ no: "K_1", amountFen: 1_000 });
    books.gateway.trades.set(day, [books.line("PAY", "K_1", { amountFen: 1_000, feeFen: 5 })]);
    books.gateway.funds?.set(day, [...moves(), { type: "基金", fen: 3, flowId: "L9", at }]);
    await run();
    expect(await books.differences("state = 'open'")).toMatchObject([
      { kind: "fund", class: "amount", theirs_fen: 994, ours_fen: 995, reason: "fundDiffers" },
      { kind: "other", class: "long", reason: "otherMove", theirs_fen: 3 },
    ]);
    books.clock.now = dayAtStart(addDays(day, 9));
    await run();
    expect(await books.differences("kind = 'payout' and day = '2026-11-22'")).toMatchObject([
      { state: "open", class: "short", handling: "staff" },
    ]);
  });

  it("a fund bill that is late holds the day until 14:00, then the rest goes on without it", async () => {
    await books.sell({ no: "K_1", amountFen: 1_000 });
    books.gateway.trades.set(day, [books.line("PAY", "K_1", { amountFen: 1_000, feeFen: 6 })]);
    for (const now of [billDueAt(day), billAlarmAt(day) - 1]) {
      books.clock.now = now;
      await run();
      expect(await row()).toMatchObject({ state: "due", run: 0, answer: { fund: "notReady" } });
      await books.rc.db.query("update reconciliation_day set next_at = 0");
    }
    expect(await staffTasks()).toEqual([]);
    books.clock.now = billAlarmAt(day);
    await run();
    expect(await row()).toMatchObject({ state: "compared", run: 1, next_at: billAlarmAt(day) + hourMs });
    expect(await books.ledger("fee:wechat")).toBe(0);
    expect(await staffTasks()).toEqual(["reconciliation.noBill"]);
    // Asked for hourly, and what has been compared is not compared anew for nothing.
    books.clock.now += hourMs;
    await run();
    expect(await row()).toMatchObject({ state: "compared", run: 1, answer: { fund: "notReady" } });
    books.gateway.funds?.set(day, moves());
    books.clock.now += hourMs;
    await run();
    expect(await row()).toMatchObject({ run: 2, figures: { fundNetFen: 994 } });
    expect(await books.ledger("fee:wechat")).toBe(6);
  });

  it("the same line in two uploads is one credit, two alike in one upload are two", async () => {
    const head = "date,reference,counterparty,amount,balance\n";
    const rows = ["2026-11-23,B1,x,9.00,9.00\n", "2026-11-23,B1,x,9.00,18.00\n", "2026-11-23,B2,x,1.00,19.00\n"];
    const upload = (...of: string[]) => importStatement(books.rc, "u1", Buffer.from([head, ...of].join("")));
    await upload(...rows.slice(0, 2));
    expect(await count("bank_credit")).toBe(2);
    await upload(...rows);
    expect(await count("bank_credit")).toBe(3);
  });

  it.each([
    [
      "the payout was resolved",
      () => books.rc.db.query("update reconciliation_difference set state = 'resolved' where kind = 'payout'"),
    ],
    ["the credit was taken for another payout", () => books.rc.db.query("update bank_credit set payout_id = 'other'")],
  ])("%s while another server was at it: nothing is booked twice", async (_name, meanwhile) => {
    await books.sell({ no: "K_1", amountFen: 1_000 });
    books.gateway.trades.set(day, [books.line("PAY", "K_1", { amountFen: 1_000, feeFen: 6 })]);
    books.gateway.funds?.set(day, moves());
    await importStatement(books.rc, "u1", statement(900));
    await run();
    // As if neither had been matched.
    await books.rc.db.query("update bank_credit set payout_id = null");
    await books.rc.db.query("update reconciliation_difference set state = 'waiting' where kind = 'payout'");
    const booked = await books.ledger("bank:u1");
    const query = async (...asked: Parameters<typeof books.rc.db.query>) => {
      const found = await books.rc.db.query(...asked);
      if (String(asked[0]).includes("from bank_credit")) await meanwhile();
      return found;
    };
    const slow = { ...books.rc, db: { query } as unknown as typeof books.rc.db };
    expect(await matchBank(slow, channel)).toBe(0);
    expect(await books.ledger("bank:u1")).toBe(booked);
  });

  it("a statement that doesn't add up is kept and refused", async () => {
    const csv = Buffer.from(
      "date,reference,counterparty,amount,balance\n2026-11-23,B1,x,9.00,9.00\n2026-11-23,B2,x,1.00,11.00\n",
    );
    expect(await importStatement(books.rc, "u1", csv)).toMatchObject({ state: "refused", problem: { kind: "sum" } });
    expect(await count("bank_credit")).toBe(0);
  });
});

it.each([
  ["which another server holds", (file: string) => rmSync(file)],
  ["whose bytes are not those that came", (file: string) => writeFileSync(file, `${readFileSync(file, "utf8")}\n`)],
])("a bill's file %s is fetched anew", async (_name, spoil) => {
  books.gateway.trades.set(day, [books.line("PAY", "X_1")]);
  await run();
  const [bill] = await billsOfDay(books.rc.db, channel, day);
  await books.rc.db.query("update bill set state = 'stored', number = null");
  await books.rc.db.query("delete from bill_line");
  await books.rc.db.query("update reconciliation_day set state = 'due', next_at = 0");
  const file = archivedFile(books.rc.billsDir, bill?.sha256 ?? "");
  const came = readFileSync(file);
  spoil(file);
  await run();
  expect(books.gateway.fetches).toHaveLength(2);
  expect(readFileSync(file)).toEqual(came);
  expect(await row()).toMatchObject({ state: "compared", figures: { billLines: 1 } });
});

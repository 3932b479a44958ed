/**
 * Every file that a gateway or a bank makes, spoilt in every way, as it comes from the sandbox: it leaves a record that
 * says what is wrong with it, moves nothing, and the next sound one is taken.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addDays, billAlarmAt, billDueAt, type ChannelName, dayAtStart } from "@citygas/core";
import { acquirerChannel, alipayChannel, type CodePayChannel, wechatChannel } from "@citygas/gateways";
import { type Gateways, startGateways } from "@citygas/sandbox";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { importStatement } from "./bank.ts";
import { billsOfDay } from "./billRows.ts";
import { dayRow } from "./days.ts";
import { type Books, day as firstDay, openBooks } from "./reconciliation.testkit.ts";

const hourMs = 3_600_000;
const wallet = { wechat: "wechat", alipay: "alipay", acquirer: "unionpay" } as const;
type Name = keyof typeof wallet;
const dir = mkdtempSync(join(tmpdir(), "citygas-bad-files-"));
const clock = { now: dayAtStart(firstDay) };
let gateways: Gateways;
let channels: Map<ChannelName, CodePayChannel>;
let books: Books;
let day = firstDay;

beforeAll(async () => {
  gateways = await startGateways({ dir, now: () => clock.now });
  gateways.wallets.ensurePhone({ id: "p", name: "小洪", balanceFen: 10_000_000 });
  const balanceFen = { wechat: 10_000_000, alipay: 10_000_000, unionpay: 10_000_000, ecny: 10_000_000 };
  gateways.wallets.setPhone("p", { askPassword: false, noBalance: false, offline: false, balanceFen });
  const { merchant, wechatUrl } = gateways;
  const timeoutMs = 20_000;
  channels = new Map<ChannelName, CodePayChannel>([
    ["wechat", wechatChannel({ ...merchant.wechat, baseUrl: wechatUrl, timeoutMs })],
    ["alipay", alipayChannel({ ...merchant.alipay, timeoutMs })],
    ["acquirer", acquirerChannel({ ...merchant.acquirer, timeoutMs })],
  ]);
  books = await openBooks({ channels });
});
afterAll(async () => {
  await books.close();
  await gateways.close();
  rmSync(dir, { recursive: true });
});

// Each test has a day of its own, and the one before it looked at.
beforeEach(async () => {
  day = addDays(day, 2);
  await lookAt(billDueAt(addDays(day, -1)));
  clock.now = dayAtStart(day) + 11 * hourMs;
});

let sales = 0;
async function sell(name: Name, amountFen: number): Promise<void> {
  sales += 1;
  const outTradeNo = `K01_2026_${sales}`;
  const code = gateways.wallets.showCode("p", wallet[name]);
  const request = { outTradeNo, amountFen, authCode: code?.code ?? "", description: "燃气", terminalId: "K01" };
  expect((await channels.get(name)?.pay(request))?.kind).toBe("paid");
  await books.sell({ no: outTradeNo, amountFen, paidAt: clock.now, channel: name });
  clock.now += 61_000;
}
async function lookAt(now: number): Promise<void> {
  clock.now = now;
  books.clock.now = now;
  await books.reconciliation.scheduler.runDue();
}
const count = async (from: string, ...values: string[]): Promise<number> =>
  (await books.rc.db.query<{ n: number }>(`select count(*)::integer as n from ${from}`, values)).rows[0]?.n ?? -1;
/** All that a file may move. */
const moved = async (name: Name) => ({
  lines: await count("bill_line l join bill b on b.number = l.bill where b.channel = $1 and b.day = $2", name, day),
  differences: await count("reconciliation_difference where channel = $1 and day = $2", name, day),
  entries: await count("reconciliation_entry where channel = $1 and day = $2", name, day),
  credits: await count("bank_credit"),
  account: await books.ledger(`gateway:${name}`),
});
const told = async (): Promise<string[]> =>
  (
    await books.rc.db.query<{ kind: string }>("select kind from staff_task where ref like $1 order by kind", [
      `%${day}`,
    ])
  ).rows.map(({ kind }) => kind);
const compared = (name: Name) =>
  dayRow(books.rc.db, name, day).then((row) => ({ state: row?.state, matched: row?.figures?.matched }));

/** `damaged`: the bytes are not those that the gateway announced, so that nothing is kept. */
const kinds = {
  Truncated: { wechat: "damaged", alipay: "archive", acquirer: "damaged" },
  LineDoubled: { wechat: "lineTwice", alipay: "lineTwice", acquirer: "lineTwice" },
  WrongEncoding: { wechat: "encoding", alipay: "encoding", acquirer: "columns" },
  WrongSums: { wechat: "sum", alipay: "sum", acquirer: "sum" },
} as const;
const spoilt = Object.keys(kinds) as (keyof typeof kinds)[]; // the record's own keys

describe.each(["wechat", "alipay", "acquirer"] as const)("the bill of %s", (name) => {
  it.each(spoilt)("bill%s", async (how) => {
    for (const fen of [1_000, 250]) await sell(name, fen);
    const before = await moved(name);
    gateways.faults.arm(`bill${how}`, { gateway: name });
    await lookAt(billDueAt(day));
    const kind = kinds[how][name];
    const bills = await billsOfDay(books.rc.db, name, day);
    if (kind === "damaged") expect(bills).toEqual([]);
    else expect(bills).toMatchObject([{ kind: "trade", state: "refused", problem: { kind }, summary: null }]);
    expect(await dayRow(books.rc.db, name, day)).toMatchObject({
      ...{ state: "due", run: 0, next_at: billDueAt(day) + hourMs },
      answer: { trade: kind === "damaged" ? "failed" : "refused" },
    });
    expect(await moved(name)).toEqual(before);
    // A file that came and isn't believed is told at once, one that never came whole from 14:00 on.
    expect(await told()).toEqual(kind === "damaged" ? [] : ["reconciliation.badBill"]);
    await lookAt(billDueAt(day) + hourMs);
    expect(await compared(name)).toEqual({ state: "compared", matched: 2 });
  });

  it("billReordered is the same bill", async () => {
    for (const fen of [1_000, 250]) await sell(name, fen);
    gateways.faults.arm("billReordered", { gateway: name });
    await lookAt(billDueAt(day));
    expect(await compared(name)).toEqual({ state: "compared", matched: 2 });
    expect(await told()).toEqual([]);
  });
});

describe.each(["wechat", "alipay"] as const)("the fund bill of %s", (name) => {
  it.each(spoilt)("fund%s", async (how) => {
    for (const fen of [1_000, 250]) await sell(name, fen);
    const before = await moved(name);
    gateways.faults.arm(`fund${how}`, { gateway: name });
    await lookAt(billDueAt(day));
    const kind = kinds[how][name];
    const fund = (await billsOfDay(books.rc.db, name, day)).filter((bill) => bill.kind === "fund");
    if (kind === "damaged") expect(fund).toEqual([]);
    else expect(fund).toMatchObject([{ state: "refused", problem: { kind }, summary: null }]);
    expect(await dayRow(books.rc.db, name, day)).toMatchObject({
      ...{ state: "due", run: 0, fund_bill_id: null },
      answer: { fund: kind === "damaged" ? "failed" : "refused" },
    });
    // The day's trades are read and wait for it.
    expect(await moved(name)).toEqual({ ...before, lines: before.lines + 2 });
    await lookAt(billDueAt(day) + hourMs);
    expect(await compared(name)).toEqual({ state: "compared", matched: 2 });
    expect((await dayRow(books.rc.db, name, day))?.figures?.fundNetFen).toBeGreaterThan(0);
    expect(await books.differences(`day = '${day}' and kind = 'fund'`)).toEqual([]);
  });

  it("fundReordered is the same bill", async () => {
    for (const fen of [1_000, 250]) await sell(name, fen);
    gateways.faults.arm("fundReordered", { gateway: name });
    await lookAt(billDueAt(day));
    expect(await compared(name)).toEqual({ state: "compared", matched: 2 });
    expect(await books.differences(`day = '${day}' and kind = 'fund'`)).toEqual([]);
  });
});

describe("the bank's statement", () => {
  it.each([
    ["bankTruncated", "sum"],
    ["bankLineDoubled", "sum"],
    ["bankWrongEncoding", "encoding"],
    ["bankWrongSums", "sum"],
  ] as const)("%s: %s; the sound one is then matched", async (fault, kind) => {
    for (const name of ["wechat", "alipay"] as const) await sell(name, 5_000);
    await lookAt(billDueAt(day));
    await lookAt(billDueAt(addDays(day, 1)));
    const before = await moved("wechat");
    const of = addDays(day, 1);
    gateways.faults.arm(fault);
    const refused = await importStatement(books.rc, "u1", gateways.bankStatementFile(of));
    expect(refused).toMatchObject({ state: "refused", problem: { kind }, summary: null, matched: 0 });
    const { rows } = await books.rc.db.query("select state, problem from bill where id = $1", [refused.id]);
    expect(rows).toMatchObject([{ state: "refused", problem: { kind } }]);
    expect(await moved("wechat")).toEqual(before);
    expect(await importStatement(books.rc, "u1", gateways.bankStatementFile(of))).toMatchObject({ state: "imported" });
    expect((await moved("wechat")).credits).toBeGreaterThan(before.credits);
  });

  it("bankReordered is the same statement: what was taken in before is not taken in again", async () => {
    await sell("wechat", 5_000);
    await lookAt(billDueAt(day));
    await lookAt(billDueAt(addDays(day, 1)));
    const of = addDays(day, 1);
    expect(await importStatement(books.rc, "u1", gateways.bankStatementFile(of))).toMatchObject({ state: "imported" });
    const once = await moved("wechat");
    gateways.faults.arm("bankReordered");
    expect(await importStatement(books.rc, "u1", gateways.bankStatementFile(of))).toMatchObject({
      ...{ state: "imported", matched: 0 },
    });
    expect(await moved("wechat")).toEqual(once);
  });
});

it("a gateway that never makes a whole bill is people's case from 14:00 on", async () => {
  await sell("wechat", 1_000);
  for (const now of [billDueAt(day), billAlarmAt(day)]) {
    gateways.faults.arm("billTruncated", { gateway: "wechat" });
    await lookAt(now);
  }
  expect(await told()).toEqual(["reconciliation.noBill"]);
});

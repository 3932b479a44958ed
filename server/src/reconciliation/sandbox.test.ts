/** From payments at the sandbox's three gateways, by their own bills, to days that close and money at the bank. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addDays, billDueAt, type ChannelName, dayAtStart } from "@citygas/core";
import { acquirerChannel, alipayChannel, type CodePayChannel, wechatChannel } from "@citygas/gateways";
import { type Gateways, startGateways } from "@citygas/sandbox";
import { afterAll, beforeAll, expect, it } from "vitest";
import { importStatement } from "./bank.ts";
import { dayRow } from "./days.ts";
import { closeDay } from "./people.ts";
import { type Books, day, openBooks } from "./reconciliation.testkit.ts";

const hourMs = 3_600_000;
const names = ["wechat", "alipay", "acquirer"] as const satisfies ChannelName[];
const wallet = { wechat: "wechat", alipay: "alipay", acquirer: "unionpay" } as const;
const dir = mkdtempSync(join(tmpdir(), "citygas-reconciled-"));
const clock = { now: dayAtStart(day) + 10 * hourMs };
let gateways: Gateways;
let channels: Map<ChannelName, CodePayChannel>;
let books: Books;

beforeAll(async () => {
  gateways = await startGateways({ dir, now: () => clock.now });
  gateways.wallets.ensurePhone({ id: "p", name: "小洪", balanceFen: 10_000_000 });
  const { merchant, wechatUrl } = gateways;
  const timeoutMs = 10_000;
  channels = new Map<ChannelName, CodePayChannel>([
    ["wechat", wechatChannel({ ...merchant.wechat, baseUrl: wechatUrl, timeoutMs })],
    ["alipay", alipayChannel({ ...merchant.alipay, timeoutMs })],
    ["acquirer", acquirerChannel({ ...merchant.acquirer, timeoutMs })],
  ]);
  books = await openBooks({ channels });
  const balanceFen = { wechat: 10_000_000, alipay: 10_000_000, unionpay: 10_000_000, ecny: 10_000_000 };
  gateways.wallets.setPhone("p", { askPassword: false, noBalance: false, offline: false, balanceFen });
});
afterAll(async () => {
  await books.close();
  await gateways.close();
  rmSync(dir, { recursive: true });
});

async function pay(name: (typeof names)[number], outTradeNo: string, amountFen: number): Promise<void> {
  const code = gateways.wallets.showCode("p", wallet[name]);
  const channel = channels.get(name);
  if (code === undefined || channel === undefined) throw new Error(name);
  const request = { outTradeNo, amountFen, authCode: code.code, description: "燃气IC卡充值", terminalId: "K01" };
  expect((await channel.pay(request)).kind).toBe("paid");
  clock.now += 61_000;
}

it("pays, refunds, reverses, loses one, and every day closes with the books, the bills and the bank agreeing", async () => {
  for (const name of names) {
    const channel = channels.get(name);
    // Sold; sold and given back; reversed before anything was delivered; and one that the books never heard of.
    await pay(name, `${name}_sold`, 10_000);
    await books.sell({ no: `${name}_sold`, amountFen: 10_000, paidAt: clock.now - 61_000, channel: name });
    await pay(name, `${name}_back`, 5_000);
    const back = await books.sell({ no: `${name}_back`, amountFen: 5_000, paidAt: clock.now - 61_000, channel: name });
    const refundNo = `F${name}_back`;
    await channel?.refund({ outTradeNo: `${name}_back`, refundNo, amountFen: 5_000, totalFen: 5_000, reason: "r" });
    clock.now += 61_000;
    await channel?.queryRefund({ outTradeNo: `${name}_back`, refundNo });
    await books.refund(back, clock.now);
    await pay(name, `${name}_reversed`, 700);
    await channel?.reverse({ outTradeNo: `${name}_reversed` });
    await books.sell({
      no: `${name}_reversed`,
      amountFen: 700,
      channel: name,
      attemptState: "reversed",
      state: "void",
    });
    await pay(name, `${name}_lost`, 300);
  }
  clock.now = billDueAt(day);
  books.clock.now = clock.now;
  expect(await books.reconciliation.scheduler.runDue()).toBe(3);
  const open = await books.differences("state <> 'resolved' and comparison <> 'payout' or state = 'open'");
  expect(
    open.map(({ channel, out_trade_no, class: cls, reason }) => [channel, out_trade_no, cls, reason]).sort(),
  ).toEqual(names.map((name) => [name, `${name}_lost`, "long", "unknownNumber"]).sort());
  for (const name of names) {
    const figures = (await dayRow(books.rc.db, name, day))?.figures;
    expect(figures, name).toMatchObject({ billNetFen: 10_300, oursNetFen: 10_000, ledgerNetFen: 10_000, billLines: 6 });
    expect(await books.ledger(`fee:${name}`), name).toBe(figures?.feeFen ?? -1);
  }

  // People take the unknown money into suspense; the bank's statements of the next mornings bring the payouts.
  const [resolve] = books.reconciliation.decisions;
  for (const [i, { id }] of open.entries()) {
    const made = { id: `0000000${i}-0000-4000-8000-000000000000`, kind: "reconciliation.resolve", ref: id };
    const doc = { resolution: "suspense" };
    const proposal = { ...made, doc, evidence: "letter", makerId: "m", madeAt: 0 };
    expect((await resolve?.carryOut(null as never, proposal, ["m", "c"]))?.ok).toBe(true);
  }
  for (let later = 1; later <= 2; later++) {
    clock.now = billDueAt(addDays(day, later));
    books.clock.now = clock.now;
    await books.reconciliation.scheduler.runDue();
    const statement = Buffer.from(gateways.bankStatement(addDays(day, later)));
    expect(await importStatement(books.rc, "u1", statement)).toMatchObject({ state: "imported" });
  }
  for (const name of names) {
    expect(await books.ledger(`gateway:${name}`), name).toBe(0);
    const staff = { id: "f", name: "甲", roles: ["finance"] } as const;
    expect(await closeDay(books.rc, staff, name, day), name).toMatchObject({ ok: true });
  }
  const suspense = await Promise.all(names.map((name) => books.ledger(`suspense:${name}`)));
  expect(suspense).toEqual([-300, -300, -300]);
  expect(books.errors).toEqual([]);
});

/** The routes of reconciliation and of the books, asked as finance asks them. */
import { addDays, billDueAt, dayAtStart } from "@citygas/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerContext } from "../context.ts";
import { type App, buildApp } from "../http/app.ts";
import { ledgerRoutes } from "../ledger/routes.ts";
import { type Books, channel, day, openBooks } from "./reconciliation.testkit.ts";

const hourMs = 3_600_000;
const unitId = "0192f0c0-0000-7000-8000-000000000002";
let books: Books;
let app: App;

beforeAll(async () => {
  books = await openBooks();
  await books.rc.db.query(
    "insert into company_unit (id, name, company_name, hotline, settings) values ($1, 'u', 'c', '1', '{}')",
    [unitId],
  );
  // Routes read nothing else of it.
  const ctx = { ...books.rc } as unknown as ServerContext;
  app = await buildApp(ctx, {
    authenticators: {
      terminal: async () => undefined,
      admin: () => false,
      staff: async (token) => {
        if (token === "cashier") return { id: "s2", name: "丙", roles: ["cashier"] };
        return token === "finance" ? { id: "s1", name: "甲", roles: ["finance"] } : undefined;
      },
    },
    apiRoutes: [books.reconciliation.routes, ledgerRoutes],
    rootRoutes: [],
  });
  for (let n = 1; n <= 5; n++)
    await books.sell({ no: `K_${n}`, amountFen: n * 100, paidAt: dayAtStart(day) + n * hourMs });
  const lines = [1, 2, 3, 4].map((n) => books.line("PAY", `K_${n}`, { amountFen: n * 100, feeFen: 1 }));
  books.gateway.trades.set(day, [...lines, books.line("PAY", "X_1", { amountFen: 50 })]);
  await books.reconciliation.scheduler.runDue();
});
afterAll(async () => {
  await app.close();
  await books.close();
  expect(books.errors).toEqual([]);
});

interface Answer {
  status: number;
  // A test reads whatever it expects; a wrong shape fails its expectation.
  body: Record<string, unknown> & { items?: Record<string, unknown>[]; next?: string | null };
}
async function ask(method: "GET" | "POST", url: string, body?: object | string, token = "finance"): Promise<Answer> {
  const reply = await app.inject({
    method,
    url: `/api/v1${url}`,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": typeof body === "string" ? "text/csv" : "application/json" }),
    },
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: reply.statusCode, body: reply.json() };
}

describe("reconciliation", () => {
  it("lists days with state, sums and counts, newest first", async () => {
    const { status, body } = await ask("GET", "/reconciliation/days?limit=1");
    expect(status).toBe(200);
    expect(body.items).toMatchObject([
      {
        channel,
        day,
        state: "compared",
        billLines: 5,
        matched: 4,
        billNetFen: 1_050,
        oursNetFen: 1_500,
        feeFen: 4,
        differences: { waiting: 2, open: 1, assigned: 0, byClass: { long: 1, short: 2 } },
      },
    ]);
  });

  it("tells one day's bills and its four comparisons", async () => {
    const { body } = await ask("GET", `/reconciliation/days/${channel}/${day}`);
    expect(body.bills).toMatchObject([{ kind: "trade", state: "imported", summary: { lines: 5 } }]);
    expect(body.comparisons).toMatchObject([
      { comparison: "gateway", agrees: false, theirsFen: 1_050, oursFen: 1_500 },
      { comparison: "delivery", agrees: true },
      { comparison: "ledger", agrees: true, theirsFen: 1_500, oursFen: 1_500 },
      { comparison: "payout", agrees: false, theirsFen: null, oursFen: 1_046 },
    ]);
    expect((await ask("GET", `/reconciliation/days/${channel}/2020-01-01`)).status).toBe(404);
  });

  it("pages differences, filters them, and tells what happened to one", async () => {
    const all = (await ask("GET", "/reconciliation/differences?limit=100")).body.items ?? [];
    expect(all).toHaveLength(3);
    const seen: unknown[] = [];
    let cursor = "";
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await ask("GET", `/reconciliation/differences?limit=1${cursor}`);
      seen.push(...(body.items ?? []));
      cursor = `&cursor=${body.next}`;
    }
    expect(seen).toEqual(all);
    const [long] = (await ask("GET", "/reconciliation/differences?class=long&state=open")).body.items ?? [];
    expect(long).toMatchObject({ outTradeNo: "X_1", theirsFen: 50, oursFen: null, reason: "unknownNumber" });
    const one = await ask("GET", `/reconciliation/differences/${String(long?.id)}`);
    expect(one.body.notes).toMatchObject([{ actor: "system", action: "unknownNumber" }]);
    expect((await ask("GET", "/reconciliation/differences?class=strange")).status).toBe(400);
  });

  it("assigns, refuses to close before all is in hand, takes the statement in, closes, and never opens again", async () => {
    expect(await ask("POST", `/reconciliation/days/${channel}/${day}/close`)).toMatchObject({
      status: 409,
      body: { code: "reconciliation.undecided", zh: expect.stringContaining("差异"), en: expect.any(String) },
    });
    const csv = "date,reference,counterparty,amount,balance\n2026-11-23,R1,财付通,10.46,10.46\n";
    expect(await ask("POST", `/reconciliation/bank-statements?unitId=${unitId}`, csv)).toMatchObject({
      status: 200,
      body: { lines: 1, matched: 1 },
    });
    const bad = await ask("POST", `/reconciliation/bank-statements?unitId=${unitId}`, csv.replace("balance", "saldo"));
    expect(bad).toMatchObject({ status: 422, body: { code: "reconciliation.badFile" } });
    const nowhere = "0192f0c0-0000-7000-8000-00000000ffff";
    expect((await ask("POST", `/reconciliation/bank-statements?unitId=${nowhere}`, csv)).status).toBe(404);
    for (const state of ["open", "waiting"])
      for (const { id } of (await ask("GET", `/reconciliation/differences?state=${state}`)).body.items ?? [])
        expect((await ask("POST", `/reconciliation/differences/${String(id)}/assign`, { to: "乙" })).status).toBe(200);
    expect(await ask("POST", `/reconciliation/days/${channel}/${day}/close`)).toMatchObject({
      status: 200,
      body: { state: "closed", closedBy: "s1" },
    });
    expect((await ask("POST", `/reconciliation/days/${channel}/${day}/fetch`)).body.code).toBe("reconciliation.closed");
  });

  it("fetches a day now", async () => {
    const next = addDays(day, 1);
    books.gateway.trades.set(next, []);
    books.clock.now = billDueAt(day) + hourMs;
    expect((await ask("POST", `/reconciliation/days/${channel}/${next}/fetch`)).status).toBe(202);
    await books.reconciliation.scheduler.runDue();
    expect((await ask("GET", `/reconciliation/days/${channel}/${next}`)).body).toMatchObject({ state: "compared" });
    for (const wrong of [`${channel}/2026-02-30`, "alipay/2026-01-01"])
      expect((await ask("POST", `/reconciliation/days/${wrong}/fetch`)).status).toBe(404);
  });

  it("is for finance and supervisors", async () => {
    const trail = "/ledger/purchases/0192f0c0-0000-7000-8000-00000000ffff/trail";
    const statement = "/ledger/accounts/gateway:wechat/statement?commodity=fen";
    for (const url of ["/ledger/chart", "/ledger/trial-balance", "/ledger/accounts", trail, statement])
      expect((await ask("GET", url, undefined, "cashier")).body.code).toBe("staff.forbidden");
    expect((await ask("GET", "/reconciliation/days", undefined, "cashier")).body.code).toBe("staff.forbidden");
    expect((await ask("GET", "/ledger/chart", undefined, "nobody")).body.code).toBe("staff.required");
  });
});

describe("the books", () => {
  it("the trial balance is even, now and as of a time, and every account is on the chart", async () => {
    const now = await ask("GET", "/ledger/trial-balance");
    expect(now.body.lines).toContainEqual({
      ...{ prefix: "bank", commodity: "fen", kind: "asset", zh: "银行存款", en: "the company's bank account" },
      ...{ debit: 1_046, credit: 0 },
    });
    const noon = new Date(dayAtStart(day) + 3 * hourMs + 1).toISOString();
    const then = await ask("GET", `/ledger/trial-balance?before=${noon}`);
    expect(then.body.lines).toMatchObject([
      { prefix: "gateway", debit: 600, credit: 0 },
      { prefix: "open", debit: 0, credit: 600 },
    ]);
    for (const { body } of [now, then])
      for (const sum of body.sums as { debit: number; credit: number }[]) expect(sum.debit).toBe(sum.credit);
    const chart = (await ask("GET", "/ledger/chart")).body.items?.map(({ prefix }) => prefix);
    for (const line of now.body.lines as { prefix: string }[]) expect(chart).toContain(line.prefix);
  });

  it("an account's statement runs from opening to closing balance, page by page", async () => {
    const from = new Date(dayAtStart(day) + 2 * hourMs).toISOString();
    const to = new Date(dayAtStart(addDays(day, 1))).toISOString();
    const url = `/ledger/accounts/gateway:wechat/statement?from=${from}&to=${to}`;
    const whole = await ask("GET", url);
    expect(whole.body).toMatchObject({ zh: "渠道账户", openingBalance: 100, closingBalance: 1_500, next: null });
    expect(whole.body.items?.map(({ amount, balance }) => [amount, balance])).toEqual([
      [200, 300],
      [300, 600],
      [400, 1_000],
      [500, 1_500],
    ]);
    const seen: unknown[] = [];
    let cursor = "";
    for (let pages = 0; pages < 4; pages++) {
      const { body } = await ask("GET", `${url}&limit=1${cursor}`);
      seen.push(...(body.items ?? []));
      cursor = `&cursor=${body.next}`;
    }
    expect(seen).toEqual(whole.body.items);
    expect((await ask("GET", "/ledger/accounts/pocket:me/statement")).status).toBe(404);
    expect((await ask("GET", `${url}&cursor=eA`)).status).toBe(400);
  });

  it("single balances are listed by name", async () => {
    const first = await ask("GET", "/ledger/accounts?limit=1");
    expect(first.body.items).toMatchObject([{ account: `bank:${unitId}`, amount: 1_046 }]);
    const second = await ask("GET", `/ledger/accounts?limit=1&cursor=${first.body.next}`);
    expect(second.body.items).toMatchObject([{ account: "fee:wechat", amount: 4 }]);
    expect((await ask("GET", "/ledger/accounts?prefix=gateway")).body.items).toMatchObject([
      { amount: 1_500 - 4 - 1_046 },
    ]);
    const early = new Date(dayAtStart(day)).toISOString();
    expect((await ask("GET", `/ledger/accounts?before=${early}`)).body.items).toEqual([]);
  });

  it("a purchase that is not there has no trail", async () => {
    expect((await ask("GET", `/ledger/purchases/${unitId}/trail`)).body.code).toBe("purchase.notFound");
  });
});

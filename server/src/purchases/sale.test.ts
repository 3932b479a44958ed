/** Whole sales, on the store in memory and on SQL alike. */
import type { Pricing } from "@citygas/core";
import { describe, expect, test } from "vitest";
import { intoMeter, runScript } from "../cards/card.testkit.ts";
import { endSession, takeReport } from "../cards/report.ts";
import { wantScript } from "../cards/sessions.ts";
import type { TerminalFacts } from "../context.ts";
import { startAttempt } from "../payments/payments.ts";
import { applyEvent } from "./applyEvent.ts";
import { cancelPurchase } from "./cancel.ts";
import { confirmPurchase } from "./confirm.ts";
import { byVolume, kiosk1, kiosk2, kioskElsewhere, newAccount, secondCard } from "./earth.testkit.ts";
import { inWorld } from "./inWorld.testkit.ts";
import { quotePurchase } from "./quote.ts";
import { receiptOf } from "./receipt.ts";
import { earths } from "./stores.testkit.ts";
import { getPurchase, watchPurchase } from "./watch.ts";
import {
  accountOf,
  amount,
  bought,
  code,
  confirmed,
  insert,
  keyed,
  ledger,
  pass,
  pay,
  quoted,
  stateOf,
  value,
  volume,
  wanted,
  write,
} from "./world.testkit.ts";

describe.each(earths)("a sale, store $name", ({ open }) => {
  const our = inWorld(open);

  let names = 0;
  const account = (options: Parameters<typeof newAccount>[2] = {}) => {
    names += 1;
    return newAccount(our.earth, `${names}`, options);
  };

  test("1200 yuan with 0.30 in the account: 1199.70 paid, written, on the receipt", async () => {
    const { card, accountId, cardId } = await account({ balanceFen: 30 });
    const visit = await insert(our.world, kiosk1, card);
    expect(visit.answer).toMatchObject({
      kind: "account",
      unit: "money",
      maximum: { value: 150_000, rule: "perPurchase" },
      customer: { name: "**明", address: "秦淮人家*号楼*单元**1室", balanceFen: 30 },
      notice: null,
    });
    const quote = await quoted(our.world, kiosk1, visit, amount(120_000));
    expect(quote).toMatchObject({ state: "quoted", breakdown: { payableFen: 119_970, balanceOffsetFen: 30 } });
    expect(quote.number).toMatch(/^[2-9A-HJ-NP-Z]{3}-\d{4}$/);
    expect(await confirmed(our.world, kiosk1, quote.id)).toMatchObject({ state: "paying", acceptsCode: true });
    expect(await accountOf(our.world, accountId)).toMatchObject({ balanceFen: 0, heldFen: 30 });
    await pay(our.world, kiosk1, quote.id);
    expect(value(await getPurchase(our.world.sale, kiosk1, quote.id))).toMatchObject({ state: "paid" });
    const answer = await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, quote.id, visit));
    expect(answer).toMatchObject({ kind: "delivered", resumed: false, purchase: { state: "delivered" } });
    expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 120_000, boughtOn: "2026-11-23" });
    expect(value(await receiptOf(our.world.sale, kiosk1, quote.id))).toMatchObject({
      channel: "wechat",
      purchaseCount: 4,
      breakdown: { payableFen: 119_970 },
      reprint: false,
      bindUrl: expect.stringMatching(/^http:\/\/city\/b\/[\w-]{22}$/),
    });
    expect(await accountOf(our.world, accountId)).toMatchObject({ balanceFen: 0, heldFen: 0 });
    expect((await our.earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state).toMatchObject({
      count: 4,
      lastAmount: 120_000,
      openPurchaseId: null,
    });
    expect(await insert(our.world, kiosk1, card)).toMatchObject({
      answer: { kind: "gasOnCard", gas: { meterCreditFen: 120_000 }, boughtOn: "2026-11-23", notice: null },
    });
    intoMeter(card);
    expect((await insert(our.world, kiosk1, card)).answer).toMatchObject({ kind: "account", notice: null });
  });

  test("gas by volume counts in its tier, and a second purchase starts where the first ended", async () => {
    const { card } = await account({ tariff: byVolume });
    const { visit, id } = await bought(our.world, kiosk1, card, volume(400));
    await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, id, visit));
    intoMeter(card);
    const next = await insert(our.world, kiosk1, card);
    const quote = await quoted(our.world, kiosk1, next, volume(30));
    expect(quote.breakdown.lines).toMatchObject([
      { tier: 1, volumeL: 20_000, amountFen: 5_060 },
      { tier: 2, volumeL: 10_000, amountFen: 3_040 },
    ]);
    await confirmed(our.world, kiosk1, quote.id);
    expect((await stateOf(our.world, quote.id)).state).toBe("paying");
  });

  test("what can't be sold is refused with its number", async () => {
    const { card } = await account();
    const visit = await insert(our.world, kiosk1, card);
    const refusal = async (fen: number) =>
      await quotePurchase(
        our.world.sale,
        kiosk1,
        { cardSessionId: visit.sessionId, entry: amount(fen) },
        keyed(our.world.sale.newId()),
      );
    expect(await refusal(0)).toMatchObject({ error: { code: "entry.zero" } });
    expect(await refusal(150_001)).toMatchObject({ error: { code: "entry.overLimit", value: 150_000 } });
  });

  test("a repeated request is answered as the first, with other content it is refused", async () => {
    const { card } = await account();
    const visit = await insert(our.world, kiosk1, card);
    const body = { cardSessionId: visit.sessionId, entry: amount(100) };
    const key = our.world.sale.newId();
    const first = value(await quotePurchase(our.world.sale, kiosk1, body, keyed(key)));
    expect(value(await quotePurchase(our.world.sale, kiosk1, body, keyed(key))).id).toBe(first.id);
    expect(await quotePurchase(our.world.sale, kiosk1, body, keyed(key, "other"))).toMatchObject({
      error: { code: "request.keyReused" },
    });
    const yes = keyed(our.world.sale.newId());
    value(await confirmPurchase(our.world.sale, kiosk1, first.id, yes));
    expect(value(await confirmPurchase(our.world.sale, kiosk1, first.id, yes)).state).toBe("paying");
    expect(await confirmPurchase(our.world.sale, kiosk1, first.id, keyed(our.world.sale.newId()))).toMatchObject({
      error: { code: "purchase.wrongState" },
    });
    const payment = keyed(our.world.sale.newId());
    for (let again = 0; again < 3; again++)
      value(await startAttempt(our.world.sale, our.world.payments, kiosk1, first.id, code, payment));
    await Promise.all(our.world.payments.inFlight);
    expect((await stateOf(our.world, first.id)).state).toBe("paid");
    const script = await wanted(our.world, kiosk1, first.id, visit);
    expect(await wanted(our.world, kiosk1, first.id, visit)).toMatchObject({
      kind: "script",
      script: script.kind === "script" ? script.script : {},
    });
    if (script.kind !== "script") throw new Error("no script");
    const report = runScript(card, script.script, visit.powerUpId);
    expect(value(await takeReport(our.world.sale, kiosk1, report)).kind).toBe("delivered");
    expect(value(await takeReport(our.world.sale, kiosk1, report)).kind).toBe("delivered");
  });

  test("a purchase given up between the two reads of another server is read anew: nobody's account goes below zero", async () => {
    const { card, accountId } = await account({ balanceFen: 30 });
    const visit = await insert(our.world, kiosk1, card);
    const { id } = await quoted(our.world, kiosk1, visit, amount(5_000));
    await confirmed(our.world, kiosk1, id);
    const { sale } = our.world;
    let givenUp = false;
    const load: typeof sale.store.load = async (refs) => {
      if (!givenUp && refs.some(({ kind }) => kind === "account")) {
        givenUp = true;
        value(await cancelPurchase(sale, kiosk1, id, keyed("gone")));
      }
      return await sale.store.load(refs);
    };
    const states: string[] = [];
    const applied = await applyEvent({ ...sale, store: { ...sale.store, load } }, id, ({ purchase }) => {
      states.push(purchase.state.state);
      return purchase.state.state === "paying"
        ? { do: "commit", event: { type: "purchase", event: { type: "gaveUp", reason: "cardGone" } } }
        : { do: "nothing" };
    });
    expect(applied).toMatchObject({ ok: true, value: { done: "none" } });
    expect(states).toEqual(["void"]);
    expect(await accountOf(our.world, accountId)).toMatchObject({ balanceFen: 30, heldFen: 0 });
  });

  test("two confirmations at once: one purchase, one hold", async () => {
    const { card, accountId } = await account({ balanceFen: 500 });
    const visit = await insert(our.world, kiosk1, card);
    const { id } = await quoted(our.world, kiosk1, visit, amount(2_000));
    const results = await Promise.all(
      [1, 2, 3].map(() => confirmPurchase(our.world.sale, kiosk1, id, keyed(our.world.sale.newId()))),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(await accountOf(our.world, accountId)).toMatchObject({ balanceFen: 0, heldFen: 500 });
  });

  test("I4: of two purchases of one card at two kiosks the second is refused with the first's number", async () => {
    const { card } = await account();
    const here = await insert(our.world, kiosk1, card);
    const there = await insert(our.world, kiosk2, card);
    const first = await quoted(our.world, kiosk1, here, amount(100));
    const second = await quoted(our.world, kiosk2, there, amount(200));
    await confirmed(our.world, kiosk1, first.id);
    expect(await confirmPurchase(our.world.sale, kiosk2, second.id, keyed(our.world.sale.newId()))).toEqual({
      ok: false,
      error: { code: "purchase.open", number: first.number },
    });
  });

  test("an unpaid purchase elsewhere gives way to the reader that holds the card; a payment that runs does not", async () => {
    const { card } = await account();
    const here = await insert(our.world, kiosk1, card);
    const first = await quoted(our.world, kiosk1, here, amount(100));
    await confirmed(our.world, kiosk1, first.id);
    const there = await insert(our.world, kiosk2, card);
    expect(there.answer.kind).toBe("account");
    expect(await stateOf(our.world, first.id)).toMatchObject({ state: "void", reason: "cardGone" });
    const second = await quoted(our.world, kiosk2, there, amount(200));
    await confirmed(our.world, kiosk2, second.id);
    our.earth.bank.fates.push("password");
    await pay(our.world, kiosk2, second.id);
    expect((await insert(our.world, kiosk1, card)).answer).toMatchObject({ kind: "refused", code: "purchase.open" });
    our.earth.bank.payOpen();
    await pass(our.world, 10_000);
    expect((await insert(our.world, kiosk1, card)).answer).toMatchObject({ kind: "script", resumed: true });
  });

  test("a new quote at the same kiosk voids the one before", async () => {
    const { card } = await account();
    const visit = await insert(our.world, kiosk1, card);
    const first = await quoted(our.world, kiosk1, visit, amount(100));
    await quoted(our.world, kiosk1, visit, amount(200));
    expect((await stateOf(our.world, first.id)).state).toBe("void");
  });

  test("a price that changes between quote and confirmation is shown anew; so is a balance", async () => {
    const { card, accountId } = await account({ tariff: byVolume, balanceFen: 100 });
    const visit = await insert(our.world, kiosk1, card);
    const { id } = await quoted(our.world, kiosk1, visit, volume(10));
    const customer = our.earth.customers.get(accountId);
    if (customer === undefined) throw new Error("no customer");
    const dearer = { ...byVolume, id: "v2", effectiveFrom: our.earth.clock.now };
    our.earth.customers.set(accountId, {
      ...customer,
      tariff: [
        byVolume,
        { ...dearer, pricing: { kind: "flat", priceE4: 40_000, seasons: [] } },
        { ...dearer, id: "v3", pricing: tiered(40_000) },
      ],
    });
    const key = keyed(our.world.sale.newId());
    for (let again = 0; again < 2; again++)
      expect(await confirmPurchase(our.world.sale, kiosk1, id, key)).toMatchObject({
        error: { code: "purchase.quoteStale" },
      });
    expect(value(await getPurchase(our.world.sale, kiosk1, id))).toMatchObject({
      state: "quoted",
      breakdown: { goodsFen: 4_000 },
    });
    expect(await confirmed(our.world, kiosk1, id)).toMatchObject({ breakdown: { payableFen: 3_900 } });
  });

  test("a quote that nobody confirms runs out, holding nothing", async () => {
    const { card } = await account();
    const visit = await insert(our.world, kiosk1, card);
    const { id } = await quoted(our.world, kiosk1, visit, amount(100));
    our.earth.clock.now += 5 * 60_000 + 1;
    expect(await confirmPurchase(our.world.sale, kiosk1, id, keyed(our.world.sale.newId()))).toMatchObject({
      error: { code: "purchase.quoteExpired" },
    });
    await pass(our.world, 1_000);
    expect(await stateOf(our.world, id)).toMatchObject({ state: "void", reason: "quoteExpired" });
  });

  test("nothing to pay: paid at once, without a gateway", async () => {
    const { card, accountId } = await account({ balanceFen: 5_000 });
    const visit = await insert(our.world, kiosk1, card);
    const { id } = await quoted(our.world, kiosk1, visit, amount(2_000));
    expect((await confirmed(our.world, kiosk1, id)).state).toBe("paid");
    await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, id, visit));
    expect((await stateOf(our.world, id)).state).toBe("delivered");
    expect(await accountOf(our.world, accountId)).toMatchObject({ balanceFen: 3_000, heldFen: 0 });
  });

  test("cancelled while paid: the money goes back; exactly one of cancel and issue wins", async () => {
    const { card, accountId } = await account({ balanceFen: 70 });
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_000));
    const [cancel, script] = await Promise.all([
      cancelPurchase(our.world.sale, kiosk1, id, keyed(our.world.sale.newId())),
      wantScript(our.world.sale, kiosk1, id, visit.sessionId),
    ]);
    const { state } = await stateOf(our.world, id);
    expect(cancel.ok).toBe(state !== "issued");
    expect(script.ok).toBe(state === "issued");
    if (state === "issued") {
      await write(our.world, kiosk1, card, visit, value(script));
      return;
    }
    await pass(our.world, 1_000);
    expect((await stateOf(our.world, id)).state).toBe("refunded");
    expect(await accountOf(our.world, accountId)).toMatchObject({ balanceFen: 70, heldFen: 0 });
  });

  test("after a script left, a cancellation is refused (I3)", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_000));
    const script = await wanted(our.world, kiosk1, id, visit);
    expect(await cancelPurchase(our.world.sale, kiosk1, id, keyed(our.world.sale.newId()))).toMatchObject({
      error: { code: "purchase.wrongState" },
    });
    await write(our.world, kiosk1, card, visit, script);
  });

  test("paid and never written: after the window the money and the balance are back, and the next visit says so", async () => {
    const { card, accountId } = await account({ balanceFen: 70 });
    const net = our.earth.bank.netFen();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_000));
    expect(our.earth.bank.netFen()).toBe(net + 930);
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    await pass(our.world, 31 * 60_000, 60_000);
    expect(await stateOf(our.world, id)).toMatchObject({ state: "refunded", reason: "windowOver" });
    expect(our.earth.bank.netFen()).toBe(net);
    expect(await accountOf(our.world, accountId)).toMatchObject({ balanceFen: 70, heldFen: 0 });
    expect((await insert(our.world, kiosk2, card)).answer).toMatchObject({
      kind: "account",
      notice: { kind: "refunded", amountFen: 930 },
    });
    expect((await insert(our.world, kiosk2, card)).answer).toMatchObject({ notice: null });
  });

  test("a refund that the gateway refuses stays refunding, with a person on it", async () => {
    const { card } = await account();
    const { id } = await bought(our.world, kiosk1, card, amount(1_000));
    our.earth.bank.refundFails = true;
    value(await cancelPurchase(our.world.sale, kiosk1, id, keyed(our.world.sale.newId())));
    await pass(our.world, 1_000);
    expect(await stateOf(our.world, id)).toMatchObject({ state: "refunding", refund: { stuck: true } });
    our.earth.bank.refundFails = false;
    const { length } = our.earth.bank.calls;
    await pass(our.world, 3 * 86_400_000, 3_600_000);
    // People may be paying it out at any moment: its channel is asked no more.
    expect(our.earth.bank.calls).toHaveLength(length);
    expect((await stateOf(our.world, id)).state).toBe("refunding");
  });

  test("a kiosk of another unit sells, follows and prints; one that never had the card sees nothing", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_000));
    const unseen = { ok: false, error: { code: "purchase.notFound" } };
    expect(await getPurchase(our.world.sale, kioskElsewhere, id)).toEqual(unseen);
    await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, id, visit));
    intoMeter(card);
    const there = await bought(our.world, kioskElsewhere, card, amount(2_000));
    expect(value(await getPurchase(our.world.sale, kioskElsewhere, there.id)).state).toBe("paid");
    const script = await wanted(our.world, kioskElsewhere, there.id, there.visit);
    expect(await write(our.world, kioskElsewhere, card, there.visit, script)).toMatchObject({ kind: "delivered" });
    expect(value(await receiptOf(our.world.sale, kioskElsewhere, there.id)).breakdown.payableFen).toBe(2_000);
  });

  describe("a debt of an account with two cards", () => {
    const owed = [{ id: "debt-1", amountFen: 500, kind: "bill" }];
    async function twoQuotes() {
      const { card, accountId } = await account();
      const customer = our.earth.customers.get(accountId);
      if (customer === undefined) throw new Error("no customer");
      const debts = owed.map((debt) => ({ ...debt, id: `${debt.id}-${accountId}` }));
      our.earth.customers.set(accountId, { ...customer, debts });
      const cards = [card, await secondCard(our.earth, accountId)];
      const visits = [
        await insert(our.world, kiosk1, card),
        await insert(our.world, kiosk2, cards[1] ?? card),
      ] as const;
      const one = await quoted(our.world, kiosk1, visits[0], amount(1_000));
      const two = await quoted(our.world, kiosk2, visits[1], amount(2_000));
      expect([one, two].map(({ breakdown }) => breakdown.payableFen)).toEqual([1_500, 2_500]);
      return { accountId, card, visits, one, two };
    }
    const confirm = (terminal: TerminalFacts, id: string) =>
      confirmPurchase(our.world.sale, terminal, id, keyed(our.world.sale.newId()));
    const debtOf = async (id: string) => (await stateOf(our.world, id)).breakdown.debtFen;

    test("stands on one open purchase; the other is asked again without it, and pays its gas alone", async () => {
      const { accountId, card, visits, one, two } = await twoQuotes();
      await confirmed(our.world, kiosk1, one.id);
      expect(await confirm(kiosk2, two.id)).toMatchObject({ error: { code: "purchase.quoteStale" } });
      expect((await confirmed(our.world, kiosk2, two.id)).breakdown).toMatchObject({ debtFen: 0, payableFen: 2_000 });
      await pay(our.world, kiosk1, one.id);
      await write(our.world, kiosk1, card, visits[0], await wanted(our.world, kiosk1, one.id, visits[0]));
      await pay(our.world, kiosk2, two.id);
      expect(await ledger(our.earth, `receivable:${accountId}`)).toBe(-500);
      // Paid by the first, it is on no bill any more, whatever its own row says yet.
      intoMeter(card);
      const next = await insert(our.world, kiosk1, card);
      expect((await quoted(our.world, kiosk1, next, amount(100))).breakdown).toMatchObject({ debtFen: 0 });
    });

    test("confirmed at both at once, it lands on one", async () => {
      const { one, two } = await twoQuotes();
      const answers = await Promise.all([confirm(kiosk1, one.id), confirm(kiosk2, two.id)]);
      const kept = answers.filter(({ ok }) => ok);
      expect(kept).toHaveLength(1);
      const debts = [await debtOf(one.id), await debtOf(two.id)];
      expect(debts.sort()).toEqual([0, 500]);
    });

    test("comes back when the purchase it stood on is given up", async () => {
      const { card, one } = await twoQuotes();
      await confirmed(our.world, kiosk1, one.id);
      value(await cancelPurchase(our.world.sale, kiosk1, one.id, keyed(our.world.sale.newId())));
      const next = await insert(our.world, kiosk1, card);
      expect((await quoted(our.world, kiosk1, next, amount(100))).breakdown).toMatchObject({ debtFen: 500 });
    });
  });

  test("a watcher sees each version after the one it has, and the end", async () => {
    const { card } = await account();
    const visit = await insert(our.world, kiosk1, card);
    const { id, version } = await quoted(our.world, kiosk1, visit, amount(100));
    const states: string[] = [];
    const watching = (async () => {
      const views = watchPurchase(our.world.sale, id, version, new AbortController().signal, Number.MAX_SAFE_INTEGER);
      for await (const view of views) if (view !== null) states.push(view.state);
    })();
    await confirmed(our.world, kiosk1, id);
    await pay(our.world, kiosk1, id);
    await watching;
    expect(states.at(-1)).toBe("paid");
    expect(await ledger(our.earth, "gateway:wechat")).toBe(our.earth.bank.netFen());
  });
});

function tiered(priceE4: number): Pricing {
  return { kind: "tiered", cycle: { kind: "calendarYear" }, tiers: [{ uptoL: null, priceE4 }], heating: null };
}

/** The oracle itself: it says nothing of a world that agrees, and names what doesn't. */
import { describe, expect, it } from "vitest";
import {
  type BookedAttempt,
  type BookedPurchase,
  type BookedSum,
  type GatewayLedger,
  type LedgerRow,
  type Sides,
  moneyDisagreements as told,
} from "./money.ts";
import { type AskedForMoney, sidesOf } from "./sides.ts";

const bought = (id: string, status: BookedPurchase["status"], more: Partial<BookedPurchase> = {}): BookedPurchase => ({
  ...{ id, number: id, status, payableFen: 900, offsetFen: 100, delivers: 5_000, paidOut: null },
  ...more,
});
const attempt = (
  purchaseId: string,
  status: BookedAttempt["status"],
  more: Partial<BookedAttempt> = {},
): BookedAttempt => ({
  ...{ purchaseId, orderNo: `order-${purchaseId}`, status, amountFen: 900, byHand: false, late: null },
  ...more,
});
const charge = (id: string): LedgerRow => ({ kind: "charge", amountFen: 900, outTradeNo: `order-${id}` });
const refund = (id: string): LedgerRow => ({ kind: "refund", amountFen: 900, outTradeNo: `order-${id}` });
/** One event's postings; `from` loses what `to` gets. */
const move = (
  purchaseId: string | null,
  to: string,
  from: string,
  amount: number,
  commodity: BookedSum["commodity"] = "fen",
): BookedSum[] => {
  const beside = [to, from].find((account) => account.startsWith("gateway:")) ?? null;
  return [
    { purchaseId, account: to, commodity, amount, beside, bySwap: false },
    { purchaseId, account: from, commodity, amount: -amount, beside, bySwap: false },
  ];
};
/** Paid by a gateway and out of the balance. */
const paid = (id: string, gateway = "gateway:wechat"): BookedSum[] => [
  ...move(id, "open:u", gateway, -900),
  ...move(id, "open:u", "customer:a", -100),
];
const delivered = (id: string): BookedSum[] => [
  ...move(id, "open:u", "sales:u", 1_000),
  ...move(id, "gas:m", "stock:u", 5_000, "litre"),
];

interface Agreeing extends Sides {
  ledgers: (GatewayLedger & { rows: LedgerRow[]; payCalls: { outTradeNo: string; count: number }[] })[];
}

/**
 * A delivered purchase, one that waits on its card, one refunded, one whose late payment went back, one refunded by the
 * bank, one paid at a drawer, one being reversed; a day's fee, its payout, a balance that people gave.
 */
function agreeing(): Agreeing {
  const ids = ["sold", "onCard", "back", "late", "byBank"];
  return {
    ledgers: [
      {
        gateway: "wechat",
        rows: [...ids.map(charge), refund("back"), refund("late"), charge("moving")],
        payCalls: [...ids, "moving"].map((id) => ({ outTradeNo: `order-${id}`, count: 1 })),
      },
      { gateway: "alipay", rows: [], payCalls: [] },
    ],
    books: {
      purchases: [
        bought("sold", "delivered"),
        bought("onCard", "unknown"),
        bought("back", "refunded"),
        bought("late", "void"),
        bought("byBank", "refunded", { paidOut: "bank" }),
        bought("byHand", "delivered"),
        bought("moving", "closing"),
      ],
      attempts: [
        ...["sold", "onCard", "back", "byBank"].map((id) => attempt(id, "paid")),
        attempt("late", "reversed", { late: { refunded: true, paidOut: null } }),
        attempt("byHand", "paid", { byHand: true }),
        attempt("moving", "reversing"),
      ],
      sums: [
        ...move(null, "customer:a", "adjustment:u", -2_000),
        ...[...paid("sold"), ...delivered("sold"), ...paid("onCard")],
        ...[...paid("back"), ...move("back", "gateway:wechat", "open:u", -900)],
        ...move("back", "customer:a", "open:u", -100),
        ...[
          ...move("late", "returns:wechat", "gateway:wechat", -900),
          ...move("late", "gateway:wechat", "returns:wechat", -900),
        ],
        ...[...paid("byBank"), ...move("byBank", "bank:u", "open:u", -900)],
        ...move("byBank", "customer:a", "open:u", -100),
        ...[...paid("byHand", "drawer:d"), ...delivered("byHand")],
        ...move(null, "fee:wechat", "gateway:wechat", 5),
        ...move(null, "bank:u", "gateway:wechat", 895),
      ],
      balancesFen: 2_000 - 300,
    },
  };
}

describe("the oracle", () => {
  it("says nothing where all agrees, whatever is on its way", () => {
    expect(told(agreeing())).toEqual([]);
    const before = agreeing();
    const [wechat] = before.ledgers;
    if (wechat === undefined) throw new Error("no WeChat Pay");
    wechat.rows.push(refund("moving"));
    expect(told(before)).toEqual([]);
  });

  it("takes out by name only what is on its way: answered, it counts to the fen", () => {
    const sides = agreeing();
    const attempts = sides.books.attempts.map((each) =>
      each.purchaseId === "moving" ? { ...each, status: "reversed" as const } : each,
    );
    const found = told({ ...sides, books: { ...sides.books, attempts } });
    expect(found).toContainEqual("wechat has 3600 fen, the books say 2700 fen");
    expect(found).toContainEqual("purchase moving is closing: the gateways should have 0 fen, have 900");
    expect(found.join()).toContain("gateways and cash have");
  });

  const charges = ["sold", "onCard", "byBank"];
  it.each(charges)("finds a gateway's row that is gone: %s", (id) => {
    const sides = agreeing();
    const [wechat] = sides.ledgers;
    wechat?.rows.splice(
      wechat.rows.findIndex(({ outTradeNo }) => outTradeNo === `order-${id}`),
      1,
    );
    expect(told(sides)).toHaveLength(3);
  });

  it("finds one fen too much, an order nobody made, and an order asked for twice", () => {
    const more = agreeing();
    more.ledgers[0]?.rows.push({ ...charge("sold"), amountFen: 1 });
    expect(told(more)).toHaveLength(3);
    const stranger = agreeing();
    stranger.ledgers[1]?.rows.push({ ...charge("nobody") });
    expect(told(stranger).join()).toContain("an order nobody made: order-nobody");
    const twice = agreeing();
    twice.ledgers[0]?.payCalls.push({ outTradeNo: "order-sold", count: 2 });
    expect(told(twice)).toEqual(["order order-sold was asked to pay 2 times"]);
  });

  it("finds any entry that was not written", () => {
    const whole = agreeing();
    for (const [at, { purchaseId, account }] of whole.books.sums.entries()) {
      const sums = whole.books.sums.filter((_, i) => i !== at);
      // Half of an entry: its commodity no longer sums to zero.
      expect(told({ ...whole, books: { ...whole.books, sums } }), `${purchaseId} ${account}`).not.toEqual([]);
    }
    // Both halves of one, so that the sums are zero still.
    for (const [id, to, from] of [
      ["sold", "open:u", "gateway:wechat"],
      ["byBank", "bank:u", "open:u"],
      ["byHand", "open:u", "drawer:d"],
      ["sold", "gas:m", "stock:u"],
      [null, "fee:wechat", "gateway:wechat"],
      [null, "customer:a", "adjustment:u"],
    ]) {
      const [debit, credit] = [to, from].map((account) =>
        whole.books.sums.find((sum) => sum.purchaseId === id && sum.account === account),
      );
      const sums = whole.books.sums.filter((sum) => sum !== debit && sum !== credit);
      expect(sums).toHaveLength(whole.books.sums.length - 2);
      const found = told({ ...whole, books: { ...whole.books, sums } });
      // A fee that nobody booked is no disagreement: it is with the gateway until it is.
      if (to === "fee:wechat") expect(found).toEqual([]);
      else expect(found, `${id} ${to}`).not.toEqual([]);
    }
  });

  it("finds a purchase in another state than its money and gas, and a balance that nobody paid for", () => {
    for (const [at, { status }] of agreeing().books.purchases.entries()) {
      const sides = agreeing();
      const other = status === "delivered" ? "void" : "delivered";
      const purchases = sides.books.purchases.map((p, i) => (i === at ? { ...p, status: other as typeof status } : p));
      expect(told({ ...sides, books: { ...sides.books, purchases } }), `${at}`).not.toEqual([]);
    }
    const sides = agreeing();
    expect(told({ ...sides, books: { ...sides.books, balancesFen: sides.books.balancesFen + 1 } })).toHaveLength(1);
  });
});

describe("both sides at one moment", () => {
  const world = (looks: number[]): AskedForMoney => {
    const { books } = agreeing();
    let asked = 0;
    const ledger = async () => {
      const rows = Array.from({ length: looks[Math.floor(asked / 3)] ?? 0 }, () => charge("sold"));
      asked += 1;
      return { rows, payCalls: [] };
    };
    return {
      query: async <Row>() => [books as unknown as Row],
      sandbox: { ledger },
    };
  };
  const rows = async (looks: number[]): Promise<number | undefined> =>
    (await sidesOf(world(looks))).ledgers[0]?.rows.length;

  it("are read again where a gateway moved money in between, and not for ever", async () => {
    expect(await rows([1, 1])).toBe(1);
    expect(await rows([1, 2, 3, 3])).toBe(3);
    const restless = Array.from({ length: 30 }, (_, i) => i);
    await expect(rows(restless)).rejects.toThrow("never stood still");
  });
});

/** Recharges of a meter on a link: it sleeps, messages are lost, late and doubled, and nothing is credited twice or kept. */
import type { Id } from "@citygas/core";
import { describe, expect, test } from "vitest";
import { applyEvent } from "../purchases/applyEvent.ts";
import { cancelPurchase } from "../purchases/cancel.ts";
import { phone1 } from "../purchases/earth.testkit.ts";
import { inWorld } from "../purchases/inWorld.testkit.ts";
import { earths } from "../purchases/stores.testkit.ts";
import {
  accountOf,
  amount,
  confirmed,
  deliver,
  keyed,
  ledger,
  makeWorld,
  pass,
  prepaid,
  stateOf,
  value,
  workOff,
} from "../purchases/world.testkit.ts";
import { replaceBareMeter, type Stated } from "../registration/meterReplacement.ts";
import { type OnLink, onLink, TestMeter } from "./meter.testkit.ts";
import { quoteRecharge } from "./quoteRecharge.ts";
import { answerMs, heardFromMeter } from "./recharges.ts";

const day = 86_400_000;

describe.each(earths)("a meter on a link, $name", ({ name, open }) => {
  const it = inWorld(open);
  let homes = 0;
  const home = async (balanceFen = 0): Promise<OnLink> => {
    homes += 1;
    return await onLink(it.world, `link-${homes}`, balanceFen);
  };
  const key = (what: string) => keyed(`${what}-${it.world.sale.newId()}`);
  const quote = async (at: OnLink, fen: number) =>
    await quoteRecharge(it.world.sale, phone1, { accountId: at.accountId, entry: amount(fen) }, key("quote"));
  /** Paid from the balance. */
  const bought = async (at: OnLink, fen = 10_000): Promise<Id> => {
    const { id } = value(await quote(at, fen));
    expect(await confirmed(it.world, phone1, id)).toMatchObject({ state: "paid" });
    return id;
  };
  const state = async (id: Id) => (await stateOf(it.world, id)).state;
  const cancel = async (id: Id) => await cancelPurchase(it.world.sale, phone1, id, key("cancel"));

  test("queued, sent when the meter has said where it stands, and delivered when its record shows it", async () => {
    const at = await home(30_000);
    const id = await bought(at);
    await workOff(it.world);
    expect(at.underWay).toEqual([{ kind: "readRecord" }]);
    expect(await state(id)).toBe("paid");
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    expect(await state(id)).toBe("issued");
    expect(at.underWay.at(-1)).toEqual({ kind: "recharge", purchaseNo: 255, amount: 10_000 });
    await at.talk();
    expect(await state(id)).toBe("delivered");
    expect(at.meter.record).toEqual({ purchaseNo: 255, amount: 10_000, totalCredited: 100_000 });
    expect(await ledger(it.earth, `meter:${at.meterId}`)).toBe(10_000);
  });

  test("two wait in order, one command at a time, and the number after 255 is 0", async () => {
    const at = await home(30_000);
    const [first, second] = [await bought(at, 10_000), await bought(at, 5_000)];
    await workOff(it.world);
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    expect([await state(first), await state(second)]).toEqual(["issued", "paid"]);
    await at.talk();
    expect([await state(first), await state(second)]).toEqual(["delivered", "delivered"]);
    expect(at.meter.record).toEqual({ purchaseNo: 0, amount: 5_000, totalCredited: 105_000 });
  });

  test("not answered it is unknown, and sent again under its number only when the record says that it was not taken", async () => {
    const at = await home(30_000);
    const id = await bought(at);
    await workOff(it.world);
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    const [lost] = at.underWay.splice(0).slice(-1);
    await pass(it.world, answerMs + 10_000);
    expect(await state(id)).toBe("unknown");
    expect(value(await quote(at, 1_000)).state).toBe("quoted");
    expect(await cancel(id)).toMatchObject({ ok: false, error: { code: "purchase.wrongState" } });
    // It comes after all, a day late; the echo is no proof, the record is.
    await pass(it.world, day, 600_000);
    expect(at.underWay.every(({ kind }) => kind === "readRecord")).toBe(true);
    if (lost === undefined) throw new Error("nothing was sent");
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears(lost));
    expect(await state(id)).toBe("unknown");
    // And once more, and its resending too: the meter takes the number once.
    at.meter.hears(lost);
    await at.talk();
    expect(await state(id)).toBe("delivered");
    expect(at.meter.record).toEqual({ purchaseNo: 255, amount: 10_000, totalCredited: 100_000 });
  });

  test("a record from before says nothing: it is sent again under the same number, and credited once", async () => {
    const at = await home(30_000);
    const id = await bought(at);
    const old = at.meter.hears({ kind: "readRecord" });
    await heardFromMeter(it.world.sale, at.meterId, old);
    const sent = at.underWay.at(-1);
    if (sent?.kind !== "recharge") throw new Error("nothing was sent");
    at.meter.hears(sent);
    await pass(it.world, answerMs + 10_000);
    at.underWay.splice(0);
    await heardFromMeter(it.world.sale, at.meterId, old);
    expect(at.underWay).toEqual([sent]);
    await at.talk();
    expect(at.meter.record.totalCredited).toBe(100_000);
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    expect(await state(id)).toBe("delivered");
    // Nothing waits: an old record moves nothing any more.
    await heardFromMeter(it.world.sale, at.meterId, old);
    expect(at.underWay).toEqual([]);
  });

  test("a queued one may be given up, and the next takes its turn; a sent one may not", async () => {
    const at = await home();
    const buy = async (fen: number): Promise<Id> => {
      const { id } = value(await quote(at, fen));
      await confirmed(it.world, phone1, id);
      await prepaid(it.world, phone1, id);
      const no = [...it.earth.bank.trades.keys()].at(-1) ?? "";
      it.earth.bank.payOrder(no);
      await deliver(it.world);
      expect(await state(id)).toBe("paid");
      return id;
    };
    const first = await buy(3_000);
    const second = await buy(2_000);
    expect(value(await cancel(first)).state).toBe("refunding");
    await workOff(it.world);
    expect(await state(first)).toBe("refunded");
    await at.talk();
    expect(await state(second)).toBe("delivered");
    expect(at.meter.record.totalCredited).toBe(92_000);
    expect(await cancel(second)).toMatchObject({ ok: false, error: { code: "purchase.wrongState" } });
  });

  test("a process that dies between its commit and its command has sent nothing, and the record says so", async () => {
    const at = await home(30_000);
    const id = await bought(at);
    const link = it.world.sale.meterLink;
    it.world.sale.meterLink = { send: () => new Promise<never>(() => undefined) };
    void heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    while ((await state(id)) !== "issued") await new Promise(setImmediate);
    if (link !== undefined) it.world.sale.meterLink = link;
    await pass(it.world, answerMs + 10_000);
    await at.talk();
    expect(await state(id)).toBe("delivered");
    expect(at.meter.record.totalCredited).toBe(100_000);
  });

  test("a record that the books don't know: nothing is sent, and what is paid may be cancelled", async () => {
    const at = await home(30_000);
    const first = await bought(at);
    await workOff(it.world);
    await at.talk();
    expect(await state(first)).toBe("delivered");
    const second = await bought(at);
    at.meter.record = { purchaseNo: 7, amount: 1, totalCredited: 100_001 };
    await workOff(it.world);
    await at.talk();
    await workOff(it.world);
    expect(await state(second)).toBe("paid");
    if (name === "in memory")
      expect([...it.earth.staff.values()]).toMatchObject([{ kind: "purchase.paid", ref: second }]);
    expect(value(await cancel(second)).state).toBe("refunded");
  });

  test("a record that fits neither before nor after what was sent: people decide", async () => {
    const at = await home(30_000);
    const id = await bought(at);
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    at.underWay.splice(0);
    at.meter.record = { purchaseNo: 255, amount: 1, totalCredited: 90_001 };
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    expect(await state(id)).toBe("manual");
  });

  test("one recharge is paid for at a time, and no more than eight wait", async () => {
    const at = await home(100_000);
    const unpaid = value(await quote(at, 120_000));
    expect((await confirmed(it.world, phone1, unpaid.id)).state).toBe("paying");
    expect(await quote(at, 1_000)).toMatchObject({ ok: false, error: { code: "recharge.unpaid" } });
    await cancel(unpaid.id);
    for (let count = 0; count < 8; count++) await bought(at, 1_000);
    expect(await quote(at, 1_000)).toMatchObject({ ok: false, error: { code: "recharge.queueFull" } });
    await workOff(it.world);
    await at.talk();
    expect(at.meter.record).toMatchObject({ purchaseNo: 6, totalCredited: 98_000 });
  });

  describe("a meter that is replaced", () => {
    /** One recharge is unknown, another waits behind it; the meter has taken the first, or not. */
    const withOneUnknown = async (hasTaken: boolean) => {
      const at = await home(30_000);
      const [sent, waits] = [await bought(at), await bought(at, 5_000)];
      await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
      for (const command of at.underWay.splice(0)) if (hasTaken) at.meter.hears(command);
      await pass(it.world, answerMs + 10_000);
      at.underWay.splice(0);
      expect([await state(sent), await state(waits)]).toEqual(["unknown", "paid"]);
      return { at, sent, waits };
    };
    const replace = async ({ meterId, meter }: OnLink, says: boolean) => {
      const { purchaseNo: acceptedCount, totalCredited } = meter.record;
      const word = says ? { acceptedCount, totalCredited, remaining: 0, indexL: 0 } : null;
      const newMeterId = `${meterId}-2`;
      const about = { newIndexL: 0, ceiling: 0, cardSeq: -1, handedIn: false, owedFen: 0 };
      const stated: Stated = { ...about, newMeterId, word, approvedBy: ["maker", "checker"] };
      return await replaceBareMeter(it.world.sale, meterId, "money", stated, { key: newMeterId, fingerprint: "" });
    };
    const balance = async ({ accountId }: OnLink) => (await accountOf(it.world, accountId)).balanceFen;

    test.each([
      ["has taken what was sent: delivered", true, "delivered", 20_000],
      ["has not taken what was sent: given back", false, "refunded", 30_000],
    ] as const)("%s; what only waits is given back", async (_, hasTaken, outcome, left) => {
      const { at, sent, waits } = await withOneUnknown(hasTaken);
      expect(await replace(at, true)).toMatchObject({ ok: true });
      expect(await replace(at, true)).toMatchObject({ ok: true });
      // What it said before is heard only now: nothing is sent to a meter that is gone.
      await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
      await workOff(it.world);
      expect([await state(sent), await state(waits), await balance(at)]).toEqual([outcome, "refunded", left]);
      expect(at.underWay).toEqual([]);
      const loaded = await it.earth.store.load([{ kind: "meter", id: `${at.meterId}-2` }]);
      expect(loaded.get("meter", `${at.meterId}-2`)?.state).toMatchObject({ link: { counted: null, queue: [] } });
      expect(await quote(at, 1_000)).toMatchObject({ ok: false, error: { code: "meter.retired" } });
    });

    test("says nothing: two people decide first, and money may go back because nothing reaches it any more", async () => {
      const { at, sent } = await withOneUnknown(false);
      expect(await replace(at, false)).toMatchObject({ ok: false, error: { code: "meter.wordDisagrees" } });
      expect(await stateOf(it.world, sent)).toMatchObject({ state: "manual", meterGone: true });
      const by: [string, string] = ["a", "b"];
      // Nothing is sent to it any more, whatever is heard of it.
      await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
      expect(await quote(at, 1_000)).toMatchObject({ ok: false, error: { code: "meter.retired" } });
      const event = { type: "decided", to: "refunding", by, evidence: "index" } as const;
      await applyEvent(it.world.sale, sent, () => ({ do: "commit", event: { type: "purchase", event } }));
      await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
      expect(at.underWay).toEqual([]);
      expect(await replace(at, false)).toMatchObject({ ok: true });
      await workOff(it.world);
      expect(await balance(at)).toBe(30_000);
    });

    test("is not replaced while its recharge is on its way", async () => {
      const at = await home(30_000);
      await bought(at);
      await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
      expect(await replace(at, true)).toMatchObject({ ok: false, error: { code: "recharge.mayArrive" } });
    });
  });

  test("another server goes on with what the first one's memory held", async () => {
    const at = await home(30_000);
    const id = await bought(at);
    await heardFromMeter(it.world.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    const second = makeWorld(it.earth);
    for (const command of at.underWay.splice(0)) at.meter.hears(command);
    await heardFromMeter(second.sale, at.meterId, at.meter.hears({ kind: "readRecord" }));
    expect(await state(id)).toBe("delivered");
  });
});

test("the meter of these tests refuses every number but the next", () => {
  const meter = new TestMeter();
  for (const purchaseNo of [254, 0, 1]) meter.hears({ kind: "recharge", purchaseNo, amount: 5 });
  expect(meter.record.totalCredited).toBe(90_000);
});

/** The demo city: complete, repeatable, its books balanced, and its cards what their labels say. */
import { classify, fromHex, identifyImage, layoutByName } from "@citygas/gascard";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { derivedId } from "../purchases/derivedId.ts";
import { type TestServer, testServer } from "../server.testkit.ts";
import { demoCustomers, demoTerminals } from "./fixtures.ts";
import { seedDemo } from "./seed.ts";

let test: TestServer;
beforeAll(async () => {
  test = await testServer({ demo: true });
});
afterAll(() => test.stop());

const seed = () => {
  const found = test.server.demo?.sandboxSeed;
  if (found === null || found === undefined) throw new Error("no demo");
  return found;
};
const customer = (number: string) => test.server.ctx.registry.customer(derivedId("demo", "account", number));
const imageOf = (id: string): Uint8Array => {
  const image = fromHex(seed().cards.find((card) => card.id === id)?.imageHex ?? "");
  if (image === null) throw new Error(`no image of ${id}`);
  return image;
};
const purchaseOf = async (number: string) => {
  const id = derivedId("demo", "purchase", number);
  return (await test.server.ctx.store.load([{ kind: "purchase", id }])).get("purchase", id)?.state;
};

describe("the demo city", () => {
  it("has the manual's customer by amount", async () => {
    const found = await customer("031140086");
    expect(found).toMatchObject({
      holderName: "秦淮人家6-3-501",
      address: "秦淮人家6号楼3单元501室",
      room: "501室",
      unit: { company: "洪通燃气", hotline: "0996-2959627" },
      meter: { unit: "amount", settlement: "meter" },
      debts: [],
      deductions: [],
      later: false,
    });
    expect(found?.tariff[0]?.limits.perPurchaseFen).toBe(150_000);
    const account = await test.admin("GET", "/accounts?number=031140086");
    expect(account.body.items).toMatchObject([{ balanceFen: 30, heldFen: 0, block: null }]);
  });

  it("has the manual's customer by volume, without a limit of its own", async () => {
    const found = await customer("031120300");
    expect(found).toMatchObject({ holderName: "洪通食堂LNG项目部", meter: { unit: "volume", ceiling: 0 } });
    expect(found?.tariff[0]?.limits).toEqual({ perPurchaseFen: null, perPurchaseL: null, beforeChange: null });
    expect(found?.quick).toEqual([50_000, 100_000, 150_000, 200_000, 250_000]);
  });

  it("has a controller of each kind", async () => {
    const listed = await test.admin("GET", "/controllers");
    expect(listed.body.items).toHaveLength(2);
    expect(new Set((listed.body.items as { kind: string }[]).map(({ kind }) => kind))).toEqual(new Set(["ic", "iot"]));
  });

  it("keeps books and balances in agreement", async () => {
    const sums = new Map<string, number>();
    for (const { commodity, amount } of await test.server.ctx.store.trialBalance())
      sums.set(commodity, (sums.get(commodity) ?? 0) + amount);
    expect([...sums.values()].every((sum) => sum === 0)).toBe(true);
    expect(sums.size).toBeGreaterThan(0);
  });

  it.each([
    ["031140101", "delivered"],
    ["031120101", "unknown"],
    ["031120102", "unknown"],
    ["032120103", "paid"],
    ["031140110", "manual"],
  ])("%s has a purchase that is %s", async (number, state) => {
    expect((await purchaseOf(number))?.state).toBe(state);
  });

  it("has a torn card that is torn by its own script, and an open one that is unwritten", async () => {
    for (const [id, number, expected] of [
      ["torn", "031120101", "torn"],
      ["open-purchase", "031120102", "unwritten"],
    ] as const) {
      const p = await purchaseOf(number);
      const layout = layoutByName("open-b-volume");
      const [before, after] = [fromHex(p?.script?.before ?? ""), fromHex(p?.script?.after ?? "")];
      if (!p || !layout || !before || !after || p.countBefore === null || p.totalBefore === null) throw new Error(id);
      const delivers = p.breakdown.delivers;
      const amount = { kind: "volume" as const, volumeL: delivers.kind === "volume" ? delivers.volumeL : 0 };
      const bought = { countBefore: p.countBefore, totalBefore: p.totalBefore, amount, boughtOn: "2026-01-01" };
      expect(classify(layout, imageOf(id), before, after, null, bought)).toBe(expected);
    }
  });

  it("has every card in the tray named once, each formatted one known by its number or meant to be unknown", async () => {
    const ids = seed().cards.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const strangers = ["blank", "tool", "foreign", "unknown", "worn", "mute"];
    expect(ids).toEqual(expect.arrayContaining([...strangers, "replaced", "replacement", "lost", "qinhuai"]));
    for (const { id, imageHex, pscHex, chip } of seed().cards) {
      if (strangers.includes(id) || chip !== undefined) continue;
      const found = identifyImage(fromHex(imageHex ?? "") ?? new Uint8Array());
      if (!found.ok) throw new Error(`${id}: ${found.problem}`);
      expect(await test.server.ctx.registry.cardIdByNumber(found.identity.cardNumber), id).toBeDefined();
      expect(pscHex, id).toBe(await test.server.ctx.keys.cardSecret(found.identity.cardNumber));
    }
  });

  it("has a card of each open layout, on the chip it belongs to", () => {
    const chipsOf = seed().cards.map(({ chip }) => chip?.kind ?? "sle4442");
    expect(new Set(chipsOf)).toEqual(new Set(["sle4442", "cpu", "at24c02"]));
    const layouts = new Set(seed().meters.map(({ layout }) => layout ?? "open-b"));
    expect(layouts).toEqual(new Set(["open-a", "open-b", "open-b-cpu", "open-b-sm4", "open-c"]));
  });

  it("is the same after a second start, which makes new codes for terminals that are not paired", async () => {
    const again = await seedDemo(test.server.ctx);
    expect(again.sandboxSeed).toEqual(seed());
    expect(Object.keys(again.pairingCodes).sort()).toEqual(demoTerminals.map(({ name }) => name).sort());
    expect(again.pairingCodes).not.toEqual(test.server.demo?.pairingCodes);
    const { rows } = await test.server.ctx.db.query<{ n: number }>("select count(*) as n from account_registration");
    expect(rows[0]?.n).toBe(demoCustomers.length);
  });

  it("finishes a seeding that was cut short", async () => {
    const { db } = test.server.ctx;
    await db.query("delete from server_value where name = 'demo.cards'");
    const before = await purchaseOf("031120101");
    const again = await seedDemo(test.server.ctx);
    expect(again.sandboxSeed).toEqual(seed());
    expect(await purchaseOf("031120101")).toEqual(before);
    const balances = await test.admin("GET", "/accounts?number=031140086");
    expect(balances.body.items).toMatchObject([{ balanceFen: 30 }]);
  });
});

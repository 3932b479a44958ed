/**
 * A card of each layout on its own chip, in a whole city: class A and B on an SLE4442, B on a CPU card, C on an AT24C02.
 * Each is sold to; A and B are finished at the other kiosk after a tear, C goes to a person. And nowhere in any log,
 * however talkative, stands a secret that was used.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cardOf } from "./books.ts";
import { type Oracle, oracleOf, reaches, settled } from "./oracle.ts";
import { holds, logFiles, secretsUsed } from "./secrets.ts";
import { type Customer, carryHome, customerAt, customersAt, goTo, takeOut } from "./steps.ts";
import { startWorld, type World } from "./world.ts";

const accounts = { a: "031120109", b: "031140086", cpu: "031140115", c: "031120110" } as const;
const households = {
  a: { account: accounts.a, entry: "4" },
  b: { account: accounts.b, entry: "10" },
  cpu: { account: accounts.cpu, entry: "10" },
  c: { account: accounts.c, entry: "4" },
} as const;
type Which = keyof typeof accounts;
const all = ["a", "b", "cpu", "c"] as const;

describe("a card of each layout", () => {
  let world: World;
  let oracle: Oracle;
  let elsewhere: Customer;
  let customer: (which: Which) => Customer;

  beforeAll(async () => {
    world = await startWorld({ env: { CITYGAS_LOG: "trace" } });
    customer = await customersAt(world, "kiosk-1", households, all);
    elsewhere = await customerAt(world, "kiosk-2", accounts.a, households.a.entry);
    oracle = await oracleOf(world, Object.values(accounts));
  });
  afterAll(async () => {
    for (const hand of [customer("a").hand, elsewhere.hand]) hand.close();
    await world?.stop();
  });

  it.each(all)("%s: sold, written, and taken by its meter", async (which) => {
    const buyer = customer(which);
    const before = await world.sandbox.meter(buyer.meter);
    await goTo(world, buyer, "success");
    await carryHome(world, buyer);
    await settled(world);
    expect((await world.sandbox.meter(buyer.meter)).count).toBe(before.count + 1);
    expect(await oracle.delivered(buyer.account)).toBe(1);
    await oracle.holds();
  });

  it("a CPU card's command was made for its challenge, once, and for no other card", async () => {
    const seals = await world.query<{ number: string }>(
      `select r.number from card_seal s join card_write w on w.id = s.script_id
       join purchase p on p.id = w.purchase_id join account_registration r on r.id = p.account_id`,
    );
    expect(seals).toEqual([{ number: accounts.cpu }]);
  });

  it.each(["a", "cpu"] as const)("%s: pulled in the middle, finished at the other kiosk", async (which) => {
    const buyer = customer(which);
    const before = await world.sandbox.meter(buyer.meter);
    await goTo(world, buyer, "pay");
    await world.sandbox.tear(buyer.card, 2);
    await world.sandbox.present("wechat", buyer.kiosk);
    await buyer.hand.sees("writeFailed");
    await reaches(world, buyer.account, "unknown");
    elsewhere.hand.blink();
    await world.sandbox.insert(buyer.card, "kiosk-2");
    await elsewhere.hand.sees("success");
    await carryHome(world, buyer);
    await settled(world);
    expect((await world.sandbox.meter(buyer.meter)).count).toBe(before.count + 1);
    await oracle.holds();
  });

  it("c: pulled in the middle, no reader writes it again and a person is asked", async () => {
    const buyer = customer("c");
    await goTo(world, buyer, "pay");
    await world.sandbox.tear(buyer.card, 2);
    await world.sandbox.present("wechat", buyer.kiosk);
    await buyer.hand.sees("writeFailed");
    await reaches(world, buyer.account, "unknown");
    const torn = await world.sandbox.image(buyer.card);
    elsewhere.hand.blink();
    await world.sandbox.insert(buyer.card, "kiosk-2");
    await elsewhere.hand.sees(["writeFailed", "refused"]);
    await reaches(world, buyer.account, "manual");
    expect(await world.sandbox.image(buyer.card)).toBe(torn);
    await takeOut(world, buyer.card);
    const tasks = await world.query<{ kind: string }>(
      `select t.kind from staff_task t join purchase p on p.id = t.ref join account_registration r
       on r.id = p.account_id where r.number = $1 and t.closed_at is null`,
      [buyer.account],
    );
    expect(tasks).toHaveLength(1);
  });

  it("no log and no journal holds a secret that was used, or a master", async () => {
    const secrets = secretsUsed(world, await Promise.all(Object.values(accounts).map((n) => cardOf(world, n))));
    // Three masters, the one secret of class B, the first and those after two sales of class A, a CPU card's keys for commands
    // and proofs.
    expect(secrets).toHaveLength(3 + 1 + 3 + 2);
    const files = logFiles(world.dataDir);
    const names = files.map(({ name }) => name).sort();
    expect(names).toEqual(
      ["journal.log", "journal.log", "kiosk-1.log", "kiosk-2.log", "sandbox.log", "server.log"].sort(),
    );
    const server = files.find(({ name }) => name === "server.log")?.text ?? "";
    // It did talk about each request, the seals among them.
    expect(server.includes("/card-sessions/:id/seals")).toBe(true);
    for (const { name, text } of files)
      for (const secret of secrets) expect(holds(text, secret), `${name}: ${secret.length / 2} bytes`).toBe(false);
    // The look itself: a line as a careless log would have it is found.
    for (const secret of secrets) expect(holds(`{"apdu":"ff20000003${secret}"}`, secret)).toBe(true);
    expect(holds("ff20000003a1b2c3", "a1b2c3")).toBe(true);
    expect(holds('"secret":"a1b2c3"', "a1b2c3")).toBe(true);
  });
});

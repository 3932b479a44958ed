/**
 * A kiosk whose reader is a motorised one on a serial line: it draws the card in, holds it while it is written, and gives it
 * back. A line of frames may refuse, spoil and lose them; the mechanics may jam; the supply may fail in the middle of a write.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@citygas/city";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { booksBalance } from "./books.ts";
import { reaches } from "./oracle.ts";
import { type Customer, carryHome, customersAt, goTo, takeOut } from "./steps.ts";
import { startWorld, until, type World } from "./world.ts";

const lateMs = 180_000;
/** A reader that stays silent is asked again after each lost line. */
const patienceMs = 60_000;
const cards = {
  b: { account: "031140086", entry: "10" },
  cpu: { account: "031140115", entry: "10" },
  c: { account: "031120110", entry: "4" },
} as const;
type Which = keyof typeof cards;
const all = ["b", "cpu", "c"] as const;

interface Motor {
  place: "none" | "atGate" | "inside";
  jammed: boolean;
}

describe("a kiosk with a motorised reader", () => {
  let world: World;
  let customer: (which: Which) => Customer;

  beforeAll(async () => {
    const port = await freePort();
    world = await startWorld({
      env: { SANDBOX_CRT: `kiosk-1=${port}`, CITYGAS_READERS: `kiosk-1=crt:tcp://127.0.0.1:${port}` },
    });
    customer = await customersAt(world, "kiosk-1", cards, all);
    await customer("b").hand.sees("home");
  });
  afterAll(async () => {
    customer?.("b").hand.close();
    await world?.stop();
  });
  beforeEach(async () => {
    await world.sandbox.faults({ faults: [] });
  });

  const motor = async (): Promise<Motor> => {
    const { readers } = await world.sandbox.call<{ readers: { id: string; motor: Motor | null }[] }>("GET", "/readers");
    const found = readers.find(({ id }) => id === "kiosk-1")?.motor;
    if (found === undefined || found === null) throw new Error("not motorised");
    return found;
  };
  const comesTo = (place: Motor["place"]): Promise<void> =>
    until(
      async () => (await motor()).place === place,
      20_000,
      () => `the card did not come to ${place}`,
    );
  /** The code held up; the card comes back by itself, and is carried to its meter. */
  async function soldAndGivenBack(buyer: Customer): Promise<void> {
    const before = await world.sandbox.meter(buyer.meter);
    await goTo(world, buyer, "account");
    expect(await motor()).toEqual({ place: "inside", jammed: false });
    buyer.hand.key(buyer.entry);
    buyer.hand.act({ do: "ok" });
    await buyer.hand.sees("confirm");
    buyer.hand.act({ do: "pay" });
    await buyer.hand.sees("pay");
    await world.sandbox.present("wechat", buyer.kiosk);
    await buyer.hand.sees("success");
    await reaches(world, buyer.account, "delivered");
    buyer.hand.act({ do: "done" });
    await comesTo("atGate");
    await carryHome(world, buyer);
    expect((await world.sandbox.meter(buyer.meter)).count).toBe(before.count + 1);
    await booksBalance(world);
  }

  it.each(all)(
    "%s: drawn in, sold, and given back when the customer is told to take it",
    { timeout: lateMs },
    (which) => soldAndGivenBack(customer(which)),
  );

  it("frames refused and replies spoilt on the way: the sale goes on, each command done once", {
    timeout: lateMs,
  }, async () => {
    await world.sandbox.faults({
      faults: [
        { name: "readerRefusesFrames", times: 2 },
        { name: "readerSpoilsReplies", times: 2 },
      ],
    });
    await soldAndGivenBack(customer("b"));
  });

  it("a card that jams on its way out: out of service until it was taken out by hand", {
    timeout: lateMs,
  }, async () => {
    const buyer = customer("b");
    await goTo(world, buyer, "account");
    await world.sandbox.faults({ faults: [{ name: "readerJam", times: 1 }] });
    buyer.hand.act({ do: "back" });
    await until(
      async () => (await motor()).jammed,
      20_000,
      () => "nothing jammed",
    );
    await buyer.hand.sees("outOfService", patienceMs);
    await takeOut(world, buyer.card);
    await buyer.hand.sees("home", patienceMs);
    expect(agentLog()).toMatch(/the card reader says: jam/);
  });

  it("power lost in the middle of a write: kept inside, and finished by the same kiosk", {
    timeout: lateMs,
  }, async () => {
    const buyer = customer("b");
    const before = await world.sandbox.meter(buyer.meter);
    const blank = await world.sandbox.image(buyer.card);
    await goTo(world, buyer, "pay");
    await world.sandbox.faults({ faults: [{ name: "readerPowerLost", times: 1 }] });
    await world.sandbox.present("wechat", buyer.kiosk);
    await reaches(world, buyer.account, "unknown");
    expect(await world.sandbox.image(buyer.card)).not.toBe(blank);
    await reaches(world, buyer.account, "delivered");
    await carryHome(world, buyer);
    expect((await world.sandbox.meter(buyer.meter)).count).toBe(before.count + 1);
    await booksBalance(world);
  });

  it("a reader of F2 frames: out of service, and the log says why", { timeout: lateMs }, async () => {
    const { hand } = customer("b");
    await world.sandbox.faults({ faults: [{ name: "readerF2", times: "always" }] });
    await hand.sees("outOfService", patienceMs);
    await until(
      async () => /speaks frames that begin with F2/.test(agentLog()),
      10_000,
      () => agentLog(),
    );
    await world.sandbox.faults({ faults: [] });
    await hand.sees("home", patienceMs);
  });

  const agentLog = (): string => readFileSync(join(world.dataDir, "log", "kiosk-1.log"), "utf8");
});

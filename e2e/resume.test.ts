/**
 * What was begun is finished, elsewhere or later: a card pulled in the middle of its write, and a city whose every
 * process was killed, or stopped, in the middle of a sale.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chargesOf, type Oracle, oracleOf, reaches, settled } from "./oracle.ts";
import { type Customer, carryHome, customerAt, goTo } from "./steps.ts";
import { startWorld, until, type World } from "./world.ts";

const long = process.env.CITYGAS_LONG !== undefined;
const lateMs = 600_000;
/** Bytes of the write after which the card is pulled. Only changed bytes are written: of a new amount and count, seven. */
const tears = long ? [0, 1, 2, 3, 4, 5, 6] : [0, 2, 4];
/** By chance a checksum's byte may stay as it was; the write then has fewer. */
const surelyWritten = 5;

describe("a sale that was interrupted", () => {
  let world: World;
  let oracle: Oracle;
  let first: Customer;
  let second: Customer;

  beforeAll(async () => {
    world = await startWorld();
    first = await customerAt(world, "kiosk-1", "031140086", "10");
    second = await customerAt(world, "kiosk-2", "031120300", "4");
    oracle = await oracleOf(world, [first.account, second.account]);
  });
  afterEach(async () => {
    await Promise.all([first, second].map((who) => carryHome(world, who)));
    await oracle.holds();
  });
  afterAll(async () => {
    for (const who of [first, second]) who?.hand.close();
    await world?.stop();
  });

  it("is finished at the other kiosk when the card was pulled in the middle of its write", {
    timeout: lateMs,
  }, async () => {
    for (const [turn, bytes] of tears.entries()) {
      const [before, charged] = [await oracle.delivered(first.account), await chargesOf(world, first.account)];
      const meterBefore = await world.sandbox.meter(first.meter);
      await goTo(world, { ...first, entry: turn % 2 === 0 ? "321" : "10" }, "pay");
      await world.sandbox.tear(first.card, bytes);
      await world.sandbox.present("wechat", first.kiosk);
      const shown = await first.hand.sees(["writeFailed", "success"]);
      if (shown.name === "success") {
        expect(bytes).toBeGreaterThanOrEqual(surelyWritten);
        await carryHome(world, first);
        continue;
      }
      await reaches(world, first.account, "unknown");
      second.hand.blink();
      await world.sandbox.insert(first.card, "kiosk-2");
      await second.hand.sees("resuming");
      await second.hand.sees("success");
      expect((await oracle.delivered(first.account)) - before, `after ${bytes} bytes`).toBe(1);
      expect((await chargesOf(world, first.account)) - charged, `after ${bytes} bytes`).toBe(1);
      await carryHome(world, first);
      expect((await world.sandbox.meter(first.meter)).count).toBe(meterBefore.count + 1);
    }
  });

  it("goes on after everything was killed at once", { timeout: lateMs }, async () => {
    const before = await Promise.all([oracle.delivered(first.account), oracle.delivered(second.account)]);
    // One card is being written, the other customer's phone waits for the password.
    await goTo(world, second, "payWaiting", "phone-2");
    await reaches(world, second.account, "pending");
    await goTo(world, first, "pay");
    await world.sandbox.present("wechat", first.kiosk);
    await first.hand.sees("writing");
    const acknowledged = await world.query<{ count: number }>("select count(*)::int as count from event");
    await world.killAll();
    await nobodyLeft();

    const began = performance.now();
    await world.start();
    console.log(`ready ${seconds(began)} s after a kill -9 of everything`);
    const kept = await world.query<{ count: number }>("select count(*)::int as count from event");
    expect(kept[0]?.count ?? 0).toBeGreaterThanOrEqual(acknowledged[0]?.count ?? 0);
    await first.hand.sees(["success", "gasOnCard"], 60_000);
    const paid = await paysAfterAll(second);
    await settled(world);
    const after = await Promise.all([oracle.delivered(first.account), oracle.delivered(second.account)]);
    expect(after).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + (paid ? 1 : 0)]);
  });

  it("goes on after Ctrl-C, which leaves no process behind", { timeout: lateMs }, async () => {
    const before = await oracle.delivered(first.account);
    await goTo(world, first, "payWaiting", "phone-2");
    await reaches(world, first.account, "pending");
    expect(world.processes().length).toBeGreaterThan(Object.keys(world.pids()).length);
    await world.interrupt();
    await nobodyLeft();

    const began = performance.now();
    await world.start();
    console.log(`ready ${seconds(began)} s after Ctrl-C`);
    const paid = await paysAfterAll(first);
    await settled(world);
    expect(await oracle.delivered(first.account)).toBe(before + (paid ? 1 : 0));
  });

  /** Enters the password; where the start took longer than the wallet waits (45 s), the sale begins anew. */
  const paysAfterAll = async ({ hand }: Customer): Promise<boolean> => {
    const { name } = await hand.sees(["payWaiting", "account"], 60_000);
    if (name === "account") return false;
    await world.sandbox.password(true, "phone-2");
    await hand.sees("success", 60_000);
    return true;
  };

  /** The database's and the compiler's own processes follow a killed parent within a moment. */
  const nobodyLeft = () =>
    until(
      async () => world.processes().length === 0,
      10_000,
      () => `still there: ${world.processes()}`,
    );
});

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

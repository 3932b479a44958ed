/**
 * The kiosk sells through the real PC/SC service: agent → pcsc-mini → pcscd → virtual reader → our virtual card. What
 * was written is read back by Debian's own tool through the same service.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { booksBalance } from "./books.ts";
import { type OmnikeyProxy, omnikeyConfig, omnikeyName, omnikeyProxy } from "./omnikey.ts";
import { reaches } from "./oracle.ts";
import { missingForPcsc, type Pcscd, scriptor, slotNames, slotPorts, startPcscd } from "./pcscd.ts";
import { type Customer, carryHome, customerAt, goTo, takeOut } from "./steps.ts";
import { startWorld, type World } from "./world.ts";

const missing = missingForPcsc();
const lateMs = 300_000;
/** A client learns of a service that was killed only when its own wait of half a minute ends. */
const patienceMs = 90_000;

describe.skipIf(missing.length > 0)(
  `over PC/SC${missing.length > 0 ? ` (missing: ${missing.join(", ")})` : ""}`,
  () => {
    let service: Pcscd;
    let world: World;
    let who: Customer;

    beforeAll(async () => {
      service = await startPcscd();
      world = await startWorld({
        env: {
          SANDBOX_VPCD: `kiosk-1=${slotPorts[0]},desk-1=${slotPorts[1]}`,
          CITYGAS_READERS: `kiosk-1=pcsc:${slotNames[0]}`,
        },
      });
      who = await customerAt(world, "kiosk-1", "031140086", "10");
    });
    afterAll(async () => {
      who?.hand.close();
      await world?.stop();
      await service?.stop();
    });

    it("sells, and Debian's scriptor reads from the card what was written", { timeout: lateMs }, async () => {
      await who.hand.sees(["home", "insertCard"]);
      await goTo(world, who, "pay");
      await world.sandbox.present("wechat", who.kiosk);
      await who.hand.sees("success");
      await reaches(world, who.account, "delivered");
      await takeOut(world, who.card);

      await world.sandbox.call("POST", `/cards/${who.card}/insert`, { reader: "desk-1" });
      const [selected, main] = await answered(() => scriptor(slotNames[1], ["FF A4 00 00 01 06", "FF B0 00 00 00"]));
      expect(selected).toBe("9000");
      expect(main).toBe(`${await world.sandbox.image(who.card)}9000`);
      await carryHome(world, who);
      await booksBalance(world);
    });

    it("finishes at the next insertion what was torn in the middle of a write", { timeout: lateMs }, async () => {
      const before = await world.sandbox.meter(who.meter);
      await goTo(world, who, "pay");
      await world.sandbox.tear(who.card, 2);
      await world.sandbox.present("wechat", who.kiosk);
      await who.hand.sees("writeFailed");
      await reaches(world, who.account, "unknown");
      who.hand.blink();
      await world.sandbox.insert(who.card, "kiosk-1");
      await who.hand.sees("success");
      await reaches(world, who.account, "delivered");
      await carryHome(world, who);
      expect((await world.sandbox.meter(who.meter)).count).toBe(before.count + 1);
      await booksBalance(world);
    });

    it("goes out of service with pcscd and comes back with it", { timeout: lateMs }, async () => {
      await service.kill();
      await who.hand.sees("outOfService", patienceMs);
      await service.start();
      await who.hand.sees("home", patienceMs);
      await goTo(world, who, "account");
      await takeOut(world, who.card);
    });
  },
);

/** A reader of another family, known by its name. */
describe.skipIf(missing.length > 0)(
  `over PC/SC with an OMNIKEY${missing.length > 0 ? ` (missing: ${missing.join(", ")})` : ""}`,
  () => {
    let service: Pcscd;
    let proxy: OmnikeyProxy;
    let world: World;
    let who: Customer;

    beforeAll(async () => {
      service = await startPcscd(["-c", omnikeyConfig()]);
      proxy = await omnikeyProxy();
      world = await startWorld({
        env: { SANDBOX_VPCD: `kiosk-1=${proxy.port}`, CITYGAS_READERS: `kiosk-1=pcsc:${omnikeyName}` },
      });
      who = await customerAt(world, "kiosk-1", "031140086", "10");
    });
    afterAll(async () => {
      who?.hand.close();
      await world?.stop();
      await proxy?.close();
      await service?.stop();
    });

    it("sells with HID's commands and none of ACS's", { timeout: lateMs }, async () => {
      await who.hand.sees(["home", "insertCard"]);
      await goTo(world, who, "pay");
      await world.sandbox.present("wechat", who.kiosk);
      await who.hand.sees("success");
      await reaches(world, who.account, "delivered");
      const { heard } = proxy;
      expect(heard.filter((command) => command.startsWith("ff20"))).toHaveLength(1);
      expect(heard.some((command) => command.startsWith("ffd6"))).toBe(true);
      expect(heard.filter((command) => /^ff(b1|b2|d0|d1|d2)/.test(command))).toEqual([]);
      await takeOut(world, who.card);
      await carryHome(world, who);
      await booksBalance(world);
    });
  },
);

/** The service looks at its slots a few times a second: a card just put in answers a moment later. */
async function answered(ask: () => string[]): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    try {
      const answers = ask();
      if (answers.length > 0) return answers;
    } catch (error) {
      if (tries >= 20) throw error;
    }
    if (tries >= 20) return [];
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/**
 * kill -9 of one part at a time, in every state of the kiosk's flow and of the purchase. After each death the sale ends
 * as gas on the card or as money back; nothing is charged twice; all that was acknowledged is still there.
 */
import type { Screen } from "@citygas/kiosk-agent";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AgentDeath, agentDeaths, breakAgent, crashAt, nameOf, sellUntilDead } from "./agentDeaths.ts";
import { launchChromium } from "./chromium.ts";
import { type KioskScreen, openKiosk } from "./kiosk.ts";
import { chargesOf, isAsked, newest, type Oracle, oracleOf, reaches, settled } from "./oracle.ts";
import { type Customer, carryHome, customerAt, goTo, takeOut } from "./steps.ts";
import { startWorld, until, type World } from "./world.ts";

const long = process.env.CITYGAS_LONG !== undefined;
const lateMs = 600_000;

describe("kill -9", () => {
  let world: World;
  let browser: Browser;
  let page: KioskScreen;
  let oracle: Oracle;
  let first: Customer;
  let second: Customer;
  let third: Customer;

  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld({ finishMinutes: 1 }), launchChromium()]);
    first = await customerAt(world, "kiosk-1", "031140086", "10");
    second = await customerAt(world, "kiosk-2", "031120300", "4");
    third = await customerAt(world, "kiosk-2", "031120104", "4");
    oracle = await oracleOf(world, [first.account, second.account, third.account]);
    page = await openKiosk(browser, world.url);
  });
  afterEach(async () => {
    await world.healthy();
    for (const who of [first, second, third]) await carryHome(world, who);
    await settled(world);
    await oracle.holds();
  });
  afterAll(async () => {
    for (const who of [first, second, third]) who?.hand.close();
    await browser?.close();
    await world?.stop();
  });

  /** The money is in; the agent dies, and the customer takes the card home before it is back. */
  const paysAndLeaves = async () => {
    await goTo(world, third, "pay");
    crashAt(world, third.kiosk, "afterPaid");
    await world.sandbox.present("wechat", third.kiosk);
    await reaches(world, third.account, "paid");
    await takeOut(world, third.card);
  };
  const isRefunded = async () => {
    await reaches(world, third.account, "refunded", 120_000);
    await world.healthy();
    await third.hand.sees("home", 60_000);
    await world.sandbox.insert(third.card, third.kiosk);
    const { notice } = await third.hand.sees("account");
    expect(notice?.kind).toBe("refunded");
    expect(await oracle.delivered(third.account)).toBe(0);
  };

  it("of an agent that was paid, and nobody came back with the card", { timeout: lateMs }, paysAndLeaves);

  it("of an agent that does not come back while its payment waits", { timeout: lateMs }, async () => {
    await goTo(world, second, "payWaiting", "phone-2");
    await reaches(world, second.account, "pending");
    const mend = breakAgent(world, second.kiosk);
    world.kill(second.kiosk);
    // Nobody waits there any more: given up because of that, long before or long after the password would be typed.
    await reaches(world, second.account, "void", 120_000);
    const [row] = await world.query<{ reason: string }>(
      `select p.state->>'reason' as reason from purchase p join account_registration r on r.id = p.account_id
       where r.number = $1 order by p.quoted_at desc limit 1`,
      [second.account],
    );
    expect(row?.reason).toBe("terminalGone");
    await takeOut(world, second.card);
    mend();
    await world.healthy();
    // The line was lost with the agent, so what is seen is shown by the new one. Back again, it tells the customer what
    // the centre has come to know meanwhile.
    await second.hand.sees("home", 60_000);
    await world.sandbox.insert(second.card, second.kiosk);
    expect((await second.hand.sees("account")).notice?.kind).toBe("cancelled");
  });

  it("of a kiosk's agent, in every state of the flow", { timeout: lateMs }, async () => {
    const deaths = agentDeaths.filter(({ short }) => long || short === true);
    // Two kiosks at once; the first one's screen stands open in a browser all the while.
    const lane = async (who: Customer, turn: number): Promise<void> => {
      for (const death of deaths.filter((_, index) => index % 2 === turn)) await dieAndComeBack(who, death);
    };
    await Promise.all([lane(first, 0), lane(second, 1)]);
  });

  async function dieAndComeBack(who: Customer, death: AgentDeath): Promise<void> {
    const [before, charged] = [await oracle.delivered(who.account), await chargesOf(world, who.account)];
    await sellUntilDead(world, who, death);
    const diedAt = performance.now();
    await who.hand.sees(death.back);
    if (death.back === "payWaiting") {
      await world.sandbox.password(true, death.phone);
      await who.hand.sees("success");
    }
    if (who === first) await page.sees(wordsOf(death.back));
    await carryHome(world, who);
    const sold = death.sold ? 1 : 0;
    await until(
      async () => (await oracle.delivered(who.account)) === before + sold,
      30_000,
      () => `${nameOf(death)}: not ${sold === 1 ? "sold" : "given up"}`,
    );
    expect((await chargesOf(world, who.account)) - charged, nameOf(death)).toBe(sold);
    report(`agent of ${who.kiosk} ${nameOf(death)}`, diedAt);
  }

  /** What is done before the server dies (up to the state it dies in), and what the customer does then. */
  interface Death {
    state: string;
    before(): Promise<unknown>;
    afterwards(): Promise<unknown>;
    sold: boolean;
    short?: true;
  }
  const pay = () => world.sandbox.present("wechat", first.kiosk);
  const success = () => first.hand.sees("success", 60_000);
  const waitsForPassword = async () => {
    await goTo(world, first, "payWaiting", "phone-2");
    await reaches(world, first.account, "pending");
  };
  /** Gives up a payment that waits for its password. */
  const pullsWhilePaying = async () => {
    await waitsForPassword();
    await takeOut(world, first.card);
    await reaches(world, first.account, "closing");
  };
  const isVoid = () => reaches(world, first.account, "void", 120_000);

  const startsWriting = async () => {
    await goTo(world, first, "pay");
    await pay();
    await first.hand.sees("writing");
  };
  /** Where the write was over before the death came, the card has its gas when it is looked at again. */
  const hasGas = () => first.hand.sees(["success", "gasOnCard"], 60_000);

  const serverDeaths: readonly Death[] = [
    { state: "being written", before: startsWriting, afterwards: hasGas, sold: true },
    {
      state: "quoted",
      before: () => goTo(world, first, "confirm"),
      afterwards: async () => {
        first.hand.act({ do: "pay" });
        await first.hand.sees("pay");
        await pay();
        await success();
      },
      sold: true,
    },
    {
      state: "paying",
      before: () => goTo(world, first, "pay"),
      afterwards: async () => {
        await pay();
        await success();
      },
      sold: true,
    },
    {
      state: "submitted",
      before: async () => {
        await goTo(world, first, "pay");
        await world.sandbox.faults({ faults: [{ name: "slow", gateway: "wechat", seconds: 5 }] });
        await pay();
        await isAsked(world, first.account);
      },
      afterwards: success,
      sold: true,
      short: true,
    },
    {
      state: "submitted, and the answer was lost",
      before: async () => {
        await goTo(world, first, "pay");
        await world.sandbox.faults({ faults: [{ name: "dropReply", gateway: "wechat" }] });
        await pay();
        await isAsked(world, first.account);
      },
      afterwards: success,
      sold: true,
    },
    {
      state: "pending",
      before: waitsForPassword,
      afterwards: async () => {
        await world.healthy();
        await world.sandbox.password(true, "phone-2");
        await success();
      },
      sold: true,
    },
    { state: "closing", before: pullsWhilePaying, afterwards: isVoid, sold: false, short: true },
    {
      state: "reversing",
      before: async () => {
        await pullsWhilePaying();
        await reaches(world, first.account, "reversing");
      },
      afterwards: isVoid,
      sold: false,
    },
    {
      state: "reversing, and the money comes late",
      before: async () => {
        await goTo(world, first, "pay");
        await world.sandbox.faults({ faults: [{ name: "lateAfterReverse", gateway: "wechat" }] });
        await pay();
        await reaches(world, first.account, "submitted");
        await takeOut(world, first.card);
        await reaches(world, first.account, "reversing");
      },
      afterwards: isVoid,
      sold: false,
    },
    {
      state: "paid",
      before: async () => {
        await goTo(world, first, "pay");
        crashAt(world, first.kiosk, "afterPaid");
        await pay();
        await reaches(world, first.account, "paid");
      },
      afterwards: success,
      sold: true,
      short: true,
    },
    {
      state: "issued",
      before: async () => {
        await goTo(world, first, "pay");
        crashAt(world, first.kiosk, "afterJournalScript");
        await pay();
        await reaches(world, first.account, "issued");
      },
      afterwards: success,
      sold: true,
      short: true,
    },
    {
      state: "unknown",
      before: async () => {
        await goTo(world, first, "pay");
        await world.sandbox.tear(first.card, 1);
        await pay();
        await reaches(world, first.account, "unknown");
      },
      afterwards: async () => {
        await world.healthy();
        await world.sandbox.insert(first.card, first.kiosk);
        await success();
      },
      sold: true,
    },
    {
      state: "refunding",
      before: async () => {
        await reaches(world, third.account, "refunded", 120_000);
        await world.sandbox.faults({ faults: [{ name: "refundProcessing" }] });
        await paysAndLeaves();
        await reaches(world, third.account, "refunding", 120_000);
      },
      afterwards: isRefunded,
      sold: false,
    },
    {
      state: "delivered",
      before: async () => {
        await goTo(world, first, "success");
      },
      afterwards: async () => {
        await world.healthy();
        expect((await newest(world, first.account)).status).toBe("delivered");
      },
      sold: true,
    },
  ];

  const gatewayDeaths: readonly Death[] = [
    {
      state: "paying",
      before: () => goTo(world, first, "pay"),
      // The card's power-up ended with its reader: the sale begins anew, and nothing was paid.
      afterwards: () => first.hand.sees("account", 60_000),
      sold: false,
    },
    {
      state: "pending",
      before: waitsForPassword,
      afterwards: () => reaches(world, first.account, "void", 120_000),
      sold: false,
    },
    {
      state: "being written",
      before: startsWriting,
      afterwards: hasGas,
      sold: true,
      short: true,
    },
  ];
  const databaseDeaths: readonly Death[] = [
    {
      state: "paying",
      before: () => goTo(world, first, "pay"),
      afterwards: async () => {
        await pay();
        await success();
      },
      sold: true,
    },
    {
      state: "pending",
      before: waitsForPassword,
      afterwards: async () => {
        await world.sandbox.password(true, "phone-2");
        await success();
      },
      sold: true,
    },
    {
      state: "being written",
      before: startsWriting,
      afterwards: hasGas,
      sold: true,
      short: true,
    },
  ];

  const parts = [
    ["server", "the server", serverDeaths],
    ["sandbox", "gateways and devices", gatewayDeaths],
    ["postgres", "the database", databaseDeaths],
  ] as const;
  for (const [part, name, deaths] of parts) {
    for (const death of deaths) {
      if (!long && death.short !== true) continue;
      it(`of ${name} while ${death.state}`, { timeout: lateMs }, async () => {
        const [before, charged] = [await oracle.delivered(first.account), await chargesOf(world, first.account)];
        await death.before();
        world.kill(part);
        const diedAt = performance.now();
        await death.afterwards();
        await world.healthy();
        await takeOut(world, first.card);
        await settled(world);
        expect((await oracle.delivered(first.account)) - before).toBe(death.sold ? 1 : 0);
        expect(await chargesOf(world, first.account)).toBeGreaterThanOrEqual(charged + (death.sold ? 1 : 0));
        report(`${name} while ${death.state}`, diedAt);
      });
    }
  }

  // The long run has looked already, and a notice is shown once.
  if (!long) it("and the money that no card came for has gone back", { timeout: lateMs }, isRefunded);
});

function report(death: string, diedAt: number): void {
  console.log(`kill -9 of ${death}: over after ${((performance.now() - diedAt) / 1000).toFixed(1)} s`);
}

/** What stands on the browser's page for the screen that a killed agent comes back to. */
function wordsOf(screen: Screen["name"]): string | RegExp {
  switch (screen) {
    case "home":
      return "IC卡购气";
    case "account":
      return "确认用户信息";
    case "success":
    case "payWaiting":
      return /购气成功/;
    case "gasOnCard":
      return /卡中有气/;
    default:
      throw new Error(`no words for ${screen}`);
  }
}

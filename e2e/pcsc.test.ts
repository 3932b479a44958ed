/**
 * The kiosks sell through the real PC/SC service: agent → pcsc-mini → pcscd → virtual reader → our virtual card, whose
 * chip is a memory chip behind ACS's commands or a CPU card that takes its APDUs as they are. What a sale wrote is read back
 * by Debian's own tool through the same service.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { booksBalance } from "./books.ts";
import { omnikey } from "./omnikey.ts";
import { newest, reaches } from "./oracle.ts";
import { part3 } from "./part3.ts";
import {
  missingForPcsc,
  type Pcscd,
  pcscdHookMs,
  readerConfig,
  scriptor,
  slotNames,
  slotPorts,
  startPcscd,
  twoSlots,
} from "./pcscd.ts";
import { configOf, type ReaderFamily, type ReaderProxy, readerProxy } from "./readerProxy.ts";
import { type Customer, carryHome, customerAt, customersAt, goTo, takeOut } from "./steps.ts";
import { startWorld, until, type World } from "./world.ts";

const missing = missingForPcsc();
const lateMs = 300_000;
/** A client learns of a service that was killed only when its own wait of half a minute ends. */
const patienceMs = 90_000;

/** The kiosks stand at the two slots of one reader; another one is for whoever looks at the card afterwards. */
const looking = { name: "Virtual Desk", port: 0x7010 };

/** A card of each layout's chip, by the account that it belongs to, and what its customer keys in. */
const cards = {
  a: { account: "031120109", entry: "4", chip: "sle4442" },
  b: { account: "031140086", entry: "10", chip: "sle4442" },
  cpu: { account: "031140115", entry: "10", chip: "cpu" },
  sm4: { account: "031140116", entry: "10", chip: "cpu" },
  c: { account: "031120110", entry: "4", chip: "at24c02" },
} as const;
type Which = keyof typeof cards;
const all = ["a", "b", "cpu", "sm4", "c"] as const;

/** From docs/devices.md and docs/cards/open-b-cpu.md: what shows all of a card. */
const lookAt: Record<(typeof cards)[Which]["chip"], { commands: readonly string[]; select: string }> = {
  sle4442: { select: "FF A4 00 00 01 06", commands: ["FF B0 00 00 00"] },
  at24c02: { select: "FF A4 00 00 01 01", commands: ["FF B0 00 00 00"] },
  cpu: {
    select: "00 A4 04 00 08 F0 43 49 54 59 47 41 53",
    commands: ["00 B0 81 00 30", "00 B0 82 00 28", "00 B0 83 00 18"],
  },
};

/** Cards on chips that no layout of ours uses, with something on them. */
const strangers = {
  sle4428: {
    kind: "sle4428",
    memoryHex: `92231091${"5a".repeat(1017)}ffa1b2`,
    lockedBytes: [0, 1, 2, 3],
  },
  at88sc102: { kind: "at88sc102", memoryHex: `${"5a".repeat(10)}a1b2ffff${"5a".repeat(164)}` },
} as const;

describe.skipIf(missing.length > 0)(
  `over PC/SC${missing.length > 0 ? ` (missing: ${missing.join(", ")})` : ""}`,
  () => {
    let service: Pcscd;
    let world: World;
    let elsewhere: Customer;
    let customer: (which: Which) => Customer;

    beforeAll(async () => {
      service = await startPcscd(readerConfig([twoSlots, looking]));
      world = await startWorld({
        env: {
          SANDBOX_VPCD: `kiosk-1=${slotPorts[0]},kiosk-2=${slotPorts[1]},desk-1=${looking.port}`,
          CITYGAS_READERS: `kiosk-1=pcsc:${slotNames[0]},kiosk-2=pcsc:${slotNames[1]}`,
        },
      });
      customer = await customersAt(world, "kiosk-1", cards, all);
      elsewhere = await customerAt(world, "kiosk-2", cards.a.account, cards.a.entry);
      for (const { hand } of [customer("a"), elsewhere]) await hand.sees("home", patienceMs);
    }, pcscdHookMs);
    afterAll(async () => {
      for (const each of [customer?.("a"), elsewhere]) each?.hand.close();
      await world?.stop();
      await service?.stop();
    });

    /** All of the card as Debian's scriptor reads it, in hex. */
    async function scriptorSees(which: Which): Promise<string> {
      const { card } = customer(which);
      await world.sandbox.insert(card, "desk-1");
      const { select, commands } = lookAt[cards[which].chip];
      const [selected = "", ...answers] = await answered(() =>
        scriptor(`${looking.name} 00 00`, [select, ...commands]),
      );
      expect([selected, ...answers].map((answer) => answer.slice(-4))).toEqual(["9000", ...commands.map(() => "9000")]);
      await takeOut(world, card);
      return answers.map((answer) => answer.slice(0, -4)).join("");
    }

    /** The images before and after of the newest script of an account, from the books. */
    async function scripted({ account }: Customer): Promise<{ before: string; after: string }> {
      const { number } = await newest(world, account);
      const [row] = await world.query<{ before: string; after: string }>(
        `select w.before, w.after from card_write w join purchase p on p.id = w.purchase_id
         where p.number = $1 order by w.issued_at desc limit 1`,
        [number],
      );
      if (row === undefined) throw new Error(`no script for ${number}`);
      return row;
    }

    it.each(all)("%s: sold, and scriptor reads what the sale wrote", { timeout: lateMs }, async (which) => {
      const buyer = customer(which);
      const meter = await world.sandbox.meter(buyer.meter);
      await goTo(world, buyer, "success");
      await reaches(world, buyer.account, "delivered");
      await takeOut(world, buyer.card);
      const { before, after } = await scripted(buyer);
      expect(after).not.toBe(before);
      expect(await scriptorSees(which)).toBe(after);
      await carryHome(world, buyer);
      expect((await world.sandbox.meter(buyer.meter)).count).toBe(meter.count + 1);
      await booksBalance(world);
    });

    it.each(["a", "b", "cpu", "sm4"] as const)(
      "%s: torn in the middle of its write, finished at the other kiosk's slot",
      { timeout: lateMs },
      async (which) => {
        const buyer = customer(which);
        const meter = await world.sandbox.meter(buyer.meter);
        await goTo(world, buyer, "pay");
        await world.sandbox.tear(buyer.card, 2);
        await world.sandbox.present("wechat", buyer.kiosk);
        await buyer.hand.sees("writeFailed");
        await reaches(world, buyer.account, "unknown");
        const { before, after } = await scripted(buyer);
        const torn = await scriptorSees(which);
        expect(torn).not.toBe(after);
        // A CPU card takes a sealed command whole or not at all.
        if (cards[which].chip === "cpu") expect(torn).toBe(before);
        else expect(torn).not.toBe(before);
        elsewhere.hand.blink();
        await world.sandbox.insert(buyer.card, "kiosk-2");
        await elsewhere.hand.sees("success");
        await reaches(world, buyer.account, "delivered");
        await takeOut(world, buyer.card);
        expect(await scriptorSees(which)).toBe(after);
        await carryHome(world, buyer);
        expect((await world.sandbox.meter(buyer.meter)).count).toBe(meter.count + 1);
        await booksBalance(world);
      },
    );

    it("c: torn, and no slot writes it again: a person is asked", { timeout: lateMs }, async () => {
      const buyer = customer("c");
      await goTo(world, buyer, "pay");
      await world.sandbox.tear(buyer.card, 2);
      await world.sandbox.present("wechat", buyer.kiosk);
      await buyer.hand.sees("writeFailed");
      await reaches(world, buyer.account, "unknown");
      const torn = await scriptorSees("c");
      elsewhere.hand.blink();
      await world.sandbox.insert(buyer.card, "kiosk-2");
      await elsewhere.hand.sees(["writeFailed", "refused"]);
      await reaches(world, buyer.account, "manual");
      await takeOut(world, buyer.card);
      expect(await scriptorSees("c")).toBe(torn);
    });

    it.each(["cpu", "sm4"] as const)(
      "a copy of %s, with all that scriptor reads of it, is refused before a sale",
      { timeout: lateMs },
      async (which) => {
        const { hand } = customer(which);
        const id = `copy-of-${which}`;
        await world.sandbox.call("POST", "/cards", { id, label: id, chip: copyOf(which, await scriptorSees(which)) });
        await world.sandbox.insert(id, "kiosk-1");
        expect(await hand.sees("refused")).toMatchObject({ code: "card.foreign" });
        await world.sandbox.remove(id);
        await handsBack(hand);
      },
    );

    it.each([
      ["sle4428", "card.foreign", strangers.sle4428],
      ["at88sc102", "card.unreadable", strangers.at88sc102],
    ] as const)(
      "another system's card on an %s: refused in plain words, no try of its secret used",
      async (chip, code, card) => {
        const { hand } = customer("a");
        await world.sandbox.call("POST", "/cards", { id: chip, label: chip, chip: card });
        await world.sandbox.insert(chip, "kiosk-1");
        expect(await hand.sees("refused")).toMatchObject({ code });
        await world.sandbox.remove(chip);
        const after = await world.sandbox.call<{ secretState: string }>("GET", `/cards/${chip}`);
        expect(after.secretState).toBe("full");
        await handsBack(hand);
      },
    );

    it("goes out of service with pcscd and comes back with it", { timeout: lateMs }, async () => {
      const buyer = customer("b");
      await service.kill();
      await buyer.hand.sees("outOfService", patienceMs);
      await service.start();
      await buyer.hand.sees("home", patienceMs);
      await goTo(world, buyer, "account");
      await takeOut(world, buyer.card);
    });
  },
);

/** Readers of other families: one is known by its name, the other by a setting. */
const families: readonly [family: ReaderFamily, account: string, entry: string, dialects: string][] = [
  [omnikey, "031140086", "10", ""],
  [part3, "031120110", "4", "kiosk-1=pcsc3"],
];

describe.skipIf(missing.length > 0).each(families)(
  `over PC/SC with $name${missing.length > 0 ? ` (missing: ${missing.join(", ")})` : ""}`,
  (family, account, entry, dialects) => {
    let service: Pcscd;
    let proxy: ReaderProxy;
    let world: World;
    let who: Customer;

    beforeAll(async () => {
      service = await startPcscd(configOf(family));
      proxy = await readerProxy(family);
      world = await startWorld({
        env: {
          SANDBOX_VPCD: `kiosk-1=${proxy.port}`,
          CITYGAS_READERS: `kiosk-1=pcsc:${family.name}`,
          CITYGAS_READER_DIALECTS: dialects,
        },
      });
      who = await customerAt(world, "kiosk-1", account, entry);
    }, pcscdHookMs);
    afterAll(async () => {
      who?.hand.close();
      await world?.stop();
      await proxy?.close();
      await service?.stop();
    });

    it("sells with its commands and none of ACS's", { timeout: lateMs }, async () => {
      await who.hand.sees(["home", "insertCard"]);
      await goTo(world, who, "pay");
      await world.sandbox.present("wechat", who.kiosk);
      await who.hand.sees("success");
      await reaches(world, who.account, "delivered");
      const { heard } = proxy;
      // A chip without a secret is shown none.
      expect(heard.filter((command) => command.startsWith("ff20"))).toHaveLength(family === omnikey ? 1 : 0);
      expect(heard.some((command) => command.startsWith("ffd6"))).toBe(true);
      const strange = family === omnikey ? /^ff(b1|b2|d0|d1|d2)/ : /^ff(?!b0|d6)/;
      expect(heard.filter((command) => strange.test(command))).toEqual([]);
      const { count } = await world.sandbox.meter(who.meter);
      await takeOut(world, who.card);
      await carryHome(world, who);
      expect((await world.sandbox.meter(who.meter)).count).toBe(count + 1);
      await booksBalance(world);
    });
  },
);

/** A CPU card with these bytes, and keys of its own. */
function copyOf(which: "cpu" | "sm4", hex: string): object {
  const keyHex = "c0".repeat(16);
  const [first, second] = [48 * 2, 88 * 2];
  const contents = [hex.slice(0, first), hex.slice(first, second), hex.slice(second)];
  return {
    kind: "cpu",
    aidHex: "f043495459474153",
    cipher: which === "sm4" ? "sm4" : "3des",
    files: contents.map((contentHex, index) => ({ sfi: index + 1, contentHex, keyHex })),
    externalKeyHex: keyHex,
    tries: 3,
    internalKeys: [{ id: 1, keyHex }],
  };
}

/** The refused card is taken out, and the customer has read why. */
async function handsBack(hand: Customer["hand"]): Promise<void> {
  // An answer to a screen that has changed since counts for nothing.
  await until(
    async () => {
      const screen = hand.view()?.screen;
      return screen?.name === "refused" && !screen.cardIn;
    },
    20_000,
    () => "the card is still in",
  );
  hand.act({ do: "ok" });
  await hand.sees("home");
}

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

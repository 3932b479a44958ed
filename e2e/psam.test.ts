/**
 * A kiosk with a PSAM in its reader's second slot sells on CPU cards: sealed beside the card, with nothing asked of the
 * centre; the module pulled, the centre seals and the log says why. Over the virtual reader's wire, and through the real
 * PC/SC service with its two slots.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Psam, plugIntoVpcd, psamSlot, serveReader } from "@citygas/sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { booksBalance } from "./books.ts";
import { reaches, settled } from "./oracle.ts";
import { missingForPcsc, type Pcscd, pcscdHookMs, slotNames, slotPorts, startPcscd } from "./pcscd.ts";
import { holds, logFiles, secretsUsed } from "./secrets.ts";
import { type Customer, carryHome, customerAt, goTo } from "./steps.ts";
import { startWorld, until, type World } from "./world.ts";

const key = { cipher: "3des", usage: 0x28, version: 1 } as const;
const lateMs = 300_000;

/** A slot for the module, which can be put in and pulled. */
interface Slot {
  /** How a kiosk's setting names the reader. */
  reader: string;
  put(psam: Psam): void;
  pull(): void;
  /** Every command the module was given, hex. */
  heard: string[];
  close(): Promise<void>;
}

const heardBy = (heard: string[], slot: ReturnType<typeof psamSlot>): ReturnType<typeof psamSlot> => ({
  state: slot.state,
  exchange: (insertion, apdu) => {
    heard.push(Buffer.from(apdu).toString("hex"));
    return slot.exchange(insertion, apdu);
  },
});

async function virtualSlot(): Promise<Slot> {
  let inside: ReturnType<typeof psamSlot> | null = null;
  const heard: string[] = [];
  const server = await serveReader(
    {
      state: () => inside?.state() ?? null,
      exchange: async (insertion, apdu) => inside?.exchange(insertion, apdu) ?? { error: "removed" },
    },
    0,
  );
  const become = (next: typeof inside) => {
    inside = next;
    server.announce();
  };
  return {
    reader: `tcp://127.0.0.1:${server.port}`,
    put: (psam) => become(heardBy(heard, psamSlot(psam))),
    pull: () => become(null),
    heard,
    close: () => server.close(),
  };
}

async function pcscSlot(): Promise<Slot> {
  let plug: ReturnType<typeof plugIntoVpcd> | null = null;
  const heard: string[] = [];
  const pull = () => {
    plug?.close();
    plug = null;
  };
  return {
    reader: `pcsc:${slotNames[1]}`,
    put: (psam) => {
      plug = plugIntoVpcd(heardBy(heard, psamSlot(psam)), slotPorts[1]);
    },
    pull,
    heard,
    close: async () => pull(),
  };
}

const missing = missingForPcsc();
const wires = [
  { wire: "the virtual reader", open: virtualSlot, pcsc: false, lacks: [] },
  { wire: "PC/SC, second slot", open: pcscSlot, pcsc: true, lacks: missing },
] as const;

for (const { wire, open, pcsc, lacks } of wires) {
  describe.skipIf(lacks.length > 0)(
    `a PSAM at the kiosk, ${wire}${lacks.length > 0 ? ` (missing: ${lacks.join(", ")})` : ""}`,
    () => {
      let service: Pcscd | null = null;
      let slot: Slot;
      let world: World;
      let who: Customer;

      beforeAll(async () => {
        service = pcsc ? await startPcscd() : null;
        slot = await open();
        world = await startWorld({
          env: {
            CITYGAS_PSAMS: `kiosk-1=tripleDes:28:01:1001@${slot.reader}`,
            ...(pcsc
              ? { SANDBOX_VPCD: `kiosk-1=${slotPorts[0]}`, CITYGAS_READERS: `kiosk-1=pcsc:${slotNames[0]}` }
              : {}),
          },
        });
        const master = readFileSync(join(world.dataDir, "server", "keys", "card-seal.key"), "utf8").trim();
        slot.put(new Psam({ ...key, master: Buffer.from(master, "hex") }));
        who = await customerAt(world, "kiosk-1", "031140115", "10");
        await who.hand.sees("home");
      }, pcscdHookMs);
      afterAll(async () => {
        who?.hand.close();
        await world?.stop();
        await slot?.close();
        await service?.stop();
      });

      const sealedAtCentre = async (): Promise<number> =>
        (await world.query<{ count: number }>("select count(*)::int as count from card_seal"))[0]?.count ?? -1;
      const kioskLog = (): string => readFileSync(join(world.dataDir, "log", "kiosk-1.log"), "utf8");
      /** Buys, takes the card home, and sees the meter take it. */
      async function buys(): Promise<void> {
        const before = await world.sandbox.meter(who.meter);
        await goTo(world, who, "success");
        await reaches(world, who.account, "delivered");
        await carryHome(world, who);
        expect((await world.sandbox.meter(who.meter)).count).toBe(before.count + 1);
        await settled(world);
        await booksBalance(world);
      }

      it("seals there, and the centre is asked for nothing", { timeout: lateMs }, async () => {
        // The module was put in a moment ago: its reader finds it before a card is through with being paid for.
        await buys();
        expect(await sealedAtCentre()).toBe(0);
        const macs = slot.heard.filter((apdu) => apdu.startsWith("80fa0500"));
        expect(macs.length).toBeGreaterThan(0);
        expect(kioskLog()).not.toContain('"event":"psam"');
      });

      it("pulled: the centre seals, and the log says that it is missing", { timeout: lateMs }, async () => {
        slot.pull();
        const heard = slot.heard.length;
        // PC/SC looks at its slots a few times a second.
        await until(
          async () => {
            await buys();
            return (await sealedAtCentre()) > 0;
          },
          120_000,
          () => "the centre was never asked",
        );
        expect(slot.heard.length).toBe(heard);
        expect(kioskLog()).toMatch(/"event":"psam".*"reason":"(missing|silent)"/);
      });

      it("another module: it refuses, and the centre seals", { timeout: lateMs }, async () => {
        slot.put(new Psam({ ...key, version: 2, master: Buffer.alloc(16, 7) }));
        const before = await sealedAtCentre();
        await until(
          async () => {
            await buys();
            return slot.heard.some((apdu) => apdu.startsWith("801a"));
          },
          120_000,
          () => "the module was never asked",
        );
        expect(await sealedAtCentre()).toBeGreaterThan(before);
        expect(kioskLog()).toMatch(/"event":"psam".*"reason":"refused".*"answer":"6a88"/);
      });

      it("no log holds a key, nor a MAC of the module's", () => {
        const secrets = secretsUsed(world, [who.card]);
        // Three masters and the card's keys: for commands, and for proofs.
        expect(secrets).toHaveLength(5);
        for (const { name, text } of logFiles(world.dataDir)) {
          for (const secret of secrets) expect(holds(text, secret), name).toBe(false);
          // Of the commands to the module and of those it made, not even the beginning.
          for (const begin of ["801a28", "80fa05", "04d6"]) expect(text, name).not.toContain(`"${begin}`);
        }
      });
    },
  );
}

/** A virtual PSAM in a virtual reader, on the reader's own wire. */

import { psam as psamIn, virtualReader } from "@citygas/devices";
import { cpuMac, diversifiedKey, toHex } from "@citygas/gascard";
import { Psam, psamSlot, serveReader } from "@citygas/sandbox";
import { afterEach, describe, expect, it } from "vitest";
import { cardKeys } from "./cardKeys.ts";
import { factorOf } from "./masterKey.ts";
import { psamSealer } from "./psamSealer.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const master = bytes("ffeeddccbbaa99887766554433221100");
const challenge = bytes("1122334455667788");
const input = bytes("04d696001000000008000005dc013528ed");

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function sealerWith(cipher: "tripleDes" | "sm4", over: { usage?: number } = {}) {
  const psam = new Psam({ cipher: cipher === "sm4" ? "sm4" : "3des", master, usage: 0x28, version: 1 });
  const sent: string[] = [];
  const slot = psamSlot(psam);
  const server = await serveReader(
    {
      state: slot.state,
      exchange: (insertion, apdu) => {
        sent.push(toHex(apdu));
        return slot.exchange(insertion, apdu);
      },
    },
    0,
  );
  ends.push(() => server.close());
  const reader = virtualReader(`tcp://127.0.0.1:${server.port}`);
  await new Promise<void>((resolve) => {
    const unsubscribe = reader.subscribe((event) => {
      if (event.type !== "inserted") return;
      queueMicrotask(() => unsubscribe());
      resolve();
    });
  });
  const module = psamIn(reader, { cipher, usage: 0x28, version: 1, directoryId: 0x1001, ...over });
  ends.push(() => module.close());
  return { sealer: psamSealer(module), sent };
}

describe.each(["tripleDes", "sm4"] as const)("a PSAM with %s", (cipher) => {
  it("makes the MACs of each card, one after the other, and its directory is selected once", async () => {
    const { sealer, sent } = await sealerWith(cipher);
    const numbers = ["6100000012345678", "311", "0311"];
    const macs = await Promise.all(numbers.map((number) => sealer.mac(factorOf(number), challenge, input)));
    for (const [i, mac] of macs.entries()) {
      const key = diversifiedKey(cipher, master, factorOf(numbers[i] ?? ""));
      expect(toHex(mac)).toBe(toHex(cpuMac(cipher, key, challenge, input)));
    }
    expect(sent.map((apdu) => apdu.slice(0, 4))).toEqual(["00a4", ...numbers.flatMap(() => ["801a", "80fa"])]);
    const keys = numbers.map((number) => toHex(diversifiedKey(cipher, master, factorOf(number))));
    for (const secret of [toHex(master), ...keys]) expect(sent.join(" ")).not.toContain(secret);
  });
});

it("says what the module refused, and goes on with the next card", async () => {
  const { sealer } = await sealerWith("tripleDes", { usage: 0x29 });
  await expect(sealer.mac(factorOf("311"), challenge, input)).rejects.toThrow("PSAM: refused key 6a88");
  await expect(sealer.mac(factorOf("312"), challenge, input)).rejects.toThrow("PSAM: refused key 6a88");
});

it("says that there is none", async () => {
  const nowhere = virtualReader("tcp://127.0.0.1:1");
  const module = psamIn(nowhere, { cipher: "tripleDes", usage: 1, version: 1, directoryId: null });
  ends.push(() => module.close());
  await expect(psamSealer(module).mac(factorOf("311"), challenge, input)).rejects.toThrow("PSAM: missing");
});

it("serves a key service beside a master of another kind", async () => {
  const { sealer } = await sealerWith("tripleDes");
  const secrets = { cipher: "sm4", diversify: async () => new Uint8Array(16).fill(7) } as const;
  const keys = cardKeys({ secrets, sealers: [sealer] });
  const key = diversifiedKey("tripleDes", master, factorOf("311"));
  expect(toHex(await keys.cardMac("311", "tripleDes", challenge, input))).toBe(
    toHex(cpuMac("tripleDes", key, challenge, input)),
  );
  expect(await keys.cardSecret("311")).toBe("070707");
  expect(await keys.cardProves("311", "tripleDes", challenge, new Uint8Array(8))).toBeNull();
});

/**
 * The key service on SoftHSM2, through the same binding as with a device in the field. Needs Debian's `softhsm2`, and
 * `pkcs11js` (which needs a compiler) either installed beside or at the path in PKCS11JS.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { cpuMac, diversifiedKey, toHex } from "@citygas/gascard";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KeyDeviceLost, type Pkcs11Settings, pkcs11Keys } from "./pkcs11Keys.ts";
import { loadPkcs11, type Pkcs11Module } from "./pkcs11Module.ts";

const library = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"].find((each) =>
  fs.existsSync(each),
);
const binding: Pkcs11Module | null = await loadPkcs11(process.env.PKCS11JS ?? null).catch(() => null);
const missing = [...(library === undefined ? ["softhsm2"] : []), ...(binding === null ? ["pkcs11js"] : [])];

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const masters = { secrets: "0123456789abcdeffedcba9876543210", sealing: "ffeeddccbbaa99887766554433221100" };
const pin = "482913";

describe.skipIf(missing.length > 0)(
  `keys in SoftHSM2${missing.length > 0 ? ` (needs ${missing.join(", ")})` : ""}`,
  () => {
    let dir: string;
    let settings: Pkcs11Settings;
    const module = (): Pkcs11Module => {
      if (binding === null) throw new Error("no binding");
      return binding;
    };

    beforeAll(() => {
      dir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-softhsm-"));
      fs.mkdirSync(path.join(dir, "tokens"));
      const conf = path.join(dir, "softhsm2.conf");
      fs.writeFileSync(conf, `directories.tokendir = ${dir}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`);
      process.env.SOFTHSM2_CONF = conf;
      const init = ["--init-token", "--free", "--label", "gas", "--so-pin", pin, "--pin", pin];
      execFileSync("softhsm2-util", init, { env: process.env, stdio: "ignore" });
      settings = {
        library: library ?? "",
        token: "gas",
        pin,
        secrets: { label: "card-secret", cipher: "tripleDes" },
        sealing: { label: "card-seal", cipher: "tripleDes" },
        sm4Mechanism: null,
      };
      withSession((pkcs11, session) => {
        for (const [label, hex] of [
          ["card-secret", masters.secrets],
          ["card-seal", masters.sealing],
          ["twice", masters.sealing],
          ["twice", masters.secrets],
        ] as const)
          pkcs11.C_CreateObject(session, desTwoKey(label, hex));
      });
    });
    afterAll(() => {
      delete process.env.SOFTHSM2_CONF;
      fs.rmSync(dir, { recursive: true, force: true });
    });

    /** What only the keeper of the masters does: more of the binding than the server uses. */
    interface Keeper {
      load(file: string): void;
      C_Initialize(): void;
      C_Finalize(): void;
      C_GetSlotList(present: boolean): Buffer[];
      C_OpenSession(slot: Buffer, flags: number): Buffer;
      C_CloseAllSessions(slot: Buffer): void;
      C_Login(session: Buffer, user: number, pin: string): void;
      C_CreateObject(session: Buffer, template: object[]): Buffer;
      C_FindObjectsInit(session: Buffer, template: object[]): void;
      C_FindObjects(session: Buffer, most: number): Buffer[];
      C_GetAttributeValue(session: Buffer, key: Buffer, template: object[]): object[];
    }
    function withSession(use: (pkcs11: Keeper, session: Buffer) => void): void {
      const pkcs11 = new (module() as unknown as { PKCS11: new () => Keeper }).PKCS11();
      pkcs11.load(settings.library);
      pkcs11.C_Initialize();
      try {
        const [slot] = pkcs11.C_GetSlotList(true);
        if (slot === undefined) throw new Error("no slot");
        // Serial and read-write.
        const session = pkcs11.C_OpenSession(slot, 0x06);
        pkcs11.C_Login(session, 1, pin);
        use(pkcs11, session);
      } finally {
        pkcs11.C_Finalize();
      }
    }
    const [label, value, isToken, sensitive, extractable, encrypt, keyType] = [
      0x03, 0x11, 0x01, 0x103, 0x162, 0x104, 0x100,
    ];
    /** A DES key of double length that may encipher, and may not be read. */
    const desTwoKey = (name: string, hex: string): object[] => [
      { type: 0x00, value: 0x04 },
      { type: keyType, value: 0x14 },
      { type: label, value: name },
      { type: value, value: Buffer.from(hex, "hex") },
      { type: isToken, value: true },
      { type: sensitive, value: true },
      { type: extractable, value: false },
      { type: encrypt, value: true },
    ];

    it("makes the very keys that the cards have", async () => {
      const keys = pkcs11Keys(module(), settings);
      const number = "6100000012345678";
      const secret = toHex(diversifiedKey("tripleDes", bytes(masters.secrets), bytes(number)).slice(0, 3));
      expect(await keys.cardSecret(number)).toBe(secret);
      // Vector of facts/cards.md §2.3.
      const input = bytes("04d696001000000008000005dc013528ed");
      expect(toHex(await keys.cardMac(number, "tripleDes", bytes("11223344"), input))).toBe("f5a92ed7");
      const numbers = Array.from({ length: 40 }, (_, i) => String(9_000_000_000 + i));
      const macs = await Promise.all(numbers.map((each) => keys.cardMac(each, "tripleDes", bytes("11223344"), input)));
      for (const [i, mac] of macs.entries()) {
        const factor = bytes(`${numbers[i]}ffffff`);
        const key = diversifiedKey("tripleDes", bytes(masters.sealing), factor);
        expect(toHex(mac)).toBe(toHex(cpuMac("tripleDes", key, bytes("11223344"), input)));
      }
      await keys.close?.();
    });

    it("can't be made to say a master", () => {
      withSession((pkcs11, session) => {
        pkcs11.C_FindObjectsInit(session, [{ type: label, value: "card-seal" }]);
        const [key] = pkcs11.C_FindObjects(session, 1);
        if (key === undefined) throw new Error("no key");
        expect(() => pkcs11.C_GetAttributeValue(session, key, [{ type: value }])).toThrow("CKR_ATTRIBUTE_SENSITIVE");
      });
    });

    it("says what is missing: the token, a key, one of two keys, SM4, the right PIN", async () => {
      const start = (over: Partial<Pkcs11Settings>) => () => pkcs11Keys(module(), { ...settings, ...over });
      expect(start({ token: "water" })).toThrow('no token "water"');
      expect(start({ sealing: { label: "lost", cipher: "tripleDes" } })).toThrow('no key "lost"');
      expect(start({ sealing: { label: "twice", cipher: "tripleDes" } })).toThrow('two keys "twice"');
      expect(start({ secrets: { label: "card-secret", cipher: "sm4" } })).toThrow("no SM4");
      expect(start({ pin: "000000" })).toThrow("CKR_PIN_INCORRECT");
      // None of them left the device open.
      await pkcs11Keys(module(), settings).close?.();
    });

    it("asks a device for its own SM4 by number, which this one does not know", async () => {
      const keys = pkcs11Keys(module(), {
        ...settings,
        secrets: { label: "card-secret", cipher: "sm4" },
        sm4Mechanism: 0x8000_0001,
      });
      await expect(keys.cardSecret("311")).rejects.toThrow("CKR_MECHANISM_INVALID");
      // And the session is still good for the next card.
      await keys.cardMac("311", "tripleDes", bytes("11223344"), bytes("00"));
      await keys.close?.();
    });

    describe("a device that goes away", () => {
      const tokens = (): string => path.join(dir, "tokens");
      const away = (): string => path.join(dir, "away");
      /** The library itself, as another part of the process or the device's own service may use it. */
      const beside = (): Keeper => {
        const pkcs11 = new (module() as unknown as { PKCS11: new () => Keeper }).PKCS11();
        pkcs11.load(settings.library);
        return pkcs11;
      };
      const closesAll = (): void => {
        const pkcs11 = beside();
        for (const slot of pkcs11.C_GetSlotList(true)) pkcs11.C_CloseAllSessions(slot);
      };
      const pulled = (): void => {
        fs.renameSync(tokens(), away());
        fs.mkdirSync(tokens());
        closesAll();
      };
      const putBack = (): void => {
        fs.rmSync(tokens(), { recursive: true });
        fs.renameSync(away(), tokens());
      };
      /** Opened through a binding that counts what it is asked. */
      const watched = (over: Partial<Pkcs11Settings> = {}) => {
        const logins: string[] = [];
        const { PKCS11 } = module();
        class Counting extends PKCS11 {
          override C_Login(session: Buffer, user: number, shown: string): void {
            logins.push(shown);
            super.C_Login(session, user, shown);
          }
        }
        const used = { ...settings, ...over };
        return { keys: pkcs11Keys({ PKCS11: Counting }, used), logins, used };
      };
      const expected = toHex(
        diversifiedKey("tripleDes", bytes(masters.secrets), bytes("311fffffffffffff")).slice(0, 3),
      );

      it.each([
        ["its sessions were closed", closesAll],
        ["the library was ended", () => beside().C_Finalize()],
      ])("%s: opened anew, once, and the call is answered", async (_what, lose) => {
        const { keys, logins } = watched();
        expect(await keys.cardSecret("311")).toBe(expected);
        lose();
        // More than one waits for it: the first opens it for all.
        expect(await Promise.all([1, 2, 3].map(() => keys.cardSecret("311")))).toEqual(Array(3).fill(expected));
        expect(logins).toHaveLength(2);
        await keys.close?.();
      });

      it("the token was pulled: each call says so by name, and after it was put back the next one is answered", async () => {
        const { keys, logins } = watched();
        pulled();
        try {
          for (let call = 0; call < 3; call++) {
            const error = await keys.cardSecret("311").catch((cause: unknown) => cause);
            if (!(error instanceof KeyDeviceLost)) throw error;
            expect(error.name).toBe("KeyDeviceLost");
            expect(String(error.cause)).toContain('no token "gas"');
          }
        } finally {
          putBack();
        }
        expect(await keys.cardSecret("311")).toBe(expected);
        expect(logins).toHaveLength(2);
        await keys.close?.();
      });

      it("another PIN meanwhile: shown once and never again", async () => {
        const { keys, logins, used } = watched();
        used.pin = "000000";
        closesAll();
        await expect(keys.cardSecret("311")).rejects.toMatchObject({ name: "KeyDeviceLost" });
        await expect(keys.cardSecret("311")).rejects.toThrow("refused its PIN");
        await expect(keys.cardSecret("311")).rejects.toThrow("refused its PIN");
        expect(logins).toEqual([pin, "000000"]);
        await keys.close?.();
      });
    });
  },
);

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { cpuCryptogram, cpuMac, diversifiedKey, toHex } from "@citygas/gascard";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cardKeys, masterSealer } from "./cardKeys.ts";
import { factorOf, type MasterKey } from "./masterKey.ts";
import { softKeys } from "./softKeys.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-keys-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const folder = (): string => path.join(dir, "keys");
const file = (): string => path.join(folder(), "card-master.key");
const options = { production: false };
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** A master in plain sight, that remembers what it gave away. */
function openMaster(cipher: MasterKey["cipher"], hex: string): MasterKey & { given: Uint8Array[] } {
  const given: Uint8Array[] = [];
  return {
    cipher,
    given,
    diversify: async (factor) => {
      const key = diversifiedKey(cipher, bytes(hex), factor);
      given.push(key);
      return key;
    },
  };
}
const sm4 = (hex: string) => openMaster("sm4", hex);
const serviceOf = (secrets: MasterKey, sealing: MasterKey = openMaster("tripleDes", "00".repeat(16))) =>
  cardKeys({ secrets, sealers: [masterSealer(sealing)] });

it("makes masters on first use, for their owner only, and keeps them", async () => {
  const secret = await softKeys(folder(), options).cardSecret("3114008601");
  expect(secret).toMatch(/^[0-9a-f]{6}$/);
  expect(fs.readdirSync(folder()).sort()).toEqual(["card-master.key", "card-seal-sm4.key", "card-seal.key"]);
  for (const name of fs.readdirSync(folder())) expect(fs.statSync(path.join(folder(), name)).mode & 0o777).toBe(0o600);
  expect(await softKeys(folder(), options).cardSecret("3114008601")).toBe(secret);
});

it("gives each number and each version its own secret, leading zeros included", async () => {
  const service = serviceOf(sm4("07".repeat(16)));
  const numbers = ["311", "0311", "3110", "1", "9999999999999999"];
  const secrets = await Promise.all([
    ...numbers.map((number) => service.cardSecret(number)),
    ...[1, 2, 255].map((version) => service.cardSecret("311", { bytes: 3, version })),
  ]);
  expect(new Set(secrets).size).toBe(secrets.length);
  expect(await serviceOf(sm4("08".repeat(16))).cardSecret("311")).not.toBe(secrets[0]);
  expect(await service.cardSecret("311", { bytes: 2, version: 0 })).toBe(secrets[0]?.slice(0, 4));
  await expect(service.cardSecret("not a number")).rejects.toThrow("digits");
});

it("is SM4 over the number and its complement", async () => {
  // Key of GB/T 32907's example; value computed once with `openssl enc -sm4-ecb` over 0311203086ffffff ‖ complement.
  expect(await serviceOf(sm4("0123456789abcdeffedcba9876543210")).cardSecret("0311203086")).toBe("656ef1");
});

it("seals under the card's own key, which is gone afterwards", async () => {
  // Vectors of facts/cards.md §2.3.
  const sealing = openMaster("tripleDes", "ffeeddccbbaa99887766554433221100");
  const service = serviceOf(sm4("07".repeat(16)), sealing);
  const input = bytes("04d696001000000008000005dc013528ed");
  const mac = await service.cardMac("6100000012345678", "tripleDes", bytes("11223344"), input);
  expect(toHex(mac)).toBe("f5a92ed7");
  const key = bytes("8d136beeb8b0460362b0a3c836af2131");
  expect(mac).toEqual(cpuMac("tripleDes", key, bytes("11223344"), input));
  expect(sealing.given).toEqual([new Uint8Array(16)]);
  await expect(service.cardMac("1", "sm4", bytes("11223344"), input)).rejects.toThrow("sm4");
});

it.each(["tripleDes", "sm4"] as const)(
  "knows a card by what it enciphers, %s, and no key is left behind",
  async (cipher) => {
    const sealing = openMaster(cipher, "ffeeddccbbaa99887766554433221100");
    const service = serviceOf(sm4("07".repeat(16)), sealing);
    const challenge = bytes("1122334455667788");
    // Under the key of the card that its commands are sealed with, made by the same rule from the word CITYGAS1.
    const cardKey = diversifiedKey(cipher, bytes("ffeeddccbbaa99887766554433221100"), bytes("6100000012345678"));
    const proofKey = diversifiedKey(cipher, cardKey, bytes("4349545947415331"));
    const answer = cpuCryptogram(cipher, proofKey, challenge);
    const proves = (number: string, asked: Uint8Array, heard: Uint8Array) =>
      service.cardProves(number, cipher, asked, heard);
    expect(await proves("6100000012345678", challenge, answer)).toBe(true);
    expect(sealing.given).toEqual([new Uint8Array(16)]);
    const otherBit = answer.with(answer.length - 1, (answer.at(-1) ?? 0) ^ 1);
    expect(await proves("6100000012345678", challenge, otherBit)).toBe(false);
    expect(await proves("6100000012345679", challenge, answer)).toBe(false);
    expect(await proves("6100000012345678", bytes("1122334455667789"), answer)).toBe(false);
    for (const heard of [new Uint8Array(0), answer.slice(0, 7), cpuCryptogram(cipher, cardKey, challenge)])
      expect(await proves("6100000012345678", challenge, heard)).toBe(false);
    const other = cipher === "sm4" ? "tripleDes" : "sm4";
    expect(await service.cardProves("6100000012345678", other, challenge, answer)).toBeNull();
  },
);

it("leaves no card's key behind a secret", async () => {
  const secrets = sm4("07".repeat(16));
  await serviceOf(secrets).cardSecret("311", { bytes: 3, version: 1 });
  expect(secrets.given).toEqual([new Uint8Array(16)]);
});

it("a factor is the number's digits, from the left", () => {
  expect(toHex(factorOf("0311203086"))).toBe("0311203086ffffff");
});

it("refuses production mode, a file that others may read, and a damaged one", () => {
  expect(() => softKeys(folder(), { production: true })).toThrow(/production/);
  expect(fs.existsSync(file())).toBe(false);
  softKeys(folder(), options);
  fs.chmodSync(file(), 0o640);
  expect(() => softKeys(folder(), options)).toThrow(/0600/);
  fs.chmodSync(file(), 0o600);
  fs.writeFileSync(file(), "nonsense\n");
  expect(() => softKeys(folder(), options)).toThrow(/master key/);
});

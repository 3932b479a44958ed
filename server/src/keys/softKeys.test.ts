import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { diversify, softKeys } from "./softKeys.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-keys-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const file = (): string => path.join(dir, "keys", "card-master.key");
const options = { production: false };

it("makes a master on first use, for its owner only, and keeps it", async () => {
  const secret = await softKeys(file(), options).cardSecret("3114008601");
  expect(secret).toMatch(/^[0-9a-f]{6}$/);
  expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
  expect(await softKeys(file(), options).cardSecret("3114008601")).toBe(secret);
  expect(fs.readdirSync(path.dirname(file()))).toEqual(["card-master.key"]);
});

it("gives each number its own secret, leading zeros included", () => {
  const master = Buffer.alloc(16, 7);
  const secrets = ["311", "0311", "3110", "1", "9999999999999999"].map((number) => diversify(master, number));
  expect(new Set(secrets).size).toBe(secrets.length);
  expect(diversify(Buffer.alloc(16, 8), "311")).not.toBe(secrets[0]);
});

it("is SM4 over the number and its complement", () => {
  // Key of GB/T 32907's example; value computed once with `openssl enc -sm4-ecb` over 0311203086ffffff ‖ complement.
  const master = Buffer.from("0123456789abcdeffedcba9876543210", "hex");
  expect(diversify(master, "0311203086")).toBe("656ef1");
});

it("refuses production mode, a file that others may read, and a damaged one", () => {
  expect(() => softKeys(file(), { production: true })).toThrow(/production/);
  expect(fs.existsSync(file())).toBe(false);
  softKeys(file(), options);
  fs.chmodSync(file(), 0o640);
  expect(() => softKeys(file(), options)).toThrow(/0600/);
  fs.chmodSync(file(), 0o600);
  fs.writeFileSync(file(), "nonsense\n");
  expect(() => softKeys(file(), options)).toThrow(/master key/);
});

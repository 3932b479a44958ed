import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readSettings } from "./settings.ts";

const least = { CITYGAS_DATA: "/d", CITYGAS_PUBLIC_URL: "http://127.0.0.1:8080/", DATABASE_URL: "postgres://h/d" };

const device = {
  CITYGAS_KEYS: "pkcs11",
  CITYGAS_PKCS11_LIBRARY: "/usr/lib/hsm.so",
  CITYGAS_PKCS11_TOKEN: "gas",
  // Any file that is there.
  CITYGAS_PKCS11_PIN_FILE: fileURLToPath(import.meta.url),
};

it("takes keys from files, from a device, and a PSAM beside either", () => {
  const keysOf = (env: object) => {
    const read = readSettings({ ...least, ...env });
    return read.ok ? read.value.keys : read.error;
  };
  expect(keysOf({})).toEqual({ device: null, psam: null });
  expect(
    keysOf({ ...device, CITYGAS_PKCS11_SECRETS: "s:sm4", CITYGAS_PKCS11_SM4_MECHANISM: "0x80000102" }),
  ).toMatchObject({
    device: {
      token: "gas",
      binding: null,
      secrets: { label: "s", cipher: "sm4" },
      sealing: { label: "card-seal", cipher: "tripleDes" },
      sm4Mechanism: 0x8000_0102,
    },
  });
  expect(keysOf({ CITYGAS_PSAM_READER: "ACS 01", CITYGAS_PSAM_KEY: "sm4:28:01:1001" })).toEqual({
    device: null,
    psam: { reader: "ACS 01", key: { cipher: "sm4", usage: 0x28, version: 1, directoryId: 0x1001 } },
  });
});

it("takes the least there must be", () => {
  const read = readSettings({ ...least, PATH: "/bin" });
  expect(read).toMatchObject({
    ok: true,
    value: {
      database: { connectionString: "postgres://h/d" },
      dataDir: "/d",
      publicUrl: "http://127.0.0.1:8080",
      mode: "development",
      demo: false,
      debts: "rows",
      finishMs: 1_800_000,
      idleMs: 60_000,
    },
  });
});

it("takes a socket's folder in place of a URL", () => {
  const { DATABASE_URL: _, ...rest } = least;
  const read = readSettings({ ...rest, CITYGAS_DB_HOST: "/run/pg", CITYGAS_DB_PORT: "5433", CITYGAS_DB_USER: "u" });
  expect(read).toMatchObject({
    ok: true,
    value: { database: { host: "/run/pg", port: 5433, user: "u", database: "citygas" } },
  });
});

it.each([
  ["a missing folder", { CITYGAS_DATA: "" }, "CITYGAS_DATA: is missing"],
  ["a missing database", { DATABASE_URL: undefined }, "DATABASE_URL: is missing"],
  ["a typo", { CITYGAS_DEMMO: "1" }, "CITYGAS_DEMMO: unknown setting"],
  ["a port out of range", { PORT: "70000" }, "PORT: must be"],
  ["a public URL with a path", { CITYGAS_PUBLIC_URL: "http://h/x" }, "CITYGAS_PUBLIC_URL: must be"],
  ["an unknown mode", { CITYGAS_MODE: "prod" }, "CITYGAS_MODE: must be one of"],
  ["a key device without its token", { ...device, CITYGAS_PKCS11_TOKEN: "" }, "CITYGAS_PKCS11_TOKEN: is missing"],
  ["a PIN that can't be read", { ...device, CITYGAS_PKCS11_PIN_FILE: "/none" }, "CITYGAS_PKCS11_PIN_FILE: can't be"],
  ["a key's unknown cipher", { ...device, CITYGAS_PKCS11_SEALING: "k:des" }, "CITYGAS_PKCS11_SEALING: must be LABEL"],
  ["a mechanism that is no number", { ...device, CITYGAS_PKCS11_SM4_MECHANISM: "sm4" }, "SM4_MECHANISM: must be a"],
  ["a device that is not used", { CITYGAS_PKCS11_TOKEN: "gas" }, "CITYGAS_PKCS11_TOKEN: means nothing"],
  ["an unknown place for keys", { CITYGAS_KEYS: "drawer" }, "CITYGAS_KEYS: must be one of"],
  ["a PSAM without its key", { CITYGAS_PSAM_READER: "ACS" }, "CITYGAS_PSAM_KEY: must be like"],
  ["a PSAM's key without its reader", { CITYGAS_PSAM_KEY: "sm4:28:01" }, "CITYGAS_PSAM_KEY: means nothing"],
  ["a demo in production", { CITYGAS_MODE: "production", CITYGAS_DEMO: "1" }, "CITYGAS_DEMO: there is no demo"],
])("names %s", (_name, env, problem) => {
  const read = readSettings({ ...least, ...env });
  expect(read.ok ? [] : read.error).toEqual([expect.stringContaining(problem)]);
});

import { expect, it } from "vitest";
import { readSettings } from "./settings.ts";

const least = { CITYGAS_DATA: "/d", CITYGAS_PUBLIC_URL: "http://127.0.0.1:8080/", DATABASE_URL: "postgres://h/d" };

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
  ["a demo in production", { CITYGAS_MODE: "production", CITYGAS_DEMO: "1" }, "CITYGAS_DEMO: there is no demo"],
])("names %s", (_name, env, problem) => {
  const read = readSettings({ ...least, ...env });
  expect(read.ok ? [] : read.error).toEqual([expect.stringContaining(problem)]);
});

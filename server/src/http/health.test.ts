import { expect, it } from "vitest";
import { makeEarth } from "../purchases/earth.testkit.ts";
import { makeWorld } from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { readMigrations } from "../store/migrate.ts";
import { buildApp } from "./app.ts";
import { makeLog } from "./log.ts";

it("tells once that the database is away, and once that it is back, however often it is asked", async () => {
  const lines: string[] = [];
  let away = false;
  const { sale } = makeWorld(makeEarth(openMemoryStore()));
  const db = {
    query: async () => {
      if (away) throw new Error("connection refused");
      return { rows: readMigrations() };
    },
  } as unknown as typeof sale.db;
  const app = await buildApp(
    { ...sale, db, log: makeLog("info", { write: (line) => void lines.push(line) }) },
    {
      authenticators: { terminal: async () => undefined, admin: () => false, staff: async () => undefined },
      apiRoutes: [],
      rootRoutes: [],
    },
  );
  const asked = async () => (await app.inject({ method: "GET", url: "/health" })).statusCode;
  const told = () => lines.filter((line) => line.includes("health:")).length;
  expect(await asked()).toBe(200);
  expect(told()).toBe(0);
  for (const [is, status, lineCount] of [
    [true, 503, 1],
    [false, 200, 2],
    [true, 503, 3],
  ] as const) {
    away = is;
    for (let probe = 0; probe < 3; probe++) expect(await asked()).toBe(status);
    expect(told()).toBe(lineCount);
  }
  await app.close();
});

/**
 * However the city is ended, nothing of it stays behind, and it starts again on the same data. Started by `npm start`,
 * as people do: a signal to npm, a closed terminal, npm killed, the city killed, and an end in the middle of a start.
 * No kernel helps: the database is not told when the city dies, as on a Mac, so whoever is left over is really left over.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, until, type World } from "./world.ts";

let world: World;
let events: number;
/** Programs found before the machine's own: a setpriv that can do nothing. */
let programs: string;
beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), "citygas-programs-"));
  chmodSync(programs, 0o755);
  writeFileSync(join(programs, "setpriv"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  world = await startWorld({ npm: true, env: { PATH: `${programs}${delimiter}${process.env.PATH}` } });
  events = await countEvents();
});
afterAll(async () => {
  await world?.stop();
  rmSync(programs, { recursive: true, force: true });
});

const countEvents = async (): Promise<number> => {
  const [row] = await world.query<{ count: number }>("select count(*)::int as count from event");
  return row?.count ?? 0;
};
const nobodyLeft = (): Promise<void> =>
  until(
    async () => world.processes().length === 0,
    30_000,
    () => `still there: ${world.processes().map(named).join("; ")}`,
  );
const named = (pid: number): string => {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`;
  } catch {
    return `${pid} gone`;
  }
};

/** Starts it again and looks whether what it knew is still known. */
async function comesBack(): Promise<void> {
  await world.start();
  expect(await countEvents()).toBeGreaterThanOrEqual(events);
}

function starterPid(): number {
  const { pid } = world.starter();
  if (pid === undefined) throw new Error("npm did not start");
  return pid;
}

/** What npm runs: the city itself, without a shell between them that could die alone. */
function cityPid(): number {
  const npm = starterPid();
  const children = readFileSync(`/proc/${npm}/task/${npm}/children`, "utf8").trim().split(" ").map(Number);
  const city = children.find((pid) => named(pid).includes("city/src/main.ts"));
  if (city === undefined) throw new Error(`npm's children are ${children.map(named).join("; ")}`);
  return city;
}

describe("npm start", () => {
  it("SIGTERM to npm ends all of it", async () => {
    expect(world.processes().length).toBeGreaterThan(Object.keys(world.pids()).length);
    process.kill(starterPid(), "SIGTERM");
    await nobodyLeft();
    await comesBack();
  });

  it("a closed terminal ends all of it: no more words can be written, and everyone is hung up", async () => {
    const starter = world.starter();
    starter.stdout?.destroy();
    starter.stderr?.destroy();
    process.kill(-starterPid(), "SIGHUP");
    await nobodyLeft();
    await comesBack();
  });

  it("so does the death of npm, which can tell nobody", async () => {
    process.kill(starterPid(), "SIGKILL");
    await nobodyLeft();
    await comesBack();
  });

  it("a city killed while it serves: the next start takes over what is left, and its end ends that too", async () => {
    const { postgres } = world.pids();
    process.kill(cityPid(), "SIGKILL");
    // At once: nobody has told the database, and it is the same one afterwards.
    await comesBack();
    expect(world.pids().postgres).toBe(postgres);
    expect(databasesOf(world)).toEqual([postgres]);
    process.kill(starterPid(), "SIGTERM");
    await nobodyLeft();
  });

  it("SIGTERM in the middle of a start ends it there", async () => {
    const pidFile = join(world.dataDir, "postgres", "cluster", "postmaster.pid");
    expect(existsSync(pidFile)).toBe(false);
    world.launch();
    await until(
      async () => existsSync(pidFile),
      30_000,
      () => "the database did not start",
    );
    process.kill(starterPid(), "SIGTERM");
    await nobodyLeft();
    await comesBack();
  });
});

/** Servers of this city's database: one, whoever started it. */
function databasesOf({ processes, dataDir }: World): number[] {
  return processes().filter((pid) => named(pid).includes(`postgres -D ${join(dataDir, "postgres")}`));
}

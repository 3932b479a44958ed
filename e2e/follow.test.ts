/** The commands of docs/payments.md, "Follow one purchase", as they stand there: a new city, one sale, its closed day. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { disagreements } from "./agreement.ts";
import { carryHome, customerAt, goTo } from "./steps.ts";
import { connectTo, startWorld, type World } from "./world.ts";

const page = readFileSync(new URL("../docs/payments.md", import.meta.url), "utf8");
const chapter = page.slice(page.indexOf("## Follow one purchase"), page.indexOf("A closed day is never opened again"));
const blocks = [...chapter.matchAll(/```(sh|text)\n([\s\S]*?)```/g)].map(([, kind, text = ""]) => ({ kind, text }));

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

it("one purchase is followed from the scan to the day that two people closed", { timeout: 300_000 }, async () => {
  const who = await customerAt(world, "kiosk-1", "031140086", "10");
  await goTo(world, who, "success");
  await carryHome(world, who);
  who.hand.close();
  const commands = blocks.filter(({ kind }) => kind === "sh").map(({ text }) => text);
  expect(commands.length).toBeGreaterThan(3);
  const script = commands.join("\n");
  const { stdout, stderr } = await promisify(execFile)("sh", ["-u", "-c", script], {
    env: { ...process.env, PORT: new URL(world.url).port, CITYGAS_DATA: world.dataDir },
    timeout: 240_000,
  });
  expect(stderr).toBe("");
  // What the page says one sees, but for the times and the ids.
  const shown = blocks.filter(({ kind }) => kind === "text").map(({ text }) => text);
  const lines = shown
    .flatMap((text) => text.split("\n"))
    .filter((line) => line !== "" && !/20\d\d-|[0-9a-f]{8}-…/.test(line));
  const seen = stdout.split("\n");
  for (const line of lines.filter((each) => !each.startsWith("{"))) expect(seen).toContain(line);
  expect(stdout).toMatch(/theirsFen: 970,\s+oursFen: 970,\s+booksFen: 970/);
  for (const [line, times] of [
    ["closed", 1],
    ["as it came", 2],
  ] as const)
    expect(seen.filter((each) => each === line)).toHaveLength(times);
  const sums = await world.query<{ sum: string }>("select sum(amount)::text as sum from posting group by commodity");
  for (const { sum } of sums) expect(sum).toBe("0");
});

const planted: [what: string, plant: string, told: RegExp][] = [
  [
    "an entry that was not written",
    "delete from posting where event_id = (select min(event_id) from posting where account = 'gateway:wechat' and amount > 0)",
    /wechat has \d+ fen, the books say \d+ fen/,
  ],
  [
    "gas that was not booked",
    "delete from posting where commodity <> 'fen' and event_id in (select event_id from posting where account like 'sales:%')",
    /is delivered: its postings should deliver \d+, deliver 0/,
  ],
  [
    "a payment that nobody knows",
    "delete from attempt where out_trade_no = (select max(out_trade_no) from attempt where status = 'paid')",
    /an order nobody made/,
  ],
  [
    "a delivered purchase that says it was never paid",
    "update purchase set status = 'void' where status = 'delivered'",
    /is void: the gateways should have 0 fen, have \d+[\s\S]*gateways and cash have \d+ fen/,
  ],
  [
    "a balance from nowhere",
    `update account set state = jsonb_set(state, '{balanceFen}', '1') where id = (select min(id) from account where state->>'balanceFen' = '0')`,
    /gateways and cash have \d+ fen, delivered, balances and what is open are \d+ fen/,
  ],
];
it.each(planted)("the oracle of every test finds %s, where all has agreed", async (_what, plant, told) => {
  const client = await connectTo(world.dataDir);
  // Never seen by anyone else.
  await client.query("begin");
  try {
    expect((await client.query(plant)).rowCount).toBeGreaterThan(0);
    const query: World["query"] = async (sql, values) => (await client.query(sql, values)).rows;
    expect((await disagreements({ ...world, query })).join("\n")).toMatch(told);
  } finally {
    await client.query("rollback");
    await client.end();
  }
});

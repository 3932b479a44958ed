/** A receipt's one-time link, through the server's own routes and the demo's purchases. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServer, testServer } from "../server.testkit.ts";
import { bindHash, bindLinkLifeMs, issueBindLink, sqlBindRows } from "./bindLink.ts";

let test: TestServer;
let purchase: { id: string; accountId: string; number: string; account: string; holder: string };
beforeAll(async () => {
  test = await testServer({ demo: true });
  const { rows } = await test.server.ctx.db.query<typeof purchase>(
    `select p.id, p.account_id as "accountId", p.number, a.number as account, h.name as holder from purchase p
     join account_registration a on a.id = p.account_id join holder h on h.id = a.holder_id order by p.id limit 1`,
  );
  if (rows[0] === undefined) throw new Error("the demo has no purchase");
  purchase = rows[0];
});
afterAll(() => test.stop());

const issue = (): Promise<string> => {
  const { ctx } = test.server;
  return issueBindLink({ now: ctx.now, random: ctx.random, bindRows: sqlBindRows(ctx.db) }, purchase);
};
const open = (token: string) => test.call({ method: "GET", url: `/b/${token}` });
const stored = async (token: string) =>
  (await test.server.ctx.db.query("select * from bind_link where hash = $1", [bindHash(token)])).rows[0];

it("says how to link the account, masked, and is not used up by being opened", async () => {
  const token = await issue();
  for (let times = 0; times < 3; times++) {
    const { status, text, headers } = await open(token);
    expect(status).toBe(200);
    expect(text).toContain("“我的”→“绑定”");
    expect(text).toContain(purchase.number);
    for (const hidden of [purchase.account, purchase.holder]) expect(text).not.toContain(hidden);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  }
  await test.call({ method: "HEAD", url: `/b/${token}` });
  expect(await stored(token)).toMatchObject({ account_id: purchase.accountId, used_at: null });
});

it("is stored as a hash, each with a token of its own", async () => {
  const tokens = [await issue(), await issue()];
  expect(new Set(tokens).size).toBe(2);
  const { rows } = await test.server.ctx.db.query("select * from bind_link");
  for (const token of tokens) {
    expect(Buffer.from(token, "base64url")).toHaveLength(16);
    expect(JSON.stringify(rows)).not.toContain(token);
  }
});

it("is over after seven days", async () => {
  const token = await issue();
  const printedAt = test.clock.now;
  test.clock.now = printedAt + bindLinkLifeMs - 1;
  expect((await open(token)).status).toBe(200);
  test.clock.now = printedAt + bindLinkLifeMs;
  const { status, text } = await open(token);
  test.clock.now = printedAt;
  expect(status).toBe(410);
  expect(text).toContain("已过期");
});

it("is over once it was used, and a token of nobody's opens nothing", async () => {
  const token = await issue();
  await test.server.ctx.db.query("update bind_link set used_at = 1 where hash = $1", [bindHash(token)]);
  const used = await open(token);
  expect(used.status).toBe(410);
  expect(used.text).toContain("已经用过");
  const nobody = await open("AAAAAAAAAAAAAAAAAAAAAA");
  expect(nobody.status).toBe(404);
  expect(nobody.text).not.toMatch(/\{\w+\}/);
});

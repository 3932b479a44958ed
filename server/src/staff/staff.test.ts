/** Who works here, and what is remembered of what they did. */
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAudit } from "../audit/audit.ts";
import { verifyAudit } from "../audit/verify.ts";
import { admin, type Hall, openHall } from "./people.testkit.ts";
import { issueStaffToken } from "./tokens.ts";

let hall: Hall;
beforeAll(async () => {
  hall = await openHall();
});
afterAll(() => hall.close());

const whoAmI = (token: string) => hall.ask({ token }, "GET", "/staff/me");

test("the administrator makes a colleague, whose token is shown once and kept as a hash", async () => {
  const made = await hall.ask(admin, "POST", "/staff", { name: "王芳", roles: ["cashier"] }, "make-wang-fang");
  expect(made).toMatchObject({ status: 201, body: { name: "王芳", roles: ["cashier"], disabledAt: null } });
  const token = String(made.body.token);
  expect((await whoAmI(token)).body).toEqual({ id: made.body.id, name: "王芳", roles: ["cashier"] });
  const { rows } = await hall.world.sale.db.query("select row_to_json(t)::text as row from staff_token t");
  expect(JSON.stringify(rows)).not.toContain(token.split(".")[2]);
  const listed = await hall.ask(admin, "GET", "/staff");
  expect(JSON.stringify(listed.body)).toContain("王芳");
  expect(JSON.stringify(listed.body)).not.toContain("cgs.");
});

test("made again with the same key it is the same person, and the first token ends", async () => {
  const body = { name: "李娜", roles: ["finance"] };
  const first = await hall.ask(admin, "POST", "/staff", body, "make-li-na-1");
  const again = await hall.ask(admin, "POST", "/staff", body, "make-li-na-1");
  expect(again.body.id).toBe(first.body.id);
  expect((await whoAmI(String(first.body.token))).status).toBe(401);
  expect((await whoAmI(String(again.body.token))).status).toBe(200);
});

test("another token ends the first; a disabled colleague is out; roles count from the next request on", async () => {
  const made = await hall.ask(admin, "POST", "/staff", { name: "赵强", roles: ["cashier"] });
  const first = String(made.body.token);
  const second = String((await hall.ask(admin, "POST", `/staff/${made.body.id}/token`)).body.token);
  expect((await whoAmI(first)).body).toMatchObject({ status: 401, code: "staff.required" });
  expect(
    (await hall.ask({ token: second }, "POST", "/drawers", { unitId: made.body.id, name: "一号" })).body,
  ).toMatchObject({ status: 403, code: "staff.forbidden" });
  await hall.ask(admin, "PUT", `/staff/${made.body.id}/roles`, { roles: ["supervisor"] });
  expect((await whoAmI(second)).body.roles).toEqual(["supervisor"]);
  await hall.ask(admin, "POST", `/staff/${made.body.id}/disable`);
  expect((await whoAmI(second)).status).toBe(401);
});

test("the administrator's token is nobody's, and a colleague's is not the administrator's", async () => {
  const { token } = await hall.member("孙丽", "admin", "supervisor");
  expect((await hall.ask(admin, "GET", "/staff/me")).status).toBe(401);
  expect((await hall.ask({ token }, "POST", "/staff", { name: "x", roles: ["admin"] })).status).toBe(401);
});

test("wrong secrets lock the token they are tried with, for a while, and no other", async () => {
  const [guessed, other] = [await hall.member("周杰", "cashier"), await hall.member("吴敏", "cashier")];
  const [head, id, secret] = guessed.token.split(".");
  const wrong = `${head}.${id}.${secret?.replace(/.$/, (sign) => (sign === "A" ? "B" : "A"))}`;
  for (let i = 0; i < 10; i++) expect((await whoAmI(wrong)).status).toBe(401);
  expect((await whoAmI(guessed.token)).body).toMatchObject({ status: 429, code: "staff.locked" });
  expect((await whoAmI(other.token)).status).toBe(200);
  hall.earth.clock.now += 60_000;
  expect((await whoAmI(guessed.token)).status).toBe(200);
});

test("a token with an end counts until then", async () => {
  const { id } = await hall.member("冯远", "cashier");
  const { sale } = hall.world;
  const token = await issueStaffToken(sale, id, { expiresAt: sale.now() + 60_000, instead: true });
  hall.earth.clock.now += 59_999;
  expect((await whoAmI(token)).status).toBe(200);
  hall.earth.clock.now += 1;
  expect((await whoAmI(token)).body).toMatchObject({ status: 401, code: "staff.required" });
});

test.each(["", "cgs", "cgs..", "cgs.aaaaaaaaaaaa.b", "x".repeat(2_000)])("%j is no token", async (token) => {
  expect((await whoAmI(token)).status).toBe(401);
});

test("the log holds what was done, in chains that show every change", async () => {
  const { db, now } = hall.world.sale;
  const other = openAudit(db, now, "another process");
  await Promise.all(
    [1, 2, 3, 4].map((n) => other.append({ actor: "a", action: "did", subject: "s", doc: { n, b: { z: 1, a: [n] } } })),
  );
  await hall.ask(admin, "POST", "/staff", { name: "郑爽", roles: ["cashier"] });
  const sound = await verifyAudit(db);
  expect(sound.broken).toEqual([]);
  expect(sound.chains).toBe(2);
  expect(sound.rows).toBeGreaterThan(8);
  const verified = await hall.ask(admin, "POST", "/audit/verification");
  expect(verified.body).toMatchObject({ broken: [] });

  const seen = async (sql: string) => {
    await db.query("create table audit_kept as select * from audit");
    await db.query(sql);
    const { broken } = await verifyAudit(db);
    await db.query("delete from audit");
    await db.query("insert into audit select * from audit_kept");
    await db.query("drop table audit_kept");
    return broken.map(({ why }) => why);
  };
  const here = "chain = 'another process'";
  expect(await seen(`update audit set doc = '{"n": 9}' where ${here} and seq = 3`)).toEqual(["hash"]);
  expect(await seen(`update audit set actor = 'b' where ${here} and seq = 3`)).toEqual(["hash"]);
  expect(await seen(`update audit set previous_hash = 'x' where ${here} and seq = 3`)).toEqual(["hash", "link"]);
  expect(await seen(`delete from audit where ${here} and seq = 3`)).toEqual(["missing", "link"]);
  // The other chain's end, which a chain that opened later remembers.
  const third = openAudit(db, now, "third");
  await third.append({ actor: "a", action: "did", subject: "s", doc: {} });
  expect(await seen(`delete from audit where ${here} and seq = 5`)).toEqual(["missing"]);
});

test("the log keeps a bounded number waiting: beyond it, what it would tell of is not done", async () => {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const slow = { query: () => gate.then(() => ({ rows: [] })) } as unknown as Pool;
  const audit = openAudit(slow, hall.world.sale.now, "slow");
  const entry = { actor: "a", action: "did", subject: "s", doc: {} };
  const taken = Array.from({ length: 1_000 }, () => audit.append(entry));
  const over = audit.append(entry);
  open();
  await expect(over).rejects.toThrow("does not keep up");
  await Promise.all(taken);
  await audit.append(entry);
});

test("a row that may or may not have been written leaves the chain sound", async () => {
  const { db, now } = hall.world.sale;
  let lose = false;
  const losing = new Proxy(db, {
    get: (target, name) =>
      name !== "query"
        ? Reflect.get(target, name)
        : async (...args: Parameters<typeof db.query>) => {
            const done = await target.query(...args);
            if (lose && String(args[0]).startsWith("insert")) throw new Error("answer lost");
            return done;
          },
  });
  const audit = openAudit(losing, now, "losing");
  await audit.append({ actor: "a", action: "did", subject: "s", doc: {} });
  lose = true;
  await expect(audit.append({ actor: "a", action: "did", subject: "s", doc: {} })).rejects.toThrow("answer lost");
  lose = false;
  await audit.append({ actor: "a", action: "did", subject: "s", doc: {} });
  expect((await verifyAudit(db)).broken).toEqual([]);
  expect((await db.query("select 1 from audit where chain = 'losing'")).rows).toHaveLength(4);
});

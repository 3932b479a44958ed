/** `POST /notify/…` on a whole server with its real rows: bytes as they came, no login, small, known once. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ChannelName } from "@citygas/core";
import type { CodePayChannel, RawNotification } from "@citygas/gateways";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { makeLog } from "../http/log.ts";
import { fakeBank, signedNotification } from "../purchases/bank.testkit.ts";
import { type RunningServer, startServer } from "../server.ts";
import { type FreshDatabase, freshDatabase } from "../store/testDatabase.ts";

let database: FreshDatabase;
let server: RunningServer;
let dataDir: string;
const read: RawNotification[] = [];
const clock = { now: Date.UTC(2026, 10, 23, 2) };

beforeAll(async () => {
  database = await freshDatabase("shared", { migrated: false });
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-notify-"));
  server = await startServer({
    database: database.connection,
    dataDir,
    port: 0,
    channels: new Map<ChannelName, CodePayChannel>([["wechat", listening()]]),
    publicUrl: "http://127.0.0.1:8080",
    log: makeLog("silent"),
    now: () => clock.now,
  });
});
afterAll(async () => {
  await server.close();
  await database.drop();
  fs.rmSync(dataDir, { recursive: true });
});
beforeEach(() => {
  read.length = 0;
});

/** Remembers what it was given to read. */
function listening(): CodePayChannel {
  const { channel } = fakeBank("wechat", () => clock.now);
  const door = channel.notifications;
  if (door === undefined) throw new Error("the bank sends nothing");
  return {
    ...channel,
    notifications: {
      ...door,
      read: (message, now) => {
        read.push(message);
        return door.read(message, now);
      },
    },
  };
}

const post = (channel: string, { headers, body }: RawNotification, more: Record<string, string> = {}) =>
  server.app.inject({
    method: "POST",
    url: `/notify/${channel}`,
    headers: { ...headers, "content-type": "application/json", ...more },
    payload: Buffer.from(body),
  });
const stored = async (sql: string) => (await server.ctx.db.query<Record<string, unknown>>(sql)).rows;

test("a genuine one is kept before it is answered, with its bytes untouched, and known by the gateway's id", async () => {
  // Spaces, an escape and a byte that is no UTF-8: whoever parses and prints again breaks the signature.
  const bytes = Buffer.concat([
    Buffer.from('{ "kind":"other",  "id":"EV-1","type":"\\u0041", "x":"'),
    Buffer.of(0xff),
    Buffer.from('"}'),
  ]);
  const message = { ...signedNotification({}), body: bytes };
  for (let time = 0; time < 2; time++) {
    const reply = await post("wechat", message);
    expect([reply.statusCode, reply.body, reply.headers["content-type"]]).toEqual([200, "success", "text/plain"]);
  }
  expect(Buffer.from(read[0]?.body ?? []).equals(bytes)).toBe(true);
  const rows = await stored("select * from notification where gateway_id = 'EV-1'");
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ channel: "wechat", received_at: clock.now, verdict: { kind: "other" } });
  expect(Buffer.from(String(rows[0]?.body), "base64").equals(bytes)).toBe(true);
  expect(rows[0]?.headers).not.toHaveProperty("cookie");
});

test("any content type reaches the signature check, a form too", async () => {
  const message = signedNotification({ kind: "other", id: "EV-2", type: "X" });
  for (const type of ["application/x-www-form-urlencoded;charset=utf-8", "text/plain", "application/octet-stream"])
    expect((await post("wechat", message, { "content-type": type })).statusCode).toBe(200);
});

test("a forged one is refused and counted per hour; a flood is not all kept", async () => {
  const forged = signedNotification({ kind: "other", id: "EV-3", type: "X" }, "forged");
  for (let time = 0; time < 103; time++) expect((await post("wechat", forged)).statusCode).toBe(401);
  expect(await stored("select count from notification_refusal")).toEqual([{ count: 103 }]);
  expect(await stored("select count(*)::int as kept from notification where result = 'refused'")).toEqual([
    { kept: 100 },
  ]);
  clock.now += 3_600_000;
  await post("wechat", forged);
  expect(await stored("select count(*)::int as kept from notification where result = 'refused'")).toEqual([
    { kept: 101 },
  ]);
});

test("too large, empty, or for a channel that sends nothing", async () => {
  const message = signedNotification({ kind: "other", id: "EV-4", type: "X" });
  expect((await post("wechat", { ...message, body: Buffer.alloc(40_000, 0x20) })).statusCode).toBe(413);
  expect((await post("wechat", { headers: {}, body: Buffer.alloc(0) })).statusCode).toBe(401);
  expect((await post("alipay", message)).statusCode).toBe(404);
  expect((await post("acquirer", message)).statusCode).toBe(404);
});

test("what was left lying is found by the next server, the oldest first, and finished once", async () => {
  await server.ctx.db.query(
    `insert into notification (id, channel, gateway_id, received_at, headers, body, verdict)
     values ('n-1', 'wechat', 'EV-left', 1, '{}', 'e30=', '{"kind":"other","id":"EV-left","type":"X"}')`,
  );
  const { openCallbacks } = await import("./callbacks.ts");
  const { sqlNotificationRows } = await import("./notificationRows.ts");
  const { newPayments } = await import("../payments/payments.ts");
  const rows = sqlNotificationRows(server.ctx.db);
  expect((await rows.unfinished(clock.now, 10)).map(({ id }) => id)).toContain("n-1");
  // Carrying out an unfollowed message needs nothing of the sale but its clock and log.
  const sale = { ...server.ctx, cardRows: null, purchaseRows: null, taskRows: null, bindRows: null, committed: null };
  const callbacks = openCallbacks(sale as never, newPayments(), rows);
  expect(await callbacks.sweep()).toBeGreaterThan(0);
  expect(await rows.unfinished(clock.now - 10_000, 10)).toEqual([]);
  // Another server that was at it as well comes too late.
  await rows.finish("n-1", "failed", clock.now);
  expect(await stored("select result from notification where id = 'n-1'")).toEqual([{ result: "ignored" }]);
  expect(await rows.attemptByOrder("wechat", "0".repeat(32))).toBeUndefined();
});

test("one gateway's word is about an order of its own only", async () => {
  await server.ctx.db.query(
    `insert into attempt (id, version, state, status, purchase_id, channel, out_trade_no)
     values ('att-1', 1, '{}', 'failed', 'p-1', 'alipay', 'ORDER1')`,
  );
  const { sqlNotificationRows } = await import("./notificationRows.ts");
  const rows = sqlNotificationRows(server.ctx.db);
  expect(await rows.attemptByOrder("wechat", "ORDER1")).toBeUndefined();
  expect(await rows.attemptByOrder("alipay", "ORDER1")).toBe("att-1");
});

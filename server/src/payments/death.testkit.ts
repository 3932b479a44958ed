/**
 * A server process of its own on real PostgreSQL, with the sandbox's WeChat Pay and Alipay over HTTP; terminals that
 * speak to it and may fall silent at any moment; kill -9.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { tokenMessage } from "@citygas/api";
import { freePort } from "@citygas/city";
import type { PurchaseState } from "@citygas/core";
import { moneyDisagreements, sidesOf } from "@citygas/e2e";
import type { PayParams } from "@citygas/gateways";
import { type Gateways, type Sandbox, startGateways, startSandbox } from "@citygas/sandbox";
import type { Pool } from "pg";
import { afterEach, expect } from "vitest";
import { demoPhones } from "../demo/fixtures.ts";
import type { Demo } from "../demo/seed.ts";
import { type DatabaseConnection, openPool } from "../store/database.ts";
import { freshDatabase } from "../store/testDatabase.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const readyWithinMs = 180_000;
/** Of the connections to this database, those that wait for the test's lock. */
const holding = "datname = current_database() and wait_event = 'advisory'";
const holdLock = 1;

type Reply = { status: number; body: Record<string, unknown> };
/** A paired terminal, as its token. */
export interface Caller {
  /** @param key the Idempotency-Key; another one each time when left out */
  post(url: string, body?: object, key?: string): Promise<Reply>;
  put(url: string, body: object): Promise<Reply>;
}

export interface Inserted {
  sessionId: string;
  powerUpId: string;
  imageHex: string;
  /** What the chip opens to, hex. */
  secret: string;
  answer: Record<string, unknown>;
}

/** Of a commit that the server was killed over. */
export type Effect = "lost" | "kept";

export interface DeathWorld {
  gateways: Gateways;
  db: Pool;
  kill(): Promise<void>;
  start(): Promise<void>;
  kiosk: Caller;
  phone: Caller;
  /** The card goes into a reader and is read. @returns the session and the centre's answer. */
  insert(caller: Caller, cardId: string): Promise<Inserted>;
  /** A confirmed purchase for that card. */
  confirmed(caller: Caller, cardId: string): Promise<string>;
  pay(id: string, wallet: "wechat" | "alipay", phoneId: string): Promise<Reply>;
  /** What that phone shows now. */
  codeOf(wallet: "wechat" | "alipay", phoneId: string): string;
  /** An order on a phone. @returns what its page hands to the wallet */
  order(id: string): Promise<PayParams>;
  /** The customer pays it there. */
  payOrder(params: PayParams): void;
  /** @returns how many tasks the purchase and its payments had */
  loseTasks(id: string): Promise<number>;
  stateOf(id: string): Promise<PurchaseState>;
  attemptOf(id: string): Promise<string>;
  reaches(id: string, state: PurchaseState, withinMs: number): Promise<void>;
  attemptReaches(id: string, state: string, withinMs: number): Promise<void>;
  /**
   * The database stands still over each event of this type, so that the server can be killed at that very moment.
   * @returns what lets it go on: nothing of the killed server's statement is kept, or all of it, though nobody hears.
   */
  holdEvents(type: string): Promise<(effect?: Effect) => Promise<void>>;
  /** Resolves when it does. */
  held(): Promise<void>;
  /** A notification's row says what came of it. */
  carriedOut(notificationId: string, withinMs: number): Promise<void>;
  /** The purchase's customer has this text message on the phone, once. */
  isTold(id: string, templateId: string, withinMs: number): Promise<void>;
  /** Something was answered about its payment. */
  heardOf(id: string): Promise<void>;
  stop(): Promise<void>;
}

type WithMoney = Pick<DeathWorld, "gateways" | "db">;
/** Those that run: after every test the sandbox's gateways must agree with what its database says, be the server dead or not. */
const standing = new Set<WithMoney>();
afterEach(async () => {
  for (const world of standing) expect(await astray(world)).toEqual([]);
});

const astray = async ({ gateways: { ledger }, db }: WithMoney): Promise<string[]> =>
  moneyDisagreements(
    await sidesOf({
      query: async (sql) => (await db.query(sql)).rows,
      sandbox: { ledger: async (gateway) => ({ rows: ledger.rows(gateway), payCalls: ledger.payCalls(gateway) }) },
    }),
  );

/** @param finishMinutes how long a paid purchase may be finished */
export async function startDeathWorld(finishMinutes: number): Promise<DeathWorld> {
  const database = await freshDatabase("shared", { migrated: false });
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-death-"));
  const gateways = await startGateways({ dir: path.join(dir, "sandbox"), now: Date.now });
  const messenger = await startMessenger(dir);
  const port = await freePort();
  const process = serverProcess(dir, port, database.connection, gateways, messenger, finishMinutes);
  const db = openPool(database.connection, { max: 2, name: "test" });
  const url = `http://127.0.0.1:${port}/api/v1`;
  await process.start();
  const demo = JSON.parse(fs.readFileSync(path.join(dir, "server", "run", "server.json"), "utf8")) as Demo;
  for (const phone of demo.sandboxSeed?.phones ?? []) gateways.wallets.ensurePhone(phone);
  await db.query(`update company_unit set settings = jsonb_set(settings, '{later}', 'true')`);
  const kiosk = await pairedBy(url, demo.pairingCodes["kiosk-1"] ?? "");
  const phone = await pairedBy(url, await phonesCode(url, dir, db));

  const world: DeathWorld = {
    gateways,
    db,
    kill: process.kill,
    start: process.start,
    kiosk,
    phone,
    async insert(caller, cardId) {
      const card = demo.sandboxSeed?.cards.find(({ id }) => id === cardId);
      if (card?.imageHex === undefined) throw new Error(`no card ${cardId}`);
      const powerUpId = randomUUID();
      const opened = await caller.post("/card-sessions", { reader: "r", atr: "3b04a2131091", powerUpId });
      const sessionId = String(opened.body.id);
      const { script } = opened.body as { script: { id: string } };
      const results = [{ step: 0 }, { step: 1, data: card.imageHex }, { step: 2, counter: card.errorCounter ?? 7 }];
      const report = { scriptId: script.id, powerUpId, results };
      const answer = await caller.put(`/card-sessions/${sessionId}/image`, report);
      return { sessionId, powerUpId, imageHex: card.imageHex, secret: card.pscHex ?? "", answer: answer.body };
    },
    async confirmed(caller, cardId) {
      const { sessionId, answer } = await world.insert(caller, cardId);
      const entry = answer.unit === "money" ? { kind: "amount", amountFen: 3_000 } : { kind: "volume", volumeL: 5_000 };
      const made = await must(caller.post("/purchases", { cardSessionId: sessionId, entry }), cardId);
      const id = String(made.id);
      await must(caller.post(`/purchases/${id}/confirm`), cardId);
      return id;
    },
    codeOf: (wallet, phoneId) => gateways.wallets.showCode(phoneId, wallet)?.code ?? "",
    pay: (id, wallet, phoneId) => kiosk.post(`/purchases/${id}/attempts`, { code: world.codeOf(wallet, phoneId) }),
    async order(id) {
      const made = await must(phone.post(`/purchases/${id}/prepay`, { app: "mini", openid: "m-phone-1" }), id);
      // The API's own schema has checked it.
      return made.params as PayParams;
    },
    payOrder(params) {
      const { err_msg: said } = gateways.cashier.answer(params, "phone-1", true);
      if (said !== "get_brand_wcpay_request:ok") throw new Error(said);
    },
    async loseTasks(id) {
      const lost = await db.query(
        "delete from task where ref = $1 or ref in (select id from attempt where purchase_id = $1)",
        [id],
      );
      return lost.rowCount ?? 0;
    },
    stateOf: async (id) => await one(db, "select status from purchase where id = $1", id),
    attemptOf: async (id) =>
      await one(
        db,
        "select status from attempt where purchase_id = $1 order by (state->>'createdAt')::bigint desc limit 1",
        id,
      ),
    async reaches(id, state, withinMs) {
      try {
        await until(async () => await world.stateOf(id), state, withinMs);
      } catch (error) {
        throw new Error(`${await story(db, id)}: ${error instanceof Error ? error.message : "?"}`);
      }
    },
    attemptReaches: async (id, state, withinMs) => await until(async () => await world.attemptOf(id), state, withinMs),
    async holdEvents(type) {
      const holder = await db.connect();
      await holder.query("select pg_advisory_lock($1)", [holdLock]);
      await db.query(`create or replace function hold() returns trigger language plpgsql as $$ begin
        if new.event->'event'->>'type' = '${type}' then perform pg_advisory_xact_lock(${holdLock}); end if;
        return new; end $$`);
      await db.query("create trigger hold before insert on event for each row execute function hold()");
      return async (effect = "lost") => {
        // Left alone, the statement of a client that is gone is carried out all the same.
        if (effect === "lost")
          await db.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${holding}`);
        await holder.query("select pg_advisory_unlock($1)", [holdLock]);
        holder.release();
        // Waits for it.
        await db.query("drop trigger hold on event");
      };
    },
    held: async () =>
      await until(
        async () => await one(db, `select (count(*) > 0)::text from pg_stat_activity where ${holding} and $1 = ''`, ""),
        "true",
        20_000,
      ),
    carriedOut: async (id, withinMs) =>
      await until(
        async () => await one(db, "select (result is not null)::text from notification where id = $1", id),
        "true",
        withinMs,
      ),
    async isTold(id, templateId, withinMs) {
      const number = await one(db, "select number from purchase where id = $1", id);
      const told = async () => {
        const { messages } = (await (await fetch(`${messenger.url}/sandbox/api/messages`)).json()) as {
          messages: { templateId: string; phoneId: string | null; text: string | null }[];
        };
        const about = messages.filter(({ text }) => text?.includes(number));
        return about.map((message) => `${message.templateId} on ${message.phoneId}`).join(", ");
      };
      await until(told, `${templateId} on phone-1`, withinMs);
    },
    heardOf: async (id) => await until(async () => String((await story(db, id)).includes("answered")), "true", 10_000),
    async stop() {
      standing.delete(world);
      await process.kill();
      const found = await astray(world);
      await gateways.close();
      await messenger.close();
      await db.end();
      await database.drop();
      fs.rmSync(dir, { recursive: true, force: true });
      expect(found).toEqual([]);
    },
  };
  standing.add(world);
  return world;
}

function serverProcess(
  dir: string,
  port: number,
  database: DatabaseConnection,
  gateways: Gateways,
  { notices }: Sandbox,
  finishMinutes: number,
) {
  const dataDir = path.join(dir, "server");
  fs.mkdirSync(dataDir, { recursive: true });
  const gatewaysFile = path.join(dir, "gateways.json");
  const { wechat, alipay } = gateways.merchant;
  const notifyUrl = `http://127.0.0.1:${port}/notify/wechat`;
  const timeoutMs = 3_000;
  fs.writeFileSync(
    gatewaysFile,
    JSON.stringify({
      wechat: { ...wechat, baseUrl: gateways.wechatUrl, notifyUrl, timeoutMs },
      alipay: { ...alipay, timeoutMs },
      notices: { smsUrl: notices.smsUrl, secret: notices.secret },
    }),
  );
  if (!("host" in database)) throw new Error("the test's database is named by its parts");
  const { host, port: dbPort, user = "", database: name } = database;
  let child: ChildProcess | null = null;
  return {
    async start(): Promise<void> {
      child = spawn(process.execPath, ["--import", "tsx", "server/src/main.ts"], {
        cwd: root,
        stdio: ["ignore", "ignore", "inherit"],
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          PORT: String(port),
          CITYGAS_DATA: dataDir,
          CITYGAS_PUBLIC_URL: `http://127.0.0.1:${port}`,
          CITYGAS_GATEWAYS_FILE: gatewaysFile,
          CITYGAS_DEMO: "1",
          CITYGAS_LOG: "fatal",
          CITYGAS_FINISH_MINUTES: String(finishMinutes),
          CITYGAS_DB_HOST: host,
          CITYGAS_DB_PORT: String(dbPort),
          CITYGAS_DB_USER: user,
          CITYGAS_DB_NAME: name,
        },
      });
      await until(async () => ((await isReady(port)) ? "ready" : "starting"), "ready", readyWithinMs);
    },
    async kill(): Promise<void> {
      const dying = child;
      if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return;
      const gone = new Promise((resolve) => dying.once("exit", resolve));
      dying.kill("SIGKILL");
      await gone;
    },
  };
}

/** The sandbox's provider of text messages, and the demo's phones. */
async function startMessenger(dir: string): Promise<Sandbox> {
  const seed = { cards: [], meters: [], phones: [...demoPhones] };
  return await startSandbox({ dir: path.join(dir, "messenger"), seed, now: Date.now });
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health`)).ok;
  } catch {
    return false;
  }
}

/** Registers a phone as a terminal of the first unit. */
async function phonesCode(url: string, dir: string, db: Pool): Promise<string> {
  const adminToken = fs.readFileSync(path.join(dir, "server", "secrets", "admin.token"), "utf8").trim();
  const unitId = await one(db, "select id from company_unit where $1::text is not null order by id limit 1", "");
  const admin = callerOf(url, adminToken);
  const terminal = await must(admin.post("/terminals", { unitId, name: "手机1", kind: "phone" }), "phone");
  return String((await must(admin.post(`/terminals/${String(terminal.id)}/pairing-codes`), "code")).code);
}

async function pairedBy(url: string, code: string): Promise<Caller> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const stranger = callerOf(url, "none");
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const { terminalId } = await must(stranger.post("/terminals/pair", { code, publicKey: pem }), "pair");
  const id = String(terminalId);
  const [timestampMs, nonce] = [Date.now(), randomUUID()];
  const signature = sign(null, Buffer.from(tokenMessage(id, timestampMs, nonce)), privateKey).toString("base64");
  const body = { terminalId: id, timestampMs, nonce, signature };
  return callerOf(url, String((await must(stranger.post("/terminals/token", body), "token")).token));
}

function callerOf(url: string, token: string): Caller {
  const send = async (method: string, at: string, body: object = {}, key: string = randomUUID()): Promise<Reply> => {
    const reply = await fetch(url + at, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "idempotency-key": key,
      },
      body: JSON.stringify(body),
    });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  return { post: (at, body, key) => send("POST", at, body, key), put: (at, body) => send("PUT", at, body) };
}

async function must(reply: Promise<Reply>, what: string): Promise<Record<string, unknown>> {
  const { status, body } = await reply;
  if (status >= 300) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`);
  return body;
}

async function one<T extends string>(db: Pool, sql: string, value: string): Promise<T> {
  const { rows } = await db.query<Record<string, T>>(sql, [value]);
  const [found] = Object.values(rows[0] ?? {});
  if (found === undefined) throw new Error(`nothing for ${value}`);
  return found;
}

/** What happened to a purchase, for a test that waited in vain. */
async function story(db: Pool, id: string): Promise<string> {
  const { rows } = await db.query<{ event: { event: { type: string; outcome?: { kind: string } } } }>(
    "select event from event where subject_id = $1 order by seq",
    [id],
  );
  return rows.map(({ event: { event } }) => `${event.type} ${event.outcome?.kind ?? ""}`.trim()).join(", ");
}

/** Looks until it is so. @throws with what it was at last. */
async function until(look: () => Promise<string>, wanted: string, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  for (let seen = await look(); seen !== wanted; seen = await look()) {
    if (Date.now() > end) throw new Error(`still ${seen}, not ${wanted}, after ${withinMs} ms`);
    await sleep(100);
  }
}

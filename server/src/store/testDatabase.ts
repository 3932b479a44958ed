/** Databases for tests: one PostgreSQL per test run, one database per caller. */
import { randomBytes } from "node:crypto";
import net from "node:net";
import pg from "pg";
import { inject } from "vitest";
import { type DatabaseConnection, openPool } from "./database.ts";
import { migrate } from "./migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Socket where a test asks for a cluster by name. */
    postgresSocket: string;
  }
}

interface SocketConnection {
  host: string;
  port: number;
  user: string;
  database: string;
}

/** A PostgreSQL of that name (small letters), started on the first call; with `kill` killed first and started again. */
export async function testCluster(name: string, kill = false): Promise<SocketConnection> {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = net.connect(inject("postgresSocket"), () => socket.write(`${name}${kill ? " kill" : ""}\n`));
    let text = "";
    socket.setEncoding("utf8");
    socket.setTimeout(60_000, () => socket.destroy(new Error("no PostgreSQL after 60 s")));
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
  const parsed: unknown = JSON.parse(answer);
  if (!isCluster(parsed)) throw new Error(`no PostgreSQL for tests: ${answer}`);
  return parsed.connection;
}

function isCluster(value: unknown): value is { connection: SocketConnection } {
  return typeof value === "object" && value !== null && "connection" in value;
}

export interface FreshDatabase {
  connection: DatabaseConnection;
  /** Ends all sessions and removes it. */
  drop(): Promise<void>;
}

/** An empty database with all migrations. Call it in `beforeAll`, and `drop` in `afterAll`. */
export async function freshDatabase(cluster = "shared", options: { migrated?: boolean } = {}): Promise<FreshDatabase> {
  const connection = await testCluster(cluster);
  const template = options.migrated === false ? "template1" : await migratedIn(cluster, connection);
  const database = await created(connection, template);
  const drop = (): Promise<void> => asAdmin(connection, `drop database if exists ${database} with (force)`);
  return { connection: { ...connection, database }, drop };
}

/** By cluster: its migrated database, which this worker made once and copies for each caller. */
const migrated = new Map<string, Promise<string>>();

function migratedIn(cluster: string, connection: SocketConnection): Promise<string> {
  const known = migrated.get(cluster) ?? migrateOne(connection);
  migrated.set(cluster, known);
  return known;
}

async function migrateOne(connection: SocketConnection): Promise<string> {
  const database = await created(connection, "template1");
  const pool = openPool({ ...connection, database }, { max: 1, name: "migrate" });
  try {
    await migrate(pool);
  } finally {
    await pool.end();
  }
  return database;
}

async function created(connection: SocketConnection, template: string): Promise<string> {
  const database = `test_${randomBytes(8).toString("hex")}`;
  await asAdmin(connection, `create database ${database} template ${template}`);
  return database;
}

async function asAdmin(connection: SocketConnection, sql: string): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

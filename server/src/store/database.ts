/** Connections to the database: one way to open a pool, so that every query reads numbers and gives up alike. */
import pg from "pg";

/** As `pg` takes it: a socket's folder or a host, or a whole URL. */
export type DatabaseConnection =
  | { host: string; port: number; user: string; database: string; password?: string }
  | { connectionString: string };

const int8 = 20;

/** bigint columns hold fen, litres and milliseconds: all within 2^53, checked here rather than rounded in silence. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`bigint out of range: ${text}`);
  return value;
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === int8 ? parseInt8 : pg.types.getTypeParser(oid, format)),
};

export interface PoolOptions {
  max: number;
  /** Shown in the server's list of sessions. */
  name: string;
  /** For look-ups by key only, never for reports. */
  byIndex?: boolean;
}

/**
 * A pool whose every wait ends: for a connection, for an answer (also when the server's machine vanished and sends
 * nothing more). Sums of bigint are `numeric` in SQL: cast them to bigint to read a number.
 */
export function openPool(connection: DatabaseConnection, options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    types,
    max: options.max,
    application_name: options.name,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 15_000,
    query_timeout: 20_000,
    keepAlive: true,
    ...(options.byIndex ? { onConnect: preferIndexes } : {}),
  });
  // A lost connection is no event: whoever uses it has its query rejected, and the next query opens another. Without
  // listeners it would end the process: the pool's is for idle connections, the client's for those in use.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/**
 * A prepared statement keeps the plan it got when the tables were small, and a scan of a table that has grown since
 * would ruin it. With that ruled out, one plan for all is right: left to choose, PostgreSQL plans each look-up anew, at
 * more than its execution costs. Servers that don't know a setting plan as they like.
 */
async function preferIndexes(client: pg.ClientBase): Promise<void> {
  for (const setting of ["enable_seqscan = off", "plan_cache_mode = force_generic_plan"])
    await client.query(`set ${setting}`).catch(() => undefined);
}

/** SQLSTATE or system error code. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** One server: database, context, routes, task runner. Any number may run on one database, any may die at any time. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { ChannelName, Instant } from "@citygas/core";
import { purchaseTimers } from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";
import type { Logger } from "pino";
import { bindRoutes } from "./binding/routes.ts";
import type { KeyService, ServerContext } from "./context.ts";
import { type Demo, seedDemo } from "./demo/seed.ts";
import { seedDemoStaff } from "./demo/staff.ts";
import { type App, buildApp } from "./http/app.ts";
import { sameSecret } from "./http/auth.ts";
import { uuid7 } from "./http/ids.ts";
import { sharedValue } from "./http/serverValues.ts";
import { softKeys, writeOnce } from "./keys/softKeys.ts";
import { ledgerRoutes } from "./ledger/routes.ts";
import type { NoticeChannels } from "./notices/sender.ts";
import { outcomeRoutes } from "./outcome/routes.ts";
import { openSales, type Sales } from "./purchases/openSales.ts";
import { openReconciliation, type Reconciliation } from "./reconciliation/reconciliation.ts";
import { sqlRegistry } from "./registration/registry.ts";
import { registrationRoutes } from "./registration/routes.ts";
import { openPeople, type People } from "./staff/people.ts";
import { staffAuthenticator } from "./staff/tokens.ts";
import { type DatabaseConnection, openPool } from "./store/database.ts";
import { migrate } from "./store/migrate.ts";
import { openSqlStore, type SqlStoreOptions } from "./store/sql.ts";
import { terminalAuth } from "./terminals/pairing.ts";
import { terminalRoutes } from "./terminals/routes.ts";
import { trailRoutes } from "./trail/routes.ts";

export interface ServerOptions {
  database: DatabaseConnection;
  /** Holds keys and the administrator's token. */
  dataDir: string;
  /** 0: a free one. */
  port: number;
  /** Loopback when left out. */
  host?: string;
  channels: ReadonlyMap<ChannelName, CodePayChannel>;
  /** Providers of text messages and WeChat notices. Default: none, and customers are told at terminals only. */
  notices?: NoticeChannels;
  /** No trailing slash. */
  publicUrl: string;
  log: Logger;
  /** Default: master keys in files of the data folder, which production mode refuses. */
  keys?: KeyService;
  /** The administrator's bearer token. Default: made once, in `<dataDir>/secrets/admin.token`. */
  adminToken?: string;
  production?: boolean;
  demo?: boolean;
  debts?: "rows" | "block";
  finishMs?: number;
  idleMs?: number;
  now?: () => Instant;
  store?: SqlStoreOptions;
  /** Called when it serves, before `/health` says so: what a waiting starter reads must be there by then. */
  announce?: (facts: { url: string; demo: Demo | null }) => void;
}

export interface RunningServer {
  /** `http://127.0.0.1:PORT` */
  url: string;
  ctx: ServerContext;
  app: App;
  /** null without `demo`. */
  demo: Demo | null;
  adminToken: string;
  /** Takes no more requests, ends what was begun, closes the database. */
  close(): Promise<void>;
}

const scriptMs = 60_000;
const readersMax = 8;

/** Migrates, seeds where asked, and serves. Rejects when the database can't be reached or a setting is impossible. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const production = options.production ?? false;
  if (production && options.demo === true) throw new Error("there is no demo in production mode");
  const db = openPool(options.database, { max: readersMax, name: "citygas-server" });
  const undo: (() => Promise<unknown>)[] = [() => db.end()];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await migrate(db);
    const random = (bytes: number): Uint8Array => randomBytes(bytes);
    const now = options.now ?? Date.now;
    const store = openSqlStore(options.database, options.store);
    undo.push(() => store.close());
    const ctx: ServerContext = {
      store,
      db,
      now,
      newId: () => uuid7(now(), random),
      random,
      channels: options.channels,
      keys: options.keys ?? softKeys(path.join(options.dataDir, "keys"), { production }),
      registry: sqlRegistry(db, now),
      log: options.log,
      settings: {
        publicUrl: options.publicUrl,
        finishMs: options.finishMs ?? purchaseTimers.finishMs,
        idleMs: options.idleMs ?? 60_000,
        scriptMs,
        debts: options.debts ?? "rows",
        production,
      },
    };
    undo.push(async () => ctx.keys.close?.());
    const adminToken = options.adminToken ?? readOrMakeToken(path.join(options.dataDir, "secrets", "admin.token"));
    let ready = false;
    const reconciliation = openReconciliation(ctx, options);
    undo.push(() => reconciliation.stop());
    const { app, sales, people } = await makeApp(ctx, adminToken, () => ready, reconciliation, options.notices);
    undo.push(() => sales.stop());
    undo.push(() => people.janitor.stop());
    undo.push(() => app.close());
    // Before the runner: a story of yesterday would otherwise be taken up while it is still being told.
    const demo = options.demo === true ? await seedDemo(ctx) : null;
    if (demo?.sandboxSeed != null) await seedDemoStaff(ctx, options.dataDir);
    await sales.start();
    people.janitor.start();
    reconciliation.scheduler.start();
    const url = await app.listen({ port: options.port, host: options.host ?? "127.0.0.1" });
    options.announce?.({ url, demo });
    ready = true;
    return { url, ctx, app, demo, adminToken, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeApp(
  ctx: ServerContext,
  adminToken: string,
  isReady: () => boolean,
  reconciliation: Reconciliation,
  notices?: NoticeChannels,
): Promise<{ app: App; sales: Sales; people: People }> {
  const tokenSecret = await sharedValue(ctx.db, "terminal.tokenSecret", () => randomBytes(32).toString("base64"));
  const auth = terminalAuth(ctx, tokenSecret);
  const sales = openSales(ctx);
  const people = openPeople(sales.sale, reconciliation.decisions, notices);
  const app = await buildApp(ctx, {
    authenticators: {
      terminal: auth.verify,
      admin: (token) => sameSecret(token, adminToken),
      staff: staffAuthenticator(ctx),
    },
    apiRoutes: [
      terminalRoutes(auth),
      registrationRoutes(auth),
      sales.routes,
      trailRoutes,
      reconciliation.routes,
      ledgerRoutes,
      ...people.routes,
    ],
    rootRoutes: [outcomeRoutes, bindRoutes, sales.callbacks],
    isReady,
  });
  return { app, sales, people };
}

/** @throws when the file holds a token too short to be a secret. */
export function readOrMakeToken(file: string): string {
  if (!fs.existsSync(file)) writeOnce(file, randomBytes(24).toString("base64url"));
  const token = fs.readFileSync(file, "utf8").trim();
  if (token.length < 24) throw new Error(`${file}: a token of at least 24 characters is needed`);
  return token;
}

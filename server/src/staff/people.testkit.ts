/** A hall: one server's services on a real database, with staff who sign in by token, and kiosks beside them. */
import type { InjectOptions } from "fastify";
import { grantOf } from "../decisions/kinds/purchase.ts";
import type { Role, StaffFacts } from "../decisions/types.ts";
import { type App, buildApp } from "../http/app.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Earth, kiosk1, makeEarth } from "../purchases/earth.testkit.ts";
import { makeWorld, type World } from "../purchases/world.testkit.ts";
import { openPool } from "../store/database.ts";
import { openSqlStore } from "../store/sql.ts";
import { freshDatabase } from "../store/testDatabase.ts";
import { openPeople, type People } from "./people.ts";
import { addStaff } from "./staffRows.ts";
import { issueStaffToken, staffAuthenticator } from "./tokens.ts";

export interface Member extends StaffFacts {
  token: string;
}

export interface Answer {
  status: number;
  // A test reads whatever it expects; a wrong shape fails its expectation.
  body: Record<string, unknown> & { id: string; code?: string };
}

export interface Hall {
  earth: Earth;
  world: World;
  app: App;
  people: People;
  member(name: string, ...roles: Role[]): Promise<Member>;
  /** Below `/api/v1`; with a fresh Idempotency-Key unless one is given. */
  ask(
    who: Pick<Member, "token">,
    method: "GET" | "POST" | "PUT",
    url: string,
    body?: object,
    key?: string,
  ): Promise<Answer>;
  /** Another server process on the same database. */
  restarted(): People;
  close(): Promise<void>;
}

export const admin = { token: "the-administrator" };

export async function openHall(): Promise<Hall> {
  const database = await freshDatabase();
  const db = openPool(database.connection, { max: 4, name: "test" });
  const store = openSqlStore(database.connection);
  const earth = makeEarth(store, db);
  const made = makeWorld(earth);
  const { unit } = kiosk1;
  await db.query("insert into company_unit (id, name, company_name, hotline, settings) values ($1, $2, $3, $4, '{}')", [
    unit.id,
    unit.name,
    unit.company,
    unit.hotline,
  ]);
  const sale = {
    ...made.sale,
    db,
    grantOf: (purchase: Parameters<typeof grantOf>[1]) => grantOf({ db, now: made.sale.now }, purchase),
  };
  const world: World = { ...made, sale };
  const people = openPeople(sale, []);
  const app = await buildApp(sale, {
    authenticators: {
      terminal: async () => undefined,
      admin: (token) => token === admin.token,
      staff: staffAuthenticator(sale),
    },
    apiRoutes: people.routes,
    rootRoutes: [],
  });
  let keys = 0;
  return {
    earth,
    world,
    app,
    people,
    async member(name, ...roles) {
      const id = derivedId("member", name);
      await addStaff(db, { id, name, roles, createdAt: sale.now(), disabledAt: null });
      const token = await issueStaffToken(sale, id, { expiresAt: null, instead: true });
      return { id, name, roles, token };
    },
    async ask({ token }, method, url, body, key) {
      keys += 1;
      const request: InjectOptions = {
        method,
        url: `/api/v1${url}`,
        headers: { authorization: `Bearer ${token}`, "idempotency-key": key ?? `test-key-${keys}` },
        ...(body === undefined ? {} : { payload: body }),
      };
      const reply = await app.inject(request);
      return { status: reply.statusCode, body: reply.json() };
    },
    restarted: () => openPeople(sale, []),
    async close() {
      await app.close();
      await store.close();
      await db.end();
      await database.drop();
    },
  };
}

import { openPool } from "../store/database.ts";
import { openMemoryStore } from "../store/memory.ts";
import { openSqlStore } from "../store/sql.ts";
import { freshDatabase } from "../store/testDatabase.ts";
import { type Earth, makeEarth } from "./earth.testkit.ts";

/** For `describe.each`: an earth on the store in memory, and one with everything in SQL. */
export const earths: { name: string; open: () => Promise<{ earth: Earth; close: () => Promise<void> }> }[] = [
  {
    name: "in memory",
    open: async () => ({ earth: makeEarth(openMemoryStore()), close: async () => undefined }),
  },
  {
    name: "SQL",
    open: async () => {
      const database = await freshDatabase();
      const db = openPool(database.connection, { max: 2, name: "test" });
      const store = openSqlStore(database.connection);
      const close = async (): Promise<void> => {
        await store.close();
        await db.end();
        await database.drop();
      };
      return { earth: makeEarth(store, db), close };
    },
  },
];

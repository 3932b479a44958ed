/** Values that all servers on one database share. */
import type { Pool } from "pg";

/** The stored value; when there is none, `make`'s, which then stays for ever: of several servers the first one wins. */
export async function sharedValue(db: Pool, name: string, make: () => string): Promise<string> {
  await db.query("insert into server_value (name, value) values ($1, $2) on conflict (name) do nothing", [
    name,
    make(),
  ]);
  const { rows } = await db.query<{ value: string }>("select value from server_value where name = $1", [name]);
  const value = rows[0]?.value;
  if (value === undefined) throw new Error(`server value ${name} vanished`);
  return value;
}

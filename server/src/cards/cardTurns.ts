/**
 * The one order of card sessions and scripts over all servers: a turn that is asked for when another is known comes after
 * it, whatever the servers' clocks say. One row counts (a sequence is nothing that every server has, facts/data.md §6);
 * so that it never gets hot, a server asks once at a time, and what comes meanwhile shares the next request.
 */
import type { Pool } from "pg";

export function cardTurns(db: Pick<Pool, "query">): () => Promise<number> {
  let flown: Promise<unknown> = Promise.resolve();
  let next: (() => Promise<number>) | null = null;

  /** One request to come; each call of what it gives is a place in it. */
  const board = (): (() => Promise<number>) => {
    let wanted = 0;
    const last = flown.then(() => {
      next = null;
      return takeTurns(db, wanted);
    });
    flown = last.catch(() => undefined);
    return async () => {
      const place = wanted++;
      return (await last) - place;
    };
  };

  return () => {
    next ??= board();
    return next();
  };
}

async function takeTurns(db: Pick<Pool, "query">, wanted: number): Promise<number> {
  const { rows } = await db.query<{ last: number }>(
    "update card_turn set last = last + $1 where id = 'card' returning last",
    [wanted],
  );
  if (rows[0] === undefined) throw new Error("card_turn has no row");
  return rows[0].last;
}

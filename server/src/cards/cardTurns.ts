/**
 * The one order of card sessions and scripts over all servers: a turn that is asked for when another is known comes after
 * it, whatever the servers' clocks say. One row counts (a sequence is nothing that every server has, facts/data.md §6);
 * so that it never gets hot, a server asks once at a time, and what comes meanwhile shares the next request.
 */
import type { Pool } from "pg";

interface Batch {
  wanted: number;
  last: Promise<number>;
}

export function cardTurns(db: Pick<Pool, "query">): () => Promise<number> {
  let flown: Promise<unknown> = Promise.resolve();
  let next: Batch | null = null;

  const board = (): Batch => {
    const batch: Batch = { wanted: 0, last: Promise.resolve(0) };
    batch.last = flown.then(() => {
      next = null;
      return takeTurns(db, batch.wanted);
    });
    flown = batch.last.catch(() => undefined);
    return batch;
  };

  return async () => {
    next ??= board();
    const { last } = next;
    const place = next.wanted++;
    return (await last) - place;
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

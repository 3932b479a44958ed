/** What a comparison finds is entered whole, page by page, and found again it is the same row. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { enterFound } from "./enterFound.ts";
import { type Books, day, openBooks } from "./reconciliation.testkit.ts";

let books: Books;
beforeAll(async () => {
  books = await openBooks();
});
afterAll(() => books.close());

const select = `select md5(n::text) as id, 'wechat' as channel, '${day}' as day, 'gateway' as comparison, 'ours' as side,
  'payment' as kind, 'short' as class, 'waiting' as state, 'notInBill' as reason, 'wait' as handling,
  false as blocks_refund, 'K_' || n as out_trade_no, n as ours_fen, 5 as at, $1::integer as seen_run, 7 as found_at
  from generate_series(1, $2::integer) n`;

it("a day with more than a page of them keeps none back", async () => {
  const enter = (run: number, count: number, rowsPerPage: number) =>
    books.rc.heavy.transaction((client) => enterFound(client, select, [run, count], rowsPerPage));
  const found = async () =>
    (
      await books.rc.db.query<{ no: string; fen: number; run: number }>(
        `select out_trade_no as no, ours_fen as fen, seen_run as run from reconciliation_difference order by ours_fen`,
      )
    ).rows;
  const expected = (run: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ no: `K_${i + 1}`, fen: i + 1, run }));
  await enter(1, 0, 3);
  expect(await found()).toEqual([]);
  await enter(1, 7, 3);
  expect(await found()).toEqual(expected(1, 7));
  // A last page that is just full, and all found again by a later run.
  await enter(2, 9, 3);
  expect(await found()).toEqual(expected(2, 9));
});

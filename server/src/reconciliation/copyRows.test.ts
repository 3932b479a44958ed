/** What is written in COPY's binary form is what the database then holds. */
import type { BillLine } from "@citygas/gateways";
import fc from "fast-check";
import { from as copyFrom } from "pg-copy-streams";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { copyLinesSql, copyRows } from "./copyRows.ts";
import { type Books, openBooks } from "./reconciliation.testkit.ts";

let books: Books;
beforeAll(async () => {
  books = await openBooks();
});
afterAll(() => books.close());

// Texts as PostgreSQL can hold them: no NUL, no half of a surrogate pair.
const text = fc.string({ unit: "binary", maxLength: 100 }).map((value) => value.replaceAll("\0", ""));
const line: fc.Arbitrary<BillLine> = fc
  .record(
    {
      kind: fc.constantFrom("payment", "refund", "reversed", "fee", "payout", "other"),
      outTradeNo: fc.option(text),
      refundNo: fc.option(text),
      transactionId: text,
      amountFen: fc.maxSafeInteger(),
      feeFen: fc.maxSafeInteger(),
      at: fc.maxSafeNat(),
      party: fc.option(text),
    },
    { requiredKeys: ["kind", "outTradeNo", "refundNo", "transactionId", "amountFen", "feeFen", "at", "party"] },
  )
  .chain((each) => fc.constantFrom(each, { ...each, repeated: true as const }));

it("any line comes back as it went in, in as many pieces as it may be written", async () => {
  let bill = 2 ** 32 - 3;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(line, { maxLength: 8 }), { minLength: 1, maxLength: 4 }), async (batches) => {
      bill += 1;
      await books.rc.heavy.transaction(async (client) => {
        const rows = copyRows();
        const copy = client.query(copyFrom(copyLinesSql));
        rows.begin();
        let n = 0;
        for (const batch of batches) {
          for (const each of batch) rows.add(bill, ++n, each);
          copy.write(rows.taken());
        }
        rows.end();
        const ended = new Promise((resolve, reject) => copy.once("finish", resolve).once("error", reject));
        copy.end(rows.taken());
        await ended;
      });
      const stored = await books.rc.db.query<BillLine & { repeated: true | null }>(
        `select kind, out_trade_no as "outTradeNo", refund_no as "refundNo", transaction_id as "transactionId",
           amount_fen as "amountFen", fee_fen as "feeFen", at, party, repeated
         from bill_line where bill = $1 order by line`,
        [bill],
      );
      expect(stored.rows).toEqual(batches.flat().map((each) => ({ ...each, repeated: each.repeated ?? null })));
    }),
    { numRuns: inject("long") ? 10_000 : 60 },
  );
});

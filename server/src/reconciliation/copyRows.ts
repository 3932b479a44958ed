/**
 * Lines of a bill as rows of COPY's binary form: numbers stay numbers on both sides, and nothing has to be escaped.
 * Format: PostgreSQL manual, COPY, "Binary Format".
 */
import type { BillLine } from "@citygas/gateways";

export const copyLinesSql = `copy bill_line (bill, line, kind, out_trade_no, refund_no, transaction_id, amount_fen,
  fee_fen, at, party, repeated) from stdin (format binary)`;
const columns = 11;

const head = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
/** Of a row, without its texts: the count, a length before each field, and the numbers. */
const rowBytes = 2 + columns * 4 + 4 * 8 + 4 + 1;
const utf8Max = 3;

export interface CopyRows {
  /** Before the first row of a COPY. */
  begin(): void;
  add(bill: number, line: number, each: BillLine): void;
  /** After its last row. */
  end(): void;
  /** What has been written since the last time; its bytes are the taker's. */
  taken(): Buffer;
}

export function copyRows(): CopyRows {
  let bytes = Buffer.alloc(0);
  let at = 0;
  const reserve = (more: number): void => {
    if (at + more <= bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(65_536, 2 * (at + more)));
    bytes.copy(larger, 0, 0, at);
    bytes = larger;
  };
  const integer = (value: number): void => {
    at = bytes.writeInt32BE(value, at);
  };
  const bigint = (value: number): void => {
    integer(8);
    integer(Math.floor(value / 2 ** 32));
    at = bytes.writeUInt32BE(value >>> 0, at);
  };
  const text = (value: string | null): void => {
    if (value === null) {
      integer(-1);
      return;
    }
    const length = bytes.write(value, at + 4);
    integer(length);
    at += length;
  };
  return {
    begin() {
      reserve(head.length);
      at += head.copy(bytes, at);
    },
    add(bill, line, { kind, outTradeNo, refundNo, transactionId, amountFen, feeFen, at: time, party, repeated }) {
      const characters = kind.length + transactionId.length + lengthOf(outTradeNo) + lengthOf(refundNo);
      reserve(rowBytes + utf8Max * (characters + lengthOf(party)));
      at = bytes.writeInt16BE(columns, at);
      bigint(bill);
      integer(4);
      integer(line);
      text(kind);
      text(outTradeNo);
      text(refundNo);
      text(transactionId);
      bigint(amountFen);
      bigint(feeFen);
      bigint(time);
      text(party);
      integer(repeated === true ? 1 : -1);
      if (repeated === true) at = bytes.writeUInt8(1, at);
    },
    end() {
      reserve(2);
      at = bytes.writeInt16BE(-1, at);
    },
    taken() {
      const taken = bytes.subarray(0, at);
      // The next batch will be about as long.
      bytes = Buffer.allocUnsafe(bytes.length);
      at = 0;
      return taken;
    },
  };
}

const lengthOf = (text: string | null): number => text?.length ?? 0;

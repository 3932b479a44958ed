/**
 * The acquirer's bill (docs/acquirer.md): UTF-8, amounts in fen, what is given back of a fee negative; the last line
 * `#lines,…` sums it up.
 */
import {
  dayCheck,
  findColumns,
  isEmpty,
  newFields,
  numberAt,
  rfc3339Of,
  signedAt,
  splitAtCommas,
  wholeAt,
} from "./readFields.ts";
import { decoded } from "./readLines.ts";
import { sumProblem, type Tally } from "./readTally.ts";
import type { BillLineKind, BillProblem, BillReader } from "./readTypes.ts";

const columns = {
  type: ["type"],
  outTradeNo: ["outTradeNo"],
  refundNo: ["refundNo"],
  transactionId: ["transactionId"],
  amount: ["amountFen"],
  fee: ["feeFen"],
  time: ["time"],
} as const;
const kinds: Readonly<Record<string, BillLineKind>> = { PAY: "payment", REFUND: "refund", REVERSED: "reversed" };

export function acquirerReader(tally: Tally, day: string | null): BillReader {
  const fields = newFields();
  const ofDay = dayCheck(day);
  let column: Record<keyof typeof columns, number> | null = null;
  let count = 0;
  let summed = false;

  const wrong = (line: number, name: keyof typeof columns): BillProblem => {
    return { kind: "value", line, column: columns[name][0] };
  };
  const row = (at: Record<keyof typeof columns, number>, bytes: Buffer, line: number): BillProblem | null => {
    const textOf = (index: number): string => bytes.toString("latin1", fields.from[index], fields.to[index]);
    const kind = kinds[textOf(at.type)];
    const outTradeNo = numberAt(fields, bytes, at.outTradeNo);
    const transactionId = numberAt(fields, bytes, at.transactionId);
    const amountFen = wholeAt(fields, bytes, at.amount);
    const feeFen = signedAt(fields, bytes, at.fee);
    const time = rfc3339Of(textOf(at.time));
    if (kind === undefined) return wrong(line, "type");
    if (outTradeNo === null) return wrong(line, "outTradeNo");
    if (transactionId === null) return wrong(line, "transactionId");
    if (amountFen === null) return wrong(line, "amount");
    if (feeFen === null) return wrong(line, "fee");
    if (time === null) return wrong(line, "time");
    const refundNo = kind === "refund" ? numberAt(fields, bytes, at.refundNo) : null;
    if (kind === "refund" ? refundNo === null : !isEmpty(fields, at.refundNo)) return wrong(line, "refundNo");
    if (kind === "payment" && !ofDay(time)) return { kind: "otherDay", line };
    const billLine = { kind, outTradeNo, refundNo, transactionId, amountFen, feeFen, at: time, party: null };
    return tally.add(line, billLine, transactionId, refundNo ?? outTradeNo);
  };

  return {
    encoding: "utf-8",
    ended: () => summed,
    unknownColumns: () => [],
    onLine(bytes, from, to, line) {
      if (from === to) return null;
      if (summed) return { kind: "afterEnd", line };
      splitAtCommas(fields, bytes, from, to);
      if (column === null) {
        const names = decoded(bytes.subarray(from, to), "utf-8").replace("\uFEFF", "").split(",");
        const found = findColumns(names, columns, "closed");
        if (!found.ok) return found.problem;
        column = found.at;
        count = fields.count;
        return null;
      }
      if (bytes[from] === 0x23) {
        summed = true;
        return checkSums(decoded(bytes.subarray(from, to), "utf-8"), tally, line);
      }
      if (fields.count !== count) return { kind: "fields", line, expected: count, found: fields.count };
      return row(column, bytes, line);
    },
  };
}

function checkSums(text: string, tally: Tally, line: number): BillProblem | null {
  const match = /^#lines,(\d{1,9}),(\d{1,15}),(\d{1,15}),(-?\d{1,15})$/.exec(text);
  if (match === null) return { kind: "value", line, column: "#lines" };
  const { payment, refund } = tally.sums();
  const counted = [tally.lines, payment.amountFen, refund.amountFen, tally.feeFen];
  for (const [index, of] of ["lines", "PAY", "REFUND", "feeFen"].entries()) {
    const said = match[index + 1] ?? "";
    const problem = sumProblem(of, Number(said), counted[index] ?? 0, said);
    if (problem !== null) return problem;
  }
  return null;
}

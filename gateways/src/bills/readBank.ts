/**
 * A bank's statement as finance uploads it: UTF-8, `date,reference,counterparty,amount,balance` in any order, amounts in
 * yuan, negative for what left; oldest or newest first. A value may stand in double quotes (RFC 4180). Its running
 * balance is its own check.
 */
import { dayStart, fenOfText, findColumns } from "./readFields.ts";
import { decoded } from "./readLines.ts";
import type { Tally } from "./readTally.ts";
import type { BillProblem, BillReader } from "./readTypes.ts";

const columns = {
  date: ["date"],
  reference: ["reference"],
  counterparty: ["counterparty"],
  amount: ["amount"],
  balance: ["balance"],
} as const;
type Place = Record<keyof typeof columns, number>;

export function bankReader(tally: Tally): BillReader {
  let place: Place | null = null;
  let count = 0;
  let before: { amountFen: number; balanceFen: number } | null = null;
  let order: "either" | "oldestFirst" | "newestFirst" = "either";

  const wrong = (line: number, name: keyof typeof columns): BillProblem => {
    return { kind: "value", line, column: columns[name][0] };
  };
  const row = (at: Place, values: readonly string[], line: number): BillProblem | null => {
    const time = dayStart(values[at.date] ?? "");
    const reference = values[at.reference] ?? "";
    const party = values[at.counterparty] ?? "";
    const amountFen = fenOfText(values[at.amount] ?? "");
    const balanceFen = fenOfText(values[at.balance] ?? "");
    if (time === null) return wrong(line, "date");
    if (!/^[\x21-\x7e]{1,64}$/.test(reference)) return wrong(line, "reference");
    if (hasControls(party) || party.length > 100) return wrong(line, "counterparty");
    if (amountFen === null) return wrong(line, "amount");
    if (balanceFen === null) return wrong(line, "balance");
    const now = { amountFen, balanceFen };
    if (before !== null) {
      const older = before.balanceFen + amountFen === balanceFen;
      const newer = balanceFen + before.amountFen === before.balanceFen;
      const fits = (older && order !== "newestFirst") || (newer && order !== "oldestFirst");
      if (!fits) {
        const counted = String(before.balanceFen + amountFen);
        return { kind: "sum", of: "balance", said: String(balanceFen), counted };
      }
      if (order === "either" && older !== newer) order = older ? "oldestFirst" : "newestFirst";
    }
    before = now;
    const kind = amountFen > 0 ? "payout" : "other";
    const billLine = { kind, outTradeNo: null, refundNo: null, transactionId: reference, feeFen: 0, at: time } as const;
    return tally.add(line, { ...billLine, amountFen, party }, values.join("\n"));
  };

  return {
    encoding: "utf-8",
    // Nothing in the format says where it ends; the running balance tells a part that is missing in the middle.
    ended: () => place !== null,
    unknownColumns: () => [],
    onLine(bytes, from, to, line) {
      if (from === to) return null;
      const values = splitQuoted(decoded(bytes.subarray(from, to), "utf-8"));
      if (values === null) return { kind: "value", line, column: '"' };
      if (place === null) {
        const names = [(values[0] ?? "").replace("\uFEFF", ""), ...values.slice(1)];
        const found = findColumns(names, columns, "closed");
        if (!found.ok) return found.problem;
        place = found.at;
        count = values.length;
        return null;
      }
      if (values.length !== count) return { kind: "fields", line, expected: count, found: values.length };
      return row(place, values, line);
    },
  };
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20 || text.charCodeAt(i) === 0x7f) return true;
  return false;
}

/** RFC 4180 fields of one line, blanks around them taken off; null: a quote that does not close, or stands inside. */
export function splitQuoted(line: string): string[] | null {
  const values: string[] = [];
  const field = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y;
  for (let at = 0; ; ) {
    field.lastIndex = at;
    const match = field.exec(line);
    if (match === null) return null;
    values.push(match[1] === undefined ? (match[2] ?? "").trim() : match[1].replaceAll('""', '"'));
    at = field.lastIndex;
    if (match[3] === "") return values;
  }
}

import iconv from "iconv-lite";
import type { Book } from "../book.ts";
import type { FaultTaker } from "../faults.ts";
import { beijingDay, yuan } from "../http.ts";
import { GATEWAYS, type Gateway } from "../names.ts";
import { fundsUntil } from "./funds.ts";

/**
 * The statement of the company's bank account: what the gateways paid out, the morning after, net of fees. CSV in UTF-8,
 * header `date,reference,counterparty,amount,balance`; amounts in yuan, newest last.
 */
const COUNTERPARTY: Readonly<Record<Gateway, string>> = {
  wechat: "财付通支付科技有限公司",
  alipay: "支付宝（中国）网络技术有限公司",
  acquirer: "收单银行",
};
const PREFIX: Readonly<Record<Gateway, string>> = { wechat: "TENPAY", alipay: "ALIPAY", acquirer: "ACQ" };
const OPENING_FEN = 1_000_000;

export interface BankLine {
  date: string;
  reference: string;
  counterparty: string;
  amountFen: number;
  balanceFen: number;
}

/** All lines of the account to the end of `day`, in order. */
function linesUntil(book: Book, day: string): BankLine[] {
  const payouts = GATEWAYS.flatMap((gateway) =>
    fundsUntil(book, gateway, day)
      .filter(({ kind }) => kind === "payout")
      .map(({ at, amountFen }) => ({ at, gateway, amountFen: -amountFen })),
  ).sort((a, b) => a.at - b.at);
  let balanceFen = OPENING_FEN;
  return payouts.map(({ at, gateway, amountFen }) => {
    balanceFen += amountFen;
    const date = beijingDay(at);
    const reference = `${PREFIX[gateway]}${date.replaceAll("-", "")}`;
    return { date, reference, counterparty: COUNTERPARTY[gateway], amountFen, balanceFen };
  });
}

/** The statement of one day; the header alone when nothing came. */
export const bankStatement = (book: Book, day: string): string => textOf(linesOn(book, day));

const linesOn = (book: Book, day: string): BankLine[] => linesUntil(book, day).filter(({ date }) => date === day);

function textOf(rows: readonly BankLine[]): string {
  const lines = rows.map((row) =>
    [row.date, row.reference, row.counterparty, yuan(row.amountFen), yuan(row.balanceFen)].join(","),
  );
  return ["date,reference,counterparty,amount,balance", ...lines, ""].join("\r\n");
}

/** The same as the file that the bank gives out, as the switches want it. */
export function bankStatementFile(book: Book, faults: FaultTaker, day: string): Buffer {
  // The bank is none of the gateways: a switch of its own holds for each of them alike.
  const on = (name: Parameters<FaultTaker["take"]>[0]): boolean => faults.take(name, "wechat");
  let rows = linesOn(book, day);
  const last = rows.at(-1);
  if (on("bankLineDoubled") && last !== undefined) rows = [...rows, last];
  if (on("bankWrongSums")) rows = rows.map((row) => (row === last ? { ...row, balanceFen: row.balanceFen + 1 } : row));
  if (on("bankReordered")) rows = rows.toReversed();
  const text = textOf(rows);
  const file = on("bankWrongEncoding") ? iconv.encode(text, "gbk") : Buffer.from(text);
  return on("bankTruncated") ? file.subarray(0, -8) : file;
}

import { beijingTime } from "../http.ts";
import type { BillContent } from "./lines.ts";

/** The acquirer's bill (docs/acquirer.md): amounts are positive fen; what is given back of a fee is negative. */
const TYPES = { pay: "PAY", refund: "REFUND", reversed: "REVERSED" } as const;

export function acquirerCsv({ lines, sums }: BillContent): string {
  const rows = lines.map((line) =>
    [
      TYPES[line.kind],
      line.outTradeNo,
      line.refundNo ?? "",
      line.tradeNo,
      line.amountFen,
      line.feeFen,
      beijingTime(line.at),
    ].join(","),
  );
  const refundFen = lines.reduce((sum, { kind, amountFen }) => sum + (kind === "refund" ? amountFen : 0), 0);
  const foot = `#lines,${lines.length},${sums.payFen},${refundFen},${sums.feeFen}`;
  return ["type,outTradeNo,refundNo,transactionId,amountFen,feeFen,time", ...rows, foot, ""].join("\n");
}

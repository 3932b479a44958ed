/** A gateway's daily bill as it was made there: fetched once, archived unchanged, then read by `bills/read.ts`. */

/** Calendar day in Asia/Shanghai, "YYYY-MM-DD". `trade`: one line per payment or refund. `fund`: the merchant account's moves. */
export interface BillRequest {
  day: string;
  kind: "trade" | "fund";
}
/** How the bytes are to be read. */
export type BillFormat =
  | "wechat-trade-csv"
  | "wechat-fund-csv"
  | "alipay-trade-zip"
  | "alipay-fund-zip"
  | "acquirer-trade-csv"
  | "bank-statement-csv";

export type BillFetch =
  /** The file stands at the path that was given, whole, its declared hash checked where the gateway declares one. */
  | { kind: "file"; format: BillFormat; sizeBytes: number; sha256: string }
  /** The gateway says that nothing happened that day: a result, not an error. */
  | { kind: "empty" }
  /** Not made yet: asked again later. */
  | { kind: "notReady" }
  /** The bytes are not what the gateway announced (hash, length). Nothing is kept. */
  | { kind: "damaged"; why: string }
  | { kind: "misconfigured"; code: string }
  | { kind: "unknown"; why: string };

export interface BillSource {
  /** What the gateway makes at all. Anything else is `misconfigured`. */
  readonly kinds: readonly BillRequest["kind"][];
  /** Downloads one bill to `file` (made anew; removed unless the answer is `file`). Never throws for what a gateway does. */
  fetch(request: BillRequest, file: string): Promise<BillFetch>;
}

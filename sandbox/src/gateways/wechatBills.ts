import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import iconv from "iconv-lite";
import { fundBillOf } from "./bills/funds.ts";
import { type BillContent, billOf, spoiled } from "./bills/lines.ts";
import { type WechatBillType, wechatFundCsv, wechatTradeCsv } from "./bills/wechatCsv.ts";
import type { Answer } from "./http.ts";
import { problem, type Reply } from "./wechatBodies.ts";
import type { WechatDesk } from "./wechatOrders.ts";

/** Bills of WeChat Pay: first a link with the hash, signed; then the file, unsigned (facts/payments.md §1.2, §1.4). */
const LINK_LIVES_MS = 5 * 60_000;
const DAY = /^\d{4}-\d\d-\d\d$/;
const TYPES: readonly WechatBillType[] = ["ALL", "SUCCESS", "REFUND"];

interface Wish {
  kind: "trade" | "fund";
  day: string;
  type: WechatBillType;
}

/** Null: nothing moved that day. */
function csvOf(desk: WechatDesk, { kind, day, type }: Wish): { text: string; wrongEncoding: boolean } | null {
  if (kind === "fund") {
    const funds = fundBillOf(desk.book, desk.faults, "wechat", day);
    return funds.moves.length === 0 ? null : { text: wechatFundCsv(funds), wrongEncoding: funds.wrongEncoding };
  }
  const bill: BillContent = billOf(desk.book, desk.faults, "wechat", day);
  if (bill.lines.length === 0) return null;
  return { text: wechatTradeCsv(bill, type, desk.merchant), wrongEncoding: bill.wrongEncoding };
}

export function billLink(desk: WechatDesk, kind: Wish["kind"], query: URLSearchParams, host: string): Reply {
  const day = query.get("bill_date") ?? "";
  const type = TYPES.find((each) => each === (query.get("bill_type") ?? "ALL"));
  const packing = query.get("tar_type");
  if (!DAY.test(day) || type === undefined || (packing !== null && packing !== "GZIP")) {
    return problem(400, "PARAM_ERROR", "参数错误");
  }
  desk.bank.settle();
  if (desk.faults.take("billNotReady", "wechat")) return problem(400, "STATEMENT_CREATING", "账单生成中");
  const csv = csvOf(desk, { kind, day, type });
  if (csv === null) return problem(400, "NO_STATEMENT_EXIST", "账单文件不存在");
  const file = csv.wrongEncoding ? iconv.encode(csv.text, "gbk") : Buffer.from(csv.text, "utf8");
  // The hash is of the bill itself, not of its packing. From memory.
  const hash = createHash("sha1").update(file).digest("hex");
  const sent = spoiled(file, desk.faults, "wechat", kind);
  const token = desk.tickets.keep(packing === "GZIP" ? gzipSync(sent) : sent, LINK_LIVES_MS);
  const link = `http://${host}/v3/billdownload/file?token=${token}`;
  return { status: 200, body: { hash_type: "SHA1", hash_value: hash, download_url: link } };
}

export function billFile(desk: WechatDesk, query: URLSearchParams): Answer {
  const file = desk.tickets.fetch(query.get("token") ?? "");
  if (file !== null)
    return { kind: "reply", status: 200, headers: { "Content-Type": "application/octet-stream" }, body: file };
  const body = JSON.stringify({ code: "INVALID_REQUEST", message: "下载链接已过期" });
  return { kind: "reply", status: 400, headers: { "Content-Type": "application/json" }, body };
}

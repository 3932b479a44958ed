import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { type AlipayBody, failed, invalid, success } from "./alipayBodies.ts";
import type { Bank } from "./bank.ts";
import { alipayFundZip, alipayTradeZip } from "./bills/alipayZip.ts";
import { fundBillOf } from "./bills/funds.ts";
import { billOf, spoiled } from "./bills/lines.ts";
import type { Book } from "./book.ts";
import type { FaultTaker } from "./faults.ts";
import type { Answer } from "./http.ts";
import type { Tickets } from "./tickets.ts";

/** Bills of Alipay: a signed answer with a link that lives for 30 s, then the zip (facts/payments.md §2.2). */
const LINK_LIVES_MS = 30_000;
const BillQuery = Compile(
  Type.Object({
    bill_type: Type.Union([Type.Literal("trade"), Type.Literal("signcustomer")]),
    bill_date: Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\d$" }),
  }),
);

export interface BillDesk {
  bank: Bank;
  book: Book;
  faults: FaultTaker;
  tickets: Tickets;
  sellerId: string;
  now: () => number;
}

/** Null: nothing moved that day. */
function zipOf(desk: BillDesk, type: "trade" | "signcustomer", day: string): Buffer | null {
  if (type === "signcustomer") {
    const funds = fundBillOf(desk.book, desk.faults, "alipay", day);
    return funds.moves.length === 0 ? null : alipayFundZip(funds, day, desk);
  }
  const content = billOf(desk.book, desk.faults, "alipay", day);
  return content.lines.length === 0 ? null : alipayTradeZip(content, day, desk.now(), desk);
}

export function bill(desk: BillDesk, biz: unknown, host: string): AlipayBody {
  if (!BillQuery.Check(biz)) return invalid("isv.invalid-arguments");
  desk.bank.settle();
  // Which code a bill still being made has is not published; this one is from memory.
  if (desk.faults.take("billNotReady", "alipay")) return failed("isp.bill_not_ready", "账单生成中");
  const file = zipOf(desk, biz.bill_type, biz.bill_date);
  if (file === null) return failed("isp.bill_not_exist", "账单不存在");
  const token = desk.tickets.keep(
    spoiled(file, desk.faults, "alipay", biz.bill_type === "trade" ? "trade" : "fund"),
    LINK_LIVES_MS,
  );
  return success({ bill_download_url: `http://${host}/bill/download?token=${token}` });
}

/** Null for a link that is over. */
export function billFile(desk: BillDesk, query: URLSearchParams): Answer | null {
  const body = desk.tickets.fetch(query.get("token") ?? "");
  if (body === null) return null;
  return { kind: "reply", status: 200, headers: { "Content-Type": "application/zip" }, body };
}

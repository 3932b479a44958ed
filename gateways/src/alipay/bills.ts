import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { assertDay, downloadBill, keeping, limits, type Seen } from "../bills/download.ts";
import type { BillFetch, BillFormat, BillRequest, BillSource } from "../bills/port.ts";
import type { AlipayReply } from "./client.ts";
import { classifyAlipay } from "./codes.ts";
import { codesOf } from "./replies.ts";

/** Daily bills (facts/payments.md §2.2): a signed answer names a URL that lives for 30 s, so it is fetched at once. */
const KINDS: Record<BillRequest["kind"], { billType: string; format: BillFormat }> = {
  trade: { billType: "trade", format: "alipay-trade-zip" },
  fund: { billType: "signcustomer", format: "alipay-fund-zip" },
};
const ZIP = Buffer.from("PK");
const Ticket = Compile(Type.Object({ bill_download_url: Type.String({ minLength: 1 }) }));

export type BillTicket = { kind: "ticket"; url: URL } | BillFetch;

export function alipayBills(
  call: (method: string, bizContent: Record<string, string>) => Promise<AlipayReply>,
  config: { gatewayUrl: string; billTimeoutMs?: number },
): BillSource {
  const secure = new URL(config.gatewayUrl).protocol === "https:";
  return {
    kinds: ["trade", "fund"],
    async fetch({ day, kind }, file) {
      assertDay(day);
      const { billType, format } = KINDS[kind];
      const method = "alipay.data.dataservice.bill.downloadurl.query";
      return await keeping(file, async (part) => {
        const ticket = billTicket(await call(method, { bill_type: billType, bill_date: day }), secure);
        if (ticket.kind !== "ticket") return ticket;
        const request = { method: "GET", url: ticket.url, headers: { "Accept-Encoding": "identity" } } as const;
        return await downloadBill(request, limits(config.billTimeoutMs), { part, format }, whyNoZip);
      });
    },
  };
}

/** Alipay names no hash, and an expired URL brings a page of text. */
function whyNoZip({ head }: Seen): string | null {
  return head.subarray(0, ZIP.byteLength).equals(ZIP) ? null : "noZip";
}

/** @param secure the file isn't signed, so it takes the same protection as the answer that named it. */
export function billTicket(reply: AlipayReply, secure: boolean): BillTicket {
  if (reply.kind === "silent") return { kind: "unknown", why: reply.why };
  const codes = codesOf(reply.body);
  if (codes === null) return { kind: "unknown", why: "noCode" };
  if (codes.code !== "10000") {
    const name = codes.subCode === "noCode" ? codes.code : codes.subCode;
    if (name === "isp.bill_not_exist") return { kind: "empty" };
    const { kind } = classifyAlipay(codes.code, codes.subCode);
    return kind === "misconfigured" ? { kind, code: name } : { kind: "unknown", why: name };
  }
  if (!Ticket.Check(reply.body) || !URL.canParse(reply.body.bill_download_url))
    return { kind: "unknown", why: "downloadUrl" };
  const url = new URL(reply.body.bill_download_url);
  if (url.protocol !== "https:" && url.protocol !== "http:") return { kind: "unknown", why: "downloadUrl" };
  if (secure) url.protocol = "https:";
  return { kind: "ticket", url };
}

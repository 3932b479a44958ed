import { createPrivateKey } from "node:crypto";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { assertDay, downloadBill, keeping, limits, type Seen } from "../bills/download.ts";
import type { BillFetch, BillFormat, BillRequest, BillSource } from "../bills/port.ts";
import { safeCode } from "../plain.ts";
import { type WechatCall, type WechatConfig, type WechatReply, wechatBase } from "./client.ts";
import { classifyWechat } from "./codes.ts";
import { isSuccess, Problem, unknown, unsignedSuccess } from "./replies.ts";
import { authorization } from "./signing.ts";

/** Daily bills (facts/payments.md §1.4, §1.7): a signed answer names file and hash, the file itself isn't signed. */
const CALLS: Record<BillRequest["kind"], { path: string; query: Record<string, string>; format: BillFormat }> = {
  trade: { path: "v3/bill/tradebill", query: { bill_type: "ALL" }, format: "wechat-trade-csv" },
  fund: { path: "v3/bill/fundflowbill", query: {}, format: "wechat-fund-csv" },
};
const DOWNLOAD_PATH = "/v3/billdownload/file";

const Ticket = Compile(
  Type.Object({
    hash_type: Type.Literal("SHA1"),
    hash_value: Type.String({ pattern: "^[0-9A-Fa-f]{40}$" }),
    download_url: Type.String(),
  }),
);

export type BillTicket = { kind: "ticket"; pathAndQuery: string; sha1: string } | BillFetch;

export function wechatBills(config: WechatConfig, call: (call: WechatCall) => Promise<WechatReply>): BillSource {
  const base = wechatBase(config);
  const { mchid, serial } = config;
  const merchant = { mchid, serial, privateKey: createPrivateKey(config.privateKeyPem) };
  return {
    kinds: ["trade", "fund"],
    async fetch({ day, kind }, file) {
      assertDay(day);
      const { path, query, format } = CALLS[kind];
      return await keeping(file, async (part) => {
        const ticket = billTicket(await call({ method: "GET", path, query: { bill_date: day, ...query } }));
        if (ticket.kind !== "ticket") return ticket;
        const { pathAndQuery, sha1 } = ticket;
        const headers = { Authorization: authorization(merchant, pathAndQuery), "Accept-Encoding": "identity" };
        const request = { method: "GET", url: new URL(pathAndQuery, base), headers } as const;
        const check = (seen: Seen) => (seen.sha1 === sha1 ? null : "sha1");
        return await downloadBill(request, limits(config.billTimeoutMs), { part, format }, check);
      });
    },
  };
}

/**
 * Where the file is. Only path and query of the URL are taken: it goes to the host that is set up, like every call.
 * "No such bill" before ten in the morning also means "not made yet", so it is asked for after that.
 */
export function billTicket(reply: WechatReply): BillTicket {
  if (reply.kind === "silent") return unknown(reply.why);
  const bad = unsignedSuccess(reply);
  if (bad !== null) return unknown(bad);
  const { body } = reply;
  if (!isSuccess(reply.status)) {
    if (!Problem.Check(body)) return unknown(`http.${reply.status}`);
    const code = safeCode(body.code);
    if (reply.kind !== "signed") return unknown(`unsigned.${code}`);
    if (code === "NO_STATEMENT_EXIST") return { kind: "empty" };
    if (code === "STATEMENT_CREATING") return { kind: "notReady" };
    return classifyWechat(code).kind === "misconfigured" ? { kind: "misconfigured", code } : unknown(code);
  }
  if (!Ticket.Check(body)) return unknown("noDownload");
  const url = URL.canParse(body.download_url) ? new URL(body.download_url) : null;
  if (url?.pathname !== DOWNLOAD_PATH) return unknown("downloadUrl");
  return { kind: "ticket", pathAndQuery: url.pathname + url.search, sha1: body.hash_value.toLowerCase() };
}

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import iconv from "iconv-lite";
import type { Gateway } from "./names.ts";
import type { Wire } from "./wire.testkit.ts";

/** A bill as its merchant reads it: each gateway's file in the same words. */
export interface BillRow {
  kind: "pay" | "refund" | "reversed";
  outTradeNo: string;
  refundNo: string;
  amountFen: number;
  feeFen: number;
}
export interface BillWords {
  kind: "bill" | "notReady" | "empty" | "damaged" | "wrongEncoding";
  rows: BillRow[];
  /** What the sums say was paid. */
  payFen: number;
  text: string;
}
const none = (kind: BillWords["kind"]): BillWords => ({ kind, rows: [], payFen: 0, text: "" });

/** "120.00" → 12000, "-1.5" → -150. */
export function fenOf(text: string): number {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) throw new Error(`no amount: ${text}`);
  const size = Number(match[2]) * 100 + Number((match[3] ?? "").padEnd(2, "0"));
  return match[1] === "-" ? -size : size;
}

/** Columns by their name. */
function table(head: string, lines: readonly string[][]): Record<string, string>[] {
  const names = head.split(",");
  return lines.map((values) => {
    if (values.length !== names.length) throw new Error(`${values.length} values for ${names.length} columns`);
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
  });
}
const backticked = (line: string): string[] => line.slice(1).split(",`");

function readWechat(file: Buffer): BillWords {
  const text = file.toString("utf8");
  if (!text.startsWith("\uFEFF交易时间")) return none("wrongEncoding");
  const lines = text.slice(1).trimEnd().split("\r\n");
  const rows = table(lines[0] ?? "", lines.slice(1, -2).map(backticked)).map((row): BillRow => {
    const kinds = { SUCCESS: "pay", REFUND: "refund", REVOKED: "reversed" } as const;
    const kind = kinds[row.交易状态 as keyof typeof kinds]; // another word would give no kind, and fail its test
    const amountFen = fenOf((kind === "pay" ? row.订单金额 : row.申请退款金额) ?? "");
    const of = { outTradeNo: row.商户订单号 ?? "", refundNo: row.商户退款单号 ?? "" };
    return { kind, ...of, amountFen, feeFen: fenOf(row.手续费 ?? "") };
  });
  const [foot] = table(lines.at(-2) ?? "", [backticked(lines.at(-1) ?? "")]);
  return { kind: "bill", rows, payFen: fenOf(foot?.订单总金额 ?? ""), text };
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** The archive's files, if each is what its directory says; the library does not look. */
function unzipped(zip: Buffer): Record<string, Uint8Array> | null {
  try {
    const files = Object.entries(unzipSync(new Uint8Array(zip)));
    const entry = Buffer.from("PK\u0001\u0002");
    let at = zip.indexOf(entry);
    for (const [, bytes] of files) {
      if (zip.readUInt32LE(at + 16) !== crc32(bytes)) return null;
      at = zip.indexOf(entry, at + 1);
    }
    return Object.fromEntries(files);
  } catch {
    return null;
  }
}

function readAlipay(zip: Buffer): BillWords {
  const files = unzipped(zip);
  if (files === null) return none("damaged");
  const name = Object.keys(files).find((each) => each.endsWith("业务明细.csv")) ?? "";
  const text = iconv.decode(Buffer.from(files[name] ?? []), "gbk");
  if (!text.startsWith("#支付宝业务明细查询")) return none("wrongEncoding");
  const lines = text.trimEnd().split("\r\n");
  const [head = "", ...body] = lines.filter((line) => !line.startsWith("#"));
  const rows = table(
    head,
    body.map((line) => line.split(",").map((value) => value.replace(/\t$/, ""))),
  ).map((row): BillRow => {
    const isPay = row.业务类型 === "交易";
    const refundNo = row["退款批次号/请求号"] ?? "";
    const amount = fenOf(row["订单金额（元）"] ?? "");
    if (isPay === amount < 0) throw new Error("a refund is a negative row");
    const kind = isPay ? "pay" : refundNo === "" ? "reversed" : "refund";
    const feeFen = 0 - fenOf(row["服务费（元）"] ?? "");
    return { kind, outTradeNo: row.商户订单号 ?? "", refundNo, amountFen: Math.abs(amount), feeFen };
  });
  const said = /#交易合计：\d+笔，商家实收共([\d.]+)元/.exec(text)?.[1] ?? "";
  return { kind: "bill", rows, payFen: fenOf(said), text };
}

function readAcquirer(file: Buffer): BillWords {
  const text = file.toString("utf8");
  if (!text.startsWith("type,")) return none("wrongEncoding");
  const lines = text.trimEnd().split("\n");
  const rows = table(
    lines[0] ?? "",
    lines.slice(1, -1).map((line) => line.split(",")),
  ).map((row): BillRow => {
    const kinds = { PAY: "pay", REFUND: "refund", REVERSED: "reversed" } as const;
    const kind = kinds[row.type as keyof typeof kinds]; // as above
    const of = { outTradeNo: row.outTradeNo ?? "", refundNo: row.refundNo ?? "" };
    return { kind, ...of, amountFen: Number(row.amountFen), feeFen: Number(row.feeFen) };
  });
  return { kind: "bill", rows, payFen: Number(lines.at(-1)?.split(",")[2]), text };
}

const KINDS: Readonly<Record<string, BillWords["kind"]>> = {
  STATEMENT_CREATING: "notReady",
  NO_STATEMENT_EXIST: "empty",
  "isp.bill_not_ready": "notReady",
  "isp.bill_not_exist": "empty",
  NOT_READY: "notReady",
  EMPTY: "empty",
};

/** The day's trade bill, fetched and read; each time anew. */
export async function billWords(wire: Wire, gateway: Gateway, day = wire.day, gzip = false): Promise<BillWords> {
  if (gateway === "acquirer") {
    const { body, verified } = await wire.acquirer("bill", { day });
    if (!verified) throw new Error("the bill's answer is not signed");
    if (body.result !== "OK") return none(KINDS[String(body.result)] ?? "damaged");
    const file = Buffer.from(String(body.csv), "base64");
    const sound = createHash("sha256").update(file).digest("hex") === body.sha256;
    return sound ? readAcquirer(file) : none("damaged");
  }
  if (gateway === "alipay") {
    const { body } = await wire.alipay("alipay.data.dataservice.bill.downloadurl.query", {
      bill_type: "trade",
      bill_date: day,
    });
    const url = body.bill_download_url;
    if (typeof url !== "string") return none(KINDS[String(body.sub_code)] ?? "damaged");
    return readAlipay(Buffer.from(await (await fetch(url)).arrayBuffer()));
  }
  const packing = gzip ? "&tar_type=GZIP" : "";
  const { body } = await wire.wechat("GET", `/v3/bill/tradebill?bill_date=${day}&bill_type=ALL${packing}`);
  if (typeof body.download_url !== "string") return none(KINDS[String(body.code)] ?? "damaged");
  const sent = await wire.download(body.download_url);
  const file = gzip ? gunzipSync(sent) : sent;
  const sound = createHash("sha1").update(file).digest("hex") === body.hash_value;
  return sound ? readWechat(file) : none("damaged");
}

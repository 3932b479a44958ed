/** A day's bill as WeChat Pay writes it, of any length, written piece by piece. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { amountFen, dayStart, longFen, longNo, longs, orderNo, paidAt, plantedOf } from "./plan.ts";

export interface BillFile {
  sha256: string;
  sizeBytes: number;
  lines: number;
}

const header =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const foot = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

const yuan = (fen: number): string => {
  const digits = String(fen).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
const clock = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

export async function writeBill(file: string, payments: number): Promise<BillFile> {
  const hash = createHash("sha256");
  const out = createWriteStream(file);
  const sums = { lines: 0, paidFen: 0, backFen: 0, sizeBytes: 0 };
  let rows: string[] = [`\uFEFF${header}\r\n`];
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(rows.join(""));
    rows = [];
    sums.sizeBytes += bytes.length;
    hash.update(bytes);
    if (!out.write(bytes)) await once(out, "drain");
  };
  const add = (state: "SUCCESS" | "REVOKED", no: string, transactionId: string, fen: number, at: number): void => {
    const paid = state === "SUCCESS" ? yuan(fen) : "0.00";
    const back = state === "SUCCESS" ? "0.00" : yuan(fen);
    sums.lines += 1;
    if (state === "SUCCESS") sums.paidFen += fen;
    else sums.backFen += fen;
    const head = `\`${clock(at)},\`wx8888888888888888,\`1900000109,\`0,\`K01,\`${transactionId},\`${no}`;
    const middle = `\`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,\`MICROPAY,\`${state},\`OTHERS,\`CNY,\`${paid},\`0.00,\`0,\`0,\`${back}`;
    rows.push(`${head},${middle},\`0.00,\`,\`,\`燃气IC卡充值,\`,\`0.00000,\`0.60%,\`${paid},\`${back},\`\r\n`);
  };
  for (let n = 0; n < payments; n++) {
    const planted = plantedOf(n);
    const [fen, at, id] = [amountFen(n), paidAt(n, payments), `4200002026112200${String(n).padStart(12, "0")}`];
    if (planted !== "short") add("SUCCESS", orderNo(n), id, planted === "amount" ? fen + 1 : fen, at);
    if (planted === "state") add("REVOKED", orderNo(n), id, fen, at);
    if (planted === "duplicate") add("SUCCESS", orderNo(n), `${id}9`, fen, at);
    if (rows.length >= 5_000) await flush();
  }
  for (let i = 0; i < longs(payments); i++)
    add("SUCCESS", longNo(i), `4200009999${i}`, longFen(i), dayStart + i * 1_000);
  const said = [
    sums.lines,
    yuan(sums.paidFen),
    yuan(sums.backFen),
    "0.00",
    "0.00",
    yuan(sums.paidFen),
    yuan(sums.backFen),
  ];
  rows.push(`${foot}\r\n${said.map((value) => `\`${value}`).join(",")}\r\n`);
  await flush();
  out.end();
  await finished(out);
  return { sha256: hash.digest("hex"), sizeBytes: sums.sizeBytes, lines: sums.lines };
}

/** Bills as gateways write them, made for tests: texts, GBK, archives. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";

/** Both widths of brackets stand in real bills. */
export const wechatTradeHeader =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
export const wechatFundHeader =
  "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
export const alipayTradeHeader =
  "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
export const alipayFundHeader =
  "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";

export interface Trade {
  kind: "payment" | "refund" | "reversed";
  outTradeNo: string;
  refundNo?: string;
  transactionId: string;
  amountFen: number;
  feeFen?: number;
  /** "YYYY-MM-DD HH:MM:SS" in Asia/Shanghai. */
  time: string;
}

export function yuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, "0");
  return `${fen < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
const sumOf = (list: readonly Trade[], of: (trade: Trade) => number): number =>
  list.reduce((sum, trade) => sum + of(trade), 0);
const states = { payment: "SUCCESS", refund: "REFUND", reversed: "REVOKED" };

/** @param columns the header's columns in another order, with others or fewer. */
export function wechatTrade(trades: readonly Trade[], columns = wechatTradeHeader.split(",")): string {
  const rows = trades.map((trade) => {
    const back = trade.kind !== "payment";
    const values: Record<string, string> = {
      交易时间: trade.time,
      商户号: "1900000109",
      微信订单号: trade.kind === "refund" ? `P${trade.transactionId}` : trade.transactionId,
      商户订单号: trade.outTradeNo,
      交易类型: "MICROPAY",
      交易状态: states[trade.kind],
      货币种类: "CNY",
      应结订单金额: back ? "0.00" : yuan(trade.amountFen),
      微信退款单号: trade.kind === "refund" ? trade.transactionId : "0",
      商户退款单号: trade.refundNo ?? "0",
      退款金额: back ? yuan(trade.amountFen) : "0.00",
      商品名称: "燃气IC卡充值,家用",
      手续费: `${yuan(trade.feeFen ?? 0)}000`,
      费率: "0.60%",
      订单金额: back ? "0.00" : yuan(trade.amountFen),
      申请退款金额: back ? yuan(trade.amountFen) : "0.00",
    };
    return columns.map((name) => `\`${values[name] ?? ""}`).join(",");
  });
  const amount = (of: (trade: Trade) => boolean): string => yuan(sumOf(trades.filter(of), (t) => t.amountFen));
  const paid = amount((t) => t.kind === "payment");
  const back = amount((t) => t.kind !== "payment");
  const said = [trades.length, paid, back, "0.00", yuan(sumOf(trades, (t) => t.feeFen ?? 0)), paid, back];
  return [
    `\uFEFF${columns.join(",")}`,
    ...rows,
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
    said.map((value) => `\`${value}`).join(","),
    "",
  ].join("\r\n");
}

export interface Move {
  flowId: string;
  type: string;
  /** Positive: came in. */
  fen: number;
  voucher?: string;
  time: string;
}

export function wechatFund(moves: readonly Move[]): string {
  const rows = moves.map(({ flowId, type, fen, voucher = "", time }) =>
    [time, "W1", flowId, type, type, fen < 0 ? "支出" : "收入", yuan(Math.abs(fen)), "0.00", "system", "", voucher]
      .map((value) => `\`${value}`)
      .join(","),
  );
  const [inward, outward] = [moves.filter(({ fen }) => fen >= 0), moves.filter(({ fen }) => fen < 0)];
  const total = (list: readonly Move[]): string => yuan(list.reduce((sum, { fen }) => sum + Math.abs(fen), 0));
  const said = [moves.length, `${inward.length}.0`, total(inward), outward.length, total(outward)];
  return [
    `\uFEFF${wechatFundHeader}`,
    ...rows,
    "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
    said.map((value) => `\`${value}`).join(","),
    "",
  ].join("\n");
}

export function alipayTrade(trades: readonly Trade[]): string {
  const [paid, back] = [trades.filter((t) => t.kind === "payment"), trades.filter((t) => t.kind !== "payment")];
  const rows = trades.map((t) => {
    const amount = yuan(t.kind === "payment" ? t.amountFen : -t.amountFen);
    const type = t.kind === "payment" ? "交易" : "退款";
    const head = [`${t.transactionId}\t`, `${t.outTradeNo}\t`, `${type}\t`, "燃气IC卡充值", t.time, t.time];
    const people = ["\t", "\t", "\t", "\t", "*某(138****00)\t", amount, amount];
    const rest = ["0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00", `${t.refundNo ?? ""}\t`];
    return [...head, ...people, ...rest, yuan(-(t.feeFen ?? 0)), "0.00", ""].join(",");
  });
  return [
    "#支付宝业务明细查询",
    "#账号：[20880000000000000156]",
    "#-----------------------------------------业务明细列表----------------------------------------",
    alipayTradeHeader,
    ...rows,
    "#-----------------------------------------业务明细列表结束------------------------------------",
    `#交易合计：${paid.length}笔，商家实收共${yuan(sumOf(paid, (t) => t.amountFen))}元，商家优惠共0.00元`,
    `#退款合计：${back.length}笔，商家实收退款共${yuan(-sumOf(back, (t) => t.amountFen))}元，商家优惠退款共0.00元`,
    "#导出时间：[2026年11月23日 10:42:40]",
    "",
  ].join("\r\n");
}

export function alipayFund(moves: readonly Move[]): string {
  const rows = moves.map(({ flowId, type, fen, voucher = "", time }) => {
    const [inward, outward] = [fen > 0 ? yuan(fen) : "", fen < 0 ? yuan(fen) : ""];
    return `${flowId}\t,B${flowId}\t,${voucher}\t,燃气,${time},*某\t,${inward},${outward},0.00,支付宝,${type},`;
  });
  const total = (sign: number): string => {
    const list = moves.filter(({ fen }) => fen * sign > 0);
    return `${list.length}笔，共${yuan(list.reduce((sum, { fen }) => sum + fen, 0))}元`;
  };
  return [
    "#支付宝账务明细查询",
    "#-----------------------------------------账务明细列表----------------------------------------",
    alipayFundHeader,
    ...rows,
    "#----------------------------------------账务明细列表结束-------------------------------------",
    `#支出合计：${total(-1)}`,
    `#收入合计：${total(1)}`,
    "",
  ].join("\n");
}

export function acquirerTrade(trades: readonly Trade[], columns?: readonly string[]): string {
  const types = { payment: "PAY", refund: "REFUND", reversed: "REVERSED" };
  const names = columns ?? ["type", "outTradeNo", "refundNo", "transactionId", "amountFen", "feeFen", "time"];
  const rows = trades.map((t) => {
    const values: Record<string, string | number> = {
      ...{ type: types[t.kind], outTradeNo: t.outTradeNo, refundNo: t.refundNo ?? "", transactionId: t.transactionId },
      ...{ amountFen: t.amountFen, feeFen: t.feeFen ?? 0, time: `${t.time.replace(" ", "T")}+08:00` },
    };
    return names.map((name) => values[name] ?? "").join(",");
  });
  const sum = (kind: Trade["kind"]): number =>
    sumOf(
      trades.filter((t) => t.kind === kind),
      (t) => t.amountFen,
    );
  const fee = sumOf(trades, (t) => t.feeFen ?? 0);
  return [names.join(","), ...rows, `#lines,${trades.length},${sum("payment")},${sum("refund")},${fee}`, ""].join("\n");
}

let gbkCodes: Map<string, Buffer> | null = null;

/** GBK, which Node reads but does not write: every two-byte code is read once, and turned round. */
export function gbk(text: string): Buffer {
  if (gbkCodes === null) {
    gbkCodes = new Map();
    const decoder = new TextDecoder("gbk");
    for (let lead = 0x81; lead <= 0xfe; lead++)
      for (let trail = 0x40; trail <= 0xfe; trail++) {
        const code = Buffer.from([lead, trail]);
        const character = decoder.decode(code);
        if (character.length === 1 && character !== "\uFFFD") gbkCodes.set(character, code);
      }
  }
  const codes = gbkCodes;
  return Buffer.concat(
    [...text].map((character) => {
      if (character < "\x80") return Buffer.from(character, "latin1");
      const code = codes.get(character);
      if (code === undefined) throw new Error(`not in GBK: ${character}`);
      return code;
    }),
  );
}

export interface ZipFile {
  name: string;
  data: Buffer;
  stored?: boolean;
}

export function zip(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, stored = false } of files) {
    const nameBytes = gbk(name);
    const packed = stored ? data : deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, nameBytes, packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, place, nameBytes);
    parts.push(local);
    offset += local.length;
  }
  const records = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(records.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, records, end]);
}

/** As Alipay packs it: the summary first. */
export const alipayZip = (detail: string, summary = "#汇总\r\n门店编号,门店名称\r\n"): Buffer =>
  zip([
    { name: "20880_20261122_业务明细(汇总).csv", data: gbk(summary) },
    { name: "20880_20261122_业务明细.csv", data: gbk(detail) },
  ]);

/** Writes files into a folder of its own; `clear` removes it. */
export function scratch(): { file(content: Buffer | string): string; clear(): void } {
  const dir = mkdtempSync(join(tmpdir(), "citygas-bills-"));
  return {
    file(content) {
      const path = join(dir, randomBytes(8).toString("hex"));
      writeFileSync(path, content);
      return path;
    },
    clear: () => rmSync(dir, { recursive: true, force: true }),
  };
}

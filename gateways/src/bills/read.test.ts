import { addDays, dayAtStart } from "@citygas/core";
import { afterAll, describe, expect, it } from "vitest";
import {
  acquirerTrade,
  alipayFund,
  alipayTrade,
  alipayTradeHeader,
  alipayZip,
  gbk,
  type Move,
  scratch,
  type Trade,
  wechatFund,
  wechatTrade,
  wechatTradeHeader,
  zip,
} from "./bills.testkit.ts";
import type { BillFormat } from "./port.ts";
import { readBill } from "./read.ts";
import type { BillLine } from "./readTypes.ts";

const files = scratch();
afterAll(() => files.clear());
const day = "2026-11-22";
const time = (hour: number): string => `${day} ${String(hour).padStart(2, "0")}:00:07`;
const at = (hour: number): number => dayAtStart(day) + hour * 3_600_000 + 7_000;

async function read(format: BillFormat, content: Buffer | string, of: string | null = day) {
  const lines: BillLine[] = [];
  const result = await readBill({
    file: files.file(content),
    format,
    day: of,
    take: async (batch) => {
      lines.push(...batch);
    },
  });
  return { result, lines };
}

const trades: Trade[] = [
  { kind: "payment", outTradeNo: "K01_1", transactionId: "T1", amountFen: 10_000, feeFen: 60, time: time(9) },
  { kind: "payment", outTradeNo: "K01_2", transactionId: "T2", amountFen: 1, time: time(10) },
  { kind: "reversed", outTradeNo: "K01_2", transactionId: "T2", amountFen: 1, time: time(11) },
  { kind: "refund", outTradeNo: "K01_1", refundNo: "F1", transactionId: "B1", amountFen: 10_000, time: time(12) },
];
const never = trades[0] as Trade; // there are four
const expected = trades.map(({ time: _time, ...trade }, index) => ({
  ...{ refundNo: null, feeFen: 0, party: null, at: at(9 + index) },
  ...trade,
}));
const moves: Move[] = [
  { flowId: "L1", type: "交易", fen: 10_000, voucher: "K01_1", time: time(9) },
  { flowId: "L2", type: "扣除交易手续费", fen: -60, voucher: "K01_1", time: time(9) },
  { flowId: "L3", type: "退款", fen: -10_000, voucher: "F1", time: time(12) },
  { flowId: "L4", type: "提现", fen: -5_000, time: time(13) },
  { flowId: "L5", type: "基金", fen: 7, time: time(14) },
];
const alipayMoves = moves.map((move) => ({
  ...move,
  type: { 交易: "在线支付", 扣除交易手续费: "收费", 退款: "退款", 提现: "提现" }[move.type] ?? "其它",
}));

describe("what gateways write", () => {
  it.each<[BillFormat, Buffer | string]>([
    ["wechat-trade-csv", wechatTrade(trades)],
    ["alipay-trade-zip", alipayZip(alipayTrade(trades))],
    ["acquirer-trade-csv", acquirerTrade(trades)],
  ])("%s is read exactly", async (format, content) => {
    const { result, lines } = await read(format, content);
    expect(lines).toEqual(expected);
    expect(result).toMatchObject({
      ok: true,
      value: {
        lines: 4,
        feeFen: 60,
        sums: {
          payment: { count: 2, amountFen: 10_001 },
          refund: { count: 1, amountFen: 10_000 },
          reversed: { count: 1, amountFen: 1 },
        },
      },
    });
  });

  it.each<[BillFormat, Buffer | string]>([
    ["wechat-fund-csv", wechatFund(moves)],
    ["alipay-fund-zip", alipayZip(alipayFund(alipayMoves))],
  ])("%s: moves of the account, with what is none of ours kept as other", async (format, content) => {
    const { result, lines } = await read(format, content);
    expect(lines.map(({ kind, amountFen, transactionId }) => [kind, amountFen, transactionId])).toEqual([
      ["payment", 10_000, "L1"],
      ["fee", 60, "L2"],
      ["refund", 10_000, "L3"],
      ["payout", 5_000, "L4"],
      ["other", 7, "L5"],
    ]);
    expect(result.ok).toBe(true);
  });

  it("a fee given back is negative, whichever way the gateway writes it", async () => {
    const back: Trade[] = [{ ...(trades[3] ?? never), feeFen: -60 }];
    for (const [format, content] of [
      ["wechat-trade-csv", wechatTrade(back)],
      ["alipay-trade-zip", alipayZip(alipayTrade(back))],
      ["acquirer-trade-csv", acquirerTrade(back)],
    ] as const) {
      const { result, lines } = await read(format, content);
      expect(result).toMatchObject({ ok: true, value: { feeFen: -60 } });
      expect(lines[0]).toMatchObject({ feeFen: -60, amountFen: 10_000 });
    }
  });

  it("an empty bill is a result", async () => {
    for (const [format, content] of [
      ["wechat-trade-csv", wechatTrade([])],
      ["wechat-fund-csv", wechatFund([])],
      ["alipay-trade-zip", alipayZip(alipayTrade([]))],
      ["alipay-fund-zip", alipayZip(alipayFund([]))],
      ["acquirer-trade-csv", acquirerTrade([])],
    ] as const)
      expect((await read(format, content)).result).toMatchObject({ ok: true, value: { lines: 0 } });
  });

  it("columns stand in any order, more of them are told, brackets are of either width", async () => {
    const columns = [...wechatTradeHeader.split(",").reverse(), "新的一列"];
    const { result, lines } = await read("wechat-trade-csv", wechatTrade(trades, columns));
    expect(lines).toEqual(expected);
    expect(result).toMatchObject({ ok: true, value: { unknownColumns: ["新的一列"] } });
    const narrow = alipayTrade(trades).replaceAll("（", "(").replaceAll("）", ")");
    expect((await read("alipay-trade-zip", alipayZip(narrow))).lines).toEqual(expected);
    const order = ["time", "feeFen", "type", "outTradeNo", "transactionId", "amountFen", "refundNo"];
    expect((await read("acquirer-trade-csv", acquirerTrade(trades, order))).lines).toEqual(expected);
  });

  it("stored archives are read like deflated ones, whatever stands first in them", async () => {
    const data = gbk(alipayTrade(trades));
    const archive = zip([
      { name: "b.csv", data, stored: true },
      { name: "a.csv", data: gbk("#x\n") },
    ]);
    expect((await read("alipay-trade-zip", archive)).lines).toEqual(expected);
  });
});

describe("a bank's statement", () => {
  const rows = [
    "2026-11-22,R1,财付通,99.40,199.40",
    '2026-11-22,R2,"甲,乙""公司",-1.00,198.40',
    "2026-11-23,R3,x,2,200.4",
  ];
  const head = "\uFEFFdate,reference,counterparty,amount,balance";

  it("is read oldest or newest first, quotes and all", async () => {
    const old = await read("bank-statement-csv", [head, ...rows].join("\n"), null);
    expect(
      old.lines.map(({ kind, amountFen, transactionId, party }) => [kind, amountFen, transactionId, party]),
    ).toEqual([
      ["payout", 9_940, "R1", "财付通"],
      ["other", -100, "R2", '甲,乙"公司'],
      ["payout", 200, "R3", "x"],
    ]);
    const fresh = await read("bank-statement-csv", [head, ...rows.toReversed()].join("\r\n"), null);
    expect(fresh.lines).toEqual(old.lines.toReversed());
  });

  it("whose balance does not run on has a hole", async () => {
    const { result } = await read("bank-statement-csv", [head, rows[0], rows[2]].join("\n"), null);
    expect(result).toEqual({ ok: false, error: { kind: "sum", of: "balance", said: "20040", counted: "20140" } });
  });

  it.each([
    ["no such day", "2026-02-30,R,x,1.00,1.00", { kind: "value", column: "date" }],
    ["half a fen", "2026-02-28,R,x,1.005,1.00", { kind: "value", column: "amount" }],
    ["an open quote", '2026-02-28,R,"x,1.00,1.00', { kind: "value", column: '"' }],
    ["a control character", "2026-02-28,R,a\u0007b,1.00,1.00", { kind: "value", column: "counterparty" }],
    ["a field too few", "2026-02-28,R,x,1.00", { kind: "fields", expected: 5, found: 4 }],
  ])("%s is refused", async (_name, row, error) => {
    const { result } = await read("bank-statement-csv", `${head}\n${row}\n`, null);
    expect(result).toMatchObject({ ok: false, error: { ...error, line: 2 } });
  });
});

const trade = wechatTrade(trades);
const rowsOf = (text: string): string[] => text.split("\r\n");
const without = (index: number): string => rowsOf(trade).toSpliced(index, 1).join("\r\n");
const twice = (index: number): string =>
  rowsOf(trade)
    .toSpliced(index, 0, rowsOf(trade)[index] ?? "")
    .join("\r\n");
const alipay = alipayTrade(trades);

const bad: [string, BillFormat, Buffer | string, object][] = [
  ["cut in the middle", "wechat-trade-csv", trade.slice(0, 500), { kind: "fields" }],
  ["cut at a line's end", "wechat-trade-csv", rowsOf(trade).slice(0, 3).join("\r\n"), { kind: "truncated", line: 3 }],
  ["cut before its last line", "wechat-trade-csv", rowsOf(trade).slice(0, -2).join("\r\n"), { kind: "truncated" }],
  ["nothing at all", "wechat-trade-csv", "", { kind: "truncated", line: 0 }],
  ["a line lost", "wechat-trade-csv", without(2), { kind: "sum", of: "总交易单数", said: "4", counted: "300" }],
  ["a line doubled", "wechat-trade-csv", twice(2), { kind: "lineTwice", line: 4 }],
  ["two files in one", "wechat-trade-csv", trade + trade, { kind: "afterEnd", line: 8 }],
  ["GBK for UTF-8", "wechat-trade-csv", gbk(trade.slice(1)), { kind: "encoding", line: 1 }],
  ["UTF-16", "wechat-trade-csv", Buffer.from(trade, "utf16le"), { kind: "encoding" }],
  ["an amount changed", "wechat-trade-csv", trade.replace("`100.00,`0.00,`", "`100.01,`0.00,`"), { kind: "sum" }],
  ["a column lost", "wechat-trade-csv", trade.replace("微信订单号", "x"), { kind: "columns", missing: ["微信订单号"] }],
  [
    "a column twice",
    "wechat-trade-csv",
    trade.replace("设备号", "交易状态"),
    { kind: "columns", doubled: ["交易状态"] },
  ],
  ["an unknown state", "wechat-trade-csv", trade.replace("SUCCESS", "PAYERROR"), { kind: "value", column: "交易状态" }],
  ["no such time", "wechat-trade-csv", trade.replace("09:00:07", "24:00:07"), { kind: "value", column: "交易时间" }],
  ["half a fen", "wechat-trade-csv", trade.replace("`0.60000", "`0.60500"), { kind: "value", column: "手续费" }],
  ["not a number", "wechat-trade-csv", trade.replace("`K01_2", "`订单"), { kind: "value", column: "商户订单号" }],
  [
    "the summary's sum",
    "wechat-trade-csv",
    trade.replace("`4,`100.01", "`4,`100.01").replace(/`100.01,`100.01\r\n$/, "`100.02,`100.01\r\n"),
    { kind: "sum", of: "订单总金额" },
  ],
  ["another day's", "wechat-trade-csv", trade.replaceAll("2026-11-22", "2026-11-20"), { kind: "otherDay", line: 2 }],
  ["another gateway's", "wechat-trade-csv", acquirerTrade(trades), { kind: "columns" }],
  ["no archive", "alipay-trade-zip", trade, { kind: "archive", why: "no end" }],
  ["an archive without the detail", "alipay-trade-zip", alipayZip("#\n"), { kind: "archive" }],
  ["UTF-8 for GBK", "alipay-trade-zip", zip([{ name: "a", data: Buffer.from(alipay) }]), { kind: "encoding" }],
  ["an archive cut off", "alipay-trade-zip", alipayZip(alipay).subarray(0, -30), { kind: "archive" }],
  [
    "cut inside the archive",
    "alipay-trade-zip",
    alipayZip(alipay.split("\r\n").slice(0, 6).join("\r\n")),
    { kind: "truncated", line: 6 },
  ],
  [
    "its sum",
    "alipay-trade-zip",
    alipayZip(alipay.replace("#交易合计：2笔", "#交易合计：3笔")),
    { kind: "sum", of: "交易合计" },
  ],
  [
    "its refunds' sum",
    "alipay-trade-zip",
    alipayZip(alipay.replace("共-100.01元", "共-100.02元")),
    { kind: "sum", of: "退款合计" },
  ],
  ["a row behind the list", "alipay-trade-zip", alipayZip(`${alipay}1,2,3\r\n`), { kind: "afterEnd" }],
  [
    "acquirer's unknown column",
    "acquirer-trade-csv",
    acquirerTrade(trades).replace("feeFen", "feeFen,note"),
    { kind: "columns", unknown: ["note"] },
  ],
  [
    "acquirer's sum",
    "acquirer-trade-csv",
    acquirerTrade(trades).replace("#lines,4", "#lines,5"),
    { kind: "sum", of: "lines" },
  ],
  ["acquirer without its end", "acquirer-trade-csv", acquirerTrade(trades).split("#")[0] ?? "", { kind: "truncated" }],
  [
    "acquirer's negative",
    "acquirer-trade-csv",
    acquirerTrade(trades).replace(",10000,60", ",-10000,60"),
    { kind: "value", column: "amountFen" },
  ],
];

it.each(bad)("%s (%s) is a problem with a name", async (_name, format, content, problem) => {
  expect((await read(format, content)).result).toMatchObject({ ok: false, error: problem });
});

it("a byte changed inside an archive is found, wherever it is", async () => {
  const archive = alipayZip(alipay);
  const detailAt = archive.lastIndexOf(Buffer.from("PK\x03\x04", "latin1"));
  for (let i = 0; i < 40; i++) {
    const broken = Buffer.from(archive);
    const place = detailAt + 80 + i * 10;
    broken[place] = (broken[place] ?? 0) ^ 0x10;
    expect((await read("alipay-trade-zip", broken)).result.ok).toBe(false);
  }
});

it("a bomb stops at the size it admits to, and a lie about the size is no bill", async () => {
  const archive = alipayZip(alipay);
  const directory = archive.lastIndexOf(Buffer.from("PK\x01\x02", "latin1"));
  archive.writeUInt32LE(100, directory + 24);
  expect((await read("alipay-trade-zip", archive)).result).toMatchObject({ ok: false, error: { kind: "archive" } });
});

it("what a problem quotes of the file can be kept and shown: no control character, no half of one, no length", async () => {
  const utf16 = Buffer.from(acquirerTrade(trades), "utf16le");
  const names = Buffer.from(
    `${"x".repeat(39)}😀,a,a,a\u0000,${Array.from({ length: 99 }, (_, i) => `n${i}`).join(",")}\n`,
  );
  for (const content of [utf16, names]) {
    const { result } = await read("acquirer-trade-csv", content);
    if (result.ok || result.error.kind !== "columns") throw new Error("expected columns");
    const told = [...result.error.unknown, ...result.error.doubled];
    expect(told.length).toBeLessThanOrEqual(40);
    for (const name of told) expect(name).not.toMatch(/[\p{Cc}\p{Cs}]|.{41}/u);
  }
  const sum = trade.replace(/`100\.01,`100\.01\r\n$/, "`100.01\u0000,`100.01\r\n");
  expect((await read("wechat-trade-csv", sum)).result).toMatchObject({ error: { kind: "sum", said: "100.01\uFFFD" } });
  const added = wechatTrade(trades, [...wechatTradeHeader.split(","), "新\u0000列"]);
  expect((await read("wechat-trade-csv", added)).result).toMatchObject({ value: { unknownColumns: ["新\uFFFD列"] } });
});

it("the day's edge has two hours of tolerance, and refunds may be of any day's payment", async () => {
  const edge = (time: string): Trade[] => [
    { kind: "payment", outTradeNo: "K01_9", transactionId: "T9", amountFen: 5, time },
  ];
  const before = addDays(day, -1);
  expect((await read("wechat-trade-csv", wechatTrade(edge(`${before} 22:00:00`)))).result.ok).toBe(true);
  expect((await read("wechat-trade-csv", wechatTrade(edge(`${before} 21:59:59`)))).result.ok).toBe(false);
  const refund: Trade = { ...edge(`${addDays(day, -9)} 10:00:00`)[0], kind: "refund", refundNo: "F9" } as Trade;
  expect((await read("wechat-trade-csv", wechatTrade([refund]))).result.ok).toBe(true);
});

it("tells the lines whose order, or refund, was named before by a line of their kind", async () => {
  const again: Trade[] = [
    { ...never, outTradeNo: "K01_1", transactionId: "T1" },
    { ...never, outTradeNo: "K01_1", transactionId: "T2" },
    { ...(trades[3] ?? never), refundNo: "F1", transactionId: "B1" },
    { ...(trades[3] ?? never), refundNo: "F2", transactionId: "B2" },
    { ...(trades[3] ?? never), refundNo: "F1", transactionId: "B3" },
    { ...never, kind: "reversed", outTradeNo: "K01_1", transactionId: "T1", feeFen: 0 },
  ];
  for (const [format, content] of [
    ["wechat-trade-csv", wechatTrade(again)],
    ["acquirer-trade-csv", acquirerTrade(again)],
  ] as const) {
    const { lines } = await read(format, content);
    expect(lines.flatMap(({ transactionId, repeated }) => (repeated ? [transactionId] : []))).toEqual(["T2", "B3"]);
  }
});

it("what the taker rejects with comes out, and the file is closed", async () => {
  const take = async (): Promise<void> => {
    throw new Error("full");
  };
  await expect(readBill({ file: files.file(trade), format: "wechat-trade-csv", day, take })).rejects.toThrow("full");
  const gone = await readBill({ file: "/nowhere", format: "wechat-trade-csv", day, take });
  expect(gone).toMatchObject({ ok: false, error: { kind: "unreadable" } });
});

it("Alipay's header fixture is the published one", () => expect(alipayTradeHeader.split(",")).toHaveLength(25));

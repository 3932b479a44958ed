import type { Area, ByteRange, Field } from "./area.ts";
import { bcdDate, type Codec, code, constant, digits, i32le, reserved, u8, u16be, u32le } from "./codec.ts";

/**
 * The byte table of the open reference layout: class B (counter) on an SLE4442. Makers keep theirs to themselves
 * (facts: cards.md §2.4); this one carries the fields, states and rules they share and is published in full as
 * docs/cards/open-b.md, which is generated from here.
 *
 * Four areas, each with its own checksum and each with one writer: identity and parameters by whoever issues the card,
 * the purchase area by a purchase, the return area by the meter. Neither side ever writes the other's area, so a torn
 * write of one cannot spoil the other's word. "Taken by the meter" is therefore not an amount set to zero but
 * `acceptedCount` having reached `count`.
 *
 * An area is written from its first byte to its last. In the purchase area that makes two fields bracket the rest:
 * `countMark` (low byte of the count) is the first to change and `count` the last before the checksum. A purchase
 * always changes the low byte, so from the first changed byte until the count is complete the two differ, and from
 * there until the checksum is complete the checksum is wrong: no cut leaves a valid half, by order and not by luck.
 */
const field = <T>(offset: number, name: string, zh: string, codec: Codec<T>, note: string): Field<T> => ({
  name,
  zh,
  offset,
  codec,
  note,
});

const identityFields = {
  magic: field(32, "magic", "标识", constant([0x43, 0x47, 0x4f, 0x42]), 'ASCII "CGOB"'),
  version: field(36, "version", "版本", u8, "1. Another one is another layout"),
  role: field(
    37,
    "role",
    "卡类型",
    code({ opening: 0x00, user: 0x01, tool: 0x02 }),
    "00 opening card 开户卡, 01 user card 用户卡, 02 tool card 工具卡",
  ),
  unit: field(
    38,
    "unit",
    "计量方式",
    code({ volume: 0x01, money: 0x02 }),
    "01 volume 按气量: every amount is litres (1 m³ = 1000); 02 money 按金额: every amount is fen",
  ),
  replacement: field(39, "replacement", "补卡次数", u8, "how many cards of this account came before this one"),
  areaCode: field(40, "areaCode", "地区代码", digits(2), "1 to 4 digits"),
  cardNumber: field(42, "cardNumber", "卡号", digits(6), "1 to 12 digits; a replacement keeps it"),
  reserved: field(48, "reserved", "保留", reserved(14), ""),
};

const parameterFields = {
  meterCeiling: field(
    64,
    "meterCeiling",
    "充值上限",
    u32le,
    "meter refuses when remaining + amount is above; 0 = none",
  ),
  alarm: field(68, "alarm", "报警量", u32le, "meter warns when remaining is at or below; 0 = none"),
  overdraft: field(72, "overdraft", "透支额", u32le, "how far below zero the meter lets remaining go; 0 = not at all"),
  reserved: field(76, "reserved", "保留", reserved(2), ""),
};

const purchaseFields = {
  countMark: field(80, "countMark", "次数标记", u8, "low byte of count; differs from it = a write is not finished"),
  amount: field(81, "amount", "购气量/购气金额", u32le, "of purchase number count; 0 = nothing to take, or refunded"),
  boughtOn: field(85, "boughtOn", "购气日期", bcdDate, "00000000 = no purchase was ever written"),
  backupAmount: field(89, "backupAmount", "备份购气量", u32le, "equals amount"),
  count: field(93, "count", "购气次数", u16be, "number of the purchase, 0 on a new account's card"),
};

const returnFields = {
  startCode: field(
    128,
    "startCode",
    "起始码",
    code({ never: 0x00, inMeter: 0x58 }),
    "00 the card has not been in a meter, 58 it has; with 00 the other fields are the issuer's",
  ),
  status: field(129, "status", "状态字", u8, "bit 0 valve closed 关阀, bit 1 battery low 电量低, others 0"),
  errorCode: field(130, "errorCode", "错误代码", u8, "what the meter said to this card last, see below"),
  reserved: field(131, "reserved", "保留", reserved(1), ""),
  registerL: field(132, "registerL", "表读数", u32le, "meter's register in litres, whatever the unit"),
  totalCredited: field(136, "totalCredited", "累计充入", u32le, "all the meter was ever credited with, litres or fen"),
  remaining: field(140, "remaining", "表内剩余", i32le, "litres or fen; below zero = overdraft in use"),
  acceptedCount: field(144, "acceptedCount", "已上表次数", u16be, "last count the meter took"),
};

export const openB = {
  version: 1,
  valveClosedBit: 0x01,
  batteryLowBit: 0x02,
  identity: identityFields,
  parameters: parameterFields,
  purchase: purchaseFields,
  returned: returnFields,
};

const area = (
  name: string,
  zh: string,
  writer: string,
  range: ByteRange,
  fields: Record<string, Field<unknown>>,
): Area => ({
  name,
  zh,
  writer,
  ...range,
  fields: Object.values(fields),
});

export const openBAreas = {
  identity: area(
    "identity",
    "身份区",
    "the issuer, at issue and replacement; no purchase and no meter",
    { offset: 32, length: 32 },
    identityFields,
  ),
  parameters: area(
    "parameters",
    "参数区",
    "the issuer; no purchase and no meter",
    { offset: 64, length: 16 },
    parameterFields,
  ),
  purchase: area("purchase", "购气区", "a purchase or a refund; no meter", { offset: 80, length: 17 }, purchaseFields),
  returned: area("return", "返写区", "the meter; the issuer once, at issue", { offset: 128, length: 20 }, returnFields),
};

/** Count and checksum of the purchase area: written last, after all before them was read back. */
export const openBCommit: ByteRange = { offset: 93, length: 4 };

/** What a meter writes into `errorCode`. */
export const openBMeterErrors = {
  none: 0,
  badChecksum: 1,
  wrongCount: 2,
  overCeiling: 3,
} as const;

import type { Area, AreaFields, ByteRange, Field } from "../area.ts";
import { checksumBytes } from "../area.ts";
import type { CpuApplication } from "../chips/cpu-card.ts";
import { bcdDate, type Codec, code, constant, digits, i32le, reserved, u8, u16be, u32le } from "../codec.ts";
import type { CardClass } from "../layout.ts";
import type { ChipKind } from "../script.ts";

/**
 * The byte tables of the open reference layouts, one of each class. Makers keep theirs to themselves (facts: cards.md
 * §2.4); these carry the fields, states and rules they share and are published in full under docs/cards/, generated from
 * here.
 *
 * Each area has its own checksum and one writer: identity and parameters whoever issues the card, price and purchase a
 * sale, the return area the meter. Only a class C meter also writes the purchase area, because taking the amount off the
 * card is all that it has against taking it twice.
 *
 * An area is written from its first byte to its last. In the purchase area that makes two fields bracket the rest: the
 * mark is the first to change and the count the last before the checksum. A purchase always changes the low bits of the
 * count, so from the first changed byte until the count is complete the two differ, and from there until the checksum is
 * complete the checksum is wrong: no cut leaves a valid half, by order and not by luck.
 */
export interface OpenTable {
  /** `dll-…`: bytes of ours that stand for what a maker's DLL says (dll/dllLayout.ts). */
  readonly family: "open-a" | "open-b" | "open-b-cpu" | "open-b-sm4" | "open-c" | `dll-${string}`;
  readonly cardClass: CardClass;
  readonly chip: ChipKind;
  readonly imageBytes: number;
  /** What the bytes before the first area hold when the card is issued. */
  readonly head: readonly number[];
  readonly application: CpuApplication | null;
  readonly identity: Area<ReturnType<typeof identityFields>>;
  readonly parameters: Area<ReturnType<typeof parameterFields>>;
  readonly price: Area<ReturnType<typeof priceFields>>;
  readonly purchase: Area<PurchaseFields>;
  readonly returned: Area<ReturnType<typeof returnFields>>;
  /** From the count to the end of the purchase area. */
  readonly commit: ByteRange;
}

export const openVersion = 1;
export const statusBits = { valveClosed: 0x01, batteryLow: 0x02 } as const;

/** What a meter writes into `errorCode`. */
export const meterErrors = { none: 0, badChecksum: 1, wrongCount: 2, overCeiling: 3 } as const;

type NewField = <T>(name: string, zh: string, codec: Codec<T>, note: string) => Field<T>;

/** Fields one behind the other from `at` on. */
function from(at: number): NewField {
  let next = at;
  return (name, zh, codec, note) => {
    const field = { name, zh, offset: next, codec, note };
    next += codec.length;
    return field;
  };
}

function identityFields(at: number, magic: string) {
  const field = from(at);
  const ascii = [...magic].map((letter) => letter.charCodeAt(0));
  return {
    magic: field("magic", "标识", constant(ascii), `ASCII "${magic}"`),
    version: field("version", "版本", u8, "1. Another one is another layout"),
    role: field(
      "role",
      "卡类型",
      code({ opening: 0x00, user: 0x01, tool: 0x02 }),
      "00 opening card 开户卡, 01 user card 用户卡, 02 tool card 工具卡",
    ),
    unit: field(
      "unit",
      "计量方式",
      code({ volume: 0x01, money: 0x02 }),
      "01 volume 按气量: every amount is litres (1 m³ = 1000); 02 money 按金额: every amount is fen",
    ),
    replacement: field("replacement", "补卡次数", u8, "how many cards of this account came before this one"),
    areaCode: field("areaCode", "地区代码", digits(2), "1 to 4 digits"),
    cardNumber: field("cardNumber", "卡号", digits(6), "1 to 12 digits; a replacement keeps it"),
    reserved: field("reserved", "保留", reserved(14), ""),
  };
}

function parameterFields(at: number) {
  const field = from(at);
  return {
    meterCeiling: field("meterCeiling", "充值上限", u32le, "meter refuses when remaining + amount is above; 0 = none"),
    alarm: field("alarm", "报警量", u32le, "meter warns when remaining is at or below; 0 = none"),
    overdraft: field("overdraft", "透支额", u32le, "how far below zero the meter lets remaining go; 0 = not at all"),
    reserved: field("reserved", "保留", reserved(2), ""),
  };
}

function priceFields(at: number) {
  const field = from(at);
  return {
    state: field(
      "state",
      "价格标志",
      code({ none: 0x00, set: 0x01 }),
      "00 no price, the others are 0; 01 the price below",
    ),
    nowE4: field("nowE4", "单价", u32le, "1/10 000 yuan per m³ (2.53 元 = 25300)"),
    nextE4: field("nextE4", "新单价", u32le, "price from nextFrom on; 0 when nextFrom is none"),
    nextFrom: field("nextFrom", "新价起始日", bcdDate, "00000000 = no change is known"),
    keyVersion: field(
      "keyVersion",
      "密码版本",
      u8,
      "low byte of the number of the chip's secret; 0 = the one it was issued with",
    ),
  };
}

/** The same words on every layout; what a class lacks is absent. */
export type PurchaseFields = AreaFields & {
  readonly mark: Field<number>;
  readonly total?: Field<number>;
  readonly amount: Field<number>;
  readonly boughtOn: Field<string | null>;
  readonly backup: Field<number>;
  readonly count: Field<number>;
  readonly endMark?: Field<number>;
};

const amountNote = "of purchase number count; 0 = nothing to take, or refunded";
const dateNote = "00000000 = no purchase was ever written";
const countNote = "number of the purchase, 0 on a new account's card";
const markNote = "low byte of count; differs from it = a write is not finished";

function purchaseFieldsA(at: number): PurchaseFields {
  const field = from(at);
  return {
    mark: field("countMark", "次数标记", u8, markNote),
    total: field("total", "累计购气", u32le, "all that was ever bought for this meter: what the meter compares"),
    amount: field("amount", "购气量/购气金额", u32le, "of purchase number count, for people; 0 = refunded"),
    boughtOn: field("boughtOn", "购气日期", bcdDate, dateNote),
    backup: field("backupTotal", "备份累计", u32le, "equals total"),
    count: field("count", "购气次数", u16be, `${countNote}; the meter repeats it and does not check it`),
  };
}

function purchaseFieldsB(at: number): PurchaseFields {
  const field = from(at);
  return {
    mark: field("countMark", "次数标记", u8, markNote),
    amount: field("amount", "购气量/购气金额", u32le, amountNote),
    boughtOn: field("boughtOn", "购气日期", bcdDate, dateNote),
    backup: field("backupAmount", "备份购气量", u32le, "equals amount"),
    count: field("count", "购气次数", u16be, countNote),
  };
}

function purchaseFieldsC(at: number): PurchaseFields {
  const field = from(at);
  const note = "low seven bits of count, and bit 7 set when amount is above 0";
  return {
    mark: field("mark", "标记", u8, `${note}; differs from endMark = a write is not finished`),
    amount: field("amount", "购气量/购气金额", u32le, "what the meter takes, and sets to 0 when it has"),
    boughtOn: field("boughtOn", "购气日期", bcdDate, dateNote),
    backup: field("backupAmount", "备份购气量", u32le, "equals amount"),
    count: field("count", "购气次数", u16be, `${countNote}; the meter repeats it and does not check it`),
    endMark: field("endMark", "末标记", u8, "equals mark"),
  };
}

function returnFields(at: number) {
  const field = from(at);
  return {
    startCode: field(
      "startCode",
      "起始码",
      code({ never: 0x00, inMeter: 0x58 }),
      "00 the card has not been in a meter, 58 it has; with 00 the other fields are the issuer's",
    ),
    status: field("status", "状态字", u8, "bit 0 valve closed 关阀, bit 1 battery low 电量低, others 0"),
    errorCode: field("errorCode", "错误代码", u8, "what the meter said to this card last, see below"),
    reserved: field("reserved", "保留", reserved(1), ""),
    registerL: field("registerL", "表读数", u32le, "meter's register in litres, whatever the unit"),
    totalCredited: field("totalCredited", "累计充入", u32le, "all the meter was ever credited with, litres or fen"),
    remaining: field("remaining", "表内剩余", i32le, "litres or fen; below zero = overdraft in use"),
    acceptedCount: field("acceptedCount", "已上表次数", u16be, "last count the meter took"),
  };
}

function area<F extends AreaFields>(name: string, zh: string, writer: string, fields: F): Area<F> {
  const all = Object.values(fields);
  const offset = Math.min(...all.map((field) => field.offset));
  const length = all.reduce((sum, field) => sum + field.codec.length, checksumBytes);
  return { name, zh, writer, offset, length, fields };
}

interface Places {
  identity: number;
  parameters: number;
  price: number;
  purchase: number;
  returned: number;
}

function table(
  facts: Pick<OpenTable, "family" | "cardClass" | "chip" | "imageBytes" | "head" | "application"> & { magic: string },
  at: Places,
  purchaseFields: PurchaseFields,
): OpenTable {
  const { magic, ...rest } = facts;
  const meter = facts.cardClass === "C" ? "; the meter takes the amount out of it" : "; no meter";
  const purchase = area(
    "purchase",
    "购气区",
    `a purchase${facts.cardClass === "C" ? "" : " or a refund"}${meter}`,
    purchaseFields,
  );
  const { offset } = purchaseFields.count;
  return {
    ...rest,
    identity: area(
      "identity",
      "身份区",
      "the issuer, at issue and replacement; no purchase and no meter",
      identityFields(at.identity, magic),
    ),
    parameters: area("parameters", "参数区", "the issuer; no purchase and no meter", parameterFields(at.parameters)),
    price: area(
      "price",
      "价格区",
      "the issuer, and a purchase (or a change of secret) before the purchase area; no meter",
      priceFields(at.price),
    ),
    purchase,
    returned: area("return", "返写区", "the meter; the issuer once, at issue", returnFields(at.returned)),
    commit: { offset, length: purchase.offset + purchase.length - offset },
  };
}

const onSle4442 = { chip: "sle4442", imageBytes: 256, head: [0xa2, 0x13, 0x10, 0x91], application: null } as const;
const placesOnSle4442: Places = { identity: 32, parameters: 64, price: 104, purchase: 80, returned: 128 };

export const openA = table(
  { family: "open-a", cardClass: "A", magic: "CGOA", ...onSle4442 },
  placesOnSle4442,
  purchaseFieldsA(placesOnSle4442.purchase),
);

export const openB = table(
  { family: "open-b", cardClass: "B", magic: "CGOB", ...onSle4442 },
  placesOnSle4442,
  purchaseFieldsB(placesOnSle4442.purchase),
);

const placesOnCpu: Places = { identity: 0, parameters: 32, price: 48, purchase: 64, returned: 88 };

/**
 * F0 marks a name of nobody's registered list; then "CITYGAS". The three files have three keys: the issuer's, the
 * seller's, the meter's.
 */
const openCpuApplication: CpuApplication = {
  aid: "f043495459474153",
  cipher: "tripleDes",
  files: [
    { sfi: 1, offset: 0, length: 48 },
    { sfi: 2, offset: 48, length: 40 },
    { sfi: 3, offset: 88, length: 24 },
  ],
  proofKeyId: 1,
};

export const openBCpu = table(
  {
    family: "open-b-cpu",
    cardClass: "B",
    magic: "CGOP",
    chip: "cpu",
    imageBytes: 112,
    head: [],
    application: openCpuApplication,
  },
  placesOnCpu,
  purchaseFieldsB(placesOnCpu.purchase),
);

/**
 * The same application with SM4 in place of triple DES, found under the same name: a reader learns from the identity which
 * of the two the card is.
 */
export const openBSm4 = table(
  {
    family: "open-b-sm4",
    cardClass: "B",
    magic: "CGOS",
    chip: "cpu",
    imageBytes: 112,
    head: [],
    application: { ...openCpuApplication, cipher: "sm4" },
  },
  placesOnCpu,
  purchaseFieldsB(placesOnCpu.purchase),
);

const placesOnAt24c02: Places = { identity: 0, parameters: 32, price: 48, purchase: 64, returned: 96 };

export const openC = table(
  { family: "open-c", cardClass: "C", magic: "CGOC", chip: "at24c02", imageBytes: 256, head: [], application: null },
  placesOnAt24c02,
  purchaseFieldsC(placesOnAt24c02.purchase),
);

export const openTables: readonly OpenTable[] = [openA, openB, openBCpu, openBSm4, openC];

/** A table's areas in the order of their bytes. */
export function areasOf({ identity, parameters, price, purchase, returned }: OpenTable): Area[] {
  return [identity, parameters, price, purchase, returned].sort((a, b) => a.offset - b.offset);
}

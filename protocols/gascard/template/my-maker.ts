/**
 * Start here for a maker's layout: copy this file, put the maker's byte table in place of this one, and run
 * `npm run card-conformance -- path/to/your-file.ts` until it holds. docs/cards/add-your-layout.md goes through it.
 *
 * This one is a class B layout by volume on an SLE4428, as small as one can be: identity, purchase and return area, each
 * with its checksum. It passes as it stands.
 */
import {
  type Area,
  bcdDate,
  type CardFacts,
  type CardIdentity,
  chips,
  code,
  constant,
  digits,
  type Field,
  get,
  i32le,
  isSealed,
  type LayoutDriver,
  type MeterWord,
  type NewCard,
  type PurchaseArea,
  type PurchaseOnCard,
  put,
  type ReturnArea,
  seal,
  u8,
  u16be,
  u32le,
  unclaimedImage,
} from "../index.ts";

const chip = chips.sle4428;
const imageBytes = chip.memoryBytes ?? 0;
const name = "my-maker-volume";

const field = <T>(offset: number, word: string, zh: string, codec: Field<T>["codec"]): Field<T> => ({
  offset,
  name: word,
  zh,
  codec,
  note: "",
});

/** Every area ends in two bytes of checksum, which its fields leave free. */
const identity: Area<{
  magic: Field<true>;
  role: Field<"opening" | "user" | "tool">;
  replacement: Field<number>;
  areaCode: Field<string>;
  cardNumber: Field<string>;
}> = {
  name: "identity",
  zh: "身份区",
  writer: "the issuer",
  offset: 32,
  length: 16,
  fields: {
    magic: field(32, "magic", "标识", constant([0x4d, 0x59, 0x4d, 0x31])),
    role: field(36, "role", "卡类型", code({ opening: 0, user: 1, tool: 2 })),
    replacement: field(37, "replacement", "补卡次数", u8),
    areaCode: field(38, "areaCode", "地区代码", digits(2)),
    cardNumber: field(40, "cardNumber", "卡号", digits(6)),
  },
};

/** In writing order: the mark is the first to change, the count the last before the checksum. */
const purchase: Area<{
  mark: Field<number>;
  amountL: Field<number>;
  boughtOn: Field<string | null>;
  count: Field<number>;
}> = {
  name: "purchase",
  zh: "购气区",
  writer: "a purchase",
  offset: 64,
  length: 13,
  fields: {
    mark: field(64, "mark", "次数标记", u8),
    amountL: field(65, "amountL", "购气量", u32le),
    boughtOn: field(69, "boughtOn", "购气日期", bcdDate),
    count: field(73, "count", "购气次数", u16be),
  },
};

const returned: Area<{
  start: Field<"never" | "inMeter">;
  valve: Field<"open" | "closed">;
  battery: Field<"ok" | "low">;
  registerL: Field<number>;
  totalL: Field<number>;
  remainingL: Field<number>;
  count: Field<number>;
}> = {
  name: "return",
  zh: "返写区",
  writer: "the meter",
  offset: 96,
  length: 19,
  fields: {
    start: field(96, "start", "起始码", code({ never: 0x00, inMeter: 0x58 })),
    valve: field(97, "valve", "阀门", code({ open: 0, closed: 1 })),
    battery: field(98, "battery", "电池", code({ ok: 0, low: 1 })),
    registerL: field(99, "registerL", "表读数", u32le),
    totalL: field(103, "totalL", "累计充入", u32le),
    remainingL: field(107, "remainingL", "表内剩余", i32le),
    count: field(111, "count", "已上表次数", u16be),
  },
};

function identify(image: Uint8Array): CardIdentity | null {
  const { fields } = identity;
  if (image.length !== imageBytes || get(image, fields.magic) !== true || !isSealed(image, identity)) return null;
  const role = get(image, fields.role);
  const replacement = get(image, fields.replacement);
  const areaCode = get(image, fields.areaCode);
  const cardNumber = get(image, fields.cardNumber);
  if (!role || replacement === undefined || !areaCode || !cardNumber) return null;
  return { layout: name, cardNumber, areaCode, role, replacement };
}

function purchaseArea(image: Uint8Array): PurchaseArea {
  if (!isSealed(image, purchase)) return null;
  const count = get(image, purchase.fields.count);
  const amount = get(image, purchase.fields.amountL);
  const boughtOn = get(image, purchase.fields.boughtOn);
  if (count === undefined || amount === undefined || boughtOn === undefined) return null;
  return get(image, purchase.fields.mark) === (count & 0xff) ? { count, amount, boughtOn, total: null } : null;
}

function returnArea(image: Uint8Array): ReturnArea {
  if (!isSealed(image, returned)) return "bad";
  const { fields } = returned;
  const start = get(image, fields.start);
  const valve = get(image, fields.valve);
  const battery = get(image, fields.battery);
  const registerL = get(image, fields.registerL);
  const totalCredited = get(image, fields.totalL);
  const remaining = get(image, fields.remainingL);
  const count = get(image, fields.count);
  if (start === "never") return "never";
  if (!start || !valve || !battery || registerL === undefined) return "bad";
  if (totalCredited === undefined || remaining === undefined || count === undefined) return "bad";
  return { count, totalCredited, registerL, remaining, valve, batteryLow: battery === "low" };
}

function read(image: Uint8Array): ReturnType<LayoutDriver["read"]> {
  const found = identify(image);
  if (found === null) {
    const problem = image.length === imageBytes ? unclaimedImage(image, chip.kind) : "foreign";
    return { ok: false, problem, identity: null };
  }
  const bought = purchaseArea(image);
  const meter = returnArea(image);
  if (bought === null || meter === "bad") return { ok: false, problem: "badChecksum", identity: found };
  const taken = meter !== "never" && meter.count >= bought.count;
  const facts: CardFacts = {
    ...found,
    count: bought.count,
    gas: { kind: "volume", volumeL: taken ? 0 : bought.amount },
    boughtOn: bought.boughtOn,
    returned: meter === "never" ? null : meter,
    // What this table has no bytes for.
    meterCeiling: 0,
    alarm: 0,
    overdraft: 0,
    price: null,
    keyVersion: null,
  };
  return { ok: true, facts };
}

function putPurchase(image: Uint8Array, count: number, amountL: number, boughtOn: string | null): void {
  put(image, purchase.fields.mark, count & 0xff);
  put(image, purchase.fields.amountL, amountL);
  put(image, purchase.fields.boughtOn, boughtOn);
  put(image, purchase.fields.count, count);
  seal(image, purchase);
}

/** What is a programmer's mistake throws; what a card holds never does. */
function withPurchase(before: Uint8Array, { countBefore, boughtOn }: PurchaseOnCard, amountL: number): Uint8Array {
  const found = identify(before);
  if (found === null || found.role === "tool") throw new Error("no card of this layout that a purchase goes on");
  const image = before.slice();
  putPurchase(image, countBefore + 1, amountL, boughtOn);
  return image;
}

function litres({ amount }: PurchaseOnCard): number {
  if (amount.kind !== "volume") throw new Error("an amount of money on a card by volume");
  if (amount.volumeL === 0) throw new RangeError("a purchase of nothing");
  return amount.volumeL;
}

function putReturn(image: Uint8Array, start: "never" | "inMeter", word: MeterWord): Uint8Array {
  const { fields } = returned;
  put(image, fields.start, start);
  put(image, fields.valve, word.valve);
  put(image, fields.battery, word.batteryLow ? "low" : "ok");
  put(image, fields.registerL, word.registerL);
  put(image, fields.totalL, word.totalCredited);
  put(image, fields.remainingL, word.remaining);
  put(image, fields.count, word.count);
  seal(image, returned);
  return image;
}

function format({ cardNumber, areaCode, role, replacement, count, totalCredited }: NewCard): Uint8Array {
  if (role === "blank") throw new Error("a blank card is not formatted");
  const image = new Uint8Array(imageBytes).fill(0xff);
  put(image, identity.fields.magic, true);
  put(image, identity.fields.role, role);
  put(image, identity.fields.replacement, replacement);
  put(image, identity.fields.areaCode, areaCode);
  put(image, identity.fields.cardNumber, cardNumber);
  seal(image, identity);
  putPurchase(image, count, 0, null);
  return putReturn(image, "never", {
    count,
    totalCredited,
    registerL: 0,
    remaining: 0,
    valve: "open",
    batteryLow: false,
  });
}

const driver: LayoutDriver = {
  name,
  cardClass: "B",
  chip: chip.kind,
  unit: "volume",
  meterAcceptsZero: true,
  checksums: "plain",
  secretChange: "onRefund",
  imageBytes,
  areas: { written: [purchase], purchase, commit: { offset: 73, length: 4 }, returned },
  application: null,
  identify,
  read,
  purchaseArea,
  returnArea,
  purchaseImage: (before, sale) => withPurchase(before, sale, litres(sale)),
  refundImage(before, sale, options) {
    const image = withPurchase(before, sale, 0);
    const blank = { count: sale.countBefore, totalCredited: sale.totalBefore, registerL: 0, remaining: 0 } as const;
    return options?.blankReturn === true
      ? putReturn(image, "never", { ...blank, valve: "open", batteryLow: false })
      : image;
  },
  consumed(image, sale) {
    const meter = returnArea(image);
    if (identify(image) === null || meter === "bad" || meter === "never") return false;
    return meter.count === sale.countBefore + 1 && meter.totalCredited === sale.totalBefore + litres(sale);
  },
  format,
  meterImage: (image, word) => putReturn(image.slice(), "inMeter", word),
};

export default driver;

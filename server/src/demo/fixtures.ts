/**
 * The demo city. The first two customers are the manual's (manual-reading.md, chapters 1 and 3); all others are made up,
 * one for each thing that can happen when a card goes into a reader, and named so that nobody takes them for people.
 */
import type { TariffVersion } from "@citygas/core";
import { otherLayoutCustomers } from "./otherLayouts.ts";
import { money, sampleAddress, usedMoney, usedVolume, volume } from "./samples.ts";
import type { DemoCustomer, DemoTariff, DemoUnit } from "./types.ts";

export const demoCompany = "洪通燃气";
export const demoHotline = "0996-2959627";

export const demoUnits: Readonly<Record<DemoUnit, { name: string; areaCode: string; later: boolean }>> = {
  bazhou: { name: "巴州营业部（样例）", areaCode: "0996", later: false },
  luntai: { name: "轮台营业部（样例）", areaCode: "0997", later: true },
};

/** Quick buttons: the manual's 50 to 250 方, and round sums for cards by amount. */
export const demoQuick = {
  quickAmountsFen: [5_000, 10_000, 20_000, 50_000, 100_000],
  quickVolumesL: [50_000, 100_000, 150_000, 200_000, 250_000],
};

export const demoTerminals = [
  { name: "kiosk-1", kind: "kiosk" },
  { name: "kiosk-2", kind: "kiosk" },
  { name: "desk-1", kind: "desk" },
] as const;

type Version = Pick<TariffVersion, "name" | "pricing" | "household" | "lowIncomeFreeL" | "limits">;
const noLimits: TariffVersion["limits"] = { perPurchaseFen: null, perPurchaseL: null, beforeChange: null };
const residentialTiers = [
  { uptoL: 360_000, priceE4: 15_300 },
  { uptoL: 600_000, priceE4: 18_400 },
  { uptoL: null, priceE4: 22_900 },
];

/** `household`: three persons, each further one widens the first two tiers. Heating: the local season. */
export const demoTariffs: Readonly<
  Record<DemoTariff, { unit: DemoUnit; customerKind: "residential" | "nonResidential"; version: Version }>
> = {
  meter: {
    unit: "bazhou",
    customerKind: "residential",
    version: {
      name: "居民（由表计价）",
      pricing: { kind: "meter", tableE4: residentialTiers },
      household: null,
      lowIncomeFreeL: 0,
      limits: { ...noLimits, perPurchaseFen: 150_000 },
    },
  },
  flat: {
    unit: "bazhou",
    customerKind: "nonResidential",
    version: {
      name: "非居民",
      pricing: { kind: "flat", priceE4: 25_300, seasons: [] },
      household: null,
      lowIncomeFreeL: 0,
      limits: noLimits,
    },
  },
  tiered: {
    unit: "bazhou",
    customerKind: "residential",
    version: {
      name: "居民阶梯（含采暖）",
      pricing: {
        kind: "tiered",
        cycle: { kind: "calendarYear" },
        tiers: residentialTiers,
        heating: { from: { month: 10, day: 15 }, to: { month: 4, day: 15 }, quotaL: 1_800_000, priceE4: 15_300 },
      },
      household: { basePersons: 3, extraPerPersonL: [120_000, 200_000] },
      lowIncomeFreeL: 60_000,
      limits: { ...noLimits, perPurchaseL: 500_000 },
    },
  },
  monthly: {
    unit: "luntai",
    customerKind: "residential",
    version: {
      name: "居民月阶梯",
      pricing: {
        kind: "tiered",
        cycle: { kind: "month" },
        tiers: [
          { uptoL: 60_000, priceE4: 14_900 },
          { uptoL: null, priceE4: 19_800 },
        ],
        heating: null,
      },
      household: null,
      lowIncomeFreeL: 0,
      limits: noLimits,
    },
  },
};

/** So that 优惠 is seen on a bill; the main unit has none, because the manual's own bill has none. */
export const demoDeduction = {
  unit: "luntai",
  rule: { kind: "permille", name: "样例优惠：九八折", permille: 20, maxFen: 2_000, minGoodsFen: 0 },
} as const;

export const demoCustomers: readonly DemoCustomer[] = [
  {
    number: "031140086",
    holder: "秦淮人家6-3-501",
    address: {
      district: "",
      community: "秦淮人家",
      building: "6号楼",
      unit: "3单元",
      room: "501室",
      fullText: "秦淮人家6号楼3单元501室",
    },
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC20170086"),
    balanceFen: 30,
    card: { id: "qinhuai", label: "秦淮人家 · 按金额", ...usedMoney("3114008601") },
  },
  {
    number: "031120300",
    holder: "洪通食堂LNG项目部",
    organisation: true,
    address: {
      district: "库尔勒市",
      community: "样例工业园",
      building: "2号楼",
      unit: "",
      room: "103室",
      fullText: "样例工业园2号楼103室",
    },
    unit: "bazhou",
    tariff: "flat",
    meter: volume("IC20170300"),
    card: { id: "canteen", label: "洪通食堂 · 按气量", ...usedVolume("3112030001") },
  },
  {
    number: "031140101",
    holder: "样例甲",
    address: sampleAddress(1, 101),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000101"),
    card: { id: "gas-on-card", label: "已购气，未上表", ...usedMoney("9000000101") },
    story: { entry: { kind: "amount", amountFen: 10_000 }, stands: "gasOnCard" },
  },
  {
    number: "031140102",
    holder: "样例乙",
    address: sampleAddress(1, 102),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000102"),
    card: { id: "lost", label: "已挂失", status: "lost", ...usedMoney("9000000102") },
  },
  {
    number: "031140103",
    holder: "样例丙",
    address: sampleAddress(1, 103),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000103"),
    card: {
      id: "replacement",
      label: "补卡后的新卡",
      oldCard: { id: "replaced", label: "已补换的旧卡" },
      ...usedMoney("9000000103"),
    },
  },
  {
    number: "031140104",
    holder: "样例丁",
    address: sampleAddress(1, 104),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000104"),
    card: { id: "blocked", label: "已停用的卡", status: "blocked", ...usedMoney("9000000104") },
  },
  {
    number: "031140105",
    holder: "样例戊",
    address: sampleAddress(1, 105),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000105"),
    // 03: one bit of three is used up.
    card: { id: "secret-counter", label: "密码错过一次", errorCounter: 0x03, ...usedMoney("9000000105") },
  },
  {
    number: "031120101",
    holder: "样例己",
    address: sampleAddress(2, 101),
    unit: "bazhou",
    tariff: "tiered",
    meter: volume("IC00000201"),
    card: { id: "torn", label: "写到一半被拔出", ...usedVolume("9000000201") },
    story: { entry: { kind: "volume", volumeL: 20_000 }, stands: "torn" },
  },
  {
    number: "031120102",
    holder: "样例庚",
    address: sampleAddress(2, 102),
    unit: "bazhou",
    tariff: "tiered",
    meter: volume("IC00000202"),
    card: { id: "open-purchase", label: "已付款，还没写卡", ...usedVolume("9000000202") },
    story: { entry: { kind: "volume", volumeL: 30_000 }, stands: "unwritten" },
  },
  {
    number: "032120103",
    holder: "样例辛",
    address: sampleAddress(3, 101),
    unit: "luntai",
    tariff: "monthly",
    meter: volume("IC00000301"),
    card: { id: "later", label: "圈存：已付款，待写卡", ...usedVolume("9000000301") },
    story: { entry: { kind: "volume", volumeL: 50_000 }, stands: "later" },
  },
  {
    number: "031120104",
    holder: "样例壬",
    address: sampleAddress(2, 104),
    unit: "bazhou",
    tariff: "tiered",
    household: { persons: 5, personsUntil: "2099-12-31", heating: true },
    meter: volume("IC00000204"),
    card: { id: "heating", label: "阶梯 · 五口之家 · 采暖", ...usedVolume("9000000204") },
  },
  {
    number: "031120105",
    holder: "样例癸",
    address: sampleAddress(2, 105),
    unit: "bazhou",
    tariff: "tiered",
    household: { persons: 2, lowIncomeUntil: "2099-12-31" },
    meter: volume("IC00000205"),
    card: { id: "low-income", label: "阶梯 · 低保", ...usedVolume("9000000205") },
  },
  {
    number: "031140106",
    holder: "样例子",
    address: sampleAddress(1, 106),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000106"),
    debtFen: 35_000,
    block: "debt",
    card: { id: "debt-block", label: "欠费停售", ...usedMoney("9000000106") },
  },
  {
    number: "031140107",
    holder: "样例丑",
    address: sampleAddress(1, 107),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000107", 60_000),
    card: {
      id: "ceiling",
      label: "表内快满",
      number: "9000000107",
      count: 9,
      totalCredited: 240_000,
      remaining: 55_000,
      registerL: 1_204_000,
    },
  },
  {
    number: "031140108",
    holder: "样例寅",
    address: sampleAddress(1, 108),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000108"),
    balanceFen: 200_000,
    card: { id: "balance", label: "余额够付", ...usedMoney("9000000108") },
  },
  {
    number: "031140109",
    holder: "样例卯",
    address: sampleAddress(1, 109),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000109"),
    debtFen: 2_650,
    card: { id: "debt-rows", label: "欠费随单结清", ...usedMoney("9000000109") },
  },
  {
    number: "031120106",
    holder: "样例辰",
    address: sampleAddress(2, 106),
    unit: "bazhou",
    tariff: "tiered",
    meter: { serial: "PB00000206", kind: "ordinary", counts: "volume" },
    controller: { serial: "KZIC000206", kind: "ic" },
    card: { id: "ic-controller", label: "普表加IC卡控制器", ...usedVolume("9000000206") },
  },
  {
    number: "031150001",
    holder: "样例巳",
    address: sampleAddress(4, 101),
    unit: "bazhou",
    tariff: "tiered",
    meter: { serial: "PB00000401", kind: "ordinary", counts: "volume" },
    controller: { serial: "KZWL000401", kind: "iot" },
  },
  {
    number: "031140110",
    holder: "样例午",
    address: sampleAddress(1, 110),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000110"),
    card: { id: "manual", label: "上一笔待人工核实", ...usedMoney("9000000110") },
    story: { entry: { kind: "amount", amountFen: 5_000 }, stands: "manual" },
  },
  {
    number: "031140111",
    holder: "样例未",
    address: sampleAddress(1, 111),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000111"),
    card: { id: "count-mismatch", label: "次数与账不符", booksCount: 4, ...usedMoney("9000000111") },
  },
  {
    number: "031140112",
    holder: "样例申",
    address: sampleAddress(1, 112),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000112"),
    block: "safetyCheck",
    card: { id: "safety-check", label: "安检到期", ...usedMoney("9000000112") },
  },
  {
    number: "031140113",
    holder: "样例酉",
    address: sampleAddress(1, 113),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000113"),
    card: {
      id: "opening",
      label: "开户卡，未上过表",
      opening: true,
      number: "9000000113",
      count: 0,
      totalCredited: 0,
      remaining: 0,
      registerL: 0,
    },
  },
  {
    number: "031140114",
    holder: "样例戌",
    address: sampleAddress(1, 114),
    unit: "bazhou",
    tariff: "meter",
    meter: money("IC00000114"),
    card: { id: "bad-checksum", label: "校验不对", damaged: true, ...usedMoney("9000000114") },
  },
  ...otherLayoutCustomers,
];

/** No number of the real network: it stands at every customer, and what is sent to it arrives at the first phone. */
export const demoMobile = "10000000001";

/** Two wallets on each phone. */
export const demoPhones = [
  { id: "phone-1", name: "样例手机一", balanceFen: 500_000, mobile: demoMobile },
  { id: "phone-2", name: "样例手机二 · 要输密码", balanceFen: 500_000, settings: { askPassword: true } },
  { id: "phone-3", name: "样例手机三 · 余额不足", balanceFen: 0, settings: { noBalance: true } },
];

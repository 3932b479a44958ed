/** One customer with a card of each layout that is not the usual one. */
import { money, sampleAddress, usedMoney, usedVolume, volume } from "./samples.ts";
import type { DemoCustomer } from "./types.ts";

export const otherLayoutCustomers: readonly DemoCustomer[] = [
  {
    number: "031120109",
    holder: "样例亥",
    address: sampleAddress(2, 109),
    unit: "bazhou",
    tariff: "tiered",
    layout: "open-a-volume",
    meter: volume("IC00000209"),
    card: { id: "class-a", label: "A 类 · 累计 · SLE4442", ...usedVolume("9000000209") },
  },
  {
    number: "031140115",
    holder: "样例乾",
    address: sampleAddress(1, 115),
    unit: "bazhou",
    tariff: "meter",
    layout: "open-b-cpu-money",
    meter: money("IC00000115"),
    card: { id: "cpu", label: "B 类 · CPU 卡", ...usedMoney("9000000115") },
  },
  {
    number: "031140116",
    holder: "样例坎",
    address: sampleAddress(1, 116),
    unit: "bazhou",
    tariff: "meter",
    layout: "open-b-sm4-money",
    meter: money("IC00000116"),
    card: { id: "cpu-sm4", label: "B 类 · CPU 卡 · SM4", ...usedMoney("9000000116") },
  },
  {
    number: "031120110",
    holder: "样例坤",
    address: sampleAddress(2, 110),
    unit: "bazhou",
    tariff: "tiered",
    layout: "open-c-volume",
    meter: volume("IC00000210"),
    card: { id: "class-c", label: "C 类 · AT24C02", ...usedVolume("9000000210") },
  },
];

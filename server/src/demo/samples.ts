/** What the made-up customers share. */
import type { DemoCard, DemoCustomer } from "./types.ts";

export const sampleAddress = (building: number, room: number): DemoCustomer["address"] => ({
  district: "样例区",
  community: "样例小区",
  building: `${building}号楼`,
  unit: "1单元",
  room: `${room}室`,
  fullText: `样例小区${building}号楼1单元${room}室`,
});

/** A meter that has taken a few purchases and still has some gas or credit. */
export const usedMoney = (number: string): Omit<DemoCard, "id" | "label"> => ({
  number,
  count: 6,
  totalCredited: 84_000,
  remaining: 3_250,
  registerL: 527_810,
});
export const usedVolume = (number: string): Omit<DemoCard, "id" | "label"> => ({
  number,
  count: 4,
  totalCredited: 300_000,
  remaining: 12_600,
  registerL: 287_400,
});

export const money = (serial: string, ceiling?: number): DemoCustomer["meter"] => ({
  serial,
  kind: "ic",
  counts: "money",
  ...(ceiling === undefined ? {} : { ceiling }),
});
export const volume = (serial: string): DemoCustomer["meter"] => ({ serial, kind: "ic", counts: "volume" });

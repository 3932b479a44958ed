/** The API as the office uses it: the administrator registers, staff of each role decide. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./world.ts";

export type Office = ReturnType<typeof officeOf>;

/** `role`: whose token is shown; left out, the administrator's own. */
export function officeOf(world: World, role?: "cashier" | "supervisor" | "finance" | "operations") {
  const file = role === undefined ? ["admin.token"] : ["staff", `${role}.token`];
  const token = readFileSync(join(world.dataDir, "server", "secrets", ...file), "utf8").trim();
  return async <T = { id: string }>(method: "GET" | "POST", path: string, body?: object): Promise<T> => {
    const response = await fetch(`${world.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { "content-type": "application/json", "idempotency-key": globalThis.crypto.randomUUID() }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T; // a wrong shape fails what the test expects of it
  };
}

export interface NewHousehold {
  accountNumber: string;
  meterSerial: string;
  /** Of the card; `layout` and `history` where it is no new card of the usual layout. */
  card: { cardNumber: string; layout?: string; history?: { count: number; totalCredited: number } };
  areaCode: string;
  tiers: readonly { uptoL: number | null; priceE4: number }[];
}

/** In the order in which each thing needs the ones before it. */
export async function register(
  office: Office,
  { accountNumber, meterSerial, card, areaCode, tiers }: NewHousehold,
): Promise<{ accountId: string; cardId: string }> {
  const unit = await office("POST", "/units", {
    name: "新城营业部",
    company: "新城燃气",
    hotline: "0996-1111111",
    settings: { areaCode, quickAmountsFen: [], quickVolumesL: [50_000], later: false },
  });
  const holder = await office("POST", "/holders", { name: "新用户", kind: "person", persons: 3 });
  const address = await office("POST", "/addresses", {
    district: "新城区",
    community: "新城家园",
    building: "2号楼",
    unit: "1单元",
    room: "302室",
    fullText: "新城家园2号楼1单元302室",
  });
  const tariff = await office("POST", "/tariffs", { unitId: unit.id, name: "居民", customerKind: "residential" });
  await office("POST", `/tariffs/${tariff.id}/versions`, {
    effectiveFrom: "2026-01-01T00:00:00+08:00",
    name: "居民两档",
    pricing: { kind: "tiered", cycle: { kind: "calendarYear" }, tiers, heating: null },
  });
  const account = await office("POST", "/accounts", {
    number: accountNumber,
    unitId: unit.id,
    holderId: holder.id,
    addressId: address.id,
    customerKind: "residential",
    tariffId: tariff.id,
  });
  const meter = await office("POST", "/meters", {
    kind: "ic",
    settlement: "meter",
    counts: "volume",
    serial: meterSerial,
    accountId: account.id,
    model: "样例膜式表",
  });
  const made = await office("POST", "/cards", { accountId: account.id, meterId: meter.id, ...card });
  return { accountId: account.id, cardId: made.id };
}

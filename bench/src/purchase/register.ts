/** What a run sells to and from, made through the public registration API: a unit, prices, terminals, accounts, cards. */
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { fetchTerminalToken, pairTerminal, tokenMessage } from "@citygas/api";
import type { SaleCard, SellingTerminal } from "./job.ts";
import type { ServerProcess } from "./venue.ts";

interface Registered {
  terminals: SellingTerminal[];
  /** As many per terminal; no two terminals share one. */
  cards: SaleCard[];
}

const cardsPerTerminal = 4;
/** Calls under way at once while registering. */
const handsMax = 16;

/** `run` keeps the numbers of several runs on one database apart. */
export async function register(server: ServerProcess, terminalCount: number, run: number): Promise<Registered> {
  const post = poster(server);
  const unit = await post("/units", {
    name: `Bench ${run}`,
    company: "Bench",
    hotline: "000-0000",
    settings: { areaCode: "0996", quickAmountsFen: [5_000], quickVolumesL: [10_000], later: false },
  });
  const tariffs = { money: await tariff(post, unit.id, "meter"), volume: await tariff(post, unit.id, "tiered") };
  const terminals = await inParallel(terminalCount, (i) => terminal(server, post, unit.id, `bench-${run}-${i}`));
  const cards = await inParallel(terminalCount * cardsPerTerminal, (i) => {
    // Half of the cards hold money, half gas: the two kinds write different rows.
    const counts = i % 2 === 0 ? "money" : "volume";
    return card(server, post, { unitId: unit.id, tariffId: tariffs[counts], counts, number: run * 1_000_000 + i });
  });
  return { terminals, cards };
}

type Post = (path: string, body: object) => Promise<{ id: string; code?: string }>;

function poster({ url, adminToken }: ServerProcess): Post {
  return async (path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${adminToken}` },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    // Every registration answers with the thing it made.
    return (await response.json()) as { id: string; code?: string };
  };
}

async function tariff(post: Post, unitId: string, kind: "meter" | "tiered"): Promise<string> {
  const { id } = await post("/tariffs", { unitId, name: kind, customerKind: "residential" });
  const tiers = [
    { uptoL: 360_000, priceE4: 15_300 },
    { uptoL: 600_000, priceE4: 18_400 },
    { uptoL: null, priceE4: 22_900 },
  ];
  const pricing =
    kind === "meter" ? { kind, tableE4: tiers } : { kind, cycle: { kind: "calendarYear" }, tiers, heating: null };
  await post(`/tariffs/${id}/versions`, { name: kind, effectiveFrom: "2020-01-01T00:00:00Z", pricing });
  return id;
}

async function terminal(server: ServerProcess, post: Post, unitId: string, name: string): Promise<SellingTerminal> {
  const { id } = await post("/terminals", { unitId, name, kind: "kiosk" });
  const { code } = await post(`/terminals/${id}/pairing-codes`, {});
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const at = { serverUrl: server.url };
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const paired = await pairTerminal(at, { code: code ?? "", publicKey: pem });
  if (!paired.ok) throw new Error(`${name} was not paired`);
  const timestampMs = Date.now();
  const nonce = randomUUID();
  const signature = sign(null, Buffer.from(tokenMessage(id, timestampMs, nonce)), privateKey).toString("base64");
  const token = await fetchTerminalToken(at, { terminalId: id, timestampMs, nonce, signature });
  if (!token.ok) throw new Error(`${name} got no token`);
  return { token: token.value.token };
}

async function card(
  server: ServerProcess,
  post: Post,
  facts: { unitId: string; tariffId: string; counts: "money" | "volume"; number: number },
): Promise<SaleCard> {
  const { unitId, tariffId, counts, number } = facts;
  const digits = String(number).padStart(10, "0");
  const holder = await post("/holders", { name: `样例${digits}`, kind: "person" });
  const place = { district: "样例区", community: "样例小区", building: "1号楼", unit: "1单元", room: `${digits}室` };
  const address = await post("/addresses", { ...place, fullText: `样例小区1号楼1单元${digits}室` });
  const account = await post("/accounts", {
    number: digits,
    unitId,
    holderId: holder.id,
    addressId: address.id,
    customerKind: "residential",
    tariffId,
  });
  const meter = await post("/meters", {
    kind: "ic",
    settlement: counts === "money" ? "meter" : "centre",
    counts,
    serial: `B${digits}`,
    accountId: account.id,
    model: "bench",
  });
  const { id } = await post("/cards", { accountId: account.id, meterId: meter.id, cardNumber: digits });
  const response = await fetch(`${server.url}/api/v1/cards/${id}/image`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
  });
  if (!response.ok) throw new Error(`no image of card ${digits}: ${response.status}`);
  const issued = (await response.json()) as Pick<SaleCard, "layout" | "imageHex" | "secretHex">;
  const entry =
    counts === "money"
      ? ({ kind: "amount", amountFen: 5_000 } as const)
      : ({ kind: "volume", volumeL: 10_000 } as const);
  return { layout: issued.layout, imageHex: issued.imageHex, secretHex: issued.secretHex, entry };
}

/** `make(0)` … `make(count - 1)`, a few at a time, in order. */
async function inParallel<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  let next = 0;
  const hand = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) made[index] = await make(index);
  };
  await Promise.all(Array.from({ length: Math.min(handsMax, count) }, hand));
  return made;
}

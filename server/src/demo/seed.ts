/**
 * The demo city on an empty database. Every id follows from a fixture's name, and every step may be repeated, so a
 * seeding that was cut short is finished by the next start.
 */
import type { Id, Instant } from "@citygas/core";
import { chips, fromHex, toHex } from "@citygas/gascard";
import type { ServerContext } from "../context.ts";
import { sharedValue } from "../http/serverValues.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { addDebt, adjustBalance, setBlock } from "../registration/accountMoney.ts";
import { accounts, plainHousehold } from "../registration/accounts.ts";
import { cards } from "../registration/cards.ts";
import { deductionRules } from "../registration/deductions.ts";
import { controllers, meters } from "../registration/devices.ts";
import { timeText } from "../registration/fields.ts";
import { changeCard } from "../registration/guarded.ts";
import type { Registered } from "../registration/outcome.ts";
import { addresses, holders } from "../registration/people.ts";
import { setCardStatus } from "../registration/replacement.ts";
import { addTariffVersion, tariffs } from "../registration/tariffs.ts";
import { terminals } from "../registration/terminals.ts";
import { units } from "../registration/units.ts";
import { issuePairingCode } from "../terminals/pairing.ts";
import {
  demoCompany,
  demoCustomers,
  demoDeduction,
  demoHotline,
  demoMobile,
  demoPhones,
  demoQuick,
  demoTariffs,
  demoTerminals,
  demoUnits,
} from "./fixtures.ts";
import {
  cardImage,
  driverOf,
  foreignImage,
  type SeedChip,
  type SeedMeter,
  seedChip,
  seedMeter,
  strangerImage,
} from "./images.ts";
import { playStory } from "./story.ts";
import type { DemoCard, DemoCustomer, DemoTariff, DemoUnit } from "./types.ts";

/** As the sandbox takes cards. */
export interface SeedCard {
  id: string;
  label: string;
  accountNumber?: string;
  imageHex?: string;
  pscHex?: string;
  errorCounter?: number;
  /** Of a card that is no SLE4442, instead of image and secret. */
  chip?: SeedChip;
  mute?: boolean;
}

/** What the outside world begins with; the same at every start. Equal in structure to the sandbox's own type. */
export interface DemoSeed {
  cards: SeedCard[];
  meters: SeedMeter[];
  phones: typeof demoPhones;
}

export interface Demo {
  /** null: this database holds another city. */
  sandboxSeed: DemoSeed | null;
  /** Terminal name → one-time code, for those that are not paired yet. */
  pairingCodes: Record<string, string>;
}

const startedMark = "demo.started";
const seedMark = "demo.cards";
const dayMs = 86_400_000;

const unitId = (unit: DemoUnit): Id => derivedId("demo", "unit", unit);
const tariffId = (tariff: DemoTariff): Id => derivedId("demo", "tariff", tariff);
const terminalId = (name: string): Id => derivedId("demo", "terminal", name);
const idOf = (kind: string, customer: DemoCustomer): Id => derivedId("demo", kind, customer.number);

/** Seeds an empty database; on a seeded one only makes pairing codes for terminals that still need one. */
export async function seedDemo(ctx: ServerContext): Promise<Demo> {
  const { rows } = await ctx.db.query<{ ours: boolean; empty: boolean }>(
    `select exists (select 1 from server_value where name = $1) as ours,
            not exists (select 1 from company_unit) as empty`,
    [startedMark],
  );
  const found = rows[0];
  if (found === undefined || (!found.ours && !found.empty)) return { sandboxSeed: null, pairingCodes: {} };
  // Yesterday: stories need a past. Kept, because a repeated seeding must make the same bytes.
  const startedAt = Number(await sharedValue(ctx.db, startedMark, () => String(ctx.now())));
  const seeded = await ctx.db.query<{ value: string }>("select value from server_value where name = $1", [seedMark]);
  const text = seeded.rows[0]?.value ?? (await seedAll(ctx, startedAt));
  // Made by `seedAll`, so of its shape.
  const withoutSecrets = JSON.parse(text) as SeedCard[];
  return {
    sandboxSeed: {
      cards: await Promise.all(withoutSecrets.map((card) => withSecret(ctx, card))),
      meters: demoCustomers.flatMap((customer) => seedMeter(customer) ?? []),
      phones: demoPhones,
    },
    pairingCodes: await pairingCodes(ctx),
  };
}

async function seedAll(ctx: ServerContext, startedAt: Instant): Promise<string> {
  await seedCompany(ctx, startedAt);
  const tray: SeedCard[] = [];
  for (const customer of demoCustomers) tray.push(...(await seedCustomer(ctx, customer, startedAt)));
  tray.push(...strangers);
  // Secrets are left out: they are worked out from the card number at each start.
  return sharedValue(ctx.db, seedMark, () => JSON.stringify(tray));
}

/** Cards that are in nobody's books. */
const strangers: SeedCard[] = [
  { id: "blank", label: "空白卡" },
  { id: "tool", label: "工具卡", imageHex: toHex(strangerImage("tool", "8000000001")) },
  { id: "foreign", label: "别家公司的卡", imageHex: toHex(foreignImage()) },
  { id: "unknown", label: "系统里没有的卡", imageHex: toHex(strangerImage("user", "8000000002")) },
  { id: "worn", label: "芯片磨损，读不出", imageHex: "ff".repeat(256) },
  { id: "mute", label: "芯片坏了", mute: true },
];

async function seedCompany(ctx: ServerContext, startedAt: Instant): Promise<void> {
  for (const [unit, { name, areaCode, later }] of entries(demoUnits)) {
    const settings = { areaCode, later, ...demoQuick };
    must(await units.create(ctx, unitId(unit), { name, company: demoCompany, hotline: demoHotline, settings }));
  }
  const effectiveFrom = timeText(startedAt - 400 * dayMs);
  for (const [tariff, { unit, customerKind, version }] of entries(demoTariffs)) {
    const body = { unitId: unitId(unit), name: version.name, customerKind };
    must(await tariffs.create(ctx, tariffId(tariff), body));
    const versionId = derivedId("demo", "version", tariff);
    must(await addTariffVersion(ctx, tariffId(tariff), { effectiveFrom, ...version }, versionId));
  }
  const rule = { unitId: unitId(demoDeduction.unit), effectiveFrom, rule: demoDeduction.rule };
  must(await deductionRules.create(ctx, derivedId("demo", "deduction"), rule));
  for (const { name, kind } of demoTerminals)
    must(await terminals.create(ctx, terminalId(name), { unitId: unitId("bazhou"), name, kind }));
}

async function seedCustomer(ctx: ServerContext, customer: DemoCustomer, startedAt: Instant): Promise<SeedCard[]> {
  const [holderId, addressId] = [idOf("holder", customer), idOf("address", customer)];
  const [accountId, meterId] = [idOf("account", customer), idOf("meter", customer)];
  const kind = customer.organisation === true ? "organisation" : "person";
  must(await holders.create(ctx, holderId, { name: customer.holder, kind, phone: demoMobile }));
  must(await addresses.create(ctx, addressId, customer.address));
  await once(ctx, "account_registration", accountId, () =>
    accounts.create(ctx, accountId, {
      number: customer.number,
      unitId: unitId(customer.unit),
      holderId,
      addressId,
      customerKind: demoTariffs[customer.tariff].customerKind,
      tariffId: tariffId(customer.tariff),
      household: { ...plainHousehold, ...customer.household },
    }),
  );
  const { serial, counts, ceiling, kind: meterKind } = customer.meter;
  // What takes cards settles by itself; the others are charged by the centre from their readings.
  const settlement = customer.card === undefined ? "centre" : "meter";
  const meter = {
    serial,
    counts,
    settlement,
    kind: meterKind,
    accountId,
    model: "样例表",
    ceiling: ceiling ?? null,
  } as const;
  await once(ctx, "meter_registration", meterId, () => meters.create(ctx, meterId, meter));
  if (customer.controller !== undefined) {
    const controller = { ...customer.controller, meterId, indexL: 0, meterIndexL: customer.card?.registerL ?? 0 };
    must(await controllers.create(ctx, idOf("controller", customer), controller));
  }
  await seedMoney(ctx, customer, accountId);
  return customer.card === undefined ? [] : seedCard(ctx, customer, customer.card, { accountId, meterId }, startedAt);
}

const by = (what: string, customer: DemoCustomer) => ({ key: idOf(what, customer), fingerprint: what });

async function seedMoney(ctx: ServerContext, customer: DemoCustomer, accountId: Id): Promise<void> {
  if (customer.balanceFen !== undefined) {
    const body = { amountFen: customer.balanceFen, reason: "样例余额" };
    must(await adjustBalance(ctx, accountId, body, by("opening balance", customer)));
  }
  if (customer.debtFen !== undefined)
    must(await addDebt(ctx, accountId, { amountFen: customer.debtFen, kind: "样例欠费" }, by("debt", customer)));
  if (customer.block !== undefined) must(await setBlock(ctx, accountId, customer.block, by("block", customer)));
}

async function seedCard(
  ctx: ServerContext,
  customer: DemoCustomer,
  card: DemoCard,
  { accountId, meterId }: { accountId: Id; meterId: Id },
  startedAt: Instant,
): Promise<SeedCard[]> {
  const cardId = idOf("card", customer);
  const history = { count: card.booksCount ?? card.count, totalCredited: card.totalCredited };
  const registered = card.opening === true ? {} : { history };
  await once(ctx, "card", cardId, () =>
    cards.create(ctx, cardId, {
      accountId,
      meterId,
      cardNumber: card.number,
      layout: driverOf(customer).name,
      ...registered,
    }),
  );
  if (card.status !== undefined) must(await setCardStatus(ctx, cardId, card.status, by("card status", customer)));
  const replacement = card.oldCard === undefined ? 0 : 1;
  if (replacement === 1) must(await changeCard(ctx, cardId, { event: { type: "card.replaced" } }, replacedOnce));
  const inTray = (id: string, label: string, image: Uint8Array): SeedCard => ({
    id,
    label,
    accountNumber: customer.number,
    imageHex: toHex(image),
    ...(card.errorCounter === undefined ? {} : { errorCounter: card.errorCounter }),
  });
  const place = { accountId, cardId, meterId, terminalId: terminalId("kiosk-1"), at: startedAt - dayMs };
  const image =
    customer.story === undefined
      ? cardImage(customer, card, replacement)
      : await playStory(ctx, customer, card, customer.story, place);
  const tray = [inTray(card.id, card.label, image)];
  if (card.oldCard !== undefined) tray.push(inTray(card.oldCard.id, card.oldCard.label, cardImage(customer, card, 0)));
  return tray;
}

const replacedOnce: Parameters<typeof changeCard>[3] = (card) => ({
  ok: true,
  value: card.replacement === 1 ? null : { ...card, replacement: 1, scriptSeq: card.scriptSeq + 1 },
});

/** A secret belongs to a card number; cards without one of ours keep the factory's. */
async function withSecret(ctx: ServerContext, card: SeedCard): Promise<SeedCard> {
  const customer = demoCustomers.find((each) => each.card?.id === card.id || each.card?.oldCard?.id === card.id);
  const number = customer?.card?.number;
  if (customer === undefined || number === undefined) return card;
  const driver = driverOf(customer);
  if (chips[driver.chip].secret !== null) return { ...card, pscHex: await ctx.keys.cardSecret(number) };
  const { imageHex, ...rest } = card;
  const image = fromHex(imageHex ?? "");
  const chip = image && seedChip(driver, image, await cpuKeysOf(ctx, driver, number));
  if (chip === null) throw new Error(`demo: no chip for ${card.id}`);
  return { ...rest, chip };
}

/** null: no CPU card. */
async function cpuKeysOf(ctx: ServerContext, { application }: ReturnType<typeof driverOf>, number: string) {
  if (application === null) return null;
  if (ctx.keys.virtualCardKeys === undefined) throw new Error("demo: CPU cards need the key service of development");
  return await ctx.keys.virtualCardKeys(number, application.cipher);
}

async function pairingCodes(ctx: ServerContext): Promise<Record<string, string>> {
  const { rows } = await ctx.db.query<{ id: string; name: string }>(
    "select id, name from terminal where id = any($1) and paired_at is null order by name",
    [demoTerminals.map(({ name }) => terminalId(name))],
  );
  const codes: Record<string, string> = {};
  for (const { id, name } of rows) codes[name] = (await issuePairingCode(ctx, id)).code;
  return codes;
}

/** Skips what an earlier, interrupted seeding made: its own number would refuse it as taken. */
async function once(
  ctx: ServerContext,
  table: "account_registration" | "meter_registration" | "card",
  id: Id,
  make: () => Promise<Registered>,
): Promise<void> {
  const { rows } = await ctx.db.query(`select 1 from ${table} where id = $1`, [id]);
  if (rows.length === 0) must(await make());
}

function must<T>(made: Registered<T>): T {
  if (!made.ok) throw new Error(`demo: ${made.error.code} ${made.error.detail ?? ""}`);
  return made.value;
}

/** `Object.entries` forgets the literal keys of a constant. */
function entries<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}

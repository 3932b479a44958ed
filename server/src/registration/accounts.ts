/** Accounts (用户): registered once with unit, holder, address and tariff; then a guarded aggregate of the store. */
import {
  type AccountState,
  carriedOf,
  type HouseholdFacts,
  ok,
  type TariffVersion,
  versionInForce,
} from "@citygas/core";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import { CustomerKind, DayText, Fen, Litre, orNull, Time, timeText, Uuid } from "./fields.ts";
import { commitNew } from "./guarded.ts";
import { conflict, invalid, missing, type Registered, unlessTaken } from "./outcome.ts";
import type { Resource } from "./resource.ts";

const HouseholdBody = Type.Object({
  persons: Type.Integer({ minimum: 0, maximum: 99 }),
  personsUntil: orNull(DayText),
  lowIncomeUntil: orNull(DayText),
  heating: Type.Boolean(),
  temporaryLimit: orNull(Type.Object({ until: DayText, volumeL: orNull(Litre), amountFen: orNull(Fen) })),
});

export const AccountBody = Type.Object({
  number: Type.String({ pattern: "^[0-9A-Za-z-]{3,32}$", description: "用户号" }),
  unitId: Uuid,
  holderId: Uuid,
  addressId: Uuid,
  customerKind: CustomerKind,
  tariffId: Uuid,
  household: Type.Optional(HouseholdBody),
});

export const BlockReason = Type.Union([
  Type.Literal("debt"),
  Type.Literal("safetyCheck"),
  Type.Literal("suspectedTampering"),
  Type.Literal("stopped"),
]);

export const AccountView = Type.Object({
  id: Type.String(),
  number: Type.String(),
  unitId: Type.String(),
  holderId: Type.String(),
  holderName: Type.String(),
  addressId: Type.String(),
  address: Type.String(),
  customerKind: CustomerKind,
  tariffId: orNull(Type.String()),
  household: HouseholdBody,
  openedAt: Type.String(),
  balanceFen: Fen,
  heldFen: Fen,
  carried: Type.Object(
    { volumeL: Litre, meterCreditFen: Fen },
    { description: "left in meters that were replaced, and not in the new one yet" },
  ),
  block: orNull(Type.Object({ reason: BlockReason, since: Time })),
});

interface AccountRow {
  id: string;
  number: string;
  unit_id: string;
  holder_id: string;
  holder_name: string;
  address_id: string;
  full_text: string;
  customer_kind: "residential" | "nonResidential";
  tariff_id: string | null;
  household: HouseholdFacts;
  opened_at: number;
  state: AccountState;
}

/** A household about which nothing is known that matters for the price. */
export const plainHousehold: HouseholdFacts = {
  persons: 0,
  personsUntil: null,
  lowIncomeUntil: null,
  heating: false,
  temporaryLimit: null,
};

export const accounts: Resource<typeof AccountBody, typeof AccountView, AccountRow> = {
  path: "/accounts",
  tag: "accounts",
  summary: "用户 · account",
  body: AccountBody,
  view: AccountView,
  source: {
    sql: `select r.id, r.number, r.unit_id, r.holder_id, h.name as holder_name, r.address_id, d.full_text,
                 r.customer_kind, r.tariff_id, r.household, r.opened_at, a.state
          from account_registration r join account a on a.id = r.id
          join holder h on h.id = r.holder_id join address d on d.id = r.address_id`,
    search: ["number", "holder_name", "full_text"],
    filters: { unitId: "unit_id", holderId: "holder_id", number: "number" },
    view: (row) => ({
      id: row.id,
      number: row.number,
      unitId: row.unit_id,
      holderId: row.holder_id,
      holderName: row.holder_name,
      addressId: row.address_id,
      address: row.full_text,
      customerKind: row.customer_kind,
      tariffId: row.tariff_id,
      household: row.household,
      openedAt: timeText(row.opened_at),
      balanceFen: row.state.balanceFen,
      heldFen: row.state.heldFen,
      carried: carriedOf(row.state),
      block: row.state.block && { ...row.state.block, since: timeText(row.state.block.since) },
    }),
  },
  async create(ctx, id, body) {
    const checked = await check(ctx, body);
    if (!checked.ok) return checked;
    // The aggregate first: a registration without one could not be sold to, one without a registration harms nobody.
    const state: AccountState = { id, unitId: body.unitId, balanceFen: 0, heldFen: 0, block: null };
    const opened = await commitNew(ctx, { kind: "account", id }, { event: { type: "opened" } }, [
      { kind: "account", id, expected: 0, state },
    ]);
    if (!opened.ok) return opened;
    return unlessTaken("account number", () =>
      ctx.db.query(
        `insert into account_registration
           (id, number, unit_id, holder_id, address_id, customer_kind, tariff_id, household, opened_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
        [
          id,
          body.number,
          body.unitId,
          body.holderId,
          body.addressId,
          body.customerKind,
          body.tariffId,
          body.household ?? plainHousehold,
          ctx.now(),
        ],
      ),
    );
  },
};

interface AccountInput {
  number: string;
  unitId: string;
  holderId: string;
  addressId: string;
  tariffId: string;
}

/** Everything an account names must be there, and its tariff must have a price in force: it may be sold to at once. */
async function check(ctx: ServerContext, body: AccountInput): Promise<Registered> {
  const { rows } = await ctx.db.query<{ what: string }>(
    `select 'unit' as what from company_unit where id = $1
     union all select 'holder' from holder where id = $2
     union all select 'address' from address where id = $3
     union all select 'tariff' from tariff where id = $4 and unit_id = $1
     union all select 'number' from account_registration where number = $5`,
    [body.unitId, body.holderId, body.addressId, body.tariffId, body.number],
  );
  const found = new Set(rows.map(({ what }) => what));
  for (const what of ["unit", "holder", "address", "tariff"]) if (!found.has(what)) return missing(what);
  if (found.has("number")) return conflict("account number is registered already");
  const versions = await tariffVersions(ctx, body.tariffId);
  return versionInForce(versions, ctx.now()) === null ? invalid("the tariff has no version in force") : ok(null);
}

export async function tariffVersions(ctx: Pick<ServerContext, "db">, tariffId: string): Promise<TariffVersion[]> {
  const { rows } = await ctx.db.query<{ doc: TariffVersion }>(
    "select doc from tariff_version where tariff_id = $1 order by effective_from",
    [tariffId],
  );
  return rows.map(({ doc }) => doc);
}

/** What selling needs to know about a customer, read from the registration tables in one query. */
import type { AdoptionWindow, DeductionRule, HouseholdFacts, Id, Instant, TariffVersion } from "@citygas/core";
import type { Pool } from "pg";
import type { Customer, Registry } from "../context.ts";
import { terminalFacts } from "../terminals/terminalRows.ts";
import type { UnitSettings } from "./units.ts";

interface CustomerRow {
  id: string;
  number: string;
  holder_name: string;
  full_text: string;
  room: string;
  unit_id: string;
  unit_name: string;
  company_name: string;
  hotline: string;
  settings: UnitSettings;
  household: HouseholdFacts;
  tariff: TariffVersion[] | null;
  deductions: DeductionRule[] | null;
  debts: { id: Id; amountFen: number; kind: string }[] | null;
  adoption: AdoptionWindow[] | null;
  meter: Customer["meter"];
}

// Of the account's meters the one that was not taken off.
const customerSql = `
  select r.id, r.number, h.name as holder_name, d.full_text, d.room, r.household,
         u.id as unit_id, u.name as unit_name, u.company_name, u.hotline, u.settings,
         (select jsonb_agg(v.doc order by v.effective_from) from tariff_version v
           where v.tariff_id = r.tariff_id) as tariff,
         (select jsonb_agg(g.doc->'rule' order by g.effective_from, g.id) from deduction_rule g
           where g.unit_id = r.unit_id and g.effective_from <= $2
             and (g.effective_until is null or g.effective_until > $2)
             and coalesce(g.doc->>'customerKind', r.customer_kind) = r.customer_kind) as deductions,
         (select jsonb_agg(jsonb_build_object('id', b.id, 'amountFen', b.amount_fen, 'kind', b.kind)
                           order by b.created_at, b.id) from debt b
           where b.account_id = r.id and b.settled_by is null) as debts,
         (select jsonb_agg(jsonb_build_object('id', w.id, 'layout', w.layout, 'from', w.from_at, 'until', w.until_at,
                                              'purchasesMost', w.purchases_most, 'creditedMost', w.credited_most))
            from adoption_window w where w.unit_id = r.unit_id and w.until_at > $2) as adoption,
         (select jsonb_build_object('id', m.id, 'unit', case m.counts when 'money' then 'amount' else 'volume' end,
                                    'ceiling', coalesce(m.ceiling, 0), 'settlement', m.settlement, 'model', m.model)
            from meter_registration m where m.account_id = r.id and m.replaced_at is null
            order by m.installed_at desc, m.id desc limit 1) as meter
  from account_registration r
  join holder h on h.id = r.holder_id
  join address d on d.id = r.address_id
  join company_unit u on u.id = r.unit_id
  where r.id = $1`;

export function sqlRegistry(db: Pool, now: () => Instant): Registry {
  return {
    async customer(accountId) {
      const { rows } = await db.query<CustomerRow>({ name: "customer", text: customerSql, values: [accountId, now()] });
      return rows[0] && customerOf(rows[0]);
    },
    async cardIdByNumber(cardNumber) {
      const { rows } = await db.query<{ id: string }>({
        name: "card-by-number",
        text: `select id from card where card_number = $1
               order by (status = 'current') desc, (state->>'replacement')::bigint desc, id limit 1`,
        values: [cardNumber],
      });
      return rows[0]?.id;
    },
    terminal: (id) => terminalFacts(db, id),
  };
}

function customerOf(row: CustomerRow): Customer {
  const { settings, meter } = row;
  return {
    accountId: row.id,
    accountNumber: row.number,
    holderName: row.holder_name,
    address: row.full_text,
    room: row.room,
    areaCode: settings.areaCode,
    unit: { id: row.unit_id, name: row.unit_name, company: row.company_name, hotline: row.hotline },
    household: row.household,
    tariff: row.tariff ?? [],
    deductions: row.deductions ?? [],
    debts: row.debts ?? [],
    meter,
    quick: meter?.unit === "volume" ? settings.quickVolumesL : settings.quickAmountsFen,
    later: settings.later,
    adoption: row.adoption ?? [],
  };
}

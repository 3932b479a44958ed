/**
 * What services ask of the database in SQL, answered by this world: proposals, drawers, a session's end. Each question is
 * known by the beginning of its text; another one throws, so that a statement that changed is seen here.
 */
import type { Id } from "@citygas/core";
import type { SaleContext } from "@citygas/server";
import type { WorldRows } from "./rows.ts";
import type { WorldStore } from "./store.ts";

/** A row as `proposalRows.ts` reads it. */
interface ProposalRow {
  id: Id;
  kind: string;
  ref: Id;
  doc: unknown;
  evidence: string;
  fingerprint: string;
  maker_id: Id;
  made_at: number;
  state: "proposed" | "confirmed" | "done" | "failed" | "rejected" | "withdrawn";
  open_key: string | null;
  checker_id: Id | null;
  decided_at: number | null;
  words: string | null;
  tries: number;
  next_at: number | null;
  done_at: number | null;
  outcome: unknown;
}
interface DrawerRow {
  id: Id;
  unit_id: Id;
  name: string;
  created_at: number;
}

/** A meter as `meterSwap.ts` reads and writes it. */
interface MeterRegistration {
  id: Id;
  account_id: Id | null;
  counts: "volume" | "money";
  serial: string;
  replaced_by: Id | null;
}

export type Pool = SaleContext["db"];
type Values = readonly unknown[];
type Answer = { rows: readonly unknown[]; rowCount?: number };
interface Question {
  begins: string;
  answer(values: Values): Answer;
}

/** `V`: the statement's parameters as its callers hand them in. */
const question = <const V extends readonly unknown[]>(begins: string, answer: (values: V) => Answer): Question => ({
  begins,
  answer: (values) => answer(values as V),
});

export interface WorldQueries {
  /** The pool as services see it. */
  pool: Pool;
  /** The one that is not settled yet. */
  openProposal(kind: string, ref: Id): Id | undefined;
  proposal(id: Id): { state: ProposalRow["state"]; outcome: unknown } | undefined;
  registerMeter(id: Id, accountId: Id, counts: MeterRegistration["counts"]): void;
  /** The first of a household's meters, one after the other: they count on in one sequence. */
  firstMeterId(meterId: Id): Id;
}

const one = (row: unknown): Answer => ({ rows: row === undefined ? [] : [row] });
const changed = (rows: readonly unknown[]): Answer => ({ rows, rowCount: rows.length });

export function openQueries(store: WorldStore, rows: WorldRows): WorldQueries {
  const proposals = new Map<Id, ProposalRow>();
  const openKeys = new Map<string, Id>();
  const byRef = new Map<Id, ProposalRow[]>();
  const meters = new Map<Id, MeterRegistration>();
  const followed = new Map<Id, Id>();
  const questions = [
    ...proposalQuestions(proposals, openKeys, byRef),
    ...drawerQuestions(store, rows),
    ...meterQuestions(store, meters, followed),
  ];
  const known = new Map<string, Question>();
  const asked = (text: string): Question => {
    const found = known.get(text) ?? questions.find(({ begins }) => words(text).startsWith(begins));
    if (found === undefined) throw new Error(`no SQL in this world: ${text}`);
    known.set(text, found);
    return found;
  };
  const query = async (text: string, values: Values): Promise<Answer> => asked(text).answer(values);
  return {
    pool: { query } as unknown as Pool,
    openProposal: (kind, ref) => openKeys.get(`${kind} ${ref}`),
    proposal: (id) => proposals.get(id),
    registerMeter: (id, account_id, counts) =>
      meters.set(id, { id, account_id, counts, serial: id, replaced_by: null }),
    firstMeterId: (id) => followed.get(id) ?? id,
  };
}

const words = (text: string): string => text.replace(/\s+/g, " ").trim();

function proposalQuestions(
  proposals: Map<Id, ProposalRow>,
  openKeys: Map<string, Id>,
  byRef: Map<Id, ProposalRow[]>,
): Question[] {
  const close = (row: ProposalRow): void => {
    if (row.open_key !== null && openKeys.get(row.open_key) === row.id) openKeys.delete(row.open_key);
    row.open_key = null;
  };
  return [
    question<[Id, string, Id, string, string, string, Id, number, string]>(
      "insert into proposal (",
      ([id, kind, ref, doc, evidence, fingerprint, maker_id, made_at, open_key]) => {
        if (proposals.has(id)) return changed([]);
        // As PostgreSQL names a value that must be unique and is not.
        if (openKeys.has(open_key)) throw Object.assign(new Error("proposal_open"), { code: "23505" });
        const head = {
          id,
          kind,
          ref,
          doc: JSON.parse(doc) as unknown,
          evidence,
          fingerprint,
          maker_id,
          made_at,
          open_key,
        };
        const open = { checker_id: null, decided_at: null, words: null, next_at: null, done_at: null, outcome: null };
        const row: ProposalRow = { ...head, ...open, state: "proposed", tries: 0 };
        proposals.set(id, row);
        openKeys.set(open_key, id);
        byRef.set(ref, [...(byRef.get(ref) ?? []), row]);
        return changed([row]);
      },
    ),
    question<[Id]>("select * from proposal where id = $1", ([id]) => one(copied(proposals.get(id)))),
    question<[Id, readonly string[], ProposalRow["state"], Id, number, string | null, number | null, boolean]>(
      "update proposal set state = $3, checker_id",
      ([id, from, state, by, at, said, next, keepsKey]) => {
        const row = proposals.get(id);
        if (row === undefined || !from.includes(row.state)) return changed([]);
        if (state !== "withdrawn") row.checker_id = by;
        Object.assign(row, { state, decided_at: at, words: said, next_at: next });
        if (!keepsKey) close(row);
        return changed([row]);
      },
    ),
    question<[Id, number, number]>("update proposal set next_at = $3, tries = tries + 1", ([id, now, until]) => {
      const row = proposals.get(id);
      if (row?.state !== "confirmed" || row.next_at === null || row.next_at > now) return changed([]);
      Object.assign(row, { next_at: until, tries: row.tries + 1 });
      return changed([copied(row)]);
    }),
    question<[number, number]>("select id from proposal where next_at <= $1", ([now, limit]) => {
      const due = [...proposals.values()].filter((p) => p.state === "confirmed" && (p.next_at ?? Infinity) <= now);
      return { rows: due.sort((a, b) => (a.next_at ?? 0) - (b.next_at ?? 0)).slice(0, limit) };
    }),
    question<[Id, number]>("update proposal set next_at = $2 where id = $1", ([id, at]) => {
      const row = proposals.get(id);
      if (row?.state === "confirmed") row.next_at = at;
      return changed([]);
    }),
    question<[Id, ProposalRow["state"], number, string]>(
      "update proposal set state = $2, done_at = $3",
      ([id, state, at, outcome]) => {
        const row = proposals.get(id);
        if (row?.state !== "confirmed") return changed([]);
        Object.assign(row, { state, done_at: at, outcome: JSON.parse(outcome) as unknown, next_at: null });
        close(row);
        return changed([row]);
      },
    ),
    question<[Id, number, Id | null]>("select *, outcome->>'grants' as what", ([ref, now, scriptId]) => {
      const live = (byRef.get(ref) ?? []).flatMap((row) => {
        const {
          grants,
          until,
          scriptId: about = null,
        } = (row.outcome ?? {}) as {
          grants?: string;
          until?: number;
          scriptId?: Id | null;
        };
        const lives = row.state === "done" && (grants === "sale" || grants === "refund") && (until ?? 0) > now;
        return lives ? [{ ...row, what: grants, script_id: about }] : [];
      });
      const first = (row: { script_id: Id | null }): number => Number(row.script_id === scriptId);
      return one(
        live.sort(
          (a, b) => first(b) - first(a) || (b.decided_at ?? 0) - (a.decided_at ?? 0) || (a.id < b.id ? 1 : -1),
        )[0],
      );
    }),
  ];
}

function meterQuestions(store: WorldStore, meters: Map<Id, MeterRegistration>, followed: Map<Id, Id>): Question[] {
  return [
    question<[Id]>("select m.id, m.account_id, m.kind, m.counts", ([id]) => {
      const found = meters.get(id);
      if (found === undefined) return one(undefined);
      const its = store.all("card").find((each) => each.accountId === found.account_id && each.meterId === id);
      return one({ ...found, kind: "ic", ceiling: null, card_id: its?.id ?? null, layout: its?.layout ?? null });
    }),
    question<[string, Id]>("select 1 from meter_registration where serial = $1", ([serial, id]) =>
      one([...meters.values()].find((each) => each.serial === serial && each.id !== id)),
    ),
    question<[Id, Id, string]>("insert into meter_registration (id, kind", ([oldId, id, serial]) => {
      const old = meters.get(oldId);
      if (old === undefined || meters.has(id)) return changed([]);
      meters.set(id, { ...old, id, serial, account_id: null, replaced_by: null });
      followed.set(id, followed.get(oldId) ?? oldId);
      return changed([id]);
    }),
    question<[Id]>("delete from meter_registration where id = $1 and account_id is null", ([id]) => {
      if (meters.get(id)?.account_id === null) meters.delete(id);
      return changed([]);
    }),
    question<[Id, Id]>("with off as ( update meter_registration set replaced_at", ([oldId, id]) => {
      const old = meters.get(oldId);
      const fresh = meters.get(id);
      if (old?.replaced_by !== null || fresh === undefined) return changed([]);
      old.replaced_by = id;
      fresh.account_id = old.account_id;
      return changed([id]);
    }),
    question<[Id]>("select id from card where state->>'meterId' = $1", ([meterId]) =>
      one(store.all("card").find((each) => each.meterId === meterId)),
    ),
  ];
}

const copied = (row: ProposalRow | undefined): ProposalRow | undefined => row && { ...row };

function drawerQuestions(store: WorldStore, rows: WorldRows): Question[] {
  const drawers = new Map<Id, DrawerRow>();
  return [
    question<[Id, string]>("select ended_at from card_session where terminal_id", ([terminalId, powerUpId]) => {
      const found = rows.sessionAt(terminalId, powerUpId);
      return one(found && { ended_at: found.endedAt });
    }),
    question<[Id]>("select 1 from company_unit where id", () => one({})),
    // Of a meter that another one has followed: none in this world has a ceiling.
    question<[Id]>("select ceiling from meter_registration where id = $1", () => one({ ceiling: 0 })),
    question<[Id, Id, string, number]>("insert into drawer (", ([id, unit_id, name, created_at]) => {
      if (!drawers.has(id)) drawers.set(id, { id, unit_id, name, created_at });
      return changed([]);
    }),
    question<[Id]>("select * from drawer where id = $1", ([id]) => one(drawers.get(id))),
    question<[string]>("select coalesce(sum(amount), 0)::bigint as sum from ledger_balance", ([account]) =>
      one({ sum: store.sums().get(`${account}\nfen`) ?? 0 }),
    ),
    question<[Id]>(
      "select event from event where subject_kind = 'account' and subject_id = $1 and event->>'type' = 'drawerOpened'",
      ([id]) => one(store.log("account", id).findLast(({ event }) => event.type === "drawerOpened")),
    ),
    question<[Id, Id]>("select event from event where event_id = $1 and subject_kind = 'account'", ([eventId, id]) =>
      one(store.log("account", id).find((each) => each.eventId === eventId)),
    ),
  ];
}

/** Card sessions and card writes: what terminals said about cards, kept beside the guarded aggregates. */
import type { Id, Instant, MeterPrice } from "@citygas/core";
import type { ChipKind, ScriptReport } from "@citygas/gascard";
import type { Pool } from "pg";
import { cardTurns } from "./cardTurns.ts";

/** One power-up of one card in one terminal's reader. */
export interface CardSession {
  id: Id;
  terminalId: Id;
  powerUpId: string;
  reader: string;
  atr: string;
  createdAt: Instant;
  /** Its place in the one order of sessions and scripts; null: from before there was one. */
  turn: number | null;
  endedAt: Instant | null;
  cardId: Id | null;
  accountId: Id | null;
  /** The probe's image; null until it came. */
  probed: null | Probed;
}

export interface Probed {
  /** Main memory, or a CPU card's files, as lower-case hex; null: could not be read; empty: nothing of ours in it. */
  image: string | null;
  /** The secret's error counter as the chip gave it. */
  counter: number | null;
  /** The card's `scriptSeq` for which this image was fresh; null: it never was, or is no card of ours. */
  seq: number | null;
  /** What was probed; left out in rows from before there was a choice. */
  chip?: ChipKind;
}

export interface CardWrite {
  id: Id;
  purchaseId: Id;
  cardId: Id;
  terminalId: Id;
  kind: "sale" | "refund";
  before: string;
  after: string;
  issuedAt: Instant;
  /** What the meter is told to charge by the card that this script writes; null or left out: nothing. */
  price?: MeterPrice | null;
}

export interface StoredWrite extends CardWrite {
  /** The terminal reported every step done: whoever stood there was told. */
  reportedDone: boolean;
  /** The step at which it stopped, by its first report; null: at none; left out: nothing was reported. */
  failedStep?: number | null;
  /** It stopped because the card refused the secret. */
  wrongSecret?: boolean;
}

export interface CardRows {
  openSession(session: CardSession): Promise<void>;
  session(id: Id): Promise<CardSession | undefined>;
  /** A session that has ended stays ended, whatever is saved of it later. */
  saveSession(session: CardSession): Promise<void>;
  addWrite(write: CardWrite): Promise<void>;
  write(scriptId: Id): Promise<StoredWrite | undefined>;
  /** The first report of a script stays. */
  saveReport(scriptId: Id, report: ScriptReport, at: Instant): Promise<void>;
  /** The challenge that counts for this seal: the first that came. */
  sealedFor(scriptId: Id, step: number, challenge: string, at: Instant): Promise<string>;
  /** The next place in the one order of sessions and scripts, of all servers: later asked, larger. */
  nextTurn(): Promise<number>;
  /** Was this card ever read in this terminal's reader? */
  wasRead(cardId: Id, terminalId: Id): Promise<boolean>;
}

interface SessionRow {
  id: string;
  terminal_id: string;
  power_up_id: string;
  reader: string;
  atr: string | null;
  created_at: number;
  turn: number | null;
  ended_at: number | null;
  card_id: string | null;
  account_id: string | null;
  doc: Pick<CardSession, "probed">;
}

interface WriteRow {
  id: string;
  purchase_id: string;
  card_id: string;
  terminal_id: string;
  kind: CardWrite["kind"];
  before: string;
  after: string;
  issued_at: number;
  price: MeterPrice | null;
  report: ScriptReport | null;
}

const docOf = ({ probed }: CardSession): string => JSON.stringify({ probed });

export function sqlCardRows(db: Pool): CardRows {
  return {
    async openSession(s) {
      await db.query(
        `insert into card_session (id, terminal_id, power_up_id, reader, atr, created_at, turn, doc)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [s.id, s.terminalId, s.powerUpId, s.reader, s.atr, s.createdAt, s.turn, docOf(s)],
      );
    },
    async session(id) {
      const found = await db.query<SessionRow>("select * from card_session where id = $1", [id]);
      const row = found.rows[0];
      return row && sessionOf(row);
    },
    async saveSession(s) {
      await db.query(
        `update card_session set card_id = $2, account_id = $3, ended_at = coalesce(ended_at, $4), doc = $5
         where id = $1`,
        [s.id, s.cardId, s.accountId, s.endedAt, docOf(s)],
      );
    },
    async addWrite(w) {
      await db.query(
        `insert into card_write (id, purchase_id, card_id, terminal_id, kind, before, after, issued_at, price)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
        [w.id, w.purchaseId, w.cardId, w.terminalId, w.kind, w.before, w.after, w.issuedAt, w.price ?? null],
      );
    },
    async write(scriptId) {
      const found = await db.query<WriteRow>("select * from card_write where id = $1", [scriptId]);
      const row = found.rows[0];
      return row && writeOf(row);
    },
    async saveReport(scriptId, report, at) {
      await db.query("update card_write set report = $2, reported_at = $3 where id = $1 and reported_at is null", [
        scriptId,
        JSON.stringify(report),
        at,
      ]);
    },
    async sealedFor(scriptId, step, challenge, at) {
      await db.query(
        `insert into card_seal (script_id, step, challenge, sealed_at) values ($1, $2, $3, $4)
         on conflict (script_id, step) do nothing`,
        [scriptId, step, challenge, at],
      );
      const found = await db.query<{ challenge: string }>(
        "select challenge from card_seal where script_id = $1 and step = $2",
        [scriptId, step],
      );
      return found.rows[0]?.challenge ?? challenge;
    },
    nextTurn: cardTurns(db),
    async wasRead(cardId, terminalId) {
      const found = await db.query("select 1 from card_session where card_id = $1 and terminal_id = $2 limit 1", [
        cardId,
        terminalId,
      ]);
      return found.rows.length > 0;
    },
  };
}

function sessionOf(row: SessionRow): CardSession {
  return {
    id: row.id,
    terminalId: row.terminal_id,
    powerUpId: row.power_up_id,
    reader: row.reader,
    atr: row.atr ?? "",
    createdAt: row.created_at,
    turn: row.turn,
    endedAt: row.ended_at,
    cardId: row.card_id,
    accountId: row.account_id,
    probed: row.doc.probed,
  };
}

/** What a script's first report says of where it stopped. */
export const stopOf = ({ failure }: ScriptReport): Required<Pick<StoredWrite, "failedStep" | "wrongSecret">> => ({
  failedStep: failure?.step ?? null,
  wrongSecret: failure?.reason === "wrongSecret",
});

function writeOf(row: WriteRow): StoredWrite {
  return {
    id: row.id,
    purchaseId: row.purchase_id,
    cardId: row.card_id,
    terminalId: row.terminal_id,
    kind: row.kind,
    before: row.before,
    after: row.after,
    issuedAt: row.issued_at,
    price: row.price,
    reportedDone: row.report !== null && row.report.failure === undefined,
    ...(row.report === null ? {} : stopOf(row.report)),
  };
}

/** Does the audit log still say what was written into it? Reads all of it, page by page. */
import type { Pool } from "pg";
import { type AuditRow, auditHash } from "./audit.ts";

export interface AuditVerdict {
  rows: number;
  chains: number;
  /** Empty when nothing was touched. At most 100. */
  broken: { chain: string; seq: number; why: "hash" | "link" | "missing" }[];
}

const page = 1_000;
const brokenMax = 100;

interface SqlRow extends Omit<AuditRow, "previousHash"> {
  previous_hash: string;
}

export async function verifyAudit(db: Pool): Promise<AuditVerdict> {
  const verdict: AuditVerdict = { rows: 0, chains: 0, broken: [] };
  const blame = (chain: string, seq: number, why: AuditVerdict["broken"][number]["why"]): void => {
    if (verdict.broken.length < brokenMax) verdict.broken.push({ chain, seq, why });
  };
  const heads: { chain: string; seq: number; hash: string }[] = [];
  let before: AuditRow | null = null;
  for (;;) {
    const { rows }: { rows: SqlRow[] } = await db.query<SqlRow>(
      "select * from audit where (chain, seq) > ($1, $2) order by chain, seq limit $3",
      [before?.chain ?? "", before?.seq ?? 0, page],
    );
    for (const { previous_hash: previousHash, ...rest } of rows) {
      const row: AuditRow = { ...rest, previousHash };
      const previous: AuditRow | null = before?.chain === row.chain ? before : null;
      if (previous === null) verdict.chains += 1;
      verdict.rows += 1;
      if (auditHash(row) !== row.hash) blame(row.chain, row.seq, "hash");
      if (row.seq !== (previous?.seq ?? 0) + 1) blame(row.chain, row.seq, "missing");
      if (row.previousHash !== (previous?.hash ?? "")) blame(row.chain, row.seq, "link");
      if (row.action === "chain.opened") heads.push(...headsIn(row.doc));
      before = row;
    }
    if (rows.length < page) break;
  }
  for (const { chain, seq, hash } of heads) {
    const { rows } = await db.query<{ hash: string }>("select hash from audit where chain = $1 and seq = $2", [
      chain,
      seq,
    ]);
    if (rows[0]?.hash !== hash) blame(chain, seq, "missing");
  }
  return verdict;
}

/** Only rows written by `openAudit` have this action; a changed one is blamed for its hash as well. */
function headsIn(doc: object): { chain: string; seq: number; hash: string }[] {
  const { heads } = doc as { heads?: { chain: string; seq: number; hash: string }[] };
  return Array.isArray(heads) ? heads : [];
}

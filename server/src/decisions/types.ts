/**
 * What only people decide, by two of them: one proposes with evidence, another confirms or rejects. Each capability
 * brings its kinds of decision; decisions/ keeps the proposals, checks who may, and carries a confirmed one out exactly
 * once (the proposal's id is the idempotency of what it does).
 */
import type { Id, Result } from "@citygas/core";
import type { TSchema } from "typebox";
import type { ServerContext } from "../context.ts";
import type { Refused } from "../purchases/refused.ts";

export type Role = "cashier" | "supervisor" | "finance" | "operations" | "admin";

/** A member of staff behind a request. */
export interface StaffFacts {
  id: Id;
  name: string;
  roles: readonly Role[];
}

export interface Proposal {
  id: Id;
  kind: string;
  /** What it is about: a purchase, an attempt, a difference … */
  ref: Id;
  doc: unknown;
  /** What the maker saw or holds in hand; shown to the checker, kept for ever. */
  evidence: string;
  makerId: Id;
  madeAt: number;
}

/** One kind of decision. `doc` has passed `schema` when it comes here. */
export interface DecisionKind {
  kind: string;
  title: { zh: string; en: string };
  makers: readonly Role[];
  checkers: readonly Role[];
  schema: TSchema;
  /** Would it be possible now? Asked when proposed and again before it is carried out. */
  check(ctx: ServerContext, proposal: Proposal): Promise<Result<null, Refused>>;
  /** Does it. May be called again after a crash with the same proposal and must then do nothing twice. */
  carryOut(ctx: ServerContext, proposal: Proposal, by: [maker: Id, checker: Id]): Promise<Result<unknown, Refused>>;
}

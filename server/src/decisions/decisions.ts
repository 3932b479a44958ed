/**
 * Proposals from their making to their carrying out. A confirmation is durable before anything is done (I5); what it
 * asks for is then done under the proposal's id, at once, and again by whichever server finds it undone. So it happens
 * exactly once, though any process may die at any point.
 */
import { type Id, ok, type Result } from "@citygas/core";
import { Check } from "typebox/value";
import type { AuditLog } from "../audit/audit.ts";
import type { ServerContext } from "../context.ts";
import { hasRole } from "../http/auth.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import {
  addProposal,
  dueProposals,
  endProposal,
  proposalById,
  retryProposal,
  type StoredProposal,
  settleProposal,
  takeConfirmed,
} from "./proposalRows.ts";
import type { DecisionKind, Proposal, StaffFacts } from "./types.ts";

const leaseMs = 60_000;
const retryMs = 5_000;
const retryMaxMs = 600_000;
const sweepMax = 50;

export interface NewProposal {
  kind: string;
  ref: Id;
  doc: unknown;
  evidence: string;
}

export interface Decisions {
  kinds: ReadonlyMap<string, DecisionKind>;
  propose(staff: StaffFacts, wanted: NewProposal, key: { key: string; fingerprint: string }): Promise<Answer>;
  confirm(staff: StaffFacts, id: Id, words: string | null): Promise<Answer>;
  reject(staff: StaffFacts, id: Id, words: string): Promise<Answer>;
  /** By its maker or a checker: before it is decided, or while what it allows has not been used. */
  withdraw(staff: StaffFacts, id: Id, words: string): Promise<Answer>;
  /** Carries out what is confirmed and was left lying. */
  sweep(): Promise<void>;
}
type Answer = Result<StoredProposal, Refused>;

/** @throws when two kinds have one name. */
export function openDecisions(ctx: ServerContext, audit: AuditLog, kinds: readonly DecisionKind[]): Decisions {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  if (byName.size !== kinds.length) throw new Error("two kinds of decision have one name");

  const found = async (id: Id): Promise<StoredProposal> => {
    const proposal = await proposalById(ctx.db, id);
    if (proposal === undefined) throw new Error(`proposal ${id} vanished`);
    return proposal;
  };
  const note = (staff: StaffFacts, action: string, { id, kind, ref }: Proposal, doc: object): Promise<void> =>
    audit.append({ actor: staff.id, action: `decision.${action}`, subject: id, doc: { kind, ref, ...doc } });

  const carryOut = async (id: Id): Promise<void> => {
    const proposal = await takeConfirmed(ctx.db, id, ctx.now(), leaseMs);
    const kind = proposal && byName.get(proposal.kind);
    // Of a kind that this server doesn't know: another one may.
    if (proposal?.checkerId == null || kind === undefined) return;
    try {
      const done = await kind.carryOut(ctx, proposal, [proposal.makerId, proposal.checkerId]);
      if (done.ok) return await endProposal(ctx.db, id, "done", ctx.now(), done.value);
      if (!passing.has(done.error.code)) return await endProposal(ctx.db, id, "failed", ctx.now(), done.error);
      ctx.log.warn({ proposalId: id, code: done.error.code }, "decision not carried out yet");
    } catch (error) {
      ctx.log.error({ err: error, proposalId: id }, "decision not carried out");
    }
    await retryProposal(ctx.db, id, ctx.now() + Math.min(retryMaxMs, retryMs * 2 ** Math.min(proposal.tries, 10)));
  };

  /** A proposal that this person may settle now, with its kind. */
  const forChecker = async (staff: StaffFacts, id: Id) => {
    const proposal = await proposalById(ctx.db, id);
    const kind = proposal && byName.get(proposal.kind);
    if (proposal === undefined || kind === undefined) return refused("notFound");
    if (!hasRole(staff, kind.checkers)) return refused("staff.forbidden");
    if (staff.id === proposal.makerId) return refused("staff.samePerson");
    return ok({ proposal, kind });
  };

  return {
    kinds: byName,
    async propose(staff, { kind: name, ref, doc, evidence }, { key, fingerprint }) {
      const kind = byName.get(name);
      if (kind === undefined || !Check(kind.schema, doc)) return refused("request.invalid");
      if (!hasRole(staff, kind.makers)) return refused("staff.forbidden");
      const id = derivedId("proposal", key);
      const before = await proposalById(ctx.db, id);
      if (before !== undefined) return before.fingerprint === fingerprint ? ok(before) : refused("request.keyReused");
      const proposal: Proposal = { id, kind: name, ref, doc, evidence, makerId: staff.id, madeAt: ctx.now() };
      const possible = await kind.check(ctx, proposal);
      if (!possible.ok) return possible;
      await note(staff, "proposed", proposal, { doc, evidence });
      return (await addProposal(ctx.db, proposal, fingerprint)) ? ok(await found(id)) : refused("decision.open");
    },

    async confirm(staff, id, words) {
      const checked = await forChecker(staff, id);
      if (!checked.ok) return checked;
      const { proposal, kind } = checked.value;
      const repeated = proposal.checkerId === staff.id && ["confirmed", "done", "failed"].includes(proposal.state);
      if (!repeated) {
        if (proposal.state !== "proposed") return refused("decision.closed");
        const possible = await kind.check(ctx, proposal);
        if (!possible.ok) return possible;
        await note(staff, "confirmed", proposal, { words });
        const verdict = { state: "confirmed", by: staff.id, at: ctx.now(), words } as const;
        if (!(await settleProposal(ctx.db, id, ["proposed"], verdict))) return refused("decision.closed");
      }
      await carryOut(id);
      return ok(await found(id));
    },

    async reject(staff, id, words) {
      const checked = await forChecker(staff, id);
      if (!checked.ok) return checked;
      await note(staff, "rejected", checked.value.proposal, { words });
      const verdict = { state: "rejected", by: staff.id, at: ctx.now(), words } as const;
      return (await settleProposal(ctx.db, id, ["proposed"], verdict))
        ? ok(await found(id))
        : refused("decision.closed");
    },

    async withdraw(staff, id, words) {
      const proposal = await proposalById(ctx.db, id);
      const kind = proposal && byName.get(proposal.kind);
      if (proposal === undefined || kind === undefined) return refused("notFound");
      if (staff.id !== proposal.makerId && !hasRole(staff, kind.checkers)) return refused("staff.forbidden");
      if (proposal.state === "done" && !grants(proposal.outcome)) return refused("decision.closed");
      await note(staff, "withdrawn", proposal, { words });
      const verdict = { state: "withdrawn", by: staff.id, at: proposal.decidedAt ?? ctx.now(), words } as const;
      const from = proposal.state === "done" ? (["done"] as const) : (["proposed"] as const);
      return (await settleProposal(ctx.db, id, from, verdict)) ? ok(await found(id)) : refused("decision.closed");
    },

    async sweep() {
      for (const id of await dueProposals(ctx.db, ctx.now(), sweepMax)) await carryOut(id);
    },
  };
}

/** Refusals that say "not now" and not "no". */
const passing: ReadonlySet<string> = new Set(["server.unavailable", "refund.gatewaySilent", "payment.channelDown"]);

const grants = (outcome: unknown): boolean => typeof outcome === "object" && outcome !== null && "grants" in outcome;

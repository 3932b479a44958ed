/** What only people decide about a purchase: the end of `manual`, another write, and taking it back at a reader. */
import { type Id, mayStillBeTaken, ok, type Purchase, type Result, type Versioned } from "@citygas/core";
import { chips, type LayoutDriver, layoutByName } from "@citygas/gascard";
import { type Static, Type } from "typebox";
import type { ServerContext } from "../../context.ts";
import { type Refused, refused } from "../../purchases/refused.ts";
import type { SaleContext } from "../../purchases/sale.ts";
import { settleDebtsOf } from "../../purchases/settleDebts.ts";
import { type Grant, liveGrant } from "../proposalRows.ts";
import type { DecisionKind, Proposal } from "../types.ts";
import { decideOnce } from "./done.ts";

/** How long what two people allowed can be used at a reader. */
export const grantMs = 7 * 86_400_000;
/** A step that had begun at the deadline is over by then, and clocks that differ are allowed for. */
const powerUpGraceMs = 120_000;

const Decide = Type.Object({
  to: Type.Union([Type.Literal("delivered"), Type.Literal("refunding"), Type.Literal("issuedAgain")]),
  indexL: Type.Optional(
    Type.Integer({ minimum: 0, description: "the meter's index as read on site: what a refund of class C stands on" }),
  ),
});
const Nothing = Type.Object({}, { additionalProperties: false });

export async function purchaseOf(sale: SaleContext, id: Id): Promise<Result<Versioned<Purchase>, Refused>> {
  const found = (await sale.store.load([{ kind: "purchase", id }])).get("purchase", id);
  return found === undefined ? refused("purchase.notFound") : ok(found);
}

/** A script is dead when its card left the reader, or long enough after its deadline. Until then it may still write. */
async function scriptEnded(sale: SaleContext, p: Purchase): Promise<boolean> {
  if (p.script === null) return true;
  const { deadlineAt, terminalId, powerUpId } = p.script;
  if (sale.now() > deadlineAt + powerUpGraceMs) return true;
  const { rows } = await sale.db.query<{ ended_at: number | null }>(
    "select ended_at from card_session where terminal_id = $1 and power_up_id = $2 order by created_at desc limit 1",
    [terminalId, powerUpId],
  );
  return rows[0] !== undefined && rows[0].ended_at !== null;
}

async function mayDecide(sale: SaleContext, { ref, doc }: Proposal): Promise<Result<Versioned<Purchase>, Refused>> {
  const found = await purchaseOf(sale, ref);
  if (!found.ok) return found;
  const p = found.value.state;
  if (p.state !== "manual") return refused("decision.notApplicable", { number: p.number });
  if (!(await scriptEnded(sale, p))) return refused("card.scriptRunning", { number: p.number });
  const { to, indexL } = doc as Static<typeof Decide>;
  if (to !== "refunding") return found;
  const back = mayStillBeTaken(p) ? refused("recharge.mayArrive", { number: p.number }) : mayGoBack(p);
  if (!back.ok) return back;
  return p.refundNeeds === "index" && indexL === undefined
    ? refused("refund.indexNeeded", { number: p.number })
    : found;
}

/** Class A needs a new secret on the card beside the image, so a chip that has one. */
const canProve = ({ refundImage, cardClass, chip }: LayoutDriver): boolean =>
  refundImage !== null && (cardClass === "B" || chips[chip].secret !== null);

/** Some proof of this purchase's refund can be had (protocol, "Refund"). */
function mayGoBack(p: Purchase): Result<null, Refused> {
  return p.refundNeeds === "none" ? refused("refund.cardRule", { number: p.number }) : ok(null);
}

async function mayTakeBack(sale: SaleContext, { ref }: Proposal): Promise<Result<Versioned<Purchase>, Refused>> {
  const found = await purchaseOf(sale, ref);
  if (!found.ok) return found;
  const p = found.value.state;
  if (p.state !== "issued" && p.state !== "unknown") return refused("decision.notApplicable", { number: p.number });
  if (p.refundNeeds === "index") return refused("refund.indexNeeded", { number: p.number });
  const back = mayGoBack(p);
  if (!back.ok) return back;
  const { cardId } = p;
  const card =
    cardId === null ? undefined : (await sale.store.load([{ kind: "card", id: cardId }])).get("card", cardId);
  const driver = card && layoutByName(card.state.layout);
  return driver && canProve(driver) ? found : refused("refund.cardRule", { number: p.number });
}

const nothing = (checked: Result<unknown, Refused>): Result<null, Refused> => (checked.ok ? ok(null) : checked);

export function purchaseKinds(sale: SaleContext): DecisionKind[] {
  const granted = (what: "sale" | "refund", { state: p }: Versioned<Purchase>) =>
    ok({ grants: what, until: sale.now() + grantMs, scriptId: p.script?.id ?? null });
  return [
    {
      kind: "purchase.decide",
      title: { zh: "人工处理购气", en: "Decide a purchase by hand" },
      makers: ["cashier", "supervisor", "operations"],
      checkers: ["supervisor", "finance"],
      schema: Decide,
      check: async (_ctx, proposal) => nothing(await mayDecide(sale, proposal)),
      async carryOut(_ctx, proposal, by) {
        // Has passed `schema`.
        const { to } = proposal.doc as Static<typeof Decide>;
        if (to === "issuedAgain") {
          const may = await mayDecide(sale, proposal);
          return may.ok ? granted("sale", may.value) : may;
        }
        // What an image or the meter's word can prove is proven at a reader, after two people's word too.
        const found = await purchaseOf(sale, proposal.ref);
        if (to === "refunding" && found.ok && found.value.state.refundNeeds !== "index") {
          const may = await mayDecide(sale, proposal);
          return may.ok ? granted("refund", may.value) : may;
        }
        const { evidence, ref } = proposal;
        const event = { type: "decided", to, by, evidence } as const;
        const done = await decideOnce(sale, ref, proposal, () => mayDecide(sale, proposal), {
          type: "purchase",
          event,
        });
        const after = done.ok ? await purchaseOf(sale, ref) : done;
        if (after.ok) await settleDebtsOf(sale, after.value.state);
        return done;
      },
    },
    {
      kind: "purchase.refundAtReader",
      title: { zh: "凭卡退气退款", en: "Take gas back at a reader and refund" },
      makers: ["cashier", "supervisor"],
      checkers: ["supervisor", "finance"],
      schema: Nothing,
      check: async (_ctx, proposal) => nothing(await mayTakeBack(sale, proposal)),
      async carryOut(_ctx, proposal) {
        const may = await mayTakeBack(sale, proposal);
        return may.ok ? granted("refund", may.value) : may;
      },
    },
  ];
}

/**
 * What two people allow for this purchase at the next reader. A script from `manual` is allowed once: any that was issued
 * since has used it, whatever the servers' clocks say of the order. Otherwise taking back stays allowed until it is
 * proven or lapses, however often the card is pulled.
 */
export async function grantOf({ db, now }: Pick<ServerContext, "db" | "now">, p: Purchase): Promise<Grant | undefined> {
  if (p.state !== "issued" && p.state !== "unknown" && p.state !== "manual") return undefined;
  const grant = await liveGrant(db, p.id, p.script?.id ?? null, now());
  return grant !== undefined && isUsable(grant, p) ? grant : undefined;
}

/** See `grantOf`. */
export const isUsable = ({ what, scriptId }: Grant, { state, script }: Purchase): boolean =>
  state === "manual" ? scriptId === (script?.id ?? null) : what === "refund";

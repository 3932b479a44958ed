/**
 * What a terminal reports of a write. Idempotent by the script's id; a report of a script that another one has followed
 * says nothing about the card as it is now and changes nothing.
 */
import type { CardAnswer } from "@citygas/api";
import { type Id, never, ok, type Purchase, type PurchaseEvent, type Result } from "@citygas/core";
import { type DecodedReport, decodeReport, type ScriptReport, toHex } from "@citygas/gascard";
import type { TerminalFacts } from "../context.ts";
import { applyEvent, type Decision } from "../purchases/applyEvent.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { settleDebtsOf } from "../purchases/settleDebts.ts";
import { viewOf } from "../purchases/view.ts";
import { scriptForReport } from "./issueScript.ts";

export async function takeReport(
  sale: SaleContext,
  terminal: TerminalFacts,
  report: ScriptReport,
): Promise<Result<CardAnswer, Refused>> {
  const write = await sale.cardRows.write(report.scriptId);
  if (write === undefined || write.terminalId !== terminal.id) return refused("notFound");
  const card = (await sale.store.load([{ kind: "card", id: write.cardId }])).get("card", write.cardId);
  if (card === undefined) throw new Error(`card ${write.cardId} is not in the store`);
  await sale.cardRows.saveReport(write.id, report, sale.now());
  const applied = await applyEvent(sale, write.purchaseId, ({ purchase: { state } }) => {
    const event = eventOf(state, report, terminal, card.state.layout);
    if (event === null) sale.log.info({ scriptId: write.id, state: state.state }, "report changes nothing");
    return event === null
      ? ({ do: "nothing" } satisfies Decision)
      : { do: "commit", event: { type: "purchase", event } };
  });
  if (!applied.ok) return applied;
  if (applied.value.done === "now") await settleDebtsOf(sale, applied.value.purchase);
  return ok(answerOf(applied.value.purchase, await viewOf(sale, applied.value), write.id));
}

/** null: late, repeated, or not to be believed. */
function eventOf(p: Purchase, report: ScriptReport, terminal: TerminalFacts, layout: string): PurchaseEvent | null {
  const { script } = p;
  if (script === null || script.id !== report.scriptId || script.powerUpId !== report.powerUpId) return null;
  if (p.state !== "issued" && p.state !== "unknown") return null;
  const decoded = decodeReport(scriptForReport(script, layout), report);
  if (!decoded.ok && decoded.reason === "malformed") return null;
  if (!isDone(decoded, script.after)) return p.state === "issued" ? { type: "scriptEnded", scriptId: script.id } : null;
  switch (script.kind) {
    case "sale":
      return { type: "cardSettled", as: "written", scriptId: script.id };
    case "refund":
      // A phone's image may lead to a rewrite, never to a refund.
      if (terminal.kind === "phone") return null;
      return { type: p.refundNeeds === "returnArea" ? "refundStands" : "refundProven", scriptId: script.id };
    default:
      return never(script.kind, "script kind");
  }
}

const isDone = (decoded: DecodedReport, after: string): boolean =>
  decoded.ok && decoded.image !== null && toHex(decoded.image) === after;

function answerOf(p: Purchase, purchase: Awaited<ReturnType<typeof viewOf>>, scriptId: Id): CardAnswer {
  switch (p.state) {
    case "delivered":
      return { kind: "delivered", purchase, resumed: p.script?.id !== scriptId };
    case "refunding":
    case "refunded":
      return { kind: "refunding", purchase };
    case "manual":
      return { kind: "writeFailed", purchase, hall: true };
    default:
      return p.awaitsMeter
        ? { kind: "refused", code: "refund.meterFirst", value: null, number: p.number }
        : { kind: "writeFailed", purchase, hall: false };
  }
}

/**
 * The card left the reader, or nobody will report: the session takes no more images and its script's power-up is over.
 * A report that comes later by the terminal's journal still counts.
 */
export async function endSession(
  sale: SaleContext,
  terminal: TerminalFacts,
  sessionId: Id,
): Promise<Result<null, Refused>> {
  const session = await sale.cardRows.session(sessionId);
  if (session === undefined || session.terminalId !== terminal.id) return refused("notFound");
  if (session.endedAt === null) await sale.cardRows.saveSession({ ...session, endedAt: sale.now() });
  const card =
    session.cardId && (await sale.store.load([{ kind: "card", id: session.cardId }])).get("card", session.cardId);
  if (!card || card.state.openPurchaseId === null) return ok(null);
  const applied = await applyEvent(sale, card.state.openPurchaseId, ({ purchase: { state } }) => {
    const { script } = state;
    const ours = script !== null && script.terminalId === terminal.id && script.powerUpId === session.powerUpId;
    return ours && state.state === "issued"
      ? { do: "commit", event: { type: "purchase", event: { type: "scriptEnded", scriptId: script.id } } }
      : { do: "nothing" };
  });
  return applied.ok ? ok(null) : applied;
}

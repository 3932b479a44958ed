/**
 * The centre's half of a `seal` step: a CPU card's challenge comes up, one finished command goes down. Only for the script
 * that is out for this very power-up, before its deadline; one challenge for each step, so that a terminal can't lay in
 * commands for later. The same challenge again gets the same command: its answer may have been lost.
 */
import type { Sealed, SealRequest } from "@citygas/api";
import { type Id, ok, type Purchase, type Result } from "@citygas/core";
import { fromHex, layoutByName, macInput, type SealedUpdate, sealOfStep, toHex, withMac } from "@citygas/gascard";
import type { TerminalFacts } from "../context.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { liveSession } from "./sessions.ts";

export async function sealCommand(
  sale: SaleContext,
  terminal: TerminalFacts,
  sessionId: Id,
  { scriptId, powerUpId, step, challenge }: SealRequest,
): Promise<Result<Sealed, Refused>> {
  const session = await liveSession(sale, terminal, sessionId);
  if (!session.ok) return session;
  const write = await sale.cardRows.write(scriptId);
  if (write === undefined || write.terminalId !== terminal.id) return refused("notFound");
  if (powerUpId !== session.value.powerUpId) return refused("card.stale");
  const loaded = await sale.store.load([
    { kind: "card", id: write.cardId },
    { kind: "purchase", id: write.purchaseId },
  ]);
  const [card, purchase] = [loaded.get("card", write.cardId), loaded.get("purchase", write.purchaseId)];
  if (card === undefined || purchase === undefined) throw new Error(`script ${scriptId} is of nothing in the store`);
  const script = scriptOut(purchase.state, scriptId);
  if (script === null || script.powerUpId !== powerUpId || script.seq !== card.state.scriptSeq)
    return refused("card.stale");
  if (sale.now() >= script.deadlineAt) return refused("card.stale");
  const sealed = sealedBy(card.state.layout, script, step, challenge);
  if (sealed === null) return refused("request.invalid");
  const counted = await sale.cardRows.sealedFor(scriptId, step, challenge, sale.now());
  if (counted !== challenge) {
    sale.log.warn({ scriptId, step, terminalId: terminal.id }, "a second challenge for one seal");
    return refused("card.stale");
  }
  const input = macInput(sealed.update);
  const mac = await sale.keys.cardMac(card.state.cardNumber, sealed.cipher, bytesOf(challenge), input);
  return ok({ apdu: toHex(withMac(sealed.update, mac)) });
}

/** The purchase's script while the card may still be changed by it. */
function scriptOut({ state, script }: Purchase, scriptId: Id): Purchase["script"] {
  if (script === null || script.id !== scriptId) return null;
  return state === "issued" || (state === "unknown" && script.kind === "refund") ? script : null;
}

/** What that step seals; null: it is no seal of this script, or wants another challenge. */
function sealedBy(
  layout: string,
  { before, after }: NonNullable<Purchase["script"]>,
  step: number,
  challenge: string,
): { update: SealedUpdate; cipher: "tripleDes" | "sm4" } | null {
  const driver = layoutByName(layout);
  if (driver === null) throw new Error(`no driver for layout ${layout}`);
  if (driver.application === null) return null;
  const sealed = sealOfStep(driver, bytesOf(before), bytesOf(after), step);
  if (sealed === null || challenge.length !== sealed.challengeBytes * 2) return null;
  return { update: sealed.update, cipher: driver.application.cipher };
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error("not hex");
  return bytes;
}

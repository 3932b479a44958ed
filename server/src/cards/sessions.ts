/** A card session: one card in one reader, from its probe to its removal. */
import type { CardAnswer, OpenSession } from "@citygas/api";
import { type Id, ok, type Result } from "@citygas/core";
import { type CardScript, decodeReport, fromHex, proofOf, type ScriptReport } from "@citygas/gascard";
import type { TerminalFacts } from "../context.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import type { CardSession, Probed } from "./cardRows.ts";
import { answerImage } from "./insertion.ts";
import { probedOf, probeScript, proofChallenge, readingOf } from "./reading.ts";

export async function openSession(
  sale: SaleContext,
  terminal: TerminalFacts,
  { reader, atr, powerUpId }: OpenSession,
): Promise<{ id: Id; script: CardScript }> {
  const session: CardSession = {
    id: sale.newId(),
    terminalId: terminal.id,
    powerUpId,
    reader,
    atr,
    createdAt: sale.now(),
    turn: await sale.cardRows.nextTurn(),
    endedAt: null,
    cardId: null,
    accountId: null,
    probed: null,
  };
  await sale.cardRows.openSession(session);
  return { id: session.id, script: probeScript(session) };
}

/** The probe's report: what this card leads to. Repeated, it answers from the first image that could be read. */
export async function putImage(
  sale: SaleContext,
  terminal: TerminalFacts,
  sessionId: Id,
  report: ScriptReport,
): Promise<Result<CardAnswer, Refused>> {
  const session = await liveSession(sale, terminal, sessionId);
  if (!session.ok) return session;
  if (report.powerUpId !== session.value.powerUpId) return refused("card.stale");
  const probe = probeScript(session.value);
  const decoded = decodeReport(probe, report);
  if (!decoded.ok && decoded.reason === "malformed") return refused("request.invalid");
  const probed = probedOf(session.value, decoded);
  const answer = proofOf(probe, report);
  const isCopy = answer !== null && !(await isProven(sale, session.value, probed, answer));
  return await answerImage(sale, session.value, isCopy ? { ...probed, image: "" } : probed, terminal);
}

/**
 * Did a CPU card with this image prove that it is the one that was issued? A copy of its bytes is some other card: it is
 * neither sold to nor believed, whatever it says. True as well where there is nothing to prove, or no key to tell by.
 */
async function isProven(sale: SaleContext, session: CardSession, probed: Probed, answer: string): Promise<boolean> {
  const { driver, read } = readingOf(probed);
  const { application = null } = driver ?? {};
  if (read.identity === null || application === null || application.proofKeyId === null) return true;
  const { cardNumber } = read.identity;
  const cryptogram = fromHex(answer) ?? new Uint8Array(0);
  const proven = await sale.keys.cardProves(cardNumber, application.cipher, proofChallenge(session), cryptogram);
  if (proven === false) sale.log.warn({ sessionId: session.id, cardNumber }, "a CPU card that is a copy");
  return proven !== false;
}

/** The script of a purchase that was paid while its card stayed in this reader. */
export async function wantScript(
  sale: SaleContext,
  terminal: TerminalFacts,
  purchaseId: Id,
  sessionId: Id,
): Promise<Result<CardAnswer, Refused>> {
  const session = await liveSession(sale, terminal, sessionId);
  if (!session.ok) return session;
  const { probed } = session.value;
  if (probed === null) return refused("card.stale");
  return await answerImage(sale, session.value, probed, terminal, purchaseId);
}

/** A session of this terminal whose card is still in. */
export async function liveSession(
  sale: SaleContext,
  terminal: TerminalFacts,
  sessionId: Id,
): Promise<Result<CardSession, Refused>> {
  const session = await sale.cardRows.session(sessionId);
  if (session === undefined || session.terminalId !== terminal.id) return refused("notFound");
  return session.endedAt === null ? ok(session) : refused("session.ended");
}

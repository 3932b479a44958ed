/** Why a request is refused: the public code and what belongs to it. */
import type { RefusalCode } from "@citygas/api";
import { type ComposeRefusal, type Entry, err, never, type QuoteRefusal } from "@citygas/core";
import type { FastifyReply } from "fastify";
import { sendProblem } from "../http/problem.ts";

export interface Refused {
  code: RefusalCode;
  /** The number the text needs: a limit in the entry's unit, a debt in fen, tries left. */
  value?: number;
  entryUnit?: "volume" | "money";
  /** Number of the purchase it is about. */
  number?: string;
}

export const refused = (code: RefusalCode, extra: Omit<Refused, "code"> = {}): { ok: false; error: Refused } =>
  err({ code, ...extra });

export const sendRefused = (reply: FastifyReply, { code, ...extra }: Refused): FastifyReply =>
  sendProblem(reply, code, extra);

/** A machine's refusal in the public words. */
export function ofCompose(refusal: ComposeRefusal): Refused {
  switch (refusal.code) {
    case "wrongState":
      return { code: "purchase.wrongState" };
    case "alreadyOpen":
      return { code: "purchase.open" };
    case "balanceMoved":
      return { code: "purchase.quoteStale" };
    case "queueFull":
      return { code: "recharge.queueFull" };
    case "notNext":
      return { code: "purchase.wrongState" };
    case "meterRetired":
      return { code: "meter.retired" };
    case "wordDisagrees":
      return { code: "meter.wordDisagrees" };
    default:
      return never(refusal, "refusal");
  }
}

export function ofQuote(refusal: QuoteRefusal): Refused {
  switch (refusal.kind) {
    case "zero":
      return { code: "entry.zero" };
    case "notWhole":
      return { code: "entry.notWhole" };
    case "overLimit":
      return { code: "entry.overLimit", ...most(refusal.most) };
    case "overCeiling":
      return { code: "entry.overCeiling", ...most(refusal.most) };
    case "wrongEntry":
      return { code: "request.invalid" };
    case "debt":
      return { code: "account.debt", value: refusal.debtFen };
    default:
      return never(refusal, "refusal");
  }
}

const most = (entry: Entry): { value: number; entryUnit: "volume" | "money" } =>
  entry.kind === "volume"
    ? { value: entry.volumeL, entryUnit: "volume" }
    : { value: entry.amountFen, entryUnit: "money" };

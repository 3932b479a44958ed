/** Why a registration isn't made: the public code, with a word for the programmer who calls. */
import type { RefusalCode } from "@citygas/api";
import { err, type Result } from "@citygas/core";
import type { FastifyReply } from "fastify";
import { sendProblem } from "../http/problem.ts";
import { errorCode } from "../store/database.ts";

export interface Refusal {
  code: RefusalCode;
  status?: number;
  detail?: string;
}
export type Registered<T = null> = Result<T, Refusal>;

export const invalid = (detail: string) => err<Refusal>({ code: "request.invalid", status: 422, detail });
export const conflict = (detail: string) => err<Refusal>({ code: "request.invalid", status: 409, detail });
export const missing = (detail: string) => err<Refusal>({ code: "notFound", detail });

export const sendRefusal = (reply: FastifyReply, { code, ...extra }: Refusal): FastifyReply =>
  sendProblem(reply, code, extra);

/** Runs an insert; a value that must be unique and is taken becomes a refusal. */
export async function unlessTaken(what: string, insert: () => Promise<unknown>): Promise<Registered> {
  try {
    await insert();
    return { ok: true, value: null };
  } catch (error) {
    if (errorCode(error) === "23505") return conflict(`${what} is registered already`);
    throw error;
  }
}

import type { Bank } from "./bank.ts";
import type { PayRequest, PayResult } from "./bankPay.ts";
import type { FaultTaker } from "./faults.ts";
import type { Gateway } from "./names.ts";

/** Pay calls still on their way (faults `lateArrival`, `lateAfterReverse`). A restart loses them: they never arrive. */
export interface LatePays {
  /** True when a fault holds this call back. */
  hold(request: PayRequest): boolean;
  /** To be called after each query or reverse was answered: carries out what had to wait for it. */
  arrive(outTradeNo: string, call: "query" | "reverse"): void;
}

export function makeLatePays(gateway: Gateway, bank: Bank, faults: FaultTaker): LatePays {
  const held = new Map<string, { request: PayRequest; waitsFor: "any" | "reverse" }>();
  return {
    hold(request) {
      const waitsFor = faults.take("lateArrival", gateway)
        ? "any"
        : faults.take("lateAfterReverse", gateway)
          ? "reverse"
          : null;
      if (waitsFor !== null) held.set(request.outTradeNo, { request, waitsFor });
      return waitsFor !== null;
    },
    arrive(outTradeNo, call) {
      const late = held.get(outTradeNo);
      if (late === undefined || (late.waitsFor === "reverse" && call === "query")) return;
      held.delete(outTradeNo);
      bank.pay(late.request);
    },
  };
}

/** What came of a pay call on its way through the line. */
export type WirePay =
  | { kind: "result"; result: PayResult }
  /** No answer. */
  | { kind: "cut" }
  | { kind: "systemError" };

/** Carries out a pay call as the switches of the line let it through. */
export function payThrough(desk: { bank: Bank; faults: FaultTaker; late: LatePays }, request: PayRequest): WirePay {
  const { bank, faults, late } = desk;
  const { gateway } = request;
  if (faults.take("systemErrorUncharged", gateway)) return { kind: "systemError" };
  if (late.hold(request)) return { kind: "cut" };
  const result = bank.pay(request);
  if (faults.take("dropReply", gateway)) return { kind: "cut" };
  if (faults.take("systemError", gateway)) return { kind: "systemError" };
  return { kind: "result", result };
}

import type { Bank, PayRequest } from "./bank.ts";
import type { FaultTaker, Gateway } from "./faults.ts";

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

/** A gateway with a mind of its own: what it knows, what it says, and what it does with the money are three things. */
import type { ChannelName, Fen, Instant, Outcome, RefundOutcome, ReverseOutcome } from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";

/** What happens to the next pay call. `lost`: it never arrives; `silent`: it is carried out, the answer is lost. */
export type PayFate = "paid" | "lost" | "silent" | "refused" | "password" | "misconfigured";

interface Trade {
  amountFen: Fen;
  state: "open" | "paid" | "closed";
  refusedOnce: boolean;
  refunds: Map<string, Fen>;
  payCalls: number;
}

export interface Bank {
  channel: CodePayChannel;
  /** Taken in order; without one, `paid`. */
  fates: PayFate[];
  /** Nothing is answered while down. */
  down: boolean;
  refundFails: boolean;
  trades: Map<string, Trade>;
  /** The customer types the password: open trades become paid. */
  payOpen(): void;
  /** A lost pay call arrives after all. */
  arrive(outTradeNo: string, amountFen: Fen): void;
  netFen(): Fen;
}

export function fakeBank(name: ChannelName, now: () => Instant): Bank {
  const trades = new Map<string, Trade>();
  const unknown = { kind: "unknown", why: "down" } as const;
  const paid = (no: string, { amountFen }: Trade): Outcome => ({
    kind: "paid",
    verified: true,
    transactionId: `TX${no}`,
    amountFen,
    paidAt: now(),
  });
  const trade = (amountFen: Fen, state: Trade["state"]): Trade => ({
    amountFen,
    state,
    refusedOnce: false,
    refunds: new Map(),
    payCalls: 0,
  });
  const sent = new Map<string, number>();
  const bank: Bank = {
    fates: [],
    down: false,
    refundFails: false,
    trades,
    payOpen() {
      for (const t of trades.values()) if (t.state === "open") t.state = "paid";
    },
    arrive(outTradeNo, amountFen) {
      if (!trades.has(outTradeNo)) trades.set(outTradeNo, trade(amountFen, "paid"));
    },
    netFen: () =>
      [...trades.values()]
        .filter((t) => t.state === "paid")
        .reduce((sum, t) => sum + t.amountFen - [...t.refunds.values()].reduce((a, b) => a + b, 0), 0),
    channel: {
      name,
      async pay({ outTradeNo, amountFen }): Promise<Outcome> {
        sent.set(outTradeNo, (sent.get(outTradeNo) ?? 0) + 1);
        if ((sent.get(outTradeNo) ?? 0) > 1) throw new Error(`I11: ${outTradeNo} was sent twice`);
        const fate = bank.fates.shift() ?? "paid";
        switch (fate) {
          case "lost":
            return unknown;
          case "misconfigured":
            return { kind: "misconfigured", code: "SIGN_ERROR" };
          case "refused":
            trades.set(outTradeNo, trade(amountFen, "closed"));
            return { kind: "refused", verified: true, code: "NOTENOUGH", text: "balance" };
          case "password":
            trades.set(outTradeNo, trade(amountFen, "open"));
            return { kind: "inProgress", verified: true };
          case "silent":
            trades.set(outTradeNo, trade(amountFen, "paid"));
            return unknown;
          case "paid": {
            const made = trade(amountFen, "paid");
            trades.set(outTradeNo, made);
            return paid(outTradeNo, made);
          }
        }
      },
      async query({ outTradeNo }): Promise<Outcome> {
        if (bank.down) return unknown;
        const found = trades.get(outTradeNo);
        if (found === undefined) return { kind: "notFound", verified: true };
        if (found.state === "closed") return { kind: "closed", verified: true };
        return found.state === "paid" ? paid(outTradeNo, found) : { kind: "inProgress", verified: true };
      },
      async reverse({ outTradeNo }): Promise<ReverseOutcome> {
        if (bank.down) return unknown;
        const found = trades.get(outTradeNo);
        if (found !== undefined) found.state = "closed";
        return { kind: "accepted" };
      },
      async refund({ outTradeNo, refundNo, amountFen }): Promise<RefundOutcome> {
        if (bank.down) return unknown;
        if (bank.refundFails) return { kind: "failed", code: "USER_ACCOUNT_ABNORMAL", never: true };
        const found = trades.get(outTradeNo);
        if (found === undefined) return { kind: "failed", code: "RESOURCE_NOT_EXISTS", never: false };
        found.refunds.set(refundNo, amountFen);
        return { kind: "done", verified: true };
      },
      async queryRefund({ outTradeNo, refundNo }): Promise<RefundOutcome> {
        if (bank.down) return unknown;
        return trades.get(outTradeNo)?.refunds.has(refundNo) ? { kind: "done", verified: true } : { kind: "notFound" };
      },
    },
  };
  return bank;
}

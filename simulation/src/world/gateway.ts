/**
 * A payment gateway's own book: what it was asked, what it took from a wallet, what it gave back. This is the oracle:
 * only this file moves wallet money, and it knows nothing of what our servers believe.
 */
import type { ChannelName, Fen, Instant, RefundOutcome } from "@citygas/core";

export interface Trade {
  outTradeNo: string;
  amountFen: Fen;
  /** What the wallet really paid, where it is not what was asked. */
  paidFen: Fen;
  state: "open" | "paid" | "closed" | "payError";
  refunds: Map<string, Fen>;
  /** A refund that nobody can finish until the payer's account is mended. */
  blockedUntil: Instant;
  /** Nothing goes back to its payer any more. */
  payerGone: boolean;
  /** Somebody can pay it: an order for a wallet only from when its params are on the phone. */
  inHand: boolean;
  /** Made to be paid later in a wallet. */
  isOrder: boolean;
  processingUntil: Instant;
}

/** Something happened of which a gateway may write to its merchant. */
export type News =
  | { kind: "waiting" | "paid" | "closed" }
  | { kind: "refund"; refundNo: string; amountFen: Fen; outcome: RefundOutcome };

export class Gateway {
  readonly trades = new Map<string, Trade>();
  /** Pay calls by number, arrived or still on their way (I11). */
  readonly sent = new Map<string, number>();
  /** Pay calls on their way. */
  readonly onTheWay = new Set<string>();
  /** Answers nothing until then. */
  awayUntil: Instant = 0;
  /** Told of each change of a trade, when it is made. */
  tell: (trade: Trade, news: News) => void = () => undefined;
  readonly name: ChannelName;

  constructor(name: ChannelName) {
    this.name = name;
  }

  /** An order from a scanned code. A number is used once: a second call finds the first one's order. */
  order(outTradeNo: string, amountFen: Fen, state: Trade["state"], paidFen = amountFen): Trade {
    const known = this.trades.get(outTradeNo);
    if (known !== undefined) return known;
    const trade: Trade = {
      outTradeNo,
      amountFen,
      paidFen,
      state,
      refunds: new Map(),
      blockedUntil: 0,
      payerGone: false,
      inHand: true,
      isOrder: false,
      processingUntil: 0,
    };
    this.trades.set(outTradeNo, trade);
    if (state === "paid") this.tell(trade, { kind: "paid" });
    if (state === "open") this.tell(trade, { kind: "waiting" });
    return trade;
  }

  /** The payer typed the password, if the order still stands. */
  pay(outTradeNo: string): void {
    const trade = this.trades.get(outTradeNo);
    if (trade?.state === "open") this.#isPaid(trade);
  }

  /** The payer's bank was slower than the gateway's "closed". */
  payAfterClose(outTradeNo: string): void {
    const trade = this.trades.get(outTradeNo);
    if (trade?.state === "closed") this.#isPaid(trade);
  }

  #isPaid(trade: Trade): void {
    trade.state = "paid";
    this.tell(trade, { kind: "paid" });
  }

  /** Closes what is unpaid, gives back what is paid. */
  reverse(outTradeNo: string): void {
    const trade = this.trades.get(outTradeNo);
    if (trade === undefined) return;
    if (trade.state === "paid") trade.refunds.set("reversed", trade.paidFen - refundedFen(trade));
    const wasClosed = trade.state === "closed";
    trade.state = "closed";
    if (!wasClosed) this.tell(trade, { kind: "closed" });
  }

  /** Money back under a number of its own, once per number, never more than was paid. */
  refund(outTradeNo: string, refundNo: string, amountFen: Fen): "done" | "refused" {
    const trade = this.trades.get(outTradeNo);
    if (trade === undefined) return "refused";
    if (trade.refunds.has(refundNo)) return "done";
    if (trade.state !== "paid" || refundedFen(trade) + amountFen > trade.paidFen) return "refused";
    trade.refunds.set(refundNo, amountFen);
    this.tell(trade, { kind: "refund", refundNo, amountFen, outcome: { kind: "done", verified: true } });
    return "done";
  }

  /** What this trade holds of the payer's money now. */
  holdsFen(outTradeNo: string): Fen {
    const trade = this.trades.get(outTradeNo);
    return trade === undefined ? 0 : holdsFen(trade);
  }

  netFen(): Fen {
    let sum = 0;
    for (const trade of this.trades.values()) sum += holdsFen(trade);
    return sum;
  }
}

const refundedFen = ({ refunds }: Trade): Fen => {
  let sum = 0;
  for (const amount of refunds.values()) sum += amount;
  return sum;
};
const holdsFen = (trade: Trade): Fen => (trade.state === "paid" ? trade.paidFen - refundedFen(trade) : 0);

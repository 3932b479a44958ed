/** A gateway with a mind of its own: what it knows, what it says, and what it does with the money are three things. */
import type { ChannelName, CloseOutcome, Fen, Instant, Outcome, RefundOutcome, ReverseOutcome } from "@citygas/core";
import type { CodePayChannel, NotificationRead, PrepayRequest, RawNotification } from "@citygas/gateways";

/** What happens to the next pay call. `lost`: it never arrives; `silent`: it is carried out, the answer is lost. */
export type PayFate = "paid" | "lost" | "silent" | "refused" | "password" | "misconfigured";
export type PrepareFate = "prepared" | "lost" | "silent" | "refused" | "notSent";
export type CloseFate = "closed" | "ignored" | "silent";
/** `never`: it will not, ever; `later`: not now; `processing`: done at the next question. */
export type RefundFate = "done" | "never" | "later" | "processing" | "silent";
export type Call = "prepare" | "pay" | "query" | "close" | "reverse" | "refund" | "queryRefund";

interface Trade {
  amountFen: Fen;
  state: "open" | "paid" | "closed";
  /** What was really paid, where it is not what was asked. */
  paidFen: Fen | null;
  order: PrepayRequest | null;
  refunds: Map<string, { amountFen: Fen; state: "done" | "processing" }>;
}

export interface Bank {
  channel: CodePayChannel;
  /** Taken in order; without one, all goes well. */
  fates: PayFate[];
  prepareFates: PrepareFate[];
  closeFates: CloseFate[];
  refundFates: RefundFate[];
  /** Nothing is answered while down. */
  down: boolean;
  refundFails: boolean;
  trades: Map<string, Trade>;
  /** Sent by itself and not delivered yet. */
  outbox: RawNotification[];
  /** Calls by kind, in their order. */
  calls: { call: Call; outTradeNo: string }[];
  /** Asked before each call that may move money: what has the caller written down? It throws when too little. */
  witness: (call: Call, outTradeNo: string, refundNo: string | null) => Promise<void>;
  /** The customer types the password: open code payments become paid. */
  payOpen(): void;
  /** The customer pays an order on the phone, where it is still open. */
  payOrder(outTradeNo: string, paidFen?: Fen): boolean;
  /** A lost pay call arrives after all. */
  arrive(outTradeNo: string, amountFen: Fen): void;
  /** What came of one order, whatever was answered. */
  moved(trade: Trade): { takenFen: Fen; givenBackFen: Fen };
  netFen(): Fen;
}

const unknown = { kind: "unknown", why: "down" } as const;

export function fakeBank(name: ChannelName, now: () => Instant): Bank {
  const trades = new Map<string, Trade>();
  const sent = new Map<string, number>();
  let messages = 0;
  const paid = (no: string, { amountFen, paidFen }: Trade): Outcome => ({
    kind: "paid",
    verified: true,
    transactionId: `TX${no}`,
    amountFen: paidFen ?? amountFen,
    paidAt: now(),
  });
  const trade = (amountFen: Fen, state: Trade["state"], order: PrepayRequest | null = null): Trade => ({
    amountFen,
    state,
    paidFen: null,
    order,
    refunds: new Map(),
  });
  const notify = (read: Record<string, unknown>): void => {
    messages += 1;
    bank.outbox.push(signedNotification({ ...read, id: `EV-${messages}` }));
  };
  const stateOf = (no: string, found: Trade): Outcome => {
    if (found.state === "closed") return { kind: "closed", verified: true };
    if (found.state === "paid") return paid(no, found);
    return found.order === null ? { kind: "inProgress", verified: true } : { kind: "notPaid", verified: true };
  };
  const told = async (call: Call, outTradeNo: string, refundNo: string | null = null): Promise<void> => {
    bank.calls.push({ call, outTradeNo });
    await bank.witness(call, outTradeNo, refundNo);
  };

  const bank: Bank = {
    fates: [],
    prepareFates: [],
    closeFates: [],
    refundFates: [],
    down: false,
    refundFails: false,
    trades,
    outbox: [],
    calls: [],
    witness: async () => undefined,
    payOpen() {
      for (const t of trades.values()) if (t.state === "open" && t.order === null) t.state = "paid";
    },
    payOrder(outTradeNo, paidFen) {
      const found = trades.get(outTradeNo);
      if (found?.state !== "open" || found.order === null || now() > found.order.expireAt) return false;
      found.state = "paid";
      found.paidFen = paidFen ?? null;
      notify({ kind: "payment", outTradeNo, outcome: paid(outTradeNo, found) });
      return true;
    },
    arrive(outTradeNo, amountFen) {
      if (!trades.has(outTradeNo)) trades.set(outTradeNo, trade(amountFen, "paid"));
    },
    moved: (t) => ({ takenFen: t.state === "paid" ? (t.paidFen ?? t.amountFen) : 0, givenBackFen: refundedFen(t) }),
    netFen: () =>
      [...trades.values()]
        .map(bank.moved)
        .reduce((sum, { takenFen, givenBackFen }) => sum + takenFen - givenBackFen, 0),
    channel: {
      name,
      async pay({ outTradeNo, amountFen }): Promise<Outcome> {
        await told("pay", outTradeNo);
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
        await told("query", outTradeNo);
        if (bank.down) return unknown;
        const found = trades.get(outTradeNo);
        return found === undefined ? { kind: "notFound", verified: true } : stateOf(outTradeNo, found);
      },
      async reverse({ outTradeNo }): Promise<ReverseOutcome> {
        await told("reverse", outTradeNo);
        if (bank.down) return unknown;
        const found = trades.get(outTradeNo);
        if (found !== undefined && found.order !== null)
          throw new Error(`${outTradeNo} is an order: closed, not reversed`);
        if (found !== undefined) found.state = "closed";
        return { kind: "accepted" };
      },
      async refund({ outTradeNo, refundNo, amountFen, totalFen }): Promise<RefundOutcome> {
        await told("refund", outTradeNo, refundNo);
        if (bank.down) return unknown;
        if (bank.refundFails) return { kind: "failed", code: "USER_ACCOUNT_ABNORMAL", never: true };
        const found = trades.get(outTradeNo);
        if (found?.state !== "paid") return { kind: "failed", code: "RESOURCE_NOT_EXISTS", never: false };
        const already = found.refunds.get(refundNo);
        if (already !== undefined)
          return already.state === "done" ? { kind: "done", verified: true } : { kind: "processing" };
        if (totalFen !== (found.paidFen ?? found.amountFen) || refundedFen(found) + amountFen > totalFen)
          throw new Error(`I2: ${outTradeNo} would give back more than it took`);
        const fate = bank.refundFates.shift() ?? "done";
        if (fate === "never") return { kind: "failed", code: "USER_ACCOUNT_ABNORMAL", never: true };
        if (fate === "later") return { kind: "failed", code: "NOT_ENOUGH", never: false };
        const state = fate === "processing" ? "processing" : "done";
        found.refunds.set(refundNo, { amountFen, state });
        if (state === "done")
          notify({ kind: "refund", outTradeNo, refundNo, amountFen, outcome: { kind: "done", verified: true } });
        if (fate === "silent") return unknown;
        return state === "done" ? { kind: "done", verified: true } : { kind: "processing" };
      },
      async queryRefund({ outTradeNo, refundNo }): Promise<RefundOutcome> {
        await told("queryRefund", outTradeNo, refundNo);
        if (bank.down) return unknown;
        const found = trades.get(outTradeNo)?.refunds.get(refundNo);
        if (found === undefined) return { kind: "notFound" };
        found.state = "done";
        return { kind: "done", verified: true };
      },
      prepay: {
        async prepare(order) {
          await told("prepare", order.outTradeNo);
          const fate = bank.down ? "lost" : (bank.prepareFates.shift() ?? "prepared");
          if (fate === "lost") return unknown;
          if (fate === "notSent") return { kind: "notSent" };
          if (fate === "refused") return { kind: "refused", code: "PARAM_ERROR" };
          const found = trades.get(order.outTradeNo);
          if (found === undefined) trades.set(order.outTradeNo, trade(order.amountFen, "open", order));
          else if (JSON.stringify(found.order) !== JSON.stringify(order)) return { kind: "refused", code: "268498688" };
          return fate === "silent" ? unknown : { kind: "prepared", prepayId: `wx${order.outTradeNo}` };
        },
        payParams: ({ app, prepayId }, at, nonceStr) => ({
          appId: app,
          timeStamp: String(Math.floor(at / 1000)),
          nonceStr,
          package: `prepay_id=${prepayId}`,
          signType: "RSA",
          paySign: "signed",
        }),
        async close({ outTradeNo }): Promise<CloseOutcome> {
          await told("close", outTradeNo);
          if (bank.down) return unknown;
          const fate = bank.closeFates.shift() ?? "closed";
          const found = trades.get(outTradeNo);
          if (found?.state === "paid") return { kind: "alreadyPaid" };
          if (found !== undefined && fate !== "ignored") found.state = "closed";
          return fate === "silent" ? unknown : { kind: "accepted" };
        },
      },
      notifications: { read: readNotification, answer: (taken) => answers[taken ? "taken" : "refused"] },
    },
  };
  return bank;
}

const refundedFen = ({ refunds }: Trade): Fen =>
  [...refunds.values()].reduce((sum, { amountFen }) => sum + amountFen, 0);

const answers = {
  taken: { status: 200, contentType: "text/plain", body: "success" },
  refused: { status: 500, contentType: "text/plain", body: "fail" },
};

/** A message as this bank sends it: what it says is its body, and a header vouches for it. */
export const signedNotification = (read: Record<string, unknown>, signature = "good"): RawNotification => ({
  headers: { "wechatpay-signature": signature, cookie: "someone's" },
  body: Buffer.from(JSON.stringify(read)),
});

function readNotification({ headers, body }: RawNotification): NotificationRead {
  if (headers["wechatpay-signature"] !== "good") return { kind: "refused", why: "badSignature" };
  return JSON.parse(Buffer.from(body).toString()) as NotificationRead; // made by `signedNotification`
}

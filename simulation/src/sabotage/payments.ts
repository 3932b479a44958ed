/** Shortcuts with money (facts/payments.md §7 and the ten lessons): each is a way that real systems lost some. */

import type { Outcome } from "@citygas/core";
import { attemptTable, purchaseTable } from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";
import type { Gateway } from "../world/gateway.ts";
import type { World } from "../world/world.ts";
import { patch, type Sabotage } from "./sabotage.ts";

type Change = (channel: CodePayChannel, gateway: Gateway, world: World) => Partial<CodePayChannel>;
const channel = (name: string, about: string, change: Change): Sabotage => ({
  name,
  about,
  seam: () => ({ channel: (base, gateway, world) => ({ ...base, ...change(base, gateway, world) }) }),
});
const closed: Outcome = { kind: "closed", verified: true };
const after = async (answer: Promise<Outcome>, change: (outcome: Outcome) => Outcome): Promise<Outcome> =>
  change(await answer);

export const paymentSabotages: readonly Sabotage[] = [
  channel("timeoutMeansFailed", "no answer to the pay call counts as a failure", (base) => ({
    pay: (request) => after(base.pay(request), (o) => (o.kind === "unknown" ? closed : o)),
  })),
  channel("notFoundMeansFailed", "'order does not exist' counts as a failure at once", (base) => ({
    query: (request) => after(base.query(request), (o) => (o.kind === "notFound" ? closed : o)),
  })),
  channel("refusalMeansFailed", "a refused code is believed without a confirming query", (base) => ({
    pay: (request) => after(base.pay(request), (o) => (o.kind === "refused" ? closed : o)),
  })),
  channel("reverseTrusted", "a reverse that was accepted is believed without a query", (base) => {
    const accepted = new Set<string>();
    return {
      reverse: async (request) => {
        const answer = await base.reverse(request);
        if (answer.kind === "accepted") accepted.add(request.outTradeNo);
        return answer;
      },
      query: async (request) => (accepted.has(request.outTradeNo) ? closed : await base.query(request)),
    };
  }),
  channel("amountNotCompared", "paid is paid, whatever the amount", (base) => ({
    pay: (r) => after(base.pay(r), (o) => (o.kind === "paid" ? { ...o, amountFen: r.amountFen } : o)),
    query: (r) => after(base.query(r), (o) => (o.kind === "paid" ? { ...o, amountFen: r.amountFen } : o)),
  })),
  channel("unsignedBelieved", "an answer is believed without its signature", (base, _gateway, world) => ({
    pay: (r) =>
      after(base.pay(r), (o) =>
        o.kind === "unknown" && world.forged.has(r.outTradeNo)
          ? { kind: "paid", verified: true, transactionId: "T", amountFen: r.amountFen, paidAt: null }
          : o,
      ),
  })),
  channel("rollbackIgnored", "an answered success of Alipay is taken for sure", (base) => {
    const paid = new Map<string, Outcome>();
    return {
      pay: async (request) => {
        const outcome = await base.pay(request);
        if (outcome.kind === "paid") paid.set(request.outTradeNo, outcome);
        return outcome;
      },
      query: async (request) => paid.get(request.outTradeNo) ?? (await base.query(request)),
    };
  }),
  channel(
    "payRepeatedUnderNewNumber",
    "a pay call without an answer is sent again with a fresh number",
    (base, gateway) => ({
      pay: (r) =>
        after(base.pay(r), (o) => {
          if (o.kind === "unknown") gateway.order(`${r.outTradeNo}R`, r.amountFen, "paid");
          return o;
        }),
    }),
  ),
  channel("paySentAgain", "an order that is not found is sent again", (base, gateway, world) => ({
    query: (r) =>
      after(base.query(r), (o) => {
        if (o.kind === "notFound") {
          world.checks.payLeaves(gateway, r.outTradeNo, r.amountFen, "");
          gateway.order(r.outTradeNo, r.amountFen, "paid");
        }
        return o;
      }),
  })),
  channel(
    "refundNumberPerTry",
    "each try of a refund has a number of its own, and a second one pays again",
    (base, gateway) => {
      let tries = 0;
      return {
        refund: (r) => {
          tries += 1;
          const trade = gateway.trades.get(r.outTradeNo);
          // A merchant's account that allows refunds without an order: nothing else stops the second one.
          if (trade !== undefined && trade.refunds.size > 0) trade.refunds.set(`again ${tries}`, r.amountFen);
          return base.refund({ ...r, refundNo: `${r.refundNo}${tries}` });
        },
        queryRefund: async () => ({ kind: "notFound" }),
      };
    },
  ),
  channel("refundFailureIgnored", "a refund that was ordered counts as done", (base) => ({
    refund: async (request) => {
      const outcome = await base.refund(request);
      return outcome.kind === "failed" ? { kind: "done", verified: true } : outcome;
    },
  })),
  channel("lateSuccessIgnored", "money that comes after the end is not looked for", (base, _gateway, world) => ({
    query: (r) =>
      after(base.query(r), (o) => {
        const attempt = world.store.all("attempt").find((each) => each.outTradeNo === r.outTradeNo);
        const ended = attempt?.state === "failed" || attempt?.state === "reversed";
        return ended && o.kind === "paid" ? closed : o;
      }),
  })),
  {
    name: "noticeIsAnotherPayment",
    about: "each message of a gateway about a payment is a payment, and all but the first go back",
    seam: () => ({
      channel: (base) => {
        const door = base.notifications;
        if (door === undefined) return base;
        const read: typeof door.read = (message, now) => {
          const verdict = door.read(message, now);
          if (verdict.kind !== "payment" || verdict.outcome.kind !== "paid") return verdict;
          return { ...verdict, outcome: { ...verdict.outcome, transactionId: verdict.id } };
        };
        return { ...base, notifications: { ...door, read } };
      },
    }),
    install: () => {
      const cell = attemptTable.failed["answered.paid"];
      return patch(
        attemptTable.paid,
        cell === undefined ? {} : { "answered.paid": { ...cell, to: ["paid", "manual"] } },
      );
    },
  },
  {
    name: "noticeOverwrites",
    about: "the message of a gateway that comes last is the state, however old it is",
    install: () =>
      patch(attemptTable.paid, {
        "answered.inProgress": {
          to: ["pending"],
          step: (a) => ({ attempt: { ...a, state: "pending" }, jobs: [] }),
        },
      }),
  },
  {
    name: "reversingToPaid",
    about: "a payment that is being reversed goes back to paid when a query finds it paid",
    install: () =>
      patch(attemptTable.reversing, {
        "answered.paid": {
          to: ["paid"],
          step: (a, e, now) => ({
            attempt: { ...a, state: "paid", transactionId: e.outcome.transactionId, paidAt: now },
            jobs: [],
          }),
        },
      }),
  },
  {
    name: "orderForgotten",
    about: "a reader that holds the card wins over an order in a wallet without waiting until it is closed",
    install: () =>
      patch(purchaseTable.paying, {
        yielded: (p, _e, now, s) =>
          purchaseTable.paying.gaveUp?.(
            { ...p, liveAttemptIds: [] },
            { type: "gaveUp", reason: "readerWins" },
            now,
            s,
          ) ?? null,
      }),
  },
  {
    name: "cancelledBeforeConfirmed",
    about: "a purchase is void as soon as the customer gives up, while its payment is still open",
    install: () => {
      const { gaveUp } = purchaseTable.paying;
      return patch(purchaseTable.paying, {
        gaveUp: (p, e, now, s) => gaveUp?.({ ...p, liveAttemptIds: [] }, e, now, s) ?? null,
      });
    },
  },
];

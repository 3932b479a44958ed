/**
 * Notifications of the gateways (facts/payments.md §1.3, §2.1): read, stored, answered; what they mean is done after the
 * answer, and again by the janitor when the process died in between. A repeated one is known by the gateway's own id. One
 * that proves nothing is kept for people, up to a number per hour, and moves nothing.
 */
import type { ChannelName } from "@citygas/core";
import type { RawNotification } from "@citygas/gateways";
import type { Payments } from "../payments/payments.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { fileStaffTask } from "../tasks/staff.ts";
import { carryOut } from "./carryOut.ts";
import type { Notification, NotificationRows } from "./notificationRows.ts";

export const callbackLimits = {
  /** Refused ones kept per channel and hour; more are only counted. */
  refusedKeptPerHour: 100,
  inFlightMax: 64,
  /** A process that is still at it finishes within this; then another one takes it up. */
  leaveMs: 10_000,
  sweepPage: 200,
  /** One that can't be carried out for so long is a mistake of ours: people look. */
  giveUpMs: 86_400_000,
} as const;

export interface CallbackReply {
  status: number;
  contentType: string;
  body: string;
}

export interface Callbacks {
  /** undefined: this channel sends nothing. Rejects when the message can't be stored: then the gateway sends it again. */
  take(channel: ChannelName, message: RawNotification): Promise<CallbackReply | undefined>;
  /** Takes up what was left lying. @returns how many there were. */
  sweep(): Promise<number>;
  /** Resolves when all that was begun is done. */
  drain(): Promise<void>;
}

export function openCallbacks(sale: SaleContext, payments: Payments, rows: NotificationRows): Callbacks {
  const inFlight = new Set<Promise<void>>();

  /** Never rejects: what fails is left to the sweep. */
  const work = async (notification: Notification): Promise<void> => {
    const { id, channel, verdict } = notification;
    try {
      const result = await carryOut(sale, payments, rows, notification);
      await rows.finish(id, result, sale.now());
      sale.log.info({ channel, kind: verdict.kind, result }, "notification carried out");
    } catch (error) {
      sale.log.error({ err: error, channel, notificationId: id }, "notification not carried out");
      if (sale.now() - notification.receivedAt > callbackLimits.giveUpMs) await giveUp(notification);
    }
  };
  const giveUp = async ({ id, channel }: Notification): Promise<void> => {
    try {
      await fileStaffTask(sale, "payment.notification", id, { channel });
      await rows.finish(id, "failed", sale.now());
    } catch (error) {
      sale.log.error({ err: error, notificationId: id }, "notification not given up");
    }
  };

  return {
    async take(channel, message) {
      const door = sale.channels.get(channel)?.notifications;
      if (door === undefined) return undefined;
      const receivedAt = sale.now();
      const verdict = door.read(message, receivedAt);
      const notification: Notification = { id: sale.newId(), channel, receivedAt, message: kept(message), verdict };
      if (verdict.kind === "refused") {
        sale.log.warn({ channel, why: verdict.why }, "notification refused");
        await rows.addRefused(notification, callbackLimits.refusedKeptPerHour);
        return { ...door.answer(false), status: refusedStatus };
      }
      const isNew = await rows.add(notification);
      if (isNew && inFlight.size < callbackLimits.inFlightMax) {
        const run = work(notification).finally(() => inFlight.delete(run));
        inFlight.add(run);
      }
      return door.answer(true);
    },
    async sweep() {
      const left = await rows.unfinished(sale.now() - callbackLimits.leaveMs, callbackLimits.sweepPage);
      for (const notification of left) await work(notification);
      return left.length;
    },
    async drain() {
      await Promise.all([...inFlight]);
    },
  };
}

/** Whoever signs wrongly is not told more. */
const refusedStatus = 401;

const keptHeaders = /^(wechatpay-|alipay-|content-type$|request-id$|user-agent$)/;
const headerMaxLength = 1_024;

/** What proves the message, without what a stranger may put beside it. */
function kept({ headers, body }: RawNotification): RawNotification {
  const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    keptHeaders.test(name) && value !== undefined ? [[name, value.slice(0, headerMaxLength)]] : [],
  );
  return { headers: Object.fromEntries(entries), body };
}

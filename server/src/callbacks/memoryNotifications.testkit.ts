/** Notification rows in memory; attempts are named after their order numbers, as the payments service makes them. */
import type { Id } from "@citygas/core";
import type { Notification, NotificationRows } from "./notificationRows.ts";

export interface MemoryNotifications extends NotificationRows {
  kept: (Notification & { result: string | null })[];
  refusedCount: number;
}

export function memoryNotifications(): MemoryNotifications {
  const kept: MemoryNotifications["kept"] = [];
  const seen = new Set<string>();
  return {
    kept,
    refusedCount: 0,
    async add(n) {
      const key = n.verdict.kind === "refused" ? n.id : `${n.channel} ${n.verdict.id}`;
      if (seen.has(key)) return false;
      seen.add(key);
      kept.push({ ...n, result: null });
      return true;
    },
    async addRefused(n, keepMax) {
      this.refusedCount += 1;
      if (this.refusedCount <= keepMax) kept.push({ ...n, result: "refused" });
    },
    unfinished: async (until, limit) => kept.filter((n) => n.result === null && n.receivedAt <= until).slice(0, limit),
    async finish(id, result) {
      const found = kept.find((n) => n.id === id);
      if (found) found.result ??= result;
    },
    attemptByOrder: async (_channel, outTradeNo) => attemptIdOf(outTradeNo),
  };
}

/** Order numbers of ours are attempt ids without their dashes. */
export const attemptIdOf = (no: string): Id =>
  `${no.slice(0, 8)}-${no.slice(8, 12)}-${no.slice(12, 16)}-${no.slice(16, 20)}-${no.slice(20)}`;

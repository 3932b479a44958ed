/** Sends what was filed: over WeChat where the customer has it, else by text message; a bounded number of times. */
import { never } from "@citygas/core";
import type { NoticeChannel, NoticeChannelName } from "@citygas/gateways";
import { noticeTemplateId, noticeText } from "@citygas/texts";
import type { ServerContext } from "../context.ts";
import { type DueNotice, noticeFailed, noticeSent, retryNotice, takeDueNotices } from "./noticeRows.ts";

export type NoticeChannels = ReadonlyMap<NoticeChannelName, NoticeChannel>;

/** After each try that came to nothing; after the last one it is given up. */
export const retryAfterMs = [30_000, 120_000, 600_000, 3_600_000, 6 * 3_600_000, 86_400_000] as const;
const batch = 20;
const leaseMs = 120_000;

export async function sendNotices(
  ctx: Pick<ServerContext, "db" | "now" | "log">,
  channels: NoticeChannels,
): Promise<void> {
  const due = await takeDueNotices(ctx.db, ctx.now(), batch, leaseMs);
  const ends = await Promise.allSettled(due.map((notice) => sendOne(ctx, channels, notice)));
  const broken = ends.find((end) => end.status === "rejected");
  if (broken !== undefined) throw broken.reason;
}

/** Where this customer can be reached, best first. WeChat's openids come with the binding of accounts. */
const addressesOf = ({ phone }: DueNotice): readonly (readonly [NoticeChannelName, string])[] =>
  phone === null || phone === "" ? [] : [["sms", phone]];

async function sendOne(
  { db, now, log }: Pick<ServerContext, "db" | "now" | "log">,
  channels: NoticeChannels,
  notice: DueNotice,
): Promise<void> {
  const { id, kind, params, tries } = notice;
  // Taken as often as one is tried, and no try came to an end: its row can't be sent.
  if (tries > retryAfterMs.length + 1) return await noticeFailed(db, id, "broken");
  const message = { templateId: noticeTemplateId(kind), params, text: noticeText(kind, params), ref: id };
  let why = "noAddress";
  for (const [name, to] of addressesOf(notice)) {
    const outcome = await channels.get(name)?.send({ ...message, to });
    switch (outcome?.kind) {
      case undefined:
        why = "noChannel";
        continue;
      case "sent":
        return await noticeSent(db, id, now(), name, outcome.id);
      case "refused":
        why = outcome.code;
        if (outcome.what === "setup") log.error({ channel: name, code: outcome.code }, "notices are set up wrongly");
        continue;
      case "unknown": {
        const wait = retryAfterMs[tries - 1];
        if (wait !== undefined) return await retryNotice(db, id, now() + wait);
        why = outcome.why;
        continue;
      }
      default:
        return never(outcome, "notice outcome");
    }
  }
  log.warn({ noticeId: id, kind, why }, "notice given up");
  await noticeFailed(db, id, why);
}

/** What gateways sent by themselves: kept as it came, before anything is made of it. */
import type { ChannelName, Id, Instant } from "@citygas/core";
import type { NotificationRead, RawNotification } from "@citygas/gateways";
import type { Pool } from "pg";

export interface Notification {
  id: Id;
  channel: ChannelName;
  receivedAt: Instant;
  message: RawNotification;
  /** What reading it gave at the moment it came: a later reading would find it stale. */
  verdict: NotificationRead;
}

export interface NotificationRows {
  /** @returns false when this gateway's id was here before. */
  add(notification: Notification): Promise<boolean>;
  /** One that proves nothing: counted, and kept while fewer than `keepMax` were kept of this channel and hour. */
  addRefused(notification: Notification, keepMax: number): Promise<void>;
  /** Taken before `until` and not finished, the oldest first. */
  unfinished(until: Instant, limit: number): Promise<Notification[]>;
  finish(id: Id, result: string, at: Instant): Promise<void>;
  /** The attempt behind a merchant order number of this channel. */
  attemptByOrder(channel: ChannelName, outTradeNo: string): Promise<Id | undefined>;
}

interface Row {
  id: Id;
  channel: ChannelName;
  received_at: Instant;
  headers: Record<string, string>;
  body: string;
  verdict: NotificationRead;
}

const hourMs = 3_600_000;
const columns = "(id, channel, gateway_id, received_at, headers, body, verdict, result, processed_at)";

const refusedSql = `
with counted as (
  insert into notification_refusal (channel, hour, count) values ($2, $7, 1)
  on conflict (channel, hour) do update set count = notification_refusal.count + 1 returning count)
insert into notification ${columns}
select $1, $2, null, $3::bigint, $4::jsonb, $5, $6::jsonb, 'refused', $3::bigint from counted where count <= $8`;

export function sqlNotificationRows(db: Pool): NotificationRows {
  return {
    async add(n) {
      const gatewayId = n.verdict.kind === "refused" ? null : n.verdict.id;
      const added = await db.query(
        `insert into notification ${columns} values ($1, $2, $3, $4, $5, $6, $7, null, null)
         on conflict (channel, gateway_id) do nothing`,
        [n.id, n.channel, gatewayId, n.receivedAt, ...asText(n)],
      );
      return added.rowCount === 1;
    },
    async addRefused(n, keepMax) {
      const hour = Math.floor(n.receivedAt / hourMs);
      await db.query(refusedSql, [n.id, n.channel, n.receivedAt, ...asText(n), hour, keepMax]);
    },
    async unfinished(until, limit) {
      const { rows } = await db.query<Row>(
        `select id, channel, received_at, headers, body, verdict from notification
         where processed_at is null and received_at <= $1 order by received_at, id limit $2`,
        [until, limit],
      );
      return rows.map(({ id, channel, received_at, headers, body, verdict }) => ({
        id,
        channel,
        receivedAt: received_at,
        message: { headers, body: Buffer.from(body, "base64") },
        verdict,
      }));
    },
    async finish(id, result, at) {
      await db.query("update notification set result = $2, processed_at = $3 where id = $1 and processed_at is null", [
        id,
        result,
        at,
      ]);
    },
    async attemptByOrder(channel, outTradeNo) {
      const { rows } = await db.query<{ id: Id }>("select id from attempt where out_trade_no = $2 and channel = $1", [
        channel,
        outTradeNo,
      ]);
      return rows[0]?.id;
    },
  };
}

const asText = ({ message, verdict }: Notification): [headers: string, body: string, verdict: string] => [
  JSON.stringify(message.headers),
  Buffer.from(message.body).toString("base64"),
  JSON.stringify(verdict),
];

/** The payment gateways' file: one JSON object, keys as PEM texts. It holds secrets, so its mode should be 0600. */
import { readFileSync } from "node:fs";
import type { ChannelName } from "@citygas/core";
import {
  acquirerChannel,
  alipayChannel,
  type CodePayChannel,
  httpNotices,
  type NoticeChannel,
  type NoticeChannelName,
  testChannel,
  wechatChannel,
} from "@citygas/gateways";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";

const Text = Type.String({ minLength: 1 });
const closed = { additionalProperties: false };
const timeouts = {
  timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 60_000 })),
  billTimeoutMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 3_600_000 })),
};

/**
 * What is left out isn't offered: paying on one's own phone needs WeChat's `apiV3Key` and `notifyUrl` (and `miniAppid`
 * for the mini program), Alipay's notifications its `sellerId`, digital yuan `schemes: ["unionpay", "ecny"]`. `test`:
 * payments that succeed by themselves, for measuring; never in production.
 */
export const GatewaysSchema = Type.Object(
  {
    wechat: Type.Optional(
      Type.Object(
        {
          mchid: Text,
          appid: Text,
          miniAppid: Type.Optional(Text),
          serial: Text,
          privateKeyPem: Text,
          platformCerts: Type.Record(Type.String(), Text),
          replySerial: Type.Optional(Text),
          apiV3Key: Type.Optional(Type.String({ minLength: 32, maxLength: 32 })),
          notifyUrl: Type.Optional(Text),
          baseUrl: Type.Optional(Text),
          ...timeouts,
        },
        closed,
      ),
    ),
    alipay: Type.Optional(
      Type.Object(
        {
          appId: Text,
          privateKeyPem: Text,
          alipayPublicKeyPem: Text,
          gatewayUrl: Type.Optional(Text),
          sellerId: Type.Optional(Text),
          notifyUrl: Type.Optional(Text),
          ...timeouts,
        },
        closed,
      ),
    ),
    acquirer: Type.Optional(
      Type.Object(
        {
          merchant: Text,
          baseUrl: Text,
          privateKeyPem: Text,
          acquirerPublicKeyPem: Text,
          schemes: Type.Optional(
            Type.Array(Type.Union([Type.Literal("unionpay"), Type.Literal("ecny")]), { minItems: 1 }),
          ),
          ...timeouts,
        },
        closed,
      ),
    ),
    /** Providers of text messages and WeChat notices (docs/notices.md). */
    notices: Type.Optional(
      Type.Object({ smsUrl: Type.Optional(Text), wechatUrl: Type.Optional(Text), secret: Text }, closed),
    ),
    test: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type Gateways = Static<typeof GatewaysSchema>;

const Gateways = Compile(GatewaysSchema);

/** @throws naming the field that is wrong, never its value. */
export function readGateways(file: string): Gateways {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new Error(`CITYGAS_GATEWAYS_FILE: ${file} can't be read as JSON`);
  }
  if (!Gateways.Check(parsed)) {
    const [first] = Gateways.Errors(parsed);
    throw new Error(`CITYGAS_GATEWAYS_FILE: ${first?.instancePath ?? ""} ${first?.message ?? "is not as described"}`);
  }
  return parsed;
}

export function channelsOf(gateways: Gateways, production: boolean): ReadonlyMap<ChannelName, CodePayChannel> {
  const channels = new Map<ChannelName, CodePayChannel>();
  if (gateways.wechat !== undefined) channels.set("wechat", wechatChannel(gateways.wechat));
  if (gateways.alipay !== undefined) channels.set("alipay", alipayChannel(gateways.alipay));
  if (gateways.acquirer !== undefined) channels.set("acquirer", acquirerChannel(gateways.acquirer));
  if (gateways.test === true) {
    if (production) throw new Error("CITYGAS_GATEWAYS_FILE: test is not for production");
    channels.set("test", testChannel());
  }
  return channels;
}

export function noticeChannelsOf({ notices }: Gateways): ReadonlyMap<NoticeChannelName, NoticeChannel> {
  const channels = new Map<NoticeChannelName, NoticeChannel>();
  const { smsUrl, wechatUrl, secret = "" } = notices ?? {};
  if (smsUrl !== undefined) channels.set("sms", httpNotices({ name: "sms", url: smsUrl, secret }));
  if (wechatUrl !== undefined) channels.set("wechat", httpNotices({ name: "wechat", url: wechatUrl, secret }));
  return channels;
}

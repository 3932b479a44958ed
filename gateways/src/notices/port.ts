/** Text messages and WeChat notices to customers who are not at a terminal (docs/notices.md). */

export interface NoticeMessage {
  /** 1–64 of `[A-Za-z0-9._-]`: the approved text at the provider. */
  templateId: string;
  /** The mobile number for a text message, the openid for a WeChat notice. */
  to: string;
  /** At most 20, values up to 500 characters. No full name, no address. */
  params: Readonly<Record<string, string>>;
  /** The whole text, up to 1000 characters, for a provider that holds no templates. */
  text: string;
  /** The sender's own mark, up to 64 characters: the same one again sends nothing more. */
  ref: string;
}

export type NoticeOutcome =
  | { kind: "sent"; id: string }
  /** `address`: this number or openid takes no messages. `setup`: our secret or our message is wrong. Not later either. */
  | { kind: "refused"; what: "address" | "setup"; code: string }
  /** Not known: again later with the same `ref`. */
  | { kind: "unknown"; why: string };

export type NoticeChannelName = "sms" | "wechat";

/** No call throws for what a provider or a network does, and none repeats itself. */
export interface NoticeChannel {
  readonly name: NoticeChannelName;
  send(message: NoticeMessage): Promise<NoticeOutcome>;
}

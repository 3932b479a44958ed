import { randomBytes } from "node:crypto";
import type { MessageRow } from "../state/rows.ts";
import type { WorldContext } from "./context.ts";

/** Text messages and WeChat notices on their way to phones (docs/notices.md), and the switches of their providers. */
export type NoticeFault = "noticeDown" | "noticeSlow" | "noticeRefused" | "noticeDoubled";

export interface NoticeFaultText {
  name: NoticeFault;
  zh: string;
  en: string;
  description: string;
  seconds: number | null;
}
export const NOTICE_FAULTS: readonly NoticeFaultText[] = [
  {
    name: "noticeDown",
    zh: "短信与通知不可用",
    en: "Notices down",
    description: "The providers answer 503 and send nothing.",
    seconds: null,
  },
  {
    name: "noticeSlow",
    zh: "短信与通知很慢",
    en: "Notices slow",
    description: "The message is sent at once; the provider's answer waits `seconds`.",
    seconds: 20,
  },
  {
    name: "noticeRefused",
    zh: "号码被拒收",
    en: "Number refused",
    description: "The provider answers 422: this number or openid takes no message.",
    seconds: null,
  },
  {
    name: "noticeDoubled",
    zh: "短信与通知重复",
    en: "Notice doubled",
    description: "The message arrives twice under one id.",
    seconds: null,
  },
];

export interface NoticeSetting {
  times: number | "always";
  seconds: number;
}
export interface NoticeFaults {
  list(): (NoticeFaultText & { armed: NoticeSetting | null })[];
  arm(name: NoticeFault, setting: Partial<NoticeSetting>): void;
  disarm(name: NoticeFault): void;
}

/** `ref`: the sender's own mark; the same one again sends nothing more. */
export interface Notice
  extends Pick<MessageRow, "provider" | "to" | "phoneId" | "templateId" | "params" | "text" | "ref"> {}
export type Sending =
  | { kind: "sent"; id: string; waitMs: number }
  | { kind: "down" }
  /** This number or openid takes nothing. */
  | { kind: "refused" };

export interface Messages {
  faults: NoticeFaults;
  send(notice: Notice): Sending;
  /** Oldest first; with a higher `seq` than `after`. */
  list(after?: number): MessageRow[];
}

export function isNoticeFault(name: string): name is NoticeFault {
  return NOTICE_FAULTS.some((fault) => fault.name === name);
}

function makeFaults(): NoticeFaults & { take(name: NoticeFault): NoticeSetting | null } {
  const armed = new Map<NoticeFault, NoticeSetting>();
  return {
    list: () => NOTICE_FAULTS.map((fault) => ({ ...fault, armed: armed.get(fault.name) ?? null })),
    arm(name, setting) {
      const seconds = NOTICE_FAULTS.find((fault) => fault.name === name)?.seconds ?? 0;
      armed.set(name, { times: 1, seconds, ...setting });
    },
    disarm: (name) => void armed.delete(name),
    take(name) {
      const setting = armed.get(name) ?? null;
      if (setting === null || setting.times === "always") return setting;
      if (setting.times <= 1) armed.delete(name);
      else armed.set(name, { ...setting, times: setting.times - 1 });
      return setting;
    },
  };
}

export function openMessages({ book, now, changed }: WorldContext): Messages {
  const faults = makeFaults();

  function arrive(notice: Notice, id: string, times: number): void {
    const before = book.messages.at(-1)?.seq ?? 0;
    const at = new Date(now()).toISOString();
    const messages = Array.from({ length: times }, (_, index) => ({ seq: before + index + 1, id, at, ...notice }));
    book.commit({ messages });
    changed("messages");
  }

  return {
    faults,
    send(notice) {
      if (faults.take("noticeDown") !== null) return { kind: "down" };
      if (faults.take("noticeRefused") !== null) return { kind: "refused" };
      const { ref, provider } = notice;
      const same = ref === null ? undefined : book.messages.find((one) => one.ref === ref && one.provider === provider);
      const waitMs = (faults.take("noticeSlow")?.seconds ?? 0) * 1000;
      if (same !== undefined) return { kind: "sent", id: same.id, waitMs };
      const id = `msg-${randomBytes(8).toString("hex")}`;
      arrive(notice, id, faults.take("noticeDoubled") === null ? 1 : 2);
      return { kind: "sent", id, waitMs };
    },
    list: (after = 0) => book.messages.filter(({ seq }) => seq > after),
  };
}

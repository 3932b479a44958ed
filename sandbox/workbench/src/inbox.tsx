import type { MessageView, PhoneView } from "./api.ts";
import type { Bench } from "./use-table.ts";
import { Words, yuan } from "./words.tsx";

/** Messages of this phone, and those of nobody here, newest first. */
export function inboxOf(messages: readonly MessageView[], phone: PhoneView): MessageView[] {
  return messages.filter(({ phoneId }) => phoneId === null || phoneId === phone.id).toReversed();
}

const TIME = new Intl.DateTimeFormat("zh-CN", { timeStyle: "short", hour12: false, timeZone: "Asia/Shanghai" });

/** Text messages and WeChat notices. */
export function Inbox({ messages }: { messages: readonly MessageView[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
    <section class="inbox" tabIndex={0} aria-label="消息 Messages">
      {messages.length === 0 && <p class="empty">还没有消息</p>}
      <ol>
        {messages.map((message) => (
          <li key={message.seq} class={message.provider}>
            <p class="from">
              <b>{message.provider === "sms" ? "短信" : "微信通知"}</b>
              <span>{message.phoneId === null ? message.to : ""}</span>
              <time dateTime={message.at}>{TIME.format(new Date(message.at))}</time>
            </p>
            {message.text === null ? <Gaps message={message} /> : <p>{message.text}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A template's name with what fills its gaps: the text itself is held by the provider. */
function Gaps({ message }: { message: MessageView }) {
  return (
    <dl>
      <dt>{message.templateId}</dt>
      {Object.entries(message.params).map(([name, value]) => (
        <dd key={name}>
          {name}: {value}
        </dd>
      ))}
    </dl>
  );
}

/** The wallet's window over an order prepared in WeChat. */
export function Order(props: {
  bench: Bench;
  phone: PhoneView;
  order: PhoneView["orders"][number];
  later(prepayId: string): void;
}) {
  const { bench, phone, order, later } = props;
  const { prepayId } = order;
  const answer = async (): Promise<void> => {
    const said = await bench.act<{ err_msg: string; err_desc?: string }>(`/phones/${phone.id}/cashier`, { prepayId });
    if (said.ok && said.value.err_desc !== undefined)
      bench.say({ zh: said.value.err_desc, en: said.value.err_msg, bad: true });
  };
  return (
    <section class="password" aria-label="待付订单 Order to pay">
      <p class="ask">{order.description}</p>
      <p class="sum">{yuan(order.amountFen)}</p>
      <p class="left">{order.outTradeNo}</p>
      <button type="button" class="main" onClick={() => void answer()}>
        <Words zh="确认支付" en="Pay" />
      </button>
      <button type="button" onClick={() => later(prepayId)}>
        <Words zh="以后再付" en="Later" />
      </button>
    </section>
  );
}

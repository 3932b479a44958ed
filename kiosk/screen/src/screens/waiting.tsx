/** What is being waited for, in words; shared by reading, writing, printing and payment. */
import type { Screen } from "@citygas/kiosk-agent";
import { fill, money } from "@citygas/texts";
import type { ComponentChildren, JSX } from "preact";
import { ToneIcon } from "../components/icons.tsx";
import { Message, References } from "../components/message.tsx";
import { Qr } from "../components/qr.tsx";
import { Stage } from "../components/stage.tsx";
import { useKiosk } from "../kiosk.ts";
import { delivers } from "./words.ts";

function Waiting({
  title,
  back = false,
  children,
}: {
  title: string;
  back?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  const { t } = useKiosk();
  return (
    <Stage class="waiting" left={back ? { text: t.frame.back, action: { do: "back" } } : null}>
      <ToneIcon tone="wait" size={160} />
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </Stage>
  );
}

export function Reading(): JSX.Element {
  const { t } = useKiosk();
  return (
    <Waiting title={t.reading.title}>
      <p>{t.reading.body}</p>
    </Waiting>
  );
}

/** Nothing is paid here, so there is a way back; whoever stays is served without another touch. */
export function Yielding({ screen }: { screen: Extract<Screen, { name: "yielding" }> }): JSX.Element {
  const { t } = useKiosk();
  const words = t.yielding;
  return (
    <Waiting title={words.title} back>
      <p class="lead">{words.body}</p>
      <p class="lead">
        <strong>{words.money}</strong>
      </p>
      <p>{words.next}</p>
      <References number={screen.number} />
    </Waiting>
  );
}

export function Resuming({ screen }: { screen: Extract<Screen, { name: "resuming" }> }): JSX.Element {
  const { t, language } = useKiosk();
  return (
    <Waiting title={t.resuming.title}>
      <p class="lead">{fill(t.resuming.body, { delivers: delivers(screen.delivers, language) })}</p>
      <p class="lead">
        <strong>{t.resuming.money}</strong>
      </p>
      <References number={screen.number} />
    </Waiting>
  );
}

export function Writing({ screen }: { screen: Extract<Screen, { name: "writing" }> }): JSX.Element {
  const { t, language } = useKiosk();
  return (
    <Waiting title={screen.paid ? t.writing.paid : t.writing.title}>
      {screen.paid && <p class="lead">{t.writing.title}</p>}
      <p class="lead">{fill(t.writing.body, { delivers: delivers(screen.delivers, language) })}</p>
      <p>{t.writing.done}</p>
      <References number={screen.number} />
    </Waiting>
  );
}

export function TakingBack({ screen }: { screen: Extract<Screen, { name: "takingBack" }> }): JSX.Element {
  const { t } = useKiosk();
  const words = t.takingBack;
  return (
    <Waiting title={words.title}>
      <p class="lead">{words.body}</p>
      <p class="lead">
        <strong>{fill(words.money, { amount: money(screen.amountFen) })}</strong>
      </p>
      <References number={screen.number} />
    </Waiting>
  );
}

export function Printing(): JSX.Element {
  const { t } = useKiosk();
  return (
    <Waiting title={t.printing.title}>
      <p>{t.printing.body}</p>
    </Waiting>
  );
}

export function PayWaiting({ screen }: { screen: Extract<Screen, { name: "payWaiting" }> }): JSX.Element {
  const { t } = useKiosk();
  const words = t.payWaiting;
  const wallet = t.pay[screen.wallet];
  return (
    <Waiting title={screen.password ? words.password : words.title}>
      <p class="lead">{fill(screen.password ? words.passwordHint : words.body, { wallet })}</p>
      {screen.long && (
        <p class="notice warn">
          <ToneIcon tone="warn" size={40} />
          {words.long}
        </p>
      )}
      <p>{fill(words.stay, { wallet })}</p>
      <References number={screen.number} />
    </Waiting>
  );
}

/** Nothing to press: the answer comes by itself, and whoever has to go takes the card and the code. */
export function UnknownPayment({ screen }: { screen: Extract<Screen, { name: "unknownPayment" }> }): JSX.Element {
  const { t } = useKiosk();
  const words = t.unknownPayment;
  return (
    <Message tone="wait" title={words.title} number={screen.number} side={<Qr url={screen.url} caption={words.qr} />}>
      <p class="lead">{screen.cancelling ? words.cancelling : words.body}</p>
      <p>{words.stay}</p>
      <p>{screen.cardIn ? words.leave : words.leaveCardOut}</p>
    </Message>
  );
}

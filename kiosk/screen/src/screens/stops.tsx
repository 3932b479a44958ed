/** Where a sale ends or pauses: what happened, the money, what to do now. */
import type { Screen } from "@citygas/kiosk-agent";
import { fill, money } from "@citygas/texts";
import type { JSX } from "preact";
import { InsertCardArt } from "../art/insert-card.tsx";
import { Filled } from "../components/filled.tsx";
import { Dialog, Message } from "../components/message.tsx";
import { Qr } from "../components/qr.tsx";
import type { BarButton } from "../components/stage.tsx";
import { useKiosk } from "../kiosk.ts";
import { refusal } from "./refusal.ts";
import { delivers, isNothing, outcome } from "./words.ts";

type Of<Name extends Screen["name"]> = { screen: Extract<Screen, { name: Name }> };

function useOk(): BarButton {
  const { t } = useKiosk();
  return { text: t.frame.ok, action: { do: "ok" } };
}

export function GasOnCard({ screen }: Of<"gasOnCard">): JSX.Element {
  const { t, language } = useKiosk();
  if (isNothing(screen.gas)) return <MeterFirst screen={screen} />;
  const gas = delivers(screen.gas, language);
  const title = (
    <Filled
      text={screen.boughtOn === null ? t.gasOnCard.titleUndated : t.gasOnCard.title}
      values={{ gas: <span class="whole">{gas}</span>, date: <span class="whole">{screen.boughtOn}</span> }}
    />
  );
  return (
    <Dialog tone="info" title={title} ok={useOk()}>
      {screen.notice && <p class="lead">{outcome(screen.notice, t, language)}</p>}
      <p>{t.gasOnCard.body}</p>
      <p>{t.gasOnCard.how}</p>
      <p class="references">
        <span>
          {t.account.accountNumber} <strong>{screen.customer.accountNumber}</strong>
        </span>
      </p>
    </Dialog>
  );
}

/** The image that proved the card empty for a refund, or gas that the meter has yet to acknowledge. */
function MeterFirst({ screen }: Of<"gasOnCard">): JSX.Element {
  const { t, language } = useKiosk();
  const words = t.meterFirst;
  return (
    <Dialog tone="info" title={words.title} ok={useOk()}>
      {screen.notice && <p class="lead">{outcome(screen.notice, t, language)}</p>}
      <p>{words.body}</p>
      <p>{t.gasOnCard.how}</p>
      <p class="references">
        <span>
          {t.account.accountNumber} <strong>{screen.customer.accountNumber}</strong>
        </span>
      </p>
    </Dialog>
  );
}

export function WriteFailed({ screen }: Of<"writeFailed">): JSX.Element {
  const { t, language } = useKiosk();
  const words = t.writeFailed;
  return (
    <Message
      tone="danger"
      title={words.title}
      warning={words.warning}
      number={screen.number}
      side={<Qr url={screen.url} caption={words.qr} />}
      ok={useOk()}
    >
      <p>{words.why[screen.why]}</p>
      <p class="lead">
        <strong>{fill(words.money, { delivers: delivers(screen.delivers, language), number: screen.number })}</strong>
      </p>
      {screen.hall ? (
        <p>{words.hallOnly}</p>
      ) : (
        <ol class="ways" aria-label={words.ways}>
          <li>{words.again}</li>
          <li>{words.hall}</li>
        </ol>
      )}
    </Message>
  );
}

export function TakeBackFailed({ screen }: Of<"takeBackFailed">): JSX.Element {
  const { t } = useKiosk();
  const words = t.takeBackFailed;
  return (
    <Message
      tone="danger"
      title={words.title}
      warning={t.writeFailed.warning}
      number={screen.number}
      side={<Qr url={screen.url} caption={t.writeFailed.qr} />}
      ok={useOk()}
    >
      <p>{words.why[screen.why]}</p>
      <p class="lead">
        <strong>{fill(words.money, { number: screen.number })}</strong>
      </p>
      {screen.hall ? (
        <p>{words.hallOnly}</p>
      ) : (
        <ol class="ways" aria-label={t.writeFailed.ways}>
          <li>{words.again}</li>
          <li>{words.hall}</li>
        </ol>
      )}
    </Message>
  );
}

export function PayTimeout({ screen }: Of<"payTimeout">): JSX.Element {
  const { t } = useKiosk();
  const words = t.payTimeout;
  return (
    <Dialog
      tone={screen.confirmed ? "info" : "wait"}
      title={words.title}
      number={screen.number}
      ok={useOk()}
      side={screen.confirmed ? null : <Qr url={screen.url} caption={words.qr} size={220} />}
    >
      <p class="lead">{screen.confirmed ? words.confirmed : words.unconfirmed}</p>
    </Dialog>
  );
}

export function Cancelled({ screen }: Of<"cancelled">): JSX.Element {
  const { t } = useKiosk();
  const words = t.cancelled;
  const why = screen.refused === null ? words.by[screen.by] : words.refused[screen.refused];
  return (
    <Dialog tone="info" title={words.title} number={screen.number} ok={useOk()}>
      <p class="lead">
        {why} <strong>{words.money}</strong>
      </p>
      <p>{screen.cardIn ? words.next : words.nextCardOut}</p>
    </Dialog>
  );
}

export function Refunded({ screen }: Of<"refunded">): JSX.Element {
  const { t } = useKiosk();
  const words = t.refunded;
  if (screen.amountFen === 0 && screen.balanceFen === 0) return <NothingPaid screen={screen} />;
  const { title, body } = screen.done ? words : words.onTheWay;
  return (
    <Message
      tone={screen.done ? "ok" : "wait"}
      title={title}
      number={screen.number}
      side={<Qr url={screen.url} caption={words.qr} />}
      ok={useOk()}
    >
      {screen.amountFen > 0 && <p class="lead">{fill(body, { amount: money(screen.amountFen) })}</p>}
      {screen.balanceFen > 0 && <p class="lead">{fill(words.balance, { amount: money(screen.balanceFen) })}</p>}
      <p>{words.money}</p>
      <p>{screen.meterFirst ? words.meterFirst : words.next}</p>
    </Message>
  );
}

/** Nothing is given back where nothing was paid: what was left in an old meter, or a price that came to zero. */
function NothingPaid({ screen }: Of<"refunded">): JSX.Element {
  const { t } = useKiosk();
  const words = t.refunded.nothingPaid;
  return (
    <Message
      tone="info"
      title={words.title}
      number={screen.number}
      side={<Qr url={screen.url} caption={words.qr} />}
      ok={useOk()}
    >
      <p class="lead">{words.body}</p>
      <p>{screen.meterFirst ? t.refunded.meterFirst : t.refunded.next}</p>
    </Message>
  );
}

export function Refused({ screen }: Of<"refused">): JSX.Element {
  const { t, language } = useKiosk();
  const text = refusal(screen.code, screen.value, language, null);
  return (
    <Message tone="warn" title={t.refused.title} number={screen.number} code={text.shortCode} ok={useOk()}>
      <p class="lead">
        {text.what} {text.money !== "" && <strong>{text.money}</strong>}
      </p>
      <p class="lead">{text.next}</p>
      {screen.cardIn && <p class="card-state in">{t.takeCard.title}</p>}
    </Message>
  );
}

export function CardPulled({ screen }: Of<"cardPulled">): JSX.Element {
  const { t } = useKiosk();
  const words = t.cardPulled;
  const paid = screen.before === "write";
  return (
    <Message
      tone={paid ? "danger" : "warn"}
      title={words.title}
      number={screen.number}
      side={screen.url !== null && <Qr url={screen.url} caption={words.qr} />}
      ok={useOk()}
    >
      <p class="lead">
        <strong>{paid ? words.beforeWrite : words.beforePayment}</strong>
      </p>
      <p class="lead">{paid ? words.beforeWriteNext : words.beforePaymentNext}</p>
    </Message>
  );
}

/** Left by taking the card out, so there is nothing to press. */
export function WrongWay(): JSX.Element {
  const { t } = useKiosk();
  return (
    <Dialog tone="warn" title={t.wrongWay.title} side={<InsertCardArt label={t.insertCard.art} />}>
      <p class="lead">{t.wrongWay.body}</p>
      <p class="lead">{t.wrongWay.next}</p>
    </Dialog>
  );
}

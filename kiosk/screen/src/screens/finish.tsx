/** After the write: success, receipt, take the card. */
import type { Screen } from "@citygas/kiosk-agent";
import { fill } from "@citygas/texts";
import type { JSX } from "preact";
import { InsertCardArt } from "../art/insert-card.tsx";
import { MeterArt } from "../art/meter.tsx";
import { ToneIcon } from "../components/icons.tsx";
import { Dialog, Message, References } from "../components/message.tsx";
import { Qr } from "../components/qr.tsx";
import { Ring } from "../components/ring.tsx";
import { Stage } from "../components/stage.tsx";
import { useKiosk } from "../kiosk.ts";
import { delivers } from "./words.ts";

export function Success({ screen }: { screen: Extract<Screen, { name: "success" }> }): JSX.Element {
  const { t, language, limit } = useKiosk();
  const words = t.success;
  const finish = { text: words.finish, action: { do: "done" } } as const;
  const print = { text: words.print, action: { do: "print" } } as const;
  return (
    <Stage
      class="success"
      left={screen.printable ? finish : null}
      right={screen.printable ? print : finish}
      side={
        <section class="payable-panel">
          <MeterArt label={words.art} />
          <p>{words.loadMeter}</p>
        </section>
      }
    >
      <p class="headline">
        <ToneIcon tone="ok" size={96} />
        {words.headline}
      </p>
      <p class="delivered">
        {words.delivers} <strong class="figures">{delivers(screen.delivers, language)}</strong>
      </p>
      <h1 tabIndex={-1}>{screen.printable ? words.title : words.titleNoReceipt}</h1>
      <p class={screen.cardIn ? "card-state in" : "card-state"}>
        {screen.cardIn ? words.takeCard : words.cardOut}
        {!screen.printable && <span> · {words.cannotPrint}</span>}
      </p>
      <p class="closing">
        <Ring size={88} />
        {limit && fill(words.closing, { seconds: limit.seconds })}
      </p>
      <References number={screen.number} />
    </Stage>
  );
}

export function Printed({ screen }: { screen: Extract<Screen, { name: "printed" }> }): JSX.Element {
  const { t, limit } = useKiosk();
  return (
    <Dialog tone="ok" title={t.printed.title} ok={{ text: t.frame.ok, action: { do: "ok" } }}>
      {!screen.cardIn && <p>{t.printed.cardOut}</p>}
      {limit && <p class="muted">{fill(t.success.closing, { seconds: limit.seconds })}</p>}
    </Dialog>
  );
}

export function PrintFailed({ screen }: { screen: Extract<Screen, { name: "printFailed" }> }): JSX.Element {
  const { t } = useKiosk();
  const words = t.printFailed;
  return (
    <Message
      tone="warn"
      title={words.title}
      code={words.codes[screen.reason]}
      side={<Qr url={screen.url} caption={words.qr} />}
      ok={{ text: t.frame.ok, action: { do: "ok" } }}
    >
      <p class="lead">{words.reasons[screen.reason]}</p>
      <p class="lead">
        <strong>{words.money}</strong>
      </p>
      <p>{words.next}</p>
      {screen.cardIn && <p class="card-state in">{t.success.takeCard}</p>}
    </Message>
  );
}

export function TakeCard(): JSX.Element {
  const { t } = useKiosk();
  return (
    <Stage class="insert">
      <h1 tabIndex={-1}>{t.takeCard.title}</h1>
      <InsertCardArt label={t.takeCard.art} out />
      <p>{t.takeCard.body}</p>
    </Stage>
  );
}

/** Before a sale: home, notices, out of service, insert. */
import type { Screen } from "@citygas/kiosk-agent";
import { fill } from "@citygas/texts";
import type { JSX } from "preact";
import { InsertCardArt } from "../art/insert-card.tsx";
import { chinaTime } from "../clock.ts";
import { Button } from "../components/button.tsx";
import { CardGlyph, ToneIcon } from "../components/icons.tsx";
import { Message } from "../components/message.tsx";
import { Stage } from "../components/stage.tsx";
import { useKiosk } from "../kiosk.ts";

export function Home(): JSX.Element {
  const { t, paper } = useKiosk();
  return (
    <Stage class="home">
      <h1 tabIndex={-1}>{t.home.title}</h1>
      <Button kind="primary" class="buy" action={{ do: "start" }}>
        <CardGlyph size={120} />
        <span class="buy-name">{t.home.buy}</span>
        <span class="buy-hint">{t.home.buyHint}</span>
      </Button>
      <p class="query">{t.home.query}</p>
      <Button class="notes-button" action={{ do: "notes" }}>
        <ToneIcon tone="info" size={48} />
        {t.home.notes}
      </Button>
      {paper !== "ok" && (
        <p class="notice warn">
          <ToneIcon tone="warn" size={40} />
          {t.frame.paper[paper]}
        </p>
      )}
    </Stage>
  );
}

export function Notes(): JSX.Element {
  const { t } = useKiosk();
  return (
    <Stage left={{ text: t.frame.back, action: { do: "back" } }} class="notes">
      <h1 tabIndex={-1}>{t.notes.title}</h1>
      <ol class="notes-list">
        {t.notes.items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ol>
    </Stage>
  );
}

export function OutOfService({ screen }: { screen: Extract<Screen, { name: "outOfService" }> }): JSX.Element {
  const { t } = useKiosk();
  const words = t.outOfService;
  return (
    <Message tone="warn" title={words.title} code={words.codes[screen.reason]}>
      <p class="lead">
        {words[screen.reason]} <strong>{words.money}</strong>
      </p>
      <p>{words.next}</p>
      <p class="muted">{fill(words.since, { time: chinaTime(screen.since).time.slice(0, 5) })}</p>
    </Message>
  );
}

export function InsertCard(): JSX.Element {
  const { t } = useKiosk();
  return (
    <Stage
      left={{ text: t.frame.back, action: { do: "back" } }}
      right={{ text: t.frame.ok, action: { do: "confirmInsert" } }}
      class="insert"
    >
      <p class="welcome">{t.insertCard.welcome}</p>
      <h1 tabIndex={-1}>{t.insertCard.title}</h1>
      <InsertCardArt label={t.insertCard.art} chip={t.insertCard.chip} />
      <p>{t.insertCard.hint}</p>
    </Stage>
  );
}

import { useState } from "preact/hooks";
import type { CardView, KioskId } from "./api.ts";
import { draggable } from "./drag.ts";
import { Chip, Flame } from "./drawings.tsx";
import { NewCard } from "./new-card.tsx";
import type { Bench } from "./use-table.ts";
import { Station, Words } from "./words.tsx";

const PLACE = { "kiosk-1": "在一号机", "kiosk-2": "在二号机", "desk-1": "在柜台" } as const;

/** Cards on the table: drag one to a slot or the meter, or choose it and press a button. */
export function Tray(props: { bench: Bench; kiosks: readonly KioskId[]; toMeter: (card: string) => void }) {
  const { bench, kiosks, toMeter } = props;
  const [chosen, setChosen] = useState<string | null>(null);
  const add = (
    <button type="button" class="small" onClick={() => void bench.act("/cards")}>
      新空白卡
    </button>
  );
  return (
    <Station name="tray" zh="卡盘" en="Cards" tools={add}>
      <ul class="cards">
        {bench.table.cards.map((card) => (
          <li key={card.id}>
            <Card
              card={card}
              chosen={card.id === chosen}
              choose={() => setChosen(card.id === chosen ? null : card.id)}
            />
            {card.id === chosen && <CardActions card={card} bench={bench} kiosks={kiosks} toMeter={toMeter} />}
          </li>
        ))}
      </ul>
    </Station>
  );
}

function Card({ card, chosen, choose }: { card: CardView; chosen: boolean; choose: () => void }) {
  const away = card.reader !== null;
  const own = card.content !== null;
  return (
    <button
      type="button"
      class={`card kind-${card.kind}${away ? " away" : ""}`}
      aria-expanded={chosen}
      onClick={choose}
      {...draggable("card", card.id, !away)}
    >
      {card.kind === "mute" ? <span class="stripe" aria-hidden="true" /> : <Chip />}
      {own && <Flame />}
      <span class="card-label">{card.label}</span>
      <span class="card-number">{card.accountNumber ?? card.content?.cardNumber ?? card.id}</span>
      <span class="card-summary" title={card.summary.en}>
        {card.summary.zh}
      </span>
      {card.secretState === "worn" && <span class="tag bad">密码错过</span>}
      {card.secretState === "locked" && <span class="tag bad">已锁死</span>}
      {card.reader !== null && <span class="tag here">{PLACE[card.reader]}</span>}
    </button>
  );
}

function CardActions(props: {
  card: CardView;
  bench: Bench;
  kiosks: readonly KioskId[];
  toMeter: (card: string) => void;
}) {
  const { card, bench, kiosks, toMeter } = props;
  if (card.reader !== null) {
    return (
      <div class="actions">
        <button type="button" onClick={() => void bench.act(`/cards/${card.id}/remove`)}>
          <Words zh="拔出" en="Take out" />
        </button>
      </div>
    );
  }
  const insert = (reader: KioskId, upsideDown: boolean) =>
    void bench.act(`/cards/${card.id}/insert`, { reader, upsideDown });
  return (
    <div class="actions">
      {kiosks.map((kiosk) => (
        <button key={kiosk} type="button" class="main" onClick={() => insert(kiosk, false)}>
          <Words zh={kiosks.length === 1 ? "插入" : kiosk === "kiosk-1" ? "插入一号机" : "插入二号机"} en="Insert" />
        </button>
      ))}
      {kiosks.slice(0, 1).map((kiosk) => (
        <button key={kiosk} type="button" onClick={() => insert(kiosk, true)}>
          <Words zh="反插" en="Wrong way" />
        </button>
      ))}
      <button type="button" onClick={() => toMeter(card.id)}>
        <Words zh="上表" en="To meter" />
      </button>
      {card.content !== null && <NewCard card={card} bench={bench} />}
    </div>
  );
}

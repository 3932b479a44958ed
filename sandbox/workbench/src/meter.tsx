import { useState } from "preact/hooks";
import type { MeterView } from "./api.ts";
import { takes } from "./drag.ts";
import { MeterDrawing } from "./drawings.tsx";
import { ReplaceButton, Successor, TakenDown } from "./replacement.tsx";
import type { Bench } from "./use-table.ts";
import { amount, cubicMetres, Station, Words } from "./words.tsx";

interface Said {
  zh: string;
  en: string;
  bad: boolean;
}

export interface MeterHand {
  meter: MeterView | undefined;
  choose(id: string): void;
  said: Said | null;
  insert(card: string): void;
}

/** Which meter is looked at, and what its screen said last. */
export function useMeter(bench: Bench): MeterHand {
  const [id, setId] = useState<string | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const { meters, cards } = bench.table;
  const meter = meters.find((one) => one.id === id) ?? meters[0];

  /** The meter that card belongs to, as the person at home has it before them; else the one looked at. */
  const meterOf = (cardId: string): MeterView | undefined => {
    const content = cards.find((one) => one.id === cardId)?.content;
    const own = meters.find(
      ({ boundTo }) => boundTo?.cardNumber === content?.cardNumber && boundTo?.areaCode === content?.areaCode,
    );
    const hangs = (one: MeterView | undefined): MeterView | undefined => {
      const next = meters.find((each) => each.id === one?.replacedBy);
      return next === undefined ? one : hangs(next);
    };
    return hangs(id === null ? (own ?? meter) : meter);
  };
  const insert = async (card: string): Promise<void> => {
    const into = meterOf(card);
    if (into === undefined) return;
    setId(into.id);
    const sent = await bench.act<{ zh: string; en: string; pulled: boolean; verdict: { kind: string } }>(
      `/meters/${into.id}/insert-card`,
      { card },
    );
    if (!sent.ok) return;
    const { zh, en, pulled, verdict } = sent.value;
    const bad = pulled || (verdict.kind !== "credited" && verdict.kind !== "alreadyTaken");
    setSaid(pulled ? { zh: `${zh}，卡过早拔出`, en: `${en}, pulled early`, bad } : { zh, en, bad });
  };
  const choose = (wanted: string): void => {
    setId(wanted);
    setSaid(null);
  };
  return { meter, choose, said, insert: (card) => void insert(card) };
}

/** The meter on the wall: figures, valve, and the slot the card goes into. */
export function Meter({ bench, hand }: { bench: Bench; hand: MeterHand }) {
  const { meter, said } = hand;
  const { meters } = bench.table;
  const chooser = meters.length > 1 && (
    <select
      aria-label="哪一只表 Which meter"
      value={meter?.id}
      onChange={(event) => hand.choose(event.currentTarget.value)}
    >
      {meters.map(({ id, label, replacedBy }) => (
        <option key={id} value={id}>
          {replacedBy === null ? label : `已拆下 · ${label}`}
        </option>
      ))}
    </select>
  );
  return (
    <Station name="meter" zh="燃气表" en="Meter" tools={chooser}>
      {meter === undefined ? (
        <p class="empty">没有表</p>
      ) : meter.replacedBy !== null ? (
        <div class="wall">
          <Face meter={meter} />
          <TakenDown meter={meter} bench={bench} choose={hand.choose} />
        </div>
      ) : (
        <div class="wall" {...takes("card", hand.insert)}>
          <Face meter={meter} />
          <Burn meter={meter} bench={bench} choose={hand.choose} />
          <p class={said?.bad === true ? "said bad" : "said"} role="status">
            {said === null ? <Hint meter={meter} meters={meters} /> : <Words {...said} />}
          </p>
          <Successor meter={meter} bench={bench} choose={hand.choose} />
        </div>
      )}
    </Station>
  );
}

function Hint({ meter, meters }: { meter: MeterView; meters: readonly MeterView[] }) {
  const isNew = meter.boundTo === null && meters.some(({ replacedBy }) => replacedBy === meter.id);
  if (!isNew) return <Words zh="把卡拖到表上，等嘀声" en="Drag a card here" />;
  return <Words zh="新表：先插营业厅补写的新卡" en="The new card goes in first" />;
}

function Face({ meter }: { meter: MeterView }) {
  const open = meter.valve === "open";
  return (
    <div class="face">
      <MeterDrawing open={open} down={meter.replacedBy !== null} />
      <dl>
        <div class="register">
          <dt>读数</dt>
          <dd>
            {cubicMetres(meter.registerL)} <small>m³</small>
          </dd>
        </div>
        <div>
          <dt>剩余</dt>
          <dd class={meter.warning ? "bad" : ""}>{amount(meter.remaining, meter.unit)}</dd>
        </div>
        <div>
          <dt>次数</dt>
          <dd>{meter.count}</dd>
        </div>
        {meter.replacedBy === null && (
          <div>
            <dt>阀门</dt>
            <dd class={open ? "" : "bad"}>
              {open ? "开" : meter.closedBy === "factory" ? "关（未开通）" : "关（已用完）"}
            </dd>
          </div>
        )}
        {meter.price !== null && (
          <div>
            <dt>单价</dt>
            <dd>
              {(meter.price.nowE4 / 10_000).toFixed(2)}
              {meter.price.next !== null && (
                <small>
                  {" "}
                  {meter.price.next.from.slice(5)} 起 {(meter.price.next.priceE4 / 10_000).toFixed(2)}
                </small>
              )}
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}

const BURN_L = 1_000;
/** What a stove and a boiler burn together, and nothing. */
const RATE_L = 2_000;

function Burn({ meter, bench, choose }: { meter: MeterView; bench: Bench; choose(id: string): void }) {
  const burning = meter.rateLPerHour > 0;
  const litresPerHour = burning ? 0 : RATE_L;
  return (
    <p class="burns">
      <button
        type="button"
        class="small burn"
        onClick={() => void bench.act(`/meters/${meter.id}/consume`, { volumeL: BURN_L })}
      >
        用气 1 方
      </button>
      <button
        type="button"
        class="small burn"
        aria-pressed={burning}
        onClick={() => void bench.put("PUT", `/meters/${meter.id}/rate`, { litresPerHour })}
      >
        {burning ? "关火" : "一直用气"}
      </button>
      <ReplaceButton meter={meter} bench={bench} choose={choose} />
    </p>
  );
}

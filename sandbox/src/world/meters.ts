import { advance, burn, withRate } from "../meter/consumption.ts";
import { loadCard, type Pull } from "../meter/loading.ts";
import type { MeterVerdict } from "../meter/meter.ts";
import { amountText, verdictText } from "../meter/words.ts";
import type { MeterRow } from "../state/rows.ts";
import type { Cards, TableCard } from "./cards.ts";
import { done, type Outcome, refused, type WorldContext } from "./context.ts";
import type { DeviceFaults } from "./device-faults.ts";

export type InsertVerdict = MeterVerdict | { kind: "unreadable" };

export interface MeterInsertion {
  meter: MeterRow;
  verdict: InsertVerdict;
  zh: string;
  en: string;
  /** The card was pulled before the meter was done with it. */
  pulled: boolean;
}

export interface Meters {
  /** As they are now: what burns all the time has burnt. */
  all(): MeterRow[];
  find(id: string): MeterRow | undefined;
  add(meter: MeterRow): Outcome<MeterRow>;
  /** Puts a card in, waits for the beep (or pulls it earlier), takes it out. */
  insertCard(meterId: string, cardId: string, pull: Pull): Outcome<MeterInsertion>;
  /** Gas burnt at once: up to `volumeL`, less when the valve closes on the way. */
  consume(meterId: string, volumeL: number): Outcome<MeterRow>;
  /** Gas burnt all the time from now on. */
  setRate(meterId: string, rateLPerHour: number): Outcome<MeterRow>;
}

const METERS_MAX = 10_000;

export function openMeters(context: WorldContext, cards: Cards, faults: DeviceFaults): Meters {
  const { book, story, changed, now } = context;

  function write(meter: MeterRow): MeterRow {
    book.commit({ meters: [meter] });
    changed("meters");
    return meter;
  }

  function find(id: string): MeterRow | undefined {
    const meter = book.meters.get(id);
    return meter && advance(meter, now());
  }

  function load(meter: MeterRow, card: TableCard, pull: Pull): MeterInsertion {
    const loaded = card.mute
      ? { meter, verdict: { kind: "unreadable" } as const, pulled: false }
      : loadCard(meter, card.chip, pull, write);
    cards.save(card);
    const unreadable = { zh: "读不了这张卡", en: "Card not readable" };
    const said = loaded.verdict.kind === "unreadable" ? unreadable : verdictText(loaded.verdict, meter.unit);
    return { ...loaded, ...said };
  }

  return {
    all: () => [...book.meters.values()].map((meter) => advance(meter, now())),
    find,
    add(meter) {
      if (book.meters.has(meter.id) || book.meters.size >= METERS_MAX) return refused("idTaken");
      return done(write(meter));
    },
    insertCard(meterId, cardId, wanted) {
      const meter = find(meterId);
      const card = cards.find(cardId);
      if (meter === undefined) return refused("unknownMeter");
      if (card === undefined) return refused("unknownCard");
      if (cards.readerOf(card) !== null) return refused("cardInReader");
      const insertion = load(meter, card, faults.take("meterPulledEarly") ? "afterCredit" : wanted);
      const early = insertion.pulled ? { zh: "，卡过早拔出", en: ", card pulled early" } : { zh: "", en: "" };
      const zh = `${card.label} 插入 ${meter.label}：${insertion.zh}${early.zh}`;
      story.tell("meter", meterId, zh, `${card.label} in ${meter.label}: ${insertion.en}${early.en}`);
      return done(insertion);
    },
    consume(meterId, volumeL) {
      const meter = find(meterId);
      if (meter === undefined) return refused("unknownMeter");
      const burnt = burn(meter, volumeL);
      const used = amountText(burnt.volumeL, "volume");
      const closed = burnt.meter.valve === "closed" ? { zh: "，阀门已关", en: ", valve closed" } : { zh: "", en: "" };
      const zh = `${meter.label} 用气 ${used.zh}${closed.zh}`;
      story.tell("meter", meterId, zh, `${meter.label} burnt ${used.en}${closed.en}`);
      return done(write(burnt.meter));
    },
    setRate(meterId, rateLPerHour) {
      const meter = find(meterId);
      if (meter === undefined) return refused("unknownMeter");
      const perHour = amountText(rateLPerHour, "volume");
      story.tell(
        "meter",
        meterId,
        `${meter.label} 每小时用气 ${perHour.zh}`,
        `${meter.label} burns ${perHour.en} an hour`,
      );
      return done(write(withRate(meter, rateLPerHour, now())));
    },
  };
}

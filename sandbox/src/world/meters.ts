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
  /** 换表: the fitter takes it off the wall, with what it said last on its display, and mounts a new one of its kind. */
  replace(meterId: string): Outcome<Replaced>;
  /** Undone: the old one hangs there again, and the new one, which has known no card, is back in its box. */
  putBack(meterId: string): Outcome<MeterRow>;
}

export interface Replaced {
  old: MeterRow;
  fresh: MeterRow;
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

  /** As it is now, where it hangs on the wall. */
  function onTheWall(id: string): Outcome<MeterRow> {
    const meter = find(id);
    if (meter === undefined) return refused("unknownMeter");
    return meter.replacedBy === undefined ? done(meter) : refused("meterTakenDown");
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
      const found = onTheWall(meterId);
      const card = cards.find(cardId);
      if (!found.ok) return found;
      const meter = found.value;
      if (card === undefined) return refused("unknownCard");
      if (cards.readerOf(card) !== null) return refused("cardInReader");
      const insertion = load(meter, card, faults.take("meterPulledEarly") ? "afterCredit" : wanted);
      const early = insertion.pulled ? { zh: "，卡过早拔出", en: ", card pulled early" } : { zh: "", en: "" };
      const zh = `${card.label} 插入 ${meter.label}：${insertion.zh}${early.zh}`;
      story.tell("meter", meterId, zh, `${card.label} in ${meter.label}: ${insertion.en}${early.en}`);
      return done(insertion);
    },
    consume(meterId, volumeL) {
      const found = onTheWall(meterId);
      if (!found.ok) return found;
      const meter = found.value;
      const burnt = burn(meter, volumeL);
      const used = amountText(burnt.volumeL, "volume");
      const closed = burnt.meter.valve === "closed" ? { zh: "，阀门已关", en: ", valve closed" } : { zh: "", en: "" };
      const zh = `${meter.label} 用气 ${used.zh}${closed.zh}`;
      story.tell("meter", meterId, zh, `${meter.label} burnt ${used.en}${closed.en}`);
      return done(write(burnt.meter));
    },
    setRate(meterId, rateLPerHour) {
      const found = onTheWall(meterId);
      if (!found.ok) return found;
      const meter = found.value;
      const perHour = amountText(rateLPerHour, "volume");
      story.tell(
        "meter",
        meterId,
        `${meter.label} 每小时用气 ${perHour.zh}`,
        `${meter.label} burns ${perHour.en} an hour`,
      );
      return done(write(withRate(meter, rateLPerHour, now())));
    },
    replace(meterId) {
      const found = onTheWall(meterId);
      if (!found.ok) return found;
      const fresh = successor(found.value, book.meters);
      if (book.meters.size >= METERS_MAX) return refused("idTaken");
      const old = { ...withRate(found.value, 0, now()), replacedBy: fresh.id };
      book.commit({ meters: [old, fresh] });
      changed("meters");
      const left = amountText(old.remaining, old.unit);
      const { zh, en } = amountText(old.registerL, "volume");
      story.tell(
        "meter",
        meterId,
        `${old.label} 已拆下，换上 ${fresh.label}；旧表读数 ${zh}，剩余 ${left.zh}，次数 ${old.count}`,
        `${old.label} is off the wall, ${fresh.label} hangs there; the old one says ${en}, ${left.en} left, count ${old.count}`,
      );
      return done({ old, fresh });
    },
    putBack(meterId) {
      const old = find(meterId);
      if (old === undefined) return refused("unknownMeter");
      const { replacedBy, ...back } = old;
      if (replacedBy === undefined) return refused("meterOnTheWall");
      const fresh = book.meters.get(replacedBy);
      if (fresh?.boundTo !== null || fresh.replacedBy !== undefined) return refused("newMeterInUse");
      book.commit({ meters: [back], metersGone: [fresh.id] });
      changed("meters");
      story.tell("meter", meterId, `撤销换表：${old.label} 挂回墙上`, `Undone: ${old.label} hangs on the wall again`);
      return done(back);
    },
  };
}

/** Fresh from the factory, of the same kind; its id is the number on its face. */
function successor(old: MeterRow, taken: ReadonlyMap<string, MeterRow>): MeterRow {
  let number = 1;
  while (taken.has(`new-meter-${number}`)) number += 1;
  const [, place = "1", name = old.label] = /^(?:第(\d+)只 · )?(.*)$/.exec(old.label) ?? [];
  const label = `第${Number(place) + 1}只 · ${name}`;
  const { device, unit, layout } = old;
  return factoryMeter({ id: `new-meter-${number}`, label, device, unit, ...(layout && { layout }) });
}

/** Bound to nobody, empty, its valve closed until a card opens it. */
export function factoryMeter(made: Pick<MeterRow, "id" | "label" | "device" | "unit" | "layout" | "price">): MeterRow {
  const zero = { replacement: 0, count: 0, totalCredited: 0, remaining: 0, registerL: 0 };
  return { ...made, boundTo: null, ...zero, valve: "closed", closedBy: "factory", batteryLow: false };
}

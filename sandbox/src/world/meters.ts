import { SECRET_BYTES, type Sle4442 } from "../chip/sle4442.ts";
import { bytesOf } from "../hex.ts";
import { amountText, type MeterOutcome, type MeterVerdict, takeCard, verdictText } from "../meter/meter.ts";
import { RETURN } from "../meter/open-b.ts";
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
  /** The card was pulled before the return area was whole. */
  pulled: boolean;
}

export interface Meters {
  all(): MeterRow[];
  find(id: string): MeterRow | undefined;
  add(meter: MeterRow): Outcome<MeterRow>;
  /** Puts a card in, waits for the beep (or pulls it after that many bytes of the return area), takes it out. */
  insertCard(meterId: string, cardId: string, pullAfterBytes: number | null): Outcome<MeterInsertion>;
  /** Gas burnt: litres through the register, and what a meter that prices by itself takes for them. */
  use(meterId: string, volumeL: number, amountFen: number): Outcome<MeterRow>;
}

const METERS_MAX = 10_000;

/** The meter's security module knows the card's code; here it takes it from the chip. False: the chip is locked. */
function presentSecret(chip: Sle4442): boolean {
  chip.powerOff();
  if (!chip.payAttempt()) return false;
  const secret = bytesOf(chip.state().secretHex);
  for (let index = 0; index < SECRET_BYTES; index += 1) chip.compare(index, secret[index] ?? 0);
  return chip.eraseErrorCounter();
}

/** Writes from byte 128 on; true when the card was pulled before the end. */
function writeReturnArea(chip: Sle4442, bytes: Uint8Array, pullAfterBytes: number | null): boolean {
  for (const [index, value] of bytes.entries()) {
    const pulled = index === pullAfterBytes;
    for (const step of chip.updateSteps(RETURN.from + index, value)) {
      if (pulled && step === "program") return true;
      chip.apply(step, RETURN.from + index, value);
    }
    if (pulled) return true;
  }
  return false;
}

export function openMeters(context: WorldContext, cards: Cards, faults: DeviceFaults): Meters {
  const { book, story, changed } = context;

  function write(meter: MeterRow): MeterRow {
    book.commit({ meters: [meter] });
    changed("meters");
    return meter;
  }

  function unreadable(meter: MeterRow): MeterInsertion {
    return { meter, verdict: { kind: "unreadable" }, zh: "读不了这张卡", en: "Card not readable", pulled: false };
  }

  function load(meter: MeterRow, card: TableCard, pullAfterBytes: number | null): MeterInsertion {
    if (card.mute || !presentSecret(card.chip)) return unreadable(meter);
    const outcome: MeterOutcome = takeCard(meter, card.chip.read());
    // The meter counts first: whatever happens to the card now, this number is taken.
    if (outcome.returnArea !== null) write(outcome.meter);
    const pulled = outcome.returnArea !== null && writeReturnArea(card.chip, outcome.returnArea, pullAfterBytes);
    card.chip.powerOff();
    cards.save(card);
    const { zh, en } = verdictText(outcome.verdict, meter.unit);
    return { meter: outcome.meter, verdict: outcome.verdict, zh, en, pulled };
  }

  return {
    all: () => [...book.meters.values()],
    find: (id) => book.meters.get(id),
    add(meter) {
      if (book.meters.has(meter.id) || book.meters.size >= METERS_MAX) return refused("idTaken");
      return done(write(meter));
    },
    insertCard(meterId, cardId, pullAfterBytes) {
      const meter = book.meters.get(meterId);
      const card = cards.find(cardId);
      if (meter === undefined) return refused("unknownMeter");
      if (card === undefined) return refused("unknownCard");
      if (cards.readerOf(card) !== null) return refused("cardInReader");
      const pull = faults.take("meterPulledEarly") ? 0 : pullAfterBytes;
      const insertion = load(meter, card, pull);
      const early = insertion.pulled ? { zh: "，卡过早拔出", en: ", card pulled early" } : { zh: "", en: "" };
      const zh = `${card.label} 插入 ${meter.label}：${insertion.zh}${early.zh}`;
      story.tell("meter", meterId, zh, `${card.label} in ${meter.label}: ${insertion.en}${early.en}`);
      return done(insertion);
    },
    use(meterId, volumeL, amountFen) {
      const meter = book.meters.get(meterId);
      if (meter === undefined) return refused("unknownMeter");
      const taken = meter.unit === "volume" ? volumeL : amountFen;
      const remaining = meter.remaining - taken;
      const valve = remaining > 0 ? meter.valve : "closed";
      const used = amountText(volumeL, "volume");
      story.tell("meter", meterId, `${meter.label} 用气 ${used.zh}`, `${meter.label} burnt ${used.en}`);
      return done(write({ ...meter, registerL: meter.registerL + volumeL, remaining, valve }));
    },
  };
}

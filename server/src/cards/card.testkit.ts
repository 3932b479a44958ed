/** A memory card in a hand, a reader that carries scripts out step by step, and the meter the card goes into. */
import {
  type CardScript,
  cpuCryptogram,
  cpuMac,
  fromHex,
  type LayoutDriver,
  type ScriptReport,
  type StepFailure,
  sameBytes,
  toHex,
  withReturnArea,
} from "@citygas/gascard";

export interface TestCard {
  number: string;
  driver: LayoutDriver;
  image: Uint8Array;
  counter: number;
  /** What the chip opens to. */
  secret: string;
  /** The next change of secret is torn after so many of the chip's steps (`changeSteps`: after them, and before it is proven). */
  cutChange?: number;
  meter: TestMeter;
}

/** `left`: what is in it; left out, it has always the same. `fresh`: bound to no card yet. */
export interface TestMeter {
  count: number;
  total: number;
  left?: number;
  fresh?: boolean;
  /** Cards before this one are old. */
  replacement?: number;
}

/** Each version of it, of every card; no byte of one is a byte of the next. */
export const cardSecret = (version: number): string => (0xa1b2c3 + version * 0x01_01_01).toString(16);
/** A change of secret erases and programs each of its three bytes. */
export const changeSteps = 6;
/** The seller's key of every CPU card here. */
export const sealKey = Uint8Array.from({ length: 16 }, (_, i) => 0x40 + i);
/** By which every CPU card here proves itself. */
export const proofKey = Uint8Array.from({ length: 16 }, (_, i) => 0x60 + i);
export const testKeys = {
  cardSecret: async (_number: string, secret?: { version: number }): Promise<string> =>
    cardSecret(secret?.version ?? 0),
  seals: (_cipher: "tripleDes" | "sm4"): boolean => true,
  cardMac: async (_number: string, cipher: "tripleDes" | "sm4", challenge: Uint8Array, input: Uint8Array) =>
    cpuMac(cipher, sealKey, challenge, input),
  cardProves: async (_number: string, cipher: "tripleDes" | "sm4", challenge: Uint8Array, answer: Uint8Array) =>
    sameBytes(cpuCryptogram(cipher, proofKey, challenge), answer),
};

/** The chip that the issuing desk writes. */
export const issuedCard = (old: TestCard, imageHex: string, secret: string): TestCard => ({
  ...old,
  image: fromHex(imageHex) ?? new Uint8Array(),
  counter: 7,
  secret,
});

/** A card whose `count` purchases its meter has taken, `total` in all. */
export function testCard(driver: LayoutDriver, number: string, count = 0, total = 0, ceiling = 0): TestCard {
  const image = driver.format({
    cardNumber: number,
    areaCode: "0996",
    role: "user",
    replacement: 0,
    count,
    totalCredited: total,
    meterCeiling: ceiling,
  });
  const card: TestCard = { number, driver, image, counter: 7, secret: cardSecret(0), meter: { count, total } };
  return count === 0 ? card : { ...card, image: returned(card) };
}

const returned = ({ image, meter }: TestCard): Uint8Array =>
  withReturnArea(image, {
    count: meter.count,
    totalCredited: meter.total,
    registerL: 31_480,
    remaining: meter.left ?? 3_520,
    valve: "open",
    batteryLow: false,
  });

/**
 * The card goes into its meter. Class B: the next count is taken; class A: a higher total; everything else is left alone.
 * Cards of one household share the meter. A fresh one takes number and total over from the first card's return area.
 */
export function intoMeter(card: TestCard): void {
  const found = card.driver.purchaseArea(card.image);
  if (found === null) return;
  const { meter, driver } = card;
  const replacement = driver.identify(card.image)?.replacement ?? 0;
  if (replacement < (meter.replacement ?? 0)) return;
  if (meter.replacement !== undefined) meter.replacement = replacement;
  if (meter.fresh === true) Object.assign(meter, { fresh: false, ...beginsWith(card) });
  const before = meter.total;
  if (driver.cardClass === "C") {
    meter.count = found.count;
    meter.total += found.amount;
  } else if (found.total !== null && found.total >= meter.total) {
    meter.count = found.count;
    meter.total = found.total;
  } else if (found.total === null && found.count === meter.count + 1) {
    meter.count = found.count;
    meter.total += found.amount;
  }
  if (meter.left !== undefined) meter.left += meter.total - before;
  card.image = returned(card);
}

/** By the pages of docs/cards, which hold for the area as the issuer leaves it as well. */
function beginsWith({ driver, image }: TestCard): { count: number; total: number } {
  if (driver.returnArea(image) === "bad") return { count: 0, total: 0 };
  const { offset, length } = driver.areas.returned;
  const area = new DataView(image.buffer, image.byteOffset + offset, length);
  return { count: area.getUint16(16), total: area.getUint32(8, true) };
}

/** @param pullAfter bytes that still get written; the card is pulled while the next one is. */
export function runScript(card: TestCard, script: CardScript, powerUpId: string, pullAfter = Infinity): ScriptReport {
  let left = pullAfter;
  const results: ScriptReport["results"] = [];
  const stop = (step: number, reason: StepFailure): ScriptReport => ({
    scriptId: script.id,
    powerUpId,
    results,
    failure: { step, reason },
  });
  for (const [step, todo] of script.steps.entries()) {
    switch (todo.op) {
      case "select":
        results.push({ step });
        break;
      case "read": {
        const data = toHex(card.image.subarray(todo.offset, todo.offset + todo.length));
        results.push({ step, data });
        if (todo.expect !== undefined && todo.expect !== data) return stop(step, "mismatch");
        break;
      }
      case "counter":
        results.push({ step, counter: card.counter });
        if (todo.expect !== undefined && todo.expect !== card.counter) return stop(step, "mismatch");
        break;
      case "present":
        if (todo.secret !== card.secret) {
          card.counter >>= 1;
          return stop(step, "wrongSecret");
        }
        // Pulled in the middle of it, one try stays used.
        if (left <= 0 && pullAfter === -1) {
          card.counter = 3;
          return stop(step, "removed");
        }
        card.counter = 7;
        results.push({ step, counter: 7 });
        break;
      case "write": {
        const data = fromHex(todo.data) ?? new Uint8Array();
        for (const [at, byte] of data.entries()) {
          if (left <= 0) {
            card.image = withByte(card.image, todo.offset + at, 0xff);
            return stop(step, "removed");
          }
          left -= 1;
          card.image = withByte(card.image, todo.offset + at, byte);
        }
        results.push({ step, data: todo.data });
        break;
      }
      case "rekey": {
        const cut = card.cutChange;
        delete card.cutChange;
        card.secret = changed(card.secret, todo.secret, cut ?? changeSteps);
        if (cut !== undefined) return stop(step, "removed");
        results.push({ step, counter: 7 });
        break;
      }
      case "erase":
      case "exchange":
      case "seal":
        throw new Error(`no ${todo.op} on this card`);
    }
  }
  return { scriptId: script.id, powerUpId, results };
}

function changed(old: string, next: string, steps: number): string {
  return [0, 1, 2].map((byte) => byteAfter(steps - 2 * byte, old, next, byte * 2)).join("");
}
function byteAfter(steps: number, old: string, next: string, at: number): string {
  if (steps <= 0) return old.slice(at, at + 2);
  return steps === 1 ? "ff" : next.slice(at, at + 2);
}

function withByte(image: Uint8Array, at: number, byte: number): Uint8Array {
  const next = image.slice();
  next[at] = byte;
  return next;
}

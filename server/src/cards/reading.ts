/** A probe's image in the words of the insertion decision: which card, what is on it, how sound it is. */
import {
  type CardRead,
  type CardState,
  dayOf,
  type ImageClass,
  type MeterPrice,
  type MeterRoom,
  never,
  type Purchase,
} from "@citygas/core";
import {
  type CardAmount,
  type CardFacts,
  type CardScript,
  type ChipKind,
  chipOfAtr,
  classify,
  counterLeft,
  type DecodedReport,
  fromHex,
  identifyImage,
  type LayoutDriver,
  layoutByName,
  mayWriteAt,
  type PurchaseOnCard,
  probeSteps,
  proofChallengeBytes,
  secretState,
  toHex,
} from "@citygas/gascard";
import type { Customer, TerminalFacts } from "../context.ts";
import { derivedId } from "../purchases/derivedId.ts";
import type { CardSession, Probed } from "./cardRows.ts";

/** Longest that a probe may take; then the terminal asks anew. */
const probeMs = 60_000;

/** By the ATR. Whatever answers with one that nobody knows is asked as the chip that is met most. */
const chipOf = ({ atr }: Pick<CardSession, "atr">): ChipKind => chipOfAtr(atr) ?? "sle4442";

/** The session's probe: reads all, needs no secret. Made from the session alone, so that it need not be stored. */
export function probeScript(session: Pick<CardSession, "id" | "createdAt" | "atr">): CardScript {
  const { id, createdAt } = session;
  const chip = chipOf(session);
  const steps = probeSteps(chip, undefined, chip === "cpu" ? proofChallenge(session) : undefined);
  return { id: derivedId("probe", id), purpose: "probe", steps, deadlineAt: createdAt + probeMs };
}

/** What a CPU card of this session is asked to encipher: nobody knows it before the session is there. */
export function proofChallenge({ id }: Pick<CardSession, "id">): Uint8Array {
  return Buffer.from(derivedId("proof", id).replaceAll("-", ""), "hex").subarray(0, proofChallengeBytes);
}

/** What a probe's report leaves: nothing else of it is kept. */
export function probedOf(session: Pick<CardSession, "atr">, decoded: DecodedReport): Probed {
  const image = decoded.ok && decoded.image !== null ? toHex(decoded.image) : null;
  const chip = chipOf(session);
  // A CPU card that answers, but not as ours does, holds some other application.
  const isStranger = chip === "cpu" && !decoded.ok && decoded.reason === "mismatch";
  return { image: isStranger ? "" : image, counter: decoded.counter, seq: null, chip };
}

export interface Reading {
  read: Omit<CardRead, "fresh">;
  image: Uint8Array | null;
  driver: LayoutDriver | null;
  facts: CardFacts | null;
}

export function readingOf(probed: Probed): Reading {
  const { image: hex, counter } = probed;
  const chip = chipProbed(probed);
  const image = hex === null ? null : fromHex(hex);
  const secretCounter = secretState(chip, counter);
  const none = { image, driver: null, facts: null };
  if (image === null) return { ...none, read: { identity: null, problem: "unreadable", facts: null, secretCounter } };
  if (image.length === 0)
    return { ...none, image: null, read: { identity: null, problem: "foreign", facts: null, secretCounter } };
  const identified = identifyImage(image, chip);
  if (!identified.ok)
    return { ...none, read: { identity: null, problem: problemWord(identified.problem), facts: null, secretCounter } };
  const { driver, identity } = identified;
  const found = driver.read(image);
  const facts = found.ok ? found.facts : null;
  const read: Reading["read"] = {
    identity: { cardNumber: identity.cardNumber, role: identity.role, replacement: identity.replacement },
    problem: found.ok ? null : problemWord(found.problem),
    facts: facts && {
      count: facts.count,
      amount: quantity(facts.gas),
      acceptedCount: facts.returned?.count ?? null,
      totalCredited: facts.returned?.totalCredited ?? null,
      remaining: facts.returned?.remaining ?? null,
    },
    secretCounter,
  };
  return { read, image, driver, facts };
}

/** Sessions from before there was a choice were an SLE4442's. */
const chipProbed = ({ chip }: Probed): ChipKind => chip ?? "sle4442";

function problemWord(problem: NonNullable<CardRead["problem"]> | "upsideDown"): CardRead["problem"] {
  return problem === "upsideDown" ? "unreadable" : problem;
}

export const quantity = (amount: CardAmount): number => (amount.kind === "volume" ? amount.volumeL : amount.amountFen);

/**
 * The purchase as the layout drivers see it. Where no script was issued yet, the card and the books say what was before.
 * `price`: what its meter is to be told; null: nothing, the card's price stays.
 */
export function onCard(
  p: Purchase,
  before: { count: number; total: number },
  boughtOn: string,
  price: MeterPrice | null = null,
): PurchaseOnCard {
  const { delivers } = p.breakdown;
  return {
    countBefore: p.countBefore ?? before.count,
    totalBefore: p.totalBefore ?? before.total,
    amount:
      delivers.kind === "volume"
        ? { kind: "volume", volumeL: delivers.volumeL }
        : { kind: "money", amountFen: delivers.meterCreditFen },
    boughtOn,
    ...(price === null ? {} : { price }),
  };
}

/**
 * A card of another layout than the books have under this number, or of another area than its unit's, is not the card
 * that was issued; while a script is out, the area is that of the card it is out for. True where the image doesn't say.
 */
export function isOurs(
  { driver, image }: Reading,
  card: CardState,
  open: Purchase | null,
  areaCode: string | undefined,
): boolean {
  if (driver === null || image === null) return true;
  if (driver.name !== card.layout) return false;
  const before = open?.script ? fromHex(open.script.before) : null;
  const wanted = before === null ? areaCode : driver.identify(before)?.areaCode;
  return wanted === undefined || wanted === driver.identify(image)?.areaCode;
}

/** May a script for this card go to such a terminal? Where not, it can't be sold to there either. */
export function mayBeWrittenAt({ id, layout }: Pick<CardState, "id" | "layout">, { kind }: TerminalFacts): boolean {
  const driver = layoutByName(layout);
  if (driver === null) throw new Error(`card ${id} has the unknown layout ${layout}`);
  return mayWriteAt(driver, kind);
}

/** Tries left of the chip's secret; null where the counter was not read, or where there is none left to speak of. */
export function triesLeft(probed: Probed): number | null {
  const { counter } = probed;
  const left = counter === null ? 0 : counterLeft(counter, chipProbed(probed));
  return left === 0 ? null : left;
}

/** The image against the purchase's script; null where there is nothing to compare. */
export function imageClassOf(p: Purchase, { image, driver }: Reading): ImageClass | null {
  const { script } = p;
  if (script === null || image === null || driver === null || p.countBefore === null || p.totalBefore === null)
    return null;
  const [before, after] = [fromHex(script.before), fromHex(script.after)];
  if (before === null || after === null) throw new Error(`script ${script.id} holds no images`);
  if (before.length !== driver.imageBytes) return "other";
  const purchase = onCard(p, { count: p.countBefore, total: p.totalBefore }, dayOf(script.issuedAt));
  switch (script.kind) {
    case "sale":
      return classify(driver, image, before, after, null, purchase);
    case "refund":
      return classify(driver, image, before, driver.purchaseImage(before, purchase), after, purchase);
    default:
      return never(script.kind, "script kind");
  }
}

/** Room in the meter, as far as card and books know a ceiling; null: none known. A card never in a meter: an empty one. */
export function meterRoomOf(facts: CardFacts | null, meter: Customer["meter"]): MeterRoom | null {
  if (facts === null || meter === null) return null;
  const ceilings = [facts.meterCeiling, meter.ceiling].filter((ceiling) => ceiling > 0);
  if (ceilings.length === 0) return null;
  const ceiling = Math.min(...ceilings);
  const remaining = facts.returned?.remaining ?? 0;
  return meter.unit === "volume"
    ? { kind: "volume", ceilingL: ceiling, remainingL: remaining }
    : { kind: "amount", ceilingFen: ceiling, remainingFen: remaining };
}

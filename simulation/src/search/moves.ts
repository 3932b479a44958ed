/** Everything that may happen next in the small world, one commit or one act on a card at a time. */
import { takeCard } from "@citygas/sandbox";
import { apply, applyToOpen, decisionFor, issued, onCard, openOf, recorded, replaced, sold } from "./centre.ts";
import type { Move } from "./explore.ts";
import { areaCode, bytesOf, type Card, hexOf, idle, type Parts, type Reader, type Size, type State } from "./state.ts";

type Add = (label: string, next: State | null) => void;
type Which = 0 | 1;

const readerNames = ["kiosk", "desk"] as const;
const cardNames = ["card", "new card"] as const;

export function movesFrom(parts: Parts, s: State, size: Size): Move<State>[] {
  const moves: Move<State>[] = [];
  const add: Add = (label, next) => {
    if (next !== null) moves.push({ label, next });
  };
  for (const which of [0, 1] as const) if (s.cards[which].image >= 0) cardMoves(parts, s, which, size, add);
  for (const reader of [0, 1] as const) readerMoves(parts, s, reader, size, add);
  const open = openOf(parts.books.at(s.books));
  if (open !== null && open.state !== "manual")
    add(`${open.number}: ${open.state} is due`, stateWith(s, applyToOpen(parts, s.books, { type: "due" })));
  if (open?.state === "paid")
    add(
      `${open.number} is cancelled`,
      stateWith(s, applyToOpen(parts, s.books, { type: "gaveUp", reason: "customer" })),
    );
  if (open?.state === "manual") decide(parts, s, add);
  if (size.replacement && s.cards[1].image < 0) {
    replace(parts, s, "carry", add);
    if (size.refunds) replace(parts, s, "refund", add);
  }
  return moves;
}

/** In the hand a card may go into a free reader or into the meter; in a reader it may be taken out. */
function cardMoves(parts: Parts, s: State, which: Which, size: Size, add: Add): void {
  const { place, image } = s.cards[which];
  const name = cardNames[which];
  if (place !== 0) {
    add(`${name} out of the ${readerNames[place - 1]}`, takenOut(s, which, size));
    return;
  }
  for (const at of [1, 2] as const) {
    if (s.cards.some((card) => card.place === at)) continue;
    const reader = { ...(s.readers[at - 1] ?? idle), image, script: -1, step: 0, current: false };
    add(
      `${name} into the ${readerNames[at - 1]}`,
      withCard(withReader(s, at - 1, reader), which, { image, place: at }),
    );
  }
  for (const { label, meter, image: after } of inMeter(parts, s.meter, image, size))
    add(`${name} into the meter: ${label}`, withCard({ ...s, meter }, which, { image: after, place: 0 }));
}

/** What a card and the meter are after one another. */
function inMeter(parts: Parts, meter: number, image: number, { meterTorn }: Size) {
  return parts.once(`meter ${meter} ${image}`, () => {
    const hex = parts.images.at(image);
    const {
      meter: next,
      uncredited,
      verdict,
      takenOut: out,
      returnArea,
    } = takeCard(parts.meters.at(meter), bytesOf(hex));
    if (returnArea === null) return [];
    const { purchase, returned } = parts.driver.areas;
    const emptied = out === null ? hex : written(hex, purchase.offset, hexOf(out), out.length);
    const outcomes: { label: string; bytes: string; row: typeof next }[] = [
      {
        label: verdict.kind,
        bytes: written(emptied, returned.offset, hexOf(returnArea), returnArea.length),
        row: next,
      },
    ];
    if (meterTorn) {
      const half = written(emptied, returned.offset, hexOf(returnArea), returnArea.length >> 1);
      outcomes.push({ label: `${verdict.kind}, torn`, bytes: half, row: next });
      // What class C's meter takes off the card it counts only when it has read that back.
      if (out !== null) outcomes.push({ label: "emptied, pulled before it counts", bytes: emptied, row: uncredited });
    }
    return outcomes.map(({ label, bytes, row }) => ({
      label,
      image: parts.images.of(bytes),
      meter: parts.meters.of(row),
    }));
  });
}

/**
 * The card has left the reader: its power-up and what ran in it are over. What a kiosk has to say may still arrive; at the
 * desk a person waits for it, so there it is heard at once or never.
 */
function takenOut(s: State, which: Which, { late }: Size): State {
  const { place, image } = s.cards[which];
  const at = place - 1;
  const reader = s.readers[at] ?? idle;
  const heard = at === 1 || !late ? { image: -1 } : {};
  return withCard(withReader(s, at, { ...reader, script: -1, step: 0, current: false, ...heard }), which, {
    image,
    place: 0,
  });
}

function readerMoves(parts: Parts, s: State, at: Which, size: Size, add: Add): void {
  const reader = s.readers[at];
  const name = readerNames[at];
  if (reader.image >= 0) {
    if (size.late) add(`the ${name}'s image is lost`, withReader(s, at, { ...reader, image: -1 }));
    centreHears(parts, s, at, null, size, add);
    if (at === 1 && size.refunds)
      for (const approved of ["refund", "sale"] as const) centreHears(parts, s, at, approved, size, add);
  }
  if (reader.report !== "none") {
    const silent = withReader(s, at, { ...reader, report: "none" });
    add(`the ${name}'s report is lost`, silent);
    reported(parts, silent, at, reader.report, add);
  }
  if (reader.script >= 0) step(parts, s, at, size, add);
}

const cardAt = (s: State, at: Which): Which | null => {
  const which = s.cards.findIndex(({ image, place }) => image >= 0 && place === at + 1);
  return which < 0 ? null : which === 0 ? 0 : 1;
};

function centreHears(
  parts: Parts,
  s: State,
  at: Which,
  approved: null | "sale" | "refund",
  size: Size,
  add: Add,
): void {
  const reader = s.readers[at];
  const decision = decisionFor(parts, s.books, reader.image, at === 0 ? 1 : 2, approved);
  // What two people allow beside that is offered only where it makes a difference.
  if (
    approved !== null &&
    decision.kind !== "writeRefund" &&
    !(decision.kind === "write" && decision.from === "approved")
  )
    return;
  const label = `the centre hears the ${readerNames[at]}'s image: ${decision.kind}`;
  const settled = (books: number | null): void => add(label, stateWith(s, books));
  switch (decision.kind) {
    case "settle":
      settled(applyToOpen(parts, s.books, { type: "cardSettled", as: decision.as, scriptId: "s" }));
      break;
    case "refundProven":
      settled(
        applyToOpen(parts, s.books, {
          type: "refundProven",
          scriptId: "s",
          ...(decision.by === "image" ? {} : { by: decision.by }),
        }),
      );
      break;
    case "toManual":
      settled(applyToOpen(parts, s.books, { type: "cardDisagrees", scriptId: "s", image: "" }));
      break;
    case "write":
      add(label, issue(parts, s, at, "sale", decision.from === "approved"));
      break;
    case "writeRefund":
      add(label, issue(parts, s, at, "refund", false));
      break;
    case "gasOnCard":
      settled(recorded(parts, s.books, reader.image));
      break;
    case "sell": {
      const books = recorded(parts, s.books, reader.image);
      const { purchases } = parts.books.at(books);
      const index = purchases.indexOf(null);
      settled(books);
      if (openOf(parts.books.at(books)) === null && (index === 0 || (index === 1 && size.purchases === 2)))
        add(`sold and paid at the ${readerNames[at]}`, stateWith(s, sold(parts, books, index)));
      break;
    }
    case "refuse":
    case "adopt":
  }
}

const stateWith = (s: State, books: number | null): State | null => (books === null ? null : { ...s, books });

/** A script leaves: every other image of the card is old from now on, and counts for nothing. */
function issue(parts: Parts, s: State, at: Which, kind: "sale" | "refund", approved: boolean): State | null {
  const made = issued(parts, s.books, s.readers[at].image, kind, approved);
  if (made === null) return null;
  const aged = allOld({ ...s, books: made.books });
  // The card may have left while its image was on the way: then nobody carries the script out.
  const which = cardAt(s, at);
  if (which === null || s.readers[at].script >= 0) return aged;
  return withReader(aged, at, { ...aged.readers[at], script: made.script, step: 0, current: true });
}

/** Images and reports from before count for nothing any more. */
function allOld(s: State): State {
  const old = (reader: Reader): Reader => ({ ...reader, image: -1, current: false, report: "none" });
  return { ...s, readers: [old(s.readers[0]), old(s.readers[1])] };
}

function reported(parts: Parts, s: State, at: Which, report: "done" | "stopped", add: Add): void {
  const open = openOf(parts.books.at(s.books));
  const label = `the centre hears the ${readerNames[at]}'s report: ${report}`;
  if (open?.script == null || !["issued", "unknown"].includes(open.state)) return;
  if (report === "stopped") {
    if (open.state === "issued")
      add(label, stateWith(s, applyToOpen(parts, s.books, { type: "scriptEnded", scriptId: "s" })));
  } else if (open.script.kind === "sale") {
    add(label, stateWith(s, applyToOpen(parts, s.books, { type: "cardSettled", as: "written", scriptId: "s" })));
  } else {
    const type = open.refundNeeds === "returnArea" ? "refundStands" : "refundProven";
    add(label, stateWith(s, applyToOpen(parts, s.books, { type, scriptId: "s" })));
  }
}

/** One step of a script; a write may be cut before its first byte, inside it, in its middle, and inside its last. */
function step(parts: Parts, s: State, at: Which, size: Size, add: Add): void {
  const reader = s.readers[at];
  const which = cardAt(s, at);
  const now = parts.scripts.at(reader.script).steps[reader.step];
  if (which === null || now === undefined) return;
  const name = readerNames[at];
  const ended = (report: "done" | "stopped"): Reader => ({
    ...reader,
    script: -1,
    step: 0,
    current: false,
    report: reader.current ? report : "none",
  });
  const next: Reader = { ...reader, step: reader.step + 1 };
  const card = s.cards[which];
  const hex = parts.images.at(card.image);
  if (now.op === "write") {
    const length = now.data.length / 2;
    const whole = { ...card, image: parts.images.of(written(hex, now.offset, now.data, length)) };
    add(`the ${name} writes`, withCard(withReader(s, at, next), which, whole));
    for (const [cut, inside] of cutsOf(length, size)) {
      const torn = written(hex, now.offset, now.data, cut);
      const image = parts.images.of(inside ? written(torn, now.offset + cut, "ff", 1) : torn);
      const stopped = withCard(withReader(s, at, ended("stopped")), which, { ...card, image });
      add(`the ${name}'s write is torn at byte ${cut}`, takenOut(stopped, which, size));
    }
  } else if (now.data !== hex) {
    add(`the ${name}'s script stops: other bytes`, withReader(s, at, ended("stopped")));
  } else {
    const after = now.op === "last" ? ended("done") : next;
    add(`the ${name}'s script ${now.op === "last" ? "is done" : "begins"}`, withReader(s, at, after));
  }
}

function cutsOf(length: number, { cuts }: Size): [cut: number, inside: boolean][] {
  if (cuts === "one") return [[length >> 1, true]];
  return [
    [0, true],
    [length >> 1, false],
    [length - 1, true],
  ];
}

/** The card is lost. The desk makes a new one from the books; the old one may turn up again. */
function replace(parts: Parts, s: State, carries: "carry" | "refund", add: Add): void {
  const made = replaced(parts, s.books, carries);
  if (made === null) return;
  const aged = allOld({ ...s, books: made.books });
  const what =
    carries === "carry" ? "the card is lost, the desk makes a new one" : "the card is lost, its purchase is taken back";
  add(what, withCard(aged, 1, { image: made.image, place: 0 }));
}

/** Two people look at the card and at the meter: the gas counts where it is, else the card is set back. */
function decide(parts: Parts, s: State, add: Add): void {
  const books = parts.books.at(s.books);
  const p = openOf(books);
  const which: Which = books.card.replacement === 0 ? 0 : 1;
  const card = s.cards[which];
  if (p === null || p.countBefore === null || p.totalBefore === null || card.place !== 0) return;
  const { driver } = parts;
  const meter = parts.meters.at(s.meter);
  const purchase = onCard(p, { count: 0, total: 0 });
  const amountFen = purchase.amount.kind === "money" ? purchase.amount.amountFen : 0;
  const taken = meter.totalCredited === p.totalBefore + amountFen;
  const area = driver.purchaseArea(bytesOf(parts.images.at(card.image)));
  const there = !taken && area?.count === p.countBefore + 1 && area.amount > 0;
  const to = taken || there ? "delivered" : "refunding";
  const index = books.purchases.indexOf(p);
  const next = apply(parts, s.books, index, { type: "decided", to, by: ["x", "y"], evidence: "" });
  if (next === null) return;
  // The desk makes the card say what the books say, with the meter's last word in its return area.
  const base = driver.format({
    cardNumber: books.card.cardNumber,
    areaCode,
    role: "user",
    replacement: books.card.replacement,
    count: taken ? p.countBefore + 1 : p.countBefore,
    totalCredited: meter.totalCredited,
    meterCeiling: 0,
  });
  const back = to === "refunding" && p.refundTried && driver.refundImage !== null;
  const after = there ? driver.purchaseImage(base, purchase) : back ? driver.refundImage(base, purchase) : base;
  const image = parts.images.of(hexOf(after));
  add(`two people decide ${p.number}: ${to}`, withCard({ ...s, books: next }, which, { image, place: 0 }));
}

function withReader(s: State, at: number, reader: Reader): State {
  return { ...s, readers: at === 0 ? [reader, s.readers[1]] : [s.readers[0], reader] };
}

function withCard(s: State, which: Which, card: Card): State {
  return { ...s, cards: which === 0 ? [card, s.cards[1]] : [s.cards[0], card] };
}

/** `hex` with so many bytes of `data` written from `offset`. */
function written(hex: string, offset: number, data: string, length: number): string {
  return hex.slice(0, offset * 2) + data.slice(0, length * 2) + hex.slice((offset + length) * 2);
}

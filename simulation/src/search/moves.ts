/** Everything that may happen next in the small world, one commit or one act on the card at a time. */
import { takeCard } from "@citygas/sandbox";
import { applyTo, decisionFor, issue, openOf, sell, withReader } from "./centre.ts";
import { bytesOf, driver, hexOf, type Size, type State } from "./state.ts";

/** `staff`: only people of the company do this. */
export interface Move {
  label: string;
  next: State;
  staff: boolean;
}

const names = ["kiosk", "desk"] as const;

export function movesFrom(s: State, size: Size): Move[] {
  const moves: Move[] = [];
  const add = (label: string, next: State | null, staff = false): void => {
    if (next !== null) moves.push({ label, next, staff });
  };
  if (s.place === 0) inTheHand(s, size, add);
  for (const reader of [0, 1] as const) atReader(s, reader, size, add);
  const open = openOf(s);
  if (open !== null && open.state !== "manual")
    add(`${open.number}: ${open.state} is due`, applyTo(s, open, { type: "due" }));
  if (open?.state === "paid")
    add(`${open.number} is cancelled`, applyTo(s, open, { type: "gaveUp", reason: "customer" }));
  if (open?.state === "manual") decide(s, add);
  return moves;
}

type Add = (label: string, next: State | null, staff?: boolean) => void;

function inTheHand(s: State, size: Size, add: Add): void {
  for (const reader of [0, 1] as const) {
    const image = { hex: s.bytes, fresh: true };
    add(`card into the ${names[reader]}`, {
      ...withReader(s, reader, { live: true, image, running: null }),
      place: reader === 0 ? 1 : 2,
    });
  }
  const { meter, returnArea, verdict } = takeCard(s.meter, bytesOf(s.bytes));
  if (returnArea === null) return;
  for (const torn of size.meterTorn ? [false, true] : [false]) {
    const length = torn ? returnArea.length >> 1 : returnArea.length;
    const bytes = written(s.bytes, 128, hexOf(returnArea), length);
    add(`card into the meter: ${verdict.kind}${torn ? ", torn" : ""}`, { ...s, meter, bytes });
  }
}

function atReader(s: State, reader: 0 | 1, size: Size, add: Add): void {
  const { image, running, report } = s.readers[reader];
  const name = names[reader];
  if (image !== null) {
    add(`the ${name}'s image is lost`, withReader(s, reader, { image: null }));
    centreHears(s, reader, null, size, add);
    if (reader === 1 && size.refunds) centreHears(s, reader, "refund", size, add);
  }
  if (report !== null) {
    add(`the ${name}'s report is lost`, withReader(s, reader, { report: null }));
    reported(s, reader, add);
  }
  if (s.place !== reader + 1) return;
  add(`card out of the ${name}`, taken(s, reader, size));
  if (running !== null) step(s, reader, size, add);
}

/**
 * The card has left the reader: its power-up and what ran in it are over. What a kiosk has to say may still arrive; at the
 * desk a person waits for it, so there it is heard at once or never.
 */
const taken = (s: State, reader: 0 | 1, { late }: Size): State => ({
  ...withReader(s, reader, { live: false, running: null, ...(reader === 1 || !late ? { image: null } : {}) }),
  place: 0,
});

function centreHears(s: State, reader: 0 | 1, approved: null | "refund", size: Size, add: Add): void {
  const open = openOf(s);
  const decision = decisionFor(s, reader, approved);
  const staff = approved !== null;
  const label = `the centre hears the ${names[reader]}'s image: ${decision.kind}`;
  const consumed = withReader(s, reader, { image: null });
  switch (decision.kind) {
    case "settle":
      if (open !== null) add(label, applyTo(consumed, open, { type: "cardSettled", as: decision.as, scriptId: "s" }));
      return;
    case "write":
      add(label, issue(s, reader, "sale"));
      return;
    case "writeRefund":
      add(label, issue(s, reader, "refund"), staff);
      return;
    case "refundProven":
      if (open !== null) add(label, applyTo(consumed, open, { type: "refundProven", scriptId: "s" }));
      return;
    case "toManual":
      if (open !== null) add(label, applyTo(consumed, open, { type: "cardDisagrees", scriptId: "s", image: "" }));
      return;
    case "sell": {
      const index = s.purchases.indexOf(null);
      // The image stays: the script will be asked for by it.
      if (open === null && (index === 0 || (index === 1 && size.purchases === 2))) add(label, sell(s, index));
      return;
    }
    case "gasOnCard":
    case "refuse":
    case "adopt":
      add(label, consumed);
  }
}

function reported(s: State, reader: 0 | 1, add: Add): void {
  const { report } = s.readers[reader];
  const open = openOf(s);
  const heard = withReader(s, reader, { report: null });
  const label = `the centre hears the ${names[reader]}'s report: ${report?.done ? "done" : "stopped"}`;
  const script = open?.script;
  if (open === null || !script || !report?.current || !["issued", "unknown"].includes(open.state)) {
    add(label, heard);
  } else if (!report.done) {
    add(label, open.state === "issued" ? applyTo(heard, open, { type: "scriptEnded", scriptId: "s" }) : heard);
  } else if (script.kind === "sale") {
    add(label, applyTo(heard, open, { type: "cardSettled", as: "written", scriptId: "s" }));
  } else {
    add(label, applyTo(heard, open, { type: "refundProven", scriptId: "s" }));
  }
}

/** One step of a script; a write may be cut before its first byte, inside it, in its middle, and inside its last. */
function step(s: State, reader: 0 | 1, size: Size, add: Add): void {
  const running = s.readers[reader].running;
  const [now, ...rest] = running?.steps ?? [];
  if (running === null || now === undefined) return;
  const name = names[reader];
  const { current } = running;
  const stopped = (from: State): State => withReader(from, reader, { running: null, report: { done: false, current } });
  if (now.op === "write") {
    const length = now.data.length / 2;
    const whole = { ...s, bytes: written(s.bytes, now.offset, now.data, length) };
    add(`the ${name} writes`, withReader(whole, reader, { running: { ...running, steps: rest } }));
    for (const [cut, inside] of [
      [0, true],
      [length >> 1, false],
      [length - 1, true],
    ] as const) {
      const torn = written(s.bytes, now.offset, now.data, cut);
      const bytes = inside ? written(torn, now.offset + cut, "ff", 1) : torn;
      add(`the ${name}'s write is torn at byte ${cut}`, stopped(taken({ ...s, bytes }, reader, size)));
    }
  } else if (now.data !== s.bytes) {
    add(`the ${name}'s script stops: other bytes`, stopped(s));
  } else if (now.op === "last") {
    add(`the ${name}'s script is done`, withReader(s, reader, { running: null, report: { done: true, current } }));
  } else {
    add(`the ${name}'s script begins`, withReader(s, reader, { running: { ...running, steps: rest } }));
  }
}

/** Two people look at the card and at the meter: the gas counts where it is, else the card is set back. */
function decide(s: State, add: Add): void {
  const p = openOf(s);
  if (p === null || p.countBefore === null || p.totalBefore === null || s.place !== 0) return;
  const { delivers } = p.breakdown;
  const amountFen = delivers.kind === "amount" ? delivers.meterCreditFen : 0;
  const taken = s.meter.totalCredited === p.totalBefore + amountFen;
  const area = driver.purchaseArea(bytesOf(s.bytes));
  const there = !taken && area?.count === p.countBefore + 1 && area.amount > 0;
  const to = taken || there ? "delivered" : "refunding";
  const decided = applyTo(s, p, { type: "decided", to, by: ["x", "y"], evidence: "" });
  if (decided === null) return;
  const purchase = { countBefore: p.countBefore, totalBefore: p.totalBefore, boughtOn: "1970-01-01" };
  // The desk makes the card say what the books say, with the meter's last word in its return area.
  const count = to === "delivered" ? p.countBefore + 1 : p.countBefore;
  const base = driver.format({
    cardNumber: s.card.cardNumber,
    areaCode: "0996",
    role: "user",
    replacement: 0,
    count: there ? p.countBefore : count,
    totalCredited: s.meter.totalCredited,
    meterCeiling: 0,
  });
  const bytes = there ? driver.purchaseImage(base, { ...purchase, amount: { kind: "money", amountFen } }) : base;
  add(`two people decide ${p.number}: ${to}`, { ...decided, bytes: hexOf(bytes) }, true);
}

/** `hex` with so many bytes of `data` written from `offset`. */
function written(hex: string, offset: number, data: string, length: number): string {
  return hex.slice(0, offset * 2) + data.slice(0, length * 2) + hex.slice((offset + length) * 2);
}

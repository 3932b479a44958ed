/**
 * The books' side of the log: what the city's server did for each sale, beside what happened at the devices. Told by
 * the city at `/workbench/trail`; where the sandbox runs alone there is none, and the log tells devices only.
 */
import type { StoryLine } from "./api.ts";

/** One event of a sale, as the server's `GET /api/v1/trail` describes it. */
export interface SaleEvent {
  id: string;
  /** RFC 3339. */
  at: string;
  purchase: { id: string; number: string };
  account: { number: string; name: string } | null;
  type: string;
  zh: string;
  en: string;
  postings: { account: string; commodity: "fen" | "litre" | "meterCredit"; amount: number; zh: string; en: string }[];
  card: { kind: "sale" | "refund"; changes: { offset: number; before: string; after: string }[] } | null;
}

export interface TrailPage {
  items: SaleEvent[];
  next: string;
}

export type LogEntry =
  | { from: "device"; key: string; at: string; line: StoryLine }
  | { from: "sale"; key: string; at: string; event: SaleEvent };

/** "none": nobody tells a trail here; "later": could not be read this time. */
export async function readTrail(after: string | null): Promise<TrailPage | "none" | "later"> {
  try {
    const query = after === null ? "" : `?after=${encodeURIComponent(after)}`;
    const response = await fetch(`/workbench/trail${query}`);
    if (response.status === 404) return "none";
    return response.ok ? await response.json() : "later";
  } catch {
    return "later";
  }
}

const EVENTS_KEPT = 600;

/** Adds a page, each event once, and keeps the newest 600: a story for the eye, not a record. */
export function withPage(known: readonly SaleEvent[], page: readonly SaleEvent[]): readonly SaleEvent[] {
  const ids = new Set(known.map(({ id }) => id));
  const fresh = page.filter(({ id }) => !ids.has(id));
  return fresh.length === 0 ? known : inTime([...known, ...fresh]).slice(-EVENTS_KEPT);
}

/** By time; of one moment, in the order given. */
function inTime<T extends { at: string }>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Devices and books in one order of time. */
export function mergedLog(lines: readonly StoryLine[], events: readonly SaleEvent[]): LogEntry[] {
  return inTime<LogEntry>([
    ...lines.map((line): LogEntry => ({ from: "device", key: `d${line.seq}`, at: line.at, line })),
    ...events.map((event): LogEntry => ({ from: "sale", key: event.id, at: event.at, event })),
  ]);
}

/** What the devices did this long before a sale's first event (card in, card read) and after its last belongs to it. */
const LEAD_MS = 20_000;
const TRAIL_MS = 10_000;

/** One sale's story: its own events, and what happened at the devices meanwhile. */
export function storyOf(log: readonly LogEntry[], number: string): LogEntry[] {
  const own = log.filter((entry) => entry.from === "sale" && entry.event.purchase.number === number);
  const moments = own.map(({ at }) => Date.parse(at));
  const [from, to] = [Math.min(...moments) - LEAD_MS, Math.max(...moments) + TRAIL_MS];
  return log.filter((entry) => {
    if (entry.from === "sale") return entry.event.purchase.number === number;
    const at = Date.parse(entry.at);
    return at >= from && at <= to;
  });
}

/** Sales by their latest event, the latest first. */
export function salesOf(events: readonly SaleEvent[]): { number: string; account: string }[] {
  const latest = new Map<string, string>();
  for (const { purchase, account } of events) {
    latest.delete(purchase.number);
    latest.set(purchase.number, account?.number ?? "");
  }
  return [...latest].map(([number, account]) => ({ number, account })).reverse();
}

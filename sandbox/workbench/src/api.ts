/**
 * The sandbox's HTTP API as this page uses it. Types come from the schemas the sandbox answers by; both sides are of
 * one build, so answers are trusted to be of those types.
 */
import type { CardView, ReaderView } from "../../src/api/cards-routes.ts";
import type { FaultView } from "../../src/api/faults-routes.ts";
import type { MeterView } from "../../src/api/meters-routes.ts";
import type { MessageView } from "../../src/api/notices-routes.ts";
import type { PhoneView, PhoneWithCodes } from "../../src/api/phones-routes.ts";
import type { PrinterView } from "../../src/api/printer-routes.ts";
import type { StoryLine } from "../../src/story.ts";
import type { Topic } from "../../src/world/context.ts";

export type {
  CardView,
  FaultView,
  MessageView,
  MeterView,
  PhoneView,
  PhoneWithCodes,
  PrinterView,
  ReaderView,
  StoryLine,
  Topic,
};
export type KioskId = PrinterView["kiosk"];

/** All that lies on the table. */
export interface Table {
  readers: ReaderView[];
  cards: CardView[];
  phones: PhoneView[];
  printers: PrinterView[];
  meters: MeterView[];
  faults: FaultView[];
  messages: MessageView[];
  lines: StoryLine[];
}

const BASE = "/sandbox/api";

/** Where each part of the table is read, and which events ask to read it again. */
const PARTS: readonly { path: string; topic: Topic }[] = [
  { path: "/readers", topic: "readers" },
  { path: "/cards", topic: "cards" },
  { path: "/phones", topic: "phones" },
  { path: "/printer/paper", topic: "printer" },
  { path: "/meters", topic: "meters" },
  { path: "/faults", topic: "faults" },
  { path: "/messages", topic: "messages" },
  { path: "/log", topic: "log" },
];

/** Reads the parts of the table that `topics` name; all without it. */
export async function readTable(topics?: readonly Topic[]): Promise<Partial<Table>> {
  const wanted = PARTS.filter(({ topic }) => topics?.includes(topic) ?? true);
  const parts = await Promise.all(wanted.map(({ path }) => read<Partial<Table>>(path)));
  return Object.assign({}, ...parts);
}

async function read<T>(path: string): Promise<T> {
  const response = await fetch(BASE + path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

export function readPhone(id: string): Promise<PhoneWithCodes> {
  return read(`/phones/${encodeURIComponent(id)}`);
}

export type Sent<T> = { ok: true; value: T } | { ok: false; zh: string; en: string };

/** Asks for something to happen; a refusal comes back in words. */
export async function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body: object = {}): Promise<Sent<T>> {
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch(BASE + path, { method, headers, body: JSON.stringify(body) });
    const answer = await response.json();
    return response.ok ? { ok: true, value: answer } : { ok: false, zh: answer.zh, en: answer.en };
  } catch {
    return { ok: false, zh: "沙箱没有应答", en: "The sandbox does not answer" };
  }
}

export function qrUrl(text: string): string {
  return `${BASE}/qr.svg?text=${encodeURIComponent(text)}`;
}

/** Tells the topics of each event, and whether the stream stands; it reconnects by itself. */
export function listen(changed: (topics: readonly Topic[]) => void, online: (is: boolean) => void): () => void {
  const source = new EventSource(`${BASE}/events`);
  source.onopen = () => online(true);
  source.onerror = () => online(false);
  source.onmessage = (event) => changed(JSON.parse(event.data).topics);
  return () => source.close();
}

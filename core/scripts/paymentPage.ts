/** The parts of docs/payments.md that are made from the machine itself: its diagram, its cells, its timers. Pure. */
import { attemptTimers } from "../src/payment/events.ts";
import { attemptTable, finalAttemptStates } from "../src/payment/machine.ts";
import { refundTimers } from "../src/payment/refundTimers.ts";
import { purchaseTimers } from "../src/purchase/machine.ts";

interface Edge {
  from: string;
  event: string;
  to: string;
}

const edges = (): Edge[] =>
  Object.entries(attemptTable).flatMap(([from, row]) =>
    Object.entries(row).flatMap(([event, cell]) => cell.to.map((to) => ({ from, event, to }))),
  );

/** Answers stand in the diagram by what they say. */
const short = (event: string): string => event.replace(/^answered\./, "");
const perLine = 3;

/** A Mermaid state diagram: an arrow for each pair of states, labelled with the events that may lead along it. */
export function stateDiagram(): string {
  const labels = new Map<string, string[]>();
  for (const { from, event, to } of edges()) {
    if (from === to) continue;
    const key = `${from} --> ${to}`;
    labels.set(key, [...(labels.get(key) ?? []), short(event)]);
  }
  const arrows = [...labels].map(([key, events]) => `  ${key} : ${wrapped(events)}`);
  const ends = finalAttemptStates;
  return [
    "```mermaid",
    "stateDiagram-v2",
    "  [*] --> created",
    ...arrows,
    ...ends.map((end) => `  ${end} --> [*]`),
    "```",
  ].join("\n");
}

function wrapped(events: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < events.length; i += perLine) lines.push(events.slice(i, i + perLine).join(", "));
  return lines.join("<br/>");
}

/** Every cell of the table: state × event → where it may lead. */
export function cellTable(): string {
  const rows = Object.entries(attemptTable).flatMap(([state, row]) =>
    Object.entries(row).map(([event, cell]) => [state, event, cell.to.join(", ")]),
  );
  return table(["state", "event", "leads to"], rows);
}

export function timerTable(): string {
  const a = attemptTimers;
  return table(
    ["timer", "after"],
    [
      ["scan window: a code is presented", time(purchaseTimers.codeMs)],
      ["scan to send", time(a.notAfterMs)],
      ["query of a scanned code", `every ${time(a.queryEveryMs)}`],
      ["query of a refused code", `every ${time(a.confirmEveryMs)}`],
      ["earliest reverse after the submit", time(a.earliestReverseMs)],
      ...Object.entries(a.deadlineMs)
        .filter(([channel]) => ["wechat", "alipay", "acquirer"].includes(channel))
        .map(([channel, ms]) => [`deadline, ${channel}`, time(ms)]),
      ["reverse, from the first", times(a.reverseAfterMs)],
      ["reverse, then", `every ${time(a.reverseThenEveryMs)}`],
      ["reverse window", windows(a.reverseWindowMs)],
      [
        "not found ends a reversal",
        `said ${a.notFoundLate} times more, ${time(a.notFoundAgeMs)} or longer after the first of them in a row`,
      ],
      ["order on a phone: may be paid", time(a.prepayMs)],
      ["order on a phone: queried at the age of", times(a.prepayQueryAfterMs)],
      ["close that a reader wants, repeated", `every ${time(a.closeEveryMs)}`],
      ["counter: from the named amount to the money", time(a.counterMs)],
      ["checks for late money after the end", times(a.lateChecksMs)],
      ["refund refused for now, tried again after", times(refundTimers.retryAfterMs)],
      ["refund window", windows(refundTimers.windowMs)],
      ["paid at a reader, finishable anywhere", time(purchaseTimers.finishMs)],
      ["reminders of what is not on its card", `${purchaseTimers.remindDays.join(", ")} days, then staff daily`],
    ],
  );
}

const windows = (all: Readonly<Record<string, number | null>>): string =>
  Object.entries(all)
    .filter(([channel, ms]) => ms !== null && ["wechat", "alipay", "acquirer"].includes(channel))
    .map(([channel, ms]) => `${channel} ${time(ms ?? 0)}`)
    .join(", ");
const times = (all: readonly number[]): string => all.map(time).join(", ");

function time(ms: number): string {
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ] as const;
  for (const [size, name] of units) if (ms >= size && ms % size === 0) return `${ms / size} ${name}`;
  return `${ms} ms`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const parts: Readonly<Record<string, () => string>> = { diagram: stateDiagram, cells: cellTable, timers: timerTable };

/** The page with its generated parts made anew. @throws where a marker is missing. */
export function withGenerated(page: string): string {
  let text = page;
  for (const [name, make] of Object.entries(parts)) {
    const [begin, end] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/payments.md has no ${begin} … ${end}`);
    text = `${text.slice(0, from + begin.length)}\n\n${make()}\n\n${text.slice(to)}`;
  }
  return text;
}

import { useEffect, useRef, useState } from "preact/hooks";
import type { StoryLine } from "./api.ts";
import { type LogEntry, mergedLog, type SaleEvent, salesOf, storyOf } from "./trail.ts";
import { useTrail } from "./use-trail.ts";
import { cubicMetres, Station, yuan } from "./words.tsx";

/** `all`, `last` (whichever sale that is), or a purchase number. */
type Shown = "all" | "last" | (string & {});

/** What happened, at the devices and in the books, in sentences; the newest stays in sight. */
export function Story({ lines }: { lines: readonly StoryLine[] }) {
  const events = useTrail(lines.at(-1)?.seq ?? 0);
  const [shown, setShown] = useState<Shown>("all");
  const sales = salesOf(events);
  const number = shown === "last" ? sales[0]?.number : shown;
  const all = mergedLog(lines, events);
  const log = shown === "all" || number === undefined ? all : storyOf(all, number);
  const list = useRef<HTMLDivElement>(null);
  const last = `${shown} ${log.at(-1)?.key}`;
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [last]);
  const choice = sales.length > 0 && (
    <select aria-label="看哪笔购气 Which sale" value={shown} onChange={(e) => setShown(e.currentTarget.value)}>
      <option value="all">全部 · Everything</option>
      <option value="last">最近一笔 · The last sale</option>
      {sales.map((sale) => (
        <option key={sale.number} value={sale.number}>
          {sale.number} · {sale.account}
        </option>
      ))}
    </select>
  );
  return (
    <Station name="story" zh="经过" en="Log" tools={choice}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard */}
      <div class="lines" ref={list} tabIndex={0} role="log" aria-label="经过 Log">
        <ol>
          {log.map((entry) => (
            <Entry key={entry.key} entry={entry} />
          ))}
          {log.length === 0 && <li class="empty">还没有发生什么。把一张卡拖到插卡口试试。</li>}
        </ol>
      </div>
    </Station>
  );
}

function Entry({ entry }: { entry: LogEntry }) {
  if (entry.from === "sale") return <Sale event={entry.event} />;
  const { line } = entry;
  return (
    <li class={`about-${line.about}`}>
      <Clock at={line.at} />
      <span>{line.zh}</span>
      <span class="en" lang="en">
        {line.en}
      </span>
      {line.detail !== null && <code>{line.detail}</code>}
    </li>
  );
}

/** One event of a sale: the sentence, what it booked, what it changed on the card. */
function Sale({ event }: { event: SaleEvent }) {
  return (
    <li class="sale">
      <Clock at={event.at} />
      <b class="number">{event.purchase.number}</b>
      <span>{event.zh}</span>
      <span class="en" lang="en">
        {event.en}
      </span>
      {event.postings.length > 0 && (
        <span class="figures">
          {event.postings.map((posting) => (
            <span
              key={`${posting.account} ${posting.commodity} ${posting.amount}`}
              title={`${posting.en} · ${posting.account}`}
            >
              {posting.zh} <b>{figure(posting)}</b>
            </span>
          ))}
        </span>
      )}
      {event.card?.changes.map((change) => (
        <code key={change.offset} title="卡上改动的字节 Bytes changed on the card">
          {`@${change.offset} ${change.before} → ${change.after}`}
        </code>
      ))}
    </li>
  );
}

/** Debit with a plus, credit with a minus. */
function figure({ amount, commodity }: SaleEvent["postings"][number]): string {
  const sign = amount > 0 ? "+" : "";
  return sign + (commodity === "litre" ? `${cubicMetres(amount)} 方` : yuan(amount));
}

const TIME = new Intl.DateTimeFormat("zh-CN", { timeStyle: "medium", hour12: false, timeZone: "Asia/Shanghai" });
const DAY = new Intl.DateTimeFormat("zh-CN", { month: "numeric", day: "numeric", timeZone: "Asia/Shanghai" });

/** The time of day, with the day where it is another one. */
function Clock({ at }: { at: string }) {
  const moment = new Date(at);
  const day = DAY.format(moment);
  return (
    <time dateTime={at}>{day === DAY.format(new Date()) ? TIME.format(moment) : `${day} ${TIME.format(moment)}`}</time>
  );
}

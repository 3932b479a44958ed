/** The page behind the QR: one purchase, masked, readable on any phone without a script. */
import { finalStates, isOverLink, type Purchase } from "@citygas/core";
import {
  carriedTexts,
  fill,
  type Language,
  linkTexts,
  type OutcomeKey,
  type OutcomeText,
  outcomeLabels,
  outcomeTexts,
  outcomeTones,
  outcomeWords,
  volume,
  yuan,
} from "@citygas/texts";
import { framed, html, row } from "./frame.ts";

/** What may be shown to whoever holds the link: the name is masked already (I10). */
export interface OutcomeFacts {
  purchase: Purchase;
  company: string;
  unit: string;
  hotline: string;
  accountNumber: string;
  maskedName: string;
}

const refreshS = 5;
const glyphs = { wait: "…", good: "✓", act: "!" } as const;

export function isOver(p: Purchase): boolean {
  return finalStates.some((state) => state === p.state);
}

export function outcomeKey(p: Purchase): OutcomeKey {
  if (p.state === "paid" && p.later) return "later";
  if (p.state === "refunding" && p.refund?.stuck === true) return "refundStuck";
  return p.state;
}

function wordsOf(p: Purchase, language: Language): OutcomeText {
  const key = outcomeKey(p);
  const own = p.breakdown.fromCarried === true ? carriedTexts : isOverLink(p) ? linkTexts : undefined;
  return own?.[language][key] ?? outcomeTexts[language][key];
}

export function outcomePage(facts: OutcomeFacts): string {
  const { purchase: p, hotline } = facts;
  const key = outcomeKey(p);
  const tone = outcomeTones[key];
  const say = (language: Language) => {
    const values = { goods: goodsText(p, language), paid: paidText(p, language), number: p.number, hotline };
    const { what, money, next } = wordsOf(p, language);
    return { what, money: fill(money, values), next: fill(next, values) };
  };
  const [zh, en] = [say("zh-CN"), say("en")];
  const rows = [
    row(outcomeLabels.number, p.number),
    row(outcomeLabels.goods, goodsText(p, "zh-CN")),
    row(outcomeLabels.payable, yuan(p.breakdown.payableFen, "zh-CN")),
    row(outcomeLabels.account, facts.accountNumber),
    row(outcomeLabels.name, facts.maskedName),
    row(outcomeLabels.time, beijing(p.settledAt ?? p.paidAt ?? p.confirmedAt ?? p.quotedAt)),
  ];
  const { company, unit } = facts;
  return framed(
    { title: outcomeWords.title, company, unit, hotline, refreshS: isOver(p) ? null : refreshS },
    `<section class="outcome ${tone}">
<p class="tone"><span aria-hidden="true">${glyphs[tone]}</span>${outcomeWords.tones[tone]}</p>
<h1>${html(zh.what)}</h1>
<p class="money">${html(zh.money)}</p>
<p class="next">${html(zh.next)}</p>
<div class="en" lang="en"><p>${html(en.what)} ${html(en.money)} ${html(en.next)}</p></div>
</section>
<dl>${rows.join("")}</dl>`,
  );
}

export function outcomeNotFound(): string {
  const { notFound, notFoundNext } = outcomeWords;
  return framed(
    { title: outcomeWords.title, company: "", unit: "", hotline: "", refreshS: null },
    `<section class="outcome act"><h1>${notFound[0]}</h1><p class="next">${notFoundNext[0]}</p>
<div class="en" lang="en"><p>${notFound[1]} ${notFoundNext[1]}</p></div></section>`,
  );
}

function goodsText({ breakdown: { delivers } }: Purchase, language: Language): string {
  return delivers.kind === "volume" ? volume(delivers.volumeL, language) : yuan(delivers.meterCreditFen, language);
}

/** What comes back: by the channel, and into the balance. */
function paidText({ breakdown }: Purchase, language: Language): string {
  return yuan(breakdown.payableFen + breakdown.balanceOffsetFen, language);
}

const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "medium" });
const beijing = (at: number): string => clock.format(at);

/** The page behind a receipt's QR: what the link is good for, and how to link the account. Masked. */
import { type BindLinkState, bindTexts, bindWords, fill, type Language } from "@citygas/texts";
import { framed, html, row } from "../outcome/frame.ts";

/** Whose link it is, as far as whoever found the paper may know. */
export interface BindFacts {
  state: Exclude<BindLinkState, "unknown">;
  company: string;
  unit: string;
  hotline: string;
  maskedNumber: string;
  maskedName: string;
  purchaseNumber: string;
  /** Last day it is good for, YYYY-MM-DD. */
  until: string;
}

const tones = { valid: "good", expired: "act", used: "act", unknown: "act" } as const;
const glyphs = { good: "✓", act: "!" } as const;

export function bindPage(facts: BindFacts): string {
  const { state, company, unit, hotline } = facts;
  const rows =
    state === "valid"
      ? [
          row(bindWords.account, facts.maskedNumber),
          row(bindWords.name, facts.maskedName),
          row(bindWords.purchase, facts.purchaseNumber),
        ]
      : [row(bindWords.purchase, facts.purchaseNumber)];
  return framed(
    { title: bindWords.title, company, unit, hotline, refreshS: null },
    `${words(state, { company, hotline, until: facts.until })}\n<dl>${rows.join("")}</dl>`,
  );
}

export function bindNotFound(): string {
  const frame = { title: bindWords.title, company: "", unit: "", hotline: "", refreshS: null };
  return framed(frame, words("unknown", {}));
}

function words(state: BindLinkState, values: Readonly<Record<string, string>>): string {
  const tone = tones[state];
  const say = (language: Language) => {
    const { what, why, next } = bindTexts[language][state];
    return { what, why: fill(why, values), next: fill(next, values) };
  };
  const [zh, en] = [say("zh-CN"), say("en")];
  return `<section class="outcome ${tone}">
<p class="tone"><span aria-hidden="true">${glyphs[tone]}</span>${bindWords.states[state]}</p>
<h1>${html(zh.what)}</h1>
<p class="money">${html(zh.why)}</p>
<p class="next">${html(zh.next)}</p>
<div class="en" lang="en"><p>${html(en.what)} ${html(en.why)} ${html(en.next)}</p></div>
</section>`;
}

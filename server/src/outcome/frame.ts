/** The frame of the pages that a QR opens: readable on any phone, also without scripts, and without anything from elsewhere. */
import { outcomeLabels, outcomeWords } from "@citygas/texts";
import type { FastifyReply } from "fastify";
import { againAttribute, againFoot, againHead, againPolicy } from "./again.ts";
import { outcomeStyle } from "./style.ts";

export interface PageFrame {
  title: string;
  company: string;
  unit: string;
  hotline: string;
  /** Looks again after so many seconds; null: it is final. */
  refreshS: number | null;
}

/** `body` is markup: whatever comes from people goes through `html` first. */
export function framed(frame: PageFrame, body: string): string {
  const [hotlineZh, hotlineEn] = outcomeLabels.hotline;
  const call = `<a href="tel:${html(frame.hotline)}">${html(frame.hotline)}</a>`;
  const footer = frame.hotline === "" ? "" : `<p>${hotlineZh} <span lang="en">${hotlineEn}</span> ${call}</p>`;
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${frame.refreshS === null ? "" : againHead(frame.refreshS)}
<title>${html(frame.title)}</title>
<style>${outcomeStyle}</style>
</head>
<body>
<header><b>${html(frame.company)}</b> <span>${html(frame.unit)}</span></header>
<main aria-live="polite"${frame.refreshS === null ? "" : ` ${againAttribute}="${frame.refreshS}"`}>
${body}
</main>
<footer>${footer}${frame.refreshS === null ? "" : `<p>${outcomeWords.refresh}</p>`}</footer>
${frame.refreshS === null ? "" : againFoot}
</body>
</html>
`;
}

/** One line of the list under the words. */
export function row([zh, en]: readonly [string, string], value: string): string {
  return `<div><dt>${zh} <span lang="en">${en}</span></dt><dd>${html(value)}</dd></div>`;
}

export function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** Headers of such a page: it may load nothing, and tells no other site where its reader came from. */
export function pageHeaders(reply: FastifyReply): FastifyReply {
  return reply
    .header("content-type", "text/html; charset=utf-8")
    .header("content-security-policy", `default-src 'none'; style-src 'unsafe-inline'; ${againPolicy}`)
    .header("referrer-policy", "no-referrer");
}

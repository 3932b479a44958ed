/** What a browser has to load before the kiosk's screen stands: the page and what it names, gzipped. */
import { gzipSync } from "node:zlib";

/** Scripts, preloads, styles and icons that the page names, as written. */
export function namedFiles(html: string): string[] {
  const tags = html.match(/<(script|link)\b[^>]*>/g) ?? [];
  return tags
    .flatMap((tag) => /\b(?:src|href)="([^"]+)"/.exec(tag)?.[1] ?? [])
    .filter((file) => !file.startsWith("data:"));
}

/** Bytes of the page and its files, each gzipped as a web server does. */
export async function firstLoadBytes(pageUrl: string): Promise<number> {
  const page = await load(pageUrl);
  const files = await Promise.all(namedFiles(page.toString()).map((file) => load(new URL(file, pageUrl).href)));
  return [page, ...files].reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
}

async function load(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

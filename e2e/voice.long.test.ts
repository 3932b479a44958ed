/// <reference lib="dom" />
/**
 * The terminal's voice in a real browser: every clip is there, can be decoded, is no silence and lasts as long as its
 * words need; and a sale says the right thing at the right moment, once the money is in and not before.
 */
import { createHash } from "node:crypto";
import { languages, speechTokenTexts, voicePromptKeys, voiceTexts } from "@citygas/texts";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "./chromium.ts";
import { openKiosk } from "./kiosk.ts";
import { type Stand, takeCard, toPay } from "./stand.ts";
import { startWorld, until, type World } from "./world.ts";

const folders = { "zh-CN": "zh", en: "en" } as const;

interface Clip {
  file: string;
  words: string;
}
/** What the kiosk may ask for: each prompt, and each word of an amount. */
const clips: Clip[] = languages.flatMap((language) => {
  const folder = folders[language];
  const tokens = Object.entries(speechTokenTexts).filter(([token]) => token.startsWith(`${folder}-`));
  const prompts = voicePromptKeys.map((key) => [key, voiceTexts[language][key]] as const);
  return [...prompts, ...tokens].map(([name, words]) => ({ file: `voice/${folder}/${name}.opus`, words }));
});

interface Heard {
  status: number;
  type: string;
  seconds: number;
  /** Loudest sample, 0 to 1. */
  peak: number;
  /** Share of the clip in which something is heard. */
  voiced: number;
  bytes: number[];
}
interface Played {
  file: string;
  screen: string;
  event: "play" | "ended";
}

let world: World;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

describe("the clips", () => {
  const heard = new Map<string, Heard>();
  beforeAll(async () => {
    const page = await browser.newPage();
    await page.goto(`${world.url}/kiosk/`);
    for (const { file } of clips) heard.set(file, await page.evaluate(listen, file));
    await page.close();
  });

  it.each(clips)("$file says something of the length of its words", ({ file, words }) => {
    const { status, type, seconds, peak, voiced } = heard.get(file) ?? missing();
    expect({ status, type }).toEqual({ status: 200, type: expect.stringMatching(/^audio\/ogg/) });
    expect(peak).toBeGreaterThan(0.2);
    expect(voiced).toBeGreaterThan(0.4);
    // People and machines say three to eight syllables a second; a short word takes a moment of its own.
    const syllables = syllablesOf(words);
    expect(seconds).toBeGreaterThan(0.1 + syllables / 9);
    expect(seconds).toBeLessThan(1.2 + syllables / 2);
  });

  it("are all different: no file was put in twice, in the other language or under another name", () => {
    const prints = clips.map(({ file }) => {
      const bytes = Buffer.from((heard.get(file) ?? missing()).bytes);
      return createHash("sha256").update(bytes).digest("hex");
    });
    expect(new Set(prints).size).toBe(clips.length);
  });
});

describe("a sale", () => {
  it("is said step by step; 钱已付 is said when the money is in, and to its end", async () => {
    const kiosk = await openKiosk(browser, world.url);
    const stand: Stand = { world, kiosk, at: "kiosk-1" };
    // From here on the page tells what it plays, and where.
    await kiosk.page.addInitScript(tellWhatIsPlayed);
    await kiosk.page.reload();
    await kiosk.sees("IC卡购气");
    await toPay(stand, "qinhuai", "20");
    await playedOn(kiosk.page, "scanCode", "pay", "ended");
    // 应付款 19.70 元: 十九元七角.
    for (const word of ["amount", "zh-10", "zh-9", "zh-yuan", "zh-7", "zh-jiao"])
      await playedOn(kiosk.page, word, "pay", "ended");
    expect((await playedBy(kiosk.page)).map(({ file }) => file).join()).not.toContain("paidWriting");
    await world.sandbox.present("wechat", "kiosk-1", "phone-2");
    await playedOn(kiosk.page, "enterPassword", "payWaiting", "play");
    expect((await playedBy(kiosk.page)).map(({ file }) => file).join()).not.toContain("paidWriting");
    await world.sandbox.password(true, "phone-2");
    await playedOn(kiosk.page, "paidWriting", "writing", "play");
    await kiosk.sees("购气成功，请拔出IC卡");
    await playedOn(kiosk.page, "success", "success", "ended");
    await takeCard(stand, "qinhuai");
    const said = (await playedBy(kiosk.page)).filter(({ event }) => event === "play").map(({ file }) => nameOf(file));
    const order = ["welcome", "reading", "enterAmount", "checkPurchase", "scanCode", "enterPassword", "paidWriting"];
    expect(said.filter((name) => order.includes(name))).toEqual(order);
    expect(said.every((name) => /^[A-Za-z0-9-]+$/.test(name))).toBe(true);
    await kiosk.close();
  });

  it("is said in English after the language was chosen, and not at all with the voice off", async () => {
    const kiosk = await openKiosk(browser, world.url, "kiosk-2");
    await kiosk.page.addInitScript(tellWhatIsPlayed);
    await kiosk.page.reload();
    await kiosk.tap("English");
    await kiosk.tap("Buy gas with IC card");
    await playedOn(kiosk.page, "welcome", "insertCard", "ended", "en");
    await kiosk.tap("Voice");
    const before = (await playedBy(kiosk.page)).length;
    await world.sandbox.insert("heating", "kiosk-2");
    await kiosk.sees("Check your details");
    expect((await playedBy(kiosk.page)).length).toBe(before);
    await kiosk.close();
  });
});

/** Runs in the page: fetches a clip as the kiosk does and decodes it. */
async function listen(file: string): Promise<Heard> {
  const response = await fetch(file);
  const raw = await response.arrayBuffer();
  const answer = { status: response.status, type: response.headers.get("content-type") ?? "" };
  const bytes = [...new Uint8Array(raw)];
  if (!response.ok) return { ...answer, seconds: 0, peak: 0, voiced: 0, bytes };
  const clip = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(raw);
  const samples = clip.getChannelData(0);
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  // In slices of 20 ms: how many of them hold a sound.
  const slice = 960;
  let loud = 0;
  let slices = 0;
  for (let from = 0; from < samples.length; from += slice) {
    slices += 1;
    if (samples.subarray(from, from + slice).some((sample) => Math.abs(sample) > 0.01)) loud += 1;
  }
  return { ...answer, seconds: clip.duration, peak, voiced: loud / slices, bytes };
}

/** Runs in the page before its own scripts: notes each clip that starts and each that came to its end. */
function tellWhatIsPlayed(): void {
  const played: Played[] = [];
  Object.assign(globalThis, { played });
  const note = (audio: HTMLMediaElement, event: Played["event"]): void => {
    const screen = document.querySelector(".kiosk")?.getAttribute("data-screen") ?? "";
    played.push({ file: audio.src, screen, event });
  };
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
    note(this, "play");
    this.addEventListener("ended", () => note(this, "ended"), { once: true });
    return play.call(this);
  };
}

/** `played` was put on the page by `tellWhatIsPlayed`. */
const playedBy = (page: Page): Promise<Played[]> =>
  page.evaluate(() => (globalThis as unknown as { played: Played[] }).played);

async function playedOn(
  page: Page,
  name: string,
  screen: string,
  event: Played["event"],
  folder: "zh" | "en" = "zh",
): Promise<void> {
  let last: Played[] = [];
  await until(
    async () => {
      last = await playedBy(page);
      return last.some(
        (one) => one.file.endsWith(`/voice/${folder}/${name}.opus`) && one.screen === screen && one.event === event,
      );
    },
    20_000,
    () => `${name} was not heard (${event}) on ${screen}: ${JSON.stringify(last.slice(-6))}`,
  );
}

const nameOf = (url: string): string => /([^/]+)\.opus$/.exec(url)?.[1] ?? url;

/** A Chinese character is one; of an English word, each group of vowels. */
function syllablesOf(words: string): number {
  const characters = words.match(/\p{Script=Han}/gu)?.length ?? 0;
  const latin = words.match(/[A-Za-z]+/g) ?? [];
  return characters + latin.reduce((sum, word) => sum + Math.max(1, word.match(/[aeiouy]+/gi)?.length ?? 1), 0);
}

function missing(): never {
  throw new Error("clip was not listened to");
}

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { VoicePrompt } from "@citygas/kiosk-agent";
import { languages, speechTokenTexts, voicePromptKeys } from "@citygas/texts";
import { describe, expect, it } from "vitest";
import { clipsOf, voiceFolders, volumeAt } from "./plan.ts";
import { createPlayer } from "./player.ts";

const publicFolder = fileURLToPath(new URL("../../public/", import.meta.url));

/** Every prompt the agent may ask for: a record, so that a new one does not compile until it stands here. */
const prompts: Record<VoicePrompt, true> = {
  welcome: true,
  insertCard: true,
  reading: true,
  enterAmount: true,
  checkPurchase: true,
  scanCode: true,
  enterPassword: true,
  waitPayment: true,
  paidWriting: true,
  writing: true,
  success: true,
  successNoReceipt: true,
  takeCard: true,
  takeReceipt: true,
  gasOnCard: true,
  writeFailed: true,
  cardPulled: true,
  payTimeout: true,
  unknownPayment: true,
  refused: true,
  moreTime: true,
  tenSeconds: true,
  wrongWay: true,
  refunded: true,
  offline: true,
  finishing: true,
  yielding: true,
  takingBack: true,
  takeBackFailed: true,
  refunding: true,
  meterFirst: true,
};

describe("clips", () => {
  it("exist for every prompt and every word of an amount, in both languages", () => {
    expect([...voicePromptKeys].sort()).toEqual([...Object.keys(prompts), "amount"].sort());
    for (const language of languages) {
      const folder = `${publicFolder}voice/${voiceFolders[language]}`;
      const tokens = Object.keys(speechTokenTexts).filter((token) => token.startsWith(voiceFolders[language]));
      const wanted = [...voicePromptKeys, ...tokens].map((name) => `${name}.opus`);
      expect(readdirSync(folder).sort()).toEqual(wanted.sort());
      for (const name of wanted) expect(readFileSync(`${folder}/${name}`).toString("latin1", 0, 4), name).toBe("OggS");
    }
  });

  it("together stay under a megabyte", () => {
    const files = languages.flatMap((language) => {
      const folder = `${publicFolder}voice/${voiceFolders[language]}`;
      return readdirSync(folder).map((name) => `${folder}/${name}`);
    });
    expect(files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(1_000_000);
  });

  it("say an amount word by word after the prompt", () => {
    const clips = clipsOf({ prompt: "scanCode", amountFen: 5_860, nonce: 1 }, "zh-CN");
    expect(clips).toEqual(
      ["scanCode", "amount", "zh-5", "zh-10", "zh-8", "zh-yuan", "zh-6", "zh-jiao"].map(
        (name) => `voice/zh/${name}.opus`,
      ),
    );
    for (const clip of clips) expect(existsSync(publicFolder + clip), clip).toBe(true);
  });

  it("are quieter at night", () => {
    expect([21, 22, 23, 0, 6, 7].map(volumeAt)).toEqual([1, 0.35, 0.35, 0.35, 0.35, 1]);
  });
});

describe("player", () => {
  function start() {
    const played: string[] = [];
    let repeat: (() => void) | null = null;
    const player = createPlayer({
      play: (file) => {
        played.push(file);
        return Promise.resolve();
      },
      hour: () => 12,
      later(run) {
        repeat = run;
        return () => {
          repeat = null;
        };
      },
    });
    return { played, player, passQuarterMinute: () => repeat?.(), repeats: () => repeat !== null };
  }
  const voice = { prompt: "insertCard", nonce: 1 } as const;

  it("says a prompt once, and once more after a while on the same screen", async () => {
    const { played, player, passQuarterMinute } = start();
    player.say(voice, "insertCard", "zh-CN");
    player.say(voice, "insertCard", "zh-CN");
    expect(played).toEqual(["voice/zh/insertCard.opus"]);
    passQuarterMinute();
    expect(played).toHaveLength(2);
  });

  it("says it again for a new nonce or another language, and stops on a silent screen", () => {
    const { played, player, repeats } = start();
    player.say(voice, "insertCard", "zh-CN");
    player.say({ ...voice, nonce: 2 }, "insertCard", "zh-CN");
    player.say({ ...voice, nonce: 2 }, "insertCard", "en");
    player.say(null, "home", "en");
    expect(played).toHaveLength(3);
    expect(played[2]).toBe("voice/en/insertCard.opus");
    expect(repeats()).toBe(false);
  });

  it("says nothing while muted", () => {
    const { played, player } = start();
    player.mute(true);
    player.say(voice, "insertCard", "zh-CN");
    expect(played).toEqual([]);
    player.mute(false);
    player.say({ ...voice, nonce: 2 }, "insertCard", "zh-CN");
    expect(played).toHaveLength(1);
  });
});

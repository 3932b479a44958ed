/** Prints every clip of the terminal's voice, one a line: folder, name, espeak voice, text (tabs between). */
import { languages, speechTokenTexts, voicePromptKeys, voiceTexts } from "@citygas/texts";
import { voiceFolders } from "../src/voice/plan.ts";

const espeakVoices = { "zh-CN": "cmn", en: "en-gb" } as const;
const tokenPrefixes = { "zh-CN": "zh-", en: "en-" } as const;

for (const language of languages) {
  const line = (name: string, text: string): void =>
    console.log([voiceFolders[language], name, espeakVoices[language], text].join("\t"));
  for (const key of voicePromptKeys) line(key, voiceTexts[language][key].replaceAll("IC", "I C "));
  for (const [token, text] of Object.entries(speechTokenTexts)) {
    if (token.startsWith(tokenPrefixes[language])) line(token, text);
  }
}
